"""What each pass and each switch of the back end is worth on a workload."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

import graphc as gc
from graphc.bench.models import Model
from graphc.bench.suite.tables import Table, duration
from graphc.session.profile import Quartiles, quartiles


@dataclass(frozen=True)
class Form:
    """A workload with one optimisation switched off.

    Attributes
    ----------
    off : str
        Its name; empty for the whole.
    kernels : int
        Kernel calls.
    arena_bytes : int
    seconds : float
        Median of a run.
    ratio : tuple of float
        Its time by that of the whole, round by round: quartiles and median.
    """

    off: str
    kernels: int
    arena_bytes: int
    seconds: float
    ratio: Quartiles


def optimisations() -> list[str]:
    """Everything that can be switched off."""
    from graphc.passes.pipeline import PASSES, REQUIRED
    from graphc.schedule.switches import SWITCHES

    return [*(item.name for item in PASSES if item.name not in REQUIRED), *SWITCHES]


def ablated(
    model: Model, rounds: int = 10, seconds: float = 0.05, threads: int = 0, names: Sequence[str] | None = None
) -> list[Form]:
    """Compile a model as a whole and with each optimisation off, and time all of these in turn.

    Parameters
    ----------
    model : Model
    rounds : int
    seconds : float
        For each form in each round.
    threads : int
        Native threads; 0: all.
    names : sequence of str, optional
        Optimisations; all by default.
    """
    off = optimisations() if names is None else names
    forms = [("", *compiled_without(model, (), threads))]
    forms += [(name, *compiled_without(model, (name,), threads)) for name in off]
    times: list[list[float]] = [[] for _ in forms]
    for _ in range(rounds):
        for found, (_, _, _, run) in zip(times, forms, strict=True):
            found.append(_timed(run, seconds))
    return [
        Form(name, kernels, arena, median(found), quartiles([a / b for a, b in zip(found, times[0], strict=True)]))
        for (name, kernels, arena, _), found in zip(forms, times, strict=True)
    ]


def compiled_without(model: Model, off: tuple[str, ...], threads: int) -> tuple[int, int, Callable[[], Any]]:
    """Kernel calls, bytes of temporaries, and a function that runs a step, with some optimisations off."""
    config = gc.Config(mode="compile", disable=off, threads=threads)
    session = gc.Session(graph=model.graph, config=config)
    call = session.make_callable(model.fetches, model.feeds)
    call(*model.values)
    report = session.report(model.fetches, model.feeds)
    return report["kernels"]["called"], report["held_bytes"], lambda: call(*model.values)


def _timed(run: Callable[[], Any], seconds: float) -> float:
    """Median seconds of a run."""
    samples: list[float] = []
    stop = time.perf_counter() + seconds
    while not samples or time.perf_counter() < stop:
        start = time.perf_counter()
        run()
        samples.append(time.perf_counter() - start)
    return median(samples)


def ablation_table(forms: list[Form]) -> Table:
    """What costs most without it first; forms that change neither time nor plan are left out."""
    whole, *rest = forms
    rows = [[f"(all {len(rest)} on)", duration(whole.seconds), "1.00", str(whole.kernels), f"{whole.arena_bytes:,}"]]
    for form in sorted(rest, key=lambda form: -form.ratio[1]):
        first, middle, last = form.ratio
        same_plan = (form.kernels, form.arena_bytes) == (whole.kernels, whole.arena_bytes)
        if same_plan and first <= 1.0 <= last:
            continue
        spread = f"{middle:.2f} ({first:.2f} to {last:.2f})"
        rows.append([form.off, duration(form.seconds), spread, str(form.kernels), f"{form.arena_bytes:,}"])
    return ["off", "us", "times as long", "kernels", "arena, bytes"], rows
