"""Limits on lengths against NumPy."""

import numpy as np
import pytest
from both_modes import run_both

import graphc as gc


@pytest.fixture(autouse=True)
def graph():
    with gc.Graph().as_default() as g:
        yield g


A = np.array([[3.0, 4.0], [0.3, 0.4]], np.float32)


@pytest.mark.parametrize("limit", [1.0, 100.0])
def test_norm(limit):
    whole, rows = run_both([gc.clip_by_norm(A, limit), gc.clip_by_norm(A, limit, axes=[1])])
    np.testing.assert_allclose(whole, A * min(1.0, limit / np.linalg.norm(A)), rtol=1e-6)
    lengths = np.linalg.norm(A, axis=1, keepdims=True)
    np.testing.assert_allclose(rows, A * np.minimum(1.0, limit / lengths), rtol=1e-6)


def test_norm_of_zero_has_a_finite_gradient():
    x = gc.placeholder(gc.float32, [3])
    value, slope = run_both([gc.clip_by_norm(x, 1.0), gc.gradients(gc.clip_by_norm(x, 1.0), x)[0]], {x: [0.0] * 3})
    assert value.tolist() == [0.0] * 3
    assert slope.tolist() == [1.0] * 3


@pytest.mark.parametrize("limit", [0.1, 100.0])
def test_average_norm(limit):
    found = run_both(gc.clip_by_average_norm(gc.constant(A), limit))
    np.testing.assert_allclose(found, A * min(1.0, limit / (np.linalg.norm(A) / A.size)), rtol=1e-6)


@pytest.mark.parametrize("limit", [1.0, 100.0])
def test_global_norm(limit):
    b = np.float32([5.0, -2.0])
    tensors = [gc.constant(A), None, gc.constant(b)]
    clipped, norm = gc.clip_by_global_norm(tensors, limit)
    assert clipped[1] is None
    first, second, length = run_both([clipped[0], clipped[2], norm])
    want = np.sqrt((A**2).sum() + (b**2).sum())
    np.testing.assert_allclose(length, want, rtol=1e-6)
    np.testing.assert_allclose(first, A * min(1.0, limit / want), rtol=1e-6)
    np.testing.assert_allclose(second, b * min(1.0, limit / want), rtol=1e-6)


def test_a_norm_that_is_not_finite_does_not_pass_as_a_small_one():
    (clipped,), norm = gc.clip_by_global_norm([gc.constant([1.0, np.inf])], 1.0)
    value, length = run_both([clipped, norm])
    assert np.isnan(value).all()
    assert length == np.inf


def test_nothing_to_measure():
    with pytest.raises(gc.GraphError, match="at least one tensor"):
        gc.global_norm([None])
