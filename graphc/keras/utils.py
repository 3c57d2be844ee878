"""Small helpers for data, by the names of Keras."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from graphc.keras.seeds import set_random_seed


def to_categorical(x: Any, num_classes: int | None = None) -> np.ndarray:
    """Numbers of classes as one-hot rows of float64.

    Parameters
    ----------
    x : integer array_like
        A last axis of size 1 goes.
    num_classes : int, optional
        The largest number and 1 if not given.

    Raises
    ------
    ValueError
        If a number is out of range.

    Examples
    --------
    >>> to_categorical([0, 2])
    array([[1., 0., 0.],
           [0., 0., 1.]])
    """
    numbers = np.asarray(x, dtype=np.int64)
    if numbers.ndim > 1 and numbers.shape[-1] == 1:
        numbers = numbers[..., 0]
    count = num_classes or int(numbers.max(initial=-1)) + 1
    if numbers.size and not 0 <= numbers.min() <= numbers.max() < count:
        raise ValueError(f"classes are from 0 to {count - 1}: there are labels from {numbers.min()} to {numbers.max()}")
    return np.eye(count)[numbers]


def normalize(x: Any, axis: int = -1, order: int = 2) -> np.ndarray:
    """Rows divided by their length; those of length 0 stay.

    Parameters
    ----------
    x : array_like
    axis : int
    order : int
        Of the norm.
    """
    values = np.atleast_1d(np.asarray(x))
    norms = np.atleast_1d(np.linalg.norm(values, order, axis))
    norms = np.where(norms == 0, 1, norms)
    found: np.ndarray = values / np.expand_dims(norms, axis)
    return found


def pad_sequences(
    sequences: Sequence[Sequence[Any]], maxlen: int | None = None, dtype: Any = "int32", padding: str = "pre",
    truncating: str = "pre", value: float = 0.0,
) -> np.ndarray:  # fmt: skip
    """Sequences of different lengths as the rows of one array.

    Parameters
    ----------
    sequences : sequence of sequences
    maxlen : int, optional
        The longest one's length if not given.
    dtype : DType
    padding, truncating : str
        ``"pre"`` or ``"post"``: at which end values are added, or taken away.
    value : float
        What is added.

    Examples
    --------
    >>> pad_sequences([[1], [2, 3, 4]], maxlen=2)
    array([[0, 1],
           [3, 4]], dtype=int32)
    """
    if padding not in ("pre", "post") or truncating not in ("pre", "post"):
        raise ValueError(f"padding and truncating are 'pre' or 'post', not {padding!r} and {truncating!r}")
    length = max(map(len, sequences), default=0) if maxlen is None else maxlen
    inner = next((np.shape(s)[1:] for s in sequences if len(s)), ())
    found = np.full((len(sequences), length, *inner), value, np.dtype(dtype))
    for row, sequence in zip(found, sequences, strict=True):
        kept = list(sequence)[max(len(sequence) - length, 0) :] if truncating == "pre" else list(sequence)[:length]
        if kept:
            row[slice(length - len(kept), None) if padding == "pre" else slice(len(kept))] = kept
    return found


__all__ = ["normalize", "pad_sequences", "set_random_seed", "to_categorical"]
