"""Sizes taken to be equal while types are inferred.

Where two dimensions that are not known to be equal must be, they are assumed to be, and the pair is noted here; whoever
infers collects the notes and turns them into guards that are checked at every call.
"""

from __future__ import annotations

import threading

from graphc.ir.dims import Dim, dim_max, known_not_negative


class _Notes(threading.local):
    def __init__(self) -> None:
        self.pairs: list[tuple[Dim, Dim]] = []


_notes = _Notes()


def assume_equal(left: Dim, right: Dim) -> Dim:
    """Take two dimensions to be equal; the result is the simpler of them.

    Raises
    ------
    ValueError
        If they are two different integers, or differ by a constant.
    """
    if left == right:
        return left
    if isinstance(left - right, int):
        raise ValueError(f"sizes {left} and {right} differ")
    _notes.pairs.append((left, right))
    return left if isinstance(left, int) else right if isinstance(right, int) else min(left, right, key=_simplicity)


def assume_not_negative(size: Dim, what: str) -> Dim:
    """Take a dimension to be at least 0; the dimension.

    Raises
    ------
    ValueError
        If it is less.
    """
    if isinstance(size, int) and size < 0:
        raise ValueError(f"{what}: a size would be {size}")
    if not known_not_negative(size):
        _notes.pairs.append((size, dim_max(size, 0)))
    return size


def assume_not_empty(size: Dim, what: str) -> None:
    """Take a dimension to be at least 1.

    Raises
    ------
    ValueError
        If it is 0.
    """
    if size == 0:
        raise ValueError(f"{what}: an axis of size 0 has no such element")
    if not isinstance(size, int):
        _notes.pairs.append((size, dim_max(size, 1)))


def _simplicity(dim: Dim) -> tuple[int, str]:
    text = str(dim)
    return len(text), text


def collect_assumptions() -> list[tuple[Dim, Dim]]:
    """The pairs noted since the last collection on this thread."""
    pairs, _notes.pairs = _notes.pairs, []
    return pairs
