"""Strict stores: a variable is written before it is read; and writes of parts of variables."""

import numpy as np
import pytest
from both_modes import CONFIGS, session

import graphc as gc


@pytest.fixture(autouse=True)
def graph():
    with gc.Graph().as_default() as g:
        yield g


@pytest.mark.parametrize("mode", ["compile", "interpret"])
def test_a_strict_store_asks_for_the_initializer(mode, graph):
    w = gc.Variable(gc.random_normal([3], seed=1), name="w")
    doubled, store = w * 2.0, gc.Store(strict=True)
    s = gc.Session(graph, mode=mode, store=store)
    for _ in range(2):
        with pytest.raises(gc.UninitializedError, match="uninitialized value w") as error:
            s.run(doubled)
    assert "w = gc.Variable" in str(error.value)
    assert w not in store
    s.run(w.initializer)
    assert w in store
    np.testing.assert_array_equal(s.run(doubled), 2.0 * s.run(w))


@pytest.mark.parametrize("mode", ["compile", "interpret"])
def test_an_assignment_counts_as_initialisation_once_it_has_run(mode, graph):
    w, x = gc.Variable([1.0, 2.0], name="w"), gc.placeholder(gc.float32, [2])
    assign, add = gc.assign(w, gc.gather(x, [0, 5])), gc.assign_add(w, x)
    s = gc.Session(graph, mode=mode, store=gc.Store(strict=True))
    with pytest.raises(gc.UninitializedError):
        s.run(add, {x: [1.0, 1.0]})
    with pytest.raises(gc.ExecutionError):
        s.run(assign, {x: [5.0, 6.0]})
    with pytest.raises(gc.UninitializedError):
        s.run(w)
    s.run(gc.assign(w, x), {x: [5.0, 6.0]})
    s.run(add, {x: [1.0, 1.0]})
    assert s.run(w).tolist() == [6.0, 7.0]


@pytest.mark.parametrize("config", list(CONFIGS))
def test_scatters_chain_in_the_order_they_were_made(config, graph):
    s = session(config, graph)
    w = gc.Variable(np.zeros((3, 2), np.float32))
    update = gc.scatter_update(w, [0, 2], [[1.0, 1.0], [2.0, 2.0]])
    add = gc.scatter_add(w, [2, 2], np.ones((2, 2), np.float32))
    sub = gc.scatter_sub(w, 0, [0.5, 0.25])
    mul = gc.scatter_mul(w, [0], 10.0)
    s.run([sub, mul, add, update])
    assert s.run(w).tolist() == [[5.0, 7.5], [0.0, 0.0], [4.0, 4.0]]
    points = gc.scatter_nd_add(w, [[1, 1]], [9.0])
    low, high, half = gc.scatter_min(w, [2], 3.0), gc.scatter_max(w, [1], 1.0), gc.scatter_div(w, [0], 2.0)
    s.run([points, low, high, half, gc.scatter_nd_update(w, [[2, 0]], [7.0]), gc.scatter_nd_sub(w, [[2, 1]], [1.0])])
    assert s.run(w).tolist() == [[2.5, 3.75], [1.0, 9.0], [7.0, 2.0]]
    with pytest.raises(gc.ExecutionError):
        s.run(gc.scatter_add(w, [3], np.ones((1, 2), np.float32)))
    assert s.run(w).tolist() == [[2.5, 3.75], [1.0, 9.0], [7.0, 2.0]]


@pytest.mark.parametrize("config", list(CONFIGS))
def test_counting_stops_at_the_limit(config, graph):
    s = session(config, graph)
    count, other = gc.Variable(0, name="count"), gc.Variable(0)
    step = gc.count_up_to(count, 2)
    both = gc.group(step, gc.assign_add(other, 1))
    assert [s.run(step), s.run([step, both])[0]] == [0, 1]
    with pytest.raises(gc.ExecutionError):
        s.run(both)
    assert s.run([count, other]) == [2, 1]


@pytest.mark.parametrize("config", list(CONFIGS))
def test_an_assignment_goes_before_additions_that_nothing_puts_before_it(config, graph):
    s = session(config, graph)
    w, v = gc.Variable([3.0, -3.0], name="w"), gc.Variable([1.0, 1.0], name="v")
    step = gc.assign_sub(w, v * 0.5)
    clip = gc.assign(w, gc.clip_by_value(w, -1.0, 1.0))
    with gc.control_dependencies([step, clip]):
        after = w.read_value() + 0.0
    assert s.run([step, clip, after])[2].tolist() == s.run(w).tolist() == [0.5, -1.5]
    with gc.control_dependencies([step]):
        last = gc.assign(w, w * 10.0)
    assert s.run([last, step])[0].tolist() == s.run(w).tolist() == [0.0, -20.0]
    crossed = [gc.assign_add(v, w), gc.assign(w, v * 2.0), gc.assign(v, [7.0, 7.0])]
    s.run(crossed)
    assert s.run(w).tolist() == [2.0, 2.0]
    assert s.run(v).tolist() == [7.0, -13.0]


def test_two_updates_by_one_optimizer_run_together_are_one_step():
    a, b = gc.Variable(1.0), gc.Variable(1.0)
    adam = gc.train.AdamOptimizer(0.1)
    steps = [adam.apply_gradients([(gc.constant(1.0), v)]) for v in (a, b)]
    with gc.Session(mode="interpret") as s:
        s.run(steps)
        power = next(v for v in adam.variables() if "beta1_power" in v.name)
        assert s.run(power) == 0.9
        assert s.run(a) == s.run(b)
