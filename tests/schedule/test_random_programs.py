"""Random programs: the schedule computes what the interpreter does, with poisoned memory and at several batch sizes."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graphc.ir.dims import symbol
from graphc.ir.dtypes import float64, int32
from graphc.ir.program import Program
from graphc.ir.types import TensorType
from graphc.ops.builder import Builder
from graphc.schedule.plan import ScheduleOptions, plan_program
from graphc.schedule.switches import SWITCHES
from tests.schedule.oracle import check

N = symbol("n")
SHAPES = [(N, 4), (4,), (N, 1), (4, N), (N, 2, 2), (), (4, 4)]
UNARY = ["tanh", "neg", "sin", "relu", "abs"]
BINARY = ["add", "mul", "maximum", "sub"]


class Draw:
    """Grows a program by random steps."""

    def __init__(self, data):
        self.data = data
        self.b = Builder()
        self.feeds = [self.b.input(i, TensorType(float64, s)) for i, s in enumerate(SHAPES)]
        self.variables = (TensorType(float64, (4, 4)), TensorType(float64, (4,)))
        self.slots = [self.b.variable(k, t) for k, t in enumerate(self.variables)]
        self.pool = [*self.feeds, *self.slots]

    def choose(self, things):
        return things[self.data.draw(st.integers(0, len(things) - 1))]

    def step(self):
        moves = [self.unary, self.unary, self.binary, self.binary, self.binary, self.reduce, self.reduce]
        moves += [self.view, self.view, self.product, self.opaque, self.concat]
        node = self.choose(moves)()
        if node is not None:
            self.pool.append(node)

    def unary(self):
        return self.b.emit(self.choose(UNARY), self.recent())

    def recent(self):
        return self.choose(self.pool[-8:] + self.pool)

    def binary(self):
        x = self.recent()
        fitting = [y for y in self.pool if self.broadcasts(x.shape, y.shape)]
        return self.b.emit(self.choose(BINARY), x, self.choose(fitting))

    @staticmethod
    def broadcasts(x, y):
        return all(a == b or a == 1 or b == 1 for a, b in zip(x[::-1], y[::-1], strict=False))

    def reduce(self):
        x = self.recent()
        if not x.rank:
            return None
        axes = tuple(sorted(self.data.draw(st.sets(st.integers(0, x.rank - 1), min_size=1))))
        keepdims = self.data.draw(st.booleans())
        return self.b.emit(self.choose(["sum", "max", "min"]), x, axes=axes, keepdims=keepdims)

    def view(self):
        x = self.recent()
        kind = self.choose(["transpose", "reverse", "flat", "split", "slice", "pad", "broadcast"])
        if kind == "transpose":
            return self.b.emit("transpose", x, perm=tuple(self.data.draw(st.permutations(range(x.rank)))))
        if kind == "reverse" and x.rank:
            return self.b.emit("reverse", x, axes=(0,))
        if kind == "flat":
            return self.b.emit("reshape", x, shape=(x.tensor.size,))
        if kind == "split" and x.rank and x.shape[-1] == 4:
            return self.b.emit("reshape", x, shape=(*x.shape[:-1], 2, 2))
        if kind == "slice" and x.rank and x.shape[-1] == 4:
            start, stop = ((0,) * (x.rank - 1) + (k,) for k in (1, 4))
            return self.b.emit("slice", x, start=start, stop=(*x.shape[:-1], stop[-1]), step=(1,) * (x.rank - 1) + (2,))
        if kind == "pad" and x.rank and x.shape[-1] == 2:
            zeros = (0,) * (x.rank - 1)
            return self.b.emit("pad", x, self.b.constant(2.0), low=(*zeros, 1), high=(*zeros, 1), interior=(*zeros, 0))
        if kind == "broadcast" and x.rank < 3:
            return self.b.emit("broadcast_to", x, shape=(2, *x.shape))
        return None

    def product(self):
        x = self.recent()
        fitting = [y for y in self.pool if y.rank >= 2 and x.rank >= 2 and x.shape[-1] == y.shape[-2]]
        fitting = [y for y in fitting if self.broadcasts(x.shape[:-2], y.shape[:-2])]
        if not fitting:
            return None
        z = self.b.emit("matmul", x, self.choose(fitting), transpose_x=False, transpose_y=False)
        return self.b.emit("tanh", z * 0.25)

    def opaque(self):
        x = self.recent()
        return self.b.emit("cumsum", x, axis=x.rank - 1, exclusive=False, reverse=False) * 0.5 if x.rank else None

    def concat(self):
        x = self.recent()
        return self.b.emit("concat", x, x * 2.0, axis=x.rank - 1) if x.rank and x.tensor.size != 0 else None

    def program(self):
        outputs = tuple(self.choose(self.pool[len(SHAPES) :]) for _ in range(self.data.draw(st.integers(1, 4))))
        updates = []
        for slot, type in enumerate(self.variables):
            fitting = [n for n in self.pool if n.shape == type.shape]
            if self.data.draw(st.booleans()):
                updates.append((slot, self.choose(fitting)))
        return Program(tuple(self.feeds), outputs, tuple(updates), self.variables)


@settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(st.data())
def test_schedule_agrees_with_the_interpreter(data):
    draw = Draw(data)
    for _ in range(data.draw(st.integers(3, 22))):
        draw.step()
    program = draw.program()
    _check_at_sizes(program, plan_program(program))


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(st.data())
def test_any_switches_may_be_off(data):
    draw = Draw(data)
    for _ in range(data.draw(st.integers(3, 22))):
        draw.step()
    program = draw.program()
    off = frozenset(data.draw(st.sets(st.sampled_from(sorted(SWITCHES)), min_size=1)))
    _check_at_sizes(program, plan_program(program, ScheduleOptions(disabled=off)))


def _check_at_sizes(program, schedule):
    rng = np.random.default_rng(0)
    for n in (1, 3, 0):
        # A reduction over nothing is an infinity for max and min; that is not what is tested here.
        if n == 0 and any(node.op in ("max", "min") for node in program.nodes()):
            continue
        feeds = [rng.normal(size=TensorType(float64, s).concrete({"n": n})) for s in SHAPES]
        variables = [rng.normal(size=t.shape) for t in program.variables]
        check(program, feeds, variables, {"n": n}, schedule)


def test_integers_and_labels():
    b = Builder()
    x = b.input(0, TensorType(float64, (N, 5)))
    best = b.emit("argmax", x, axis=1)
    labels = b.input(1, TensorType(int32, (N,)))
    hits = b.emit("cast", b.emit("eq", b.emit("cast", best, dtype=int32), labels), dtype=float64)
    program = Program((x, labels), (best, b.emit("sum", hits, axes=(0,), keepdims=False)))
    schedule = plan_program(program)
    for n in (1, 6):
        rng = np.random.default_rng(n)
        check(program, [rng.normal(size=(n, 5)), rng.integers(0, 5, n, np.int32)], [], {"n": n}, schedule)


@pytest.mark.parametrize("layers", [60])
def test_long_chains_are_cut_into_kernels(layers):
    b = Builder()
    x = b.input(0, TensorType(float64, (5,)))
    y = x
    for k in range(5 * layers):
        y = b.emit("tanh", y * 1.1 + float(k % 3))
    schedule = check(Program((x,), (y,)), [np.linspace(-1, 1, 5)])
    assert 2 <= len(schedule.calls) <= 12
