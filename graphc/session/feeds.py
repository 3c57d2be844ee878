"""Values of feeds: checked, and cast within a kind when they fit, before anything runs."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphc.graph.errors import FeedError
from graphc.graph.operation import Tensor


def feed_array(tensor: Tensor, value: Any) -> np.ndarray:
    """A value as an array of the tensor's element type.

    Parameters
    ----------
    tensor : Tensor
    value : array_like
        Anything NumPy understands; cast when its kind is not above the tensor's and its values fit.

    Returns
    -------
    ndarray
        C-contiguous and of native byte order; the value itself where it is already.

    Raises
    ------
    FeedError
        If kind, range, rank or known sizes do not fit.
    """
    if type(value) is np.ndarray and value.dtype == tensor.dtype.np and value.flags.c_contiguous:
        array = value
    else:
        array = _converted(tensor, value)
    known = tensor.shape.dims
    if known is not None:
        fits = len(known) == array.ndim and all(
            not isinstance(d, int) or d == n for d, n in zip(known, array.shape, strict=True)
        )
        if not fits:
            raise FeedError(
                f"{tensor.name} has shape {tensor.shape}: an array of shape {array.shape} cannot be fed",
                tensor.op.origin,
            )
    return array


def _converted(tensor: Tensor, value: Any) -> np.ndarray:
    if isinstance(value, Tensor) or hasattr(value, "read_value"):
        raise FeedError(f"{value!r} is fed to {tensor.name}: feed an array, not a tensor", tensor.op.origin)
    try:
        array = np.asarray(value)
    except ValueError:
        raise FeedError(
            f"the value fed to {tensor.name} is no array: its rows differ in length", tensor.op.origin
        ) from None
    target = tensor.dtype.np
    if array.dtype.kind not in "biuf":
        raise FeedError(f"{tensor.name} is {target}: values of type {array.dtype} cannot be fed", tensor.op.origin)
    if array.size and not _fits(array, target):
        raise FeedError(
            f"{tensor.name} is {target}: values of type {array.dtype} do not fit; convert them first, "
            f"array.astype(numpy.{target})",
            tensor.op.origin,
        )
    return np.array(array, dtype=target, order="C", copy=None, subok=False).reshape(array.shape)


def _fits(array: np.ndarray, target: np.dtype[Any]) -> bool:
    order = ["b", "iu", "f"]
    level = {kind: i for i, kinds in enumerate(order) for kind in kinds}
    if level[array.dtype.kind] > level[target.kind]:
        return False
    if target.kind in "iu" and array.dtype.kind in "iu":
        info = np.iinfo(target)
        return bool(int(array.min()) >= info.min and int(array.max()) <= info.max)
    return True
