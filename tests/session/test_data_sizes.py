"""Sizes that come from values: right results, and errors that name the user's line."""

import numpy as np
import pytest

import graphc as gc
from tests.both_modes import CONFIGS, run_both, session

HERE = r"(.|\n)*test_data_sizes.py"


@pytest.fixture(autouse=True)
def graph():
    with gc.Graph().as_default() as g:
        yield g


def sizes(rank, name="size"):
    return gc.placeholder(gc.int32, [rank] if rank else [], name=name)


def ints(*values):
    return np.array(values, np.int32)


def test_zeros_of_a_fed_shape():
    n = sizes(2)
    filled = gc.zeros(n) + 1.0
    for shape in ((2, 3), (0, 4), (5, 1)):
        np.testing.assert_array_equal(run_both(filled, {n: ints(*shape)}), np.ones(shape, np.float32))


def test_reshape_by_a_fed_shape():
    x, n = gc.placeholder(gc.float32, [None]), sizes(2)
    value = np.arange(6, dtype=np.float32)
    for shape in ((2, 3), (6, 1)):
        found = run_both(gc.reduce_sum(gc.reshape(x, n), axis=1), {x: value, n: ints(*shape)})
        np.testing.assert_array_equal(found, value.reshape(shape).sum(1))


def test_range_of_a_tensor_and_its_gradient():
    n, w = sizes(0), gc.placeholder(gc.float32, [])
    steps = gc.cast(gc.range(n), gc.float32) * w
    (slope,) = gc.gradients(gc.reduce_sum(steps * steps), w)
    for count in (0, 1, 7):
        found = run_both([steps, slope], {n: np.int32(count), w: np.float32(2)})
        np.testing.assert_array_equal(found[0], 2 * np.arange(count, dtype=np.float32))
        np.testing.assert_allclose(found[1], 4 * np.sum(np.arange(count) ** 2))


def test_a_size_computed_from_values():
    x = gc.placeholder(gc.float32, [None])
    count = gc.reduce_sum(gc.cast(x > 0.0, gc.int32))
    found = run_both(gc.range(count), {x: np.float32([1, -1, 2])})
    np.testing.assert_array_equal(found, [0, 1])


@pytest.mark.parametrize("mode", CONFIGS)
@pytest.mark.parametrize(("shape", "reason"), [((-1, 2), "negative size"), ((2**30, 2**30), r"more than \d+ bytes")])
@pytest.mark.parametrize("total", [False, True])
def test_negative_and_huge_sizes_name_the_line(mode, shape, reason, total):
    n = sizes(2)
    filled = gc.zeros(n) + 1.0
    with pytest.raises(gc.ExecutionError, match=reason + HERE):
        session(mode).run(gc.reduce_sum(filled) if total else filled, {n: ints(*shape)})


@pytest.mark.parametrize("mode", CONFIGS)
def test_a_shape_with_another_number_of_elements_names_the_line(mode):
    x, n = gc.placeholder(gc.float32, [None]), sizes(2)
    with pytest.raises(gc.GraphError, match="sizes 6 and 8|sizes 8 and 6" + HERE):
        session(mode).run(gc.reshape(x, n), {x: np.ones(6, np.float32), n: ints(2, 4)})


@pytest.mark.parametrize("mode", CONFIGS)
def test_a_size_whose_computation_fails_names_the_line(mode):
    table, at = gc.constant([2, 3]), sizes(0)
    chosen = gc.gather(table, at)
    filled = gc.zeros(gc.stack([chosen]))
    running = session(mode)
    np.testing.assert_array_equal(running.run(filled, {at: np.int32(1)}), np.zeros(3))
    with pytest.raises(gc.ExecutionError, match=r"no variable was changed" + HERE):
        running.run(filled, {at: np.int32(7)})


@pytest.mark.parametrize("mode", CONFIGS)
@pytest.mark.parametrize("function", [gc.argmax, gc.argmin])
def test_no_position_in_an_empty_axis(mode, function):
    x = gc.placeholder(gc.float32, [None, None])
    place = function(x, 1)
    running = session(mode)
    np.testing.assert_array_equal(running.run(place, {x: np.eye(2, dtype=np.float32)}).shape, (2,))
    np.testing.assert_array_equal(running.run(place, {x: np.ones((0, 3), np.float32)}), np.zeros(0))
    for shape in ((3, 0), (1, 0), (0, 0)):
        with pytest.raises(gc.FeedError, match="must not be empty has size 0 in arg" + HERE):
            running.run(place, {x: np.ones(shape, np.float32)})
    with pytest.raises(gc.GraphError, match="arg(max|min): an axis of size 0" + HERE):
        function(np.ones((3, 0), np.float32), 1)


def test_sizes_are_checked_whenever_they_are_new():
    with gc.Graph().as_default(), gc.Session() as session:
        n = gc.placeholder(gc.int32, [])
        total = gc.reduce_sum(gc.ones([n, 2]))
        for _ in range(3):
            assert session.run(total, {n: 3}) == 6.0
            with pytest.raises(gc.ExecutionError, match="negative size"):
                session.run(total, {n: -1})
        assert [session.run(total, {n: k}) for k in range(300)] == [2.0 * k for k in range(300)]
        assert [session.run(total, {n: k}) for k in range(5)] == [0.0, 2.0, 4.0, 6.0, 8.0]
