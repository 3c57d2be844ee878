"""``input_data.read_data_sets``: MNIST from files, or the small digits that come with graphc in its place."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from graphc.data import digits
from graphc.data.mnist import mnist

VALIDATION = 5000


class DataSet:
    """Images with labels, in batches.

    Attributes
    ----------
    images : float32 array [n, 784], or [n, 28, 28, 1]
    labels : int array [n], or with one-hot labels float64 array [n, 10]
    """

    def __init__(self, images: np.ndarray, labels: np.ndarray, seed: int | None = None) -> None:
        self.images, self.labels = images, labels
        self.epochs_completed = 0
        self._at = 0
        self._random = np.random.RandomState(seed)
        self._order = np.arange(len(images))

    @property
    def num_examples(self) -> int:
        """The number of images."""
        return len(self.images)

    def next_batch(
        self, batch_size: int, fake_data: bool = False, shuffle: bool = True
    ) -> tuple[np.ndarray, np.ndarray]:
        """The next images and labels; every image once before any comes again."""
        if self._at == 0 and self.epochs_completed == 0 and shuffle:
            self._random.shuffle(self._order)
        chosen = self._order[self._at : self._at + batch_size]
        self._at += batch_size
        if self._at > self.num_examples:
            self.epochs_completed += 1
            missing = batch_size - len(chosen)
            if shuffle:
                self._random.shuffle(self._order)
            chosen, self._at = np.concatenate([chosen, self._order[:missing]]), missing
        return self.images[chosen], self.labels[chosen]


class Datasets(NamedTuple):
    """The three parts of the data."""

    train: DataSet
    validation: DataSet
    test: DataSet


def read_data_sets(
    train_dir: str | os.PathLike[str] = "MNIST_data", fake_data: bool = False, one_hot: bool = False,
    dtype: Any = np.float32, reshape: bool = True, validation_size: int = VALIDATION, seed: int | None = None,
    source_url: str | None = None,
) -> Datasets:  # fmt: skip
    """MNIST, from the four files in `train_dir`, the directory in ``$GRAPHC_MNIST``, or one used before.

    Where there are none, the 1,797 digits of 8x8 pixels that come with graphc, enlarged to 28x28, with a warning:
    accuracies are then not those of MNIST.

    Parameters
    ----------
    train_dir : path
    fake_data : bool
        Not used.
    one_hot : bool
        Labels as rows of 10 numbers.
    dtype : dtype
        float32: ink from 0 to 1; uint8: from 0 to 255.
    reshape : bool
        Images as rows of 784 numbers.
    validation_size : int
        How many of the training images are set apart.
    seed : int, optional
        Of the order of the batches.
    source_url : str, optional
        Not used: nothing is downloaded.
    """
    train_x, train_y, test_x, test_y = _images(Path(train_dir))
    if np.dtype(getattr(dtype, "as_numpy_dtype", dtype)) == np.uint8:
        train_x, test_x = ((x * 255.0).astype(np.uint8) for x in (train_x, test_x))
    if not reshape:
        train_x, test_x = (x.reshape(-1, 28, 28, 1) for x in (train_x, test_x))
    if one_hot:
        train_y, test_y = (np.eye(10)[y] for y in (train_y, test_y))
    held = min(validation_size, len(train_x) // 6)
    parts = ((train_x[held:], train_y[held:]), (train_x[:held], train_y[:held]), (test_x, test_y))
    return Datasets(*(DataSet(x, y, seed) for x, y in parts))


def _images(folder: Path) -> tuple[np.ndarray, ...]:
    for candidate in (folder, Path(os.environ.get("GRAPHC_MNIST", folder))):
        try:
            found = mnist(candidate)
        except FileNotFoundError:
            continue
        return found.train_images, found.train_labels.astype(np.uint8), found.test_images, found.test_labels.astype(
            np.uint8
        )  # fmt: skip
    warnings.warn(
        f"THIS IS NOT MNIST: there are no MNIST files in {folder}, so 1,797 digits of 8x8 pixels stand in, enlarged to "
        "28x28. Put the four files (train-images-idx3-ubyte.gz and so on) there, or name their directory in "
        "$GRAPHC_MNIST",
        stacklevel=3,
    )
    small, labels = digits(flat=False)
    large = np.zeros((len(small), 28, 28), np.float32)
    large[:, 2:26, 2:26] = np.repeat(np.repeat(small[..., 0], 3, axis=1), 3, axis=2)
    # Every seventh image is for testing; the original order alternates between writers and digits.
    test = np.arange(len(small)) % 7 == 0
    flat, classes = large.reshape(-1, 784), labels.astype(np.uint8)
    return flat[~test], classes[~test], flat[test], classes[test]
