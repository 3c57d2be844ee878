"""Branches and loops for many values at once: their bodies are vectorized."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from graphc.ir.body import Body
from graphc.ir.dims import Dim
from graphc.ir.node import Node
from graphc.ir.program import reachable
from graphc.ops.batching import move_axis, with_axis
from graphc.ops.builder import Builder
from graphc.ops.control import STEP, inline

Vectorize = Callable[..., "list[Node]"]


def batched_control(
    node: Node, inputs: Sequence[Node], flags: Sequence[bool], size: Dim, vectorize: Vectorize
) -> list[Node]:
    """The results of a branch or loop with a new leading axis.

    Parameters
    ----------
    node : Node
    inputs : sequence of Node
        Its operands, with the new axis where `flags` says so.
    flags : sequence of bool
    size : Dim
        Of the new axis.
    vectorize : callable
        `graphc.autodiff.vectorize.vectorize`, for the bodies.

    Raises
    ------
    ValueError
        For a ``while_loop``: its number of steps may differ from value to value.
    """
    builder = node.builder
    assert isinstance(builder, Builder)
    if node.op == "while_loop":
        raise ValueError("a while_loop cannot be computed for many values at once: use a scan")
    if node.op == "cond":
        return _cond(node, inputs, flags, size, vectorize, builder)
    return _scan(node, inputs, flags, size, vectorize, builder)


def _wide(body: Body, operands: Sequence[Node | None], b: Builder) -> tuple[tuple[Node, ...], dict[Node, Node]]:
    """Parameters for operands as they are now, and which of the old ones have a new axis."""
    parameters = tuple(
        p if n is None else b.parameter(i, n.tensor)
        for i, (p, n) in enumerate(zip(body.parameters, operands, strict=True))
    )
    return parameters, {p: q for p, q in zip(body.parameters, parameters, strict=True) if p is not q}


def _cond(
    node: Node, inputs: Sequence[Node], flags: Sequence[bool], size: Dim, vectorize: Vectorize, b: Builder
) -> list[Node]:
    captures = [n if hit else None for n, hit in zip(inputs[1:], flags[1:], strict=True)]
    held = {}
    for key in ("then", "orelse"):
        body: Body = node.attrs[key]
        parameters, wide = _wide(body, captures, b)
        held[key] = Body(parameters, tuple(vectorize(body.results, wide, size)))
    if not flags[0]:
        made = b.emit("cond", *inputs, **held)
        return [b.emit("item", made, index=i) for i in range(len(held["then"].results))]
    # The values disagree about the branch: both are computed.
    both = [inline(held[key], inputs[1:], b) for key in ("then", "orelse")]
    found = []
    for one, other in zip(*both, strict=True):
        pred = b.emit("reshape", inputs[0], shape=(size, *(1,) * (one.rank - 1)))
        found.append(b.emit("select", pred, one, other))
    return found


def _scan(
    node: Node, inputs: Sequence[Node], flags: Sequence[bool], size: Dim, vectorize: Vectorize, b: Builder
) -> list[Node]:
    body: Body = node.attrs["body"]
    carried, rows = node.attrs["carried"], node.attrs["sequences"]
    spread = list(flags)
    while True:
        touched = _touched(body, [False, *spread])
        grown = [s or t for s, t in zip(spread, touched[:carried], strict=False)]
        if grown == spread[:carried]:
            break
        spread[:carried] = grown
    operands = list(inputs)
    slices: list[Any] = []
    for i, hit in enumerate(spread):
        if i < carried and hit:
            operands[i] = with_axis(inputs[i], flags[i], size)
        is_row = carried <= i < carried + rows
        if is_row and hit:
            operands[i] = move_axis(inputs[i], 0, 1)
        type = operands[i].tensor
        slices.append(type.with_shape(type.shape[1:]) if is_row else type)
    parameters = (b.parameter(0, STEP), *(b.parameter(i + 1, t) for i, t in enumerate(slices)))
    wide = {p: q for p, q in zip(body.parameters, parameters, strict=True) if p is not q}
    results = list(vectorize(body.results, wide, size))
    for i, hit in enumerate(spread[:carried]):
        if not hit:
            results[i] = body.results[i]
    made = b.emit("scan", *operands, **{**node.attrs, "body": Body(parameters, tuple(results))})
    items = [b.emit("item", made, index=i) for i in range(len(results))]
    last = [n if hit else with_axis(n, False, size) for n, hit in zip(items, spread[:carried], strict=False)]
    return [*last, *(move_axis(n, 1, 0) for n in items[carried:])]


def _touched(body: Body, flags: Sequence[bool]) -> list[bool]:
    """Which results depend on the flagged parameters."""
    found = {p for p, hit in zip(body.parameters, flags, strict=True) if hit}
    for node in reachable(body.results):
        if any(n in found for n in node.inputs):
            found.add(node)
    return [r in found for r in body.results]
