"""The shape of a tensor in the user's graph: known sizes, unknown ones, or nothing known at all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from graphc.ir.dims import Dim


class Dimension:
    """One size; `value` is None where it is known only at run time."""

    __slots__ = ("value",)

    def __init__(self, value: int | None) -> None:
        self.value = value

    def __int__(self) -> int:
        if self.value is None:
            raise TypeError("this dimension is known only at run time: use gc.shape(tensor) for its value there")
        return self.value

    __index__ = __int__

    def __eq__(self, other: object) -> bool:
        return self.value == (other.value if isinstance(other, Dimension) else other)

    def __hash__(self) -> int:
        return hash(self.value)

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

    def __init__(self, dims: Sequence[Dim | None] | None) -> None:
        self.dims: tuple[Dim | None, ...] | None = None if dims is None else tuple(dims)

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
