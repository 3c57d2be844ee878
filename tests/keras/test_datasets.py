"""Data sets: those of the package, and files that are read, missing or damaged."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from graphc.keras import datasets
from graphc.keras.datasets.fashion_mnist import FILES


def test_digits_and_iris_are_divided_in_the_same_way_each_time() -> None:
    (x, y), (x_test, y_test) = datasets.digits.load_data(test_split=0.1)
    assert (x.shape, x_test.shape, x.dtype) == ((1617, 8, 8), (180, 8, 8), np.uint8)
    assert set(y) == set(y_test) == set(range(10))
    again = datasets.digits.load_data(test_split=0.1)[1]
    np.testing.assert_array_equal(x_test, again[0])
    assert datasets.iris.load_data()[0][0].shape == (120, 4)
    with pytest.raises(ValueError, match="between 0 and 1"):
        datasets.iris.load_data(test_split=2)


def idx(array: np.ndarray) -> bytes:
    sizes = b"".join(int(n).to_bytes(4, "big") for n in array.shape)
    return b"\0\0\x08" + bytes([array.ndim]) + sizes + array.astype(np.uint8).tobytes()


def test_fashion_mnist_is_read_from_files(tmp_path: Path) -> None:
    arrays = [np.arange(2 * 9).reshape(2, 3, 3), np.array([4, 9]), np.arange(9).reshape(1, 3, 3), np.array([7])]
    with pytest.raises(FileNotFoundError, match="put the four files"):
        datasets.fashion_mnist.load_data(tmp_path)
    for name, array in zip(FILES, arrays, strict=True):
        (tmp_path / f"{name}.gz").write_bytes(gzip.compress(idx(array)))
    (x, y), (x_test, y_test) = datasets.fashion_mnist.load_data(tmp_path)
    for found, expected in zip((x, y, x_test, y_test), arrays, strict=True):
        np.testing.assert_array_equal(found, expected)
    (tmp_path / f"{FILES[0]}.gz").write_bytes(gzip.compress(idx(arrays[0])[:-1]))
    with pytest.raises(ValueError, match="damaged"):
        datasets.fashion_mnist.load_data(tmp_path)


def test_mnist_asks_for_its_folder(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        datasets.mnist.load_data(tmp_path / "nowhere")
