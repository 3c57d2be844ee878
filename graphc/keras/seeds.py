"""Where random numbers start: one stream of seeds, which `set_random_seed` makes the same in every run."""

from __future__ import annotations

import random

import numpy as np

_STREAM = random.Random()


def next_seed() -> int:
    """A fresh seed: from the operating system, or the next one of the stream since the last `set_random_seed`."""
    return _STREAM.getrandbits(31)


def set_random_seed(seed: int) -> None:
    """Make initial weights, dropout and shuffles the same in every run.

    Python's `random` and NumPy's legacy generator are seeded too.

    Parameters
    ----------
    seed : int

    Raises
    ------
    ValueError
        If it is no integer from 0 to 2**32 - 1.

    Examples
    --------
    >>> from graphc.keras import initializers
    >>> def draw():
    ...     set_random_seed(7)
    ...     return initializers.GlorotUniform()((2, 3))
    >>> bool((draw() == draw()).all())
    True
    """
    if not isinstance(seed, int) or not 0 <= seed < 2**32:
        raise ValueError(f"a seed is an integer from 0 to 2**32 - 1, not {seed!r}")
    _STREAM.seed(seed)
    random.seed(seed)
    np.random.seed(seed)
