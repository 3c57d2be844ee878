"""Parts of tensors, replaced and added to, and their gradients."""

from typing import Any

import numpy as np
import pytest

import graphc as gc
from tests.both_modes import run_both

A = np.arange(20.0).reshape(4, 5)
KEYS: dict[str, Any] = {
    "rows": np.s_[1:3],
    "one row": np.s_[2],
    "last column": np.s_[:, -1],
    "block": np.s_[1:3, 2:],
    "element": np.s_[1, 2],
    "steps": np.s_[::2, 1::2],
    "reversed": np.s_[::-1, :2],
    "new axis": np.s_[None, 1:3],
    "array": np.s_[[3, 0]],
    "columns by array": np.s_[:, [4, 1]],
    "points": np.s_[[0, 1, 3], [2, 2, 4]],
    "array and slice": np.s_[[1, 2], 1:4],
    "empty": np.s_[2:2],
}


@pytest.mark.parametrize("key", list(KEYS))
@pytest.mark.parametrize("change", ["set", "inc"])
def test_as_numpy(key: str, change: str) -> None:
    index = KEYS[key]
    value = np.random.default_rng(1).normal(size=A[index].shape)
    want = A.copy()
    if change == "set":
        want[index] = value
    else:
        want[index] += value
    with gc.Graph().as_default():
        x, y = gc.placeholder(gc.float64, [None, None]), gc.placeholder(gc.float64, [None] * value.ndim)
        function = gc.set_subtensor if change == "set" else gc.inc_subtensor
        z = function(x[index], y)
        slopes = gc.gradients(gc.reduce_sum(z * z), [x, y])
        found, dx, dy = run_both([z, *slopes], {x: A, y: value})
    np.testing.assert_allclose(found, want)
    whole = 2 * want
    np.testing.assert_allclose(dy, whole[index])
    if change == "set":
        whole[index] = 0
    np.testing.assert_allclose(dx, whole)


def test_a_number_is_broadcast_and_bounds_may_be_tensors() -> None:
    with gc.Graph().as_default():
        x, n = gc.placeholder(gc.float64, [None, None]), gc.placeholder(gc.int32, [])
        found = run_both([gc.set_subtensor(x[n:], 7), gc.inc_subtensor(x[:, n], 1.0)], {x: A, n: 3})
    want = A.copy()
    want[3:] = 7
    np.testing.assert_array_equal(found[0], want)
    want = A.copy()
    want[:, 3] += 1
    np.testing.assert_array_equal(found[1], want)


def test_repeated_rows_add_up() -> None:
    with gc.Graph().as_default():
        rows = gc.placeholder(gc.int32, [None])
        found = run_both(gc.inc_subtensor(gc.constant(np.zeros(3))[rows], 1.0), {rows: [0, 2, 0, -1]})
    assert found.tolist() == [2, 0, 2]


def test_what_is_no_part_is_refused() -> None:
    with gc.Graph().as_default():
        x = gc.placeholder(gc.float64, [3])
        with pytest.raises(gc.GraphError, match="a part of a tensor is needed"):
            gc.set_subtensor(x, 0.0)
        with pytest.raises(TypeError, match="float64 does not fit into a tensor of int32"):
            gc.inc_subtensor(gc.constant([1, 2])[0], x[0])
