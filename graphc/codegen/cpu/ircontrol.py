"""Blocks, loops and branches of LLVM IR text.

Loops carry their values in phis, so no stack slot and no later promotion pass is needed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from graphc.codegen.cpu.irvalue import Value, constant


class Loop:
    """A running loop: `index` and the carried `values` of this iteration; after the loop `values` are the results."""

    def __init__(self, index: Value, values: list[Value]) -> None:
        self.index, self.values = index, values
        self.updates: list[Value] = values

    def update(self, *values: Value) -> None:
        """Give the values that the next iteration carries."""
        self.updates = list(values)


class Blocks:
    """Instructions of one function, appended in order, with structured control flow."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.block = "entry"
        self.terminated = False
        self._count = 0

    # ------------------------------------------------------------------ instructions

    def emit(self, text: str, dtype: str, lanes: int = 1) -> Value:
        """Append ``%new = text`` and return the new value."""
        self._count += 1
        name = f"%v{self._count}"
        self.lines.append(f"  {name} = {text}")
        return Value(name, dtype, lanes)

    def do(self, text: str) -> None:
        """Append an instruction without a result."""
        self.lines.append(f"  {text}")

    def label(self) -> str:
        """A fresh block name."""
        self._count += 1
        return f"b{self._count}"

    def start(self, label: str) -> None:
        """Begin the block `label`; an unfinished current block falls through to it."""
        if not self.terminated:
            self.do(f"br label %{label}")
        self.lines.append(f"{label}:")
        self.block, self.terminated = label, False

    def ret(self, value: Value | None = None) -> None:
        """Return from the function; the block ends."""
        self.do("ret void" if value is None else f"ret {value!r}")
        self.terminated = True

    # ------------------------------------------------------------------ loops

    @contextmanager
    def loop_carried(
        self, begin: Value | int, end: Value | int, step: Value | int = 1, initial: Sequence[Value] = ()
    ) -> Iterator[Loop]:
        """A counted loop (int64, while index < end) with accumulators.

        Inside, read ``loop.values`` and call ``loop.update(...)`` once; after the block ``loop.values`` are the totals
        (the `initial` ones if the loop did not run).
        """
        begin, end, step = (constant(v, "int64") if isinstance(v, int) else v for v in (begin, end, step))
        before, head, body, done = self.block, self.label(), self.label(), self.label()
        self.start(head)
        slot = len(self.lines)  # the phis go here, once the values of the next iteration are known
        index = self.emit("", "int64")
        values = [self.emit("", v.dtype, v.lanes) for v in initial]
        inside = self.emit(f"icmp slt i64 {index.name}, {end.name}", "bool")
        self.do(f"br i1 {inside.name}, label %{body}, label %{done}")
        self.terminated = True
        self.start(body)
        loop = Loop(index, values)
        yield loop
        following = self.emit(f"add nsw i64 {index.name}, {step.name}", "int64")
        latch = self.block
        self.do(f"br label %{head}")
        phis = [(index, begin, following), *zip(values, initial, loop.updates, strict=True)]
        for k, (phi, first, later) in enumerate(phis):
            incoming = f"[ {first.name}, %{before} ], [ {later.name}, %{latch} ]"
            self.lines[slot + k] = f"  {phi.name} = phi {phi.type} {incoming}"
        self.terminated = True
        self.start(done)

    @contextmanager
    def loop(self, begin: Value | int, end: Value | int, step: Value | int = 1) -> Iterator[Value]:
        """A counted loop without accumulators; gives the index."""
        with self.loop_carried(begin, end, step) as loop:
            yield loop.index

    # ------------------------------------------------------------------ branches

    @contextmanager
    def if_(self, condition: Value) -> Iterator[None]:
        """Instructions that run when a scalar bool holds; values made inside must not be used after it."""
        inside, done = self.label(), self.label()
        self.do(f"br i1 {condition.name}, label %{inside}, label %{done}")
        self.terminated = True
        self.start(inside)
        yield
        self.start(done)

    def branch(
        self, condition: Value, then: Callable[[], Sequence[Value]], otherwise: Callable[[], Sequence[Value]]
    ) -> list[Value]:
        """Run one of two pieces of code; both return values of the same types, the result is that of the one run."""
        labels, done = (self.label(), self.label()), self.label()
        self.do(f"br i1 {condition.name}, label %{labels[0]}, label %{labels[1]}")
        outcomes: list[tuple[Sequence[Value], str]] = []
        for label, make in zip(labels, (then, otherwise), strict=True):
            self.terminated = True
            self.start(label)
            values = make()
            outcomes.append((values, self.block))
            self.do(f"br label %{done}")
        self.terminated = True
        self.start(done)
        (yes, yes_block), (no, no_block) = outcomes
        return [
            self.emit(f"phi {x.type} [ {x.name}, %{yes_block} ], [ {y.name}, %{no_block} ]", x.dtype, x.lanes)
            for x, y in zip(yes, no, strict=True)
        ]
