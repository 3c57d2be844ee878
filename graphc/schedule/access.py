"""What a node reads: stored or computed values behind the views between, each with its index map."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from graphc.ir.dims import Dim, DimExpr, product, substitute
from graphc.ir.node import Node
from graphc.ir.program import Guard
from graphc.ir.types import Shape
from graphc.loops.indexmap import FOLDED_VIEWS, Index, IndexMap, axis_index, constant_index, identity_map, view_map
from graphc.loops.lower import is_computed, is_free, operand_maps
from graphc.ops.record import record_of

DENSE_VIEWS = frozenset({"reshape", "identity", "stop_gradient"})


@dataclass(frozen=True, slots=True)
class Access:
    """One value that a node reads.

    Attributes
    ----------
    source : Node
        What is read: neither a folded view nor a constant.
    index_map : IndexMap
        Over the reader's index space.
    """

    source: Node
    index_map: IndexMap


class Sizes:
    """Equality of sizes under the guards of a program.

    Parameters
    ----------
    guards : iterable of Guard
    stage : callable, optional
        From which stage of a step on a size is known: none is represented by one that is known later.
    """

    def __init__(self, guards: Iterable[Guard], stage: Callable[[Dim], int] = lambda dim: 0) -> None:
        self._names: dict[str, Dim] = {}
        for guard in guards:
            left, right = self.canonical(guard.left), self.canonical(guard.right)
            if left == right:
                continue
            for one, other in ((left, right), (right, left)):
                name = _symbol_name(one)
                if name is not None and name not in str(other) and stage(one) >= stage(other):
                    self._names = {k: substitute(v, {name: other}) for k, v in self._names.items()} | {name: other}
                    break

    def canonical(self, dim: Dim) -> Dim:
        """One representative of all sizes that are equal."""
        return substitute(dim, self._names) if self._names else dim

    def space(self, shape: Shape) -> Shape:
        """The index space of a shape: axes of size 1 left out."""
        return tuple(self.canonical(dim) for dim in shape if dim != 1)


def _symbol_name(dim: Dim) -> str | None:
    if isinstance(dim, DimExpr) and len(dim.terms) == 1:
        ((monomial, coefficient),) = dim.terms
        if coefficient == 1 and len(monomial) == 1 and monomial[0][1] == 1 and monomial[0][0][0] == "symbol":
            return str(monomial[0][0][1])
    return None


def dense_base(node: Node) -> Node:
    """The node whose elements these are, in the same row-major order."""
    while node.op in DENSE_VIEWS:
        node = node.inputs[0]
    return node


def reads_of(node: Node, sizes: Sequence[Dim]) -> list[tuple[Node, IndexMap]]:
    """Direct operands of a node of a nest with their maps over the node's own space (a reduction's: its operand's)."""
    if not node.inputs:
        return []
    if is_computed(node) or is_free(node):
        own = identity_map(node.shape, range(len(sizes)), len(sizes))
        if node.op in FOLDED_VIEWS:
            source = view_map(node, own, sizes)
            return [] if source is None else [(node.inputs[0], source)]
        maps = operand_maps(node, own, sizes)
        return [] if maps is None else list(zip(node.inputs, maps, strict=True))
    source_shape = node.inputs[0].shape
    return [(node.inputs[0], identity_map(source_shape, range(len(sizes)), len(sizes)))]


def behind_views(node: Node, index_map: IndexMap, sizes: Sequence[Dim]) -> tuple[Access, bool]:
    """Follow views to what is read; and whether that is a view that has to be stored."""
    while node.op in FOLDED_VIEWS:
        source = view_map(node, index_map, sizes)
        if source is None:
            return Access(node, index_map), True
        node, index_map = node.inputs[0], source
    return Access(node, index_map), False


@dataclass(frozen=True, slots=True)
class Factor:
    """How a contraction reads one operand: the map over an index space, and the sizes of that space."""

    index_map: IndexMap
    sizes: Shape


def factors_of(node: Node) -> tuple[Factor, Factor]:
    """How a contraction reads: a matrix product over (batch..., i, j, k), a convolution over its operands' axes."""
    x, y = node.inputs
    if node.op == "conv":
        return _whole(x.shape), _whole(y.shape)
    batch, count = node.shape[:-2], node.rank + 1
    sizes = (*node.shape, matmul_depth(node))
    i, j, k = (axis_index(len(batch) + n, count) for n in range(3))
    left = (k, i) if node.attrs["transpose_x"] else (i, k)
    right = (j, k) if node.attrs["transpose_y"] else (k, j)

    def operand(shape: Shape, pair: tuple[Index, Index]) -> Factor:
        first = len(batch) - (len(shape) - 2)
        zero = constant_index(0, count)
        leading = [zero if d == 1 else axis_index(first + n, count) for n, d in enumerate(shape[:-2])]
        return Factor(IndexMap((*leading, *pair)), sizes)

    return operand(x.shape, left), operand(y.shape, right)


def matmul_depth(node: Node) -> Dim:
    """The size that a matrix product sums over."""
    return node.inputs[0].shape[-2 if node.attrs["transpose_x"] else -1]


def _whole(shape: Shape) -> Factor:
    return Factor(IndexMap(tuple(axis_index(a, len(shape)) for a in range(len(shape)))), shape)


def is_contraction(node: Node) -> bool:
    """Whether a node is a matrix product or a convolution."""
    return record_of(node.op).kind == "contract"


def large(space: Shape, limit: int) -> bool:
    """Whether an index space may have more elements than `limit`."""
    total = product(space)
    return not isinstance(total, int) or total > limit
