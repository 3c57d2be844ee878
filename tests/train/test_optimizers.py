"""What optimizers do besides their formulas: step counts, rates that are tensors, lists of variables, slots, state."""

import numpy as np
import pytest

import graphc as gc
from tests.both_modes import CONFIGS, session

OPTIMIZERS = {
    "sgd": lambda rate: gc.train.GradientDescentOptimizer(rate),
    "momentum": lambda rate: gc.train.MomentumOptimizer(rate, 0.9),
    "nesterov": lambda rate: gc.train.MomentumOptimizer(rate, 0.9, use_nesterov=True),
    "adagrad": lambda rate: gc.train.AdagradOptimizer(rate),
    "rmsprop": lambda rate: gc.train.RMSPropOptimizer(rate, momentum=0.5),
    "adam": lambda rate: gc.train.AdamOptimizer(rate),
    "adamw": lambda rate: gc.train.AdamWOptimizer(rate, weight_decay=0.01),
}
START = np.array([2.0, -1.0, 0.5])


@pytest.fixture(autouse=True)
def graph():
    with gc.Graph().as_default() as g:
        yield g


@pytest.fixture(params=CONFIGS)
def s(request, graph):
    return session(request.param, graph)


@pytest.fixture
def w():
    return gc.Variable(START, name="w")


def bowl(w):
    return gc.reduce_sum(w * w) * 0.5


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_steps_are_counted_and_the_loss_falls(s, w, name):
    count = gc.Variable(np.int64(5), trainable=False)
    train = OPTIMIZERS[name](0.05).minimize(bowl(w), global_step=count)
    before = s.run(bowl(w))
    for _ in range(20):
        assert s.run(train) is None
    assert s.run(count) == 25
    assert s.run(bowl(w)) < before


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_rate_that_is_fed_does_as_a_number(s, w, name):
    rate = gc.placeholder(gc.float64, [])
    fed = OPTIMIZERS[name](rate).minimize(bowl(w))
    other = gc.Variable(START)
    fixed = OPTIMIZERS[name](0.125).minimize(bowl(other))
    for _ in range(3):
        s.run(fed, {rate: 0.125})
        s.run(fixed)
    np.testing.assert_allclose(s.run(w), s.run(other), rtol=1e-12)
    held = s.run(w)
    s.run(fed, {rate: 0.0})
    if name in ("sgd", "adagrad", "adam", "adamw"):
        np.testing.assert_array_equal(s.run(w), held)


def test_a_rate_that_decays_with_the_step(s, w):
    count = gc.Variable(np.int64(0), trainable=False)
    rate = 0.5 / (1.0 + gc.cast(count, gc.float64))
    train = gc.train.GradientDescentOptimizer(rate).minimize(bowl(w), global_step=count)
    value = START
    for step in range(4):
        s.run(train)
        value = value - 0.5 / (1 + step) * value
    np.testing.assert_allclose(s.run(w), value, rtol=1e-12)


def test_only_the_listed_variables_move(s, w):
    other = gc.Variable(START)
    fixed = gc.Variable(START, trainable=False)
    loss = bowl(w) + bowl(other) + bowl(fixed)
    s.run(gc.train.GradientDescentOptimizer(0.5).minimize(loss, var_list=[other]))
    np.testing.assert_array_equal(s.run(w), START)
    np.testing.assert_array_equal(s.run(other), START / 2)
    s.run(gc.train.GradientDescentOptimizer(0.5).minimize(loss))
    np.testing.assert_array_equal(s.run(w), START / 2)
    np.testing.assert_array_equal(s.run(other), START / 4)
    np.testing.assert_array_equal(s.run(fixed), START)


def test_gradients_changed_on_the_way(s, w):
    unused = gc.Variable(START)
    optimizer = gc.train.GradientDescentOptimizer(1.0)
    pairs = optimizer.compute_gradients(bowl(w), [w, unused])
    assert pairs[1] == (None, unused)
    assert pairs[0][1] is w
    clipped = [(None if g is None else gc.clip_by_value(g, -0.75, 0.75), v) for g, v in pairs]
    s.run(optimizer.apply_gradients(clipped))
    np.testing.assert_allclose(s.run(w), [1.25, -0.25, 0.0])
    np.testing.assert_array_equal(s.run(unused), START)


def test_a_cotangent_of_the_loss(s, w):
    s.run(gc.train.GradientDescentOptimizer(0.5).minimize(w * w, grad_loss=gc.constant(np.array([1.0, 0.0, 2.0]))))
    np.testing.assert_allclose(s.run(w), START - 0.5 * 2 * START * [1, 0, 2])


def test_slots(s, w):
    optimizer = gc.train.MomentumOptimizer(0.1, 0.9)
    assert optimizer.get_slot_names() == []
    train = optimizer.minimize(bowl(w))
    assert optimizer.get_slot_names() == ["momentum"]
    slot = optimizer.get_slot(w, "momentum")
    assert slot is not None
    assert slot not in gc.trainable_variables()
    assert slot in optimizer.variables()
    assert optimizer.get_slot(w, "velocity") is None
    np.testing.assert_array_equal(s.run(slot), np.zeros(3))
    s.run(train)
    np.testing.assert_allclose(s.run(slot), START)
    s.run(train)
    np.testing.assert_allclose(s.run(slot), 0.9 * START + 0.9 * START)


@pytest.mark.parametrize("nesterov", [False, True])
def test_momentum_against_its_formula(s, w, nesterov):
    train = gc.train.MomentumOptimizer(0.1, 0.9, use_nesterov=nesterov).minimize(bowl(w))
    value, velocity = START, np.zeros(3)
    for _ in range(4):
        s.run(train)
        gradient = value
        velocity = 0.9 * velocity + gradient
        value = value - 0.1 * (gradient + 0.9 * velocity if nesterov else velocity)
        np.testing.assert_allclose(s.run(w), value, rtol=1e-12)


def test_two_optimizers_of_one_variable_keep_their_slots_apart(s, w):
    first, second = gc.train.AdamOptimizer(0.1), gc.train.AdamOptimizer(0.1)
    one, two = first.minimize(bowl(w)), second.minimize(bowl(w))
    s.run(one)
    np.testing.assert_array_equal(s.run(second.get_slot(w, "m")), np.zeros(3))
    s.run(two)
    assert np.all(s.run(second.get_slot(w, "m")) != 0)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_state_belongs_to_the_session(s, w, name):
    optimizer = OPTIMIZERS[name](0.1)
    train = optimizer.minimize(bowl(w))
    other = gc.Session(s.graph, s.config)
    shared = gc.Session(s.graph, s.config, store=s.store)
    s.run(train)
    np.testing.assert_array_equal(other.run(w), START)
    other.run(train)
    other.run(train)
    shared.run(train)
    for variable in (w, *optimizer.variables()):
        np.testing.assert_array_equal(s.run(variable), other.run(variable))


def test_nothing_connected_says_what_cuts_it(w):
    optimizer = gc.train.AdamOptimizer(0.1)
    for loss in (gc.reduce_sum(gc.stop_gradient(w)), gc.reduce_sum(gc.constant(START))):
        with pytest.raises(gc.GraphError, match=r"does not depend differentiably(.|\n)*w:0(.|\n)*test_optimizers.py"):
            optimizer.minimize(loss)
    with pytest.raises(gc.GraphError, match="no variable has a gradient"):
        optimizer.apply_gradients([(None, w)])
    with pytest.raises(gc.GraphError, match="no trainable variables"), gc.Graph().as_default():
        optimizer.minimize(gc.constant(1.0))
