"""Random graphs through the public interface: optimized, unoptimized and interpreted runs must agree.

``python -m graphc.testing.random_graphs --seconds 600`` runs graph after graph and stops at the first that differs.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable
from typing import Any

import numpy as np

import graphc as gc
from graphc.graph.errors import GraphError
from graphc.passes.pipeline import PASSES, REQUIRED
from graphc.schedule.switches import SWITCHES

PLAIN = (*SWITCHES, *(p.name for p in PASSES if p.name not in REQUIRED))
COMPILED = {
    "optimized": gc.Config(cache=False, poison=True),
    "unoptimized": gc.Config(cache=False, poison=True, disable=PLAIN),
}
SIZES = (0, 1, 2, 7, 16, 17, 100)
SMOOTH = ("tanh", "sigmoid", "sin", "cos", "softplus", "erf", "atan", "gelu")
TOLERANCE = {"float32": 5e-4, "float64": 1e-9}


class RandomGraph:
    """A graph that a seed determines.

    Values stay moderate and bends are only taken of feeds, so that rounding can be told from errors.

    Parameters
    ----------
    seed : int
    steps : int
        Operations that are tried.
    """

    def __init__(self, seed: int, steps: int = 14) -> None:
        self.random = random.Random(seed)
        self.seed = seed
        self.graph = gc.Graph()
        self.dtype = self.random.choice([gc.float32, gc.float64])
        with self.graph.as_default():
            d = self.dtype
            self.feeds = [gc.placeholder(d, s) for s in ((None, 4), (None, 1), (1, 4), (4,), (), (3, 4), (4, 4))]
            self.whole = gc.placeholder(gc.int32, (None,))
            self.start = np.random.default_rng(seed).uniform(-1, 1, (4,)).astype(d.np)
            self.variable = gc.Variable(self.start)
            self.tensors = [*self.feeds, self.variable.value()]
            self._grow(steps)
            self._finish()

    def _pick(self) -> Any:
        return self.random.choice(self.tensors[-7:] + self.tensors[:8])

    def _one_of(self, ways: list[Callable[[], Any]]) -> Any:
        return self.random.choice(ways)()

    def _grow(self, steps: int) -> None:
        kinds: list[Callable[[], Any]] = [
            self._smooth, self._pair, self._pair, self._bend, self._reduce, self._product, self._view, self._index,
            self._choose, self._lookup, self._scan,
        ]  # fmt: skip
        for _ in range(steps):
            try:
                made = self.random.choice(kinds)()
            except (GraphError, TypeError, IndexError):
                continue
            self.tensors.append(made)

    def _bent(self) -> Any:
        """A feed moved off the points where functions have a corner."""
        return self.random.choice(self.feeds) * 1.7 + 0.1357

    def _smooth(self) -> Any:
        name = self.random.choice(SMOOTH)
        return getattr(gc.nn if name in ("gelu", "softplus") else gc, name)(self._pick())

    def _pair(self) -> Any:
        a, b = self._pick(), self._pick()
        made = self._one_of(
            [lambda: a + b, lambda: a - b * 0.5, lambda: a * b, lambda: a / (b * b + 1.0), lambda: gc.exp(-a * a) * b]
        )
        return gc.tanh(made)

    def _bend(self) -> Any:
        a, b = self._bent(), self._pick()
        return gc.tanh(
            self._one_of(
                [
                    lambda: gc.nn.relu(a) * b,
                    lambda: gc.abs(a) + b,
                    lambda: gc.floor(a) + b,
                    lambda: gc.maximum(a, 0.25) * b,
                    lambda: gc.clip_by_value(a, -0.5, 0.5) - b,
                ]
            )
        )

    def _reduce(self) -> Any:
        a, b = self._pick(), self._bent()
        axis = self.random.choice([None, 0, 1, -1])
        keep = self.random.random() < 0.5
        return self._one_of(
            [
                lambda: gc.tanh(gc.reduce_sum(a, axis=axis, keepdims=keep)),
                lambda: gc.reduce_mean(a, axis=axis, keepdims=keep),
                lambda: gc.tanh(gc.reduce_logsumexp(a, axis=axis, keepdims=keep)),
                lambda: gc.tanh(gc.reduce_max(b, axis=axis, keepdims=keep)),
                lambda: gc.nn.softmax(a, axis=-1 if axis is None else axis),
                lambda: gc.cast(gc.argmax(b, -1 if axis is None else axis), self.dtype) * 0.1,
            ]
        )

    def _product(self) -> Any:
        a, b = self._pick(), self._pick()
        return gc.tanh(gc.matmul(a, b, transpose_b=self.random.random() < 0.5))

    def _view(self) -> Any:
        a, b = self._pick(), self._pick()
        return self._one_of(
            [
                lambda: gc.transpose(a), lambda: gc.reshape(a, [-1]), lambda: gc.expand_dims(a, 0),
                lambda: gc.concat([a, b], 0), lambda: gc.concat([a, b], -1), lambda: gc.stack([a, a * 0.5]),
                lambda: gc.reverse(a, [0]), lambda: gc.tile(a, [2] * len(a.shape.dims)),
                lambda: gc.pad(a, [[1, 2]] * len(a.shape.dims)),
            ]
        )  # fmt: skip

    def _index(self) -> Any:
        a = self._pick()
        return self._one_of(
            [
                lambda: a[1:], lambda: a[::2], lambda: a[..., ::-1], lambda: a[:, 1:3], lambda: a[-1],
                lambda: a[..., 0], lambda: a[:, None], lambda: a[::-1, ..., :2],
            ]
        )  # fmt: skip

    def _choose(self) -> Any:
        return gc.where(self._bent() > 0.0, self._pick(), self._pick())

    def _lookup(self) -> Any:
        table = self._pick()
        rows = table.shape.dims[0] if table.shape.dims else None
        if not isinstance(rows, int) or rows < 3:
            raise IndexError
        return gc.gather(table, self.whole % 3)

    def _scan(self) -> Any:
        a = self._pick()
        return gc.tanh(gc.cumsum(a, axis=self.random.choice([0, -1])))

    def _finish(self) -> None:
        last = self.tensors[-3:]
        loss = gc.add_n([gc.reduce_sum(t * t) for t in last])
        xs = [*self.feeds, self.variable.value()]
        slopes = [g for g in gc.gradients(loss, xs) if g is not None]
        if slopes and self.random.random() < 0.3:
            self.random.shuffle(slopes)
            slopes += [g for g in gc.gradients(gc.reduce_sum(gc.tanh(slopes[0])), xs) if g is not None]
        step = gc.gradients(loss, self.variable)[0]
        moved = gc.tanh(self.variable if step is None else step) * 0.1
        self.fetches = [loss, *last, *slopes, gc.assign_sub(self.variable, moved), self.whole * 3 - 1]

    def values(self, size: int) -> dict[Any, np.ndarray]:
        """Feeds whose open sizes are `size`."""
        draw = np.random.default_rng((self.seed, size))
        found = {}
        for tensor in self.feeds:
            shape = [size if d is None else int(d) for d in tensor.shape.as_list()]
            found[tensor] = draw.uniform(-1.5, 1.5, shape).astype(self.dtype.np)
        found[self.whole] = draw.integers(0, 100, size).astype(np.int32)
        return found

    def describe(self) -> str:
        """Its operations, one a line."""
        return "\n".join(
            f"  {op.name} = {op.type}({', '.join(t.name for t in op.inputs)}) {op.args} {op.kwargs}"
            for op in self.graph.operations
        )


def check(seed: int) -> int:
    """Compare all forms of one graph.

    Returns
    -------
    int
        Runs that were compared; what the interpreter refuses, the others must refuse as well.

    Raises
    ------
    AssertionError
        If they differ; the message lists the graph.
    """
    case = RandomGraph(seed)
    sizes = case.random.sample(SIZES, 2)
    interpreted = gc.Session(case.graph, mode="interpret")
    want = [_run(interpreted, case, size) for size in sizes]
    for name, config in COMPILED.items():
        session = gc.Session(case.graph, config)
        for size, reference in zip(sizes, want, strict=True):
            found = _run(session, case, size)
            why = _difference(found, reference, case.dtype.name)
            if why:
                raise AssertionError(f"seed {seed}, size {size}, {name}: {why}\n{case.describe()}")
        session.close()
    return len(COMPILED) * sum(reference is not None for reference in want)


def _run(session: gc.Session, case: RandomGraph, size: int) -> list[Any] | None:
    # The variable starts anew with every size: sessions may be used for several.
    case.variable.load(case.start, session)
    try:
        first = session.run(case.fetches, case.values(size))
        return [*first, *session.run(case.fetches, case.values(size)), session.run(case.variable)]
    except GraphError:
        return None


def _difference(found: list[Any] | None, want: list[Any] | None, dtype: str) -> str:
    if found is None or want is None:
        return "" if found is want else f"{'it' if found is None else 'the interpreter'} refuses these sizes"
    for number, (have, wish) in enumerate(zip(found, want, strict=True)):
        if have.dtype != wish.dtype or have.shape != wish.shape:
            return f"result {number} is {have.dtype}{have.shape}, not {wish.dtype}{wish.shape}"
        scale = 1.0 + float(np.abs(wish[np.isfinite(wish)]).max(initial=0.0))
        if not np.allclose(have, wish, rtol=0, atol=TOLERANCE[dtype] * scale, equal_nan=True):
            return f"result {number} differs by {np.abs(have - wish).max()} of {scale}"
    return ""


def main(arguments: list[str] | None = None) -> None:
    """Check graph after graph for some time."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--seed", type=int, default=0, help="the first seed")
    options = parser.parse_args(arguments)
    end, seed, runs = time.monotonic() + options.seconds, options.seed, 0
    while time.monotonic() < end:
        runs += check(seed)
        seed += 1
    print(f"{seed - options.seed} graphs, {runs} compared runs: no difference")


if __name__ == "__main__":
    main()
