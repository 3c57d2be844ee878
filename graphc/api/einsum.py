"""Einstein summation, as transposes, reshapes and matrix products."""

from __future__ import annotations

from typing import Any

from graphc.api.convert import builder, promote_all
from graphc.api.define import operation
from graphc.ir.dims import Dim, product
from graphc.ir.dtypes import int64
from graphc.ir.node import Node
from graphc.ops.assume import assume_equal


@operation("einsum")
def einsum(equation: str, *inputs: Any) -> Node:
    """Sum of products of tensors, with axes named by letters, as `numpy.einsum`.

    Parameters
    ----------
    equation : str
        Such as ``"bij,bjk->bik"``; without an arrow the result has the letters that occur once, in alphabetical order.
        ``...`` stands for further leading axes.
    *inputs : Tensor
        Two operands are one matrix product; more are contracted from left to right.

    Raises
    ------
    GraphError
        If letters, ranks or sizes do not fit.
    """
    nodes = list(promote_all(inputs))
    terms, result = _parse(equation.replace(" ", ""), [n.rank for n in nodes])
    sizes = _sizes(terms, nodes)
    parts = [_diagonal(node, term) for node, term in zip(nodes, terms, strict=True)]
    while len(parts) > 1:
        (a, ta), (b, tb) = parts[0], parts[1]
        needed = set(result).union(*(t for _, t in parts[2:])) if len(parts) > 2 else set(result)
        parts[:2] = [_contract(a, ta, b, tb, needed, sizes)]
    node, term = parts[0]
    drop = tuple(i for i, c in enumerate(term) if c not in result)
    if drop:
        node = builder().emit("sum", node, axes=drop, keepdims=False)
        term = "".join(c for c in term if c in result)
    return builder().emit("transpose", node, perm=tuple(term.index(c) for c in result)) if term != result else node


def _parse(equation: str, ranks: list[int]) -> tuple[list[str], str]:
    left, arrow, right = equation.partition("->")
    terms = left.split(",")
    if len(terms) != len(ranks):
        raise ValueError(f"{equation!r} names {len(terms)} operands, {len(ranks)} were given")
    extra = max((r - len(t.replace("...", "")) for t, r in zip(terms, ranks, strict=True) if "..." in t), default=0)
    letters = [chr(ord("\u0391") + i) for i in range(extra)]
    written = []
    for term, rank in zip(terms, ranks, strict=True):
        count = rank - len(term.replace("...", ""))
        full = term.replace("...", "".join(letters[extra - count :])) if "..." in term else term
        if len(full) != rank or not all(c.isalpha() for c in full):
            raise ValueError(f"the term {term!r} of {equation!r} does not fit a tensor of rank {rank}")
        written.append(full)
    everything = "".join(written)
    if arrow:
        result = right.replace("...", "".join(letters))
    else:
        result = "".join(letters) + "".join(
            sorted(c for c in set(everything) if everything.count(c) == 1 and c.isascii())
        )
    if len(set(result)) != len(result) or not set(result) <= set(everything):
        raise ValueError(f"the result of {equation!r} repeats a letter or has one that no operand has")
    return written, result


def _sizes(terms: list[str], nodes: list[Node]) -> dict[str, Dim]:
    sizes: dict[str, Dim] = {}
    for term, node in zip(terms, nodes, strict=True):
        for letter, size in zip(term, node.shape, strict=True):
            try:
                known = sizes.get(letter, 1)
                sizes[letter] = size if known == 1 else known if size == 1 else assume_equal(known, size)
            except ValueError:
                raise ValueError(f"the letter {letter!r} stands for sizes {sizes[letter]} and {size}") from None
    return sizes


def _diagonal(node: Node, term: str) -> tuple[Node, str]:
    """A term without repeated letters."""
    emit = builder().emit
    for letter in dict.fromkeys(term):
        while term.count(letter) > 1:
            i = term.index(letter)
            j = term.index(letter, i + 1)
            size = node.shape[i]
            shape_i = tuple(size if k == i else 1 for k in range(node.rank))
            shape_j = tuple(size if k == j else 1 for k in range(node.rank))
            numbers = emit("iota", size=size, dtype=int64)
            hit = emit("eq", emit("reshape", numbers, shape=shape_i), emit("reshape", numbers, shape=shape_j))
            node = emit("sum", emit("select", hit, node, 0), axes=(j,), keepdims=False)
            term = term[:j] + term[j + 1 :]
    return node, term


def _contract(a: Node, ta: str, b: Node, tb: str, needed: set[str], sizes: dict[str, Dim]) -> tuple[Node, str]:
    """One matrix product of two terms; letters that nothing needs any more are summed over."""
    emit = builder().emit
    batch = [c for c in ta if c in tb and c in needed]
    inner = [c for c in ta if c in tb and c not in needed]
    a, ta = _summed(a, ta, [c for c in ta if c not in tb and c not in needed])
    b, tb = _summed(b, tb, [c for c in tb if c not in ta and c not in needed])
    rows = [c for c in ta if c not in tb]
    columns = [c for c in tb if c not in ta]

    def arranged(x: Node, term: str, groups: list[list[str]]) -> Node:
        order = [c for group in groups for c in group]
        moved = emit("transpose", x, perm=tuple(term.index(c) for c in order))
        full = tuple(sizes[c] for c in order)
        grown = moved if moved.shape == full else emit("broadcast_to", moved, shape=full)
        lead = tuple(sizes[c] for c in groups[0])
        return emit("reshape", grown, shape=(*lead, *(product(sizes[c] for c in g) for g in groups[1:])))

    left, right = arranged(a, ta, [batch, rows, inner]), arranged(b, tb, [batch, inner, columns])
    out = emit("matmul", left, right, transpose_x=False, transpose_y=False)
    term = "".join(batch + rows + columns)
    return emit("reshape", out, shape=tuple(sizes[c] for c in term)), term


def _summed(x: Node, term: str, letters: list[str]) -> tuple[Node, str]:
    if not letters:
        return x, term
    axes = tuple(i for i, c in enumerate(term) if c in letters)
    return builder().emit("sum", x, axes=axes, keepdims=False), "".join(c for c in term if c not in letters)
