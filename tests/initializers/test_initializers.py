"""Initial values: exact ones, ranges and moments of drawn ones, seeds, and their use by variables."""

import numpy as np
import pytest
from both_modes import CONFIGS, session

import graphc as gc
from graphc import initializers as init


@pytest.fixture(autouse=True)
def graph():
    with gc.Graph().as_default() as g:
        gc.set_random_seed(7)
        yield g


@pytest.fixture(params=list(CONFIGS))
def s(request, graph):
    return session(request.param, graph)


def drawn(initializer, shape, dtype=None, mode="interpret"):
    value = initializer(shape, dtype)
    return value if isinstance(value, np.ndarray) else session(mode).run(value)


@pytest.mark.parametrize(
    ("made", "want"),
    [
        (init.Zeros(), np.zeros((2, 3), "f4")),
        (init.Ones("float64"), np.ones((2, 3))),
        (init.Constant(2.5), np.full((2, 3), 2.5, "f4")),
        (init.Constant([1, 2, 3]), np.array([[1, 2, 3], [3, 3, 3]], "f4")),
        (init.Constant([[1, 2, 3], [4, 5, 6]], gc.int32), np.array([[1, 2, 3], [4, 5, 6]], "i4")),
        (init.Identity(2.0), 2 * np.eye(2, 3, dtype="f4")),
    ],
)
def test_exact_values(s, made, want):
    v = gc.get_variable("v", [2, 3], made.dtype, initializer=made)
    found = s.run(v)
    assert found.dtype == want.dtype
    np.testing.assert_array_equal(found, want)


def test_the_type_of_the_call_wins():
    assert drawn(init.Zeros(), [2], gc.float64).dtype == np.float64
    assert drawn(init.RandomNormal(dtype="float64"), [2]).dtype == np.float64


def test_a_class_serves_as_an_initializer(s):
    np.testing.assert_array_equal(s.run(gc.get_variable("v", [3], initializer=init.Ones)), np.ones(3))


N = 40_000


@pytest.mark.parametrize(
    ("made", "mean", "stddev", "low", "high"),
    [
        (init.RandomNormal(1.0, 2.0), 1.0, 2.0, -12, 14),
        (init.TruncatedNormal(1.0, 2.0), 1.0, 2.0 * 0.8796, -3, 5),
        (init.RandomUniform(-1.0, 3.0), 1.0, 4 / 12**0.5, -1, 3),
        (init.RandomUniform(), 0.5, 1 / 12**0.5, 0, 1),
    ],
)
def test_moments(made, mean, stddev, low, high):
    x = drawn(made, [N])
    assert abs(x.mean() - mean) < 5 * stddev / N**0.5
    assert abs(x.std() / stddev - 1) < 0.02
    assert x.min() >= low - 1e-4
    assert x.max() <= high + 1e-4


def test_uniform_integers():
    x = drawn(init.RandomUniform(0, 5, dtype=gc.int32), [1000])
    assert x.dtype == np.int32
    assert set(x) == {0, 1, 2, 3, 4}


@pytest.mark.parametrize(
    ("made", "variance", "bound"),
    [
        (init.GlorotUniform(), 2 / 500, (6 / 500) ** 0.5),
        (init.GlorotNormal(), 2 / 500, 2 * (2 / 500) ** 0.5 / 0.8796),
        (init.HeUniform(), 2 / 400, (6 / 400) ** 0.5),
        (init.HeNormal(), 2 / 400, 2 * (2 / 400) ** 0.5 / 0.8796),
        (init.LecunUniform(), 1 / 400, (3 / 400) ** 0.5),
        (init.LecunNormal(), 1 / 400, 2 * (1 / 400) ** 0.5 / 0.8796),
        (init.VarianceScaling(3.0, "fan_out", "untruncated_normal"), 3 / 100, 10),
        (init.VarianceScaling(3.0, "FAN_OUT", "uniform"), 3 / 100, (9 / 100) ** 0.5),
    ],
)
@pytest.mark.parametrize("shape", [[400, 100], [2, 2, 100, 25]])
def test_scaling(made, variance, bound, shape):
    # Both shapes have 400 inputs to an output and 100 outputs of an input.
    x = drawn(made, shape)
    assert abs(x.var() / variance - 1) < 0.04
    assert abs(x).max() <= bound * (1 + 1e-3)


@pytest.mark.parametrize("shape", [[5, 3], [3, 5], [4, 4], [2, 2, 3, 4]])
def test_orthogonal(s, shape):
    w = s.run(gc.get_variable("w", shape, initializer=init.Orthogonal(2.0, seed=1))).reshape(-1, shape[-1]) / 2
    small = w.T @ w if w.shape[0] >= w.shape[1] else w @ w.T
    np.testing.assert_allclose(small, np.eye(len(small)), atol=1e-5)


def test_orthogonal_is_uniform():
    # Diagonal elements of uniform orthogonal matrices are symmetric around 0 with variance 1/n.
    x = np.array([drawn(init.Orthogonal(), [2, 2])[0, 0] for _ in range(60)])
    assert abs(x.mean()) < 0.4
    assert abs(x.var() - 0.5) < 0.2


@pytest.mark.parametrize("kind", [init.RandomNormal, init.RandomUniform, init.TruncatedNormal, init.GlorotUniform])
def test_seeds(kind):
    first, again, other, free = kind(seed=3), kind(seed=3), kind(seed=4), kind()
    x = drawn(first, [8, 4])
    np.testing.assert_array_equal(x, drawn(again, [8, 4]))
    assert not np.array_equal(x, drawn(other, [8, 4]))
    assert not np.array_equal(drawn(free, [8, 4]), drawn(free, [8, 4]))


def test_seeds_give_equal_values_in_both_modes():
    values = [drawn(init.HeUniform(seed=3), [50], mode=m) for m in CONFIGS]
    np.testing.assert_allclose(*values, rtol=1e-6, atol=1e-7)


def test_scopes_pass_their_initializer_on(s):
    with gc.variable_scope("a", initializer=init.Constant(3.0)):
        np.testing.assert_array_equal(s.run(gc.get_variable("v", [2])), [3, 3])


def test_initializing_again_draws_again(s):
    v = gc.get_variable("v", [4], initializer=init.RandomNormal())
    s.run(v.initializer)
    first = s.run(v)
    s.run(v.initializer)
    assert not np.array_equal(first, s.run(v))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: init.Zeros()([None, 2]), "fully known"),
        (lambda: init.Constant([1, 2, 3])([2]), "3 initial values do not fill"),
        (lambda: init.Identity()([2, 2, 2]), "matrix"),
        (lambda: init.Orthogonal()([2]), "two axes"),
        (lambda: init.VarianceScaling(-1.0), "positive"),
        (lambda: init.VarianceScaling(mode="fan"), "fan_in"),
        (lambda: init.VarianceScaling(distribution="cauchy"), "uniform"),
    ],
)
def test_errors_name_the_line(call, words):
    with pytest.raises(gc.GraphError, match=words) as caught:
        call()
    assert "test_initializers.py" in str(caught.value)
