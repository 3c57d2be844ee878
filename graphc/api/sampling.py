"""Losses over many classes that look at a random sample of them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from graphc.api.arrays import gather, searchsorted, top_k
from graphc.api.lookup import embedding_lookup
from graphc.api.math import cast, equal, expm1, log, log1p, matmul, minimum, reduce_any, reduce_sum, where
from graphc.api.random import random_uniform
from graphc.api.shaping import concat, expand_dims, identity, ones_like, reshape, stop_gradient, zeros_like
from graphc.graph.errors import GraphError
from graphc.graph.graph import get_default_graph
from graphc.graph.operation import Tensor
from graphc.graph.origin import user_origin
from graphc.ir.dtypes import int64


class Candidates(NamedTuple):
    """Sampled classes, [num_sampled], and how often the true and the sampled ones are expected among them."""

    sampled_candidates: Any
    true_expected_count: Any
    sampled_expected_count: Any


def _drawn(share: np.ndarray, true_classes: Any, num_sampled: int, unique: bool, seed: int | None) -> Candidates:
    """Classes drawn with probabilities, each at most once if `unique`."""
    if not 0 < num_sampled <= (len(share) if unique else num_sampled):
        raise GraphError(f"{num_sampled} different classes cannot be drawn from {len(share)}", user_origin())
    table = identity(share.astype(np.float32))
    if unique:
        # A class comes at an exponential time of rate `share`: the first ones are a draw without replacement, and the
        # time of the last is the number of draws with replacement that it takes, in expectation.
        times = -log1p(-random_uniform([len(share)], seed=seed)) / table
        first, sampled = top_k(-times, num_sampled)
        tries = stop_gradient(-first[num_sampled - 1])

        def expected(p: Tensor) -> Tensor:
            found: Tensor = -expm1(tries * log1p(-minimum(p, 1.0 - 1e-7)))
            return found
    else:
        sampled = searchsorted(np.cumsum(share)[:-1].astype(np.float32), random_uniform([num_sampled], seed=seed))

        def expected(p: Tensor) -> Tensor:
            share_of: Tensor = p * float(num_sampled)
            return share_of

    sampled = cast(sampled, int64)
    truth = gather(table, cast(true_classes, int64))
    return Candidates(sampled, expected(truth), expected(gather(table, sampled)))


def log_uniform_candidate_sampler(
    true_classes: Any, num_true: int, num_sampled: int, unique: bool, range_max: int, seed: int | None = None,
    name: str | None = None,
) -> Candidates:  # fmt: skip
    """Classes drawn with probability log((k + 2) / (k + 1)) / log(range_max + 1): right where low numbers are frequent.

    Parameters
    ----------
    true_classes : integer Tensor
        [batch, num_true]
    num_true, num_sampled : int
    unique : bool
        Whether a class is drawn at most once.
    range_max : int
        Number of classes.
    seed : int, optional
    name : str, optional

    Returns
    -------
    Candidates

    Examples
    --------
    >>> import graphc as gc
    >>> with gc.Graph().as_default(), gc.Session(mode="interpret") as session:
    ...     found = gc.nn.log_uniform_candidate_sampler([[0]], 1, 10, True, 10)
    ...     print(sorted(map(int, session.run(found.sampled_candidates))))
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
    """
    numbers = np.arange(range_max, dtype=np.float64)
    share = np.log((numbers + 2) / (numbers + 1)) / np.log(range_max + 1)
    with get_default_graph().name_scope(name or "LogUniformCandidateSampler"):
        return _drawn(share, true_classes, num_sampled, unique, seed)


def uniform_candidate_sampler(
    true_classes: Any, num_true: int, num_sampled: int, unique: bool, range_max: int, seed: int | None = None,
    name: str | None = None,
) -> Candidates:  # fmt: skip
    """Classes drawn with equal probabilities; arguments as for `log_uniform_candidate_sampler`."""
    with get_default_graph().name_scope(name or "UniformCandidateSampler"):
        return _drawn(np.full(range_max, 1.0 / range_max), true_classes, num_sampled, unique, seed)


# Takes a class out of a softmax or a sigmoid.
_NEVER = -1e30


def _logits(
    weights: Any, biases: Any, labels: Any, inputs: Any, num_true: int, candidates: Candidates, remove_hits: bool,
    partition_strategy: str,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """Logits of true and sampled classes, corrected for how often a class is drawn, and their labels."""
    wanted = reshape(cast(labels, int64), [-1, num_true])
    sampled, expected_true, expected = (stop_gradient(t) for t in candidates)
    rows = embedding_lookup(weights, wanted, partition_strategy)
    true = reduce_sum(expand_dims(inputs, 1) * rows, axis=2) + embedding_lookup(biases, wanted, partition_strategy)
    true = true - log(reshape(expected_true, [-1, num_true]))
    others = embedding_lookup(weights, sampled, partition_strategy)
    offset = embedding_lookup(biases, sampled, partition_strategy) - log(expected)
    noise = matmul(inputs, others, transpose_b=True) + offset
    if remove_hits:
        hit = reduce_any(equal(expand_dims(wanted, 2), reshape(sampled, [1, 1, -1])), axis=1)
        noise = where(hit, _NEVER, noise)
    return concat([true, noise], axis=1), concat([ones_like(true) / float(num_true), zeros_like(noise)], axis=1)


def nce_loss(
    weights: Any, biases: Any, labels: Any, inputs: Any, num_sampled: int, num_classes: int, num_true: int = 1,
    sampled_values: Any = None, remove_accidental_hits: bool = False, partition_strategy: str = "mod",
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """Noise-contrastive estimation: true classes told from sampled ones (Gutmann and Hyvarinen, 2010).

    Parameters
    ----------
    weights : Tensor, or list of Tensor
        [num_classes, dim]
    biases : Tensor
        [num_classes]
    labels : integer Tensor
        [batch, num_true]
    inputs : Tensor
        [batch, dim]
    num_sampled, num_classes, num_true : int
    sampled_values : Candidates, optional
        By default those of `log_uniform_candidate_sampler`: numbers should be sorted by frequency.
    remove_accidental_hits : bool
        Leave out sampled classes that are true ones of the row.
    partition_strategy : str
    name : str, optional

    Returns
    -------
    Tensor
        [batch]

    Examples
    --------
    >>> import graphc as gc
    >>> with gc.Graph().as_default():
    ...     x, words = gc.placeholder(gc.float32, [None, 8]), gc.placeholder(gc.int32, [None, 1])
    ...     w, b = gc.Variable(gc.random_normal([1000, 8])), gc.Variable(gc.zeros([1000]))
    ...     print(gc.nn.nce_loss(w, b, words, x, 64, 1000).shape)
    (?,)
    """
    with get_default_graph().name_scope(name or "nce_loss"):
        drawn = sampled_values or log_uniform_candidate_sampler(labels, num_true, num_sampled, True, num_classes)
        logits, target = _logits(
            weights, biases, labels, inputs, num_true, Candidates(*drawn), remove_accidental_hits, partition_strategy
        )
        from graphc.api.nn import sigmoid_cross_entropy_with_logits

        found: Tensor = reduce_sum(sigmoid_cross_entropy_with_logits(target, logits), axis=1)
        return found


def sampled_softmax_loss(
    weights: Any, biases: Any, labels: Any, inputs: Any, num_sampled: int, num_classes: int, num_true: int = 1,
    sampled_values: Any = None, remove_accidental_hits: bool = True, partition_strategy: str = "mod",
    name: str | None = None, seed: int | None = None,
) -> Tensor:  # fmt: skip
    """Cross entropy of a softmax over the true and a sample of the other classes (Jean et al., 2015).

    Arguments as for `nce_loss`.

    Returns
    -------
    Tensor
        [batch]
    """
    with get_default_graph().name_scope(name or "sampled_softmax_loss"):
        drawn = sampled_values or log_uniform_candidate_sampler(labels, num_true, num_sampled, True, num_classes, seed)
        logits, target = _logits(
            weights, biases, labels, inputs, num_true, Candidates(*drawn), remove_accidental_hits, partition_strategy
        )
        from graphc.api.nn import softmax_cross_entropy_with_logits

        found: Tensor = softmax_cross_entropy_with_logits(stop_gradient(target), logits)
        return found
