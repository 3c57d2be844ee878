"""Where the time of a step goes, kernel by kernel, held against what the machine could do."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphc.session.export import write_file

if TYPE_CHECKING:
    from graphc.session.machine import Machine

Quartiles = tuple[float, float, float]


def quartiles(values: Sequence[float]) -> Quartiles:
    """First quartile, median and third quartile.

    Examples
    --------
    >>> quartiles([4.0, 1.0, 2.0, 3.0, 5.0])
    (2.0, 3.0, 4.0)
    """
    import numpy as np

    first, middle, last = np.quantile(np.asarray(values, np.float64), (0.25, 0.5, 0.75))
    return float(first), float(middle), float(last)


@dataclass(frozen=True)
class KernelProfile:
    """One kernel call of a step; times and amounts are those of all its runs in one step.

    Attributes
    ----------
    number : int
        Place among the calls of `Function.report`.
    label : str
        The operations that it computes.
    kind : str
        Name of its spec in `graphc.loops.spec`.
    within : tuple of str
        Branches and loops around it, outermost first.
    nodes : tuple of int
        Numbers of the nodes it came from, in the text of the program before the passes.
    operations, lines : tuple of str
        Names of the user's operations behind it, and the lines (``file:line``) that made them.
    runs : int
        How often it ran in a step.
    seconds : tuple of float
        First quartile, median and third quartile over steps.
    bytes, flops : int
        Moved if every element that is touched comes from memory once; scalar operations. 0 flops where nobody counts.
    bound_seconds : float
        The least time that the machine could need; 0 where nobody knows.
    limit : str
        What bounds it: ``memory``, ``arithmetic``, ``overhead`` or ``unknown``; empty for a branch or loop, whose
        calls have rows of their own.
    """

    number: int
    label: str
    kind: str
    within: tuple[str, ...]
    nodes: tuple[int, ...]
    operations: tuple[str, ...]
    lines: tuple[str, ...]
    runs: int
    seconds: Quartiles
    bytes: int
    flops: int
    bound_seconds: float
    limit: str

    @property
    def gbytes_per_second(self) -> float:
        """Achieved, at the median time."""
        return self.bytes / self.seconds[1] * 1e-9 if self.seconds[1] else 0.0

    @property
    def gflops_per_second(self) -> float:
        """Achieved, at the median time."""
        return self.flops / self.seconds[1] * 1e-9 if self.seconds[1] else 0.0

    @property
    def fraction(self) -> float | None:
        """The bound as a part of the median time, at most 1; None where there is no bound."""
        if not self.bound_seconds:
            return None
        return min(self.bound_seconds / self.seconds[1], 1.0) if self.seconds[1] else 1.0


@dataclass(frozen=True)
class Profile:
    """A profile; printing it gives a table, longest kernels first.

    Attributes
    ----------
    kernels : tuple of KernelProfile
        In the order in which they run; a branch or loop stands before its calls.
    step_seconds : tuple of float
        A whole call from Python, without clocks inside: first quartile, median and third quartile.
    repeats : int
        Steps that were measured.
    threads : int
    sizes : dict of str to int
        Values of the size symbols.
    machine : Machine
        The limits that were measured.
    events : tuple of (int, int, int)
        Call, begin and end in nanoseconds of the kernels of one step, in order; the first 32,768.
    arena_bytes : int
        Working memory that is held.
    """

    kernels: tuple[KernelProfile, ...]
    step_seconds: Quartiles
    repeats: int
    threads: int
    sizes: dict[str, int]
    machine: Machine
    events: tuple[tuple[int, int, int], ...]
    arena_bytes: int

    @property
    def timed(self) -> list[KernelProfile]:
        """The kernels that ran, longest first; no branches or loops, whose calls are kernels themselves."""
        return sorted((k for k in self.kernels if k.runs and k.limit), key=lambda k: -k.seconds[1])

    @property
    def kernel_seconds(self) -> float:
        """Median times of all kernels together."""
        return sum(k.seconds[1] for k in self.timed)

    @property
    def overhead_seconds(self) -> float:
        """What is left of a step without its kernels: checks, entering the step, allocating results."""
        return max(self.step_seconds[1] - self.kernel_seconds, 0.0)

    def rows(self) -> list[list[str]]:
        """The cells of the table, longest kernels first."""
        total = self.kernel_seconds or 1.0
        return [
            [
                str(k.number), k.label, _where(k), f"{k.seconds[1] * 1e6:,.2f}", f"{k.seconds[1] / total:.1%}",
                f"{k.runs:,}", f"{k.bytes / 1e6:,.3f}", f"{k.flops / 1e6:,.3f}", f"{k.gbytes_per_second:,.1f}",
                f"{k.gflops_per_second:,.1f}", "-" if k.fraction is None else f"{k.fraction:.0%}", k.limit,
            ]
            for k in self.timed
        ]  # fmt: skip

    def _summary(self) -> list[str]:
        first, middle, last = self.step_seconds
        rates = [rate * 1e-9 for _, rate in self.machine.bandwidth]
        return [
            f"step {middle * 1e6:,.2f} us ({first * 1e6:,.2f} to {last * 1e6:,.2f}), of which kernels "
            f"{self.kernel_seconds * 1e6:,.2f} us; {self.repeats} runs, {self.threads} threads, "
            f"{self.arena_bytes:,} bytes of working memory",
            f"{self.machine.model}: copies up to {max(rates):,.0f} GB/s in cache, {rates[-1]:,.0f} GB/s from memory; "
            "products "
            + ", ".join(f"{rate * 1e-9:,.0f} GFLOP/s in {name}" for name, rate in self.machine.flops.items()),
        ]

    def __str__(self) -> str:
        rows = [list(HEADS), *self.rows()]
        wide = [max(len(row[i]) for row in rows) for i in range(len(HEADS))]
        lines = [
            "  ".join(
                cell.ljust(w) if head in LEFT else cell.rjust(w) for cell, w, head in zip(row, wide, HEADS, strict=True)
            ).rstrip()
            for row in rows
        ]
        return "\n".join([*self._summary(), "", *lines])

    def __rich__(self) -> Any:
        """A table for `rich`, coloured by what limits a kernel."""
        from rich.console import Group
        from rich.table import Table
        from rich.text import Text

        table = Table(box=None, header_style="bold")
        for head in HEADS:
            table.add_column(
                head, justify="left" if head in LEFT else "right", overflow="fold" if head in LEFT else "ellipsis"
            )
        for row in self.rows():
            table.add_row(*map(Text, row), style=COLOURS.get(row[-1], ""))
        return Group(*map(Text, self._summary()), table)

    def to_dict(self) -> dict[str, Any]:
        """Plain data: fields, and what follows from them."""
        derived = ("gbytes_per_second", "gflops_per_second", "fraction")
        return asdict(self) | {
            "machine": self.machine.to_dict(),
            "kernels": [asdict(k) | {name: getattr(k, name) for name in derived} for k in self.kernels],
            "kernel_seconds": self.kernel_seconds,
            "overhead_seconds": self.overhead_seconds,
        }

    def to_json(self, path: str | os.PathLike[str] | None = None) -> str:
        """The profile as JSON text, also written to a file if there is a path."""
        text = json.dumps(self.to_dict(), indent=1)
        if path is not None:
            write_file(text, path)
        return text

    def chrome_trace(self, path: str | os.PathLike[str]) -> Path:
        """Write the kernels of one step on a time line, in the Trace Event Format: for Perfetto or chrome://tracing.

        Parameters
        ----------
        path : path-like
            A ``.json`` file.
        """
        return write_file(json.dumps({"traceEvents": self._trace_events(), "displayTimeUnit": "ns"}), path)

    def _trace_events(self) -> list[dict[str, Any]]:
        """Names of the process and its one line, and an event for each run of a kernel; times in microseconds."""
        start = self.events[0][1] if self.events else 0
        ids = {"pid": 1, "tid": 1}
        found: list[dict[str, Any]] = [
            {"name": "process_name", "ph": "M", **ids, "args": {"name": "graphc"}},
            {"name": "thread_name", "ph": "M", **ids, "args": {"name": f"one step, {self.threads} threads"}},
        ]
        for number, begin, end in self.events:
            k = self.kernels[number]
            facts = {"call": number, "lines": list(k.lines), "operations": list(k.operations), "limit": k.limit}
            amounts = {"bytes": k.bytes // max(k.runs, 1), "flops": k.flops // max(k.runs, 1)}
            times = {"ts": (begin - start) * 1e-3, "dur": (end - begin) * 1e-3}
            found.append({"name": k.label, "cat": k.kind, "ph": "X", **ids, **times, "args": {**facts, **amounts}})
        return found

    def plot(self, path: str | os.PathLike[str]) -> Path:
        """Draw the roofline with every kernel on it, and bars of their times, into a PNG, SVG or PDF file.

        Raises
        ------
        GraphError
            If matplotlib is not installed: it comes with ``pip install graphc[plot]``.
        """
        from graphc.session.profile_plot import plot_profile

        return plot_profile(self, Path(path))


HEADS = ("#", "kernel", "line", "us", "share", "runs", "MB", "Mflop", "GB/s", "GFLOP/s", "of bound", "limit")
LEFT = ("kernel", "line", "limit")
COLOURS = {"memory": "cyan", "arithmetic": "green", "overhead": "yellow"}


def _where(kernel: KernelProfile) -> str:
    """The first line that a kernel came from, and how many more there are."""
    if not kernel.lines:
        return ""
    file, _, line = kernel.lines[0].rpartition(":")
    more = f" +{len(kernel.lines) - 1}" if len(kernel.lines) > 1 else ""
    return f"{os.path.basename(file)}:{line}{more}"
