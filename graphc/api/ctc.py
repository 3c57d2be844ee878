"""Connectionist temporal classification: the loss of unaligned labels, and the best path of a network's output."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphc.api.arrays import argsort, gather, range_
from graphc.api.control.record import as_tensor
from graphc.api.control.scan import foldl
from graphc.api.math import argmax, cast, cumsum, equal, not_equal, reduce_logsumexp, reduce_max, reduce_sum, where
from graphc.api.shaping import concat, ones_like, reshape, shape, stack, transpose, zeros_like
from graphc.graph.errors import GraphError
from graphc.graph.graph import get_default_graph
from graphc.graph.operation import Tensor
from graphc.graph.origin import user_origin
from graphc.ir.dtypes import int32

# The logarithm of the probability of what is impossible: finite, so that gradients stay numbers.
NEVER = -1e30


def ctc_loss(
    labels: Any, logits: Any, label_length: Any, logit_length: Any, logits_time_major: bool = True,
    blank_index: int = -1, name: str | None = None,
) -> Tensor:  # fmt: skip
    """Negative logarithm of the probability that a sequence of outputs reads as the labels.

    The probability is summed over all alignments: one class for every step, of which repetitions and then blanks are
    left out.

    Parameters
    ----------
    labels : integer Tensor
        [batch, labels]; what lies behind `label_length` is not looked at, but must be a class.
    logits : float Tensor
        [time, batch, classes], or [batch, time, classes] if not `logits_time_major`.
    label_length, logit_length : integer Tensor
        [batch]
    logits_time_major : bool
    blank_index : int
        The class of blanks; negative ones count from the end.
    name : str, optional

    Returns
    -------
    Tensor
        [batch]; infinite where there are not enough steps for the labels.

    Notes
    -----
    The forward recursion in logarithms: Graves, Fernandez, Gomez and Schmidhuber, Connectionist temporal
    classification, 2006, section 4.1. Its gradient is that of the recursion.

    Examples
    --------
    >>> import graphc as gc
    >>> with gc.Graph().as_default(), gc.Session(mode="interpret") as session:
    ...     loss = gc.nn.ctc_loss([[0]], gc.zeros([2, 1, 2]), [1], [2])
    ...     print(session.run(gc.exp(-loss)))
    [0.75]
    """
    with get_default_graph().name_scope(name or "ctc_loss"):
        scores, spelled, blank = _prepared(labels, logits, logits_time_major, blank_index)
        rows = as_tensor(label_length)
        before = concat([zeros_like(spelled[:, :1]), zeros_like(spelled[:, :1]), spelled[:, :-2]], axis=1)
        place = _positions(spelled)
        jumps = not_equal(spelled, before) & not_equal(spelled, blank) & (place >= 2)
        start = where(equal(place, 0), zeros_like(scores[0, :, :1]), NEVER)
        steps = range_(shape(scores)[0])
        lengths = reshape(cast(as_tensor(logit_length), int32), [-1, 1])

        def step(alpha: Tensor, row: Any) -> Tensor:
            number, emitted = row
            one = _delayed(alpha, 1)
            two = where(jumps, _delayed(alpha, 2), NEVER)
            # Before the first step nothing has been read: the first class is a blank or a label.
            moved = reduce_logsumexp(stack([alpha, one, two], axis=0), axis=0)
            first = where(place <= 1, zeros_like(alpha), NEVER)
            new = where(equal(number, 0), first, moved) + gather(emitted, spelled, axis=1, batch_dims=1)
            kept: Tensor = where(number < lengths, new, alpha)
            return kept

        last: Tensor = foldl(step, (steps, scores), start)
        end = reshape(2 * cast(rows, int32), [-1, 1])
        total = reduce_logsumexp(where(equal(place, end) | equal(place, end - 1), last, NEVER), axis=1)
        found: Tensor = where(total > NEVER / 2, -total, np.inf)
        return found


def _prepared(labels: Any, logits: Any, time_major: bool, blank_index: int) -> tuple[Tensor, Tensor, int]:
    """Logarithms of probabilities [time, batch, classes], labels with blanks before, between and behind, the blank."""
    from graphc.api.nn import log_softmax

    x, given = as_tensor(logits), cast(as_tensor(labels), int32)
    if x.shape.ndims != 3 or given.shape.ndims != 2:
        raise GraphError(
            f"ctc: logits [time, batch, classes] and labels [batch, labels] are needed, not {x.shape}, {given.shape}",
            user_origin(),
        )
    blank = _blank(x, blank_index)
    blanks = blank * ones_like(given)
    pairs = stack([blanks, given], axis=2)
    size = shape(given)
    spelled = concat([reshape(pairs, stack([size[0], 2 * size[1]], axis=0)), _column(x, time_major, blank)], axis=1)
    scores: Tensor = log_softmax(x if time_major else transpose(x, [1, 0, 2]))
    return scores, spelled, blank


def _blank(x: Tensor, index: int) -> int:
    """The class of blanks."""
    if index >= 0:
        return index
    classes = x.shape.as_list()[-1]
    if classes is None:
        raise GraphError("ctc: the number of classes is unknown: give blank_index from the front", user_origin())
    return int(classes) + index


def _column(x: Tensor, time_major: bool, value: int) -> Tensor:
    first = x[0, :, :1] if time_major else x[:, 0, :1]
    found: Tensor = cast(zeros_like(first), int32) + value
    return found


def _positions(spelled: Tensor) -> Tensor:
    """Number of every column."""
    found: Tensor = cumsum(ones_like(spelled), axis=1) - 1
    return found


def _delayed(alpha: Tensor, count: int) -> Tensor:
    """Moved to the right, with what is impossible in front."""
    front = [zeros_like(alpha[:, :1]) + NEVER] * count
    found: Tensor = concat([*front, alpha[:, :-count]], axis=1)
    return found


def ctc_greedy_decoder(
    inputs: Any, sequence_length: Any, merge_repeated: bool = True, blank_index: int = -1, name: str | None = None
) -> tuple[Tensor, Tensor, Tensor]:
    """The labels that the likeliest class of every step reads as.

    Parameters
    ----------
    inputs : float Tensor
        Logits [time, batch, classes].
    sequence_length : integer Tensor
        [batch]
    merge_repeated : bool
        Whether a class that follows itself counts once.
    blank_index : int
        The class of blanks; negative ones count from the end.
    name : str, optional

    Returns
    -------
    decoded : Tensor
        [batch, time], with -1 behind the labels.
    lengths : Tensor
        [batch]
    neg_sum_logits : Tensor
        [batch]; minus the sum of the largest logits of all steps.

    Examples
    --------
    >>> import graphc as gc
    >>> with gc.Graph().as_default(), gc.Session(mode="interpret") as session:
    ...     logits = gc.one_hot([[1], [1], [2], [0]], 3)
    ...     labels, lengths, _ = gc.nn.ctc_greedy_decoder(logits, [4])
    ...     print(session.run([labels, lengths]))
    [array([[ 1,  0, -1, -1]], dtype=int32), array([2])]
    """
    with get_default_graph().name_scope(name or "ctc_greedy_decoder"):
        x = as_tensor(inputs)
        blank = _blank(x, blank_index)
        best = cast(transpose(argmax(x, axis=2), [1, 0]), int32)
        number = _positions(best)
        valid = number < reshape(cast(as_tensor(sequence_length), int32), [-1, 1])
        kept = valid & not_equal(best, blank)
        if merge_repeated:
            before = concat([zeros_like(best[:, :1]) - 1, best[:, :-1]], axis=1)
            kept = kept & not_equal(best, before)
        # A stable sort brings what is kept to the front.
        order = argsort(where(kept, 0, 1), axis=1)
        lengths = reduce_sum(cast(kept, int32), axis=1)
        decoded = where(number < reshape(lengths, [-1, 1]), gather(best, order, axis=1, batch_dims=1), -1)
        largest = where(transpose(valid, [1, 0]), reduce_max(x, axis=2), zeros_like(x[:, :, 0]))
        return decoded, lengths, -reduce_sum(largest, axis=0)
