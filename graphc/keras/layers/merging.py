"""Layers of several inputs: sums, products, concatenation."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from graphc.api.math import logical_and, maximum, minimum
from graphc.api.nn import l2_normalize
from graphc.api.shaping import concat, expand_dims, shape
from graphc.keras.engine.layer import Layer
from graphc.keras.engine.structure import leaves


class _Merge(Layer):
    """One result of a list of inputs, whose shapes broadcast against each other."""

    supports_masking = True

    def _check_input(self, args: tuple[Any, ...]) -> None:
        if len(args) != 1 or not isinstance(args[0], list | tuple) or len(args[0]) < 1:
            raise ValueError(
                f"the layer {self.name} ({type(self).__name__}) takes a list of inputs: {self.name}([a, b])"
            )

    def merge(self, a: Any, b: Any) -> Any:
        """The result of two."""
        raise NotImplementedError

    def call(self, inputs: Any) -> Any:
        """The result of all."""
        return functools.reduce(self.merge, _same_rank(list(inputs)))

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """True where all inputs that have a mask are."""
        masks = [m for m in leaves(mask) if m is not None]
        return functools.reduce(logical_and, masks) if masks else None


def _same_rank(values: list[Any]) -> list[Any]:
    """Inputs of fewer axes get axes of size 1 behind the batch."""
    rank = max(v.shape.ndims for v in values)
    found = []
    for value in values:
        while value.shape.ndims < rank:
            value = expand_dims(value, 1)
        found.append(value)
    return found


class Add(_Merge):
    """The sum of the inputs."""

    def merge(self, a: Any, b: Any) -> Any:
        """a + b."""
        return a + b


class Subtract(_Merge):
    """The first input less the second."""

    def merge(self, a: Any, b: Any) -> Any:
        """a - b."""
        return a - b

    def call(self, inputs: Any) -> Any:
        """The difference.

        Raises
        ------
        ValueError
            If there are not two inputs.
        """
        if len(inputs) != 2:
            raise ValueError(f"the layer {self.name} takes two inputs, not {len(inputs)}")
        return super().call(inputs)


class Multiply(_Merge):
    """The product of the inputs."""

    def merge(self, a: Any, b: Any) -> Any:
        """a * b."""
        return a * b


class Average(Add):
    """The mean of the inputs."""

    def call(self, inputs: Any) -> Any:
        """The mean."""
        return super().call(inputs) / float(len(inputs))


class Maximum(_Merge):
    """The largest elements of the inputs."""

    def merge(self, a: Any, b: Any) -> Any:
        """The larger ones."""
        return maximum(a, b)


class Minimum(_Merge):
    """The smallest elements of the inputs."""

    def merge(self, a: Any, b: Any) -> Any:
        """The smaller ones."""
        return minimum(a, b)


class Concatenate(_Merge):
    """The inputs behind each other.

    Parameters
    ----------
    axis : int
    """

    def __init__(self, axis: int = -1, **options: Any) -> None:
        super().__init__(**options)
        self.axis = axis

    def call(self, inputs: Any) -> Any:
        """The inputs behind each other.

        Raises
        ------
        ValueError
            If other sizes differ.
        """
        shapes = [v.shape.as_list() for v in inputs]
        at = self.axis % len(shapes[0])
        others = [[n for i, n in enumerate(s) if i != at] for s in shapes]
        if any(len(o) != len(others[0]) or any(None not in p and p[0] != p[1] for p in zip(o, others[0], strict=True))
               for o in others):  # fmt: skip
            raise ValueError(f"the layer {self.name} joins along axis {self.axis}: other sizes are equal, not {shapes}")
        return concat(list(inputs), at)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """The masks behind each other, or both together where features are joined."""
        listed = list(mask) if isinstance(mask, list | tuple) else [mask]
        if all(m is None for m in listed):
            return None
        if self.axis % inputs[0].shape.ndims != 1:
            return super().compute_mask(inputs, mask)
        from graphc.api.shaping import ones

        whole = [ones(shape(x)[:2], "bool") if m is None else m for x, m in zip(inputs, listed, strict=True)]
        return concat(whole, 1)


class Dot(_Merge):
    """Products of two inputs, summed over an axis of each, sample by sample.

    Parameters
    ----------
    axes : int or pair of int
        Counted with the batch axis.
    normalize : bool
        Whether inputs get length 1 along the axis first.
    """

    def __init__(self, axes: Any, normalize: bool = False, **options: Any) -> None:
        super().__init__(**options)
        self.axes, self.normalize = axes, normalize

    def call(self, inputs: Any) -> Any:
        """The sums of products."""
        a, b = inputs
        first, second = (self.axes, self.axes) if isinstance(self.axes, int) else self.axes
        first, second = first % a.shape.ndims, second % b.shape.ndims
        if self.normalize:
            a, b = l2_normalize(a, first), l2_normalize(b, second)
        found = _summed(a, b, first, second)
        return found if found.shape.ndims > 1 else expand_dims(found, 1)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """None."""
        return None


def _summed(a: Any, b: Any, first: int, second: int) -> Any:
    from graphc.api.einsum import einsum

    left = "".join(chr(ord("b") + i) for i in range(a.shape.ndims - 1))
    right = "".join(chr(ord("m") + i) for i in range(b.shape.ndims - 1))
    right = right[: second - 1] + left[first - 1] + right[second:]
    rest = left.replace(left[first - 1], "") + right.replace(left[first - 1], "")
    return einsum(f"a{left},a{right}->a{rest}", a, b)


def _function(cls: type[Layer], *names: str) -> Callable[..., Any]:
    def merged(inputs: Any, *args: Any, **options: Any) -> Any:
        return cls(*args, **options)(inputs)

    merged.__name__ = names[0]
    merged.__doc__ = f"`{cls.__name__}` of a list of inputs."
    return merged


add, subtract, multiply = _function(Add, "add"), _function(Subtract, "subtract"), _function(Multiply, "multiply")
average, concatenate, dot = _function(Average, "average"), _function(Concatenate, "concatenate"), _function(Dot, "dot")
