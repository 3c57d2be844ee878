"""Python's operators on tensors and variables; the public functions behind them are put in by the layer above."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

# By the operator's name without underscores; filled when the public functions are imported.
FUNCTIONS: dict[str, Callable[..., Any]] = {}


class Operators:
    """What tensors and variables share: every operator builds an operation."""

    # NumPy hands `array * tensor` over to the tensor.
    __array_ufunc__ = None
    __array_priority__ = 100
    __slots__ = ()

    def __add__(self, other: Any) -> Any:
        return FUNCTIONS["add"](self, other)

    def __radd__(self, other: Any) -> Any:
        return FUNCTIONS["add"](other, self)

    def __sub__(self, other: Any) -> Any:
        return FUNCTIONS["sub"](self, other)

    def __rsub__(self, other: Any) -> Any:
        return FUNCTIONS["sub"](other, self)

    def __mul__(self, other: Any) -> Any:
        return FUNCTIONS["mul"](self, other)

    def __rmul__(self, other: Any) -> Any:
        return FUNCTIONS["mul"](other, self)

    def __truediv__(self, other: Any) -> Any:
        return FUNCTIONS["truediv"](self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return FUNCTIONS["truediv"](other, self)

    def __floordiv__(self, other: Any) -> Any:
        return FUNCTIONS["floordiv"](self, other)

    def __rfloordiv__(self, other: Any) -> Any:
        return FUNCTIONS["floordiv"](other, self)

    def __mod__(self, other: Any) -> Any:
        return FUNCTIONS["mod"](self, other)

    def __rmod__(self, other: Any) -> Any:
        return FUNCTIONS["mod"](other, self)

    def __pow__(self, other: Any) -> Any:
        return FUNCTIONS["pow"](self, other)

    def __rpow__(self, other: Any) -> Any:
        return FUNCTIONS["pow"](other, self)

    def __matmul__(self, other: Any) -> Any:
        return FUNCTIONS["matmul"](self, other)

    def __rmatmul__(self, other: Any) -> Any:
        return FUNCTIONS["matmul"](other, self)

    def __and__(self, other: Any) -> Any:
        return FUNCTIONS["and"](self, other)

    def __rand__(self, other: Any) -> Any:
        return FUNCTIONS["and"](other, self)

    def __or__(self, other: Any) -> Any:
        return FUNCTIONS["or"](self, other)

    def __ror__(self, other: Any) -> Any:
        return FUNCTIONS["or"](other, self)

    def __xor__(self, other: Any) -> Any:
        return FUNCTIONS["xor"](self, other)

    def __rxor__(self, other: Any) -> Any:
        return FUNCTIONS["xor"](other, self)

    def __lshift__(self, other: Any) -> Any:
        return FUNCTIONS["lshift"](self, other)

    def __rshift__(self, other: Any) -> Any:
        return FUNCTIONS["rshift"](self, other)

    def __lt__(self, other: Any) -> Any:
        return FUNCTIONS["lt"](self, other)

    def __le__(self, other: Any) -> Any:
        return FUNCTIONS["le"](self, other)

    def __gt__(self, other: Any) -> Any:
        return FUNCTIONS["gt"](self, other)

    def __ge__(self, other: Any) -> Any:
        return FUNCTIONS["ge"](self, other)

    def __neg__(self) -> Any:
        return FUNCTIONS["neg"](self)

    def __pos__(self) -> Any:
        return self

    def __abs__(self) -> Any:
        return FUNCTIONS["abs"](self)

    def __invert__(self) -> Any:
        return FUNCTIONS["invert"](self)

    def __round__(self) -> Any:
        return FUNCTIONS["round"](self)

    def __getitem__(self, key: Any) -> Any:
        return FUNCTIONS["getitem"](self, key)
