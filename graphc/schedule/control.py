"""Branches and loops as calls: their bodies are schedules of their own, in temporaries inside those of the program.

What a body names by its parameters and results are *local* buffers. The call says for each which bytes it stands for:
those of an operand or result, one step of them, or for carried values the block whose turn it is. A carried value that
one kernel of the body can replace element by element needs no second block.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Protocol

from graphc.ir.body import Body
from graphc.ir.dims import Dim, dim_max
from graphc.ir.node import Node
from graphc.loops.spec import Buffer, ControlKernel, KernelCall, Operand, Turn
from graphc.memory.lifetimes import base_of
from graphc.schedule.calls import copy_all

if TYPE_CHECKING:
    from graphc.schedule.plan import Schedule


class PlanBody(Protocol):
    """Plans a body: its parameters, the results to hand out, and the state that a step replaces with new values."""

    def __call__(
        self, parameters: Sequence[Node], outputs: Sequence[Node], state: Sequence[tuple[Node, Node]]
    ) -> Schedule: ...


def control_call(node: Node, inputs: Sequence[Buffer], results: Sequence[Buffer], plan_body: PlanBody) -> KernelCall:
    """The call of a ``cond``, ``while_loop`` or ``scan`` node.

    Parameters
    ----------
    node : Node
    inputs, results : sequence of Buffer
        One per operand and per result, each under the shape that the node knows it by.
    plan_body : callable
    """
    if node.op == "cond":
        return _cond(node, inputs, results, plan_body)
    return _Loop(node, inputs, results, plan_body).call()


def _cond(node: Node, inputs: Sequence[Buffer], results: Sequence[Buffer], plan_body: PlanBody) -> KernelCall:
    parts, fixed = [], []
    for name in ("then", "orelse"):
        body: Body = node.attrs[name]
        part = plan_body(body.parameters, body.results, ())
        fixed += [*zip(part.feeds, inputs[1:], strict=True), *zip(part.fetches, results, strict=True)]
        parts.append(part)
    workspace = _workspace(node, parts)
    buffers = (*inputs, *results, *_present(workspace))
    spec = ControlKernel(
        "cond", _operands(inputs, buffers), tuple(parts), tuple(fixed), decision=inputs[0], workspace=workspace
    )
    return KernelCall(spec, buffers, "cond", (node,))


class _Loop:
    """A loop while its buffers are being bound."""

    def __init__(self, node: Node, inputs: Sequence[Buffer], results: Sequence[Buffer], plan_body: PlanBody) -> None:
        self.node, self.inputs, self.results = node, inputs, results
        self.carried: int = node.attrs["carried"]
        body: Body = node.attrs["body"]
        first = 1 if node.op == "scan" else 0
        state = list(zip(body.parameters[first : first + self.carried], body.results, strict=False))
        self.body = plan_body(body.parameters, body.results[self.carried :], state)
        self.currents = self.body.feeds[first : first + self.carried]
        self.others = self.body.feeds[first + self.carried :]
        self.test: Schedule | None = None
        if node.op == "while_loop":
            test: Body = node.attrs["test"]
            self.test = plan_body(test.parameters, test.results, ())
        self.fixed: list[tuple[Buffer, Buffer]] = []
        self.turned: list[Turn] = []
        self.starts: list[KernelCall] = []
        self.scratch: list[Buffer] = []

    def call(self) -> KernelCall:
        """The call."""
        node, attrs, test = self.node, self.node.attrs, self.test
        for slot in range(self.carried):
            self._bind_carried(slot)
        steps = attrs.get("sequences", 0)
        sliced = list(zip(self.others[:steps], self.inputs[self.carried : self.carried + steps], strict=True))
        sliced += zip(self.body.fetches, self.results[self.carried :], strict=True)
        captures = self.inputs[self.carried + steps :]
        self.fixed += zip(self.others[steps:], captures, strict=True)
        step = decision = None
        if test is not None:
            self.fixed += zip(test.feeds[self.carried :], captures, strict=True)
            decision = self._temporary("test", "bool")
            self.fixed.append((test.fetches[0], decision))
        elif _is_read(self.body.feeds[0], self.body):
            step = self._temporary("step", "int64")
            self.fixed.append((self.body.feeds[0], step))
        parts = (self.body,) if test is None else (test, self.body)
        workspace = _workspace(node, parts)
        buffers = (*self.inputs, *self.results, *self.scratch, *_present(workspace))
        spec = ControlKernel(
            node.op, _operands(self.inputs, buffers), parts, tuple(self.fixed), tuple(sliced), tuple(self.turned),
            tuple(self.starts), step, decision, attrs.get("length", 0), attrs.get("reverse", False), workspace,
        )  # fmt: skip
        return KernelCall(spec, buffers, node.op, (node,))

    def _bind_carried(self, slot: int) -> None:
        initial, result, current = self.inputs[slot], self.results[slot], self.currents[slot]
        currents = (current,) if self.test is None else (current, self.test.feeds[slot])
        following = self.body.following[slot]
        if following is current:
            self.fixed += [(name, result) for name in currents]
            self.starts.append(copy_all(initial, result))
            return
        spare = Buffer(f"v{self.node.id}_spare{slot}", result.dtype, result.shape, "arena")
        self.scratch.append(spare)
        self.turned.append(Turn(currents, following, initial, result, spare, copy_all(current, result)))

    def _temporary(self, name: str, dtype: str) -> Buffer:
        self.scratch.append(Buffer(f"v{self.node.id}_{name}", dtype, (), "arena"))
        return self.scratch[-1]


def _is_read(buffer: Buffer, part: Schedule) -> bool:
    return any(base_of(b) is buffer for call in part.calls for b in call.buffers)


def _workspace(node: Node, parts: Iterable[Schedule]) -> Buffer | None:
    """Bytes for the temporaries of the parts, of which one runs at a time."""
    size: Dim = 0
    for part in parts:
        size = part.arena.size if size == 0 else dim_max(size, part.arena.size)
    return None if size == 0 else Buffer(f"v{node.id}_workspace", "uint8", (size,), "arena")


def _present(buffer: Buffer | None) -> tuple[Buffer, ...]:
    return () if buffer is None else (buffer,)


def _operands(inputs: Sequence[Buffer], buffers: Sequence[Buffer]) -> tuple[Operand, ...]:
    return tuple(Operand(b.dtype, "in" if place < len(inputs) else "out") for place, b in enumerate(buffers))
