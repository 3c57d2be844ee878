"""Results whose sizes are data, against NumPy, in both modes and through later shapes and gradients."""

import numpy as np
import pytest

import graphc as gc

MODES = ["compile", "interpret"]


@pytest.fixture(params=MODES)
def session(request):
    with gc.Graph().as_default(), gc.Session(mode=request.param) as session:
        yield session


def random(seed):
    return np.random.default_rng(seed)


@pytest.mark.parametrize("rows", [0, 1, 7, 33])
def test_boolean_mask(session, rows):
    x = gc.placeholder(gc.float32, [None, 3])
    mask = gc.placeholder(gc.bool, [None])
    kept = gc.boolean_mask(x, mask)
    results = [kept, gc.shape(kept), gc.reduce_sum(gc.ones([gc.shape(kept)[0], 2])), *gc.gradients(kept * kept, [x])]
    values, flags = random(rows).normal(size=(rows, 3)).astype(np.float32), random(1).random(rows) < 0.5
    found = session.run(results, {x: values, mask: flags})
    np.testing.assert_array_equal(found[0], values[flags])
    np.testing.assert_array_equal(found[1], [flags.sum(), 3])
    assert found[2] == 2 * flags.sum()
    np.testing.assert_allclose(found[3], 2 * values * flags[:, None])


def test_boolean_mask_along_other_axes_and_over_several(session):
    values = np.arange(24).reshape(2, 3, 4)
    columns, cells = np.array([True, False, True]), values[0] % 5 < 2
    results = session.run([gc.boolean_mask(values, columns, axis=1), gc.boolean_mask(values, cells, axis=1)])
    np.testing.assert_array_equal(results[0], values[:, columns])
    np.testing.assert_array_equal(results[1], values[:, cells])


def test_a_mask_of_another_length_is_refused(session):
    with pytest.raises(gc.GraphError, match="boolean_mask"):
        gc.boolean_mask(np.zeros((3, 2)), np.array([True, False]))
    with pytest.raises(gc.GraphError, match="boolean_mask: a mask of rank 2"):
        gc.boolean_mask(np.zeros(3), np.ones((3, 3), bool))


@pytest.mark.parametrize("shape", [(0,), (5,), (3, 4), (2, 3, 4)])
def test_positions(session, shape):
    x = gc.placeholder(gc.int32, [None] * len(shape))
    values = random(2).integers(0, 2, shape)
    np.testing.assert_array_equal(session.run(gc.where(x), {x: values}), np.argwhere(values))


def test_where_needs_both_values_or_none():
    with gc.Graph().as_default(), pytest.raises(gc.GraphError, match="both x and y"):
        gc.where([True], [1.0])


@pytest.mark.parametrize("values", [[], [4], [3, 1, 3, 3, 2, 1], list(range(40)) * 2])
def test_unique(session, values):
    x = gc.placeholder(gc.int64, [None])
    distinct, index, counts = session.run(list(gc.unique_with_counts(x)), {x: np.array(values, np.int64)})
    expected = list(dict.fromkeys(values))
    assert distinct.tolist() == expected
    assert index.tolist() == [expected.index(v) for v in values]
    assert counts.tolist() == [values.count(v) for v in expected]
    again = session.run(list(gc.unique(x)), {x: np.array(values, np.int64)})
    assert again[0].tolist() == expected
    assert again[1].dtype == np.int32


def test_partition_and_stitch_are_inverse(session):
    data = gc.placeholder(gc.float32, [None, 2])
    labels = gc.placeholder(gc.int32, [None])
    parts = gc.dynamic_partition(data, labels, 3)
    places = gc.dynamic_partition(gc.range(gc.shape(data)[0]), labels, 3)
    whole = gc.dynamic_stitch(places, [p * 2.0 for p in parts])
    (slope,) = gc.gradients(whole, [data])
    for size in (1, 6, 17):
        values, numbers = random(3).normal(size=(size, 2)).astype(np.float32), random(4).integers(0, 3, size)
        found = session.run([*parts, whole, slope], {data: values, labels: numbers})
        for number in range(3):
            np.testing.assert_array_equal(found[number], values[numbers == number])
        np.testing.assert_array_equal(found[3], 2 * values)
        np.testing.assert_array_equal(found[4], np.full_like(values, 2))


def test_the_last_of_two_slices_for_one_place_wins(session):
    stitched = gc.dynamic_stitch([[0, 1], [1, 3]], [[1.0, 2.0], [3.0, 4.0]])
    assert session.run(stitched).tolist() == [1.0, 3.0, 0.0, 4.0]


def test_setdiff1d(session):
    kept, positions = session.run(list(gc.setdiff1d([1, 2, 3, 2, 5], [2, 7])))
    assert kept.tolist() == [1, 3, 5]
    assert positions.tolist() == [0, 2, 4]
