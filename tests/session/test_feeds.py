"""Feeds: what is taken, what is refused with the line of the placeholder, and sizes that change between runs."""

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


def test_layouts_and_orders_of_arrays(s):
    x = gc.placeholder(gc.float32, [None, 3], name="x")
    y = x * 2.0
    base = np.arange(24, dtype=np.float32).reshape(4, 6)
    for value in (base[:, ::2], np.asfortranarray(base[:, :3]), base[:, :3].astype(">f4"), base[::-1, 3:], [[1, 2, 3]],
                  np.zeros((0, 3), np.float32), base[:, :3].astype(np.float64), np.ones((2, 3), np.int8)):  # fmt: skip
        got = s.run(y, {x: value})
        assert got.dtype == np.float32
        np.testing.assert_array_equal(got, np.asarray(value) * 2.0)


@pytest.mark.parametrize("value", [np.ones(3), np.ones((2, 4)), "text", [[1.0, 2.0, 3.0], [1.0]], 1j * np.ones((1, 3))])
def test_values_that_do_not_fit_name_the_placeholder(s, value):
    x = gc.placeholder(gc.float32, [None, 3], name="x")
    with pytest.raises(gc.FeedError, match=r"x:0(.|\n)*test_feeds\.py"):
        s.run(x * 2.0, {x: value})


@pytest.mark.parametrize("value", [300, -129, 1.5])
def test_numbers_beyond_a_narrow_integer_are_refused(s, value):
    x = gc.placeholder(gc.int8, [], name="x")
    with pytest.raises(gc.FeedError, match="x:0"):
        s.run(x + x, {x: value})
    assert s.run(x + 0, {x: 127}) == 127


def test_missing_foreign_and_twofold_feeds(s):
    x = gc.placeholder(gc.float32, [], name="x")
    with pytest.raises(gc.GraphError, match=r"x (.|\n)*must be fed(.|\n)*test_feeds\.py"):
        s.run(x * 2.0)
    with pytest.raises(gc.FeedError, match="twice"):
        s.run(x * 2.0, {x: 1.0, "x:0": 2.0})
    with pytest.raises(gc.FeedError, match="did you mean"):
        s.run(x * 2.0, {"xx:0": 1.0})
    with pytest.raises(gc.FetchError, match="cannot fetch"):
        s.run(3.0, {x: 1.0})


def test_a_new_size_needs_no_new_step(s):
    x, y = gc.placeholder(gc.float32, [None, 2], name="x"), gc.placeholder(gc.float32, [None, 2], name="y")
    z = x + y
    call = []
    make, s.make_step = s.make_step, lambda lowered: call.append(1) or make(lowered)
    for n in (3, 17, 2, 64):
        assert s.run(z, {x: np.ones((n, 2)), y: np.ones((n, 2))}).shape == (n, 2)
    assert len(call) == 1
    for n in (5, 9):
        assert s.run(z, {x: np.ones((n, 2)), y: np.ones((1, 2))}).shape == (n, 2)
    assert len(call) == 2
    with pytest.raises(gc.FeedError, match=r"sizes \d and \d(.|\n)*z = x \+ y"):
        s.run(z, {x: np.ones((3, 2)), y: np.ones((4, 2))})
