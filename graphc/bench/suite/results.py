"""Results of the suite: rows, ratios with their spread, files, and whether one is worse than another."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from graphc.session.profile import Quartiles, quartiles


@dataclass
class Row:
    """One framework on one workload.

    Attributes
    ----------
    workload, framework : str
    threads : int
        Processors that it could use.
    cold, warm : float
        Seconds from the start of the process to the first result, with empty and with full caches.
    rounds : list of float
        Median seconds of a run in each round.
    step : tuple of float
        First quartile, median and third quartile of all runs, in seconds.
    difference : float
        Of its outputs to graphc's, as a part of the largest value.
    peak_bytes : int
        Largest resident size of its process.
    arena_bytes : int or None
        Working memory that graphc planned.
    versions : dict of str to str
    others : float
        Largest part of the processors' time that other processes took in a round.
    """

    workload: str
    framework: str
    threads: int
    cold: float
    warm: float
    rounds: list[float] = field(default_factory=list)
    step: Quartiles = (0.0, 0.0, 0.0)
    difference: float = 0.0
    peak_bytes: int = 0
    arena_bytes: int | None = None
    versions: dict[str, str] = field(default_factory=dict)
    others: float = 0.0
    _samples: list[float] = field(default_factory=list, repr=False, compare=False)

    def add_round(self, samples: Sequence[float], others: float = 0.0) -> None:
        """Take in the runs of one round, in which other processes took so much of the processors' time."""
        self.others = max(self.others, others)
        self._samples += samples
        self.rounds.append(quartiles(samples)[1])
        self.step = quartiles(self._samples)

    def to_dict(self) -> dict[str, Any]:
        """Plain data, without single runs."""
        return {name: value for name, value in asdict(self).items() if not name.startswith("_")}


@dataclass(frozen=True)
class Skipped:
    """A framework that was not measured on a workload, and why."""

    workload: str
    framework: str
    threads: int
    reason: str


def ratio(theirs: Row, ours: Row) -> Quartiles:
    """How many times longer another framework takes, round by round: first quartile, median, third quartile.

    Examples
    --------
    >>> ours, theirs = (Row("w", name, 1, 0.0, 0.0, rounds) for name, rounds in (("a", [1.0, 2.0]), ("b", [2.0, 6.0])))
    >>> ratio(theirs, ours)
    (2.25, 2.5, 2.75)
    """
    return quartiles([b / a for a, b in zip(ours.rounds, theirs.rounds, strict=True)])


@dataclass
class Results:
    """A whole run of ``graphc bench``."""

    rows: list[Row] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    machine: dict[str, Any] = field(default_factory=dict)

    def groups(self) -> dict[tuple[str, int], list[Row]]:
        """Rows by workload and number of threads, graphc's first."""
        found: dict[tuple[str, int], list[Row]] = {}
        for row in self.rows:
            found.setdefault((row.workload, row.threads), []).append(row)
        return found

    def save(self, path: Path) -> None:
        """Write everything as JSON."""
        data = {
            "machine": self.machine,
            "rows": [row.to_dict() for row in self.rows],
            "skipped": [asdict(s) for s in self.skipped],
            "errors": self.errors,
        }
        path.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> Results:
        """Read what `save` wrote.

        Raises
        ------
        ValueError
            If the file holds something else.
        """
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
            rows = [Row(**{**row, "step": tuple(row["step"])}) for row in data["rows"]]
            return cls(rows, [Skipped(**s) for s in data["skipped"]], data["errors"], data["machine"])
        except (KeyError, TypeError, json.JSONDecodeError) as error:
            raise ValueError(f"{path} holds no results of graphc bench: {error!r}") from None


def machine_facts() -> dict[str, Any]:
    """Where and with what results were made: processor, versions, thread settings, commit."""
    from graphc import __version__
    from graphc.runtime.cpu import cpu_info

    cpu = cpu_info()
    settings = {name: value for name, value in os.environ.items() if name.endswith("_NUM_THREADS")}
    return {
        "graphc": __version__,
        "commit": _commit(),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "processor": cpu.model,
        "isa": cpu.isa,
        "cores": cpu.cores,
        "settings": settings,
    }


def _commit() -> str:
    """The git commit of graphc's own files, marked if they were changed since; empty outside of a checkout."""
    folder = str(Path(__file__).parent)

    def git(*arguments: str) -> str:
        done = subprocess.run(["git", "-C", folder, *arguments], capture_output=True, text=True, check=False)
        return done.stdout.strip() if done.returncode == 0 else ""

    try:
        commit = git("rev-parse", "HEAD")
        return commit + (" and changes" if commit and git("status", "--porcelain", "--untracked-files=no") else "")
    except OSError:
        return ""


@dataclass(frozen=True)
class Change:
    """One row of two results.

    Attributes
    ----------
    workload, framework : str
    threads : int
    old, new : float
        Median seconds.
    noise : float
        The part of the time by which they may differ by chance: the two interquartile ranges, at least 3 %.
    """

    workload: str
    framework: str
    threads: int
    old: float
    new: float
    noise: float

    @property
    def ratio(self) -> float:
        """New time by old time."""
        return self.new / self.old

    @property
    def verdict(self) -> str:
        """``slower``, ``faster`` or ``same``: a change within the noise is none."""
        if self.ratio > 1 + self.noise:
            return "slower"
        return "faster" if self.ratio < 1 / (1 + self.noise) else "same"


LEAST_NOISE = 0.03


def changes(old: Results, new: Results) -> list[Change]:
    """What both results have, row by row."""
    before = {(r.workload, r.framework, r.threads): r for r in old.rows}
    found = []
    for row in new.rows:
        other = before.get((row.workload, row.framework, row.threads))
        if other is not None:
            noise = max(LEAST_NOISE, _spread(other.rounds) + _spread(row.rounds))
            middles = (float(np.median(other.rounds)), float(np.median(row.rounds)))
            found.append(Change(row.workload, row.framework, row.threads, *middles, noise))
    return found


def _spread(rounds: Sequence[float]) -> float:
    """The interquartile range as a part of the median."""
    first, middle, last = quartiles(rounds)
    return (last - first) / middle
