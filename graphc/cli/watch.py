"""What the steps of a script cost, and pictures of them: for ``graphc run --profile`` and ``--explain``."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphc.session.report import Report
from graphc.session.session import Plan, Step

if TYPE_CHECKING:
    import numpy as np

MOST_DRAWN = 12
"""Steps that get a picture, those that took longest."""


class WatchedStep:
    """A step that counts its calls and their seconds; everything else is the step's own.

    Attributes
    ----------
    plan : Plan
    calls : int
    first, later : float
        Seconds of the first call, and of all others together.
    """

    def __init__(self, plan: Plan, step: Step) -> None:
        self.plan, self.step = plan, step
        self.calls, self.first, self.later = 0, 0.0, 0.0

    def __call__(self, feeds: Sequence[np.ndarray]) -> list[Any]:
        """Run once."""
        start = time.perf_counter()
        found = self.step(feeds)
        self._count(time.perf_counter() - start)
        return found

    def attempt(self, values: Sequence[Any]) -> list[Any] | None:
        """Run on unchecked values if the step can."""
        quick = getattr(self.step, "attempt", None)
        if quick is None:
            return None
        start = time.perf_counter()
        found: list[Any] | None = quick(values)
        if found is not None:
            self._count(time.perf_counter() - start)
        return found

    def _count(self, seconds: float) -> None:
        if self.calls:
            self.later += seconds
        else:
            self.first = seconds
        self.calls += 1

    def __getattr__(self, name: str) -> Any:
        return getattr(self.step, name)

    @property
    def seconds(self) -> float:
        """Of all calls."""
        return self.first + self.later

    def title(self) -> str:
        """What is fetched, from what."""
        fetched = _listed([getattr(f, "name", str(f)) for f in self.plan.targets])
        fed = _listed([f.name for f in self.plan.feeds])
        return f"{fetched} from {fed}" if fed else fetched

    def compiled(self) -> Report | None:
        """What the compiler did; None for a step that NumPy runs."""
        report = getattr(self.step, "report", None)
        return None if report is None else Report.of(report())


def _listed(names: list[str]) -> str:
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")


class Watch:
    """All steps of a process, in the order in which they were made."""

    def __init__(self) -> None:
        self.steps: list[WatchedStep] = []

    def __call__(self, plan: Plan, step: Step) -> Step:
        """Watch one more step."""
        watched = WatchedStep(plan, step)
        self.steps.append(watched)
        return watched

    def finish(self, script: str, picture: Path | None, profile: bool) -> None:
        """Write the pictures and print the profile, on standard error."""
        sys.stdout.flush()
        if picture is not None:
            if picture.suffix == ".svg":
                self._draw_longest(script, picture)
            else:
                picture.write_text(self.page(script), encoding="utf-8")
            print(f"graphc: explained in {picture}", file=sys.stderr)
        if profile:
            print(self.profile(), file=sys.stderr)

    def profile(self) -> str:
        """A table of all steps by time, and the compiler's report of the one that took longest."""
        if not self.steps:
            return "graphc: no step was run"
        ordered = self._by_time()
        lines = ["", "steps by time:", f"{'calls':>8} {'total ms':>10} {'us a call':>10} {'kernels':>8}  step"]
        for step in ordered:
            report = step.compiled()
            kernels = "NumPy" if report is None else str(report["kernels"]["called"])
            each = f"{step.later / (step.calls - 1) * 1e6:.1f}" if step.calls > 1 else "-"
            lines.append(f"{step.calls:8d} {step.seconds * 1e3:10.2f} {each:>10} {kernels:>8}  {step.title()}")
        lines.append("(us a call: without the first one)")
        longest = next((s for s in ordered if s.compiled() is not None), None)
        if longest is not None:
            lines += ["", f"the longest one, {longest.title()}:", str(longest.compiled())]
        return "\n".join(lines)

    def page(self, script: str) -> str:
        """An HTML document with a picture and a report of every step, the longest first."""
        from graphc.viz.plan import plan_diagram
        from graphc.viz.svg import render
        from graphc.viz.usergraph import diagram

        name = escape(Path(script).name)
        parts = [
            f"<!doctype html><html lang='en'><meta charset='utf-8'><title>{name}</title><style>body "
            "{font-family: sans-serif; margin: 2em} pre {overflow: auto} figure {overflow: auto; margin: 0}</style>",
            f"<h1>{name}</h1><p>{len(self.steps)} steps, the longest first.</p>",
        ]
        for step in self._by_time()[:MOST_DRAWN]:
            parts.append(f"<h2>{escape(step.title())}</h2><p>{step.calls} calls, {step.seconds * 1e3:.2f} ms</p>")
            pictures = [diagram(list(step.plan.fetches), "As it was built")]
            report = step.compiled()
            if report is not None:
                pictures.append(plan_diagram(report, "As it was compiled"))
            parts += [f"<figure>{render(picture)}</figure>" for picture in pictures]
            parts.append("<p>Run by NumPy.</p>" if report is None else f"<pre>{escape(str(report))}</pre>")
        return "\n".join([*parts, "</html>\n"])

    def _draw_longest(self, script: str, picture: Path) -> None:
        from graphc.viz import export

        for step in self._by_time():
            report = step.compiled()
            what = list(step.plan.fetches) if report is None else report
            export(what, picture, f"{Path(script).name}: {step.title()}")
            return

    def _by_time(self) -> list[WatchedStep]:
        return sorted(self.steps, key=lambda step: -step.seconds)


def check_path(path: Path) -> Path:
    """The absolute path of a picture, if one can be written there.

    Raises
    ------
    ValueError
        For an ending other than ``.html`` and ``.svg``.
    FileNotFoundError
        If there is no such directory.
    """
    if path.suffix not in (".html", ".svg"):
        raise ValueError(f"--explain writes .html or .svg files, not {path.name}")
    if not path.absolute().parent.is_dir():
        raise FileNotFoundError(f"no directory {path.absolute().parent} to write {path.name} into")
    return path.absolute()
