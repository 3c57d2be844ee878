"""The figures that graphc is held to, measured on this machine: ``python -m graphc.bench.figures [--json FILE]``.

JAX is measured in turn with graphc if it can be imported, and left out otherwise. Every number is a median; every
process is fresh. Other work on the machine disturbs them: run it alone.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.util import cache_from_source, find_spec
from pathlib import Path
from statistics import median
from typing import Any

from graphc.bench.suite.frameworks import chosen
from graphc.bench.suite.runner import Options
from graphc.bench.suite.runner import measure as measure_workload

LAZY = ("numba", "llvmlite", "scipy", "networkx", "rich")
"""Modules that ``import graphc`` must not load."""

_IMPORT = """
import json, sys, time
start = time.perf_counter()
import graphc
print(json.dumps({"seconds": time.perf_counter() - start, "modules": sorted(sys.modules)}))
"""


@dataclass(frozen=True)
class Figure:
    """One row of the table.

    Attributes
    ----------
    what : str
    value : float
        In `unit`.
    unit : str
    limit : float or None
        What it may be at most; None where it is shown only to compare with.
    note : str
    """

    what: str
    value: float
    unit: str
    limit: float | None = None
    note: str = ""

    @property
    def reached(self) -> bool:
        """Whether the value is within its limit."""
        return self.limit is None or self.value <= self.limit


def run_worker(name: str, *arguments: str, cache: Path) -> dict[str, Any]:
    """Run one function of `graphc.bench.workers` in a fresh process.

    Raises
    ------
    RuntimeError
        If it fails; with the end of what it printed.
    """
    return _python(["-m", "graphc.bench.workers", name, *arguments], cache)


def _python(arguments: Sequence[str], cache: Path) -> dict[str, Any]:
    environment = {**os.environ, "GRAPHC_CACHE_DIR": str(cache)}
    done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, env=environment, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(arguments[:4])} failed:\n{done.stderr[-2000:]}")
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def steps(rounds: int, peers: Sequence[str]) -> list[Figure]:
    """The SGD step of a classifier and its starts, beside peers, and a small call; see `graphc bench`."""
    options = Options(rounds=rounds)
    found = measure_workload("mlp_small", chosen(",".join(peers)), options)
    ours, *others = found.rows
    if found.errors:
        raise RuntimeError("; ".join(found.errors))
    jax = next((row for row in others if row.framework == "jax"), None)
    half, most = (jax.step[1] * 0.5e6, jax.cold * 0.8) if jax is not None else (None, None)
    rows = [Figure("MLP 784-128-64-10 SGD step, batch 32", ours.step[1] * 1e6, "us", half, "half of JAX's")]
    rows += [Figure(f"  the same, {row.framework}", row.step[1] * 1e6, "us") for row in others]
    (call,) = measure_workload("logreg_call", [], options).rows
    rows.append(Figure("call of sum(sigmoid(W x + b)), 8-vectors", call.step[1] * 1e6, "us", 3))
    rows.append(Figure("cold start to first result, empty cache", ours.cold, "s", most, "0.8 of JAX's"))
    rows.append(Figure("warm start to first result, full cache", ours.warm, "s", 0.4))
    return [*rows, *([Figure("  cold start, JAX", jax.cold, "s")] if jax is not None else [])]


def imports(rounds: int, cache: Path) -> list[Figure]:
    """``import graphc`` with NumPy, and what it loads that it should not."""
    results = [_python(["-c", _IMPORT], cache) for _ in range(rounds)]
    loaded = [name for name in LAZY if name in results[0]["modules"]]
    note = f"loads {', '.join(loaded)}" if loaded else "loads none of " + ", ".join(LAZY)
    return [Figure("import graphc, with NumPy", median(r["seconds"] for r in results), "s", 0.25, note)]


def measure(rounds: int, with_jax: bool) -> list[Figure]:
    """Measure everything."""
    figures = steps(rounds, ["jax", "numpy"] if with_jax else ["numpy"])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shared = folder / "shared"
        figures += imports(rounds, shared)
        kept = run_worker("kept", cache=folder / "kept")
        figures.append(
            Figure(f"kept of each of {kept['functions']} functions that were dropped", kept["megabytes"], "MB", 0.15)
        )
        for nodes, limit in ((1000, 0.3), (10_000, None)):
            found = [run_worker("passes", str(nodes), cache=shared) for _ in range(rounds)]
            seconds = median(result["seconds"] for result in found)
            figures.append(Figure(f"passes on a graph of {found[0]['nodes']:,} nodes", seconds, "s", limit))
    return figures


def machine() -> dict[str, str]:
    """Return what the figures depend on."""
    from graphc.runtime.cpu import cpu_info

    cpu = cpu_info()
    versions = {}
    for package in ("numpy", "numba", "llvmlite", "jax"):
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            versions[package] = "not installed"
    load = " ".join(f"{value:.1f}" for value in os.getloadavg())
    return {
        "processor": f"{cpu.model}, {cpu.cores} cores, {cpu.isa}",
        "Python": platform.python_version(),
        **versions,
        "byte code": "kept" if Path(cache_from_source(__file__)).exists() else "not kept: starts compile Python, too",
        "load average": load,
    }


def table(figures: Sequence[Figure]) -> str:
    """Return the figures as a Markdown table."""
    lines = ["| what | measured | at most | |", "|---|---|---|---|"]
    for figure in figures:
        limit = "" if figure.limit is None else f"{figure.limit:.3g} {figure.unit}"
        mark = "" if figure.limit is None else "reached" if figure.reached else "missed"
        note = f"{mark}, {figure.note}" if mark and figure.note else mark or figure.note
        lines.append(f"| {figure.what.strip()} | {figure.value:.3g} {figure.unit} | {limit} | {note} |")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print machine and table; the exit code is 1 if a limit is missed."""
    parser = argparse.ArgumentParser(prog="python -m graphc.bench.figures", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="processes per figure (5)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything there, too")
    options = parser.parse_args(arguments)
    about = machine()
    figures = measure(options.rounds, find_spec("jax") is not None)
    for name, value in about.items():
        print(f"{name}: {value}")
    print(f"\n{table(figures)}")
    if options.json is not None:
        everything = {"machine": about, "figures": [asdict(f) | {"reached": f.reached} for f in figures]}
        options.json.write_text(json.dumps(everything, indent=1) + "\n")
    return 0 if all(figure.reached for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
