"""Largest elements and means of windows, and of everything."""

from __future__ import annotations

from typing import Any

from graphc.api.convolution import avg_pool, max_pool
from graphc.api.math import cast, reduce_max, reduce_mean, reduce_sum
from graphc.api.shaping import expand_dims
from graphc.keras.engine.layer import Layer
from graphc.layers.convolutional import as_format, channels_last, per_axis


class _Pooling(Layer):
    """Windows that move over each channel."""

    axes = 2
    largest = True

    def __init__(
        self, pool_size: Any = 2, strides: Any = None, padding: str = "valid", data_format: str | None = None,
        **options: Any,
    ) -> None:  # fmt: skip
        super().__init__(**options)
        self.pool_size = tuple(per_axis(_plain(pool_size), self.axes, "pool_size"))
        self.strides = self.pool_size if strides is None else tuple(per_axis(_plain(strides), self.axes, "strides"))
        self.padding, self.data_format = padding.lower(), data_format or "channels_last"

    def _check_input(self, args: tuple[Any, ...]) -> None:
        rank = args[0].shape.ndims if args else None
        if rank not in (None, self.axes + 2):
            raise ValueError(
                f"the layer {self.name} ({type(self).__name__}) takes inputs with {self.axes + 2} axes, not of shape "
                f"{tuple(args[0].shape.as_list())}"
            )

    def call(self, inputs: Any) -> Any:
        """The pooled inputs."""
        function = max_pool if self.largest else avg_pool
        x = channels_last(inputs, self.data_format)
        return as_format(function(x, self.pool_size, self.strides, self.padding.upper()), self.data_format)


def _plain(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


class MaxPooling1D(_Pooling):
    """Largest elements of windows of [batch, positions, channels].

    Parameters
    ----------
    pool_size : int or tuple of int
    strides : int or tuple of int, optional
        The window's size if not given.
    padding : str
        ``"valid"`` or ``"same"``.
    data_format : str, optional
    """

    axes = 1


class MaxPooling2D(_Pooling):
    """Largest elements of windows of images.

    Parameters
    ----------
    pool_size : int or tuple of int
    strides : int or tuple of int, optional
        The window's size if not given.
    padding : str
        ``"valid"`` or ``"same"``.
    data_format : str, optional
    """


class AveragePooling1D(_Pooling):
    """Means of windows of [batch, positions, channels].

    Parameters
    ----------
    pool_size : int or tuple of int
    strides : int or tuple of int, optional
        The window's size if not given.
    padding : str
        ``"valid"`` or ``"same"``.
    data_format : str, optional
    """

    axes, largest = 1, False


class AveragePooling2D(_Pooling):
    """Means of windows of images.

    Parameters
    ----------
    pool_size : int or tuple of int
    strides : int or tuple of int, optional
        The window's size if not given.
    padding : str
        ``"valid"`` or ``"same"``.
    data_format : str, optional
    """

    largest = False


class _GlobalPooling(Layer):
    """One number for each channel.

    Parameters
    ----------
    data_format : str, optional
    keepdims : bool
        Whether the axes stay, with size 1.
    """

    axes = 2

    def __init__(self, data_format: str | None = None, keepdims: bool = False, **options: Any) -> None:
        super().__init__(**options)
        self.data_format, self.keepdims = data_format or "channels_last", keepdims

    def _over(self) -> list[int]:
        first = 1 if self.data_format == "channels_last" else 2
        return list(range(first, first + self.axes))


class GlobalMaxPooling1D(_GlobalPooling):
    """The largest element of each channel of [batch, positions, channels]."""

    axes = 1

    def call(self, inputs: Any) -> Any:
        """The largest elements."""
        return reduce_max(inputs, axis=self._over(), keepdims=self.keepdims)


class GlobalMaxPooling2D(GlobalMaxPooling1D):
    """The largest element of each channel of images."""

    axes = 2


class GlobalAveragePooling2D(_GlobalPooling):
    """The mean of each channel of images."""

    def call(self, inputs: Any) -> Any:
        """The means."""
        return reduce_mean(inputs, axis=self._over(), keepdims=self.keepdims)


class GlobalAveragePooling1D(_GlobalPooling):
    """The mean of each channel of [batch, positions, channels], over the positions that the mask keeps."""

    axes = 1
    supports_masking = True

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """The means."""
        if mask is None:
            return reduce_mean(inputs, axis=self._over(), keepdims=self.keepdims)
        axis = self._over()[0]
        kept = expand_dims(cast(mask, inputs.dtype), 2 if axis == 1 else 1)
        total = reduce_sum(inputs * kept, axis=axis, keepdims=self.keepdims)
        return total / reduce_sum(kept, axis=axis, keepdims=self.keepdims)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """None: there are no positions any more."""
        return None


MaxPool1D, MaxPool2D, AvgPool1D, AvgPool2D = MaxPooling1D, MaxPooling2D, AveragePooling1D, AveragePooling2D
GlobalMaxPool1D, GlobalMaxPool2D = GlobalMaxPooling1D, GlobalMaxPooling2D
GlobalAvgPool1D, GlobalAvgPool2D = GlobalAveragePooling1D, GlobalAveragePooling2D
