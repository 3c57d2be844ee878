"""What this machine can do at most, measured with kernels of graphc's own: the roofline that profiles compare with.

The roofline model: S. Williams, A. Waterman, D. Patterson, "Roofline: an insightful visual performance model for
multicore architectures", Communications of the ACM 52 (2009). Bandwidth depends on the level of the memory that the
data fits in, so there is one for each of several amounts.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from graphc.codegen.cpu.timing import LOG
from graphc.graph.store import aligned_copy
from graphc.ir.dtypes import BY_NAME
from graphc.ir.program import Program
from graphc.ir.types import TensorType
from graphc.ops.builder import Builder

# Bytes that a copy touches, source and destination together.
FOOTPRINTS = tuple(1 << k for k in range(14, 27, 2))
GEMM_SIZES = (256, 512)
RUNS = 12


@dataclass(frozen=True)
class Machine:
    """Measured limits.

    Attributes
    ----------
    model : str
        The processor.
    threads : int
        That long kernels are divided over.
    bandwidth : tuple of (int, float)
        Bytes that a copy touches, ascending, and the bytes per second that it moves.
    flops : dict of str to float
        Operations per second of the best matrix product, by element type.
    call_seconds : float
        What calling a kernel that does next to nothing takes.
    """

    model: str
    threads: int
    bandwidth: tuple[tuple[int, float], ...]
    flops: dict[str, float]
    call_seconds: float

    def bytes_per_second(self, touched: int) -> float:
        """Bandwidth of a copy that touches so many bytes: of the next smaller one that was measured."""
        held = [rate for size, rate in self.bandwidth if size <= touched]
        return held[-1] if held else self.bandwidth[0][1]

    def bound(self, moved: int, flops: int, dtype: str) -> tuple[float, str]:
        """The least seconds that so much work takes, and what limits it: memory, arithmetic or overhead.

        Examples
        --------
        >>> machine = Machine("example", 1, ((1 << 14, 50e9), (1 << 26, 10e9)), {"float32": 100e9}, 2e-8)
        >>> machine.bound(100_000_000, 1000, "float32")
        (0.01, 'memory')
        >>> machine.bound(1_000_000, 10**9, "float32")
        (0.01, 'arithmetic')
        >>> machine.bound(64, 16, "float32")
        (2e-08, 'overhead')
        """
        memory = moved / self.bytes_per_second(moved)
        arithmetic = flops / self.flops.get(dtype, self.flops["float32"])
        limits = ((memory, "memory"), (arithmetic, "arithmetic"), (self.call_seconds, "overhead"))
        return max(limits)

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)


@lru_cache(maxsize=8)
def measured_machine(threads: int) -> Machine:
    """The limits for a number of threads: measured once (about a second), then kept on disk."""
    from graphc import __version__
    from graphc.runtime.cache import default_cache, key_of
    from graphc.runtime.cpu import cpu_info

    cpu, cache = cpu_info(), default_cache()
    key = key_of("roofline", "1", __version__, cpu.model, cpu.key, f"{cpu.cores} {threads}")
    found = cache.load(key)
    if found is not None:
        fields = found[0]
        pairs = tuple((int(size), float(rate)) for size, rate in fields.pop("bandwidth"))
        return Machine(bandwidth=pairs, **fields)
    machine = Machine(
        cpu.model,
        threads,
        tuple((size, size / _seconds(*_copy(size // 8), threads)) for size in FOOTPRINTS),
        {name: max(2 * n**3 / _seconds(*_product(name, n), threads) for n in GEMM_SIZES) for name in _FLOATS},
        max(_seconds(*_copy(1), threads), 1e-9),
    )
    cache.store(key, machine.to_dict(), {})
    return machine


_FLOATS = ("float32", "float64")


def _copy(count: int) -> tuple[Builder, Program, list[np.ndarray]]:
    """A variable gets a multiple of an array."""
    b = Builder()
    kind = TensorType(BY_NAME["float32"], (count,))
    value = b.input(0, kind) * b.constant(1.5, kind.dtype)
    return b, Program((b.input(0, kind),), (), ((0, value),), (kind,)), [np.ones(count, np.float32)]


def _product(name: str, n: int) -> tuple[Builder, Program, list[np.ndarray]]:
    """A variable gets the product of two square matrices."""
    b = Builder()
    kind = TensorType(BY_NAME[name], (n, n))
    left, right = b.input(0, kind), b.input(1, kind)
    value = b.emit("matmul", left, right, transpose_x=False, transpose_y=False)
    array = np.ones((n, n), name)
    return b, Program((left, right), (), ((0, value),), (kind,)), [array, array.copy()]


def _seconds(b: Builder, program: Program, feeds: list[np.ndarray], threads: int) -> float:
    """The shortest time that the one kernel of a program took."""
    from graphc.runtime.executable import Executable
    from graphc.session.build import compile_scheduled
    from graphc.session.compiled import external_words
    from graphc.session.config import Config
    from graphc.session.lower import Lowered
    from graphc.session.timed import CallLog

    lowered = Lowered(program, b, [], [])
    built, _ = compile_scheduled(lowered, Config(mode="compile", threads=threads, cache=False), timed=True)
    log = CallLog(len(built.calls))
    (kind,) = program.variables
    shape = [int(str(d)) for d in kind.shape]
    target = aligned_copy(np.zeros(shape), kind.dtype.np)
    externals = {**external_words(built.code, threads), LOG: log.address}
    executable = Executable(built.code, [target], externals)
    times = []
    for _ in range(RUNS):
        log.reset()
        executable(*feeds)
        times.append(int(log.sums()[0].sum()))
    executable.close()
    return max(min(times), 1) * 1e-9
