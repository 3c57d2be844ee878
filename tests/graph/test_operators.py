"""Python's operators, in both orders, with tensors, arrays and numbers; what they refuse."""

import operator

import numpy as np
import pytest
from both_modes import run_both

import graphc as gc

FLOATS = np.array([[1.5, -2.0, 3.25], [0.5, 4.0, -0.75]], np.float32)
INTEGERS = np.array([[7, -7, 3], [5, 2, -1]], np.int32)
BOOLEANS = np.array([[True, False, True], [False, False, True]])


@pytest.fixture(autouse=True)
def graph():
    with gc.Graph().as_default() as g:
        yield g


ARITHMETIC = ["add", "sub", "mul", "truediv", "floordiv", "mod", "pow"]
COMPARISONS = ["lt", "le", "gt", "ge"]
BITWISE = ["and_", "or_", "xor"]


def test_operators_of_floats_like_numpy():
    x = gc.placeholder(gc.float32, [2, 3])
    row = np.array([2.0, 0.5, 4.0], np.float32)
    fetches, want = {}, {}
    for name in ARITHMETIC + COMPARISONS:
        f = getattr(operator, name)
        base = np.abs(FLOATS) if name == "pow" else FLOATS
        y = gc.abs(x) if name == "pow" else x
        for kind, other in {"scalar": 2.5, "row": row}.items():
            fetches[name, kind], want[name, kind] = f(y, other), f(base, other)
            fetches[name, kind, "reflected"], want[name, kind, "reflected"] = f(other, y), f(other, base)
    fetches |= {"neg": -x, "pos": +x, "abs": abs(x), "round": round(x), "matmul": x @ FLOATS.T, "rmatmul": FLOATS.T @ x}
    want |= {"neg": -FLOATS, "pos": FLOATS, "abs": abs(FLOATS), "round": np.round(FLOATS)}
    want |= {"matmul": FLOATS @ FLOATS.T, "rmatmul": FLOATS.T @ FLOATS}
    got = run_both(fetches, {x: FLOATS})
    for key, value in want.items():
        assert got[key].dtype == value.dtype, key
        np.testing.assert_allclose(got[key], value, rtol=2e-6, err_msg=str(key))


def test_operators_of_integers_like_numpy():
    x = gc.placeholder(gc.int32, [2, 3])
    row = np.array([2, 3, 5], np.int32)
    fetches, want = {}, {}
    for name in ["add", "sub", "mul", "floordiv", "mod", *COMPARISONS, *BITWISE]:
        f = getattr(operator, name)
        fetches[name], want[name] = f(x, row), f(INTEGERS, row)
        fetches[name, "reflected"], want[name, "reflected"] = f(row, x), f(row, INTEGERS)
    fetches |= {"lshift": x << 2, "rshift": x >> 1, "invert": ~x, "pow": x**2, "truediv": x / 2}
    want |= {"lshift": INTEGERS << 2, "rshift": INTEGERS >> 1, "invert": ~INTEGERS, "pow": INTEGERS**2}
    want["truediv"] = INTEGERS / 2
    got = run_both(fetches, {x: INTEGERS})
    for key, value in want.items():
        assert got[key].dtype == value.dtype, key
        np.testing.assert_array_equal(got[key], value, err_msg=str(key))


def test_operators_of_booleans_like_numpy():
    x = gc.placeholder(gc.bool, [2, 3])
    row = np.array([True, True, False])
    got = run_both([x & row, row | x, x ^ True, ~x, gc.equal(x, row), gc.not_equal(x, row)], {x: BOOLEANS})
    want = [BOOLEANS & row, row | BOOLEANS, ~BOOLEANS, ~BOOLEANS, row == BOOLEANS, row != BOOLEANS]
    for a, b in zip(got, want, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("name", [*ARITHMETIC, "matmul"])
def test_an_array_on_the_left_makes_one_tensor(name, graph):
    x = gc.placeholder(gc.float32, [2, 2])
    y = getattr(operator, name)(np.ones((2, 2), np.float32), x)
    assert isinstance(y, gc.Tensor)
    assert y.shape == [2, 2]


def test_variables_have_the_same_operators():
    v = gc.Variable([[1.0, 2.0], [3.0, 4.0]], name="v")
    one = np.ones((2, 2), np.float32)
    got = run_both([v + 1.0, one - v, v @ v, v[0], -v, v > 2.0, 2.0**v])
    value = np.array([[1.0, 2.0], [3.0, 4.0]], np.float32)
    for a, b in zip(got, [value + 1, one - value, value @ value, value[0], -value, value > 2, 2**value], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6)


def test_no_truth_value_length_or_iteration():
    x, v = gc.placeholder(gc.float32, [None, 2], name="x"), gc.Variable([1.0, 2.0], name="v")
    for value in (x, v):
        with pytest.raises(TypeError, match=value.name):
            bool(value)
        with pytest.raises(TypeError, match=value.name):
            len(value)
        with pytest.raises(TypeError, match=value.name):
            np.sin(value)
        with pytest.raises(TypeError, match=value.name):
            np.asarray(value)
        with pytest.raises(TypeError, match=value.name):
            float(value)
        with pytest.raises(TypeError, match=value.name):
            int(value)
    with pytest.raises(TypeError, match="cannot be iterated"):
        iter(x)
    with pytest.raises(TypeError, match="cannot be iterated"):
        list(gc.placeholder(gc.float32))
    with pytest.raises(TypeError, match="cannot be iterated"):
        list(gc.constant(1.0))


def test_iteration_over_a_known_first_axis():
    a, b = gc.constant([[1.0, 2.0], [3.0, 4.0]])
    np.testing.assert_array_equal(run_both([a, b]), [[1.0, 2.0], [3.0, 4.0]])
    first, second = gc.Variable([5.0, 6.0])
    assert run_both([first, second]) == [5.0, 6.0]


def test_equality_is_identity():
    x = gc.placeholder(gc.float32, [2])
    assert x == x
    assert x != x + 0.0
    assert len({x, x}) == 1


@pytest.mark.parametrize("other", ["text", None, object(), [1.0, "a"], 1j, {1: 2}])
def test_operands_that_are_no_numbers(other):
    x = gc.placeholder(gc.float32, [2])
    with pytest.raises((TypeError, gc.GraphError), match=r"test_operators\.py"):
        x + other
