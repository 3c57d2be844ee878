"""Python's operators on tensors and variables; the public functions behind them are put in by the layer above."""

from __future__ import annotations

from typing import Any

from graphc.graph.methods import FUNCTIONS, ArrayMethods

__all__ = ["FUNCTIONS", "UFUNCS", "Operators"]

# The operators behind NumPy's functions: Python turns `array * tensor` into `numpy.multiply(array, tensor)`.
UFUNCS = {
    "add": "add", "subtract": "sub", "multiply": "mul", "divide": "truediv", "true_divide": "truediv",
    "floor_divide": "floordiv", "remainder": "mod", "power": "pow", "matmul": "matmul", "bitwise_and": "and",
    "bitwise_or": "or", "bitwise_xor": "xor", "left_shift": "lshift", "right_shift": "rshift", "less": "lt",
    "less_equal": "le", "greater": "gt", "greater_equal": "ge",
}  # fmt: skip

# Types of operations whose result no script takes for "there is a tensor".
COMPARISONS = frozenset({"less", "less_equal", "greater", "greater_equal", "equal", "not_equal"})


class Operators(ArrayMethods):
    """What tensors and variables share: every operator and method builds an operation."""

    __slots__ = ()

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        operator = UFUNCS.get(ufunc.__name__)
        if operator is None or method != "__call__" or kwargs:
            raise self._no_value(f"cannot be given to numpy.{ufunc.__name__}")
        return FUNCTIONS[operator](*inputs)

    def _no_value(self, what: str) -> TypeError:
        kind, name = type(self).__name__.lower(), getattr(self, "name", "")
        return TypeError(
            f"the {kind} {name} {what}: it has no value while the graph is built. Use graphc's functions of tensors, "
            "such as gc.sin, gc.where or gc.equal, or fetch the value with Session.run"
        )

    def __bool__(self) -> bool:
        own: Any = self
        if own.graph.conventions.functional and own.op.type not in COMPARISONS:
            # "if not W:" asks such scripts whether a tensor was given.
            return True
        raise self._no_value("is neither true nor false")

    def __len__(self) -> int:
        raise self._no_value("has no length")

    def __float__(self) -> float:
        raise self._no_value("is no number")

    def __int__(self) -> int:
        raise self._no_value("is no number")

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        raise self._no_value("is no array")

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

    def __rlshift__(self, other: Any) -> Any:
        return FUNCTIONS["lshift"](other, self)

    def __rrshift__(self, other: Any) -> Any:
        return FUNCTIONS["rshift"](other, self)

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
