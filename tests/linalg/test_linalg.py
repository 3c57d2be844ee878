"""The public functions against NumPy and SciPy, compiled and interpreted, with sizes that are known late."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import graphc as gc
from tests.both_modes import COMPILED, INTERPRETED, run_both

la = gc.linalg
RNG = np.random.default_rng(0)
A = RNG.standard_normal((2, 4, 4)) + 2 * np.eye(4)
S = A @ A.swapaxes(1, 2) + np.eye(4)
B, V = RNG.standard_normal((4, 3)), RNG.standard_normal(4)
TALL = RNG.standard_normal((2, 5, 3))
WIDE = TALL.swapaxes(1, 2)


def block_diagonal(*blocks):
    found = np.zeros(np.sum([b.shape for b in blocks], axis=0))
    row = column = 0
    for block in blocks:
        found[row : row + block.shape[0], column : column + block.shape[1]] = block
        row, column = row + block.shape[0], column + block.shape[1]
    return found


def exponential(matrices):
    """The power series of a 2**-20th part, squared 20 times, in long doubles."""
    part = matrices.astype(np.longdouble) / 2**20
    total = term = np.broadcast_to(np.eye(part.shape[-1], dtype=np.longdouble), part.shape)
    for k in range(1, 12):
        term = term @ part / k
        total = total + term
    for _ in range(20):
        total = total @ total
    return total.astype(float)


def check(make: Any, arrays: list[Any], expected: Any, tolerance: float = 1e-10) -> None:
    """Values of a function over placeholders of unknown sizes, in both modes."""
    with gc.Graph().as_default():
        xs = [gc.placeholder(a.dtype.name, [None] * a.ndim) for a in arrays]
        got = run_both(make(*xs), dict(zip(xs, arrays, strict=True)), rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(got, expected, rtol=tolerance, atol=tolerance)


def sized(make: Any, array: Any, expected: Any) -> None:
    """The same where the sizes are known when the graph is built."""
    with gc.Graph().as_default():
        np.testing.assert_allclose(run_both(make(gc.constant(array))), expected, rtol=1e-10, atol=1e-10)


def test_solutions() -> None:
    check(la.solve, [A, A[:, :, :2]], np.linalg.solve(A, A[:, :, :2]))
    check(la.solve, [A, V], np.linalg.solve(A, V))
    check(la.solve, [A, B], np.linalg.solve(A, B))
    check(lambda a, b: la.solve(a, b, adjoint=True), [A[0], B], np.linalg.solve(A[0].T, B))
    check(lambda a, b: la.cholesky_solve(la.cholesky(a), b), [S, B], np.linalg.solve(S, B))
    check(la.inv, [A], np.linalg.inv(A))
    check(lambda a: la.inv(a, adjoint=True), [A], np.linalg.inv(A).swapaxes(1, 2))
    for lower in (True, False):
        triangle = np.tril(A[0]) if lower else np.triu(A[0])
        for adjoint in (True, False):
            matrix = triangle.T if adjoint else triangle
            check(lambda a, b, k=(lower, adjoint): la.triangular_solve(a, b, *k), [A[0], V], np.linalg.solve(matrix, V))


def test_determinants() -> None:
    check(la.det, [A], np.linalg.det(A))
    check(lambda a: la.slogdet(a).sign, [-A[0, :3, :3]], np.linalg.slogdet(-A[0, :3, :3])[0])
    check(lambda a: la.slogdet(a).log_abs_determinant, [A], np.linalg.slogdet(A)[1])
    check(la.logdet, [S], np.linalg.slogdet(S)[1])
    singular = np.ones((2, 2))
    check(la.det, [singular], 0.0)
    with gc.Graph().as_default():
        assert run_both(la.slogdet(singular)) == (0.0, -np.inf)


@pytest.mark.parametrize("x", [TALL, WIDE, A], ids=["tall", "wide", "square"])
def test_factorizations(x: Any) -> None:
    few = min(x.shape[-2:])
    for full in (False, True):

        def product(a: Any, full: bool = full) -> Any:
            q, r = la.qr(a, full_matrices=full)
            return gc.matmul(q, r)

        def composed(a: Any, full: bool = full) -> Any:
            s, u, v = la.svd(a, full_matrices=full)
            return gc.matmul(u[..., :few] * s[..., None, :], v[..., :few], transpose_b=True)

        for function in (product, composed):
            check(function, [x], x)
            sized(function, x, x)
        check(
            lambda a, full=full: gc.abs(la.qr(a, full).r),
            [x],
            np.abs(np.linalg.qr(x, "complete" if full else "reduced")[1]),
        )
    check(la.svdvals, [x], np.linalg.svd(x)[1])
    check(lambda a: la.svd(a, compute_uv=False), [x], np.linalg.svd(x)[1])
    check(la.pinv, [x], np.linalg.pinv(x))


def test_eigenvalues() -> None:
    def composed(a: Any) -> Any:
        e, v = la.eigh(a)
        return gc.matmul(v * e[..., None, :], v, transpose_b=True)

    check(composed, [S], S)
    check(lambda a: la.eigh(a).e, [S], np.linalg.eigvalsh(S))
    check(la.eigvalsh, [np.tril(S)], np.linalg.eigvalsh(S))


def test_least_squares() -> None:
    b = RNG.standard_normal((5, 2))
    check(la.lstsq, [TALL[0], b], np.linalg.lstsq(TALL[0], b)[0])
    check(la.lstsq, [TALL[0], b[:, 0]], np.linalg.lstsq(TALL[0], b[:, 0])[0])
    sized(lambda a: la.lstsq(a, b[:3]), WIDE[0], np.linalg.lstsq(WIDE[0], b[:3])[0])
    for x, y in ((TALL[0], b), (WIDE[0], b[:3])):
        normal = x.T @ x + 0.5 * np.eye(x.shape[1])
        check(lambda p, q: la.lstsq(p, q, l2_regularizer=0.5), [x, y], np.linalg.solve(normal, x.T @ y))


@pytest.mark.parametrize("ord", ["fro", "nuc", 1, 2, math.inf, -1, -2, -math.inf])
@pytest.mark.parametrize("keepdims", [False, True])
def test_matrix_norms(ord: Any, keepdims: bool) -> None:
    for axes in ((1, 2), (2, 0)):
        expected = np.linalg.norm(TALL, ord, axes, keepdims)
        check(lambda x, axes=axes: la.norm(x, ord, axes, keepdims), [TALL], expected)


@pytest.mark.parametrize("ord", [2, 1, 0, math.inf, -math.inf, 3, 0.5])
def test_vector_norms(ord: Any) -> None:
    check(lambda x: la.norm(x, ord, axis=1), [TALL], np.linalg.norm(TALL, ord, 1), 1e-9)
    check(lambda x: la.norm(x, ord), [TALL], np.linalg.norm(TALL.ravel(), ord), 1e-9)


def replaced(x: Any, values: Any) -> Any:
    x, few = x.copy(), min(x.shape[-2:])
    x[..., range(few), range(few)] = values
    return x


def test_matrices_from_matrices() -> None:
    check(la.trace, [TALL], np.trace(TALL, axis1=1, axis2=2))
    check(la.matrix_transpose, [TALL], WIDE)
    for x in (TALL, WIDE, A):
        few = np.arange(min(x.shape[-2:])) + 5.0
        sized(lambda a, few=few: la.set_diag(a, few), x, replaced(x, few))
        check(la.diag_part, [x], np.diagonal(x, 0, -2, -1))
        check(lambda a: la.band_part(a, 1, 0), [x], np.tril(np.triu(x, -1)))
        check(lambda a: la.band_part(a, -1, 1), [x], np.tril(x, 1))
        check(lambda a: la.band_part(a, gc.size(a) * 0, -1), [x], np.triu(x))
    check(la.set_diag, [A, V], replaced(A, V))
    check(la.kron, [TALL[0], B], np.kron(TALL[0], B))
    check(lambda a, b, c: la.block_diag([a, b, c]), [TALL[0], B, A[1]], block_diagonal(TALL[0], B, A[1]))
    sized(lambda a: la.cross(a, TALL[1]), TALL[0], np.cross(TALL[0], TALL[1]))
    check(la.matvec, [A, V], A @ V)
    check(lambda a, b: la.matvec(a, b, transpose_a=True), [A, V], A.swapaxes(1, 2) @ V)
    with gc.Graph().as_default():
        np.testing.assert_array_equal(run_both(la.eye(2, 3, batch_shape=[4])), np.broadcast_to(np.eye(2, 3), (4, 2, 3)))


def test_functions_of_matrices() -> None:
    for n in (0, 1, 5, -2):
        check(lambda a, n=n: la.matrix_power(a, n), [A], np.linalg.matrix_power(A, n), 1e-9)
    for scale in (0.01, 1.0, 8.0):
        expected = exponential(A * scale)
        size = np.abs(expected).max()
        check(lambda a, size=size: la.expm(a) / size, [A * scale], expected / size, 1e-9)


def slope(function: Any, x: Any) -> Any:
    with gc.Graph().as_default():
        p = gc.placeholder(x.dtype.name, [None] * x.ndim)
        return run_both(gc.gradients(function(p), [p])[0], {p: x}, rtol=1e-9, atol=1e-9)


def directional(function: Any, x: Any, way: Any) -> float:
    with gc.Graph().as_default():
        p = gc.placeholder(x.dtype.name, [None] * x.ndim)
        y = function(p)
        with gc.Session(config=INTERPRETED) as session:
            near, far = ([session.run(y, {p: x + k * h * way}) for k in (1, -1)] for h in (1e-4, 2e-4))
    return float((8 * (near[0] - near[1]) - (far[0] - far[1])) / 12e-4)


FUNCTIONS = {
    "lstsq": lambda x: gc.reduce_sum(gc.square(la.lstsq(x, [1.0, 2.0, 3.0, 4.0, 5.0]))),
    "pinv": lambda x: gc.reduce_sum(la.pinv(x) ** 3),
    "nuclear": lambda x: la.norm(x, "nuc", axis=(0, 1)),
    "expm": lambda x: gc.reduce_sum(la.expm(x[:3, :3]) ** 2),
    "power": lambda x: gc.reduce_sum(la.matrix_power(x[:3], 3)),
    "logdet": lambda x: la.logdet(gc.matmul(x, x, transpose_a=True)),
    "kron": lambda x: la.norm(la.kron(x, x)),
    "qr": lambda x: gc.reduce_sum(la.qr(gc.transpose(x)).r ** 3),
    "norm1": lambda x: la.norm(x, 1, axis=(0, 1)) + la.norm(x, math.inf, axis=(0, 1)) + la.norm(x, 3),
    "set_diag": lambda x: la.det(la.set_diag(x[1:4], [4.0, 5.0, 6.0]) + la.band_part(x[:3], 1, 0)),
    "block_diag": lambda x: la.trace(la.block_diag([x[:3], x[2:]]) ** 2),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_gradients_of_compositions(name: str) -> None:
    way = np.random.default_rng(5).standard_normal((5, 3))
    found = np.sum(slope(FUNCTIONS[name], TALL[0]) * way)
    np.testing.assert_allclose(found, directional(FUNCTIONS[name], TALL[0], way), rtol=1e-6)


def test_degenerate_values() -> None:
    """Equal eigenvalues or singular values: right for what does not depend on the choice of vectors."""
    eye = np.eye(3)
    np.testing.assert_allclose(slope(lambda a: gc.reduce_sum(la.eigvalsh(a)), eye), eye)
    np.testing.assert_allclose(slope(lambda a: la.norm(a, "nuc", axis=(0, 1)), 2 * eye), eye)

    def square_root(a: Any) -> Any:
        e, v = la.eigh(a)
        return gc.reduce_sum(gc.matmul(v * gc.sqrt(e)[None, :], v, transpose_b=True))

    assert np.isfinite(slope(square_root, eye)).all()
    np.testing.assert_array_equal(slope(la.norm, np.zeros(3)), np.zeros(3))


def test_gradients_by_the_factor_itself() -> None:
    """Nothing is rewritten past a factor by which someone differentiates."""
    with gc.Graph().as_default():
        a, b = gc.placeholder(gc.float64, [None, None]), gc.constant(B)
        chol = la.cholesky(a)
        value = gc.reduce_sum(gc.log(la.diag_part(chol))) + gc.reduce_sum(b * la.cholesky_solve(chol, b))
        by_factor = run_both(gc.gradients(value, [chol])[0], {a: S[0]}, rtol=1e-9, atol=1e-9)
        free = gc.placeholder(gc.float64, [None, None])
        other = gc.reduce_sum(gc.log(la.diag_part(free))) + gc.reduce_sum(b * la.cholesky_solve(free, b))
        expected = run_both(gc.gradients(other, [free])[0], {free: np.linalg.cholesky(S[0])}, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(by_factor, expected, rtol=1e-9)


def gaussian_process(style: str) -> tuple[Any, Any, Any]:
    x, y = gc.placeholder(gc.float64, [None, 2]), gc.placeholder(gc.float64, [None])
    theta = gc.placeholder(gc.float64, [2])
    squares = gc.reduce_sum(gc.square(x[:, None] - x[None]), axis=2)
    n = gc.shape(x)[0]
    chol = la.cholesky(theta[0] * gc.exp(-squares) + theta[1] * gc.eye(n, dtype=gc.float64))
    if style == "solve":
        form = gc.reduce_sum(y * la.cholesky_solve(chol, y))
    else:
        half = la.triangular_solve(chol, y[:, None])
        form = gc.reduce_sum(gc.square(half)) if style == "square" else gc.matmul(half, half, transpose_a=True)[0, 0]
    value = -0.5 * form - gc.reduce_sum(gc.log(la.diag_part(chol)))
    return (x, y, theta), value, gc.gradients(value, [theta])[0]


@pytest.mark.parametrize("style", ["solve", "square", "product"])
def test_likelihood_of_a_gaussian_process(style: str) -> None:
    """However it is written, its gradient takes one inverse and no differentiation of the factorization."""
    rng = np.random.default_rng(2)
    feeds = rng.uniform(-2, 2, (9, 2)), rng.standard_normal(9), np.array([1.5, 0.3])
    with gc.Graph().as_default():
        inputs, value, gradient = gaussian_process(style)
        feed = dict(zip(inputs, feeds, strict=True))
        got = run_both([value, gradient], feed, rtol=1e-10, atol=1e-10)
        with gc.Session(config=COMPILED) as session:
            session.run([value, gradient], feed)
            labels = [call["label"] for call in session.report([value, gradient], inputs)["calls"]]
    assert labels.count("cholesky_inverse") == labels.count("cholesky_solve") == 1
    assert "triangular_solve" not in labels

    def truth(theta: Any) -> Any:
        x, y, _ = feeds
        k = theta[0] * np.exp(-np.sum((x[:, None] - x) ** 2, -1)) + theta[1] * np.eye(9)
        return -0.5 * y @ np.linalg.solve(k, y) - 0.5 * np.linalg.slogdet(k)[1]

    np.testing.assert_allclose(got[0], truth(feeds[2]), rtol=1e-10)
    h = 1e-5 * np.eye(2)
    np.testing.assert_allclose(got[1], [(truth(feeds[2] + d) - truth(feeds[2] - d)) / 2e-5 for d in h], rtol=1e-6)
