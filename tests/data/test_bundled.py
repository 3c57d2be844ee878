"""The shipped data sets: content, types and the promises of SOURCES.md."""

import doctest
import hashlib
import importlib
import re
from importlib import resources

import numpy as np
import pytest

from graphc.data import IRIS_CLASSES, IRIS_FEATURES, digits, iris

FILES = resources.files("graphc.data")


def test_digits_are_the_published_ones() -> None:
    images, labels = digits()
    assert images.shape == (1797, 64)
    assert images.dtype == np.float32
    assert labels.dtype == np.int32
    assert np.bincount(labels).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert images.min() == 0
    assert images.max() == 1
    assert (images[0].reshape(8, 8)[0] * 16).tolist() == [0, 0, 5, 13, 9, 1, 0, 0]


def test_digits_as_pictures_hold_the_same_pixels() -> None:
    pictures, _ = digits(flat=False)
    assert pictures.shape == (1797, 8, 8, 1)
    np.testing.assert_array_equal(pictures.reshape(1797, 64), digits()[0])


def test_iris_has_the_published_class_means() -> None:
    features, labels = iris()
    assert features.shape == (150, len(IRIS_FEATURES))
    assert features.dtype == np.float32
    assert labels.dtype == np.int32
    assert np.bincount(labels).tolist() == [50] * len(IRIS_CLASSES)
    means = np.array([features[labels == k].mean(0, dtype=np.float64) for k in range(3)])
    expected = [[5.006, 3.428, 1.462, 0.246], [5.936, 2.770, 4.260, 1.326], [6.588, 2.974, 5.552, 2.026]]
    np.testing.assert_allclose(means, expected, atol=1e-6)


def test_loaders_return_fresh_arrays() -> None:
    first, _ = iris()
    first[:] = 0
    assert iris()[0].max() > 0


def test_sources_give_the_digest_of_every_file() -> None:
    text = FILES.joinpath("SOURCES.md").read_text()
    listed = dict(re.findall(r"\| (\w+\.npz) \| ([0-9a-f]{64}) \|", text))
    shipped = {file.name: file.read_bytes() for file in FILES.iterdir() if file.name.endswith(".npz")}
    assert listed == {name: hashlib.sha256(content).hexdigest() for name, content in shipped.items()}
    assert sum(map(len, shipped.values())) <= 150_000


@pytest.mark.parametrize("name", ["batching", "bundled", "mnist", "splitting"])
def test_examples_in_docstrings(name: str) -> None:
    result = doctest.testmod(importlib.import_module(f"graphc.data.{name}"))
    assert result.attempted > 0
    assert result.failed == 0
