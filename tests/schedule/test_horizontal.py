"""Equal elementwise kernels over several arrays become one call, and only where that changes nothing."""

import numpy as np
import pytest

import graphc as gc
from graphc.schedule.horizontal import LONGEST, MOST_ROWS

RAGGED = ((3,), (17, 5), (64, 33), (0, 7), (2, 3, 4), (1000,), (1,), (16,))


def _run(build, disable=(), steps=3, threads=1, mode="compile"):
    """Variables after some steps, and the calls of the step."""
    with gc.Graph().as_default() as graph:
        variables, step = build()
    config = gc.Config(mode=mode, disable=disable, threads=threads, poison=mode == "compile")
    with gc.Session(graph=graph, config=config) as session:
        for _ in range(steps):
            session.run(step)
        calls = [] if mode == "interpret" else session.report(step)["calls"]
        return session.run(variables), calls


def _tables(calls):
    return [call for call in calls if call["kind"] == "MultiNest"]


def _adam(shapes, dtypes=(np.float32,)):
    def build():
        rng = np.random.default_rng(0)
        kinds = [dtypes[k % len(dtypes)] for k in range(len(shapes))]
        values = [rng.normal(size=shape).astype(kind) for shape, kind in zip(shapes, kinds, strict=True)]
        variables = [gc.Variable(value) for value in values]
        slopes = [gc.Variable((value * 3 + 1).astype(value.dtype), trainable=False) for value in values]
        step = gc.train.AdamOptimizer(0.1).apply_gradients(list(zip(slopes, variables, strict=True)))
        return variables, step

    return build


@pytest.mark.parametrize("threads", [1, 2])
def test_ragged_and_empty_arrays_in_one_call(threads):
    apart, separate = _run(_adam(RAGGED), ("horizontal",))
    together, joined = _run(_adam(RAGGED), threads=threads)
    expected, _ = _run(_adam(RAGGED), mode="interpret")
    for a, b, c in zip(together, apart, expected, strict=True):
        np.testing.assert_array_equal(a, b)
        np.testing.assert_allclose(a, c, rtol=2e-5, atol=2e-6)
    assert not _tables(separate)
    (table,) = _tables(joined)
    assert table["label"].startswith(f"{len(RAGGED) - 1} x ")  # one element is another kernel
    assert len(joined) == len(separate) - (len(RAGGED) - 2)


def test_element_types_stay_apart():
    shapes = ((5,), (9,), (5,), (20,))
    values, calls = _run(_adam(shapes, (np.float32, np.float64)))
    expected, _ = _run(_adam(shapes, (np.float32, np.float64)), ("horizontal",))
    assert [len({b["name"] for b in table["writes"]}) for table in _tables(calls)] == [6, 6]
    for a, b in zip(values, expected, strict=True):
        np.testing.assert_array_equal(a, b)


def test_calls_that_depend_on_each_other_stay_in_order():
    def build():
        first, second, third = (gc.Variable(np.full(n, 2.0, np.float32)) for n in (5, 5, 9))
        # Every new value is read by an update of the same form; old values are read as they were before the step.
        a = gc.assign(first, second * 2.0)
        b = gc.assign(second, first * 2.0)
        c = gc.assign(third, gc.concat([first * 2.0, second[:4] * 2.0], 0))
        return [first, second, third], gc.group(a, b, c)

    values, _ = _run(build, steps=4)
    expected, _ = _run(build, steps=4, mode="interpret")
    for a, b in zip(values, expected, strict=True):
        np.testing.assert_array_equal(a, b)


def test_each_row_of_a_table_is_divided_at_any_element():
    shapes = tuple((size,) for size in (5000, 1, 7, 0, 9001, 33, 16000, 64))
    one, _ = _run(_adam(shapes), steps=1)
    many, calls = _run(_adam(shapes), steps=1, threads=2)
    assert _tables(calls)
    for a, b in zip(one, many, strict=True):
        np.testing.assert_array_equal(a, b)


def test_long_arrays_and_long_tables_are_limited():
    _, calls = _run(_adam(((LONGEST + 1,), (LONGEST + 2,), (8,), (9,))), steps=1)
    assert [len(table["writes"]) for table in _tables(calls)] == [6]
    _, calls = _run(_adam(tuple((k + 2,) for k in range(MOST_ROWS + 3))), steps=1)
    assert [len(table["writes"]) for table in _tables(calls)] == [3 * MOST_ROWS, 9]


def test_the_report_counts_what_was_joined():
    with gc.Graph().as_default() as graph:
        _, step = _adam(((4,), (5,), (6,)))()
    with gc.Session(graph=graph) as session:
        session.run(step)
        (did,) = [b["did"] for b in session.report(step)["backend"] if b["name"] == "horizontal"]
    assert did == {"calls": 1, "kernels joined": 3}
