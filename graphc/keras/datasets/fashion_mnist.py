"""Fashion-MNIST, read from files of yours."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import numpy as np

from graphc.keras.datasets.division import Division
from graphc.keras.datasets.mnist import folder

FILES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
CLASSES = ("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot")


def load_data(path: Any = None) -> Division:
    """60,000 grey images of clothes and 10,000 for the test, and their kinds (Xiao, Rasul and Vollgraf, 2017).

    Parameters
    ----------
    path : path-like, optional
        The folder of the four ``*-ubyte.gz`` files, which may be uncompressed.

    Returns
    -------
    tuple
        (x_train, y_train), (x_test, y_test); images uint8 [n, 28, 28], labels uint8 [n].

    Raises
    ------
    FileNotFoundError
        If a file is missing; the message says where it is looked for.
    ValueError
        If a file is damaged.
    """
    at = folder("fashion-mnist") if path is None else Path(path)
    x, y, x_test, y_test = (_read(at, name) for name in FILES)
    return (x, y), (x_test, y_test)


def _read(at: Path, name: str) -> np.ndarray:
    for path in (at / f"{name}.gz", at / name):
        if path.exists():
            content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
            rank = content[3] if len(content) > 4 else 0
            sizes = [int.from_bytes(content[4 + 4 * i : 8 + 4 * i], "big") for i in range(rank)]
            if content[:3] != b"\0\0\x08" or len(content) != 4 + 4 * rank + int(np.prod(sizes)):
                raise ValueError(f"{path} is no idx file of bytes, or is damaged")
            return np.frombuffer(content, np.uint8, offset=4 + 4 * rank).reshape(sizes)
    raise FileNotFoundError(
        f"there is no {name}.gz in {at}: put the four files of Fashion-MNIST there, or give load_data(path)"
    )
