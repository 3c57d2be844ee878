"""Control flow: branches and loops. Their records hold bodies; each has several results, taken apart by ``item``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from graphc.ir.body import Body, bodies_of
from graphc.ir.dims import Dim
from graphc.ir.dtypes import bool_, int64
from graphc.ir.node import Node
from graphc.ir.program import Program, reachable
from graphc.ir.types import TensorType, TupleType
from graphc.ops.builder import Builder
from graphc.ops.record import OpRecord, register

Function = Callable[..., tuple[Any, ...]]
STEP = TensorType(int64, ())
"""Type of the number of a scan's step, the first parameter of its body."""


def closed(what: str, body: Body) -> None:
    """Refuse a body that refers to values outside of it.

    Raises
    ------
    ValueError
    """
    own = set(body.parameters)
    for node in reachable(body.results):
        if node.op in ("input", "variable") or (node.op == "parameter" and node not in own):
            raise ValueError(f"{what}: its body refers to {node!r} outside of it")


def _check(what: str, body: Body, given: Sequence[TensorType]) -> None:
    closed(what, body)
    if body.parameter_types != tuple(given):
        raise ValueError(f"{what}: operands {list(given)} for a body over {list(body.parameter_types)}")


def _infer_cond(pred: TensorType, *captures: TensorType, then: Body, orelse: Body) -> TupleType:
    if pred != TensorType(bool_, ()):
        raise TypeError(f"cond: the predicate must be one boolean, not {pred!r}")
    _check("cond", then, captures)
    _check("cond", orelse, captures)
    if then.result_types != orelse.result_types:
        raise TypeError(
            f"cond: the branches give {list(then.result_types)} and {list(orelse.result_types)}: "
            "both must give the same types"
        )
    return TupleType(then.result_types)


def _evaluate_cond(pred: Any, *captures: Any, then: Function, orelse: Function) -> tuple[Any, ...]:
    return then(*captures) if pred else orelse(*captures)


register(
    OpRecord(
        "cond",
        "control",
        _infer_cond,
        _evaluate_cond,
        doc="The results of one of two bodies; the other one does not run.",
        formula="then(*captures) if pred else orelse(*captures)",
        dtypes="biuf",
        differentiable=False,
    )
)


def _check_carried(what: str, before: Sequence[TensorType], after: Sequence[TensorType]) -> None:
    for number, (old, new) in enumerate(zip(before, after, strict=True)):
        if old != new:
            raise TypeError(
                f"{what}: carried value {number} is {old!r} before a step and {new!r} after it: "
                "shapes and element types must stay"
            )


def _infer_while(*types: TensorType, carried: int, test: Body, body: Body) -> TupleType:
    _check("while_loop", test, types)
    _check("while_loop", body, types)
    if test.result_types != (TensorType(bool_, ()),):
        raise TypeError(f"while_loop: the condition must be one boolean, not {list(test.result_types)}")
    _check_carried("while_loop", types[:carried], body.result_types)
    return TupleType(types[:carried])


def _evaluate_while(*operands: Any, carried: int, test: Function, body: Function) -> tuple[Any, ...]:
    state, captures = operands[:carried], operands[carried:]
    while test(*state, *captures)[0]:
        state = body(*state, *captures)
    return state


register(
    OpRecord(
        "while_loop",
        "control",
        _infer_while,
        _evaluate_while,
        doc="Carried values after as many steps of a body as a condition holds for.",
        formula="while test(*carried, *captures): carried = body(*carried, *captures)",
        dtypes="biuf",
        differentiable=False,
    )
)


def _infer_scan(*types: TensorType, carried: int, sequences: int, length: Dim, reverse: bool, body: Body) -> TupleType:
    state, rows, captures = types[:carried], types[carried : carried + sequences], types[carried + sequences :]
    for row in rows:
        if row.rank == 0 or row.shape[0] != length:
            raise ValueError(f"scan: a sequence of type {row!r} for {length} steps")
    slices = [row.with_shape(row.shape[1:]) for row in rows]
    _check("scan", body, (STEP, *state, *slices, *captures))
    after = body.result_types
    if len(after) < carried:
        raise ValueError(f"scan: {carried} carried values, but the body gives {len(after)}")
    _check_carried("scan", state, after[:carried])
    return TupleType((*state, *(t.with_shape((length, *t.shape)) for t in after[carried:])))


def _evaluate_scan(
    *operands: Any, carried: int, sequences: int, length: int, reverse: bool, body: Any
) -> tuple[Any, ...]:
    state, rows = operands[:carried], operands[carried : carried + sequences]
    captures = operands[carried + sequences :]
    stacked: list[list[Any]] = [[] for _ in body.empty[carried:]]
    for step in reversed(range(length)) if reverse else range(length):
        results = body(np.asarray(step, np.int64), *state, *(row[step] for row in rows), *captures)
        state = results[:carried]
        for column, value in zip(stacked, results[carried:], strict=True):
            column.append(value)
    order = slice(None, None, -1 if reverse else 1)
    columns = [np.stack(c[order]) if c else e for c, e in zip(stacked, body.empty[carried:], strict=True)]
    return (*state, *columns)


register(
    OpRecord(
        "scan",
        "control",
        _infer_scan,
        _evaluate_scan,
        doc="A body applied for a given number of steps: carried values after the last, and per-step results stacked.",
        formula="for step in range(length): carried, out[step] = body(step, *carried, *(s[step] for s in sequences), "
        "*captures)",
        dtypes="biuf",
        differentiable=False,
    )
)


def with_changed_bodies(program: Program, builder: Builder, run: Callable[[Program], Program]) -> Program:
    """The program with every body, as a program of its own, put through `run`, which keeps its types.

    Bodies inside of bodies are left to `run`.
    """
    nodes = reachable(program.roots)
    if not any(bodies_of(node) for node in nodes):
        return program

    def change(body: Body) -> Body:
        return replace(body, results=run(Program(body.parameters, body.results)).outputs)

    known = {body: change(body) for node in nodes for body in bodies_of(node).values()}
    if all(old == new for old, new in known.items()):
        return program
    return program.replace_results(_with_bodies(nodes, known, builder))


def _with_bodies(nodes: Sequence[Node], known: Mapping[Body, Body], builder: Builder) -> dict[Node, Node]:
    """What stands for each node when bodies are exchanged; `nodes` are in topological order."""
    new: dict[Node, Node] = {}
    for node in nodes:
        inputs = [new[i] for i in node.inputs]
        held = bodies_of(node)
        if held:
            made = builder.emit(node.op, *inputs, **{**node.attrs, **{key: known[body] for key, body in held.items()}})
        else:
            made = builder.rebuild(node, inputs)
        if made is not node and node in builder.origins:
            builder.origins[made] = builder.origins.get(made, frozenset()) | builder.origins[node]
        new[node] = made
    return new


def inline(body: Body, operands: Sequence[Node], builder: Builder) -> list[Node]:
    """The results of a body on operands of its parameters' types."""
    new = dict(zip(body.parameters, operands, strict=True))
    for node in reachable(body.results):
        if node not in new:
            new[node] = builder.rebuild(node, [new[i] for i in node.inputs])
            if node in builder.origins:
                builder.origins[new[node]] = builder.origins.get(new[node], frozenset()) | builder.origins[node]
    return [new[node] for node in body.results]


def items(node: Node) -> list[Node]:
    """The results of a branch or loop."""
    assert isinstance(node.type, TupleType)
    return [node.builder.emit("item", node, index=i) for i in range(len(node.type.items))]
