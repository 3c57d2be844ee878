"""Shapes, parts and sequences of tensors under Theano's names."""

from __future__ import annotations

from typing import Any

import graphc as gc
from graphc.compat.theano.tensor._making import as_tensor_variable, sizes, typed

set_subtensor = gc.set_subtensor
inc_subtensor = gc.inc_subtensor


def _all(tensors: Any) -> list[gc.Tensor]:
    return [as_tensor_variable(t) for t in tensors]


def concatenate(tensor_list: Any, axis: Any = 0) -> gc.Tensor:
    """Tensors one after another along an axis."""
    found: gc.Tensor = gc.concat(_all(tensor_list), axis=axis)
    return found


def join(axis: Any, *tensors: Any) -> gc.Tensor:
    """Tensors one after another along an axis."""
    return concatenate(tensors, axis)


def stack(*tensors: Any, axis: int = 0) -> gc.Tensor:
    """Tensors along a new axis: a list of them and the axis, or one after another."""
    if tensors and isinstance(tensors[0], list | tuple):
        axis = tensors[1] if len(tensors) > 1 else axis
        tensors = tuple(tensors[0])
    found: gc.Tensor = gc.stack([typed(t) if isinstance(t, int | float) else as_tensor_variable(t) for t in tensors],
                                axis=axis)  # fmt: skip
    return found


def stacklists(arg: Any) -> gc.Tensor:
    """Nested lists of tensors as one tensor."""
    return stack([stacklists(a) for a in arg]) if isinstance(arg, list | tuple) else as_tensor_variable(arg)


def horizontal_stack(*args: Any) -> gc.Tensor:
    """Matrices side by side."""
    return concatenate(args, 1)


def vertical_stack(*args: Any) -> gc.Tensor:
    """Matrices below one another."""
    return concatenate(args, 0)


def split(x: Any, splits_size: Any, n_splits: int, axis: int = 0) -> list[gc.Tensor]:
    """Parts of given sizes along an axis."""
    return list(gc.split(as_tensor_variable(x), [int(s) for s in splits_size], axis=axis))


def reshape(x: Any, newshape: Any, ndim: int | None = None) -> gc.Tensor:
    """The same elements under another shape; one size may be -1."""
    found: gc.Tensor = gc.reshape(as_tensor_variable(x), sizes(newshape))
    return found


def flatten(x: Any, ndim: int = 1, outdim: int | None = None) -> gc.Tensor:
    """The same elements with `ndim` axes."""
    found: gc.Tensor = gc.flatten(as_tensor_variable(x), outdim or ndim)
    return found


def shape(x: Any) -> gc.Tensor:
    """The sizes of the axes."""
    found: gc.Tensor = gc.shape(as_tensor_variable(x), "int64")
    return found


def _padded(x: Any, before: int, after: int) -> gc.Tensor:
    tensor = as_tensor_variable(x)
    found: gc.Tensor = tensor.dimshuffle(["x"] * before + list(range(tensor.ndim or 0)) + ["x"] * after)
    return found


def shape_padleft(t: Any, n_ones: int = 1) -> gc.Tensor:
    """New axes of size 1 before the others."""
    return _padded(t, n_ones, 0)


def shape_padright(t: Any, n_ones: int = 1) -> gc.Tensor:
    """New axes of size 1 after the others."""
    return _padded(t, 0, n_ones)


def shape_padaxis(t: Any, axis: int) -> gc.Tensor:
    """A new axis of size 1."""
    found: gc.Tensor = gc.expand_dims(as_tensor_variable(t), axis)
    return found


def transpose(x: Any, axes: Any = None) -> gc.Tensor:
    """Axes in another order, reversed if none is given."""
    found: gc.Tensor = gc.transpose(as_tensor_variable(x), axes)
    return found


def swapaxes(y: Any, axis1: int, axis2: int) -> gc.Tensor:
    """Two axes exchanged."""
    found: gc.Tensor = gc.swapaxes(as_tensor_variable(y), axis1, axis2)
    return found


def squeeze(x: Any, axis: Any = None) -> gc.Tensor:
    """Axes of size 1 removed."""
    found: gc.Tensor = gc.squeeze(as_tensor_variable(x), axis)
    return found


def same(x: Any, *axes: Any) -> gc.Tensor:
    """The tensor itself: axes of size 1 broadcast without being told."""
    return as_tensor_variable(x)


addbroadcast = unbroadcast = patternbroadcast = same


def repeat(x: Any, repeats: Any, axis: int | None = None) -> gc.Tensor:
    """Every element several times in a row."""
    found: gc.Tensor = gc.repeat(as_tensor_variable(x), repeats, axis)
    return found


def tile(x: Any, reps: Any, ndim: int | None = None) -> gc.Tensor:
    """The tensor several times along its axes; missing axes are added in front."""
    tensor, times = as_tensor_variable(x), sizes(reps)
    missing = len(times) - (tensor.ndim or 0)
    tensor = _padded(tensor, max(missing, 0), 0)
    found: gc.Tensor = gc.tile(tensor, [1] * -min(missing, 0) + times)
    return found


def roll(x: Any, shift: int, axis: int | None = None) -> gc.Tensor:
    """Elements moved along an axis; those that fall off come in again at the other end."""
    tensor = as_tensor_variable(x)
    if axis is None:
        return reshape(roll(tensor.flatten(), shift, 0), gc.shape(tensor))
    before = (slice(None),) * (axis % (tensor.ndim or 1))
    numbers = gc.range(tensor.shape[axis], dtype="int64") - shift
    found: gc.Tensor = tensor[(*before, gc.mod(numbers, tensor.shape[axis]))]
    return found


def take(a: Any, indices: Any, axis: int | None = None) -> gc.Tensor:
    """Elements or slices by number."""
    found: gc.Tensor = as_tensor_variable(a).take(indices, axis)
    return found


def sort(a: Any, axis: int = -1) -> gc.Tensor:
    """Elements in ascending order along an axis."""
    found: gc.Tensor = gc.sort(as_tensor_variable(a), axis=axis)
    return found


def argsort(a: Any, axis: int = -1) -> gc.Tensor:
    """Positions of the elements in ascending order along an axis."""
    found: gc.Tensor = gc.argsort(as_tensor_variable(a), axis=axis, output_type="int64")
    return found


def diag(v: Any, k: int = 0) -> gc.Tensor:
    """A diagonal matrix of a vector, or the diagonal of a matrix."""
    if k:
        raise NotImplementedError("diag: only the main diagonal, k=0")
    tensor = as_tensor_variable(v)
    found: gc.Tensor = gc.diag(tensor) if tensor.ndim == 1 else gc.diag_part(tensor)
    return found


def trace(a: Any) -> gc.Tensor:
    """Sum of the diagonal of a matrix."""
    found: gc.Tensor = as_tensor_variable(a).trace()
    return found


def tril(m: Any, k: int = 0) -> gc.Tensor:
    """The matrix with zeros above its `k`-th diagonal."""
    found: gc.Tensor = gc.tril(as_tensor_variable(m), k)
    return found


def triu(m: Any, k: int = 0) -> gc.Tensor:
    """The matrix with zeros below its `k`-th diagonal."""
    found: gc.Tensor = gc.triu(as_tensor_variable(m), k)
    return found


def nonzero(a: Any, return_matrix: bool = False) -> Any:
    """Positions of the elements that are not 0: a vector for each axis, or a matrix with a row for each."""
    tensor = as_tensor_variable(a)
    rows = gc.cast(gc.where_positions(gc.not_equal(tensor, 0)), "int64")
    if return_matrix:
        return gc.transpose(rows)
    return tuple(rows[:, i] for i in range(tensor.ndim or 0))


def nonzero_values(a: Any) -> gc.Tensor:
    """The elements that are not 0."""
    tensor = as_tensor_variable(a)
    found: gc.Tensor = gc.boolean_mask(tensor, gc.not_equal(tensor, 0))
    return found
