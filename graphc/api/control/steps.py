"""Loops over the rows of tensors: a step for each, with values carried from one to the next."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from graphc.api.control.record import Recorder, append, as_tensor, fitted, lowering, noted, slots, written_by
from graphc.api.convert import as_dims
from graphc.graph.context import Recorded, recorded
from graphc.graph.errors import GraphError
from graphc.graph.operation import Operation, Tensor
from graphc.graph.variable import Variable
from graphc.ir.body import Body
from graphc.ir.dims import Dim
from graphc.ir.dtypes import int64
from graphc.ir.node import Node
from graphc.ops.assume import assume_equal
from graphc.ops.control import STEP, inline, items
from graphc.session.bodies import Slot, lower_body

Step = Callable[[Tensor, list[Tensor], list[Tensor]], "tuple[list[Any], list[Any]]"]


@dataclass
class Rows:
    """What `over_rows` gives.

    Attributes
    ----------
    last : list of Tensor
        Carried values after the last step.
    stacked : list of Tensor
        Results of the steps along a new leading axis.
    handed : dict of Variable to Tensor
        Last values of the variables that the caller asked for.
    """

    last: list[Tensor]
    stacked: list[Tensor]
    handed: dict[Variable, Tensor]


def over_rows(
    recorder: Recorder, step: Step, start: Sequence[Tensor], sequences: Sequence[Tensor], length: Any = None,
    reverse: bool = False, effects: Sequence[Operation] = (), handed: Sequence[Variable] = (),
    stop: Sequence[Tensor] = (),
) -> Rows:  # fmt: skip
    """Append a loop.

    Parameters
    ----------
    recorder : Recorder
    step : callable ``(number, carried, rows) -> (carried, outputs)``
        Called once, on tensors inside of the body.
    start : sequence of Tensor
        First carried values.
    sequences : sequence of Tensor
        Of equal length; each step gets one row of each.
    length : int or Tensor, optional
        Number of steps; that of the sequences if not given.
    reverse : bool
        From the last row to the first; results still stand at their row.
    effects : list of Operation
        Operations of the body, filled by `step`, that must run in every step.
    handed : list of Variable
        Filled by `step`: variables whose last values are results, and not assigned.
    stop : list of Tensor
        Filled by `step` with at most one condition, after which no further step is made.
    """
    context = recorder.new_context()
    with recorder.graph.name_scope(recorder.name), recorder.inside(context):
        number = recorder.parameter(STEP, "step")
        carried = [recorder.parameter(t, "carried") for t in start]
        rows = [recorder.parameter(t, "row", drop=1) for t in sequences]
        after, outputs = step(number, carried, rows)
        kept = [as_tensor(v, p.dtype) for v, p in zip(after, carried, strict=True)]
        results = [*kept, *map(as_tensor, outputs), *stop]
    body = recorded(context, [number, *carried, *rows], results, effects)

    def meaning(operands: list[Any], captures: Any, states: Any) -> list[Node]:
        first, along, count = operands
        return _Rows(recorder, body, first, along, count, reverse, bool(stop)).emit(captures, states)

    op, found = append(recorder, [body], meaning, [list(start), list(sequences), length], handed)
    written = written_by([body])
    values = dict(zip(written, op.outputs[len(found) : len(found) + len(written)], strict=True))
    return Rows(found[: len(start)], found[len(start) :], {v: values[v] for v in dict.fromkeys(handed)})


class _Rows:
    """The loop over nodes."""

    def __init__(
        self, recorder: Recorder, body: Recorded, start: list[Node], sequences: list[Node], length: Any, reverse: bool,
        stops: bool,
    ) -> None:  # fmt: skip
        self.stops = stops
        self.recorder, self.recorded, self.start, self.reverse = recorder, body, start, reverse
        self.length: Dim = as_dims(length, "the number of steps")[0] if length is not None else sequences[0].shape[0]
        self.sequences = [self._of_length(s) for s in sequences]

    def _of_length(self, sequence: Node) -> Node:
        try:
            assume_equal(self.length, sequence.shape[0])
        except ValueError:
            raise GraphError(
                f"{self.recorder.kind}: a sequence of type {sequence.type!r} for {self.length} steps: "
                "sequences must have one length",
                self.recorder.origin,
            ) from None
        shape = (self.length, *sequence.shape[1:])
        return sequence if sequence.shape == shape else sequence.builder.emit("reshape", sequence, shape=shape)

    def emit(self, captures: Any, states: Any) -> list[Node]:
        """Nodes of carried values, stacked results, and written variables."""
        changing = written_by([self.recorded])
        state = [(v, n) for v, n in states if v in changing]
        fixed = [*captures, *((v, n) for v, n in states if v not in changing)]
        number, *rest = self.recorded.parameters
        count = len(self.start)
        layout: list[Slot] = [(number, STEP, None)]
        layout += [(p, n.tensor, None) for p, n in zip(rest, self.start, strict=False)]
        layout += slots(state, False)
        effect = self.recorded.effect
        begin = [lowering().builder.constant(np.True_)] if effect else []
        layout += [(None, n.tensor, None) for n in begin]
        rows = [s.tensor.with_shape(s.shape[1:]) for s in self.sequences]
        layout += [(p, t, None) for p, t in zip(rest[count:], rows, strict=True)]
        layout += slots(fixed, True)
        part = lower_body(self.recorded, layout, lowering())
        kept = [self._kept(i, node, like) for i, (node, like) in enumerate(zip(part.results, self.start, strict=False))]
        after = [*kept, *(part.written[v] for v, _ in state)]
        if effect:
            going = part.parameters[1 + len(after)]
            after.append(going.builder.emit("and", going, part.done))
        outputs = part.results[count:]
        first, outside = [*self.start, *(n for _, n in state), *begin], [n for _, n in fixed]
        if self.stops:
            *outputs, stop = outputs  # type: ignore[assignment]
            self._shorten(part.body([*after, stop]), first, outside)
        node = lowering().builder.emit(
            "scan", *first, *self.sequences, *outside, carried=len(first), sequences=len(self.sequences),
            length=self.length, reverse=self.reverse, body=part.body([*after, *outputs]),
        )  # fmt: skip
        found = items(node)
        return noted([*found[:count], *found[len(first) :], *found[count : len(first)]], effect)

    def _shorten(self, body: Body, first: list[Node], outside: list[Node]) -> None:
        """Find the number of steps up to the one that stops, by a loop of its own, and cut the sequences to it."""
        b = lowering().builder
        limit = b.emit("dim", value=self.length, dtype=int64)
        operands = [b.constant(0, int64), b.constant(np.True_), *first, *self.sequences, *outside, limit]
        parameters = tuple(b.parameter(i, n.tensor) for i, n in enumerate(operands))
        step, going, *rest, bound = parameters
        state, whole = rest[: len(first)], rest[len(first) : len(first) + len(self.sequences)]
        rows = [b.emit("gather", s, step, axis=0, batch_dims=0) for s in whole]
        *after, stop = inline(body, [step, *state, *rows, *rest[len(first) + len(whole) :]], b)
        test = Body(parameters, (b.emit("and", going, b.emit("lt", step, bound)),))
        turn = Body(parameters, (b.emit("add", step, 1), b.emit("not", stop), *after))
        loop = b.emit("while_loop", *operands, carried=2 + len(first), test=test, body=turn)
        self.length = lowering().dims_of(b.emit("item", loop, index=0), self.length)[0]
        for number, s in enumerate(self.sequences):
            starts = (0,) * s.rank
            stops = (self.length, *s.shape[1:])
            cut = b.emit("slice", s, start=starts, stop=stops, step=(1,) * s.rank)
            self.sequences[number] = b.emit("reshape", cut, shape=stops)

    def _kept(self, number: int, node: Node, like: Node) -> Node:
        what = f"{self.recorder.kind} at {self.recorder.origin}: carried value {number}"
        return fitted(node, like.tensor, what, self.recorded.results[number].op.origin)
