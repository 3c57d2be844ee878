"""MNIST, read from files of yours or fetched once."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from graphc import data
from graphc.keras.datasets.division import Division

PLACE = "GRAPHC_DATA"
"""The environment variable that names the folder of data sets; ``~/.keras/datasets`` if it is not set."""


def folder(name: str) -> Path:
    """Where the files of a data set are kept."""
    return Path(os.environ.get(PLACE, "~/.keras/datasets")).expanduser() / name


def load_data(path: Any = None) -> Division:
    """60,000 images of 28 by 28 pixels, from 0 to 255, and their digits, and 10,000 for the test.

    Parameters
    ----------
    path : path-like, optional
        The folder of the four ``*-ubyte.gz`` files. If it is not given, that of data sets, into which they are fetched;
        their digests are checked.

    Returns
    -------
    tuple
        (x_train, y_train), (x_test, y_test); images uint8 [n, 28, 28], labels uint8 [n].

    Raises
    ------
    FileNotFoundError
        If files are missing in the folder given.
    ConnectionError
        If they cannot be fetched; the message says where to put them.
    ValueError
        If a file is damaged.
    """
    at = Path(path) if path is not None and Path(path).is_dir() else folder("mnist")
    # "mnist.npz", which scripts give, is the name of a file in Keras's own folder.
    if path is not None and not Path(path).is_dir() and Path(path).suffix != ".npz":
        raise FileNotFoundError(f"there is no folder {path}: give one with the four files of MNIST")
    at.mkdir(parents=True, exist_ok=True)
    found = data.mnist(at, download=True, flat=False)
    images = [(x[..., 0] * 255).round().astype(np.uint8) for x in (found.train_images, found.test_images)]
    return (images[0], found.train_labels.astype(np.uint8)), (images[1], found.test_labels.astype(np.uint8))
