"""Sizes of sequences and images: padding, cropping, and repeating."""

from __future__ import annotations

from typing import Any

from graphc.api.arrays import pad
from graphc.api.shaping import broadcast_to, expand_dims, reshape, shape
from graphc.keras.engine.layer import Layer
from graphc.layers.convolutional import as_format, channels_last


def pairs(value: Any, count: int, what: str) -> tuple[tuple[int, int], ...]:
    """What is done at both ends of each axis, of one number, one for each axis, or pairs.

    Raises
    ------
    ValueError
        If it is none of these.
    """
    if isinstance(value, int):
        return ((value, value),) * count
    listed = list(value)
    if count == 1 and len(listed) == 2 and all(isinstance(v, int) for v in listed):
        return ((listed[0], listed[1]),)
    if len(listed) != count:
        raise ValueError(f"{what} is a number, or one or a pair of numbers for each of {count} axes, not {value!r}")
    return tuple((v, v) if isinstance(v, int) else (int(v[0]), int(v[1])) for v in listed)


class _Padding(Layer):
    axes = 2

    def __init__(self, padding: Any = 1, data_format: str | None = None, **options: Any) -> None:
        super().__init__(**options)
        self.padding = pairs(padding, self.axes, "padding")
        self.data_format = data_format or "channels_last"

    def call(self, inputs: Any) -> Any:
        """The inputs with zeros around."""
        x = channels_last(inputs, self.data_format)
        return as_format(pad(x, [[0, 0], *map(list, self.padding), [0, 0]]), self.data_format)


class ZeroPadding1D(_Padding):
    """Zeros before and behind sequences.

    Parameters
    ----------
    padding : int or pair of int
    """

    axes = 1


class ZeroPadding2D(_Padding):
    """Zeros around images.

    Parameters
    ----------
    padding : int, pair of int, or pair of pairs
        Of rows and columns; of pairs the numbers before and behind.
    data_format : str, optional
    """


class _Cropping(Layer):
    axes = 2

    def __init__(self, cropping: Any = 0, data_format: str | None = None, **options: Any) -> None:
        super().__init__(**options)
        self.cropping = pairs(cropping, self.axes, "cropping")
        self.data_format = data_format or "channels_last"

    def call(self, inputs: Any) -> Any:
        """The inner part of the inputs."""
        x = channels_last(inputs, self.data_format)
        inner = tuple(slice(a, -b if b else None) for a, b in self.cropping)
        return as_format(x[(slice(None), *inner)], self.data_format)


class Cropping1D(_Cropping):
    """Sequences without their ends.

    Parameters
    ----------
    cropping : int or pair of int
    """

    axes = 1

    def __init__(self, cropping: Any = 1, **options: Any) -> None:
        super().__init__(cropping, **options)


class Cropping2D(_Cropping):
    """Images without their borders.

    Parameters
    ----------
    cropping : int, pair of int, or pair of pairs
    data_format : str, optional
    """


def repeated(x: Any, times: int, axis: int) -> Any:
    """Each entry of an axis a number of times."""
    if times == 1:
        return x
    sizes, open_sizes = x.shape.as_list(), shape(x)
    own = [open_sizes[i] if n is None else n for i, n in enumerate(sizes)]
    wide = broadcast_to(expand_dims(x, axis + 1), [*own[: axis + 1], times, *own[axis + 1 :]])
    own[axis] = own[axis] * times
    return reshape(wide, own)


class UpSampling1D(Layer):
    """Each position of a sequence a number of times.

    Parameters
    ----------
    size : int
    """

    def __init__(self, size: int = 2, **options: Any) -> None:
        super().__init__(**options)
        self.size = int(size)

    def call(self, inputs: Any) -> Any:
        """The longer sequences."""
        return repeated(inputs, self.size, 1)


class UpSampling2D(Layer):
    """Rows and columns of images a number of times.

    Parameters
    ----------
    size : int or pair of int
    data_format : str, optional
    interpolation : str
        ``"nearest"`` or ``"bilinear"``.
    """

    def __init__(
        self, size: Any = (2, 2), data_format: str | None = None, interpolation: str = "nearest", **options: Any
    ) -> None:
        super().__init__(**options)
        self.size = (size, size) if isinstance(size, int) else (int(size[0]), int(size[1]))
        self.data_format, self.interpolation = data_format or "channels_last", interpolation
        if interpolation not in ("nearest", "bilinear"):
            raise ValueError(f"interpolation is 'nearest' or 'bilinear', not {interpolation!r}")

    def call(self, inputs: Any) -> Any:
        """The larger images."""
        x = channels_last(inputs, self.data_format)
        for axis, times in ((1, self.size[0]), (2, self.size[1])):
            x = repeated(x, times, axis) if self.interpolation == "nearest" else _blended(x, times, axis)
        return as_format(x, self.data_format)


def _blended(x: Any, times: int, axis: int) -> Any:
    """Linear interpolation between the centres of neighbours; the ends stay beyond the outermost centres."""
    import numpy as np

    from graphc.api.arrays import gather

    size = x.shape.as_list()[axis]
    if size is None:
        raise ValueError("UpSampling2D(interpolation='bilinear') needs images of known height and width")
    place = np.clip((np.arange(size * times) + 0.5) / times - 0.5, 0, size - 1)
    low = np.floor(place).astype(np.int32)
    share = (place - low).astype(np.float32).reshape([-1 if i == axis else 1 for i in range(4)])
    below, above = (gather(x, np.minimum(low + d, size - 1).astype(np.int32), axis=axis) for d in (0, 1))
    return below * (1.0 - share) + above * share
