"""`grad`: constants, known gradients, inputs without a connection."""

import numpy as np
import pytest

import graphc as gc
from tests.both_modes import run_both


def test_one_or_a_list() -> None:
    with gc.Graph().as_default():
        x, y = gc.placeholder(gc.float64, []), gc.placeholder(gc.float64, [])
        slopes = gc.grad(x * y, [x, y])
        assert run_both([gc.grad(x * x * y, x), *slopes], {x: 3.0, y: 5.0}) == [30, 5, 3]


def test_constants() -> None:
    with gc.Graph().as_default():
        x = gc.placeholder(gc.float64, [])
        part = x * x
        assert run_both(gc.grad(part * x, x, consider_constant=[part]), {x: 3.0}) == 9


def test_known_gradients() -> None:
    with gc.Graph().as_default():
        x = gc.placeholder(gc.float64, [])
        middle = x * x
        cost = gc.exp(middle) + x
        alone = gc.grad(None, x, known_grads={middle: gc.constant(np.float64(10.0))})
        mixed = gc.grad(cost, x, known_grads={middle: gc.constant(np.float64(10.0))})
        assert run_both([alone, mixed], {x: 3.0}) == [60, 61]


def test_what_is_not_connected() -> None:
    with gc.Graph().as_default():
        x, y = gc.placeholder(gc.float64, [2], name="x"), gc.placeholder(gc.float64, [])
        with pytest.raises(gc.GraphError, match="does not depend differentiably on x:0, made at "):
            gc.grad(y * y, [y, x])
        with pytest.warns(UserWarning, match="does not depend differentiably on x:0"):
            zeros = gc.grad(y * y, x, disconnected_inputs="warn")
        quiet = gc.grad(y * y, x, disconnected_inputs="ignore")
        for found in run_both([zeros, quiet], {x: [1.0, 2.0], y: 1.0}):
            assert found.tolist() == [0, 0]
        with pytest.raises(gc.GraphError, match="'raise', 'warn' or 'ignore'"):
            gc.grad(y, y, disconnected_inputs="zeros")


def test_the_cost_is_a_scalar() -> None:
    with gc.Graph().as_default():
        x = gc.placeholder(gc.float64, [2])
        with pytest.raises(gc.GraphError, match="must be a scalar"):
            gc.grad(x * x, x)
