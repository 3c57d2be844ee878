"""Compiled graphs called from a user's Numba code."""

import gc as garbage

import numba
import numpy as np
import pytest

import graphc as gc


@pytest.fixture(autouse=True)
def own_graph():
    with gc.Graph().as_default():
        yield


def mlp(store=None):
    """One SGD step of a small classifier; the loss is its result."""
    rng = np.random.default_rng(0)
    x, labels = gc.placeholder(gc.float32, [None, 8], name="x"), gc.placeholder(gc.int32, [None], name="labels")
    w1 = gc.Variable(rng.normal(size=(8, 16)).astype(np.float32), name="w1")
    b1 = gc.Variable(np.zeros(16, np.float32), name="b1")
    w2 = gc.Variable(rng.normal(size=(16, 3)).astype(np.float32), name="w2")
    logits = gc.matmul(gc.nn.relu(gc.matmul(x, w1) + b1), w2)
    loss = gc.reduce_mean(gc.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits))
    variables = [w1, b1, w2]
    updates = [(v, v - 0.1 * g) for v, g in zip(variables, gc.gradients(loss, variables), strict=True)]
    return gc.function([x, labels], loss, updates=updates, store=store), variables


def test_a_thousand_calls_give_the_same_results():
    x, y = gc.placeholder(gc.float64, [None, None], name="x"), gc.placeholder(gc.float64, [None], name="y")
    fn = gc.function([x, y], [gc.tanh(x) * y, gc.reduce_sum(x * y)])
    compiled = fn.njit()

    @numba.njit
    def loop(xs, ys, first, second):
        for i in range(1000):
            compiled(xs[i], ys[i], first[i], second[i : i + 1].reshape(()))

    rng = np.random.default_rng(0)
    xs, ys = rng.normal(size=(1000, 3, 4)), rng.normal(size=(1000, 4))
    first, second = np.empty((1000, 3, 4)), np.empty(1000)
    loop(xs, ys, first, second)
    for i in range(1000):
        want = fn(xs[i], ys[i])
        np.testing.assert_array_equal(first[i], want[0])
        assert second[i] == want[1]


def test_every_size_is_planned_by_the_wrapper():
    x = gc.placeholder(gc.float32, [None, None], name="x")
    w = gc.constant(np.random.default_rng(0).normal(size=(5, 33)).astype(np.float32))
    fn = gc.function([x], gc.nn.softmax(gc.matmul(gc.matmul(x, x, transpose_a=True), w)))
    compiled = fn.njit()
    for rows in (1, 7, 64, 1000):
        values = np.random.default_rng(rows).normal(size=(rows, 5)).astype(np.float32)
        out = np.empty((5, 33), np.float32)
        compiled(values, out)
        np.testing.assert_array_equal(out, fn(values))


def test_training_from_native_code_updates_the_shared_variables():
    from graphc.graph.store import Store

    native, by_call = Store(), Store()
    fn, variables = mlp(native)
    other = gc.function(fn.inputs, fn._plan.fetches[0], updates=list(fn._plan.fetches[1:]), store=by_call)
    step = fn.njit()
    rng = np.random.default_rng(1)
    x, labels = rng.normal(size=(20, 32, 8)).astype(np.float32), rng.integers(0, 3, (20, 32)).astype(np.int32)

    @numba.njit
    def train(x, labels, losses):
        loss = np.empty((), np.float32)
        for i in range(len(x)):
            step(x[i], labels[i], loss)
            losses[i] = loss[()]

    losses = np.empty(20, np.float32)
    train(x, labels, losses)
    np.testing.assert_array_equal(losses, [other(*batch) for batch in zip(x, labels, strict=True)])
    for v in variables:
        np.testing.assert_array_equal(native.load(v), by_call.load(v))
    assert losses[-1] < losses[0]


def test_shapes_are_checked_and_the_feed_is_named():
    x, y = gc.placeholder(gc.float32, [None, 4], name="x"), gc.placeholder(gc.float32, [None], name="y")
    compiled = gc.function([x, y], gc.identity(x * y), mode="compile").njit()
    good, out = np.ones((2, 4), np.float32), np.empty((2, 4), np.float32)
    compiled(good, np.ones(4, np.float32), out)
    with pytest.raises(ValueError, match="x:0: the size of axis 1 does not fit"):
        compiled(np.ones((2, 3), np.float32), np.ones(3, np.float32), out)
    with pytest.raises(ValueError, match="the size of axis 0 does not fit"):
        compiled(good, np.ones(4, np.float32), np.empty((3, 4), np.float32))
    with pytest.raises(ValueError, match="must be equal differ in"):
        compiled(good, np.ones(2, np.float32), out)
    with pytest.raises(ValueError, match="in0 and out0 overlap"):
        compiled(good, np.ones(4, np.float32), good)
    with pytest.raises(TypeError, match="No matching definition"):
        compiled(good.astype(np.float64), np.ones(4, np.float32), out)
    with pytest.raises(TypeError, match="No matching definition"):
        compiled(np.ones((4, 4), np.float32)[::2], np.ones(4, np.float32), out)


def test_read_only_inputs_are_taken():
    x = gc.placeholder(gc.float32, [None])
    compiled = gc.function([x], x * 2.0).njit()
    values, out = np.arange(3, dtype=np.float32), np.empty(3, np.float32)
    values.flags.writeable = False
    compiled(values, out)
    np.testing.assert_array_equal(out, [0, 2, 4])


def test_a_failing_step_raises_and_changes_nothing():
    table = gc.Variable(np.arange(4, dtype=np.float32), name="table")
    index = gc.placeholder(gc.int32, [None], name="index")
    picked = gc.gather(table, index)  # the user's line
    fn = gc.function([index], picked, updates=[(table, table + 1.0)])
    compiled = fn.njit()
    out = np.empty(2, np.float32)
    with pytest.raises(RuntimeError, match="gather") as caught:
        compiled(np.array([0, 4], np.int32), out)
    assert "# the user's line" in str(caught.value)
    compiled(np.array([0, 3], np.int32), out)
    np.testing.assert_array_equal(out, [0, 3])
    compiled(np.array([0, 3], np.int32), out)
    np.testing.assert_array_equal(out, [1, 4])


def test_the_code_outlives_the_function():
    def make():
        x = gc.placeholder(gc.float32, [None])
        return gc.function([x], gc.exp(x)).njit()

    compiled = make()
    garbage.collect()
    out = np.empty(3, np.float32)
    compiled(np.zeros(3, np.float32), out)
    np.testing.assert_array_equal(out, [1, 1, 1])


def test_ranks_come_from_placeholders_or_from_examples():
    x = gc.placeholder(gc.float32, name="x")
    fn = gc.function([x], x + 1.0)
    with pytest.raises(gc.GraphError, match="the rank of x:0 is not known"):
        fn.njit()
    out = np.empty((2, 2), np.float32)
    fn.njit(np.zeros((1, 1), np.float32))(np.zeros((2, 2), np.float32), out)
    fn.njit(numba.types.Array(numba.float32, 2, "C"))(out.copy(), out)
    np.testing.assert_array_equal(out, np.full((2, 2), 2))
    with pytest.raises(gc.GraphError, match="an array of float64 and rank 1 cannot be fed"):
        fn.njit(np.zeros(3))


def test_what_cannot_be_planned_is_refused():
    x, n = gc.placeholder(gc.float32, [None], name="x"), gc.placeholder(gc.int32, [], name="n")
    with pytest.raises(gc.GraphError, match="sizes that are data"):
        gc.function([x, n], gc.tile(x, [n])).njit()
    with pytest.raises(gc.GraphError, match="only compiled ones"):
        gc.function([x], x, mode="interpret").njit()
