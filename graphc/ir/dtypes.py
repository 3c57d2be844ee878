"""Element types and the promotion table.

Every tensor holds one of eleven element types. Two tensors of different types meet by `promote`; Python scalars are
*weak*: they take the tensor's type and only lift its kind (bool < integer < float).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

KINDS = "biuf"


@dataclass(frozen=True, eq=False, repr=False)
class DType(str):
    """An element type: its NumPy name, so that it can be used wherever such a name can.

    Attributes
    ----------
    name : str
        NumPy's name, such as ``"float32"``.
    kind : str
        ``"b"`` boolean, ``"i"`` signed, ``"u"`` unsigned, ``"f"`` floating.
    bits : int
        Width in memory in bits (8 for booleans).
    """

    name: str
    kind: str
    bits: int

    def __new__(cls, name: str, kind: str, bits: int) -> Self:
        return super().__new__(cls, name)

    def __getnewargs__(self) -> tuple[str, str, int]:  # type: ignore[override]
        return self.name, self.kind, self.bits

    @property
    def np(self) -> np.dtype[Any]:
        """The NumPy dtype."""
        return np.dtype(self.name)

    @property
    def itemsize(self) -> int:
        """Bytes per element."""
        return self.bits // 8

    @property
    def is_floating(self) -> bool:
        """Whether this is float32 or float64."""
        return self.kind == "f"

    @property
    def is_integer(self) -> bool:
        """Whether this is a signed or unsigned integer."""
        return self.kind in "iu"

    @property
    def is_bool(self) -> bool:
        """Whether this is the boolean type."""
        return self.kind == "b"

    @property
    def as_numpy_dtype(self) -> type:
        """The NumPy scalar type (the name scripts use)."""
        return self.np.type

    @property
    def base_dtype(self) -> DType:
        """This type itself; scripts written for reference types ask for it."""
        return self

    @property
    def size(self) -> int:
        """Bytes per element (the name scripts use)."""
        return self.itemsize

    @property
    def is_unsigned(self) -> bool:
        """Whether this is an unsigned integer type."""
        return self.kind == "u"

    @property
    def is_complex(self) -> bool:
        """False: there are no complex numbers here."""
        return False

    @property
    def real_dtype(self) -> DType:
        """The type of the real part: this type itself."""
        return self

    def is_compatible_with(self, other: Any) -> bool:
        """Whether `other` names the same element type."""
        return bool(self == other)

    @property
    def min(self) -> Any:
        """Smallest finite value."""
        return False if self.is_bool else (np.finfo if self.is_floating else np.iinfo)(self.name).min

    @property
    def max(self) -> Any:
        """Largest finite value."""
        return True if self.is_bool else (np.finfo if self.is_floating else np.iinfo)(self.name).max

    def __repr__(self) -> str:
        return f"graphc.{self.name}"

    def __eq__(self, other: object) -> bool:
        if isinstance(other, DType):
            return self.name == other.name
        try:
            return as_dtype(other).name == self.name
        except TypeError:
            return False

    def __hash__(self) -> int:
        return hash(self.name)


bool_ = DType("bool", "b", 8)
int8, int16, int32, int64 = (DType(f"int{n}", "i", n) for n in (8, 16, 32, 64))
uint8, uint16, uint32, uint64 = (DType(f"uint{n}", "u", n) for n in (8, 16, 32, 64))
float32, float64 = (DType(f"float{n}", "f", n) for n in (32, 64))

ALL_DTYPES = (bool_, int8, int16, int32, int64, uint8, uint16, uint32, uint64, float32, float64)
BY_NAME = {d.name: d for d in ALL_DTYPES}
ALIASES = {"float": float32, "double": float64, "int": int32, "long": int64, "half": None, "bool_": bool_}


def as_dtype(value: Any) -> DType:
    """Turn a name, a NumPy dtype or a Python type into a `DType`.

    Parameters
    ----------
    value : object
        A `DType`, a name (``"float"`` is float32), a NumPy dtype or scalar type, or ``float``, ``int``, ``bool``
        (float32, int32 and bool, the defaults of the language).

    Raises
    ------
    TypeError
        If there is no such element type here.

    Examples
    --------
    >>> as_dtype("float"), as_dtype(np.int64), as_dtype(bool)
    (graphc.float32, graphc.int64, graphc.bool)
    """
    if isinstance(value, DType):
        return value
    if value is float:
        return float32
    if value is int:
        return int32
    if value is bool:
        return bool_
    if isinstance(value, str) and value in ALIASES:
        found = ALIASES[value]
    else:
        try:
            # NumPy takes None for float64.
            found = None if value is None else BY_NAME.get(np.dtype(value).name)
        except TypeError:
            found = None
    if found is None:
        raise TypeError(f"no element type {value!r} here: use one of {', '.join(BY_NAME)}")
    return found


def _promote_integers(a: DType, b: DType) -> DType:
    if a.kind == b.kind:
        return a if a.bits >= b.bits else b
    signed, unsigned = (a, b) if a.kind == "i" else (b, a)
    if signed.bits > unsigned.bits:
        return signed
    return BY_NAME[f"int{2 * unsigned.bits}"] if unsigned.bits < 64 else float64


def promote(a: DType, b: DType) -> DType:
    """The type in which two tensors meet.

    The wider of two floats; the float of a float and an integer; NumPy's choice for two integers (``uint64`` with a
    signed type is ``float64``); the other type for a boolean.

    Examples
    --------
    >>> promote(int32, float32), promote(int8, uint8), promote(bool_, int8)
    (graphc.float32, graphc.int16, graphc.int8)
    """
    if a.kind == b.kind == "f":
        return a if a.bits >= b.bits else b
    if a.kind == "f" or b.is_bool:
        return a
    if b.kind == "f" or a.is_bool:
        return b
    return _promote_integers(a, b)


def weak_result(dtype: DType, scalar: bool | int | float) -> DType:
    """The type in which a tensor meets a Python scalar.

    The tensor's own, unless the scalar's kind is higher: then int32 for an integer with booleans, float32 for a float
    with booleans or integers.

    Examples
    --------
    >>> weak_result(float64, 2), weak_result(int8, 2), weak_result(int64, 2.5)
    (graphc.float64, graphc.int8, graphc.float32)
    """
    if isinstance(scalar, bool):
        return dtype
    if isinstance(scalar, int):
        return int32 if dtype.is_bool else dtype
    return dtype if dtype.is_floating else float32


def promotion_table() -> str:
    """The whole table as aligned text: rows and columns are the operands, the last two columns a Python int and float.

    Examples
    --------
    >>> print(promotion_table().splitlines()[0].split()[:3])
    ['bool', 'int8', 'int16']
    """
    short = {d: d.name for d in ALL_DTYPES}
    head = [*short.values(), "2", "2.5"]
    lines = [" " * 8 + "".join(f"{h:>9}" for h in head)]
    for a in ALL_DTYPES:
        cells = [promote(a, b).name for b in ALL_DTYPES] + [weak_result(a, 2).name, weak_result(a, 2.5).name]
        lines.append(f"{a.name:<8}" + "".join(f"{c:>9}" for c in cells))
    return "\n".join(lines)
