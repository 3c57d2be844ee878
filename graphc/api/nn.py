"""Functions of neural networks: softmax, losses, normalisation, lookups; activations and convolutions by name."""

from __future__ import annotations

from typing import Any, NamedTuple

from graphc.api.activations import (
    elu,
    gelu,
    leaky_relu,
    log_sigmoid,
    mish,
    relu,
    relu6,
    selu,
    silu,
    softplus,
    softsign,
)
from graphc.api.arrays import top_k
from graphc.api.classification import (
    crelu,
    in_top_k,
    log_poisson_loss,
    weighted_cross_entropy_with_logits,
    weighted_moments,
    xw_plus_b,
    zero_fraction,
)
from graphc.api.convert import as_floating, as_node, axes_of, axis_of, builder, promote_all
from graphc.api.convolution import avg_pool, conv1d, conv2d, conv2d_transpose, conv3d, depthwise_conv2d, max_pool
from graphc.api.ctc import ctc_greedy_decoder, ctc_loss
from graphc.api.define import operation
from graphc.api.images import (
    atrous_conv2d,
    local_response_normalization,
    max_pool_with_argmax,
    separable_conv2d,
)
from graphc.api.lookup import embedding_lookup
from graphc.api.math import reduce_mean, sigmoid, tanh
from graphc.api.random import dropout
from graphc.api.sampling import (
    Candidates,
    log_uniform_candidate_sampler,
    nce_loss,
    sampled_softmax_loss,
    uniform_candidate_sampler,
)
from graphc.ir.node import Node


def _shifted(x: Node, axis: int) -> tuple[Node, Node]:
    """x - max(x), and the finite part of max(x), along an axis."""
    emit = builder().emit
    top = emit("stop_gradient", emit("max", x, axes=(axis,), keepdims=True))
    return x - top, top


@operation("softmax")
def softmax(logits: Any, axis: Any = -1) -> Node:
    """exp(x) / sum(exp(x)) along an axis."""
    x = as_floating(logits)
    at = axis_of(axis, x.rank)
    e = builder().emit("exp", _shifted(x, at)[0])
    return e / builder().emit("sum", e, axes=(at,), keepdims=True)


@operation("log_softmax")
def log_softmax(logits: Any, axis: Any = -1) -> Node:
    """log(softmax(x)) along an axis, computed without leaving the logarithm."""
    x = as_floating(logits)
    at = axis_of(axis, x.rank)
    shifted, _ = _shifted(x, at)
    emit = builder().emit
    return shifted - emit("log", emit("sum", emit("exp", shifted), axes=(at,), keepdims=True))


@operation("softmax_cross_entropy_with_logits")
def softmax_cross_entropy_with_logits(labels: Any = None, logits: Any = None, axis: Any = -1) -> Node:
    """-sum(labels * log_softmax(logits)) along an axis; labels are distributions of the logits' shape."""
    if labels is None or logits is None:
        raise TypeError("both labels= and logits= are needed")
    y, x = promote_all((labels, logits))
    at = axis_of(axis, x.rank)
    return -builder().emit("sum", y * log_softmax(x, at), axes=(at,), keepdims=False)


@operation("sparse_softmax_cross_entropy_with_logits")
def sparse_softmax_cross_entropy_with_logits(labels: Any = None, logits: Any = None) -> Node:
    """-log_softmax(logits)[..., label]: integer labels of the logits' shape without the last axis.

    A label out of range fails the run.
    """
    if labels is None or logits is None:
        raise TypeError("both labels= and logits= are needed")
    y, x = as_node(labels), as_floating(logits)
    if not y.dtype.is_integer:
        raise TypeError(
            f"labels must be integers, not {y.dtype.name}: for distributions use softmax_cross_entropy_with_logits"
        )
    if y.rank != x.rank - 1:
        raise ValueError(f"labels {y.tensor!r} must have one axis less than logits {x.tensor!r}")
    emit = builder().emit
    checked = emit("check_index", y, size=x.shape[-1])
    chosen = emit("reshape", checked, shape=(*y.shape, 1))
    classes = emit("cast", emit("iota", size=x.shape[-1], dtype=y.dtype), dtype=y.dtype)
    hit = emit("eq", chosen, classes)
    picked = emit("select", hit, log_softmax(x, x.rank - 1), 0.0)
    return -emit("sum", picked, axes=(x.rank - 1,), keepdims=False)


@operation("sigmoid_cross_entropy_with_logits")
def sigmoid_cross_entropy_with_logits(labels: Any = None, logits: Any = None) -> Node:
    """max(x, 0) - x * labels + log(1 + exp(-abs(x))), elementwise."""
    if labels is None or logits is None:
        raise TypeError("both labels= and logits= are needed")
    y, x = promote_all((labels, logits))
    return builder().emit("softplus", x) - x * y


@operation("l2_loss")
def l2_loss(t: Any) -> Node:
    """sum(t**2) / 2."""
    x = as_floating(t)
    return builder().emit("sum", builder().emit("square", x), axes=tuple(range(x.rank)), keepdims=False) * 0.5


@operation("bias_add")
def bias_add(value: Any, bias: Any) -> Node:
    """value + bias, a vector along the last axis."""
    x, b = promote_all((value, bias))
    if b.rank != 1:
        raise ValueError(f"the bias must be a vector, not {b.tensor!r}")
    return x + b


class Moments(NamedTuple):
    """Mean and variance."""

    mean: Any
    variance: Any


@operation("moments")
def moments(x: Any, axes: Any, keepdims: bool = False) -> Moments:
    """Mean and variance over axes."""
    node = as_floating(x)
    over = axes_of(axes, node.rank)
    mean = reduce_mean(node, list(over), True)
    variance = reduce_mean(builder().emit("square", node - mean), list(over), keepdims)
    return Moments(mean if keepdims else builder().emit("reshape", mean, shape=variance.shape), variance)


def _normalized(x: Node, mean: Node, variance: Node, offset: Any, scale: Any, epsilon: float) -> Node:
    inverse = builder().emit("rsqrt", variance + epsilon)
    if scale is not None:
        inverse = inverse * as_node(scale, x.dtype)
    shifted = (x - mean) * inverse
    return shifted if offset is None else shifted + as_node(offset, x.dtype)


@operation("batch_normalization")
def batch_normalization(
    x: Any, mean: Any, variance: Any, offset: Any = None, scale: Any = None, variance_epsilon: float = 1e-3
) -> Node:
    """(x - mean) / sqrt(variance + epsilon) * scale + offset (Ioffe and Szegedy, 2015)."""
    node = as_floating(x)
    return _normalized(node, as_node(mean, node.dtype), as_node(variance, node.dtype), offset, scale, variance_epsilon)


@operation("layer_normalization")
def layer_normalization(x: Any, scale: Any = None, offset: Any = None, axis: Any = -1, epsilon: float = 1e-5) -> Node:
    """x with mean 0 and variance 1 over axes, times scale, plus offset (Ba et al., 2016)."""
    node = as_floating(x)
    over = list(axes_of(axis, node.rank))
    mean = reduce_mean(node, over, True)
    variance = reduce_mean(builder().emit("square", node - mean), over, True)
    return _normalized(node, mean, variance, offset, scale, epsilon)


@operation("l2_normalize")
def l2_normalize(x: Any, axis: Any = None, epsilon: float = 1e-12) -> Node:
    """x / sqrt(max(sum(x**2), epsilon)) over axes."""
    node = as_floating(x)
    total = builder().emit("sum", builder().emit("square", node), axes=axes_of(axis, node.rank), keepdims=True)
    return node * builder().emit("rsqrt", builder().emit("maximum", total, epsilon))


__all__ = [
    "Candidates",
    "Moments",
    "atrous_conv2d",
    "avg_pool",
    "batch_normalization",
    "bias_add",
    "conv1d",
    "conv2d",
    "conv2d_transpose",
    "conv3d",
    "crelu",
    "ctc_greedy_decoder",
    "ctc_loss",
    "depthwise_conv2d",
    "dropout",
    "elu",
    "embedding_lookup",
    "gelu",
    "in_top_k",
    "l2_loss",
    "l2_normalize",
    "layer_normalization",
    "leaky_relu",
    "local_response_normalization",
    "log_poisson_loss",
    "log_sigmoid",
    "log_softmax",
    "log_uniform_candidate_sampler",
    "max_pool",
    "max_pool_with_argmax",
    "mish",
    "moments",
    "nce_loss",
    "relu",
    "relu6",
    "sampled_softmax_loss",
    "selu",
    "separable_conv2d",
    "sigmoid",
    "sigmoid_cross_entropy_with_logits",
    "silu",
    "softmax",
    "softmax_cross_entropy_with_logits",
    "softplus",
    "softsign",
    "sparse_softmax_cross_entropy_with_logits",
    "tanh",
    "top_k",
    "uniform_candidate_sampler",
    "weighted_cross_entropy_with_logits",
    "weighted_moments",
    "xw_plus_b",
    "zero_fraction",
]
