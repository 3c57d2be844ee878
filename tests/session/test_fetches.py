"""Forms of fetches and feeds, callables, and what a session keeps of them."""

import collections
import threading

import numpy as np
import pytest

import graphc as gc
from tests.both_modes import CONFIGS, run_both, session

Pair = collections.namedtuple("Pair", "left right")
X = np.array([1.0, 2.0, 3.0], np.float32)


@pytest.fixture(autouse=True)
def graph():
    with gc.Graph().as_default() as g:
        yield g


@pytest.fixture
def parts():
    x = gc.placeholder(gc.float32, [None], name="x")
    return x, gc.multiply(x, 2.0, name="double"), gc.reduce_sum(x, name="total")


@pytest.fixture(params=CONFIGS)
def s(request, graph):
    return session(request.param, graph)


def test_every_structure_comes_back_in_its_form(s, parts):
    x, double, total = parts
    for _ in range(2):
        found = s.run({"a": double, "b": [total, {"c": double}], 3: Pair(total, (double, double))}, {x: X})
        assert list(found) == ["a", "b", 3]
        assert found["b"][0] == 6
        assert type(found["b"]) is list
        assert type(found[3]) is Pair
        assert type(found[3].right) is tuple
        for value in (found["a"], found["b"][1]["c"], *found[3].right):
            np.testing.assert_array_equal(value, 2 * X)
        assert s.run([[total, total], [], total], {x: X}) == [[6, 6], [], 6]
        assert s.run((total,), {x: X}) == (6,)
        assert type(s.run(Pair(total, total), {x: X})) is Pair
        assert type(s.run((total, total), {x: X})) is tuple
        assert s.run([], {x: X}) == []


def test_forms_that_look_alike_stay_apart(s, parts):
    x, _, total = parts
    value = s.run(total, {x: X})
    assert s.run([total], {x: X}) == [value]
    assert s.run((total,), {x: X}) == (value,)
    assert s.run("total:0", {"x:0": X}) == value
    assert s.run("total", {x: X}) is None
    assert s.run({1: total}, {x: X}) == {1: value}
    assert list(map(type, s.run({True: total}, {x: X}))) == [bool]
    assert s.run([total, total.op], {x: X}) == [value, None]
    # A fetch is no feed: the same tensors in other parts.
    assert s.run([total, x], {x: X})[0] == value
    assert s.run(total, {x: X, "double:0": X}) == value


def test_one_tensor_twice_gives_two_arrays(s, parts):
    x, double, _ = parts
    first, second = s.run([double, double], {x: X})
    first[:] = 0
    np.testing.assert_array_equal(second, 2 * X)


def test_a_fed_tensor_that_is_fetched_is_a_copy(s, parts):
    x, _, _ = parts
    value = X.copy()
    found = s.run(x, {x: value})
    found[:] = 0
    np.testing.assert_array_equal(value, X)


def test_a_graph_that_grows_between_runs(s, parts):
    x, _, total = parts
    assert s.run([total], {x: X}) == [6]
    with pytest.raises(gc.FetchError):
        s.run("late:0", {x: X})
    late = gc.multiply(total, 10.0, name="late")
    assert s.run([late, total], {x: X}) == [60, 6]
    assert s.run("late:0", {x: X}) == 60
    assert s.run([total], {x: X}) == [6]


def test_another_configuration_is_noticed(parts):
    x, _, total = parts
    with gc.Session() as running:
        assert running.run(total, {x: X}) == 6
        running.report(total, [x])
        running.config = gc.Config(mode="interpret")
        assert running.run(total, {x: X}) == 6
        with pytest.raises(gc.GraphError, match="nothing has been compiled"):
            running.report(total, [x])


def test_wrong_fetches_and_feeds_stay_wrong(s, parts):
    x, _, total = parts
    for _ in range(2):
        with pytest.raises(gc.FetchError, match="cannot fetch 3"):
            s.run([total, 3], {x: X})
        with pytest.raises(gc.FeedError, match="fed twice"):
            s.run(total, {x: X, "x:0": X})
        with pytest.raises(gc.FeedError, match="cannot feed 4"):
            s.run(total, {4: X})
        with pytest.raises(gc.GraphError, match="must be fed"):
            s.run(total)


def test_a_closed_session_runs_nothing(s, parts):
    x, _, total = parts
    s.run(total, {x: X})
    s.close()
    with pytest.raises(gc.GraphError, match="closed"):
        s.run(total, {x: X})
    with pytest.raises(gc.GraphError, match="closed"):
        s.make_callable(total, [x])


def test_callables(s, parts):
    x, double, total = parts
    assert s.make_callable(total, [x])(X) == 6
    call = s.make_callable({"d": [double], "t": total, "o": total.op}, ["x:0"])
    for size in (3, 5, 3):
        found = call(np.ones(size, np.float32))
        assert found["t"] == size
        assert found["o"] is None
        np.testing.assert_array_equal(found["d"][0], np.full(size, 2.0))
    with pytest.raises(gc.FeedError, match="1 values are needed, 2 were given"):
        call(X, X)
    with pytest.raises(gc.FeedError, match="x:0"):
        call(np.ones((2, 2), np.float32))


def test_threads_with_different_forms(s, parts):
    x, double, total = parts
    wrong = []

    def work(number):
        forms = [total, [total], (double, total), {"t": total}]
        for i in range(40):
            form = forms[(i + number) % 4]
            found = s.run(form, {x: np.full(number + 1, i, np.float32)})
            value = found if form is total else found["t"] if isinstance(found, dict) else found[-1]
            if value != i * (number + 1):
                wrong.append((number, i, value))

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert wrong == []


def test_a_matrix_of_numpy_is_fed_as_an_array(s, parts):
    y = gc.placeholder(gc.float32, [None, None])
    matrix = np.asmatrix(np.arange(4, dtype=np.float32).reshape(2, 2))
    found = s.run([y * y, y[0]], {y: matrix})
    np.testing.assert_array_equal(found[0], np.asarray(matrix) ** 2)
    assert type(found[0]) is np.ndarray
    assert found[1].shape == (2,)


def test_a_feed_in_the_memory_of_a_variable(s):
    w = gc.Variable(np.arange(6.0), name="w")
    x = gc.placeholder(gc.float64, [None])
    write = gc.assign(w, gc.reverse(x, [0]) + x)
    for _ in range(2):
        held = s.store.array(w)
        before = held.copy()
        s.run(write, {x: held})
        np.testing.assert_array_equal(s.run(w), before[::-1] + before)
    shorter = gc.placeholder(gc.float64, [None])
    held = s.store.array(w)
    before = held.copy()
    s.run(gc.assign(w, gc.concat([shorter, shorter], 0) + gc.cumsum(w)), {shorter: held[3:]})
    np.testing.assert_array_equal(s.run(w), np.concatenate([before[3:]] * 2) + np.cumsum(before))


def test_a_fed_variable_keeps_its_value(s):
    w = gc.Variable(np.arange(3.0))
    total = gc.reduce_sum(w)
    assert s.run(total, {w: np.ones(3)}) == 3
    assert s.run([total, w], {w: np.ones(3)})[0] == 3
    assert s.run(total) == 3.0
    np.testing.assert_array_equal(s.run(w), np.arange(3.0))
    grow = gc.assign_add(w, np.ones(3))
    s.run(grow, {w: np.full(3, 9.0)})
    np.testing.assert_array_equal(s.run(w), np.arange(3.0) + 1)


@pytest.mark.parametrize("power", [2, 3])
def test_jacobian_and_hessian_against_differences(power):
    x = gc.placeholder(gc.float64, [4])
    curve = gc.sin(x) * gc.reduce_sum(x**power) + gc.exp(x[::-1])
    scalar = gc.reduce_sum(curve * gc.tanh(x))
    slopes, curvature = gc.jacobian(curve, x), gc.hessian(scalar, x)
    (gradient,) = gc.gradients(scalar, x)
    at, h = np.array([0.3, -0.7, 1.1, 0.2]), 1e-6
    found = run_both([slopes, curvature], {x: at})
    run = gc.Session().make_callable([curve, gradient], [x])
    for j in range(4):
        step = h * np.eye(4)[j]
        up, down = run(at + step), run(at - step)
        np.testing.assert_allclose(found[0][:, j], (up[0] - down[0]) / (2 * h), rtol=1e-7, atol=1e-7)
        np.testing.assert_allclose(found[1][:, j], (up[1] - down[1]) / (2 * h), rtol=1e-7, atol=1e-7)
    np.testing.assert_allclose(found[1], found[1].T, rtol=1e-12, atol=1e-12)
