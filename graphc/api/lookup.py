"""Rows of tables by number."""

from __future__ import annotations

from typing import Any

from graphc.api.arrays import pad
from graphc.api.convert import as_node, builder, promote_all
from graphc.api.define import operation
from graphc.api.shaping import concat, stack
from graphc.ir.node import Node


def _joined(parts: tuple[Node, ...], strategy: str) -> Node:
    """One table from its parts."""
    if strategy == "div":
        found: Node = concat(list(parts), 0)
        return found
    if strategy != "mod":
        raise ValueError(f"partition_strategy {strategy!r} is neither 'mod' nor 'div'")
    sizes = [p.shape[0] for p in parts if isinstance(p.shape[0], int)]
    if len(sizes) < len(parts):
        raise ValueError("the sizes of the parts of a table must be known")
    most = max(sizes)
    # Row r of part p holds the number r * parts + p.
    full = [pad(p, [(0, most - n), *((0, 0) for _ in p.shape[1:])]) for p, n in zip(parts, sizes, strict=True)]
    rows: Node = stack(full, 1)
    whole = builder().emit("reshape", rows, shape=(most * len(parts), *parts[0].shape[1:]))
    total = sum(sizes)
    start, step = (0,) * whole.rank, (1,) * whole.rank
    return builder().emit("slice", whole, start=start, stop=(total, *whole.shape[1:]), step=step)


@operation("embedding_lookup")
def embedding_lookup(params: Any, ids: Any, partition_strategy: str = "mod", max_norm: float | None = None) -> Node:
    """Rows of a table by number; a number out of range fails the run.

    Parameters
    ----------
    params : Tensor, or list of Tensor
        A table, or its parts.
    ids : integer Tensor
    partition_strategy : str
        Which part holds a number: ``"mod"``, in turn; ``"div"``, in order.
    max_norm : float, optional
        Rows of a greater Euclidean norm are scaled down to it.
    """
    parted = isinstance(params, list | tuple) and any(isinstance(p, Node) for p in params)
    tables = promote_all(params) if parted else (as_node(params),)
    table = tables[0] if len(tables) == 1 else _joined(tables, partition_strategy)
    emit = builder().emit
    numbers = as_node(ids)
    rows = emit("gather", table, numbers, axis=0, batch_dims=0)
    if max_norm is None:
        return rows
    over = tuple(range(numbers.rank, rows.rank))
    squares = emit("sum", emit("square", rows), axes=over, keepdims=True)
    limit = float(max_norm) ** 2
    return rows * emit(
        "select", emit("gt", squares, limit), emit("rsqrt", emit("maximum", squares, limit)) * float(max_norm), 1.0
    )
