"""A run for which there is no memory: a clear error that names the largest tensor, and nothing runs."""

import numpy as np
import pytest

import graphc as gc


@pytest.mark.parametrize("mode", ["compile", "interpret"])
def test_a_run_without_memory_names_the_largest_tensor(mode):
    with gc.Graph().as_default(), gc.Session(mode=mode) as session:
        values = gc.placeholder(gc.float32, [None], name="values")
        column = gc.reshape(gc.sin(values + 1.0), [-1, 1])
        total = gc.reduce_sum(gc.tanh(gc.matmul(column, gc.transpose(column))))
        assert session.run(total, {values: np.zeros(2)}) == pytest.approx(4 * np.tanh(np.sin(1.0) ** 2), rel=1e-6)
        with pytest.raises(gc.ExecutionError, match=r"(?i)matmul|unable to allocate") as raised:
            session.run(total, {values: np.zeros(5_000_000, np.float32)})
        assert "test_capacity.py:14" in str(raised.value)


@pytest.mark.parametrize("mode", ["compile", "interpret"])
def test_an_image_smaller_than_the_window_is_an_error_also_where_it_is_summed_away(mode):
    with gc.Graph().as_default(), gc.Session(mode=mode) as session:
        image = gc.placeholder(gc.float32, [1, None, 4, 1], name="image")
        pooled = gc.nn.max_pool(image, [1, 4, 1, 1], [1, 1, 1, 1], "VALID")
        convolved = gc.nn.conv2d(image, gc.ones([4, 2, 1, 1]), [1, 1, 1, 1], "VALID")
        for found in (pooled, gc.reduce_sum(pooled), convolved, gc.reduce_sum(convolved)):
            with pytest.raises(gc.FeedError, match="a size would be -1 in") as raised:
                session.run(found, {image: np.ones((1, 2, 4, 1))})
            assert "test_capacity.py" in str(raised.value)
            assert np.sum(session.run(found, {image: np.ones((1, 3, 4, 1))})) == 0


def test_an_image_smaller_than_the_window_is_refused_when_the_graph_is_built():
    with gc.Graph().as_default(), pytest.raises(gc.GraphError, match="a window of 4 over an image of 2"):
        gc.nn.max_pool(gc.ones([1, 2, 4, 1]), [1, 4, 1, 1], [1, 1, 1, 1], "VALID")
