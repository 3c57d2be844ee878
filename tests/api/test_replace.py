"""Copies of graphs: with other operands, and for many values at once."""

import numpy as np
import pytest

import graphc as gc
from tests.both_modes import run_both


def test_replacing_leaves_the_original_alone() -> None:
    with gc.Graph().as_default():
        x, w = gc.placeholder(gc.float64, [None]), gc.Variable(np.array(2.0))
        y = gc.reduce_sum(gc.exp(x) * w)
        (slope,) = gc.gradients(y, w)
        other, moved = gc.graph_replace([y, slope], {x: np.zeros(3), w: x[0]})
        found = run_both([y, other, moved], {x: [1.0, 2.0]})
    np.testing.assert_allclose(found, [2 * (np.e + np.e**2), 3.0, 3.0])


def test_what_does_not_depend_on_it_is_not_copied() -> None:
    with gc.Graph().as_default() as graph:
        x, z = gc.placeholder(gc.float64, []), gc.placeholder(gc.float64, [])
        y, other = gc.exp(x), gc.exp(z)
        before = len(graph.operations)
        copy, same = gc.graph_replace((y, other), [(x, z)])
        assert same is other
        assert copy is not y
        assert len(graph.operations) == before + 1


def test_random_numbers_go_on_in_a_copy() -> None:
    with gc.Graph().as_default():
        n = gc.placeholder(gc.int32, [])
        noise = gc.random_uniform(gc.stack([n]), seed=3)
        draw = gc.function([], noise, givens={n: 4}, mode="interpret", store=gc.Store())
        assert not np.array_equal(draw(), draw())


def test_a_replacement_of_another_type_or_rank_is_refused() -> None:
    with gc.Graph().as_default():
        x = gc.placeholder(gc.float64, [None], name="x")
        with pytest.raises(gc.GraphError, match="x:0 is float64 of shape"):
            gc.graph_replace(gc.exp(x), {x: gc.constant([1, 2])})
        with pytest.raises(gc.GraphError, match="cannot be replaced"):
            gc.graph_replace(gc.exp(x), {x: np.zeros((2, 2))})


def test_vectorize_gives_what_a_loop_gives() -> None:
    random = np.random.default_rng(0)
    rows, matrices = random.normal(size=(5, 3)), random.normal(size=(5, 3, 2))
    with gc.Graph().as_default():
        x, w = gc.placeholder(gc.float64, [None]), gc.placeholder(gc.float64, [None, 2])
        scale = gc.placeholder(gc.float64, [])
        y = gc.reduce_sum(gc.tanh(gc.dot(x, w)) * scale)
        slope = gc.grad(y, w)
        xs, ws = gc.placeholder(gc.float64, [None, None]), gc.placeholder(gc.float64, [None, None, 2])
        many = gc.vectorize([y, slope, scale], {x: xs, w: ws})
        found = run_both(many, {xs: rows, ws: matrices, scale: 0.5})
        single = [
            gc.Session(mode="interpret").run([y, slope], {x: a, w: b, scale: 0.5})
            for a, b in zip(rows, matrices, strict=True)
        ]
    np.testing.assert_allclose(found[0], [s[0] for s in single])
    np.testing.assert_allclose(found[1], [s[1] for s in single])
    np.testing.assert_array_equal(found[2], [0.5] * 5)


def test_gradients_go_through_vectorize() -> None:
    with gc.Graph().as_default():
        x, xs = gc.placeholder(gc.float64, []), gc.placeholder(gc.float64, [None])
        many = gc.vectorize(x**3.0, {x: xs})
        assert run_both(gc.grad(many.sum(), xs), {xs: [1.0, 2.0]}).tolist() == [3, 12]


def test_vectorize_says_what_cannot_be() -> None:
    with gc.Graph().as_default():
        x, v = gc.placeholder(gc.float64, [], name="x"), gc.Variable(np.array(0.0))
        with pytest.raises(gc.GraphError, match="need one axis more"):
            gc.vectorize(gc.exp(x), {x: gc.constant(np.float64(1.0))})
        with pytest.raises(gc.GraphError, match="cannot be done for many values"):
            gc.vectorize(gc.assign(v, x), {x: np.zeros(3)})
