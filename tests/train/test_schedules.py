"""Learning rates against their formulas."""

import numpy as np
import pytest
from both_modes import run_both

import graphc as gc

T = gc.train


@pytest.fixture(autouse=True)
def graph():
    with gc.Graph().as_default() as g:
        yield g


def cosine(x):
    return 0.5 * (1 + np.cos(np.pi * x))


def restarts(s, first=8, t_mul=2.0, m_mul=0.5):
    height, start, length = 1.0, 0.0, float(first)
    while s >= start + length:
        start, length, height = start + length, length * t_mul, height * m_mul
    return 0.3 * (0.9 * height * cosine((s - start) / length) + 0.1)


CASES = {
    "exponential": (lambda s: T.exponential_decay(0.3, s, 10, 0.9), lambda s: 0.3 * 0.9 ** (s / 10)),
    "staircase": (lambda s: T.exponential_decay(0.3, s, 10, 0.9, True), lambda s: 0.3 * 0.9 ** (s // 10)),
    "natural": (lambda s: T.natural_exp_decay(0.3, s, 10, 0.9), lambda s: 0.3 * np.exp(-0.9 * s / 10)),
    "natural staircase": (
        lambda s: T.natural_exp_decay(0.3, s, 10, 0.9, staircase=True), lambda s: 0.3 * np.exp(-0.9 * (s // 10))),
    "inverse time": (lambda s: T.inverse_time_decay(0.3, s, 10, 0.9), lambda s: 0.3 / (1 + 0.9 * s / 10)),
    "polynomial": (
        lambda s: T.polynomial_decay(0.3, s, 20, 0.01, power=2.0),
        lambda s: 0.29 * (1 - min(s, 20) / 20) ** 2 + 0.01),
    "polynomial cycle": (
        lambda s: T.polynomial_decay(0.3, s, 20, 0.01, cycle=True),
        lambda s: 0.29 * (1 - s / (20 * max(1, np.ceil(s / 20)))) + 0.01),
    "piecewise": (
        lambda s: T.piecewise_constant(s, [7, 20], [1.0, 0.5, 0.25]),
        lambda s: 1.0 if s <= 7 else 0.5 if s <= 20 else 0.25),
    "cosine": (
        lambda s: T.cosine_decay(0.3, s, 20, alpha=0.1), lambda s: 0.3 * (0.9 * cosine(min(s, 20) / 20) + 0.1)),
    "restarts": (lambda s: T.cosine_decay_restarts(0.3, s, 8, m_mul=0.5, alpha=0.1), restarts),
    "equal restarts": (
        lambda s: T.cosine_decay_restarts(0.3, s, 8, t_mul=1.0, m_mul=0.5, alpha=0.1),
        lambda s: restarts(s, t_mul=1.0)),
    "linear cosine": (
        lambda s: T.linear_cosine_decay(0.3, s, 20, 1.5, 0.1),
        lambda s: 0.3 * ((0.1 + 1 - min(s, 20) / 20) * cosine(3.0 * min(s, 20) / 20) + 0.001)),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_formula(name):
    make, formula = CASES[name]
    step = gc.placeholder(gc.int64, [])
    rate = make(step)
    assert rate.dtype == gc.float32
    for s in (0, 1, 7, 9, 20, 21, 33):
        np.testing.assert_allclose(run_both(rate, {step: s}), formula(s), rtol=3e-5, atol=1e-7, err_msg=str(s))


def test_noise_has_the_variance_and_decay():
    step = gc.placeholder(gc.int32, [])
    rate = T.noisy_linear_cosine_decay(1.0, step, 100, num_periods=0.0, beta=0.0)
    session = gc.Session()
    for s in (0, 60):
        found = np.array([session.run(rate, {step: s}) for _ in range(2000)])
        deviation = (1 + s) ** (-0.5 * 0.55)
        assert abs(found.mean() - (1 - s / 100)) < 0.1 * deviation
        assert 0.93 < found.std() / deviation < 1.07


def test_a_rate_drives_an_optimizer_with_its_step():
    step, p = gc.Variable(0, trainable=False), gc.Variable(0.0)
    rate = T.piecewise_constant(step, [0], [1.0, 0.25])
    train = T.GradientDescentOptimizer(rate).minimize(p, global_step=step, var_list=[p])
    session = gc.Session()
    for _ in range(3):
        session.run(train)
    assert session.run([p, step]) == [-1.5, 3]


def test_missing_step_and_wrong_number_of_values():
    with pytest.raises(gc.GraphError, match="cosine_decay needs global_step"):
        T.cosine_decay(0.1, None, 10)
    with pytest.raises(gc.GraphError, match="1 boundaries need 2 values, not 3"):
        T.piecewise_constant(1, [5], [1.0, 2.0, 3.0])
