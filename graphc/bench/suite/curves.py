"""How costs grow: compile time over the size of a graph, run time over the size of a batch."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import graphc as gc
from graphc.bench.suite.tables import Table, duration

GRAPH_SIZES = (100, 300, 1_000, 3_000, 10_000)
BATCHES = (1, 10, 100, 1_000, 10_000, 100_000)
LAYERS = (64, 128, 10)


@dataclass(frozen=True)
class Point:
    """One place of a curve.

    Attributes
    ----------
    curve : str
    size : int
        Nodes of the program after the passes, or rows of the batch.
    seconds : float
    """

    curve: str
    size: int
    seconds: float


def compile_curves(sizes: Sequence[int] = GRAPH_SIZES) -> list[Point]:
    """Seconds of one compilation, by the form of the graph and its nodes."""
    from graphc.bench.compile_scaling import GRAPHS, measure

    measure("rnn", 100)
    found = []
    for form in GRAPHS:
        for size in sizes:
            nodes, _, _, seconds = measure(form, size)
            found.append(Point(form, nodes, seconds))
    return found


def batch_curves(batches: Sequence[int] = BATCHES, repeats: int = 7) -> list[Point]:
    """Seconds of a run of a classifier and of a step of its training, by rows of the batch: one compilation for all."""
    from graphc.bench.models import mlp

    model = mlp(1, LAYERS, lambda: gc.train.GradientDescentOptimizer(0.01))
    found = []
    with gc.Session(graph=model.graph, mode="compile") as session:
        for name, fetches in (("loss", model.fetches[:1]), ("training step", model.fetches)):
            call = session.make_callable(fetches, model.feeds)
            for batch in batches:
                values = [value.repeat(batch, 0) for value in model.values]
                call(*values)
                samples = []
                for _ in range(repeats):
                    start = time.perf_counter()
                    call(*values)
                    samples.append(time.perf_counter() - start)
                found.append(Point(name, batch, median(samples)))
    return found


def curve_table(points: Sequence[Point], unit: str) -> Table:
    """Size, time, and time for one of the units, curve by curve."""
    rows = [[p.curve, f"{p.size:,}", duration(p.seconds), duration(p.seconds / p.size)] for p in points]
    return ["curve", f"{unit}s", "us", f"us a {unit}"], rows


def plot_curves(compiled: Sequence[Point], run: Sequence[Point], path: Path) -> Path:
    """Draw both on logarithmic axes.

    Raises
    ------
    GraphError
        If matplotlib is not installed.
    """
    from graphc.session.profile_plot import matplotlib_figure

    figure = matplotlib_figure(figsize=(11, 4.5), layout="constrained")
    parts = ((compiled, "nodes", "compile, s", "Compilation"), (run, "rows of the batch", "run, s", "Runs"))
    for axes, (points, across, up, title) in zip(figure.subplots(1, 2), parts, strict=True):
        for name in dict.fromkeys(p.curve for p in points):
            line = [p for p in points if p.curve == name]
            axes.plot([p.size for p in line], [p.seconds for p in line], "o-", label=name)
        axes.set(xscale="log", yscale="log", xlabel=across, ylabel=up, title=title)
        axes.grid(alpha=0.3)
        axes.legend(fontsize=8)
    figure.savefig(path)
    return path
