"""Random programs with gradients compute the same with every pass as with none but the expansion of gradients."""

import random
from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from graphc.graph.store import Store
from graphc.interp.evaluate import interpret
from graphc.ir.dims import substitute, symbol
from graphc.ir.dtypes import bool_, float64
from graphc.ir.program import Program, reachable
from graphc.ir.types import TensorType
from graphc.ops.assume import collect_assumptions
from graphc.ops.builder import Builder
from graphc.passes.pipeline import PASSES, PipelineOptions, run_pipeline
from graphc.session.compiled import compile_step
from graphc.session.config import Config
from graphc.session.lower import Lowered

UNARY = ["neg", "tanh", "sigmoid", "sin", "abs", "relu", "softplus", "square"]
BINARY = ["add", "sub", "mul", "maximum", "minimum"]
COMPARISONS = ["lt", "ge", "eq"]
CONSTANTS = [0.0, 1.0, -1.0, 2.0, 0.5, 3.0]
PLAIN = frozenset(p.name for p in PASSES) - {"expand_gradients"}


class Maker:
    """Grows a program; every value stays moderate, so that rounding can be told from errors."""

    def __init__(self, seed):
        self.r = random.Random(seed)
        self.b = Builder()
        n, m = symbol("n"), symbol("m")
        shapes = [(n, 4), (m, 4), (m, 1), (1, 4), (n, 1), (4,), (), (3, 4), (4, 4)]
        self.inputs = [self.b.input(i, TensorType(float64, s)) for i, s in enumerate(shapes)]
        self.nodes = list(self.inputs)
        self.emit = self.b.emit

    def pick(self):
        return self.r.choice(self.nodes[-8:] + self.inputs)

    def grow(self, steps):
        kinds = [
            self.unary,
            self.binary,
            self.by_constant,
            self.choose,
            self.view,
            self.reduce,
            self.product,
            self.naive,
        ]
        refused = set()
        for _ in range(steps):
            first = self.b.next_id
            try:
                node = self.r.choice(kinds)()
            except ValueError:
                # Shapes that do not fit together.
                continue
            finally:
                assumed = collect_assumptions()
            # Of the sizes only n and m are equal when the program runs.
            if any(substitute(a - b, {"m": symbol("n")}) != 0 for a, b in assumed):
                refused.update(range(first, self.b.next_id))
            if node.dtype == float64 and not any(n.id in refused for n in reachable([node])):
                self.nodes.append(node)
        return self

    def unary(self):
        return self.emit(self.r.choice(UNARY), self.pick())

    def binary(self):
        node = self.emit(self.r.choice(BINARY), self.pick(), self.pick())
        return self.emit("tanh", node) if self.r.random() < 0.5 else node

    def by_constant(self):
        c, x = self.r.choice(CONSTANTS), self.pick()
        if self.r.random() < 0.3:
            c = self.b.full(c, float64, x.shape)
        op = self.r.choice([*BINARY, "div"])
        if op == "div":
            return x / (c if c != 0.0 and isinstance(c, float) else 4.0)
        return self.emit(op, x, c) if self.r.random() < 0.7 else self.emit(op, c, x)

    def choose(self):
        condition = self.emit(self.r.choice(COMPARISONS), self.pick(), self.r.choice([0.0, 0.25]))
        if self.r.random() < 0.3:
            condition = self.emit("not", condition)
        if self.r.random() < 0.2:
            condition = self.b.constant(self.r.random() < 0.5, bool_)
        return self.emit("select", condition, self.pick(), self.r.choice([self.pick(), self.b.constant(0.0, float64)]))

    def view(self):
        x = self.pick()
        kind = self.r.choice(["reshape", "transpose", "slice", "broadcast", "reverse", "concat", "grow"])
        if kind == "reshape":
            return self.emit("reshape", x, shape=self.r.choice([x.shape, (*x.shape, 1), (1, *x.shape)]))
        if kind == "transpose":
            return self.emit("transpose", x, perm=tuple(self.r.sample(range(x.rank), x.rank)))
        if kind == "slice":
            stop = tuple(self.r.randint(1, d) if isinstance(d, int) else d for d in x.shape)
            return self.emit("slice", x, start=(0,) * x.rank, stop=stop, step=(1,) * x.rank)
        if kind == "broadcast":
            return self.emit("broadcast_to", x, shape=self.pick().shape)
        if kind == "reverse":
            return self.emit("reverse", x, axes=tuple(range(self.r.randint(0, x.rank))))
        if kind == "concat":
            if x.rank == 0:
                raise ValueError("no axis")
            joined = self.emit("concat", x, self.pick(), axis=0)
            second = self.r.random() < 0.5
            start, stop = (x.shape[0], joined.shape[0]) if second else (0, x.shape[0])
            rest = joined.shape[1:]
            return self.emit("slice", joined, start=(start, *(0 for _ in rest)), stop=(stop, *rest), step=(1,) * x.rank)
        return self.emit("reshape", self.emit("neg", x), shape=(*x.shape, 1))

    def reduce(self):
        x = self.pick()
        axes = tuple(sorted(self.r.sample(range(x.rank), self.r.randint(0, x.rank))))
        node = self.emit(self.r.choice(["sum", "max", "min"]), x, axes=axes, keepdims=self.r.random() < 0.5)
        return self.emit("sin", node)

    def product(self):
        x, y = self.pick(), self.pick()
        if x.rank < 2 or y.rank < 2:
            raise ValueError("matrices only")
        if self.r.random() < 0.3:
            x = self.emit("transpose", x, perm=(*range(x.rank - 2), x.rank - 1, x.rank - 2))
        flags = {"transpose_x": self.r.random() < 0.5, "transpose_y": self.r.random() < 0.5}
        return self.emit("tanh", self.emit("matmul", x, y, **flags))

    def naive(self):
        x = self.emit("tanh", self.pick())
        e = self.emit("exp", x)
        kind = self.r.choice(["softplus", "expm1", "sigmoid", "log of sum", "log of softmax"])
        if kind == "softplus":
            return self.emit("log", e + 1.0)
        if kind == "expm1":
            return e - 1.0
        if kind == "sigmoid":
            return self.emit("log", 1.0 / (self.emit("exp", -x) + 1.0))
        total = self.emit("sum", e, axes=tuple(range(x.rank)), keepdims=True)
        return self.emit("log", total if kind == "log of sum" else e / total)

    def program(self):
        total = self.b.constant(0.0, float64)
        for node in self.nodes[-6:]:
            total = total + self.emit("sum", node, axes=tuple(range(node.rank)), keepdims=False)
        wrt = [*self.inputs, self.emit("identity", self.nodes[-1], tag=1)]
        gradient = self.emit("gradient", total, *wrt, ys=1, xs=len(wrt), given=(False,))
        slopes = [self.emit("item", gradient, index=i) for i in range(len(wrt))]
        return Program(tuple(self.inputs), (total, *self.nodes[-4:], *slopes), ((0, self.nodes[-2]),))


@settings(max_examples=120, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 30), st.sampled_from([1, 2, 5]))
def test_passes_keep_the_meaning(seed, steps, n):
    maker = Maker(seed).grow(steps)
    program = maker.program()
    plain, _ = run_pipeline(program, maker.b, PipelineOptions(disabled=PLAIN))
    optimized, reports = run_pipeline(program, maker.b)
    assert not any("budget exhausted" in r.counts for r in reports)
    sizes = {"n": n, "m": n}
    rng = np.random.default_rng(seed)
    feeds = [rng.uniform(-1, 1, x.tensor.concrete(sizes)) for x in maker.inputs]
    want, want_updates = interpret(plain, feeds, [], sizes)
    got, got_updates = interpret(optimized, feeds, [], sizes)
    for a, b in zip([*want, *want_updates.values()], [*got, *got_updates.values()], strict=True):
        assert a.shape == b.shape
        assert a.dtype == b.dtype
        np.testing.assert_allclose(b, a, rtol=1e-8, atol=1e-8 * max(1.0, np.abs(a).max(initial=0)))


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 25), st.sampled_from([1, 2, 5, 17]))
def test_native_code_agrees_with_the_interpreter(seed, steps, n):
    maker = Maker(seed).grow(steps)
    program = replace(maker.program(), updates=())
    rng, sizes = np.random.default_rng(seed), {"n": n, "m": n}
    feeds = [rng.uniform(-1, 1, x.tensor.concrete(sizes)) for x in maker.inputs]
    prepared, _ = run_pipeline(program, maker.b, PipelineOptions(until="stabilize_gradients"))
    want, _ = interpret(prepared, feeds, [], sizes)
    step = compile_step(Lowered(program, maker.b, [], []), Store(), Config(cache=False, poison=True))
    for a, b in zip(want, step(feeds), strict=True):
        np.testing.assert_allclose(b, a, rtol=1e-8, atol=1e-8 * max(1.0, np.abs(a).max(initial=0)))
