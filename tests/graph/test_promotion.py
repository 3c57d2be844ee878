"""Element types of results: tensors with tensors, Python numbers, NumPy scalars and arrays."""

import numpy as np
import pytest
from both_modes import run_both

import graphc as gc
from graphc.ir.dtypes import ALL_DTYPES, promote, weak_result

NAMES = [d.name for d in ALL_DTYPES]


@pytest.fixture(autouse=True)
def graph():
    with gc.Graph().as_default() as g:
        yield g


def _values(name):
    return np.array([1, 0, 1] if name == "bool" else [3, 1, 2], name)


@pytest.mark.parametrize("left", NAMES)
def test_tensors_meet_by_the_table(left):
    x = gc.placeholder(left, [3])
    others = [gc.placeholder(name, [3]) for name in NAMES]
    pairs = [(x + y if {left, n} != {"bool"} else x | y) for n, y in zip(NAMES, others, strict=True)]
    less = [x < y for y in others]
    for name, total, compared in zip(NAMES, pairs, less, strict=True):
        assert total.dtype == promote(x.dtype, gc.placeholder(name, []).dtype)
        assert compared.dtype == gc.bool
    feeds = {x: _values(left)} | {y: _values(n) for n, y in zip(NAMES, others, strict=True)}
    sums, smaller = run_both([pairs, less], feeds)
    for name, a, b in zip(NAMES, sums, smaller, strict=True):
        want = _values(left) + _values(name)
        assert a.tolist() == want.tolist(), name
        assert b.tolist() == (_values(left) < _values(name)).tolist(), name


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("number", [True, 2, 2.5])
def test_python_numbers_take_the_type_of_the_tensor_and_lift_its_kind(name, number):
    x = gc.placeholder(name, [3])
    # Arithmetic of booleans is that of int32.
    want = weak_result(x.dtype if name != "bool" else gc.int32, number)
    for y in (gc.multiply(x, number), gc.multiply(number, x), gc.maximum(x, number)):
        assert y.dtype == want


@pytest.mark.parametrize("name", NAMES)
def test_numpy_values_of_the_same_kind_take_the_type_of_the_tensor(name):
    x = gc.placeholder(name, [3])
    for other in ALL_DTYPES:
        for value in (np.ones(3, other.name), other.np.type(1)):
            want = x.dtype if other.kind == x.dtype.kind else promote(x.dtype, other)
            if want == gc.bool:
                continue  # arithmetic of booleans is that of int32
            assert gc.maximum(x, value).dtype == want, other
            assert gc.maximum(value, x).dtype == want, other


@pytest.mark.parametrize("name", NAMES[1:])
def test_true_division(name):
    x = gc.placeholder(name, [3])
    want = "float64" if name in ("float64", "int32", "int64", "uint32", "uint64") else "float32"
    assert (x / x).dtype == want
    assert (x / 2).dtype == want
    assert (2 / x).dtype == want


def test_floating_functions_of_integers():
    small, wide = gc.placeholder(gc.int8, []), gc.placeholder(gc.int32, [])
    assert gc.exp(small).dtype == "float32"
    assert gc.exp(wide).dtype == "float64"
    assert gc.sqrt(2).dtype == "float32"
    a, b, c = run_both([gc.exp(small), gc.exp(wide), gc.sqrt(2)], {small: 1, wide: 1})
    np.testing.assert_allclose(a, np.exp(1.0), rtol=2e-7)
    np.testing.assert_allclose(b, np.exp(1.0), rtol=1e-15)
    assert c == np.sqrt(np.float32(2))


@pytest.mark.parametrize(
    ("value", "dtype"),
    [(1, "int32"), (1.5, "float32"), (True, "bool"), ([1, 2], "int32"), ([1, 2.5], "float32"), ([], "float32"),
     (2**40, "int64"), (np.float64(1), "float64"), (np.arange(3), "int64"), ([np.float64(1.0), 2.0], "float64"),
     (np.array([1, 2], ">f8"), "float64"), (np.uint8(3), "uint8")],
)  # fmt: skip
def test_types_of_constants(value, dtype):
    x = gc.constant(value)
    assert x.dtype == dtype
    np.testing.assert_array_equal(run_both(x), value)
    assert gc.Variable(value, name="v").dtype == dtype


@pytest.mark.parametrize("number", [300, -129])
def test_python_numbers_beyond_the_type_of_the_tensor_are_refused(number):
    x = gc.placeholder(gc.int8, [3])
    with pytest.raises((gc.GraphError, TypeError), match=r"test_promotion\.py"):
        x + number


def test_casts_round_towards_zero_and_back():
    x = gc.placeholder(gc.float32, [4])
    value = np.array([1.9, -1.9, 0.5, -0.5], np.float32)
    a, b, c = run_both(
        [gc.cast(x, gc.int32), gc.cast(x, gc.bool), gc.cast(gc.cast(x, gc.int8), gc.float64)], {x: value}
    )
    assert a.tolist() == [1, -1, 0, 0]
    assert b.tolist() == [True] * 4
    assert c.tolist() == [1.0, -1.0, 0.0, 0.0]
    assert c.dtype == np.float64
