"""What is refused, when the graph is built and when it runs, and what happens without a library."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import graphc as gc
from graphc.runtime import blas
from tests.both_modes import CONFIGS, run_both

la = gc.linalg
X = np.arange(6.0).reshape(2, 3)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: la.cholesky(X), r"cholesky: square matrices are needed, not float64\[2, 3\]"),
        (lambda: la.cholesky(X[0]), "cholesky: a matrix is needed"),
        (lambda: la.solve(X @ X.T, X.T), "solve: the right side .* does not fit"),
        (lambda: la.inv(X), "inv: square matrices are needed"),
        (lambda: la.norm(X, "nuc"), "no norm of order 'nuc'"),
        (lambda: la.norm(X, 3, axis=(0, 1)), "the order of a matrix norm is"),
        (lambda: la.norm(X, axis=(0, 0)), "two different ones"),
        (lambda: la.cross(X[0, :2], X[0, :2]), "vectors of 3 elements are needed"),
        (lambda: la.trace(X[0]), "a matrix is needed"),
    ],
)
def test_operands_that_do_not_fit(make: Any, message: str) -> None:
    with gc.Graph().as_default(), pytest.raises(gc.GraphError, match=message) as info:
        make()
    assert "test_errors.py" in str(info.value)


def test_a_power_that_is_no_integer() -> None:
    with gc.Graph().as_default(), pytest.raises(TypeError, match="the power is an integer"):
        la.matrix_power(X[:, :2], 0.5)


def test_gradients_that_do_not_exist() -> None:
    with gc.Graph().as_default():
        a = gc.placeholder(gc.float64, [3, 2])
        q, _ = la.qr(a, full_matrices=True)
        (g,) = gc.gradients(q, [a])
        with pytest.raises(Exception, match="with full_matrices=True only square matrices have a gradient"):
            gc.Session().run(g, {a: X.T})


FAILING = {
    "cholesky": (la.cholesky, "not positive definite"),
    "solve": (lambda a: la.solve(a, [1.0, 2.0]), "the matrix is singular"),
    "inv": (la.inv, "the matrix is singular"),
    "triangular_solve": (lambda a: la.triangular_solve(a - a, [1.0, 2.0]), "zero on the diagonal"),
    "slope of det": (lambda a: gc.gradients(la.det(a), [a])[0], "the matrix is singular"),
}


@pytest.mark.parametrize("mode", CONFIGS)
@pytest.mark.parametrize("name", FAILING)
def test_failures_name_the_line_and_change_nothing(name: str, mode: str) -> None:
    function, message = FAILING[name]
    with gc.Graph().as_default():
        a, w = gc.placeholder(gc.float64, [None, None]), gc.Variable(1.0)
        found, step = function(a), gc.assign(w, w + 1.0)
        with gc.Session(config=CONFIGS[mode]) as session:
            session.run(gc.global_variables_initializer())
            with pytest.raises(gc.ExecutionError, match=message) as info:
                session.run([found, step], {a: np.array([[1.0, 2.0], [2.0, 4.0]]) - 9 * (name == "cholesky")})
            assert session.run(w) == 1.0
            assert "test_errors.py" in str(info.value)
            assert "no variable was changed" in str(info.value)
            session.run([found, step], {a: np.eye(2)}) if name != "triangular_solve" else None


def test_nan_goes_through_a_factorization() -> None:
    a = np.array([[np.nan, 0.0], [0.0, 1.0]])
    with gc.Graph().as_default():
        assert np.isnan(run_both(la.cholesky(a))[0, 0])
        assert np.isnan(run_both(la.solve(a, [1.0, 1.0]))[0])


def test_without_a_library_numpy_is_called_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blas, "blas_is_there", lambda: False)
    a = np.array([[4.0, 2.0], [2.0, 5.0]])
    with gc.Graph().as_default():
        x = gc.placeholder(gc.float64, [None, None])
        y = la.cholesky(x) * 2.0
        with gc.Session(config=gc.Config(cache=False)) as session:
            np.testing.assert_allclose(session.run(y, {x: a}), 2 * np.linalg.cholesky(a))
            assert session.report(y, [x])["kernels"]["host"] == 1


def test_the_library_of_numpy_serves_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its integers have 64 bits."""
    candidates = [c for c in blas._candidates() if c[1] == 64]
    if not candidates:
        pytest.skip("NumPy has no library of its own here")
    monkeypatch.setattr(blas, "_candidates", lambda: iter(candidates))
    blas.find_blas.cache_clear()
    try:
        rng = np.random.default_rng(1)
        a, b = rng.standard_normal((2, 5, 5)), rng.standard_normal((5, 3))
        with gc.Graph().as_default(), gc.Session(config=gc.Config(cache=False)) as session:
            x = gc.placeholder(gc.float64, [None, None, None])
            found = session.run([la.solve(x, b), la.det(x), la.svdvals(x), la.eigvalsh(x)], {x: a})
            assert blas.find_blas().integer_bits == 64
        expected = [np.linalg.solve(a, b), np.linalg.det(a), np.linalg.svd(a)[1], np.linalg.eigvalsh(a)]
        for got, want in zip(found, expected, strict=True):
            np.testing.assert_allclose(got, want, rtol=1e-10)
    finally:
        blas.find_blas.cache_clear()
