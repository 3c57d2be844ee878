"""What entering an empty step costs, by the way it is entered.

Run ``python -m graphc.bench.call_path``.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["main"]

_SEGMENT = "define i32 @segment_0(i64 %tab, i64 %dims) {\n  ret i32 0\n}\n"
_DRIVER = "def step(tab, dims):\n    return segment_0(tab, dims)\n"


def _nanoseconds(call: Callable[..., Any], *arguments: Any, repeats: int = 100_000) -> float:
    """The best of five rounds."""
    best = float("inf")
    for _ in range(5):
        started = time.perf_counter()
        for _ in range(repeats):
            call(*arguments)
        best = min(best, (time.perf_counter() - started) / repeats)
    return best * 1e9


def _two(a: Any, b: Any) -> int:
    return 0


def main() -> None:
    """Print all figures."""
    from graphc.codegen.cpu.driver import link
    from graphc.runtime.engine import Engine
    from graphc.runtime.entry import ArraySpec, make_entry
    from graphc.runtime.executable import Executable
    from graphc.runtime.plan import BufferSpec, ProgramCode

    code = link([], [_SEGMENT], [], _DRIVER, ["segment_0"])
    engine = Engine(code.data)
    step, table, dims = engine.address(code.entry), np.zeros(16, np.int64), np.zeros(1, np.int64)
    x, y = np.zeros(8, np.float32), np.zeros(8, np.float32)
    pair = [ArraySpec(1, "float32", (8,)), ArraySpec(2, "float32", (8,), written=True)]
    variants: dict[str, dict[str, bool]] = {
        "native entry": {}, "releasing Python's lock": {"release_gil": True}, "keeping denormals":
        {"keep_denormals": True}, "ctypes entry": {"native": False},
    }  # fmt: skip
    for name, options in variants.items():
        started = time.perf_counter()
        entry, keep = make_entry(step, table, dims, pair, **options)
        made = (time.perf_counter() - started) * 1e6
        repeats = 2_000 if name == "ctypes entry" else 100_000
        print(f"{name:<36}{_nanoseconds(entry, x, y, repeats=repeats):10.0f} ns   made in {made:.0f} us")
        del entry, keep
    ten, _keep = make_entry(step, table, dims, [ArraySpec(i + 1, "float32", (8,)) for i in range(10)])
    print(f"{'native entry, 10 arrays':<36}{_nanoseconds(ten, *[x] * 10):10.0f} ns")
    print(f"{'a Python function':<36}{_nanoseconds(_two, x, y):10.0f} ns")
    print(f"{'np.empty':<36}{_nanoseconds(np.empty, (8,), x.dtype):10.0f} ns")
    buffers = (BufferSpec("feed", "float32", (0,), 0, "x"), BufferSpec("fetch", "float32", (0,), 0, "y"))
    program = Executable(ProgramCode(code.data, code.entry, buffers, ((0, 0),), ("d[0]",), (0,)))
    print(f"{'Executable':<36}{_nanoseconds(program, x):10.0f} ns")
    _sessions()


def _sessions() -> None:
    """The ways in from a session: a sum of 8 numbers of one and of three feeds."""
    import graphc as gc

    with gc.Graph().as_default(), gc.Session() as session:
        feeds = {gc.placeholder(gc.float32, [8]): np.ones(8, np.float32) for _ in range(3)}
        for count in (1, 3):
            given = dict(list(feeds.items())[:count])
            total = gc.reduce_sum(gc.add_n(list(given)))
            call, values = session.make_callable(total, list(given)), list(given.values())
            ways: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
                "make_callable": (call, tuple(values)),
                "run(y, feeds)": (session.run, (total, given)),
                "run([y], feeds)": (session.run, ([total], given)),
            }
            for name, (way, arguments) in ways.items():
                way(*arguments)
                text = f"Session.{name}, {count} fed"
                print(f"{text:<36}{_nanoseconds(way, *arguments, repeats=20_000):10.0f} ns")


if __name__ == "__main__":
    main()
