"""Losses and measures of classifiers beyond the usual ones, and small functions of layers."""

from __future__ import annotations

import math
from typing import Any

from graphc.api.activations import relu
from graphc.api.convert import as_floating, as_node, axes_of, axis_of, builder, promote_all
from graphc.api.define import operation
from graphc.api.math import is_finite, matmul, reduce_mean, reduce_sum
from graphc.api.shaping import concat
from graphc.ir.dtypes import float32, int32
from graphc.ir.node import Node


@operation("in_top_k")
def in_top_k(predictions: Any, targets: Any, k: int) -> Node:
    """Whether fewer than `k` scores of a row are greater than the target's; ties count as within.

    Parameters
    ----------
    predictions : Tensor
        [batch, classes]
    targets : integer Tensor
        [batch]; a class out of range fails the run.
    k : int
    """
    scores, wanted = as_floating(predictions), as_node(targets)
    if scores.rank != 2 or wanted.rank != 1 or not wanted.dtype.is_integer:
        raise ValueError(f"scores [batch, classes] and integer classes [batch] are needed: {scores!r}, {wanted!r}")
    emit = builder().emit
    own = emit("gather", scores, emit("reshape", wanted, shape=(*wanted.shape, 1)), axis=1, batch_dims=1)
    above = emit("sum", emit("cast", emit("gt", scores, own), dtype=int32), axes=(1,), keepdims=False)
    finite = is_finite(emit("reshape", own, shape=wanted.shape))
    return emit("and", emit("lt", above, int(k)), finite)


@operation("weighted_cross_entropy_with_logits")
def weighted_cross_entropy_with_logits(targets: Any, logits: Any, pos_weight: Any) -> Node:
    """Cross entropy of sigmoid(logits) and targets, in which the targets' own term counts `pos_weight` times.

    Elementwise (1 - z) * x + (1 + (q - 1) * z) * log(1 + exp(-x)), without overflow.
    """
    z, x, q = promote_all((targets, logits, pos_weight))
    soft = builder().emit("softplus", -x)
    return (1.0 - z) * x + (1.0 + (q - 1.0) * z) * soft


@operation("log_poisson_loss")
def log_poisson_loss(targets: Any, log_input: Any, compute_full_loss: bool = False) -> Node:
    """exp(x) - z * x, the negative logarithm of a Poisson likelihood of the mean exp(x) without its constant.

    Parameters
    ----------
    targets : Tensor
        z
    log_input : Tensor
        x
    compute_full_loss : bool
        Add Stirling's approximation of log(z!) where z > 1.
    """
    z, x = promote_all((targets, log_input))
    emit = builder().emit
    loss = emit("exp", x) - z * x
    if not compute_full_loss:
        return loss
    safe = emit("maximum", z, 1.0)
    stirling = safe * emit("log", safe) - safe + 0.5 * emit("log", safe * (2 * math.pi))
    return loss + emit("select", emit("gt", z, 1.0), stirling, 0.0)


@operation("weighted_moments")
def weighted_moments(x: Any, axes: Any, frequency_weights: Any, keepdims: bool = False) -> tuple[Node, Node]:
    """Mean and variance over axes, in which every element counts as often as its weight says.

    Parameters
    ----------
    x : Tensor
    axes : int or sequence of int
    frequency_weights : Tensor
        Broadcast against `x`.
    keepdims : bool
    """
    node, weights = promote_all((x, frequency_weights))
    over = list(axes_of(axes, node.rank))
    shares = builder().emit("broadcast_to", weights, shape=node.shape)
    total = reduce_sum(shares, over, True)
    mean = reduce_sum(node * shares, over, True) / total
    variance = reduce_sum(builder().emit("square", node - mean) * shares, over, keepdims)
    kept = variance.shape
    return (
        builder().emit("reshape", mean, shape=kept),
        variance / builder().emit("reshape", total, shape=kept),
    )


@operation("zero_fraction")
def zero_fraction(value: Any) -> Node:
    """The share of elements that are 0."""
    x = as_node(value)
    found: Node = reduce_mean(builder().emit("cast", builder().emit("eq", x, 0), dtype=float32))
    return found


@operation("crelu")
def crelu(features: Any, axis: int = -1) -> Node:
    """relu(x) and relu(-x) side by side along an axis (Shang et al., 2016)."""
    x = as_floating(features)
    found: Node = concat([relu(x), relu(-x)], axis_of(axis, x.rank))
    return found


@operation("xw_plus_b")
def xw_plus_b(x: Any, weights: Any, biases: Any) -> Node:
    """x @ weights + biases, a vector along the last axis."""
    product, b = promote_all((matmul(x, weights), biases))
    if b.rank != 1:
        raise ValueError(f"the biases must be a vector, not {b.tensor!r}")
    return product + b
