"""The undefined symbols of an ELF object file.

LLVM's loader ends the process when a symbol cannot be resolved, so they are read here before it sees the object.
Layout: System V ABI, "Object Files", and its AMD64 supplement (64-bit, little-endian).
"""

from __future__ import annotations

import struct

__all__ = ["ObjectFormatError", "undefined_symbols"]

_SYMBOL_TABLE = 2  # sh_type SHT_SYMTAB
_UNDEFINED_SECTION = 0  # st_shndx SHN_UNDEF


class ObjectFormatError(ValueError):
    """The bytes are not a 64-bit little-endian ELF relocatable object, or are cut short."""


def undefined_symbols(data: bytes) -> tuple[str, ...]:
    """Return the names an object expects others to define, in the order of its symbol table.

    Parameters
    ----------
    data : bytes
        A 64-bit little-endian ELF object.

    Raises
    ------
    ObjectFormatError
        If `data` is something else.
    """
    if data[:6] != b"\x7fELF\x02\x01":
        raise ObjectFormatError("not a 64-bit little-endian ELF object")
    try:
        (table,) = struct.unpack_from("<Q", data, 40)
        size, count = struct.unpack_from("<HH", data, 58)
        headers = [struct.unpack_from("<IIQQQQIIQQ", data, table + i * size) for i in range(count)]
        names: list[str] = []
        for header in headers:
            if header[1] != _SYMBOL_TABLE:
                continue
            offset, length, strings = header[4], header[5], headers[header[6]][4]
            for entry in struct.iter_unpack("<IBBHQQ", data[offset : offset + length]):
                name, section = entry[0], entry[3]
                if section == _UNDEFINED_SECTION and name:
                    start = strings + name
                    names.append(data[start : data.index(b"\0", start)].decode())
        return tuple(names)
    except (struct.error, IndexError, ValueError) as error:
        raise ObjectFormatError(f"the object is damaged: {error}") from error
