"""Measures workloads: every framework in processes of its own, all in turn, after their outputs were compared."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from graphc.bench.suite.data import WORKLOADS
from graphc.bench.suite.frameworks import FRAMEWORKS, Framework
from graphc.bench.suite.quiet import Others
from graphc.bench.suite.results import Results, Row, Skipped

ROOT = str(Path(__file__).parents[2])

# A process that measures another framework does not load graphc: its package is there, without what it imports.
_WITHOUT_US = (
    "import sys, types; package = types.ModuleType('graphc'); package.__path__ = [{root!r}]; "
    "sys.modules['graphc'] = package; "
)
_SERVE = "import sys; sys.path[:0] = [{above!r}]; from graphc.bench.suite.worker import main; main()"

SCRIPT_TOLERANCE = 1e-3
REPEATED_STARTS = 3
LONG_START = 4.0
"""Seconds after which a start is not repeated."""


class MismatchError(Exception):
    """Two frameworks do not compute the same."""


@dataclass(frozen=True)
class Options:
    """How to measure.

    Attributes
    ----------
    rounds : int
        Times that every framework is measured, in turn.
    seconds : float
        For each framework in each round.
    threads : int
        Processors that the processes may use; 0: all.
    pythons : mapping of str to str
        Interpreters to use for frameworks by name, where these are not installed beside graphc.
    tell : callable
        Takes a line about what goes on.
    """

    rounds: int = 10
    seconds: float = 0.2
    threads: int = 0
    pythons: Mapping[str, str] = field(default_factory=dict)
    tell: Callable[[str], None] = lambda line: None

    @property
    def processors(self) -> list[int]:
        """Numbers of the processors that may be used."""
        every = sorted(os.sched_getaffinity(0))
        return every[: self.threads] if self.threads else every


class Worker:
    """A process that runs one workload in one framework; see `graphc.bench.suite.worker`."""

    def __init__(self, framework: Framework, workload: str, caches: Path, options: Options) -> None:
        caches.mkdir(exist_ok=True, mode=0o700)
        count = str(len(options.processors))
        environment = {name: value for name, value in os.environ.items() if name not in _SET_ELSEWHERE}
        environment |= dict.fromkeys(_THREADS, count)
        environment |= {name: text.format(caches) for name, text in framework.caches.items()}
        code = _SERVE.format(above=str(Path(ROOT).parent))
        if not framework.ours and ":" not in workload:
            code = _WITHOUT_US.format(root=ROOT) + code
        python = options.pythons.get(framework.name, sys.executable)
        self.framework = framework
        self.errors = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115 (see close)
        processors = options.processors
        self.began = time.time()
        self.process = subprocess.Popen(
            [python, "-c", code, framework.name, workload],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors, text=True, env=environment,
            preexec_fn=lambda: os.sched_setaffinity(0, processors),
        )  # fmt: skip

    def first(self) -> dict[str, Any]:
        """The answer after the first run: ``start`` seconds since the process began, or why there is none."""
        found = self._answer()
        return found | {"start": found["moment"] - self.began} if "moment" in found else found

    def ask(self, *command: Any) -> dict[str, Any]:
        """Send a command and wait for the answer.

        Raises
        ------
        RuntimeError
            If it fails, with the end of what the process printed.
        """
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(command) + "\n")
        self.process.stdin.flush()
        found = self._answer()
        if "error" in found:
            raise RuntimeError(f"{self.framework.name}: {found['error']}")
        return found

    def _answer(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if line:
            found: dict[str, Any] = json.loads(line)
            return found
        self.process.wait()
        self.errors.seek(0)
        return {"error": f"the process ended with {self.process.returncode}: {self.errors.read()[-500:].strip()}"}

    def close(self) -> None:
        """End the process."""
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                stream.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.errors.close()


_THREADS = ("GRAPHC_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")
# What a machine may set that makes one framework slower than another: an older kernel of OpenBLAS, Python's byte code
# compiled anew at every start where an installed package has it.
_SET_ELSEWHERE = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "PYTHONDONTWRITEBYTECODE")


def measure(workload: str, peers: Sequence[Framework], options: Options) -> Results:
    """Rows of a workload, graphc's first; a peer with other outputs is an error, not a row.

    Parameters
    ----------
    workload : str
        A name of the suite, or ``path/to/script.py:builder``.
    peers : sequence of Framework
    options : Options

    Raises
    ------
    RuntimeError
        If graphc fails, or a peer does after it has run.
    """
    started: dict[str, Worker] = {}
    rows: dict[str, Row] = {}
    results = Results()
    with tempfile.TemporaryDirectory(prefix="graphc-bench-") as name:
        folder = Path(name)
        try:
            for framework in [FRAMEWORKS["graphc"], *peers]:
                options.tell(f"{workload}: {framework.name} starts")
                found = _started(framework, workload, folder, options)
                if isinstance(found, Skipped):
                    if framework.name == "graphc":
                        raise RuntimeError(f"{workload}: {found.reason}")
                    results.skipped.append(found)
                    continue
                worker, row = found
                try:
                    row.difference = _compared(workload, framework.name, folder)
                except MismatchError as error:
                    results.errors.append(str(error))
                    worker.close()
                    continue
                started[framework.name], rows[framework.name] = worker, row
            _take_turns(workload, started, rows, options)
        finally:
            for worker in started.values():
                worker.close()
    results.rows = list(rows.values())
    return results


def _started(framework: Framework, workload: str, folder: Path, options: Options) -> tuple[Worker, Row] | Skipped:
    """Start with empty caches and again with full ones; the last process stays, and has written its outputs."""
    cold: list[float] = []
    for number in range(REPEATED_STARTS):
        caches = folder / f"{framework.name}-{number}"
        worker = Worker(framework, workload, caches, options)
        first = worker.first()
        worker.close()
        reason = first.get("missing") or first.get("error")
        if reason:
            return Skipped(workload, framework.name, len(options.processors), str(reason))
        cold.append(first["start"])
        if sum(cold) > LONG_START:
            break
    warm: list[float] = []
    for number in range(len(cold)):
        worker = Worker(framework, workload, caches, options)
        warm.append(worker.first()["start"])
        if number + 1 < len(cold):
            worker.close()
    worker.ask("outputs", str(folder / f"{framework.name}.npz"))
    return worker, Row(workload, framework.name, len(options.processors), median(cold), median(warm))


def _compared(workload: str, name: str, folder: Path) -> float:
    """The largest difference of outputs to graphc's, as a part of the largest value.

    Raises
    ------
    MismatchError
        If it is too large, or numbers or shapes differ.
    """
    tolerance = WORKLOADS[workload].tolerance if workload in WORKLOADS else SCRIPT_TOLERANCE
    with np.load(folder / "graphc.npz") as ours, np.load(folder / f"{name}.npz") as theirs:
        if sorted(ours) != sorted(theirs):
            raise MismatchError(f"{workload}: graphc has {len(ours) // 2} outputs, {name} {len(theirs) // 2}")
        return max((difference(workload, name, key, ours[key], theirs[key], tolerance) for key in ours), default=0.0)


def difference(workload: str, name: str, key: str, ours: np.ndarray, theirs: np.ndarray, tolerance: float) -> float:
    """The largest difference of two arrays as a part of the largest value.

    Raises
    ------
    MismatchError
        If it is above the tolerance, or the shapes differ.
    """
    run, _, number = key.partition("_")
    where = f"{workload}: output {number} of the {('first', 'third')[int(run)]} run"
    if ours.shape != theirs.shape:
        raise MismatchError(f"{where} has shape {ours.shape} in graphc and {theirs.shape} in {name}")
    if not ours.size:
        return 0.0
    a, b = np.asarray(ours, np.float64), np.asarray(theirs, np.float64)
    found = float(np.max(np.abs(a - b)) / max(float(np.max(np.abs(a))), 1e-30))
    if not found <= tolerance:
        raise MismatchError(f"{where} differs between graphc and {name} by {found:.1e} of the largest value")
    return found


def _take_turns(workload: str, workers: Mapping[str, Worker], rows: Mapping[str, Row], options: Options) -> None:
    """Measure round by round, so that whatever else the machine does disturbs all alike.

    A round in which other processes took much time is repeated, but not more often than there are rounds; then the
    quietest ones count.
    """
    rounds: list[tuple[float, dict[str, list[float]]]] = []
    others = Others([worker.process.pid for worker in workers.values()])
    while sum(share <= QUIET for share, _ in rounds) < options.rounds and len(rounds) < 2 * options.rounds + 1:
        options.tell(f"{workload}: round {len(rounds)} of {options.rounds}")
        others.share()
        found = {name: worker.ask("time", options.seconds)["seconds"] for name, worker in workers.items()}
        # The first warms everything up; it only counts where there is never quiet.
        rounds.append((others.share() if rounds else 1.0, found))
    for share, found in sorted(rounds, key=lambda item: item[0])[: options.rounds]:
        for name, samples in found.items():
            rows[name].add_round(samples, share)
    for name, worker in workers.items():
        facts = worker.ask("facts")
        rows[name].peak_bytes, rows[name].arena_bytes = facts["peak_bytes"], facts["arena_bytes"]
        rows[name].versions = facts["versions"]


QUIET = 0.05
"""Part of the processors' time that other processes may take in a round."""
