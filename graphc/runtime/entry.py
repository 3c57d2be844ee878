"""Make callables that enter a step from Python: natively where possible, through ctypes elsewhere."""

from __future__ import annotations

import ctypes
import platform
import sys
import sysconfig
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from graphc.codegen.cpu.target import host_target
from graphc.runtime.cache import default_cache, key_of
from graphc.runtime.engine import Engine
from graphc.runtime.trampoline import (
    FLAG_KEEP_DENORMALS,
    FLAG_RELEASE_GIL,
    MISMATCH,
    SYMBOL,
    Layout,
    trampoline_ir,
)

__all__ = ["MISMATCH", "ArraySpec", "Entry", "make_entry", "native_entry_problem"]

_C_CONTIGUOUS, _ALIGNED, _WRITEABLE = 0x1, 0x100, 0x400  # NPY_ARRAY_* of ndarraytypes.h
_METH_FASTCALL = 0x80

#: Calls a step with its feeds and fetches and returns the status: 0, an error code, or `MISMATCH`.
Entry = Callable[..., int]


@dataclass(frozen=True)
class ArraySpec:
    """What an argument of an entry must be: exactly an ndarray, C-contiguous, aligned, native byte order.

    Attributes
    ----------
    slot : int
        Word of the table that receives the data pointer.
    dtype : str
        NumPy name, such as ``float32``.
    shape : tuple of int
    written : bool
        The step writes it (a fetch), so it must be writeable.
    """

    slot: int
    dtype: str
    shape: tuple[int, ...]
    written: bool = False


class _MethodDef(ctypes.Structure):
    """``PyMethodDef`` of CPython's ``methodobject.h``."""

    _fields_ = (
        ("name", ctypes.c_char_p),
        ("method", ctypes.c_void_p),
        ("flags", ctypes.c_int),
        ("doc", ctypes.c_char_p),
    )


class _Trampoline:
    """The loaded trampoline of this process; it lives as long as the process, as entries may."""

    def __init__(self, data: bytes) -> None:
        names = ("PyLong_FromLong", "PyEval_SaveThread", "PyEval_RestoreThread")
        symbols = {name: ctypes.cast(getattr(ctypes.pythonapi, name), ctypes.c_void_p).value or 0 for name in names}
        self.engine = Engine(data, symbols)
        self.method = _MethodDef(b"step", self.engine.address(SYMBOL), _METH_FASTCALL, b"Run one compiled step.")
        self.new = ctypes.pythonapi.PyCFunction_NewEx
        self.new.argtypes = [ctypes.c_void_p, ctypes.py_object, ctypes.c_void_p]
        self.new.restype = ctypes.py_object

    def entry(self, descriptor: np.ndarray) -> Entry:
        holder = int(descriptor.ctypes.data).to_bytes(8, sys.byteorder)
        return self.new(ctypes.byref(self.method), holder, None)  # type: ignore[no-any-return]


_lock = threading.Lock()
_trampoline: _Trampoline | None = None


@lru_cache(maxsize=1)
def native_entry_problem() -> str | None:
    """Say why steps cannot be entered natively in this process, or return None if they can.

    The layout of CPython's and NumPy's objects is verified on real ones.
    """
    if sys.implementation.name != "cpython" or ctypes.sizeof(ctypes.c_void_p) != 8:
        return "not a 64-bit CPython"
    if sysconfig.get_config_var("Py_GIL_DISABLED"):
        return "a free-threaded CPython"
    if platform.machine() not in ("x86_64", "AMD64") or sys.platform != "linux":
        return "not Linux on x86-64"
    return _layout_problem(Layout())


def _layout_problem(layout: Layout) -> str | None:
    """Compare the bytes of real objects with what Python says about them."""

    def read(address: int, kind: Any) -> Any:
        return kind.from_address(address).value

    if bytes.__basicsize__ - 1 != layout.bytes_data or object.__basicsize__ != 16:
        return "unknown object layout of this Python"
    samples = (np.zeros((2, 3, 5), np.float32), np.asfortranarray(np.zeros((7, 11), np.int64)), np.zeros((), bool))
    for array in (*samples, np.zeros(13, ">f8")):
        base = id(array)
        descr = read(base + layout.descr, ctypes.c_size_t)
        sizes = read(base + layout.dimensions, ctypes.c_size_t)
        flags = read(base + layout.flags, ctypes.c_int32)
        # Sizes and strides are one block. Nothing is followed before it is known to be a pointer to what we expect.
        strides = read(base + layout.dimensions + 8, ctypes.c_size_t)
        if array.ndim and strides != sizes + 8 * array.ndim:
            return f"unknown array layout of NumPy {np.__version__}"
        facts = (
            read(base + layout.type, ctypes.c_size_t) == id(np.ndarray),
            read(base + layout.data, ctypes.c_size_t) == array.ctypes.data,
            read(base + layout.rank, ctypes.c_int32) == array.ndim,
            all(read(sizes + 8 * i, ctypes.c_int64) == size for i, size in enumerate(array.shape)),
            descr == id(array.dtype),
            bool(flags & _C_CONTIGUOUS) == array.flags.c_contiguous,
            bool(flags & _ALIGNED) == array.flags.aligned,
            bool(flags & _WRITEABLE) == array.flags.writeable,
        )
        if not all(facts):
            return f"unknown array layout of NumPy {np.__version__}"
        if read(descr + layout.descr_type_number, ctypes.c_int32) != array.dtype.num:
            return f"unknown dtype layout of NumPy {np.__version__}"
        if chr(read(descr + layout.descr_byteorder, ctypes.c_uint8)) != array.dtype.byteorder:
            return f"unknown dtype layout of NumPy {np.__version__}"
    return None


def support_object(name: str, text: str) -> bytes:
    """The object of a module that every process needs: from the cache, or compiled (10 ms) and put there."""
    host, cache = host_target(), default_cache()
    key = key_of(name, text, host.triple, host.cpu, host.features)
    found = cache.load(key)
    if found is not None and "object" in found[1]:
        return found[1]["object"]
    import llvmlite.binding as llvm

    with llvm.parse_assembly(text) as module:
        module.verify()
        data = bytes(host.machine(2).emit_object(module))
    cache.store(key, {}, {"object": data})
    return data


def _native() -> _Trampoline:
    """The trampoline of this process, loaded once."""
    global _trampoline
    with _lock:
        if _trampoline is None:
            _trampoline = _Trampoline(support_object("trampoline", trampoline_ir(Layout())))
        return _trampoline


def make_entry(
    step: int,
    table: np.ndarray,
    dims: np.ndarray,
    arrays: Sequence[ArraySpec],
    *,
    release_gil: bool = False,
    keep_denormals: bool = False,
    native: bool | None = None,
) -> tuple[Entry, np.ndarray]:
    """Make a callable that runs one step on arrays.

    Parameters
    ----------
    step : int
        Address of ``i32 (i64 table, i64 dims)``.
    table, dims : ndarray of int64
        The step's pointer table and dimensions. The caller keeps them alive.
    arrays : sequence of ArraySpec
        Feeds and fetches in the order in which the entry receives them.
    release_gil : bool
        Let other Python threads run during the step (0.1 us): for long steps.
    keep_denormals : bool
        Do not flush denormal numbers to zero during the step.
    native : bool, optional
        Force the native or the ctypes path; by default native where `native_entry_problem` has nothing to say.

    Returns
    -------
    entry : callable
        ``entry(*arrays)`` returns a status: 0, the step's error code, -1 for an exception in a source kernel, or
        `MISMATCH` if an argument is not what its spec says (the step has not run then).
    keep : ndarray
        Must live as long as `entry`.

    Notes
    -----
    One entry must not run twice at a time: the table is shared.
    """
    if native is None:
        native = native_entry_problem() is None
    if not native:
        return _ctypes_entry(step, table, dims, arrays, release_gil), table
    mode = FLAG_RELEASE_GIL * release_gil | FLAG_KEEP_DENORMALS * keep_denormals
    words = [step, table.ctypes.data, dims.ctypes.data, mode, len(arrays), id(np.ndarray)]
    for spec in arrays:
        flags = _C_CONTIGUOUS | _ALIGNED | (_WRITEABLE if spec.written else 0)
        words += [spec.slot, np.dtype(spec.dtype).num, flags, len(spec.shape), *spec.shape]
    descriptor = np.array(words, np.int64)
    return _native().entry(descriptor), descriptor


def _ctypes_entry(
    step: int, table: np.ndarray, dims: np.ndarray, specs: Sequence[ArraySpec], release_gil: bool
) -> Entry:
    """The portable entry: the same checks in Python, a few microseconds per array. Leaves the floating-point mode."""
    prototype = ctypes.CFUNCTYPE if release_gil else ctypes.PYFUNCTYPE
    call = prototype(ctypes.c_int32, ctypes.c_int64, ctypes.c_int64)(step)

    def entry(*arrays: Any) -> int:
        if len(arrays) != len(specs):
            return MISMATCH
        for array, spec in zip(arrays, specs, strict=True):
            if (
                type(array) is not np.ndarray
                or array.dtype.num != np.dtype(spec.dtype).num
                or not array.dtype.isnative
                or array.shape != spec.shape
                or not (array.flags.c_contiguous and array.flags.aligned)
                or (spec.written and not array.flags.writeable)
            ):
                return MISMATCH
            table[spec.slot] = array.ctypes.data
        return int(call(table.ctypes.data, dims.ctypes.data))

    return entry
