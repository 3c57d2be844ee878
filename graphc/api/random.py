"""Random tensors: counter-based, so that a run can be repeated on any number of threads.

Bits are Philox of a key, which comes from the graph's seed and the operation's name, and of a counter, which counts the
runs of the operation in a store.
"""

from __future__ import annotations

import hashlib
import math
import secrets
from collections.abc import Callable
from typing import Any

import numpy as np

from graphc.api.convert import as_dims, as_floating, as_node, builder
from graphc.api.define import apply
from graphc.api.shaping import reshape
from graphc.api.state import assign_add
from graphc.graph.graph import Graph, get_default_graph
from graphc.graph.operation import Tensor
from graphc.graph.variable import Variable
from graphc.ir.dims import Dim, product
from graphc.ir.dtypes import DType, as_dtype, float32, float64, uint32, uint64
from graphc.ir.node import Node

# Variables that count runs are neither trained nor saved by name.
RANDOM_STATE = "random_state"


def set_random_seed(seed: int | None) -> None:
    """Fix the random numbers of the default graph; None draws a new seed."""
    get_default_graph().seed = seed


def graph_seed(graph: Graph) -> int:
    """The graph's seed, drawn now if there was none."""
    if graph.seed is None:
        graph.seed = secrets.randbits(31)
    return graph.seed


def _key(graph: Graph, name: str, seed: int | None) -> int:
    text = f"{graph_seed(graph)} {name}" if seed is None else f"{graph.seed or 0} seed {seed}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "little")


def draw(
    type_name: str, body: Callable[..., Node], args: tuple[Any, ...], seed: int | None, name: str | None
) -> Tensor:
    """Add a random operation and the counter of its runs."""
    graph = get_default_graph()
    full = graph.unique_name(name or type_name, mark=False)
    with graph.control_dependencies(None):
        counter = Variable(np.uint32(0), trainable=False, name=f"{name or type_name}/runs", collections=[RANDOM_STATE])
        runs = counter.value()
    result: Tensor = apply(type_name, body, (_key(graph, full, seed), runs, *args), {}, name)
    with graph.control_dependencies(None):
        result.op.updates = (assign_add(counter, np.uint32(1), name=f"{name or type_name}/count").op,)
    return result


def key_of_round(key: int, number: int) -> int:
    """A key of its own for the further draws of one operation."""
    return (key + number * 0x632BE5AB) & 0xFFFFFFFF


def random_bits(key: int, runs: Node, shape: tuple[Dim, ...], word: int) -> Node:
    """32 random bits per element; `word` is 0 or 1: two independent draws of one key."""
    emit = builder().emit
    numbers = emit("cast", emit("iota", size=product(shape), dtype=uint64), dtype=uint32)
    return emit("reshape", emit("philox", numbers, runs, key=key, word=word), shape=shape)


def unit_nodes(key: int, runs: Node, shape: tuple[Dim, ...], dtype: DType, word: int = 0) -> Node:
    """Uniform on [0, 1): 24 random bits in float32, 53 in float64."""
    emit = builder().emit
    bits = random_bits(key, runs, shape, word)
    if dtype == float32:
        top = emit("cast", emit("shr", bits, 8), dtype=float32)
        return top * 2.0**-24
    low = emit("cast", random_bits(key ^ 0x5BD1E995, runs, shape, word), dtype=uint64)
    whole = emit("or", emit("shl", emit("cast", bits, dtype=uint64), 32), low)
    return emit("cast", emit("shr", whole, 11), dtype=float64) * 2.0**-53


def normal_nodes(key: int, runs: Node, shape: tuple[Dim, ...], dtype: DType) -> Node:
    """Box and Muller, A note on the generation of random normal deviates, 1958."""
    emit = builder().emit
    radius = emit("sqrt", emit("log", 1.0 - unit_nodes(key, runs, shape, dtype)) * -2.0)
    return radius * emit("cos", unit_nodes(key, runs, shape, dtype, 1) * (2 * math.pi))


def random_uniform(
    shape: Any, minval: Any = 0.0, maxval: Any = None, dtype: Any = "float32", seed: int | None = None,
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """Uniform numbers on [minval, maxval); integers where the element type is an integer one.

    Parameters
    ----------
    shape : sequence of int or Tensor
    minval, maxval : number or Tensor
        `maxval` is 1 for floats; it must be given for integers.
    dtype : DType
    seed : int, optional
        Makes the numbers independent of the operation's name.
    name : str, optional
    """
    element = as_dtype(dtype)
    if maxval is None:
        if element.is_integer:
            raise ValueError("random_uniform: maxval is needed for integers")
        maxval = 1.0

    def body(key: int, runs: Node, shape: Any, low: Any, high: Any) -> Node:
        sizes = as_dims(shape, "shape")
        if element.is_floating:
            unit = unit_nodes(key, runs, sizes, element)
            return as_node(low, element) + unit * (as_node(high, element) - as_node(low, element))
        first, last = as_node(low, element), as_node(high, element)
        emit = builder().emit
        span = emit("cast", last - first, dtype=uint64)
        scaled = emit("shr", emit("cast", random_bits(key, runs, sizes, 0), dtype=uint64) * span, 32)
        return first + emit("cast", scaled, dtype=element)

    return draw("random_uniform", body, (shape, minval, maxval), seed, name)


def random_normal(
    shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = "float32", seed: int | None = None,
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """Normal numbers of a mean and standard deviation.

    Parameters
    ----------
    shape : sequence of int or Tensor
    mean, stddev : number or Tensor
    dtype : DType
    seed : int, optional
        Makes the numbers independent of the operation's name.
    name : str, optional

    Returns
    -------
    Tensor
        New numbers at every run, one value within a run.

    Examples
    --------
    >>> import graphc as gc
    >>> with gc.Graph().as_default(), gc.Session(mode="interpret") as session:
    ...     z = gc.random_normal([1000], mean=3.0, seed=1)
    ...     print(abs(session.run(gc.reduce_mean(z)) - 3.0) < 0.2)
    True
    """
    element = as_dtype(dtype)

    def body(key: int, runs: Node, shape: Any, mean: Any, stddev: Any) -> Node:
        z = normal_nodes(key, runs, as_dims(shape, "shape"), element)
        return as_node(mean, element) + z * as_node(stddev, element)

    return draw("random_normal", body, (shape, mean, stddev), seed, name)


def truncated_normal(
    shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = "float32", seed: int | None = None,
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """Normal numbers restricted to two standard deviations from the mean, by inverting the distribution function."""
    element = as_dtype(dtype)

    def body(key: int, runs: Node, shape: Any, mean: Any, stddev: Any) -> Node:
        # The distribution function at -2 and 2 bounds the uniform number.
        edge = 0.5 * math.erfc(math.sqrt(2.0))
        unit = unit_nodes(key, runs, as_dims(shape, "shape"), element) * (1.0 - 2.0 * edge) + edge
        return as_node(mean, element) + _normal_quantile(unit) * as_node(stddev, element)

    return draw("truncated_normal", body, (shape, mean, stddev), seed, name)


# Acklam, An algorithm for computing the inverse normal cumulative distribution function, 2003 (relative error 1.2e-9).
_CENTRE_NUMERATOR = (
    -3.969683028665376e01, 2.209460984245205e02, -2.759285104469687e02, 1.383577518672690e02, -3.066479806614716e01,
    2.506628277459239e00,
)  # fmt: skip
_CENTRE_DENOMINATOR = (
    -5.447609879822406e01, 1.615858368580409e02, -1.556989798598866e02, 6.680131188771972e01, -1.328068155288572e01,
    1.0,
)  # fmt: skip


def _normal_quantile(p: Node) -> Node:
    """The quantile for 0.0227 <= p <= 0.9773: the centre of the approximation covers all but 0.16 % of that.

    Below 0.02425 the centre is continued; its error stays under 1e-5 there.
    """
    q = p - 0.5
    r = q * q

    def polynomial(coefficients: tuple[float, ...]) -> Node:
        total = r * coefficients[0] + coefficients[1]
        for c in coefficients[2:]:
            total = total * r + c
        return total

    return q * polynomial(_CENTRE_NUMERATOR) / polynomial(_CENTRE_DENOMINATOR)


def dropout(
    x: Any, keep_prob: Any = None, noise_shape: Any = None, seed: int | None = None, name: str | None = None,
    rate: Any = None,
) -> Tensor:  # fmt: skip
    """Elements set to 0 at random, the others scaled up so that the mean stays.

    Parameters
    ----------
    x : Tensor
    keep_prob : number or Tensor, optional
        Probability that an element is kept.
    noise_shape : sequence of int or Tensor, optional
        Shape of the random choices, which broadcast against `x`.
    seed : int, optional
    name : str, optional
    rate : number or Tensor, optional
        1 - keep_prob; one of both is needed.

    Notes
    -----
    Srivastava et al., Dropout: a simple way to prevent neural networks from overfitting, 2014.
    """
    if (keep_prob is None) == (rate is None):
        raise ValueError("dropout: one of keep_prob= and rate= is needed")
    # A placeholder that says no shape must not hide that of the result.
    keep_prob, rate = (reshape(p, []) if isinstance(p, Tensor) else p for p in (keep_prob, rate))

    def body(key: int, runs: Node, x: Any, keep: Any, drop: Any, choices: Any) -> Node:
        node = as_floating(x)
        shape = node.shape if choices is None else as_dims(choices, "noise_shape")
        kept = as_node(keep, node.dtype) if drop is None else 1.0 - as_node(drop, node.dtype)
        unit = unit_nodes(key, runs, shape, node.dtype)
        hit = builder().emit("lt", unit, kept)
        return builder().emit("select", hit, node / kept, 0.0)

    return draw("dropout", body, (x, keep_prob, rate, noise_shape), seed, name)
