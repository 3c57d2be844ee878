"""Indexing like NumPy's: slices of any step, ellipsis, new axes, integers, tensors of integers."""

import numpy as np
import pytest
from both_modes import CONFIGS, run_both

import graphc as gc

VALUE = np.arange(4 * 5 * 6, dtype=np.float32).reshape(4, 5, 6)
S = np.s_
BASIC = [
    S[0], S[-1], S[1:3], S[:-1], S[::2], S[::-1], S[3:0:-2], S[-2:-4:-1], S[10:], S[:10], S[-10:2], S[2:1], S[5:-1:-1],
    S[::-2], S[4::-1], S[:1:-1], S[..., 0], S[0, ...], S[..., -1, :], S[None], S[:, None], S[..., None], S[1, None, 2:],
    S[:, 1], S[:, -2, 1:4], S[1, 2, 3], S[-1, -1, -1], S[1:3, ::2, ::-1], S[:, :, 0:0], S[None, ..., None, 2], S[...],
    S[()], S[:, 1:-1, 5:1:-2], S[np.int64(2)], S[np.int64(1) : np.int32(3)],
]  # fmt: skip


@pytest.fixture(autouse=True)
def graph():
    with gc.Graph().as_default() as g:
        yield g


@pytest.mark.parametrize("shape", [[4, 5, 6], [None, 5, None], None], ids=["known", "open", "unknown"])
def test_basic_indexing_like_numpy(shape):
    x = gc.placeholder(gc.float32, shape)
    got = run_both([x[key] for key in BASIC], {x: VALUE})
    for key, value in zip(BASIC, got, strict=True):
        np.testing.assert_array_equal(value, VALUE[key], err_msg=str(key))


def test_shapes_of_basic_indexing_are_known_before_the_run():
    x = gc.placeholder(gc.float32, [4, 5, 6])
    for key in BASIC:
        assert x[key].shape == list(VALUE[key].shape), key


def test_gradients_of_indexing():
    x = gc.placeholder(gc.float32, [None, 5, 6])
    weights = [np.random.default_rng(i).normal(size=VALUE[key].shape).astype(np.float32) for i, key in enumerate(BASIC)]
    got = run_both([gc.gradients(x[key] * w, x)[0] for key, w in zip(BASIC, weights, strict=True)], {x: VALUE})
    for key, w, slope in zip(BASIC, weights, got, strict=True):
        want = np.zeros_like(VALUE)
        want[key] = w
        np.testing.assert_array_equal(slope, want, err_msg=str(key))


def test_indices_that_are_tensors():
    x = gc.placeholder(gc.float32, [None, 5, 6])
    i = gc.placeholder(gc.int32, [], name="i")
    rows, columns = gc.placeholder(gc.int32, [None]), gc.placeholder(gc.int64, [None])
    r, c = np.array([0, -1, 2], np.int32), np.array([4, 0, -5], np.int64)
    fetches = [x[i], x[:, i], x[..., i], x[i:], x[:i], x[rows], x[:, columns], x[rows, columns], x[1, columns],
               x[rows, 1:3], x[:, rows, columns], x[rows, :, rows], x[[0, 2]], x[np.array([1, -1])],
               x[i, None, 1]]  # fmt: skip
    for at in (2, -1, 0):
        want = [VALUE[at], VALUE[:, at], VALUE[..., at], VALUE[at:], VALUE[:at], VALUE[r], VALUE[:, c], VALUE[r, c],
                VALUE[1, c], VALUE[r, 1:3], VALUE[:, r, c], VALUE[r, :, r], VALUE[[0, 2]], VALUE[[1, -1]],
                VALUE[at, None, 1]]  # fmt: skip
        got = run_both(fetches, {x: VALUE, i: at, rows: r, columns: c})
        for k, (a, b) in enumerate(zip(got, want, strict=True)):
            np.testing.assert_array_equal(a, b, err_msg=f"{k} at {at}")


@pytest.mark.parametrize(
    ("key", "error"),
    [
        (S[4], "index 4 is out of range for axis 0 of size 4"),
        (S[:, -6], "index -6 is out of range for axis 1 of size 5"),
        (S[0, 0, 0, 0], "4 indices for a tensor of rank 3"),
        (S[..., 0, ...], "at most one ellipsis"),
        (S[::0], "step of a slice"),
        (S[1.5], "an index must be"),
        (S[True], "boolean"),
        (S["a"], "an index must be"),
        (S[1.5:2], "bound of a slice"),
        (S[[0.5, 1.0]], "integers"),
        (S[np.array([True, False, True, True])], "not bool"),
    ],
)
def test_what_cannot_be_an_index_names_the_line(key, error):
    x = gc.placeholder(gc.float32, [4, 5, 6])
    with pytest.raises((gc.GraphError, TypeError), match=rf"{error}(.|\n)*test_indexing\.py"):
        x[key]


@pytest.mark.parametrize("mode", CONFIGS)
@pytest.mark.parametrize("bad", [4, -5, 2**31 - 1])
def test_an_index_out_of_range_while_running_names_the_line(mode, bad):
    x, i = gc.placeholder(gc.float32, [None, 3]), gc.placeholder(gc.int32, [])
    rows = gc.placeholder(gc.int32, [None])
    value = np.ones((4, 3), np.float32)
    s = gc.Session(config=CONFIGS[mode])
    picked = x[rows] * 2.0
    with pytest.raises(gc.ExecutionError, match=r"out of range(.|\n)*test_indexing\.py:\d+: picked = "):
        s.run(picked, {x: value, rows: [0, bad]})
    np.testing.assert_array_equal(s.run(picked, {x: value, rows: [0, -1]}), np.full((2, 3), 2.0))
    single = x[i] + 1.0
    with pytest.raises(gc.GraphError, match=r"test_indexing\.py:\d+"):
        s.run(single, {x: value, i: bad})
    np.testing.assert_array_equal(s.run(single, {x: value, i: 3}), np.full(3, 2.0))


@pytest.mark.parametrize("mode", CONFIGS)
def test_a_fixed_index_beyond_an_open_size_names_the_line(mode):
    x = gc.placeholder(gc.float32, [None, 3])
    third = x[2] + 1.0
    s = gc.Session(config=CONFIGS[mode])
    np.testing.assert_array_equal(s.run(third, {x: np.ones((3, 3))}), [2.0, 2.0, 2.0])
    with pytest.raises(gc.GraphError, match=r"test_indexing\.py:\d+"):
        s.run(third, {x: np.ones((2, 3))})
