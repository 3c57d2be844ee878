"""Segments of so many calls that they become several functions."""

import numpy as np
import pytest

import graphc as gc
from graphc.codegen.cpu.segment import PIECE
from graphc.session.compiled import ExecutionError

SHIFT = np.roll(np.eye(3), 1, 0)


@pytest.mark.parametrize("products", [PIECE - 2, PIECE, 2 * PIECE, 3 * PIECE + 7])
def test_results_and_failures_of_a_long_segment(products):
    with gc.Graph().as_default() as graph:
        x = gc.placeholder(gc.float64, [None, 3], name="x")
        rows = gc.placeholder(gc.int32, [None], name="rows")
        value = x
        for _ in range(products):
            value = gc.matmul(value, gc.constant(SHIFT))
        # The row to look up follows from the last product, so the lookup comes late.
        found = gc.gather(value, rows + gc.cast(value[0, 0], gc.int32))
    feed = np.array([[0.0, 0.0, 0.0], [3.0, 4.0, 5.0]])
    with gc.Session(graph=graph) as session:
        result = session.run(found, {x: feed, rows: [1, 0, 1]})
        assert session.report([found], [x, rows])["kernels"]["called"] > products
        np.testing.assert_array_equal(result, (feed @ np.linalg.matrix_power(SHIFT, products % 3))[[1, 0, 1]])
        with pytest.raises(ExecutionError, match="gather"):
            session.run(found, {x: feed, rows: [1, 2]})
