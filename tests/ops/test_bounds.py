"""Bounds of computed integers: never below a value that occurs, and none where there is none."""

import numpy as np
import pytest

from graphc.ir.dims import substitute, symbol
from graphc.ir.dtypes import bool_, float32, int8, int32, int64
from graphc.ir.types import TensorType
from graphc.ops.bounds import largest
from graphc.ops.builder import Builder

N = symbol("n")


@pytest.fixture
def b():
    return Builder()


def flags(b):
    return b.input(0, TensorType(bool_, (N,)))


def count(b, dtype=int64):
    return b.emit("sum", b.emit("cast", flags(b), dtype=dtype), axes=(0,), keepdims=False)


def test_a_count_of_flags(b):
    assert largest(count(b)) == N
    assert largest(count(b, int32) + 3) == N + 3
    assert largest(b.emit("reshape", count(b), shape=(1,))) == N


def test_counts_in_several_axes(b):
    mask = b.input(1, TensorType(bool_, (N, 4)))
    each = b.emit("sum", b.emit("cast", mask, dtype=int64), axes=(1,), keepdims=False)
    assert largest(each) == 4
    assert largest(b.emit("gather", each, b.constant(2, int64), axis=0, batch_dims=0)) == 4


def test_positions(b):
    x = b.input(2, TensorType(float32, (N,)))
    assert largest(b.emit("argmax", x, axis=0)) == N
    assert substitute(largest(b.emit("iota", size=N, dtype=int64)), {"n": 5}) >= 4


def test_constants(b):
    assert largest(b.constant(np.array([3, 9, 1]))) == 9
    assert largest(b.constant(np.array([3, -1]))) is None


@pytest.mark.parametrize("dtype", [int32, int64])
def test_data_has_no_bound(b, dtype):
    n = b.input(3, TensorType(dtype, ()))
    assert largest(n) is None
    assert largest(n + 1) is None
    assert largest(b.emit("minimum", n, b.constant(4, dtype))) is None
    assert largest(b.emit("neg", count(b))) is None


def test_a_type_that_may_be_too_narrow(b):
    assert largest(b.emit("cast", count(b), dtype=int8)) is None
    assert largest(b.emit("cast", flags(b), dtype=int8)) == 1
