"""Layers that take the largest elements or means of moving windows."""

from __future__ import annotations

from typing import Any

from graphc.api.convolution import avg_pool, max_pool
from graphc.graph.operation import Tensor
from graphc.graph.scopes import VariableScope
from graphc.layers.convolutional import as_format, channels_last, per_axis
from graphc.layers.scope import as_input, layer_scope


def _pooled(
    function: Any, what: str, count: int, inputs: Any, pool_size: Any, strides: Any, padding: str, data_format: str,
    name: str | VariableScope | None,
) -> Tensor:  # fmt: skip
    given = as_input(inputs, what, rank=count + 2)
    with layer_scope(name, what):
        x = channels_last(given, data_format)
        window = per_axis(pool_size, count, "pool_size")
        step = window if strides is None else per_axis(strides, count, "strides")
        found: Tensor = as_format(function(x, window, step, padding), data_format)
        return found


def max_pooling1d(
    inputs: Any, pool_size: Any, strides: Any = None, padding: str = "valid", data_format: str = "channels_last",
    name: str | VariableScope | None = None,
) -> Tensor:  # fmt: skip
    """Largest elements of windows along one axis, of [batch, width, channels]; arguments as for `max_pooling2d`."""
    return _pooled(max_pool, "max_pooling1d", 1, inputs, pool_size, strides, padding, data_format, name)


def max_pooling2d(
    inputs: Any, pool_size: Any, strides: Any = None, padding: str = "valid", data_format: str = "channels_last",
    name: str | VariableScope | None = None,
) -> Tensor:  # fmt: skip
    """Largest elements of windows of images.

    Parameters
    ----------
    inputs : Tensor
        [batch, height, width, channels]
    pool_size : int or pair of int
    strides : int or pair of int, optional
        The window's size if not given.
    padding : str
        ``"valid"`` or ``"same"``.
    data_format : str
        ``"channels_first"`` where images are [batch, channels, height, width].
    name : str, optional

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import graphc as gc
    >>> with gc.Graph().as_default():
    ...     print(gc.layers.max_pooling2d(gc.placeholder(gc.float32, [None, 28, 28, 3]), 2, 2).shape)
    (?, 14, 14, 3)
    """
    return _pooled(max_pool, "max_pooling2d", 2, inputs, pool_size, strides, padding, data_format, name)


def average_pooling1d(
    inputs: Any, pool_size: Any, strides: Any = None, padding: str = "valid", data_format: str = "channels_last",
    name: str | VariableScope | None = None,
) -> Tensor:  # fmt: skip
    """Means of windows along one axis, of [batch, width, channels]; padding does not count."""
    return _pooled(avg_pool, "average_pooling1d", 1, inputs, pool_size, strides, padding, data_format, name)


def average_pooling2d(
    inputs: Any, pool_size: Any, strides: Any = None, padding: str = "valid", data_format: str = "channels_last",
    name: str | VariableScope | None = None,
) -> Tensor:  # fmt: skip
    """Means of windows of images; padding does not count. Arguments as for `max_pooling2d`."""
    return _pooled(avg_pool, "average_pooling2d", 2, inputs, pool_size, strides, padding, data_format, name)
