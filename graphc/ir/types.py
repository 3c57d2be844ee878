"""Types of values in a lowered program: a dtype and a shape of dimensions, or a tuple of such types."""

from __future__ import annotations

from dataclasses import dataclass

from graphc.ir.dims import Dim, product, substitute
from graphc.ir.dtypes import DType

Shape = tuple[Dim, ...]


@dataclass(frozen=True, slots=True)
class TensorType:
    """A dense tensor: element type and shape.

    Examples
    --------
    >>> from graphc.ir.dims import symbol
    >>> from graphc.ir.dtypes import float32
    >>> TensorType(float32, (symbol("n"), 64))
    float32[n, 64]
    """

    dtype: DType
    shape: Shape

    @property
    def rank(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def size(self) -> Dim:
        """Number of elements."""
        return product(self.shape)

    def with_shape(self, shape: Shape) -> TensorType:
        """The same element type with another shape."""
        return TensorType(self.dtype, tuple(shape))

    def with_dtype(self, dtype: DType) -> TensorType:
        """The same shape with another element type."""
        return TensorType(dtype, self.shape)

    def concrete(self, bindings: dict[str, int]) -> tuple[int, ...]:
        """The shape in integers, once every symbol is bound."""
        sizes = tuple(substitute(dim, bindings) for dim in self.shape)
        return tuple(int(s) for s in sizes)  # type: ignore[arg-type]

    def __repr__(self) -> str:
        return f"{self.dtype.name}[{', '.join(str(d) for d in self.shape)}]"


@dataclass(frozen=True, slots=True)
class TupleType:
    """Several values from one node; `item` nodes take them apart."""

    items: tuple[TensorType, ...]

    def __repr__(self) -> str:
        return f"({', '.join(map(repr, self.items))})"


Type = TensorType | TupleType
