"""Loops that run as long as a condition holds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from graphc.api.control.record import Recorder, append, as_tensor, fitted, lowering, noted, slots, written_by
from graphc.api.control.structure import flatten, shape_of
from graphc.api.control.tensor_array import Later
from graphc.graph.context import Recorded, recorded
from graphc.graph.errors import GraphError
from graphc.graph.operation import Tensor
from graphc.graph.origin import Origin
from graphc.graph.shape import TensorShape
from graphc.graph.variable import Variable
from graphc.ir.body import Body
from graphc.ir.dims import Dim, dim_max
from graphc.ir.dtypes import bool_, int64
from graphc.ir.node import Node
from graphc.ir.types import TensorType
from graphc.ops.builder import Builder
from graphc.ops.control import STEP, items
from graphc.session.bodies import Slot, lower_body


def while_loop(
    cond: Callable[..., Any], body: Callable[..., Any], loop_vars: Any, shape_invariants: Any = None,
    parallel_iterations: int = 10, back_prop: bool = True, swap_memory: bool = False, name: str | None = None,
    maximum_iterations: Any = None, return_same_structure: bool = False,
) -> Any:  # fmt: skip
    """Repeat a step as long as a condition holds.

    Parameters
    ----------
    cond : callable ``(*loop_vars) -> Tensor``
        One boolean.
    body : callable ``(*loop_vars) -> loop_vars``
        The next values, of the same shapes and element types. Variables may be assigned inside.
    loop_vars : sequence, or structure
        First values: tensors, numbers, tensor arrays, or structures of these.
    shape_invariants : structure of TensorShape, optional
        Accepted where it says nothing else than the first values: shapes stay.
    parallel_iterations, swap_memory
        Accepted: steps run one after another, in planned memory.
    back_prop : bool
        False: the results are constant to gradients.
    name : str, optional
    maximum_iterations : int or Tensor, optional
        Most steps; needed for gradients of a loop inside of a loop.
    return_same_structure : bool
        Whether a single loop variable in a list comes back in a list.

    Returns
    -------
    object
        The last values, in the structure of `loop_vars`; a single one by itself.

    Raises
    ------
    GraphError
        If the condition is not one boolean, or a shape or element type changes, with the line.

    Examples
    --------
    >>> import graphc as gc
    >>> with gc.Graph().as_default(), gc.Session(mode="interpret") as session:
    ...     i, total = gc.while_loop(lambda i, t: i < 5, lambda i, t: (i + 1, t + i), (0, 0))
    ...     print(session.run(total))
    10
    """
    recorder = Recorder("while_loop", name)
    single = not isinstance(loop_vars, list | tuple | dict)
    variables = [loop_vars] if single else loop_vars
    leaves, rebuild = flatten(variables)
    first = [v if isinstance(v, Later) else as_tensor(v) for v in leaves]
    if shape_invariants is not None:
        _check_invariants(recorder, first, flatten(shape_invariants)[0])
    limit = None if maximum_iterations is None else as_tensor(maximum_iterations)
    step = _record(recorder, body, first, rebuild, variables)
    test = _record(recorder, cond, first, rebuild, None)

    def meaning(operands: list[Any], captures: Any, states: Any) -> list[Node]:
        start, most = operands
        loop = _Loop(recorder.origin, (test, step), start, captures, states, most)
        return loop.emit()

    _, outputs = append(recorder, (test, step), meaning, [first, limit])
    if not back_prop:
        from graphc.api.shaping import stop_gradient

        outputs = [stop_gradient(t) for t in outputs]
    result = rebuild(outputs)
    if single or (isinstance(result, list | tuple) and len(result) == 1 and not return_same_structure):
        return result[0]
    return result


def _record(recorder: Recorder, function: Any, first: list[Any], rebuild: Any, structure: Any) -> Recorded:
    """The condition, where `structure` is None, or the step, which also settles what arrays hold at first."""
    context = recorder.new_context()
    with recorder.graph.name_scope(recorder.name), recorder.inside(context):
        parameters: list[Any] = [
            t.inside(context) if isinstance(t, Later) else recorder.parameter(t, "carried") for t in first
        ]
        values = rebuild(parameters)
        found = function(**values) if isinstance(values, dict) else function(*values)
        if structure is None:
            results = [_tested(recorder, found)]
        else:
            if len(structure) == 1 and shape_of(found) != shape_of(structure):
                found = [found]
            if shape_of(found) != shape_of(structure):
                raise GraphError(
                    f"{recorder.kind}: the body returns {found!r} for the loop variables {structure!r}: "
                    "the structure must stay",
                    recorder.origin,
                )
            results = [as_tensor(v) if isinstance(p, Later) else as_tensor(v, p.dtype)
                       for v, p in zip(flatten(found)[0], parameters, strict=True)]  # fmt: skip
    for number, place in enumerate(parameters):
        if isinstance(place, Later):
            first[number] = place.first(recorder.graph)
            parameters[number] = place.made[0]
    return recorded(context, parameters, results)


def _tested(recorder: Recorder, found: Any) -> Tensor:
    if isinstance(found, list | tuple) and len(found) == 1:
        found = found[0]
    test = as_tensor(found)
    if test.dtype != bool_ or (test.shape.ndims or 0) > 0:
        raise GraphError(
            f"{recorder.kind}: the condition must be one boolean, not {test.dtype.name} of shape {test.shape}",
            test.op.origin,
        )
    return test


def _check_invariants(recorder: Recorder, first: Sequence[Any], wanted: Sequence[Any]) -> None:
    for tensor, shape in zip(first, wanted, strict=False):
        if isinstance(tensor, Later):
            continue
        asked = shape if isinstance(shape, TensorShape) else TensorShape(shape)
        known, have = asked.dims, tensor.shape.dims
        if known is None or have is None:
            continue
        clash = len(known) != len(have) or any(isinstance(h, int) and k != h for k, h in zip(known, have, strict=True))
        if clash:
            raise GraphError(
                f"{recorder.kind}: shape_invariants asks for {asked} where {tensor.name} has {tensor.shape}: a shape "
                "that changes from step to step is not supported. Carry a buffer of the final size and a counter, or "
                "use gc.scan, which stacks the results of steps",
                recorder.origin,
            )


# What is carried from step to step where the body has effects: they are done.
DONE = TensorType(bool_, ())


class _Loop:
    """A loop over nodes: as it stands, or with a number of steps known beforehand where it is differentiated."""

    def __init__(
        self, origin: Origin, bodies: tuple[Recorded, Recorded], start: list[Node],
        captures: list[tuple[Tensor, Node]], states: list[tuple[Variable, Node]], most: Node | None,
    ) -> None:  # fmt: skip
        self.origin = origin
        self.test, self.step = bodies
        self.start, self.captures, self.most = start, captures, most
        changing = written_by(bodies)
        self.states = [(v, n) for v, n in states if v in changing]
        self.fixed = [(v, n) for v, n in states if v not in changing]
        self.effect = self.step.effect or self.test.effect

    def emit(self) -> list[Node]:
        """Nodes of the last values."""
        context = lowering()
        floating = any(n.dtype.is_floating for n in self.start)
        if context.differentiates and floating:
            # The steps of a loop with effects are run once, not first to count them.
            once = context.inside or (self.effect and self.most is not None)
            return noted(self._bounded() if once else self._counted(), self.effect)
        return noted(self._items(context.builder, counted=self.most is not None), self.effect)

    @property
    def carried(self) -> list[Node]:
        """First values of everything that changes."""
        done = [lowering().builder.constant(np.True_)] if self.effect else []
        return [*self.start, *(n for _, n in self.states), *done]

    @property
    def outside(self) -> list[Node]:
        """What stays."""
        return [*(n for _, n in self.captures), *(n for _, n in self.fixed)]

    def _slots(self, part: Recorded, lead: list[Slot], extra: list[Slot]) -> list[Slot]:
        loop: list[Slot] = [(p, n.tensor, None) for p, n in zip(part.parameters, self.start, strict=True)]
        state: list[Slot] = slots(self.states, False)
        if self.effect:
            state.append((None, DONE, None))
        return [*lead, *loop, *state, *extra, *slots(self.captures, True), *slots(self.fixed, True)]

    def _step(self, lead: list[Slot], extra: list[Slot]) -> tuple[Body, int]:
        """The step with these further parameters before and after the carried ones; where the first carried is."""
        part = lower_body(self.step, self._slots(self.step, lead, extra), lowering())
        results = []
        for number, (node, like) in enumerate(zip(part.results, self.start, strict=True)):
            what = f"while_loop at {self.origin}: loop variable {number}"
            results.append(fitted(node, like.tensor, what, self.step.results[number].op.origin))
        held = part.parameters[len(lead) + len(self.start) :]
        state = [part.written.get(v, held[k]) for k, (v, _) in enumerate(self.states)]
        if self.effect:
            state.append(lowering().builder.emit("and", held[len(self.states)], part.done))
        return part.body([*results, *state]), len(lead)

    def _test(self, lead: list[Slot], extra: list[Slot]) -> Body:
        part = lower_body(self.test, self._slots(self.test, lead, extra), lowering())
        if not self.test.effect:
            return part.body(part.results)
        return part.body([lowering().builder.emit("and", part.results[0], part.done)])

    def _items(self, b: Builder, counted: bool) -> list[Node]:
        """The loop itself; with a counter of steps as the last carried value if `counted`."""
        count: list[Slot] = [(None, STEP, None)] if counted else []
        test, (step, _) = self._test([], count), self._step([], count)
        start, outside = self.carried, self.outside
        if not counted:
            return items(b.emit("while_loop", *start, *outside, carried=len(start), test=test, body=step))
        steps = step.parameters[len(start)]
        step = Body(step.parameters, (*step.results, b.emit("add", steps, 1)))
        if self.most is not None:
            most = b.emit("cast", self.most, dtype=int64)
            limit = b.parameter(len(test.parameters), STEP)
            below = b.emit("and", test.results[0], b.emit("lt", steps, limit))
            test = Body((*test.parameters, limit), (below,))
            step = Body((*step.parameters, limit), step.results)
            outside = [*outside, most]
        zero = b.constant(0, int64)
        node = b.emit("while_loop", *start, zero, *outside, carried=len(start) + 1, test=test, body=step)
        return items(node)[:-1]

    def _counted(self) -> list[Node]:
        """As a scan: a loop without gradient finds the number of steps first."""
        context = lowering()
        b = context.builder
        whole = self._items(b, counted=True)[0].inputs[0]
        most = None if self.most is None else dim_max(context.dims_of(self.most)[0], 0)
        length = context.dims_of(b.emit("item", whole, index=len(self.carried)), most)[0]
        return self._scan(length, None)

    def _bounded(self) -> list[Node]:
        """As a scan of the most steps, which leaves the values alone once the condition has failed."""
        if self.most is None:
            raise GraphError(
                "the gradient of a while_loop inside of another branch or loop needs maximum_iterations, "
                "which bounds the memory of its steps",
                self.origin,
            )
        return self._scan(lowering().dims_of(self.most)[0], self._test([(None, STEP, None)], []))

    def _scan(self, length: Dim, test: Body | None) -> list[Node]:
        b = lowering().builder
        start, outside = self.carried, self.outside
        body, _ = self._step([(None, STEP, None)], [])
        if test is not None:
            stay = Body(body.parameters, body.parameters[1 : 1 + len(start)])
            node = b.emit("cond", test.results[0], *body.parameters, then=body, orelse=stay)
            body = Body(body.parameters, tuple(items(node)))
        return items(
            b.emit("scan", *start, *outside, carried=len(start), sequences=0, length=length, reverse=False, body=body)
        )
