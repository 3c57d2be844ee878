"""Load an object into the process, hand out addresses, give the memory back.

One engine per object, closed with its executable: nothing is kept in Numba's or LLVM's process-wide tables, so that
programs can come and go. A process that loads objects from the cache imports llvmlite's binding layer and not Numba.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from graphc.codegen.cpu.target import host_target
from graphc.runtime.elf import undefined_symbols

__all__ = ["Engine", "UnresolvedSymbolError"]

_LOADING_LEVEL = 0  # the engine generates no code: the object is finished
_lock = threading.Lock()  # guards LLVM's process-wide symbol table and `_provided`
_provided: dict[str, int] = {}


class UnresolvedSymbolError(RuntimeError):
    """An object needs symbols that neither the process nor the caller provides."""


class Engine:
    """Executable memory of one object.

    Parameters
    ----------
    data : bytes
        An ELF object, such as `graphc.codegen.cpu.driver.ObjectCode.data`.
    symbols : mapping of str to int, optional
        Addresses for symbols that the process does not export, such as BLAS routines. A name keeps its first address
        for the life of the process.

    Raises
    ------
    UnresolvedSymbolError
        If a symbol is missing. Nothing has been loaded then.
    ObjectFormatError
        If `data` is not an object for this kind of machine.

    Notes
    -----
    Addresses are dead once the engine is closed; whoever holds one must hold the engine.
    """

    def __init__(self, data: bytes, symbols: Mapping[str, int] | None = None) -> None:
        import llvmlite.binding as llvm

        host = host_target()
        with _lock:
            # The first engine of a process makes the symbols of its libraries known: it comes before the question.
            self._engine: Any = llvm.create_mcjit_compiler(llvm.parse_assembly(""), host.machine(_LOADING_LEVEL))
            try:
                _provide(llvm, undefined_symbols(data), symbols or {})
            except Exception:
                self._engine.close()
                raise
            with llvm.ObjectFileRef.from_data(data) as object_file:
                self._engine.add_object_file(object_file)
                self._engine.finalize_object()

    def address(self, symbol: str) -> int:
        """Return the address of an external function of the object.

        Raises
        ------
        KeyError
            If the object has no such function.
        """
        address = self._engine.get_function_address(symbol)
        if not address:
            raise KeyError(f"the object defines no function {symbol!r}")
        return int(address)

    def close(self) -> None:
        """Unmap the code. No thread may be inside it, or enter it afterwards."""
        self._engine.close()

    def __enter__(self) -> Engine:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


def _provide(llvm: Any, needed: tuple[str, ...], symbols: Mapping[str, int]) -> None:
    """Make every needed symbol known to LLVM, or raise before anything is loaded."""
    missing = []
    for name in needed:
        address = symbols.get(name)
        if address is not None:
            if _provided.setdefault(name, address) != address:
                raise UnresolvedSymbolError(f"symbol {name!r} was already given another address in this process")
            llvm.add_symbol(name, address)
        elif not llvm.address_of_symbol(name):
            missing.append(name)
    if missing:
        raise UnresolvedSymbolError(
            f"the object needs {', '.join(missing)}, which neither this process nor graphc provides; "
            "remove the cache entry or report the operation that was compiled"
        )
