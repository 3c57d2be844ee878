"""``theano.tensor.nnet``: functions of neural networks, images as [batch, channels, height, width]."""

from __future__ import annotations

from typing import Any

import graphc as gc
from graphc.api.convert import as_floating, as_node, builder, promote_all
from graphc.api.define import operation
from graphc.compat.theano._setting import absent as _absent
from graphc.compat.theano.tensor._making import as_tensor_variable
from graphc.compat.theano.tensor.nnet import bn
from graphc.compat.theano.tensor.nnet.bn import batch_normalization, batch_normalization_test, batch_normalization_train
from graphc.ir.node import Node

sigmoid = gc.sigmoid
softplus = gc.nn.softplus
softsign = gc.nn.softsign
elu = gc.nn.elu
selu = gc.nn.selu


def _with_rows(x: Node) -> Node:
    return builder().emit("reshape", x, shape=(1, *x.shape)) if x.rank == 1 else x


@operation("softmax")
def softmax(c: Any) -> Node:
    """exp(x) / sum(exp(x)) of each row; a vector counts as one row of a matrix."""
    found: Node = gc.nn.softmax(_with_rows(as_floating(c)))
    return found


@operation("logsoftmax")
def logsoftmax(c: Any) -> Node:
    """The logarithm of `softmax`."""
    found: Node = gc.nn.log_softmax(_with_rows(as_floating(c)))
    return found


def relu(x: Any, alpha: Any = 0) -> gc.Tensor:
    """x where it is positive, alpha * x elsewhere."""
    tensor = as_tensor_variable(x)
    found: gc.Tensor = gc.nn.relu(tensor) if isinstance(alpha, int | float) and alpha == 0 else gc.where(
        gc.greater(tensor, 0), tensor, tensor * alpha)  # fmt: skip
    return found


def hard_sigmoid(x: Any) -> gc.Tensor:
    """0.2 * x + 0.5, between 0 and 1."""
    found: gc.Tensor = gc.clip_by_value(as_tensor_variable(x) * 0.2 + 0.5, 0.0, 1.0)
    return found


ultra_fast_sigmoid = sigmoid


def binary_crossentropy(output: Any, target: Any) -> gc.Tensor:
    """-(target * log(output) + (1 - target) * log(1 - output)), elementwise."""
    p, t = as_tensor_variable(output), as_tensor_variable(target)
    found: gc.Tensor = -(t * gc.log(p) + (1.0 - t) * gc.log(1.0 - p))
    return found


def sigmoid_binary_crossentropy(output: Any, target: Any) -> gc.Tensor:
    """`binary_crossentropy` of the sigmoid of `output`, without overflow."""
    x, t = as_tensor_variable(output), as_tensor_variable(target)
    found: gc.Tensor = gc.nn.sigmoid_cross_entropy_with_logits(labels=t, logits=x)
    return found


@operation("categorical_crossentropy")
def categorical_crossentropy(coding_dist: Any, true_dist: Any) -> Node:
    """-log of the probability of the true class of each row.

    Parameters
    ----------
    coding_dist : Tensor
        Rows of probabilities.
    true_dist : Tensor
        Numbers of the classes, or rows of probabilities themselves.
    """
    p, truth = as_floating(coding_dist), as_node(true_dist)
    logarithm: Node = gc.log(p)
    if truth.rank == p.rank:
        pair = promote_all((truth, logarithm))
        return -builder().emit("sum", pair[0] * pair[1], axes=(p.rank - 1,), keepdims=False)
    if truth.rank != p.rank - 1 or not truth.dtype.is_integer:
        raise TypeError(f"targets are integers, or distributions of the shape of {p.tensor!r}, not {truth.tensor!r}")
    emit = builder().emit
    checked = emit("check_index", truth, size=p.shape[-1])
    chosen = emit("reshape", checked, shape=(*truth.shape, 1))
    classes = emit("cast", emit("iota", size=p.shape[-1], dtype=truth.dtype), dtype=truth.dtype)
    picked = emit("select", emit("eq", chosen, classes), logarithm, 0.0)
    return -emit("sum", picked, axes=(p.rank - 1,), keepdims=False)


def crossentropy_softmax_1hot(x: Any, y_idx: Any) -> tuple[gc.Tensor, gc.Tensor]:
    """The categorical cross-entropy of the softmax of `x`, and that softmax."""
    p = softmax(x)
    return categorical_crossentropy(p, y_idx), p


@operation("conv2d")
def _convolution(x: Any, w: Any, border: Any, strides: Any, flip: bool, dilation: Any) -> Node:
    image, filters = promote_all((x, w))
    emit = builder().emit
    if flip:
        filters = emit("reverse", filters, axes=(2, 3))
    nhwc, hwio = emit("transpose", image, perm=(0, 2, 3, 1)), emit("transpose", filters, perm=(2, 3, 1, 0))
    reach = [(k - 1) * d + 1 for k, d in zip(hwio.shape[:2], dilation, strict=True)]
    modes = {"valid": (0, 0), "full": tuple(r - 1 for r in reach), "half": tuple(r // 2 for r in reach)}
    if isinstance(border, str) and border not in modes:
        raise ValueError(f"border_mode is 'valid', 'full', 'half' or widths, not {border!r}")
    widths = modes[border] if isinstance(border, str) else (border,) * 2 if isinstance(border, int) else tuple(border)
    out: Node = gc.nn.conv2d(nhwc, hwio, list(strides), [(p, p) for p in widths], list(dilation))
    return emit("transpose", out, perm=(0, 3, 1, 2))


def conv2d(
    input: Any, filters: Any, input_shape: Any = None, filter_shape: Any = None, border_mode: Any = "valid",
    subsample: Any = (1, 1), filter_flip: bool = True, image_shape: Any = None, filter_dilation: Any = (1, 1),
    num_groups: int = 1, unshared: bool = False, **ignored: Any,
) -> gc.Tensor:  # fmt: skip
    """Convolution of images [batch, channels, height, width] with filters [features, channels, height, width].

    Parameters
    ----------
    input, filters : Tensor
    input_shape, filter_shape, image_shape
        Accepted: sizes are taken from the tensors.
    border_mode : str, int or pair
        ``"valid"``, ``"full"``, ``"half"``, or how many zeros stand on each side.
    subsample : pair of int
        Strides.
    filter_flip : bool
        Whether filters are turned by 180 degrees, as in mathematics.
    filter_dilation : pair of int

    Raises
    ------
    NotImplementedError
        For `unshared` filters.
    """
    if unshared:
        raise NotImplementedError("conv2d: filters are shared by all places")
    found: gc.Tensor = _convolution(
        as_tensor_variable(input), as_tensor_variable(filters), border_mode, tuple(subsample), bool(filter_flip),
        tuple(filter_dilation), name="conv2d",
    )  # fmt: skip
    return found


_MISSING = {
    "h_softmax": "use softmax",
    "conv3d": "use gc.nn functions on reshaped tensors",
    "conv": "use T.nnet.conv2d",
    "abstract_conv": "use T.nnet.conv2d",
    "neighbours": "use slices and T.stack",
    "ctc": "there is no native CTC loss",
}
_find = _absent("tensor.nnet", _MISSING, lambda: globals())


def __getattr__(name: str) -> Any:
    return _find(name)


__all__ = [
    "batch_normalization", "batch_normalization_test", "batch_normalization_train", "binary_crossentropy", "bn",
    "categorical_crossentropy", "conv2d", "crossentropy_softmax_1hot", "elu", "hard_sigmoid", "logsoftmax", "relu",
    "selu", "sigmoid", "sigmoid_binary_crossentropy", "softmax", "softplus", "softsign", "ultra_fast_sigmoid",
]  # fmt: skip
