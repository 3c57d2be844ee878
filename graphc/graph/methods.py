"""NumPy's methods on tensors and variables; the public functions behind them are put in by the layer above."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

# By the name of the operator (without underscores) or method; filled when the public functions are imported.
FUNCTIONS: dict[str, Callable[..., Any]] = {}


class ArrayMethods:
    """Methods that NumPy's arrays have, with the same meaning; each builds an operation."""

    __slots__ = ()

    @property
    def ndim(self) -> int | None:
        """Number of axes, None if not known."""
        found: int | None = self.shape.ndims  # type: ignore[attr-defined]
        return found

    @property
    def size(self) -> Any:
        """Number of elements, an integer tensor."""
        return FUNCTIONS["size"](self)

    @property
    def T(self) -> Any:
        """The tensor with its axes reversed."""
        return FUNCTIONS["transpose"](self)

    def transpose(self, *axes: Any) -> Any:
        """The tensor with its axes in this order, reversed if none is given."""
        order = axes[0] if len(axes) == 1 and isinstance(axes[0], list | tuple) else axes
        return FUNCTIONS["transpose"](self, list(order) or None)

    def dimshuffle(self, *pattern: Any) -> Any:
        """Axes in the order of a pattern, in which ``"x"`` stands for a new one; `graphc.dimshuffle`."""
        listed = pattern[0] if len(pattern) == 1 and isinstance(pattern[0], list | tuple) else pattern
        return FUNCTIONS["dimshuffle"](self, tuple(listed))

    def reshape(self, *shape: Any, ndim: int | None = None) -> Any:
        """The same elements under another shape; one size may be -1. `ndim` is accepted for Theano's scripts."""
        return FUNCTIONS["reshape"](self, shape[0] if len(shape) == 1 else list(shape))

    def flatten(self, ndim: int = 1) -> Any:
        """The same elements with `ndim` axes: the last one takes what is left."""
        return FUNCTIONS["flatten"](self, ndim)

    ravel = flatten

    def squeeze(self, axis: Any = None) -> Any:
        """The tensor without axes of size 1."""
        return FUNCTIONS["squeeze"](self, axis)

    def swapaxes(self, axis1: int, axis2: int) -> Any:
        """The tensor with two axes exchanged."""
        return FUNCTIONS["swapaxes"](self, axis1, axis2)

    def astype(self, dtype: Any) -> Any:
        """Elements converted to another type."""
        return FUNCTIONS["cast"](self, dtype)

    def copy(self) -> Any:
        """The tensor itself, as a new one."""
        return FUNCTIONS["identity"](self)

    def _reduce(self, kind: str, axis: Any, dtype: Any, keepdims: bool) -> Any:
        found = FUNCTIONS[kind](self, axis, keepdims)
        return found if dtype is None else FUNCTIONS["cast"](found, dtype)

    def sum(self, axis: Any = None, dtype: Any = None, keepdims: bool = False) -> Any:
        """Sum over axes."""
        return self._reduce("sum", axis, dtype, keepdims)

    def mean(self, axis: Any = None, dtype: Any = None, keepdims: bool = False) -> Any:
        """Mean over axes."""
        return self._reduce("mean", axis, dtype, keepdims)

    def prod(self, axis: Any = None, dtype: Any = None, keepdims: bool = False) -> Any:
        """Product over axes."""
        return self._reduce("prod", axis, dtype, keepdims)

    def max(self, axis: Any = None, keepdims: bool = False) -> Any:
        """Largest element over axes."""
        return self._reduce("max", axis, None, keepdims)

    def min(self, axis: Any = None, keepdims: bool = False) -> Any:
        """Smallest element over axes."""
        return self._reduce("min", axis, None, keepdims)

    def std(self, axis: Any = None, keepdims: bool = False) -> Any:
        """Standard deviation over axes."""
        return self._reduce("std", axis, None, keepdims)

    def var(self, axis: Any = None, keepdims: bool = False) -> Any:
        """Variance over axes."""
        return self._reduce("var", axis, None, keepdims)

    def any(self, axis: Any = None, keepdims: bool = False) -> Any:
        """Whether an element over axes holds."""
        return self._reduce("any", axis, None, keepdims)

    def all(self, axis: Any = None, keepdims: bool = False) -> Any:
        """Whether all elements over axes hold."""
        return self._reduce("all", axis, None, keepdims)

    def norm(self, L: Any = 2, axis: Any = None, keepdims: bool = False) -> Any:
        """The L-norm over axes, `graphc.norm`."""
        return FUNCTIONS["norm"](self, L, axis, keepdims)

    def _position(self, kind: str, axis: int | None) -> Any:
        return FUNCTIONS[kind](self.flatten() if axis is None else self, 0 if axis is None else axis)

    def argmax(self, axis: int | None = None) -> Any:
        """Position of the first largest element, of all or along an axis."""
        return self._position("argmax", axis)

    def argmin(self, axis: int | None = None) -> Any:
        """Position of the first smallest element, of all or along an axis."""
        return self._position("argmin", axis)

    def argsort(self, axis: int = -1) -> Any:
        """Positions of the elements in ascending order along an axis."""
        return FUNCTIONS["argsort"](self, axis)

    def sort(self, axis: int = -1) -> Any:
        """The elements in ascending order along an axis, as a new tensor."""
        return FUNCTIONS["sort"](self, axis)

    def cumsum(self, axis: int | None = None) -> Any:
        """Sums of the elements up to each one."""
        return self._position("cumsum", axis)

    def cumprod(self, axis: int | None = None) -> Any:
        """Products of the elements up to each one."""
        return self._position("cumprod", axis)

    def clip(self, a_min: Any, a_max: Any) -> Any:
        """Elements limited to a range."""
        return FUNCTIONS["clip"](self, a_min, a_max)

    def dot(self, other: Any) -> Any:
        """NumPy's dot product, `graphc.dot`."""
        return FUNCTIONS["dot"](self, other)

    def repeat(self, repeats: Any, axis: int | None = None) -> Any:
        """Every element several times, `graphc.repeat`."""
        return FUNCTIONS["repeat"](self, repeats, axis)

    def take(self, indices: Any, axis: int | None = None) -> Any:
        """Elements or slices by number."""
        return FUNCTIONS["gather"](self.flatten() if axis is None else self, indices, 0 if axis is None else axis)

    def trace(self) -> Any:
        """Sum of the diagonal of a matrix."""
        return FUNCTIONS["sum"](FUNCTIONS["diagonal"](self))

    def diagonal(self) -> Any:
        """The diagonal of a matrix."""
        return FUNCTIONS["diagonal"](self)
