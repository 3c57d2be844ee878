"""Formulas written naively, with their gradients, from the user's side: right where they overflow or cancel.

The numbers of the three `REFERENCE` cases were computed with JAX in float64.
"""

import numpy as np
import pytest

import graphc as gc
from graphc.interp.evaluate import interpret
from graphc.ir.dtypes import float64
from graphc.ir.program import Program
from graphc.ir.types import TensorType
from graphc.ops.builder import Builder
from graphc.passes.pipeline import run_pipeline

WIDE = [-800.0, -50.0, 0.0, 50.0, 800.0]
REFERENCE = {
    "log(sigmoid(x))": (
        lambda x: gc.log(gc.sigmoid(x)),
        WIDE,
        [-800.0, -50.0, -0.6931471805599453, -1.9287498479639178e-22, 0.0],
        [1.0, 1.0, 0.5, 1.9287498479639178e-22, 0.0],
    ),
    "log(1 + exp(x))": (
        lambda x: gc.log(1.0 + gc.exp(x)),
        WIDE,
        [0.0, 1.9287498479639178e-22, 0.6931471805599453, 50.0, 800.0],
        [0.0, 1.9287498479639178e-22, 0.5, 1.0, 1.0],
    ),
    "log(1 + x)": (
        lambda x: gc.log(1.0 + x),
        [1e-20, 1e-10, 1e-5, 0.5],
        [1e-20, 9.9999999995e-11, 9.999950000333332e-06, 0.4054651081081644],
        [1.0, 0.9999999999, 0.9999900000999989, 0.6666666666666666],
    ),
}


@pytest.fixture(params=["interpret", "compile"])
def mode(request):
    return request.param


@pytest.fixture
def run(mode):
    return lambda function, value: run_in(mode, function, value)


def run_in(mode, function, value):
    """Value and derivative at an array of float64."""
    with gc.Graph().as_default():
        x = gc.placeholder(gc.float64, np.shape(value))
        y = function(x)
        (g,) = gc.gradients(y, [x])
        with gc.Session(config=gc.Config(mode=mode, cache=False, poison=True)) as session:
            return session.run([y, g], {x: np.asarray(value)})


@pytest.mark.parametrize("name", REFERENCE)
def test_reference_values_and_gradients(run, name):
    function, at, want, derivative = REFERENCE[name]
    y, g = run(function, at)
    np.testing.assert_allclose(y, want, rtol=1e-12)
    np.testing.assert_allclose(g, derivative, rtol=1e-12)


@pytest.mark.parametrize(
    "function",
    [
        lambda x: gc.log(1.0 / (1.0 + gc.exp(-x))),
        lambda x: gc.log(gc.exp(x) / (1.0 + gc.exp(x))),
        lambda x: -gc.log(1.0 + gc.exp(-x)),
        lambda x: gc.log(1.0 - gc.sigmoid(-x)),
        lambda x: gc.log1p(-gc.sigmoid(-x)),
        lambda x: gc.log(gc.reshape(gc.reshape(gc.sigmoid(x), [5, 1]), [5])),
    ],
)
def test_every_spelling_of_log_sigmoid(run, function):
    _, at, want, derivative = REFERENCE["log(sigmoid(x))"]
    y, g = run(function, at)
    np.testing.assert_allclose(y, want, rtol=1e-12)
    np.testing.assert_allclose(g, derivative, rtol=1e-12)


@pytest.mark.parametrize(
    "function", [lambda x: gc.exp(x) - 1.0, lambda x: -(1.0 - gc.exp(x)), lambda x: -1.0 + gc.exp(x)]
)
def test_exp_minus_one(run, function):
    at = np.array([-1e-20, 1e-10, 1e-5, 0.5, -40.0])
    y, g = run(function, at)
    np.testing.assert_allclose(y, np.expm1(at), rtol=1e-14)
    np.testing.assert_allclose(g, np.exp(at), rtol=1e-12, atol=1e-16)


LOGITS = np.array([[1000.0, 999.0, -1000.0], [-900.0, -901.0, -902.0], [0.1, 0.2, 0.3]])


def exact_log_softmax(x):
    shifted = x - x.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def naive_softmax(x):
    e = gc.exp(x)
    return e / gc.reduce_sum(e, axis=1, keepdims=True)


def naive_by_reciprocal(x):
    e = gc.exp(x)
    return e * gc.reciprocal(gc.reduce_sum(e, axis=1, keepdims=True))


def naive_by_reshape(x):
    e = gc.exp(x)
    return e / gc.reshape(gc.reduce_sum(e, axis=1), [3, 1])


SOFTMAXES = [gc.nn.softmax, naive_softmax, naive_by_reciprocal, naive_by_reshape]


@pytest.mark.parametrize("softmax", SOFTMAXES)
def test_log_of_every_softmax(run, softmax):
    y, g = run(lambda x: gc.log(softmax(x)), LOGITS)
    want = exact_log_softmax(LOGITS)
    np.testing.assert_allclose(y, want, rtol=1e-12)
    np.testing.assert_allclose(g, 1 - 3 * np.exp(want), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("softmax", SOFTMAXES)
def test_softmax_itself(run, softmax):
    y, _ = run(softmax, LOGITS)
    np.testing.assert_allclose(y, np.exp(exact_log_softmax(LOGITS)), rtol=1e-12)


@pytest.mark.parametrize("keepdims", [False, True])
def test_log_sum_exp(run, keepdims):
    y, g = run(lambda x: gc.log(gc.reduce_sum(gc.exp(x), axis=1, keepdims=keepdims)), LOGITS)
    want = LOGITS[:, :1] - exact_log_softmax(LOGITS)[:, :1]
    np.testing.assert_allclose(y, want if keepdims else want[:, 0], rtol=1e-14)
    np.testing.assert_allclose(g, np.exp(exact_log_softmax(LOGITS)), rtol=1e-12)


def test_log_sum_exp_at_infinities(run):
    inf = np.inf
    rows = np.array([[inf, 0.0], [-inf, -inf], [-inf, 3.0], [np.nan, 0.0]])
    y, g = run(lambda x: gc.log(gc.reduce_sum(gc.exp(x), axis=1)), rows)
    np.testing.assert_array_equal(y, [inf, -inf, 3.0, np.nan])
    np.testing.assert_array_equal(g[2], [0.0, 1.0])


def test_log_sum_exp_over_several_axes(run):
    at = np.array([[[700.0, 710.0]], [[720.0, 730.0]]])
    y, g = run(lambda x: gc.log(gc.reduce_mean(gc.exp(x))), at)
    np.testing.assert_allclose(y, 730 + np.log(np.exp(at - 730).sum() / 4), rtol=1e-14)
    np.testing.assert_allclose(g, np.exp(at - 730) / np.exp(at - 730).sum(), rtol=1e-12)


@pytest.mark.parametrize("softmax", SOFTMAXES)
def test_cross_entropy_written_out(run, softmax):
    labels = np.array([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.2, 0.3, 0.5]])
    y, g = run(lambda x: -gc.reduce_sum(gc.constant(labels) * gc.log(softmax(x))), LOGITS)
    want = exact_log_softmax(LOGITS)
    np.testing.assert_allclose(y, -(labels * want).sum(), rtol=1e-13)
    np.testing.assert_allclose(g, np.exp(want) - labels, rtol=1e-11, atol=1e-15)


def test_binary_cross_entropy_written_out(run):
    target, at = np.array([1.0, 0.0, 1.0, 0.0, 0.3]), np.array([-800.0, 800.0, 40.0, -40.0, 1.0])

    def loss(x):
        p, t = 1.0 / (1.0 + gc.exp(-x)), gc.constant(target)
        return -gc.reduce_sum(t * gc.log(p) + (1.0 - t) * gc.log(1.0 - p))

    y, g = run(loss, at)
    softplus = np.logaddexp(0, at)
    np.testing.assert_allclose(y, (softplus - target * at).sum(), rtol=1e-13)
    with np.errstate(over="ignore"):
        np.testing.assert_allclose(g, 1 / (1 + np.exp(-at)) - target, rtol=1e-12, atol=1e-16)


def test_second_derivatives_are_stable_too():
    b = Builder()
    x = b.input(0, TensorType(float64, (5,)))
    y = b.emit("log", b.emit("exp", x) + 1.0)
    for _ in range(2):
        y = b.emit("item", b.emit("gradient", y, x, ys=1, xs=1, given=(False,)), index=0)
    program, _ = run_pipeline(Program((x,), (y,)), b)
    (value,) = interpret(program, [np.array(WIDE)], [], {})[0]
    np.testing.assert_allclose(value, [0.0, 1.9287498479639178e-22, 0.25, 0.0, 0.0], rtol=1e-12, atol=1e-21)


def test_a_fed_intermediate_is_not_matched_across(run, mode):
    with gc.Graph().as_default():
        x = gc.placeholder(gc.float64, [2])
        s = gc.sigmoid(x)
        y = gc.log(s)
        with gc.Session(config=gc.Config(mode=mode, cache=False, poison=True)) as session:
            np.testing.assert_allclose(session.run(y, {s: np.array([0.5, 2.0])}), np.log([0.5, 2.0]))


def test_the_gradient_of_an_intermediate_keeps_its_meaning(run, mode):
    with gc.Graph().as_default():
        x = gc.placeholder(gc.float64, [2])
        s = gc.sigmoid(x)
        (g,) = gc.gradients(gc.log(s), [s])
        with gc.Session(config=gc.Config(mode=mode, cache=False, poison=True)) as session:
            value = session.run(g, {x: np.array([0.0, 1.0])})
    np.testing.assert_allclose(value, 1 + np.exp([0.0, -1.0]))
