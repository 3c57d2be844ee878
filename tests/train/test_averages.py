"""Moving averages against the recurrence."""

import numpy as np
import pytest
from both_modes import CONFIGS, session

import graphc as gc


@pytest.fixture(autouse=True)
def graph():
    with gc.Graph().as_default() as g:
        yield g


@pytest.fixture(params=list(CONFIGS))
def s(request, graph):
    return session(request.param, graph)


@pytest.mark.parametrize("counted", [False, True])
def test_variables(s, counted):
    w = gc.Variable([1.0, 2.0], name="w")
    step = gc.Variable(0, trainable=False, name="step")
    ema = gc.train.ExponentialMovingAverage(0.9, step if counted else None)
    with gc.control_dependencies([gc.assign_add(w, [1.0, -1.0])]):
        update = ema.apply([w])
    count = gc.assign_add(step, 1)
    want = value = np.array([1.0, 2.0])
    for n in range(4):
        s.run([update, count])
        value = value + np.array([1.0, -1.0])
        decay = min(0.9, (1 + n) / (10 + n)) if counted else 0.9
        want = decay * want + (1 - decay) * value
    np.testing.assert_allclose(s.run(ema.average(w)), want, rtol=1e-6)


def test_average_starts_from_the_value_drawn(s):
    gc.set_random_seed(1)
    w = gc.Variable(gc.random_normal([4]), name="w")
    ema = gc.train.ExponentialMovingAverage(0.9)
    ema.apply([w])
    np.testing.assert_array_equal(*s.run([w, ema.average(w)]))
    s.run(gc.global_variables_initializer())
    np.testing.assert_array_equal(*s.run([w, ema.average(w)]))


@pytest.mark.parametrize("debias", [False, True])
def test_tensors(s, debias):
    x = gc.placeholder(gc.float32, [2])
    y = x * 2.0
    ema = gc.train.ExponentialMovingAverage(0.5, zero_debias=debias)
    update = ema.apply([y])
    values = [[1.0, 4.0], [3.0, 0.0], [5.0, 1.0]]
    total, weight = np.zeros(2), 0.0
    for v in values:
        s.run(update, {x: v})
        total, weight = 0.5 * total + np.array(v), 0.5 * weight + 0.5
    np.testing.assert_allclose(s.run(ema.average(y)), total / weight if debias else total, rtol=1e-6)


def test_names_and_restoring():
    a, b = gc.Variable(1.0, name="a"), gc.Variable(1.0, name="b", trainable=False)
    ema = gc.train.ExponentialMovingAverage(0.9)
    assert ema.average(a) is None
    assert ema.average_name(a) == "a/ExponentialMovingAverage"
    ema.apply([a])
    assert ema.average(a).op.name == "a/ExponentialMovingAverage"
    assert ema.variables_to_restore() == {"a/ExponentialMovingAverage": a, "b": b}
    with pytest.raises(gc.GraphError, match="kept already"):
        ema.apply([a])
    with pytest.raises(gc.GraphError, match="floating"):
        ema.apply([gc.Variable(1)])
