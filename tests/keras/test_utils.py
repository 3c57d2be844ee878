"""Helpers for data."""

import numpy as np
import pytest

from graphc.keras import initializers, utils


def test_to_categorical() -> None:
    assert utils.to_categorical([[0], [2]], 4).tolist() == [[1, 0, 0, 0], [0, 0, 1, 0]]
    with pytest.raises(ValueError, match="from 0 to 1"):
        utils.to_categorical([0, 2], 2)


def test_normalize() -> None:
    np.testing.assert_allclose(utils.normalize([[3.0, 4.0], [0.0, 0.0]]), [[0.6, 0.8], [0.0, 0.0]])
    np.testing.assert_allclose(utils.normalize([[1.0, 3.0]], order=1), [[0.25, 0.75]])


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, [[0, 0, 1], [2, 3, 4], [0, 0, 0]]),
        ({"padding": "post"}, [[1, 0, 0], [2, 3, 4], [0, 0, 0]]),
        ({"maxlen": 2, "truncating": "post", "value": 9}, [[9, 1], [2, 3], [9, 9]]),
    ],
)
def test_pad_sequences(options: dict, expected: list) -> None:
    assert utils.pad_sequences([[1], [2, 3, 4], []], **options).tolist() == expected


def test_one_seed_gives_the_same_weights_and_two_calls_different_ones() -> None:
    def drawn() -> list[np.ndarray]:
        utils.set_random_seed(3)
        return [initializers.get("glorot_uniform")((4, 5)) for _ in range(2)]

    first, second = drawn(), drawn()
    assert all((a == b).all() for a, b in zip(first, second, strict=True))
    assert (first[0] != first[1]).any()
    assert abs(first[0]).max() <= (6 / 9) ** 0.5
