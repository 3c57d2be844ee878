"""Hand-built programs with branches and loops, run by the interpreter, the reference executor and native code."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from graphc.interp.evaluate import interpret
from graphc.ir.body import Body
from graphc.ir.dims import Dim, symbol
from graphc.ir.dtypes import bool_, float32, int32, int64
from graphc.ir.node import Node
from graphc.ir.program import Program
from graphc.ir.types import TensorType
from graphc.memory.check import find_faults
from graphc.ops.builder import Builder
from graphc.schedule.plan import ScheduleOptions, plan_program
from graphc.schedule.reference import run_schedule
from graphc.testing.programs import NativeProgram

N, T = symbol("n"), symbol("t")
SCALAR = TensorType(int64, ())
FLAG = TensorType(bool_, ())


class Source:
    """A builder with shorthands for bodies and control flow."""

    def __init__(self) -> None:
        self.b = Builder()
        self.emit = self.b.emit
        self.inputs: list[Node] = []

    def input(self, *shape: Dim, dtype: Any = float32) -> Node:
        self.inputs.append(self.b.input(len(self.inputs), TensorType(dtype, shape)))
        return self.inputs[-1]

    def body(self, types: Sequence[TensorType], make: Callable[..., Sequence[Node]]) -> Body:
        parameters = tuple(self.b.parameter(i, t) for i, t in enumerate(types))
        return Body(parameters, tuple(make(*parameters)))

    def items(self, node: Node) -> tuple[Node, ...]:
        return tuple(self.emit("item", node, index=i) for i in range(len(node.type.items)))

    def scan(
        self, step: Callable[..., Sequence[Node]], carried: Sequence[Node], sequences: Sequence[Node] = (),
        captures: Sequence[Node] = (), length: Dim = T, reverse: bool = False,
    ) -> tuple[Node, ...]:  # fmt: skip
        types = [SCALAR, *(c.tensor for c in carried)]
        types += [s.tensor.with_shape(s.shape[1:]) for s in sequences] + [c.tensor for c in captures]
        return self.items(
            self.emit(
                "scan", *carried, *sequences, *captures, carried=len(carried), sequences=len(sequences),
                length=length, reverse=reverse, body=self.body(types, step),
            )
        )  # fmt: skip

    def loop(
        self, test: Callable[..., Node], step: Callable[..., Sequence[Node]], carried: Sequence[Node],
        captures: Sequence[Node] = (),
    ) -> tuple[Node, ...]:  # fmt: skip
        types = [n.tensor for n in (*carried, *captures)]
        return self.items(
            self.emit(
                "while_loop", *carried, *captures, carried=len(carried),
                test=self.body(types, lambda *v: [test(*v)]), body=self.body(types, step),
            )
        )  # fmt: skip

    def cond(
        self, pred: Node, then: Callable[..., Sequence[Node]], orelse: Callable[..., Sequence[Node]], *captures: Node
    ) -> tuple[Node, ...]:
        types = [c.tensor for c in captures]
        node = self.emit("cond", pred, *captures, then=self.body(types, then), orelse=self.body(types, orelse))
        return self.items(node)

    def matmul(self, x: Node, y: Node) -> Node:
        return self.emit("matmul", x, y, transpose_x=False, transpose_y=False)

    def cast(self, x: Node, dtype: Any) -> Node:
        return self.emit("cast", x, dtype=dtype)

    def program(self, *outputs: Node, **more: Any) -> Program:
        return Program(tuple(self.inputs), outputs, **more)


def check(
    program: Program, calls: Sequence[tuple[dict[str, int], Sequence[Any]]], variables: Sequence[Any] = (),
    disabled: Sequence[str] = (), threads: int = 1,
) -> NativeProgram:  # fmt: skip
    """Run on every set of sizes and feeds, with one plan and one compilation, and compare."""
    state = [np.array(v) for v in variables]
    schedule = plan_program(program, ScheduleOptions(disabled=frozenset(disabled)))
    native = NativeProgram(program, state, schedule, threads)
    for sizes, values in calls:
        feeds = [np.array(v, dtype=n.dtype.np, order="C") for v, n in zip(values, program.inputs, strict=True)]
        assert find_faults(schedule.calls, schedule.arena, sizes) == []
        expected, updates = interpret(program, feeds, [v.copy() for v in state], sizes)
        after = [updates.get(slot, v.copy()) for slot, v in enumerate(state)]
        copies = [v.copy() for v in state]
        outcomes = {"reference": (run_schedule(schedule, feeds, copies, sizes), copies)}
        outcomes["native"] = (native(*feeds), state)
        for name, (found, held) in outcomes.items():
            for place, (mine, theirs) in enumerate(zip([*found, *held], [*expected, *after], strict=True)):
                tolerance = 0.0 if mine.dtype.kind != "f" else 2e-5 if mine.dtype == np.float32 else 1e-11
                np.testing.assert_allclose(
                    mine, theirs, tolerance, tolerance, err_msg=f"{name}, result {place}, sizes {sizes}"
                )
    return native


__all__ = ["FLAG", "SCALAR", "N", "Source", "T", "check", "int32"]
