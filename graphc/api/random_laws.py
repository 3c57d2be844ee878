"""Random laws beyond the uniform and the normal one, and random order; counter-based like those.

Rejection is done by a fixed number of proposals for every element, side by side on a last axis: the first that is
accepted counts. No element waits for another, and the same bits give the same numbers everywhere.
"""

from __future__ import annotations

from typing import Any

from graphc.api.convert import as_dims, as_floating, as_node, builder
from graphc.api.random import draw, key_of_round, normal_nodes, random_bits, unit_nodes
from graphc.graph.operation import Tensor
from graphc.ir.dims import Dim
from graphc.ir.dtypes import as_dtype, bool_, int64
from graphc.ir.node import Node
from graphc.ops.shapes import broadcast_shapes

#: Proposals per element. The least likely acceptance (Poisson of mean 10) is 0.78: all fail once in 10**10 draws.
PROPOSALS = 16

#: Means below this are drawn by inversion, in so many steps; the mean 10 exceeds them with probability 1e-13.
SMALL_MEAN, INVERSION_STEPS = 10.0, 42


def _first_accepted(accepted: Node, proposals: Node, otherwise: Node) -> Node:
    """Along the last axis the first proposal whose flag is set, `otherwise` if there is none."""
    emit = builder().emit
    last = accepted.rank - 1
    numbers = emit("iota", size=PROPOSALS, dtype=int64)
    first = emit("min", emit("select", accepted, numbers, PROPOSALS), axes=(last,), keepdims=True)
    chosen = emit("sum", emit("select", emit("eq", numbers, first), proposals, 0.0), axes=(last,), keepdims=False)
    found = emit("any", accepted, axes=(last,), keepdims=False)
    return emit("select", found, chosen, otherwise)


def _column(x: Node, rank: int) -> Node:
    """A parameter with a last axis of size 1, over the leading axes of proposals of `rank` axes."""
    shape = (*((1,) * (rank - 1 - x.rank)), *x.shape, 1)
    return builder().emit("reshape", x, shape=shape)


def _standard_gamma(key: int, runs: Node, shape: tuple[Dim, ...], alpha: Node) -> Node:
    """Marsaglia and Tsang, A simple method for generating gamma variables, 2000."""
    emit = builder().emit
    element = alpha.dtype
    many = (*shape, PROPOSALS)
    below = emit("lt", alpha, 1.0)
    raised = emit("select", below, alpha + 1.0, alpha)
    d = raised - 1.0 / 3.0
    d_many = _column(d, len(many))
    c = emit("rsqrt", d_many * 9.0)
    x = normal_nodes(key, runs, many, element)
    root = c * x + 1.0
    v = root * root * root
    u = 1.0 - unit_nodes(key_of_round(key, 1), runs, many, element)
    safe = emit("select", emit("gt", v, 0.0), v, 1.0)
    bound = x * x * 0.5 + d_many - d_many * v + d_many * emit("log", safe)
    accepted = emit("and", emit("gt", v, 0.0), emit("lt", emit("log", u), bound))
    drawn = d * _first_accepted(accepted, v, emit("add", d * 0.0, 1.0))
    # For a shape below 1: a draw for the shape plus 1, times a power of a uniform number.
    unit = 1.0 - unit_nodes(key_of_round(key, 2), runs, shape, element)
    shrunk = emit("exp", emit("log", unit) / emit("select", below, alpha, 1.0))
    return emit("select", below, drawn * shrunk, drawn)


def _poisson_inversion(unit: Node, mean: Node) -> Node:
    """How many values of the distribution function lie below a uniform number; for small means."""
    emit = builder().emit
    term = emit("exp", -mean)
    below = term
    count = emit("cast", emit("ge", unit, below), dtype=mean.dtype)
    for k in range(1, INVERSION_STEPS):
        term = term * mean * (1.0 / k)
        below = below + term
        count = count + emit("cast", emit("ge", unit, below), dtype=mean.dtype)
    return count


def _poisson_rejection(key: int, runs: Node, shape: tuple[Dim, ...], mean: Node) -> Node:
    """Hoermann, The transformed rejection method for generating Poisson random variables, 1993: algorithm PTRS."""
    emit = builder().emit
    element = mean.dtype
    many = (*shape, PROPOSALS)
    lam = _column(mean, len(many))
    log_lam = emit("log", lam)
    b = emit("sqrt", lam) * 2.53 + 0.931
    a = b * 0.02483 - 0.059
    inverse_alpha = 1.1328 / (b - 3.4) + 1.1239
    ratio = 0.9277 - 3.6224 / (b - 2.0)
    u = unit_nodes(key_of_round(key, 3), runs, many, element) - 0.5
    v = 1.0 - unit_nodes(key_of_round(key, 4), runs, many, element)
    us = emit("maximum", 0.5 - emit("abs", u), 1e-7)
    k = emit("floor", (a * 2.0 / us + b) * u + lam + 0.43)
    quick = emit("and", emit("ge", us, 0.07), emit("le", v, ratio))
    possible = emit("and", emit("ge", k, 0.0), emit("not", emit("and", emit("lt", us, 0.013), emit("gt", v, us))))
    whole = emit("maximum", k, 0.0)
    left = emit("log", v) + emit("log", inverse_alpha) - emit("log", a / (us * us) + b)
    fits = emit("le", left, whole * log_lam - lam - emit("lgamma", whole + 1.0))
    accepted = emit("or", quick, emit("and", possible, fits))
    return _first_accepted(accepted, k, emit("floor", mean))


def random_gamma(
    shape: Any, alpha: Any, beta: Any = None, dtype: Any = "float32", seed: int | None = None, name: str | None = None
) -> Tensor:
    """Gamma distributed numbers of shape parameter `alpha` and rate `beta`.

    Parameters
    ----------
    shape : sequence of int or Tensor
        How many for each pair of parameters.
    alpha : number or Tensor
        Above 0. There is no gradient with respect to it.
    beta : number or Tensor, optional
        Inverse scale; 1 if not given.
    dtype : DType
    seed : int, optional
        Makes the numbers independent of the operation's name.
    name : str, optional

    Returns
    -------
    Tensor
        Of shape ``shape + broadcast(alpha, beta)``; new numbers at every run.

    Notes
    -----
    Marsaglia and Tsang, A simple method for generating gamma variables, 2000, with 16 proposals per number.

    Examples
    --------
    >>> import graphc as gc
    >>> with gc.Graph().as_default(), gc.Session(mode="interpret") as session:
    ...     waiting = gc.random_gamma([2000], alpha=3.0, beta=2.0, seed=1)
    ...     print(abs(session.run(gc.reduce_mean(waiting)) - 1.5) < 0.1)
    True
    """
    element = as_dtype(dtype)

    def body(key: int, runs: Node, shape: Any, alpha: Any, beta: Any) -> Node:
        emit = builder().emit
        first, rate = as_node(alpha, element), as_node(1.0 if beta is None else beta, element)
        whole = (*as_dims(shape, "shape"), *broadcast_shapes(first.shape, rate.shape))
        form = emit("broadcast_to", emit("stop_gradient", first), shape=whole)
        return _standard_gamma(key, runs, whole, form) / rate

    return draw("random_gamma", body, (shape, alpha, beta), seed, name)


def random_poisson(
    lam: Any, shape: Any = (), dtype: Any = "float32", seed: int | None = None, name: str | None = None
) -> Tensor:
    """Poisson distributed counts of mean `lam`.

    Parameters
    ----------
    lam : number or Tensor
        At least 0.
    shape : sequence of int or Tensor
        How many for each mean.
    dtype : DType
        Of the counts, a float or an integer type.
    seed : int, optional
        Makes the numbers independent of the operation's name.
    name : str, optional

    Returns
    -------
    Tensor
        Of shape ``shape + lam.shape``; new numbers at every run.

    Notes
    -----
    Inversion for means below 10, else Hoermann's transformed rejection (1993) with 16 proposals per number.

    Examples
    --------
    >>> import graphc as gc
    >>> with gc.Graph().as_default(), gc.Session(mode="interpret") as session:
    ...     counts = gc.random_poisson(4.0, [2000], seed=1)
    ...     print(abs(session.run(gc.reduce_mean(counts)) - 4.0) < 0.2)
    True
    """
    element = as_dtype(dtype)

    def body(key: int, runs: Node, lam: Any, shape: Any) -> Node:
        emit = builder().emit
        given = as_floating(lam)
        whole = (*as_dims(shape, "shape"), *given.shape)
        mean = emit("broadcast_to", emit("stop_gradient", given), shape=whole)
        small = emit("lt", mean, SMALL_MEAN)
        unit = unit_nodes(key, runs, whole, mean.dtype)
        few = _poisson_inversion(unit, emit("minimum", mean, SMALL_MEAN))
        many = _poisson_rejection(key, runs, whole, emit("maximum", mean, SMALL_MEAN))
        return emit("cast", emit("select", small, few, many), dtype=element)

    return draw("random_poisson", body, (lam, shape), seed, name)


def random_bernoulli(
    p: Any, shape: Any = (), dtype: Any = bool_, seed: int | None = None, name: str | None = None
) -> Tensor:
    """Ones (or True) with probability `p`, zeros otherwise; of shape ``shape + p.shape``.

    Parameters
    ----------
    p : number or Tensor
    shape : sequence of int or Tensor
    dtype : DType
    seed : int, optional
        Makes the numbers independent of the operation's name.
    name : str, optional
    """
    element = as_dtype(dtype)

    def body(key: int, runs: Node, p: Any, shape: Any) -> Node:
        chance = as_floating(p)
        whole = (*as_dims(shape, "shape"), *chance.shape)
        hit = builder().emit("lt", unit_nodes(key, runs, whole, chance.dtype), chance)
        return builder().emit("cast", hit, dtype=element)

    return draw("random_bernoulli", body, (p, shape), seed, name)


def multinomial(
    logits: Any, num_samples: Any, seed: int | None = None, name: str | None = None, output_dtype: Any = int64
) -> Tensor:
    """Class numbers drawn with the probabilities softmax(logits).

    Parameters
    ----------
    logits : Tensor of shape (batch, classes)
    num_samples : int or Tensor
    seed : int, optional
        Makes the numbers independent of the operation's name.
    name : str, optional
    output_dtype : DType

    Returns
    -------
    Tensor
        Of shape (batch, num_samples).

    Notes
    -----
    The largest of the logits with Gumbel noise (Gumbel, Statistical theory of extreme values, 1954).

    Examples
    --------
    >>> import graphc as gc
    >>> with gc.Graph().as_default(), gc.Session(mode="interpret") as session:
    ...     print(session.run(gc.multinomial([[0.0, 100.0], [100.0, 0.0]], 3)))
    [[1 1 1]
     [0 0 0]]
    """
    element = as_dtype(output_dtype)

    def body(key: int, runs: Node, logits: Any, num_samples: Any) -> Node:
        scores, emit = as_floating(logits), builder().emit
        if scores.rank != 2:
            raise ValueError(f"multinomial: logits of shape (batch, classes) are needed, not {scores.type!r}")
        batch, classes = scores.shape
        (count,) = as_dims(num_samples, "num_samples")
        unit = unit_nodes(key, runs, (batch, count, classes), scores.dtype)
        # The largest float below 1 keeps both logarithms finite.
        noise = -emit("log", -emit("log", emit("maximum", unit, 2.0**-25)))
        noisy = emit("reshape", scores, shape=(batch, 1, classes)) + noise
        return emit("cast", emit("argmax", noisy, axis=2), dtype=element)

    return draw("multinomial", body, (logits, num_samples), seed, name)


def random_shuffle(value: Any, seed: int | None = None, name: str | None = None) -> Tensor:
    """The slices of a tensor along its first axis, in random order.

    Parameters
    ----------
    value : Tensor
        Of rank 1 or more.
    seed : int, optional
        Makes the order independent of the operation's name.
    name : str, optional

    Examples
    --------
    >>> import graphc as gc
    >>> with gc.Graph().as_default(), gc.Session(mode="interpret") as session:
    ...     print(sorted(session.run(gc.random_shuffle([3, 1, 2])).tolist()))
    [1, 2, 3]
    """

    def body(key: int, runs: Node, value: Any) -> Node:
        x, emit = as_node(value), builder().emit
        if x.rank == 0:
            raise ValueError("random_shuffle: a scalar has no slices")
        order = emit("argsort", random_bits(key, runs, x.shape[:1], 0), axis=0, descending=False, dtype=int64)
        return emit("gather", x, order, axis=0, batch_dims=0)

    return draw("random_shuffle", body, (value,), seed, name)
