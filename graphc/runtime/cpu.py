"""What is known about this machine's processor, for reports and for cache keys."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from graphc.codegen.cpu.target import host_target

__all__ = ["CpuInfo", "cpu_info"]


@dataclass(frozen=True)
class CpuInfo:
    """The processor.

    Attributes
    ----------
    model : str
        As the operating system names it.
    name : str
        As LLVM names it.
    features : str
        LLVM's feature list.
    isa : str
        ``avx512``, ``avx2`` or ``generic``.
    vector_bits : int
    cores : int
        Logical processors that this process may use.
    flushes_denormals : bool
        Whether steps run with denormals flushed to zero.
    """

    model: str
    name: str
    features: str
    isa: str
    vector_bits: int
    cores: int
    flushes_denormals: bool

    @property
    def key(self) -> str:
        """What machine code depends on, as text for a cache key."""
        return f"{platform.machine()} {self.name} {self.features}"


@lru_cache(maxsize=1)
def cpu_info() -> CpuInfo:
    """Describe the host.

    Examples
    --------
    >>> cpu_info().cores >= 1
    True
    """
    from graphc.runtime.entry import native_entry_problem

    host = host_target()
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    flushes = native_entry_problem() is None
    return CpuInfo(_model(), host.cpu, host.features, host.isa, host.vector_bits, cores, flushes)


def _model() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
