"""The loss of sequences whose labels have no places: connectionist temporal classification."""

from __future__ import annotations

from typing import Any

from graphc.api.arrays import gather, one_hot, pad
from graphc.api.control.scan import scan
from graphc.api.math import cast, equal, logaddexp, logical_or, not_equal, reduce_sum, where
from graphc.api.nn import log_softmax
from graphc.api.shaping import expand_dims, reshape, shape, stack, transpose, zeros_like
from graphc.graph.operation import Tensor
from graphc.keras.eager import as_floats, as_tensor, either

IMPOSSIBLE = -1e5
"""Logarithm of a probability that stands for 0, and whose differences are still numbers."""


@either
def ctc(y_true: Any, y_pred: Any) -> Any:
    """-log of the probability that the labels, in their order, are what remains of the classes along the steps.

    Classes that follow themselves count once, and class 0 is the blank, which goes; it also fills labels up.

    Parameters
    ----------
    y_true : integer Tensor or array
        [batch, labels]
    y_pred : Tensor or array
        [batch, steps, classes], before the softmax.

    Returns
    -------
    Tensor
        [batch]

    Notes
    -----
    Graves et al., Connectionist temporal classification, 2006, section 4.1.
    """
    scores, labels = as_floats(y_pred), as_tensor(y_true, "int32")
    if len(labels.shape) != 2 or len(scores.shape) != 3 or labels.shape.as_list()[1] is None:
        raise ValueError(
            f"ctc: y_true is [batch, labels] with a known number of labels and y_pred [batch, steps, classes], not of "
            f"shapes {labels.shape} and {scores.shape}"
        )
    places = 2 * (labels.shape.as_list()[1] or 0) + 1
    # Blanks between the labels, before the first and after the last one.
    blanks = zeros_like(labels)
    states = pad(reshape(stack([blanks, labels], axis=2), [-1, places - 1]), [[0, 0], [0, 1]])
    chances = gather(log_softmax(scores), expand_dims(states, 1), axis=2, batch_dims=1)
    steps = transpose(reshape(chances, [-1, shape(scores)[1], places]), [1, 0, 2])
    last = scan(_step_of(states), steps[1:], initializer=_first(steps[0], places))[-1]
    ends = 2 * reduce_sum(cast(not_equal(labels, 0), "int32"), axis=1)
    return -logaddexp(_at(last, ends, places), _at(last, ends - 1, places))


def _first(row: Tensor, places: int) -> Any:
    allowed = as_tensor([[i < 2 for i in range(places)]])
    found: Tensor = where(allowed, row, IMPOSSIBLE)
    return found


def _step_of(states: Tensor) -> Any:
    """The recursion over steps: stay, come from the place before, or skip a blank between two different labels."""
    before = pad(states[:, :-2], [[0, 0], [2, 0]])
    closed = logical_or(equal(states, 0), equal(states, before))

    def step(reached: Tensor, row: Tensor) -> Any:
        one = pad(reached[:, :-1], [[0, 0], [1, 0]], constant_values=IMPOSSIBLE)
        two = pad(reached[:, :-2], [[0, 0], [2, 0]], constant_values=IMPOSSIBLE)
        found: Tensor = logaddexp(logaddexp(reached, one), where(closed, IMPOSSIBLE, two)) + row
        return found

    return step


def _at(values: Tensor, place: Tensor, places: int) -> Any:
    """The value at a place of every sequence; impossible before the first one."""
    chosen = one_hot(place, places)
    found: Tensor = reduce_sum(values * chosen, axis=1) + IMPOSSIBLE * (1.0 - reduce_sum(chosen, axis=1))
    return found
