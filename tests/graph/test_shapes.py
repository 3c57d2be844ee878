"""Placeholders, shapes known and unknown, and what can be asked of them."""

import numpy as np
import pytest
from both_modes import run_both

import graphc as gc


@pytest.fixture(autouse=True)
def graph():
    with gc.Graph().as_default() as g:
        yield g


@pytest.mark.parametrize("size", [-2, 2.0, 2.5, 2**48, True, "3", np.float32(1), [2], (None,)])
def test_bad_sizes_name_the_size_and_the_line(size):
    with pytest.raises(gc.GraphError, match=r"a size must(.|\n)*test_shapes\.py"):
        gc.placeholder(gc.float32, [2, size])


@pytest.mark.parametrize("shape", ["ab", 2.5, True, object()])
def test_bad_shapes(shape):
    with pytest.raises(gc.GraphError, match=r"test_shapes\.py"):
        gc.placeholder(gc.float32, shape)


@pytest.mark.parametrize("dtype", ["complex64", "float16", str, object, "no such", None])
def test_bad_element_types(dtype):
    with pytest.raises(TypeError, match="no element type"):
        gc.placeholder(dtype, [])


@pytest.mark.parametrize(
    ("shape", "want"), [([], []), (3, [3]), ([None, 2], [None, 2]), ([-1, np.int64(2)], [None, 2]), ([0], [0])]
)
def test_shapes_of_placeholders(shape, want):
    assert gc.placeholder(gc.float32, shape).shape.as_list() == want


def test_a_shape_of_another_tensor_is_a_shape():
    x = gc.placeholder(gc.float32, [None, 3])
    assert gc.placeholder(gc.float32, x.shape).shape == [None, 3]
    assert gc.placeholder(gc.float32, [x.shape[1], 2]).shape == [3, 2]


def test_tensor_shape():
    s = gc.TensorShape([None, 3, 4])
    assert s.ndims == s.rank == len(s) == 3
    assert [d.value for d in s] == [None, 3, 4]
    assert int(s[1]) == 3
    assert s[1:].as_list() == [3, 4]
    assert s[-1] == 4
    assert str(s) == "(?, 3, 4)"
    assert str(gc.TensorShape([5])) == "(5,)"
    assert not s.is_fully_defined()
    assert s.num_elements() is None
    assert gc.TensorShape([3, 0]).num_elements() == 0
    assert s[1:].num_elements() == 12
    with pytest.raises(TypeError, match="known only at run time"):
        int(s[0])


def test_unknown_shape():
    s = gc.TensorShape(None)
    assert s.ndims is None
    assert str(s) == "<unknown>"
    assert not s.is_fully_defined()
    for ask in (s.as_list, lambda: len(s), lambda: s[0]):
        with pytest.raises(ValueError, match="not even its rank"):
            ask()


def test_shapes_of_results():
    x = gc.placeholder(gc.float32, [None, 4])
    assert gc.matmul(x, np.ones((4, 5), np.float32)).shape == [None, 5]
    assert gc.concat([x, x], 0).shape == [None, 4]
    assert gc.concat([x, x], 1).shape == [None, 8]
    assert x[1:].shape == [None, 4]
    assert gc.reshape(x, [-1]).shape == [None]
    assert gc.reshape(x, [-1, 2, 2]).shape == [None, 2, 2]
    assert gc.transpose(x).shape == [4, None]
    assert gc.reduce_sum(x, 0).shape == [4]
    assert gc.reduce_sum(x, 0, keepdims=True).shape == [1, 4]


def test_set_shape_narrows_and_is_checked():
    x = gc.placeholder(gc.float32, None)
    y = gc.reshape(x, gc.shape(x))
    assert y.shape.ndims is None
    assert run_both(y, {x: np.ones((2, 3), np.float32)}).shape == (2, 3)


def test_everything_of_unknown_rank():
    x = gc.placeholder(gc.float32, name="x")
    fetches = {
        "sum": gc.reduce_sum(x), "sigmoid": gc.sigmoid(x), "mean": gc.reduce_mean(x, -1), "twice": x + x,
        "flat": gc.reshape(x, [-1]), "rank": gc.rank(x), "shape": gc.shape(x), "size": gc.size(x), "first": x[0],
        "transposed": gc.transpose(x), "stacked": gc.stack([x, x]), "slope": gc.gradients(gc.reduce_sum(x * x), x)[0],
        "expanded": gc.expand_dims(x, 0), "max": gc.argmax(x, 0), "cast": gc.cast(x, gc.int32),
    }  # fmt: skip
    assert all(t.shape.ndims is None or t.shape.ndims == 0 for t in fetches.values())
    for shape in [(3,), (2, 3), (4, 2, 3)]:
        value = np.linspace(-1, 1, int(np.prod(shape)), dtype=np.float32).reshape(shape)
        got = run_both(fetches, {x: value})
        np.testing.assert_allclose(got["slope"], 2 * value)
        np.testing.assert_array_equal(got["transposed"], value.T)
        np.testing.assert_array_equal(got["shape"], shape)
        assert got["rank"] == len(shape)
        assert got["stacked"].shape == (2, *shape)


def test_unknown_rank_meets_a_known_one():
    x, y = gc.placeholder(gc.float32), gc.placeholder(gc.float32, [None, 3])
    got = run_both(x + y, {x: np.ones(3, np.float32), y: np.zeros((2, 3), np.float32)})
    np.testing.assert_array_equal(got, np.ones((2, 3)))


def test_a_matrix_product_of_a_vector_of_unknown_rank_names_the_line():
    x = gc.placeholder(gc.float32)
    y = gc.transpose(x, [1, 0])
    for mode in ("compile", "interpret"):
        with pytest.raises(gc.GraphError, match=r"test_shapes\.py"):
            gc.Session(mode=mode).run(y, {x: np.ones(3, np.float32)})


@pytest.mark.parametrize(
    "build",
    [
        lambda x: gc.matmul(x, np.ones((5, 2), np.float32)),
        lambda x: x + np.ones((2, 5), np.float32),
        lambda x: gc.concat([x, np.ones((2, 2, 2), np.float32)], 0),
        lambda x: gc.reshape(x, [3, 5]),
        lambda x: gc.squeeze(x, 1),
        lambda x: gc.transpose(x, [0, 0]),
        lambda x: gc.reduce_sum(x, 2),
        lambda x: gc.reduce_sum(x, [0, 0]),
        lambda x: gc.split(x, 3, 1),
        lambda x: x[2],
        lambda x: x[0, 0, 0],
        lambda x: gc.expand_dims(x, 4),
        lambda x: gc.broadcast_to(x, [4, 4]),
    ],
)
def test_shapes_that_do_not_fit_name_the_line(build):
    x = gc.placeholder(gc.float32, [2, 4])
    with pytest.raises(gc.GraphError, match=r"test_shapes\.py"):
        build(x)
