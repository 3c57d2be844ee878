"""Branches: one of several functions runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from graphc.api.control.record import Recorder, append, as_tensor, fitted, lowering, noted, slots, written_by
from graphc.api.control.structure import Rebuild, flatten, shape_of
from graphc.api.state import group
from graphc.graph.context import Recorded, recorded
from graphc.graph.errors import GraphError
from graphc.graph.operation import Operation, Tensor
from graphc.graph.variable import Variable
from graphc.ir.dtypes import bool_
from graphc.ir.node import Node
from graphc.ops.control import items
from graphc.session.bodies import Lowered, lower_body


def cond(pred: Any, true_fn: Callable[[], Any], false_fn: Callable[[], Any], name: str | None = None) -> Any:
    """The result of one of two functions; only the operations of that one run.

    Parameters
    ----------
    pred : Tensor or bool
        One boolean. A Python bool decides at once, and the other function is not called.
    true_fn, false_fn : callable
        Functions without arguments that return tensors, numbers, or structures of these; both the same structure,
        shapes and element types. What they use from outside is computed in any case.
    name : str, optional

    Returns
    -------
    object
        The structure that the functions return, of tensors; an operation where they return operations or None.

    Raises
    ------
    GraphError
        If the predicate is not one boolean, or the branches do not agree, with their lines.

    Examples
    --------
    >>> import graphc as gc
    >>> with gc.Graph().as_default(), gc.Session(mode="interpret") as session:
    ...     x = gc.placeholder(gc.float32, [])
    ...     y = gc.cond(x > 0.0, lambda: gc.sqrt(x), lambda: -x)
    ...     print(session.run(y, {x: 9.0}), session.run(y, {x: -2.0}))
    3.0 2.0
    """
    for function in (true_fn, false_fn):
        if not callable(function):
            raise TypeError(f"cond: a function without arguments is needed for each branch, not {function!r}")
    if isinstance(pred, bool):
        return true_fn() if pred else false_fn()
    recorder = Recorder("cond", name)
    chosen = as_tensor(pred)
    if chosen.dtype != bool_ or (chosen.shape.ndims or 0) > 0:
        raise GraphError(
            f"cond: the predicate must be one boolean, not {chosen.dtype.name} of shape {chosen.shape}",
            recorder.origin,
        )
    branches, rebuild = _record(recorder, (true_fn, false_fn))

    def body(operands: list[Node], captures: Any, states: Any) -> list[Node]:
        return _lower(recorder, branches, operands[0], captures, states)

    op, outputs = append(recorder, branches, body, [chosen])
    return op if rebuild is None else rebuild(outputs)


def _record(recorder: Recorder, functions: Sequence[Callable[[], Any]]) -> tuple[list[Recorded], Rebuild | None]:
    """The branches, with results of equal kinds, and the structure of the results."""
    contexts, found = [], []
    for function in functions:
        context = recorder.new_context()
        with recorder.graph.name_scope(recorder.name), recorder.inside(context):
            value = function()
        contexts.append(context)
        found.append(value)
    first, second = (flatten(value) for value in found)
    if all(_is_effect(value) for value in found):
        effects = [[] if v is None else [v if isinstance(v, Operation) else group(v)] for v in found]
        return [recorded(c, (), (), e) for c, e in zip(contexts, effects, strict=True)], None
    if shape_of(found[0]) != shape_of(found[1]):
        raise GraphError(
            f"{recorder.kind}: the branches return different structures: {found[0]!r} and {found[1]!r}",
            recorder.origin,
        )
    kinds = [_kind(a) or _kind(b) for a, b in zip(first[0], second[0], strict=True)]
    bodies = []
    for context, (leaves, _) in zip(contexts, (first, second), strict=True):
        with recorder.inside(context):
            bodies.append(recorded(context, (), [as_tensor(v, k) for v, k in zip(leaves, kinds, strict=True)]))
    return bodies, first[1]


def _is_effect(value: Any) -> bool:
    return value is None or isinstance(value, Operation)


def _kind(value: Any) -> Any:
    return value.dtype if isinstance(value, Tensor | Variable) else None


def _lower(recorder: Recorder, branches: Sequence[Recorded], pred: Node, captures: Any, states: Any) -> list[Node]:
    parts = [lower_body(b, slots([*captures, *states], True), lowering()) for b in branches]
    ends = [_ends(part, branches, states) for part in parts]
    effect = any(b.effect for b in branches)
    if effect:
        for end, part in zip(ends, parts, strict=True):
            end.append(part.done)
    results = [list(ends[0]), []]
    names = [t.op.origin for t in branches[0].results], [t.op.origin for t in branches[1].results]
    for number, (one, other) in enumerate(zip(*ends, strict=True)):
        what = f"{recorder.kind}: result {number} of the branches"
        if one.tensor != other.tensor and number < len(names[1]):
            what += f" (the first at {names[0][number]})"
        origin = names[1][number] if number < len(names[1]) else recorder.origin
        results[1].append(_agreeing(other, one, what, origin))
    outside = [node for _, node in (*captures, *states)]
    builder = lowering().builder
    then, orelse = (part.body(r) for part, r in zip(parts, results, strict=True))
    return noted(items(builder.emit("cond", pred, *outside, then=then, orelse=orelse)), effect)


def _agreeing(other: Node, one: Node, what: str, origin: Any) -> Node:
    try:
        return fitted(other, one.tensor, what, origin)
    except GraphError:
        raise GraphError(
            f"{what} has type {one.type!r} in the first and {other.type!r} in the second: they must be the same",
            origin,
        ) from None


def _ends(part: Lowered, branches: Sequence[Recorded], states: Any) -> list[Node]:
    """Results of a branch, and what every variable is after it, also where only the other branch writes it."""
    held = dict(zip((v for v, _ in states), part.parameters[len(part.parameters) - len(states) :], strict=True))
    return [*part.results, *(part.written.get(v, held[v]) for v in written_by(branches))]


def case(
    pred_fn_pairs: Any, default: Callable[[], Any] | None = None, exclusive: bool = False, name: str = "case"
) -> Any:
    """The result of the function that belongs to the first predicate that is true.

    Parameters
    ----------
    pred_fn_pairs : sequence of (Tensor, callable), or dict of Tensor to callable
    default : callable, optional
        Used when no predicate is true; the last function if it is not given.
    exclusive : bool
        Accepted: at most one predicate is said to be true, and the first is taken.
    name : str

    Returns
    -------
    object
        As for `cond`.

    Raises
    ------
    GraphError
        If there are no pairs.

    Examples
    --------
    >>> import graphc as gc
    >>> with gc.Graph().as_default(), gc.Session(mode="interpret") as session:
    ...     x = gc.placeholder(gc.float32, [])
    ...     y = gc.case([(x < 0.0, lambda: -1.0), (x > 1.0, lambda: 1.0)], default=lambda: x)
    ...     print(session.run(y, {x: 0.25}), session.run(y, {x: 7.0}))
    0.25 1.0
    """
    pairs = list(pred_fn_pairs.items() if isinstance(pred_fn_pairs, dict) else pred_fn_pairs)
    recorder = Recorder("case", name)
    if not pairs:
        raise GraphError("case: at least one pair of predicate and function is needed", recorder.origin)
    if default is None:
        default = pairs.pop()[1]
    chosen = default
    for pred, function in reversed(pairs):
        chosen = _one_of(pred, function, chosen, name)
    return chosen()


def _one_of(pred: Any, function: Callable[[], Any], otherwise: Callable[[], Any], name: str) -> Callable[[], Any]:
    return lambda: cond(pred, function, otherwise, name)
