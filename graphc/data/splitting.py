"""Splits that keep the share of every class."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt


def stratified_split(
    labels: npt.ArrayLike, fractions: Sequence[float], seed: int = 0
) -> tuple[npt.NDArray[np.int64], ...]:
    """Cut the rows of a data set into parts in which every class has its share.

    The same arguments give the same parts with every version of NumPy: the shuffle uses
    ``numpy.random.RandomState``, whose stream is frozen.

    Parameters
    ----------
    labels : integer array [n]
        The class of each row.
    fractions : sequence of float
        The share of each part; positive, with sum 1.
    seed : int
        Seed of the shuffle.

    Returns
    -------
    tuple of int64 array
        The row numbers of each part, sorted. Every row is in exactly one part, and each class has in a part
        its exact share rounded up or down.

    Raises
    ------
    ValueError
        If ``labels`` is not a vector of integers, or the fractions are not positive with sum 1.

    Examples
    --------
    >>> train, test = stratified_split([0, 0, 0, 0, 1, 1, 1, 1], (0.75, 0.25), seed=1)
    >>> len(train), len(test)
    (6, 2)
    """
    classes = np.asarray(labels)
    if classes.ndim != 1 or classes.dtype.kind not in "iu":
        raise ValueError(f"labels must be a vector of integers, not {classes.dtype} of shape {classes.shape}")
    shares = np.asarray(fractions, dtype=np.float64)
    if shares.ndim != 1 or shares.size == 0 or not (shares > 0).all() or abs(shares.sum() - 1) > 1e-9:
        raise ValueError(f"fractions must be positive and sum to 1, not {list(fractions)}")
    random = np.random.RandomState(seed)
    parts: list[list[npt.NDArray[np.int64]]] = [[] for _ in shares]
    for value in np.unique(classes):
        rows = random.permutation(np.flatnonzero(classes == value))
        ends = np.cumsum(_sizes(rows.size, shares))[:-1]
        for part, chosen in zip(parts, np.split(rows, ends), strict=True):
            part.append(chosen.astype(np.int64))
    return tuple(np.sort(np.concatenate(part)) if part else np.zeros(0, np.int64) for part in parts)


def _sizes(count: int, shares: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Whole numbers nearest to ``count * shares`` with sum ``count`` (largest remainders)."""
    exact = count * shares
    sizes = np.floor(exact).astype(np.int64)
    order = np.argsort(-(exact - sizes), kind="stable")
    sizes[order[: count - int(sizes.sum())]] += 1
    return sizes
