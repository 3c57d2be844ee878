"""Functions of neural networks."""

from __future__ import annotations

from typing import Any

from graphc.api.convert import as_floating, as_node, axis_of, builder, promote_all
from graphc.api.define import operation
from graphc.ir.node import Node


@operation("relu")
def relu(features: Any) -> Node:
    """maximum(x, 0); the gradient at 0 is 0."""
    return builder().emit("relu", as_node(features))


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
    chosen = emit("reshape", y, shape=(*y.shape, 1))
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
