"""Numba as a front end: Python source in, LLVM IR text out, nothing compiled to machine code.

Two kinds of source come here: the *driver* of a step (control flow over calls of segments) and *source kernels* (work
that no template covers). Both are given a plain C entry, so that the linked object has no Numba convention on its
outside, and neither touches Python objects, Numba's runtime or the heap.

Numba keeps about 0.1 MB for every function it has seen and takes some milliseconds for each, so the text made from a
source is remembered (`_MEMO_SIZE` sources): most steps share one driver.
"""

from __future__ import annotations

import contextlib
import gc
import linecache
import sys
import threading
from collections import OrderedDict
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

__all__ = ["POINTER_DTYPES", "SourceError", "driver_ir", "remembered", "scipy_hidden", "source_kernel_ir"]

#: dtypes with a ``ptr_<dtype>(args, slot)`` intrinsic in source kernels. ``ptr_bool`` gives bytes (0 or 1).
POINTER_DTYPES = (
    "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "bool",
)  # fmt: skip

_MEMO_SIZE = 256
_memo: OrderedDict[tuple[str, str, tuple[str, ...]], str] = OrderedDict()
_compiled_before = False
_lock = threading.RLock()  # guards the memo and the hiding of SciPy; always taken before Numba's own compiler lock


class SourceError(Exception):
    """Numba refused a generated source. The message holds Numba's reason and the source."""


def driver_ir(source: str, segments: tuple[str, ...], entry: str) -> str:
    """Compile a driver to LLVM IR.

    Parameters
    ----------
    source : str
        Python source that defines ``step(tab, dims)``, both addresses as ``intp``, returning an ``int32`` status.
        Each segment is a function of the same two arguments.
    segments : tuple of str
        The names `source` may call. They become external symbols of the same names.
    entry : str
        Symbol of the C entry ``i32 (i64 tab, i64 dims)``.

    Returns
    -------
    str
        A module in LLVM's text form.

    Raises
    ------
    SourceError
        If Numba cannot type or lower the source.
    """

    def namespace() -> dict[str, Any]:
        from numba import types
        from numba.core.typing import signature

        segment_type = signature(types.int32, types.intp, types.intp)
        return {name: types.ExternalFunction(name, segment_type) for name in segments} | _pointer_intrinsics()

    return remembered(("driver " + entry, source, segments), lambda: _compile(source, "step", 2, entry, namespace))


def source_kernel_ir(name: str, source: str) -> str:
    """Compile a source kernel to LLVM IR under the kernel ABI ``i32 name(ptr args, i64 begin, i64 end)``.

    Parameters
    ----------
    name : str
        The symbol, and the name of the Python function that `source` defines.
    source : str
        Python source of ``def name(args, begin, end)``, which returns an ``int32`` status (0 is success). ``args`` is
        an address of 64-bit words; ``ptr_float32(args, k)`` (and so on for `POINTER_DTYPES`) gives word ``k`` as
        a pointer that can be indexed, ``word(args, k)`` gives it as an integer. ``math`` and ``np`` are there.

    Returns
    -------
    str
        A module in LLVM's text form. A Python exception inside becomes status -1.

    Raises
    ------
    SourceError
        If Numba cannot type or lower the source.
    """

    def namespace() -> dict[str, Any]:
        import math

        import numpy as np

        return {"math": math, "np": np} | _pointer_intrinsics()

    return remembered(("kernel " + name, source, ()), lambda: _compile(source, name, 3, name, namespace))


def remembered(key: tuple[str, str, tuple[str, ...]], make: Any) -> str:
    """The text for `key`, made once; the least recently used of `_MEMO_SIZE` goes first."""
    with _lock:
        if key not in _memo:
            _memo[key] = make()
            if len(_memo) > _MEMO_SIZE:
                _memo.popitem(last=False)
        _memo.move_to_end(key)
        return _memo[key]


@contextlib.contextmanager
def scipy_hidden() -> Iterator[None]:
    """Hide SciPy while Numba loads and compiles for the first time.

    Numba probes for SciPy's BLAS when its registries are filled, which costs 0.3 s and which our code never uses. The
    cyclic collector rests meanwhile as well: Numba's import makes a great many lasting objects (10 % of the time).
    """
    global _compiled_before
    if _compiled_before or "scipy" in sys.modules:
        yield
        return
    collecting = gc.isenabled()
    gc.disable()
    sys.modules["scipy"] = None  # type: ignore[assignment]  # what makes `import scipy` raise ImportError
    try:
        yield
        _compiled_before = True
    finally:
        del sys.modules["scipy"]
        if collecting:
            gc.enable()


@lru_cache(maxsize=1)
def _pointer_intrinsics() -> dict[str, Any]:
    """``ptr_<dtype>`` and ``word``: words of an argument array as typed pointers and integers."""
    from llvmlite import ir
    from numba import types
    from numba.extending import intrinsic

    def load_word(builder: Any, address: Any, slot: Any) -> Any:
        words = builder.inttoptr(address, ir.IntType(64).as_pointer())
        return builder.load(builder.gep(words, [slot]))

    def make(pointee: Any) -> Any:
        def typing(typing_context: Any, args: Any, slot: Any) -> Any:
            def lower(context: Any, builder: Any, signature: Any, values: Any) -> Any:
                loaded = load_word(builder, *values)
                if pointee is None:
                    return loaded
                return builder.inttoptr(loaded, context.get_value_type(signature.return_type))

            result = types.intp if pointee is None else types.CPointer(pointee)
            return result(types.intp, types.intp), lower

        return intrinsic(typing)

    table = {f"ptr_{name}": make(types.uint8 if name == "bool" else getattr(types, name)) for name in POINTER_DTYPES}
    return table | {"word": make(None)}


def _compile(source: str, function_name: str, arity: int, symbol: str, namespace: Any) -> str:
    """Run Numba's front end and optimiser on `source`; return IR text with a C entry called `symbol`."""
    with scipy_hidden():
        from numba import types
        from numba.core import compiler
        from numba.core.compiler_lock import global_compiler_lock
        from numba.core.errors import NumbaError
        from numba.core.registry import cpu_target

        flags = compiler.Flags()
        flags.no_compile = True
        flags.no_cpython_wrapper = True
        flags.no_cfunc_wrapper = True
        flags.error_model = "numpy"
        flags.nrt = False
        function = _define(source, function_name, namespace())
        signature = (types.intp,) * arity
        contexts = cpu_target.typing_context, cpu_target.target_context
        try:
            with global_compiler_lock:
                result = compiler.compile_extra(*contexts, function, signature, types.int32, flags, {})
                text, inner = str(result.library._final_module), result.fndesc.llvm_func_name
        except NumbaError as error:
            raise SourceError(f"Numba refused the generated source of {symbol!r}: {error}\n{source}") from error
        finally:
            linecache.cache.pop(function.__code__.co_filename, None)
    return text + _c_entry(symbol, inner, arity)


def _define(source: str, name: str, namespace: dict[str, Any]) -> Any:
    """Execute `source`, with its lines known to tracebacks and to Numba's messages."""
    filename = f"<graphc {name}>"
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    exec(compile(source, filename, "exec"), namespace)
    return namespace[name]


def _c_entry(symbol: str, inner: str, arity: int) -> str:
    """IR of ``i32 symbol(i64, ...)`` around a function of Numba's convention (result and exception by pointer)."""
    first = "ptr %a0" if arity == 3 else "i64 %a0"
    rest = "".join(f", i64 %a{i}" for i in range(1, arity))
    prologue = "  %w = ptrtoint ptr %a0 to i64\n" if arity == 3 else ""
    head = "i64 %w" if arity == 3 else "i64 %a0"
    return f"""
define i32 @"{symbol}"({first}{rest}) {{
  %result = alloca i32
  %exception = alloca ptr
  store ptr null, ptr %exception
{prologue}  %code = call i32 @"{inner}"(ptr %result, ptr %exception, {head}{rest})
  %raised = icmp ne i32 %code, 0
  %status = load i32, ptr %result
  %out = select i1 %raised, i32 -1, i32 %status
  ret i32 %out
}}
"""
