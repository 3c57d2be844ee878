"""From source to PTX by ``numba.cuda``, without a device."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from graphc.codegen.cuda.printer import print_kernel
from graphc.codegen.source.printer import size_symbols
from graphc.loops.spec import Contraction, Convolution, Nest

NAME = "kernel"


def kernel_ptx(spec: Nest | Contraction | Convolution, capability: tuple[int, int] = (8, 0)) -> str:
    """The PTX of a kernel; equal kernels are compiled once.

    Parameters
    ----------
    spec : Nest, Contraction or Convolution
    capability : (int, int)
        Of the device.

    Raises
    ------
    ImportError
        If ``numba.cuda`` is not installed: ``pip install graphc[cuda]``.
    """
    pointers = tuple("uint8" if o.dtype == "bool" else o.dtype for o in spec.operands)
    return _compiled(print_kernel(spec, NAME), pointers, len(size_symbols(spec)), capability)


@lru_cache(maxsize=1024)
def _compiled(source: str, pointers: tuple[str, ...], sizes: int, capability: tuple[int, int]) -> str:
    import math

    import numpy as np
    from numba import cuda, types
    from numba.cuda import libdevice

    names: dict[str, Any] = {"np": np, "math": math, "cuda": cuda, "libdevice": libdevice, "report": _report()}
    exec(compile(source, "<kernel>", "exec"), names)
    signature = (
        *(types.CPointer(getattr(types, name)) for name in pointers),
        *(types.int64,) * sizes,
        types.CPointer(types.int32),
    )
    return str(cuda.compile_ptx(names[NAME], signature, cc=capability)[0])


@lru_cache(maxsize=1)
def _report() -> Any:
    """Raises a status in memory: an atomic maximum, since many threads may do it."""
    from llvmlite import ir
    from numba import types
    from numba.cuda.extending import intrinsic

    def report(context: Any, place: Any, status: Any) -> Any:
        def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            place, status = arguments
            if status.type.width > 32:
                status = builder.trunc(status, ir.IntType(32))
            builder.atomic_rmw("max", place, status, "monotonic")
            return context.get_dummy_value()

        return types.void(place, status), build

    return intrinsic(report)
