"""Mini-batches of arrays that share their first axis."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt


def batches(
    *arrays: npt.NDArray[Any], size: int, random: np.random.Generator | None = None, drop_remainder: bool = False
) -> Iterator[tuple[npt.NDArray[Any], ...]]:
    """Yield the rows of the arrays once, in groups.

    Parameters
    ----------
    *arrays : array [n, ...]
        Arrays with the same number of rows.
    size : int
        Rows in a batch; the last one may have fewer.
    random : numpy.random.Generator, optional
        Shuffles the rows (the same way in every array); without it they come in order.
    drop_remainder : bool
        Leave out a last batch of fewer than ``size`` rows.

    Yields
    ------
    tuple of array [size, ...]
        One batch of each array. Without ``random`` they are views.

    Raises
    ------
    ValueError
        If there is no array, ``size`` is below 1, or the numbers of rows differ.

    Examples
    --------
    >>> [part.tolist() for part, in batches(np.arange(5), size=2)]
    [[0, 1], [2, 3], [4]]
    """
    counts = [len(array) for array in arrays]
    if not counts or len(set(counts)) > 1:
        raise ValueError(f"batches needs arrays with the same number of rows, not {counts}")
    if size < 1:
        raise ValueError(f"a batch needs at least one row, not size={size}")
    return _cut(arrays, counts[0], size, random, drop_remainder)


def _cut(
    arrays: tuple[npt.NDArray[Any], ...], count: int, size: int, random: np.random.Generator | None, drop: bool
) -> Iterator[tuple[npt.NDArray[Any], ...]]:
    """Yield the batches; a generator of its own so that ``batches`` raises when called, not when first read."""
    order = None if random is None else random.permutation(count)
    for start in range(0, count - size + 1 if drop else count, size):
        rows: Any = slice(start, start + size) if order is None else order[start : start + size]
        yield tuple(array[rows] for array in arrays)
