"""Functions of Python in a graph: values, unknown shapes, order, errors."""

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


def test_ranks_may_differ_from_run_to_run(s):
    x = gc.placeholder(gc.float32, [None])
    y = gc.py_func(lambda a: a.reshape(2, -1) if a.size % 2 == 0 else a, [x * 2.0], gc.float32)
    assert y.shape.dims is None
    total = gc.reduce_sum(y, axis=0)
    assert s.run(total, {x: [1, 2, 3, 4]}).tolist() == [8.0, 12.0]
    assert s.run(total, {x: [1, 2, 3]}) == 12.0


def test_several_results_and_calls_of_calls(s):
    x = gc.constant([3.0, 1.0, 2.0])
    order, largest = gc.py_func(lambda a: (np.argsort(a), a.max()), [x], [gc.int64, gc.float32], shapes=[[3], []])
    assert order.shape.as_list() == [3]
    again = gc.py_func(lambda o, m: o * m, [order, largest], "float64", shapes=[3])
    assert s.run([order, again])[1].tolist() == [3.0, 6.0, 0.0]
    assert s.run(gc.gather(x, order)).tolist() == [1.0, 2.0, 3.0]


def test_it_is_called_once_a_run_and_only_when_needed(s):
    calls = []
    y = gc.py_func(lambda: calls.append(1) or len(calls), [], gc.int32, shapes=[])
    assert s.run([y, y + 1, y * 2]) == [1, 2, 2]
    s.run(gc.constant(1.0))
    assert s.run(y, {y: 50}) == 50
    assert len(calls) == 1
    done = gc.py_func(calls.append, [gc.constant(5)], [])
    with gc.control_dependencies([done]):
        after = gc.identity(gc.constant(2.0))
    assert s.run(after) == 2.0
    assert s.run(done) is None
    assert [int(c) for c in calls] == [1, 5, 5]


def test_it_sees_what_the_step_sees(s):
    v = gc.Variable(1.0)
    noise = gc.random_normal([4], seed=3)
    seen = gc.py_func(lambda a: a, [noise], gc.float32, shapes=[4])
    with gc.control_dependencies([gc.assign_add(v, 10.0)]):
        later = gc.py_func(lambda a: a, [v.read_value()], gc.float32, shapes=[])
    for n in range(2):
        a, b, after, now = s.run([noise, seen, later, v])
        np.testing.assert_array_equal(a, b)
        assert now == 1.0 + 10.0 * n
        assert after == 11.0 + 10.0 * n
    assert s.run(v) == 21.0


@pytest.mark.parametrize("shape", [None, []])
def test_it_has_no_gradient(s, shape):
    x = gc.placeholder(gc.float32, [])
    y = gc.py_func(lambda a: a * a, [x], gc.float32, shapes=shape)
    assert gc.gradients(y, x) == [None]
    (slope,) = gc.gradients(y * x, x)
    assert s.run(slope, {x: 3.0}) == 9.0


def test_failures_name_the_function_and_change_nothing(s):
    v = gc.Variable(1.0)
    bad = gc.py_func(lambda: 1 / 0, [], gc.float32, name="bad")
    with pytest.raises(gc.ExecutionError, match="py_func bad: ZeroDivisionError") as error:
        s.run([bad, gc.assign(v, 2.0)])
    assert "test_python_calls.py" in str(error.value)
    assert s.run(v) == 1.0
    with pytest.raises(gc.ExecutionError, match="returned float64, declared was int32"):
        s.run(gc.py_func(lambda: np.float64(1.5), [], gc.int32))
    with pytest.raises(gc.ExecutionError, match="returned 1 values, declared were 2"):
        s.run(gc.py_func(lambda: 1.0, [], [gc.float32, gc.float32])[0])
    with pytest.raises(gc.ExecutionError, match=r"result 0 has shape \(2,\), the step was planned for \(3,\)") as error:
        s.run(gc.py_func(lambda: np.zeros(2), [], gc.float64, shapes=[3]))
    assert "test_python_calls.py" in str(error.value)


def test_the_users_exception_is_the_cause(s):
    for shapes in (None, []):
        with pytest.raises(gc.ExecutionError) as error:
            s.run(gc.py_func(lambda: 1 / 0, [], gc.float32, shapes=shapes))
        assert isinstance(error.value.__cause__, ZeroDivisionError)


def test_the_report_counts_it(graph):
    compiled = gc.Session(graph)
    y = gc.py_func(lambda a: a + 1, [gc.constant(1.0)], gc.float32, shapes=[])
    assert compiled.run(y * 2.0) == 4.0
    z = y * 3.0
    compiled.run(z)
    assert compiled.report(z)["kernels"]["host"] == 1


def test_with_known_shapes_the_step_itself_calls_it(graph):
    """One native step; the values are those of that step, after an assignment too."""
    compiled = gc.Session(graph)
    calls = []

    def double(a):
        calls.append(a.copy())
        return a * 2

    v = gc.Variable([1.0, 2.0])
    y = gc.py_func(double, [v + 1.0], gc.float32)
    y.set_shape([2])
    step = gc.assign(v, y * 10.0)
    assert compiled.run(step).tolist() == [40.0, 60.0]
    assert [c.tolist() for c in calls] == [[2.0, 3.0]]
    assert compiled.report(step)["kernels"]["host"] == 1
    assert compiled.run([step, v.read_value()])[0].tolist() == [820.0, 1220.0]
    assert len(calls) == 2


def test_what_a_call_before_the_step_needs_is_called_before_too(s):
    calls = []
    first = gc.py_func(lambda: calls.append(1) or np.float32(3), [], gc.float32, shapes=[])
    second = gc.py_func(lambda n: np.ones(int(n), np.float32), [first], gc.float32)
    assert s.run([first, gc.reduce_sum(second)]) == [3.0, 3.0]
    assert len(calls) == 1


def test_in_loops_it_is_called_in_every_step(s):
    seen = []

    def note(i, row):
        seen.append(int(i))
        return row + i

    rows = gc.placeholder(gc.float32, [None, 2])
    number = gc.range(gc.shape(rows)[0])
    found = gc.map_fn(lambda pair: gc.py_func(lambda r, i: note(i, r), [pair[1], pair[0]], gc.float32), (number, rows))
    np.testing.assert_array_equal(s.run(found, {rows: np.zeros((3, 2))}), [[0, 0], [1, 1], [2, 2]])
    assert seen == [0, 1, 2]

    # What only has an effect is called as well, also in a loop inside of a branch.
    def body(i):
        with gc.control_dependencies([gc.py_func(seen.append, [i], [])]):
            return gc.identity(i + 1)

    flag = gc.placeholder(gc.bool, [])
    last = gc.cond(flag, lambda: gc.while_loop(lambda i: i < 2, body, [0]), lambda: -1)
    seen.clear()
    assert s.run(last, {flag: True}) == 2
    assert [int(i) for i in seen] == [0, 1]
    assert s.run(last, {flag: False}) == -1
    assert len(seen) == 2
    with pytest.raises(gc.GraphError, match="give shapes=, or use set_shape"):
        gc.cond(flag, lambda: gc.py_func(lambda: 1.0, [], gc.float32), lambda: gc.constant(0.0))


def test_gradients_of_a_loop_call_it_once_a_step(s):
    calls = []
    w = gc.Variable(2.0)

    def body(i, x):
        factor = gc.py_func(lambda k: calls.append(int(k)) or np.float32(k + 1), [i], gc.float32, shapes=[])
        return i + 1, x * factor * w

    _, x = gc.while_loop(lambda i, x: i < 3, body, (0, 1.0))
    value, (slope,) = s.run([x, gc.gradients(x, w)])
    assert value == 48.0
    assert slope == 72.0
    assert calls == [0, 1, 2]


def test_in_a_function_of_a_data_set():
    data = gc.data.Dataset.range(3).map(lambda v: gc.py_func(lambda a: a * 10, [v], gc.int64, shapes=[]))
    assert [int(v) for v in data] == [0, 10, 20]
