"""Addresses of BLAS and LAPACK routines, found without importing SciPy and loaded when first asked for.

The library of the `scipy-openblas32` package is preferred; NumPy's own copy of OpenBLAS is the fallback. They differ in
the width of integers (32 and 64 bits). Generated code serves both by passing every integer as 64 bits: by value the
upper half is ignored in a register or stack slot (System V AMD64 ABI, 3.2.3), by reference the lower half comes first.
Integer results and arrays (``info``, ``ipiv``) are read by `Blas.integer_bits`.
"""

from __future__ import annotations

import ctypes
import importlib.util
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from graphc.codegen.cpu.library.writer import INTEGER_BITS, PREFIX

__all__ = ["Blas", "BlasNotFoundError", "blas_is_there", "find_blas", "library_words"]


class BlasNotFoundError(RuntimeError):
    """No BLAS library, or a routine that it lacks."""


@dataclass(frozen=True)
class Blas:
    """A loaded library.

    Attributes
    ----------
    path : Path
    integer_bits : int
        Width of the routines' integers: 32 or 64.
    """

    path: Path
    integer_bits: int
    _library: ctypes.CDLL = field(repr=False, compare=False)

    @property
    def config(self) -> str:
        """The library's own description: version, threading, kernels chosen for this processor."""
        function = self._function("openblas_get_config")
        function.restype = ctypes.c_char_p
        return bytes(function()).decode()

    def address(self, name: str) -> int:
        """Return the address of a routine.

        Parameters
        ----------
        name : str
            ``cblas_sgemm`` and the like, or a Fortran name with its underscore: ``spotrf_``.

        Raises
        ------
        BlasNotFoundError
            If the library has no such routine.
        """
        address = ctypes.cast(self._function(name), ctypes.c_void_p).value
        assert address is not None, "a function that was found has an address"
        return address

    def _function(self, name: str) -> ctypes._NamedFuncPointer:
        suffix = "" if self.integer_bits == 32 else ("64_" if not name.endswith("_") else "_64_")
        stem = name if self.integer_bits == 32 else name.removesuffix("_")
        try:
            return self._library[f"scipy_{stem}{suffix}"]
        except AttributeError as error:
            raise BlasNotFoundError(f"{self.path.name} has no routine {name!r}") from error


@lru_cache(maxsize=1)
def find_blas() -> Blas:
    """Load the library (1 to 11 ms) and set it to one thread: compiled steps do their own threading.

    Raises
    ------
    BlasNotFoundError
        If neither package has one.

    Examples
    --------
    >>> find_blas().address("cblas_sgemm") != 0
    True
    """
    for path, bits in _candidates():
        try:
            blas = Blas(path, bits, ctypes.CDLL(str(path)))
        except OSError:
            continue
        if bits == 32:  # NumPy's own products keep their threads: its copy is a library of its own
            blas._function("openblas_set_num_threads")(1)
        return blas
    raise BlasNotFoundError("no BLAS library: install the package scipy-openblas32")


def blas_is_there() -> bool:
    """Whether `find_blas` finds a library."""
    try:
        find_blas()
    except BlasNotFoundError:
        return False
    return True


def library_words(names: Iterable[str]) -> dict[str, int]:
    """What kernels ask for, by name: addresses of routines, and facts about the library.

    Parameters
    ----------
    names : iterable of str
        As kernels write them (`graphc.codegen.cpu.library.writer`); others are left out.

    Raises
    ------
    BlasNotFoundError
        If there is no library, or it lacks a routine.
    """
    found = {}
    for name in names:
        if name.startswith(PREFIX):
            stem = name.removeprefix(PREFIX)
            found[name] = find_blas().integer_bits if stem == INTEGER_BITS else find_blas().address(stem)
    return found


def _candidates() -> Iterator[tuple[Path, int]]:
    """Library files and the width of their integers, best first."""
    spec = importlib.util.find_spec("scipy_openblas32")
    if spec is not None and spec.origin is not None:
        for path in sorted((Path(spec.origin).parent / "lib").glob("libscipy_openblas*.so*")):
            yield path, 32
    numpy_spec = importlib.util.find_spec("numpy")
    if numpy_spec is not None and numpy_spec.origin is not None:
        for path in sorted((Path(numpy_spec.origin).parent.parent / "numpy.libs").glob("libscipy_openblas64_*.so*")):
            yield path, 64
