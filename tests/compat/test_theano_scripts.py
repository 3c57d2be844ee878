"""Scripts in Theano's manner run, and reach what they should."""

import pickle
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import graphc as gc
import graphc.compat.theano as theano
import graphc.compat.theano.tensor as T
from graphc.compat.theano.sandbox.rng_mrg import MRG_RandomStreams
from graphc.compat.theano.tensor.shared_randomstreams import RandomStreams


@pytest.fixture(autouse=True)
def own_graph() -> Iterator[None]:
    with gc.Graph().as_default():
        yield


def blobs(count: int = 120) -> tuple[np.ndarray, np.ndarray]:
    """Points around three centres, and which one."""
    random = np.random.default_rng(0)
    labels = random.integers(0, 3, count)
    centres = np.array([[2.0, 0.0], [-1.0, 2.0], [-1.0, -2.0]])
    return centres[labels] + 0.5 * random.normal(size=(count, 2)), labels.astype(np.int32)


def test_logistic_regression_over_batches_of_shared_data() -> None:
    points, labels = blobs()
    data = theano.shared(np.asarray(points, dtype=theano.config.floatX), borrow=True)
    target = T.cast(theano.shared(labels.astype(theano.config.floatX), borrow=True), "int32")
    index = T.lscalar("index")
    x, y = T.matrix("x"), T.ivector("y")
    weights = theano.shared(value=np.zeros((2, 3), dtype=theano.config.floatX), name="W", borrow=True)
    bias = theano.shared(value=np.zeros((3,), dtype=theano.config.floatX), name="b", borrow=True)
    chances = T.nnet.softmax(T.dot(x, weights) + bias)
    cost = -T.mean(T.log(chances)[T.arange(y.shape[0]), y])
    errors = T.mean(T.neq(T.argmax(chances, axis=1), y))
    slopes = T.grad(cost=cost, wrt=[weights, bias])
    size = 40
    rows = slice(index * size, (index + 1) * size)
    train = theano.function(
        inputs=[index], outputs=cost, updates=[(p, p - 0.3 * g) for p, g in zip([weights, bias], slopes, strict=True)],
        givens={x: data[rows], y: target[rows]},
    )  # fmt: skip
    wrong = theano.function(inputs=[index], outputs=errors, givens={x: data[rows], y: target[rows]})
    first = [train(i) for i in range(3)]
    assert first[0] == pytest.approx(np.log(3))
    for _ in range(20):
        last = [train(i) for i in range(3)]
    assert np.mean(last) < 0.1
    assert np.mean([wrong(i) for i in range(3)]) < 0.03


def test_network_with_momentum_in_updates() -> None:
    points, labels = blobs()
    x, y = T.matrix("x"), T.ivector("y")
    random = np.random.RandomState(1)
    parameters = [
        theano.shared(random.uniform(-0.5, 0.5, (2, 8)), name="W1"), theano.shared(np.zeros(8), name="b1"),
        theano.shared(random.uniform(-0.5, 0.5, (8, 3)), name="W2"), theano.shared(np.zeros(3), name="b2"),
    ]  # fmt: skip
    hidden = T.tanh(x.dot(parameters[0]) + parameters[1])
    chances = T.nnet.softmax(hidden.dot(parameters[2]) + parameters[3])
    cost = T.nnet.categorical_crossentropy(chances, y).mean() + 1e-4 * (parameters[0] ** 2).sum()
    updates = []
    for p in parameters:
        speed = theano.shared(p.get_value() * 0.0, broadcastable=None)
        updates.append((p, p - 0.2 * speed))
        updates.append((speed, 0.8 * speed + 0.2 * T.grad(cost, p)))
    train = theano.function([x, y], cost, updates=updates)
    predict = theano.function([x], chances.argmax(axis=1))
    before = parameters[0].get_value()
    train(points, labels)
    # The first step moves nothing: every update sees the old speed, which is 0.
    np.testing.assert_array_equal(parameters[0].get_value(), before)
    for _ in range(150):
        cost_now = train(points, labels)
    assert cost_now < 0.2
    assert np.mean(predict(points) == labels) > 0.95


def test_denoising_autoencoder_with_random_streams() -> None:
    random = np.random.RandomState(123)
    stream = RandomStreams(random.randint(2**30))
    patterns = (np.random.default_rng(0).random((4, 12)) > 0.5).astype(float)
    x = T.matrix("x")
    weights = theano.shared(random.uniform(-0.3, 0.3, (12, 6)), name="W", borrow=True)
    hidden_bias, visible_bias = theano.shared(np.zeros(6)), theano.shared(np.zeros(12))
    noisy = stream.binomial(size=x.shape, n=1, p=1 - 0.3, dtype=theano.config.floatX) * x
    hidden = T.nnet.sigmoid(T.dot(noisy, weights) + hidden_bias)
    back = T.nnet.sigmoid(T.dot(hidden, weights.T) + visible_bias)
    cost = T.mean(-T.sum(x * T.log(back) + (1 - x) * T.log(1 - back), axis=1))
    parameters = [weights, hidden_bias, visible_bias]
    slopes = T.grad(cost, parameters)
    train = theano.function(
        [x], [cost, noisy], updates=[(p, p - 0.5 * g) for p, g in zip(parameters, slopes, strict=True)]
    )
    first, one = train(patterns)
    _, other = train(patterns)
    assert not np.array_equal(one, other)
    assert set(np.unique(one)) <= {0.0, 1.0}
    last = np.mean([train(patterns)[0] for _ in range(300)][-20:])
    assert last < 0.6 * first


def test_logistic_map_by_updates() -> None:
    state, rate = theano.shared(0.4), T.dscalar("rate")
    step = theano.function([rate], state, updates=[(state, rate * state * (1 - state))])
    want = 0.4
    for _ in range(10):
        assert step(3.7) == pytest.approx(want, rel=1e-12)
        want = 3.7 * want * (1 - want)
    assert state.get_value() == pytest.approx(want, rel=1e-12)


def test_power_by_scan() -> None:
    k, a = T.iscalar("k"), T.vector("a")
    result, updates = theano.scan(
        fn=lambda prior, a: prior * a, outputs_info=T.ones_like(a), non_sequences=a, n_steps=k
    )
    power = theano.function(inputs=[a, k], outputs=result[-1], updates=updates)
    assert power(range(5), 3).tolist() == [0, 1, 8, 27, 64]


def test_polynomial_by_scan_over_two_sequences() -> None:
    coefficients, x = T.vector("coefficients"), T.scalar("x")
    terms, updates = theano.scan(
        fn=lambda c, n, x: c * (x**n), outputs_info=None, sequences=[coefficients, T.arange(1000)], non_sequences=x
    )
    assert not updates
    value = theano.function([coefficients, x], terms.sum())
    assert value([1, 0, 2], 3) == 19


def test_recurrent_network_learns_to_remember_a_sum() -> None:
    random = np.random.RandomState(0)
    u = T.tensor3("u")
    target = T.vector("target")
    win, whh = theano.shared(0.3 * random.randn(1, 6)), theano.shared(0.3 * random.randn(6, 6))
    wout, start = theano.shared(0.3 * random.randn(6)), theano.shared(np.zeros(6))

    def step(u_t: Any, h_before: Any) -> Any:
        return T.tanh(T.dot(u_t, win) + T.dot(h_before, whh))

    first = T.zeros((u.shape[1], 6)) + start
    states, _ = theano.scan(step, sequences=u, outputs_info=[first])
    cost = T.mean((T.dot(states[-1], wout) - target) ** 2)
    parameters = [win, whh, wout, start]
    slopes = T.grad(cost, parameters)
    train = theano.function(
        [u, target], cost, updates=[(p, p - 0.1 * g) for p, g in zip(parameters, slopes, strict=True)]
    )
    inputs = random.uniform(-0.5, 0.5, (6, 40, 1))
    costs = [train(inputs, inputs.sum(axis=(0, 2))) for _ in range(150)]
    assert costs[-1] < 0.1 * costs[0]


def test_scan_hands_on_updates_from_inside() -> None:
    total = theano.shared(0)
    values, updates = theano.scan(lambda: (total, {total: total + 2}), n_steps=4)
    f = theano.function([], values, updates=updates)
    assert f().tolist() == [0, 2, 4, 6]
    assert total.get_value() == 8


def test_map_reduce_and_until() -> None:
    x = T.dvector("x")
    squares, _ = theano.map(lambda v: v**2, sequences=x)
    total, _ = theano.reduce(lambda v, so_far: so_far + v, sequences=x, outputs_info=np.float64(0))
    powers, _ = theano.scan(
        lambda v: (v * 2, theano.scan_module.until(v * 2 > 50)), outputs_info=np.float64(1), n_steps=100
    )
    f = theano.function([x], [squares, total, powers])
    found = f([1.0, 2.0, 3.0])
    assert [np.asarray(v).tolist() for v in found] == [[1, 4, 9], 6, [2, 4, 8, 16, 32, 64]]


def test_updates_see_the_values_before_the_call() -> None:
    a, b = theano.shared(1), theano.shared(10)
    swap = theano.function([], [a, b], updates=[(a, b), (b, a)])
    assert [int(v) for v in swap()] == [1, 10]
    assert (int(a.get_value()), int(b.get_value())) == (10, 1)


def test_defaults_and_keywords() -> None:
    x, y, w = T.dscalars("x", "y", "w")
    f = theano.function([x, theano.In(y, value=1), theano.Param(w, default=2, name="w_by_name")], (x + y) * w)
    assert (f(33), f(33, 2), f(33, w_by_name=1), f(33, w_by_name=1, y=0)) == (68, 70, 34, 33)


def test_convolutional_network_of_two_layers() -> None:
    random = np.random.RandomState(2)
    x = T.tensor4("x")
    w1, w2 = theano.shared(0.3 * random.randn(4, 1, 3, 3)), theano.shared(0.3 * random.randn(16, 2))
    convolved = T.nnet.relu(T.nnet.conv2d(x, w1, border_mode="valid"))
    pooled = T.signal.pool.pool_2d(convolved, (2, 2), ignore_border=True)
    score = T.nnet.softmax(pooled.flatten(2).dot(w2))
    y = T.lvector("y")
    cost = T.nnet.categorical_crossentropy(score, y).mean()
    train = theano.function([x, y], cost, updates=[(p, p - 0.1 * T.grad(cost, p)) for p in (w1, w2)])
    images = np.zeros((20, 1, 6, 6))
    images[:10, :, 2:4, :] = 1
    images[10:, :, :, 2:4] = 1
    kinds = np.repeat([0, 1], 10)
    costs = [train(images, kinds) for _ in range(60)]
    assert costs[-1] < 0.1


def test_dropout_with_the_other_random_streams() -> None:
    stream = MRG_RandomStreams(seed=7)
    x = T.matrix("x")
    mask = stream.binomial(n=1, p=0.5, size=x.shape)
    f = theano.function([x], x * T.cast(mask, theano.config.floatX) / 0.5)
    found = f(np.ones((50, 40)))
    assert set(np.unique(found)) == {0.0, 2.0}
    assert found.mean() == pytest.approx(1.0, abs=0.1)


def test_element_types_are_strings() -> None:
    x, y = T.fmatrix("x"), T.ivector("y")
    assert y.dtype.startswith("int")
    assert x.dtype == "float32"
    assert "float" in x.dtype
    assert np.zeros(2, dtype=y.dtype).dtype == np.int32


def test_a_tensor_is_true_unless_it_compares() -> None:
    x, w = T.fmatrix("x"), theano.shared(1.0)
    assert x
    assert w
    with pytest.raises(TypeError, match="neither true nor false"):
        bool(x > 1)
    with pytest.raises(TypeError, match="neither true nor false"), gc.Graph().as_default():
        bool(gc.placeholder(gc.float32, []))


def test_models_are_pickled_with_their_values() -> None:
    x = T.dmatrix("x")
    w, b = theano.shared(np.array([[1.0], [2.0]]), name="w"), theano.shared(0.5, name="b")
    y = T.dot(x, w) + b
    theano.function([x], y, updates=[(b, b + 1.0)])([[1.0, 1.0]])
    x2, y2, (w2, b2) = pickle.loads(pickle.dumps((x, y, [w, b])))
    b.set_value(100.0)
    assert x2.label == x.label
    assert (w2.get_value().ravel().tolist(), float(b2.get_value())) == ([1.0, 2.0], 1.5)
    assert theano.function([x2], y2)([[1.0, 1.0]]) == [[4.5]]
    w2.set_value([[0.0], [0.0]])
    assert w.get_value().sum() == 3.0


def test_a_graph_with_a_loop_is_not_pickled() -> None:
    x = T.dvector("x")
    total, _ = theano.foldl(lambda v, s: v + s, x, T.constant(0.0))
    with pytest.raises(gc.GraphError, match="cannot be written"):
        pickle.dumps(total)
