"""Fisher's iris flowers, part of the package."""

from __future__ import annotations

from graphc import data
from graphc.keras.datasets.division import Division, divided


def load_data(test_split: float = 0.2, seed: int = 113) -> Division:
    """150 flowers, four lengths in centimetres each, and their species, 0 to 2.

    Parameters
    ----------
    test_split : float
    seed : int

    Returns
    -------
    tuple
        (x_train, y_train), (x_test, y_test); features float32 [n, 4], labels int32 [n].

    Examples
    --------
    >>> (x, y), _ = load_data()
    >>> x.shape
    (120, 4)
    """
    return divided(*data.iris(), test_split, seed)
