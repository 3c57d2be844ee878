"""One framework with one workload in a process of its own, which does what lines on its standard input say.

Every command is a JSON list, every answer a JSON object on one line. What frameworks print goes to standard error.
"""

from __future__ import annotations

import json
import os
import sys
import time
import traceback
from collections.abc import Callable
from typing import Any, TextIO

import numpy as np

from graphc.bench.suite.data import WORKLOADS
from graphc.bench.suite.frameworks import FRAMEWORKS, Framework

SAMPLE_SECONDS = 50e-6
"""Shorter calls are timed several at a time, so that the clock does not matter."""
MOST_SAMPLES = 2000
PAUSE_SECONDS = 0.1
RUNS = 3
"""Outputs are compared after the first and after so many runs: by then updates have had an effect."""

Run = Callable[[], Any]


class NotAvailable(Exception):
    """The framework is not installed, or does not have the workload."""


class Measured:
    """A framework's run of a workload, with what else is asked of it."""

    def __init__(self, framework: Framework, workload: str) -> None:
        missing = framework.missing()
        if missing:
            raise NotAvailable(f"{', '.join(missing)} cannot be imported")
        self.framework = framework
        self.arena: Callable[[], int] | None = None
        self.inner = 0
        self.run: Run = self._script(workload) if ":" in workload else self._suite(workload)

    def _suite(self, workload: str) -> Run:
        if self.framework.ours:
            from graphc.bench.suite.models.ours import MODELS

            model: Any = MODELS[workload](WORKLOADS[workload].make())
            return self._session(model.graph, model.fetches, dict(zip(model.feeds, model.values, strict=True)))
        builders = self.framework.builders()
        if not hasattr(builders, workload):
            raise NotAvailable(f"there is no {workload} for it")
        return getattr(builders, workload)(WORKLOADS[workload].make())  # type: ignore[no-any-return]

    def _script(self, spec: str) -> Run:
        """A builder in a file: of fetches and feeds for graphc, of a function for others."""
        import runpy

        path, _, name = spec.rpartition(":")
        sys.path.insert(0, os.path.dirname(os.path.abspath(path)))
        names = runpy.run_path(path)
        builder = names.get(name + self.framework.script_suffix)
        if builder is None:
            raise NotAvailable(f"{path} has no function {name}{self.framework.script_suffix}")
        if not self.framework.ours:
            return builder()  # type: ignore[no-any-return]
        import graphc as gc

        fetches, feeds = builder()
        return self._session(gc.get_default_graph(), fetches, feeds)

    def _session(self, graph: Any, fetches: Any, feeds: dict[Any, Any]) -> Run:
        import graphc as gc

        fetches = list(fetches) if isinstance(fetches, list | tuple) else [fetches]
        session = gc.Session(graph=graph, mode="compile" if self.framework.name == "graphc" else "interpret")
        call, values = session.make_callable(fetches, list(feeds)), list(feeds.values())
        if self.framework.name == "graphc":
            self.arena = lambda: int(session.report(fetches, list(feeds))["held_bytes"])
        return lambda: [value for value in call(*values) if value is not None]

    def save_outputs(self, first: Any, path: str) -> dict[str, Any]:
        """Write the outputs of the first run and of a later one."""
        arrays = {f"0_{i}": as_array(value) for i, value in enumerate(first)}
        for _ in range(RUNS - 1):
            last = self.run()
        arrays |= {f"1_{i}": as_array(value) for i, value in enumerate(last)}
        np.savez(path, **arrays)  # type: ignore[arg-type]
        return {"outputs": len(first)}

    def time(self, seconds: float) -> dict[str, Any]:
        """Seconds of single runs, for about so long, after a pause and a run that does not count.

        Threads of the framework before may still look for work, and its data fill the caches.
        """
        time.sleep(PAUSE_SECONDS)
        self.run()
        if not self.inner:
            start = time.perf_counter()
            self.run()
            self.inner = max(1, round(SAMPLE_SECONDS / max(time.perf_counter() - start, 1e-7)))
        samples: list[float] = []
        stop = time.perf_counter() + seconds
        run, inner = self.run, range(self.inner)
        while not samples or (time.perf_counter() < stop and len(samples) < MOST_SAMPLES):
            start = time.perf_counter()
            for _ in inner:
                run()
            samples.append((time.perf_counter() - start) / len(inner))
        return {"seconds": samples}

    def facts(self) -> dict[str, Any]:
        """Memory, and versions of what is loaded."""
        with open("/proc/self/status", encoding="ascii") as file:
            peak = next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmHWM"))
        names = ("numpy", *self.framework.needs)
        versions = {name: str(getattr(sys.modules.get(name), "__version__", "?")) for name in dict.fromkeys(names)}
        return {"peak_bytes": peak, "arena_bytes": self.arena() if self.arena else None, "versions": versions}


def as_array(value: Any) -> np.ndarray:
    """A framework's array in NumPy's terms."""
    return np.asarray(value.detach().numpy() if hasattr(value, "detach") else value)


def serve(name: str, workload: str, commands: TextIO, answers: TextIO) -> None:
    """Build, run once, then answer until the input ends."""

    def answer(found: dict[str, Any]) -> None:
        print(json.dumps(found), file=answers, flush=True)

    try:
        measured = Measured(FRAMEWORKS[name], workload)
        first = measured.run()
        answer({"moment": time.time()})
        for line in commands:
            command, *arguments = json.loads(line)
            if command == "outputs":
                answer(measured.save_outputs(first, *arguments))
                first = None
            else:
                answer(measured.facts() if command == "facts" else measured.time(*arguments))
    except NotAvailable as error:
        answer({"missing": str(error)})
    except ModuleNotFoundError as error:
        answer({"missing": f"{error.name} cannot be imported"})
    except Exception as error:
        traceback.print_exc()
        answer({"error": f"{type(error).__name__}: {error}"})


def main() -> None:
    """Serve the framework and workload of the command line."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    serve(sys.argv[1], sys.argv[2], sys.stdin, answers)


if __name__ == "__main__":
    main()
