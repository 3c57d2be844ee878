"""Every public function of the api layer is reachable from the package."""

from __future__ import annotations

import importlib

import pytest

import graphc as gc


@pytest.mark.parametrize("module", ["math", "arrays", "shaping", "random", "random_laws", "dynamic", "state"])
def test_functions_are_exported(module: str) -> None:
    found = importlib.import_module(f"graphc.api.{module}")
    own = [
        name
        for name, value in vars(found).items()
        if callable(value) and getattr(value, "__module__", "") == found.__name__ and not name.startswith("_")
    ]
    missing = [n for n in own if not hasattr(gc, n.rstrip("_")) and not hasattr(gc.nn, n.rstrip("_"))]
    internal = {"graph_seed", "draw", "key_of_round", "random_bits", "unit_nodes", "normal_nodes"}
    assert set(missing) <= internal


def test_channels_known_only_at_run_time_are_those_of_the_filters() -> None:
    import numpy as np

    with gc.Graph().as_default(), gc.Session() as session:
        x = gc.placeholder(gc.float32, [None, 4, 4, None])
        y = gc.nn.conv2d(x, np.ones((2, 2, 3, 5), np.float32), 1, "VALID")
        assert session.run(y, {x: np.ones((2, 4, 4, 3), np.float32)}).tolist() == np.full((2, 3, 3, 5), 12.0).tolist()
        with pytest.raises(gc.FeedError, match="do not fit together"):
            session.run(y, {x: np.ones((2, 4, 4, 2), np.float32)})


def test_a_failure_in_a_kernel_names_its_operation_once() -> None:
    with gc.Graph().as_default(), gc.Session() as session:
        index = gc.placeholder(gc.int32, [None])
        picked = gc.gather(gc.constant([1.0, 2.0]), index)
        with pytest.raises(gc.ExecutionError, match=r"^gather: index 7 at position \[1\]"):
            session.run(picked, {index: [0, 7]})


def test_sizes_that_no_rank_changes_are_known() -> None:
    with gc.Graph().as_default():
        x, y = gc.placeholder(gc.float32), gc.placeholder(gc.float32, [3, 4])
        assert gc.reshape(x, []).shape.as_list() == []
        assert gc.reduce_sum(x).shape.as_list() == []
        assert (x * 2.0).shape.ndims is None
        # x may have more axes than y.
        assert (x * y).shape.ndims is None
        gradient = gc.gradients(gc.reshape(x, []) ** 2.0, x)[0]
        with gc.Session() as session:
            assert session.run(gradient, {x: [[3.0]]}).tolist() == [[6.0]]
