"""Stratified splits and batches."""

import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphc.data import batches, digits, stratified_split


@given(st.lists(st.integers(0, 4), min_size=1, max_size=80), st.lists(st.integers(1, 9), min_size=1, max_size=4))
def test_parts_are_a_partition_with_every_class_in_proportion(classes: list[int], weights: list[int]) -> None:
    fractions = [weight / sum(weights) for weight in weights]
    parts = stratified_split(classes, fractions, seed=3)
    assert sorted(np.concatenate(parts).tolist()) == list(range(len(classes)))
    for part, fraction in zip(parts, fractions, strict=True):
        for value in set(classes):
            exact = classes.count(value) * fraction
            assert abs(np.sum(np.asarray(classes)[part] == value) - exact) < 1


def test_split_of_the_digits_is_fixed() -> None:
    parts = stratified_split(digits()[1], (0.7, 0.15, 0.15), seed=0)
    assert [len(part) for part in parts] == [1259, 270, 268]
    digest = hashlib.sha256(b"".join(part.astype("<i8").tobytes() for part in parts)).hexdigest()
    assert digest == "658821a3907b39038de6c739a4c4c17ffb8e462877ef832dec26163e67a5a901"


def test_another_seed_gives_another_split() -> None:
    labels = digits()[1]
    assert not np.array_equal(stratified_split(labels, (0.5, 0.5), 0)[0], stratified_split(labels, (0.5, 0.5), 1)[0])


@pytest.mark.parametrize("fractions", [(), (0.5, 0.4), (1.5, -0.5), (1.0, 0.0), (float("nan"), 1.0)])
def test_wrong_fractions_are_refused(fractions: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="fractions must be positive and sum to 1"):
        stratified_split([0, 1], fractions)


@pytest.mark.parametrize("labels", [[0.5, 1.0], [[0, 1]], ["a", "b"]])
def test_labels_must_be_a_vector_of_integers(labels: object) -> None:
    with pytest.raises(ValueError, match="labels must be a vector of integers"):
        stratified_split(labels, (0.5, 0.5))  # type: ignore[arg-type]


def test_batches_in_order_are_views_of_all_rows() -> None:
    x, y = np.arange(14.0).reshape(7, 2), np.arange(7)
    parts = list(batches(x, y, size=3))
    assert [len(b) for _, b in parts] == [3, 3, 1]
    assert all(np.shares_memory(a, x) for a, _ in parts)
    np.testing.assert_array_equal(np.concatenate([b for _, b in parts]), y)


def test_batches_shuffle_all_arrays_alike() -> None:
    x = np.arange(50)
    parts = list(batches(x, x * 10, size=8, random=np.random.default_rng(1)))
    drawn = np.concatenate([a for a, _ in parts])
    assert sorted(drawn.tolist()) == x.tolist()
    assert drawn.tolist() != x.tolist()
    assert all((b == a * 10).all() for a, b in parts)


@pytest.mark.parametrize(("size", "sizes"), [(3, [3, 3]), (7, [7]), (8, [])])
def test_batches_can_leave_out_a_short_last_one(size: int, sizes: list[int]) -> None:
    assert [len(part) for (part,) in batches(np.arange(7), size=size, drop_remainder=True)] == sizes


def test_batches_refuse_bad_arguments_when_called() -> None:
    with pytest.raises(ValueError, match=r"same number of rows, not \[3, 4\]"):
        batches(np.arange(3), np.arange(4), size=2)
    with pytest.raises(ValueError, match="at least one row, not size=0"):
        batches(np.arange(3), size=0)
    with pytest.raises(ValueError, match=r"same number of rows, not \[\]"):
        batches(size=2)
