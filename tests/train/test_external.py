"""Minimisation by SciPy's methods."""

import sys

import numpy as np
import pytest

import graphc as gc


@pytest.fixture(autouse=True)
def graph():
    with gc.Graph().as_default() as g:
        yield g


def rosenbrock(p):
    return gc.reduce_sum(100.0 * gc.square(p[1:] - gc.square(p[:-1])) + gc.square(1.0 - p[:-1]))


@pytest.fixture
def scipy():
    return pytest.importorskip("scipy.optimize", reason="SciPy is not installed: its optimizers cannot be called")


def test_l_bfgs_b_finds_the_minimum(scipy):
    p = gc.Variable(np.zeros(6), name="p")
    loss = rosenbrock(p)
    seen, losses = [], []
    session = gc.Session()
    optimizer = gc.train.ScipyOptimizerInterface(loss, options={"maxiter": 500})
    found = optimizer.minimize(session, fetches=[loss], step_callback=seen.append, loss_callback=losses.append)
    assert found.success
    np.testing.assert_allclose(session.run(p), np.ones(6), atol=1e-4)
    np.testing.assert_array_equal(session.run(p), found.x)
    assert len(losses) == found.nfev >= len(seen) > 5


def test_bounds_and_several_variables(scipy):
    a, b = gc.Variable([[3.0, 3.0]], name="a"), gc.Variable(5.0, name="b")
    loss = gc.reduce_sum(gc.square(a - 1.0)) + gc.square(b - 2.0)
    with gc.Session() as session:
        gc.train.ScipyOptimizerInterface(loss, [a, b], var_to_bounds={a: ([2.0, -9.0], 9.0)}).minimize()
        np.testing.assert_allclose(session.run(a), [[2.0, 1.0]], atol=1e-5)
        np.testing.assert_allclose(session.run(b), 2.0, atol=1e-5)


def test_constraints(scipy):
    p = gc.Variable(np.array([7.0, 7.0]))
    loss = gc.reduce_sum(gc.square(p))
    session = gc.Session()
    gc.train.ScipyOptimizerInterface(loss, equalities=[p[1] - 3.0], inequalities=[p[0] - 1.0]).minimize(session)
    np.testing.assert_allclose(session.run(p), [1.0, 3.0], atol=1e-5)


def test_without_scipy_the_error_says_what_to_install(monkeypatch):
    p = gc.Variable(1.0)
    optimizer = gc.train.ScipyOptimizerInterface(p * p)
    monkeypatch.setitem(sys.modules, "scipy.optimize", None)
    with pytest.raises(ImportError, match="pip install scipy"):
        optimizer.minimize(gc.Session(mode="interpret"))


def test_nothing_to_optimise():
    with pytest.raises(gc.GraphError, match="no variable"):
        gc.train.ScipyOptimizerInterface(gc.constant(1.0))
