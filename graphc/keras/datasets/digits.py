"""The UCI handwritten digits, part of the package."""

from __future__ import annotations

import numpy as np

from graphc import data
from graphc.keras.datasets.division import Division, divided


def load_data(test_split: float = 0.2, seed: int = 113) -> Division:
    """1,797 images of 8 by 8 pixels, from 0 to 16, and their digits.

    Parameters
    ----------
    test_split : float
        Share of samples for the test.
    seed : int
        Of the order in which samples are dealt out.

    Returns
    -------
    tuple
        (x_train, y_train), (x_test, y_test); images uint8 [n, 8, 8], labels uint8 [n].

    Examples
    --------
    >>> (x, y), (x_test, y_test) = load_data()
    >>> x.shape, len(x_test)
    ((1438, 8, 8), 359)
    """
    images, labels = data.digits(flat=False)
    return divided((images[..., 0] * 16).astype(np.uint8), labels.astype(np.uint8), test_split, seed)
