"""Activation functions."""

from __future__ import annotations

import math
from typing import Any

from graphc.api.convert import as_floating, as_node, builder
from graphc.api.define import operation
from graphc.ir.node import Node

# Klambauer et al., Self-normalizing neural networks, 2017.
SELU_ALPHA = 1.6732632423543772
SELU_SCALE = 1.0507009873554805


@operation("relu")
def relu(features: Any) -> Node:
    """maximum(x, 0); NaN stays NaN, the gradient at 0 is 0."""
    return builder().emit("relu", as_node(features))


@operation("relu6")
def relu6(features: Any) -> Node:
    """minimum(maximum(x, 0), 6)."""
    x = as_node(features)
    top = builder().constant(6, x.dtype)
    return builder().emit("select", builder().emit("lt", x, 6), builder().emit("relu", x), top)


@operation("leaky_relu")
def leaky_relu(features: Any, alpha: float = 0.2) -> Node:
    """x where it is not negative, alpha * x elsewhere."""
    x = as_floating(features)
    return builder().emit("select", builder().emit("ge", x, 0.0), x, x * alpha)


def _expm1_below(x: Node) -> Node:
    """exp(min(x, 0)) - 1: what the exponential side needs, without overflow on the other side."""
    low = builder().emit("select", builder().emit("gt", x, 0.0), builder().constant(0, x.dtype), x)
    return builder().emit("expm1", low)


@operation("elu")
def elu(features: Any, alpha: float = 1.0) -> Node:
    """x where it is positive, alpha * (exp(x) - 1) elsewhere (Clevert et al., 2015)."""
    x = as_floating(features)
    low = _expm1_below(x)
    return builder().emit("select", builder().emit("gt", x, 0.0), x, low if alpha == 1.0 else low * alpha)


@operation("selu")
def selu(features: Any) -> Node:
    """Scaled ELU (Klambauer et al., 2017)."""
    x = as_floating(features)
    return builder().emit("select", builder().emit("gt", x, 0.0), x, _expm1_below(x) * SELU_ALPHA) * SELU_SCALE


@operation("softplus")
def softplus(features: Any) -> Node:
    """log(1 + exp(x)), without overflow."""
    return builder().emit("softplus", as_floating(features))


@operation("softsign")
def softsign(features: Any) -> Node:
    """x / (1 + abs(x))."""
    x = as_floating(features)
    return x / (builder().emit("abs", x) + 1.0)


@operation("silu")
def silu(features: Any) -> Node:
    """x * sigmoid(x), also known as swish."""
    x = as_floating(features)
    return x * builder().emit("sigmoid", x)


@operation("mish")
def mish(features: Any) -> Node:
    """x * tanh(softplus(x)) (Misra, 2019)."""
    x = as_floating(features)
    return x * builder().emit("tanh", builder().emit("softplus", x))


@operation("gelu")
def gelu(features: Any, approximate: bool = False) -> Node:
    """x times the normal distribution function (Hendrycks and Gimpel, 2016); or its tanh approximation."""
    x = as_floating(features)
    if approximate:
        inner = (x + x * x * x * 0.044715) * math.sqrt(2 / math.pi)
        return x * 0.5 * (builder().emit("tanh", inner) + 1.0)
    return x * 0.5 * builder().emit("erfc", x * -math.sqrt(0.5))


@operation("log_sigmoid")
def log_sigmoid(x: Any) -> Node:
    """log(sigmoid(x)), without leaving the logarithm."""
    return -builder().emit("softplus", -as_floating(x))
