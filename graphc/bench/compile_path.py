"""What the compile path costs: imports, Numba to IR, link, emit, load, warm load and memory kept.

Run ``python -m graphc.bench.compile_path``; every figure comes from a fresh process.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from graphc.bench._sample_kernels import chain_kernel, polynomial_kernel

__all__ = ["cold", "main", "memory", "warm"]

_DRIVER = "def step(tab, dims):\n    return segment_0(tab, dims)\n"
_SOURCE = """
def scatter(args, begin, end):
    index = ptr_int32(args, 1)
    out = ptr_float32(args, 0)
    for i in range(begin, end):
        if index[i] < 0 or index[i] >= word(args, 2):
            return np.int32(1)
    for i in range(begin, end):
        out[index[i]] += np.float32(1)
    return np.int32(0)
"""


def _program(variant: int, kernels: int, own_driver: bool = False) -> Any:
    """Compile a program of `kernels` elementwise kernels and one source kernel; no two variants are alike."""
    from graphc.codegen.cpu.driver import link
    from graphc.codegen.cpu.segment import Call, Source, Word, segment_ir

    begin, end = Word(Source.CONSTANT, 0), Word(Source.DIMENSION, 0)
    names = [f"kernel_{i}" for i in range(kernels)]
    texts = [
        polynomial_kernel(name, 10 + i // 3) if i % 3 == 2 else chain_kernel(name, variant + i * 0.25)
        for i, name in enumerate(names)
    ]
    arguments = tuple(Word(Source.TABLE, i) for i in (1, 2, 3))
    calls = [Call(name, arguments, begin, end, i) for i, name in enumerate([*names, "scatter"])]
    driver = _DRIVER.replace("return", f"dims += 0 * {variant}\n    return") if own_driver else _DRIVER
    return link(texts, [segment_ir("segment_0", calls)], [("scatter", _SOURCE)], driver, ["segment_0"])


def cold(kernels: int) -> dict[str, float]:
    """Milliseconds by stage of the first and of the second program of this process."""
    marks = [time.perf_counter()]
    import numpy  # noqa: F401

    marks.append(time.perf_counter())
    from graphc.runtime.engine import Engine

    first = _program(0, kernels)
    second = _program(1, kernels)
    marks.append(time.perf_counter())
    with Engine(first.data) as engine:
        engine.address(first.entry)
        marks.append(time.perf_counter())
    out = {"import numpy": marks[1] - marks[0]}
    out |= {f"first {stage}": value for stage, value in first.seconds.items()}
    out |= {f"second {stage}": value for stage, value in second.seconds.items()}
    out["load"] = marks[3] - marks[2]
    return {name: value * 1e3 for name, value in out.items()}


def warm(path: str) -> dict[str, float]:
    """Milliseconds to load the object in `path`; raises AssertionError if a heavy package came along."""
    marks = [time.perf_counter()]
    import numpy  # noqa: F401

    marks.append(time.perf_counter())
    import llvmlite.binding  # noqa: F401

    from graphc.runtime.engine import Engine

    marks.append(time.perf_counter())
    with Engine(Path(path).read_bytes()) as engine:
        engine.address("graphc_step")
        marks.append(time.perf_counter())
    heavy = {"numba", "scipy", "networkx", "numpy.testing"} & set(sys.modules)
    assert not heavy, f"a warm start imported {heavy}"
    names = ("import numpy", "import llvmlite", "load")
    return {name: (marks[i + 1] - marks[i]) * 1e3 for i, name in enumerate(names)}


def memory(programs: int, own_driver: bool) -> dict[str, float]:
    """Kilobytes kept per program that was compiled, loaded and closed."""
    from graphc.runtime.engine import Engine

    def one(variant: int) -> None:
        code = _program(variant, 3, own_driver)
        with Engine(code.data) as engine:
            engine.address(code.entry)

    for variant in range(20):
        one(variant)
    before = _resident_kilobytes()
    for variant in range(programs):
        one(100 + variant)
    return {"kept": (_resident_kilobytes() - before) / programs}


def _resident_kilobytes() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4.0


def _fresh(call: str) -> tuple[dict[str, float], float]:
    """Run `call` of this module in a fresh process: its figures, and milliseconds for the whole process."""
    script = f"import json\nfrom graphc.bench.compile_path import *\nprint(json.dumps({call}))"
    started = time.perf_counter()
    result = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    return json.loads(result.stdout), (time.perf_counter() - started) * 1e3


def _report(title: str, call: str, repeats: int) -> None:
    runs = [_fresh(call) for _ in range(repeats)]
    print(title)
    for name in runs[0][0]:
        print(f"  {name:<18}{median(run[0][name] for run in runs):8.1f}")
    print(f"  {'whole process':<18}{median(run[1] for run in runs):8.1f}")


def main() -> None:
    """Print all figures."""
    for kernels in (1, 9, 20):
        _report(f"cold, {kernels} kernels and a source kernel (ms)", f"cold({kernels})", 5)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "step.o"
        path.write_bytes(_program(0, 9).data)
        _report("warm, 9 kernels (ms)", f"warm({str(path)!r})", 5)
    _report("memory kept, 300 programs sharing a driver (KB each)", "memory(300, False)", 1)
    _report("memory kept, 300 programs with drivers of their own (KB each)", "memory(300, True)", 1)


if __name__ == "__main__":
    main()
