"""The shape of a tensor in the user's graph: known sizes, unknown ones, or nothing known at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from graphc.graph.methods import FUNCTIONS
from graphc.ir.dims import Dim


class Dimension:
    """One size; `value` is None where it is known only at run time.

    Arithmetic with integers and other dimensions gives dimensions, unknown where an operand is.

    Examples
    --------
    >>> Dimension(4) * 2, Dimension(None) + 1, Dimension(9) // 2
    (Dimension(8), Dimension(None), Dimension(4))
    """

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value: int | None = value.value if isinstance(value, Dimension) else value

    def __int__(self) -> int:
        if self.value is None:
            raise TypeError("this dimension is known only at run time: use gc.shape(tensor) for its value there")
        return self.value

    __index__ = __int__

    def _with(self, other: Any, compute: Callable[[int, int], Any]) -> Any:
        number = other.value if isinstance(other, Dimension) else other
        if number is not None and not hasattr(number, "__index__"):
            return NotImplemented
        return None if self.value is None or number is None else compute(self.value, int(number))

    def _sized(self, other: Any, compute: Callable[[int, int], int]) -> Any:
        found = self._with(other, compute)
        return found if found is NotImplemented else Dimension(found)

    def __add__(self, other: Any) -> Any:
        return self._sized(other, lambda a, b: a + b)

    __radd__ = __add__

    def __sub__(self, other: Any) -> Any:
        return self._sized(other, lambda a, b: a - b)

    def __rsub__(self, other: Any) -> Any:
        return self._sized(other, lambda a, b: b - a)

    def __mul__(self, other: Any) -> Any:
        return self._sized(other, lambda a, b: a * b)

    __rmul__ = __mul__

    def __floordiv__(self, other: Any) -> Any:
        return self._sized(other, lambda a, b: a // b)

    __truediv__ = __div__ = __floordiv__

    def __rfloordiv__(self, other: Any) -> Any:
        return self._sized(other, lambda a, b: b // a)

    def __mod__(self, other: Any) -> Any:
        return self._sized(other, lambda a, b: a % b)

    def __lt__(self, other: Any) -> Any:
        return self._with(other, lambda a, b: a < b)

    def __le__(self, other: Any) -> Any:
        return self._with(other, lambda a, b: a <= b)

    def __gt__(self, other: Any) -> Any:
        return self._with(other, lambda a, b: a > b)

    def __ge__(self, other: Any) -> Any:
        return self._with(other, lambda a, b: a >= b)

    def __eq__(self, other: object) -> bool:
        return self.value == (other.value if isinstance(other, Dimension) else other)

    def __hash__(self) -> int:
        return hash(self.value)

    def is_compatible_with(self, other: Any) -> bool:
        """Whether both may be the same size."""
        number = Dimension(other).value
        return self.value is None or number is None or self.value == number

    def __str__(self) -> str:
        return "?" if self.value is None else str(self.value)

    def __repr__(self) -> str:
        return f"Dimension({self.value})"


class TensorShape:
    """Sizes of a tensor's axes as far as they are known.

    Parameters
    ----------
    dims : sequence of int, None or expressions, or None
        None as a whole: even the rank is unknown.

    Examples
    --------
    >>> TensorShape([None, 64]).as_list()
    [None, 64]
    >>> TensorShape(None).ndims is None
    True
    """

    __slots__ = ("dims",)

    def __init__(self, dims: Any) -> None:
        if isinstance(dims, TensorShape):
            dims = dims.dims
        elif isinstance(dims, int | Dimension):
            dims = (dims,)
        self.dims: tuple[Dim | None, ...] | None = None
        if dims is not None:
            self.dims = tuple(d.value if isinstance(d, Dimension) else d for d in dims)

    @property
    def ndims(self) -> int | None:
        """Number of axes, None if unknown."""
        return None if self.dims is None else len(self.dims)

    rank = ndims

    def _sizes(self) -> list[int | None]:
        if self.dims is None:
            raise ValueError("nothing is known of this shape, not even its rank")
        return [d if isinstance(d, int) else None for d in self.dims]

    def as_list(self) -> list[int | None]:
        """Sizes as a list, None for unknown ones.

        Raises
        ------
        ValueError
            If even the rank is unknown.
        """
        return self._sizes()

    def is_fully_defined(self) -> bool:
        """Whether every size is known."""
        return self.dims is not None and all(isinstance(d, int) for d in self.dims)

    def num_elements(self) -> int | None:
        """Number of elements, None if not known."""
        if not self.is_fully_defined():
            return None
        count = 1
        for size in self._sizes():
            count *= size or 0
        return count

    def is_compatible_with(self, other: Any) -> bool:
        """Whether one tensor may have both shapes."""
        try:
            self.merge_with(other)
        except ValueError:
            return False
        return True

    def merge_with(self, other: Any) -> TensorShape:
        """What is known of a tensor that has both shapes.

        Raises
        ------
        ValueError
            If no tensor can.
        """
        that = TensorShape(other)
        if self.dims is None or that.dims is None:
            return that if self.dims is None else self
        pairs = list(zip(self.dims, that.dims, strict=False))
        if len(self.dims) != len(that.dims) or any(isinstance(a, int) and isinstance(b, int) and a != b
                                                   for a, b in pairs):  # fmt: skip
            raise ValueError(f"the shapes {self} and {that} are not compatible")
        return TensorShape([b if isinstance(b, int) or a is None else a for a, b in pairs])

    def concatenate(self, other: Any) -> TensorShape:
        """The axes of this shape followed by those of another."""
        that = TensorShape(other)
        return TensorShape(None if self.dims is None or that.dims is None else (*self.dims, *that.dims))

    def with_rank(self, rank: int) -> TensorShape:
        """This shape, known to have `rank` axes.

        Raises
        ------
        ValueError
            If it has another number.
        """
        return self.merge_with([None] * rank)

    def assert_has_rank(self, rank: int) -> None:
        """Raise `ValueError` unless the shape may have `rank` axes."""
        self.with_rank(rank)

    assert_is_compatible_with = merge_with

    def __add__(self, other: Any) -> TensorShape:
        return self.concatenate(other)

    def __len__(self) -> int:
        return len(self._sizes())

    def __iter__(self) -> Iterator[Dimension]:
        return iter(Dimension(s) for s in self._sizes())

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, slice):
            return TensorShape(self._sizes()[key])
        return Dimension(self._sizes()[key])

    def __eq__(self, other: object) -> bool:
        if isinstance(other, TensorShape):
            return self.dims == other.dims
        if isinstance(other, list | tuple):
            return self.dims is not None and self._sizes() == [None if o is None else int(o) for o in other]
        return NotImplemented

    def __hash__(self) -> int:
        return hash(self.dims)

    def __bool__(self) -> bool:
        return self.dims is not None

    def __str__(self) -> str:
        if self.dims is None:
            return "<unknown>"
        sizes = ["?" if s is None else str(s) for s in self._sizes()]
        return f"({', '.join(sizes)}{',' if len(sizes) == 1 else ''})"

    def __repr__(self) -> str:
        return f"TensorShape({None if self.dims is None else self._sizes()})"


class SymbolicShape(TensorShape):
    """A shape whose items are integer tensors: where graphs follow the functional conventions, as in Theano."""

    __slots__ = ("tensor",)

    def __init__(self, tensor: Any, dims: Any) -> None:
        super().__init__(dims)
        self.tensor = tensor

    @classmethod
    def of(cls, tensor: Any) -> Callable[[Any], SymbolicShape]:
        """What makes the shape of a tensor of its dimensions."""
        return partial(cls, tensor)

    def as_tensor(self) -> Any:
        """The sizes as a vector of int64."""
        return FUNCTIONS["shape"](self.tensor, "int64")

    def eval(self, feed_dict: Any = None) -> Any:
        """Its value."""
        return self.as_tensor().eval(feed_dict)

    def __iter__(self) -> Iterator[Any]:
        return iter([self[i] for i in range(len(self))])

    def __getitem__(self, key: Any) -> Any:
        return self.as_tensor()[key]
