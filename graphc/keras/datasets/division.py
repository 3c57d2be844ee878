"""Samples for training and for the test."""

from __future__ import annotations

import numpy as np

Pair = tuple[np.ndarray, np.ndarray]
Division = tuple[Pair, Pair]


def divided(x: np.ndarray, y: np.ndarray, test_split: float, seed: int) -> Division:
    """Samples dealt out in a random order that a seed fixes.

    Raises
    ------
    ValueError
        If the share is not between 0 and 1.
    """
    if not 0 < test_split < 1:
        raise ValueError(f"test_split is a share between 0 and 1, not {test_split}")
    order = np.random.RandomState(seed).permutation(len(x))
    cut = len(x) - round(len(x) * test_split)
    return (x[order[:cut]], y[order[:cut]]), (x[order[cut:]], y[order[cut:]])
