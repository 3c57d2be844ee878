"""The machine code is made for: this host's triple, processor name and features, as LLVM names them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

__all__ = ["HostTarget", "host_target"]


@dataclass(frozen=True)
class HostTarget:
    """What LLVM needs to know about the host.

    Attributes
    ----------
    triple : str
        Such as ``x86_64-unknown-linux-gnu``.
    cpu : str
        LLVM's processor name, such as ``znver4``.
    features : str
        Comma-separated ``+feature`` and ``-feature`` list. It ends with ``-prefer-256-bit`` on x86, because kernels
        state their vector width themselves and LLVM must not split them.
    """

    triple: str
    cpu: str
    features: str

    @property
    def isa(self) -> str:
        """``avx512``, ``avx2`` (with FMA) or ``generic``: the level that templates choose their vectors by."""
        enabled = set(self.features.split(","))
        if {"+avx512f", "+avx512bw", "+avx512dq", "+avx512vl", "+fma"} <= enabled:
            return "avx512"
        if {"+avx2", "+fma"} <= enabled:
            return "avx2"
        return "generic"

    @property
    def vector_bits(self) -> int:
        """Width of the widest vector register in bits."""
        return {"avx512": 512, "avx2": 256, "generic": 128}[self.isa]

    def machine(self, level: int) -> Any:
        """Return a new LLVM target machine with code generation level `level` (0 to 3).

        An engine takes ownership of its machine, so each engine needs a new one (0.3 ms).
        """
        import llvmlite.binding as llvm

        target = llvm.Target.from_triple(self.triple)
        return target.create_target_machine(cpu=self.cpu, features=self.features, opt=level, jit=True)


@lru_cache(maxsize=1)
def host_target() -> HostTarget:
    """Return the host's description; asks LLVM once per process.

    Examples
    --------
    >>> host_target().vector_bits in (128, 256, 512)
    True
    """
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    triple = llvm.get_process_triple()
    features = llvm.get_host_cpu_features().flatten()
    if triple.startswith("x86_64"):
        features += ",-prefer-256-bit"
    return HostTarget(triple, llvm.get_host_cpu_name(), features)
