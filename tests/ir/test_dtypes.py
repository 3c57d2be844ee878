"""The promotion table, whole."""

from __future__ import annotations

import numpy as np
import pytest

from graphc.ir.dtypes import (
    ALL_DTYPES,
    DType,
    as_dtype,
    bool_,
    float32,
    float64,
    int32,
    promote,
    promotion_table,
    weak_result,
)

#: Rows and columns in the order of ALL_DTYPES: b, i8, i16, i32, i64, u8, u16, u32, u64, f32, f64.
EXPECTED = """
b   i8  i16 i32 i64 u8  u16 u32 u64 f32 f64
i8  i8  i16 i32 i64 i16 i32 i64 f64 f32 f64
i16 i16 i16 i32 i64 i16 i32 i64 f64 f32 f64
i32 i32 i32 i32 i64 i32 i32 i64 f64 f32 f64
i64 i64 i64 i64 i64 i64 i64 i64 f64 f32 f64
u8  i16 i16 i32 i64 u8  u16 u32 u64 f32 f64
u16 i32 i32 i32 i64 u16 u16 u32 u64 f32 f64
u32 i64 i64 i64 i64 u32 u32 u32 u64 f32 f64
u64 f64 f64 f64 f64 u64 u64 u64 u64 f32 f64
f32 f32 f32 f32 f32 f32 f32 f32 f32 f32 f64
f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64
"""
SHORT = {d.name[0] + d.name.lstrip("uintfloab"): d for d in ALL_DTYPES if not d.is_bool} | {"b": bool_}
TABLE = [[SHORT[cell] for cell in line.split()] for line in EXPECTED.strip().splitlines()]


@pytest.mark.parametrize("a", range(len(ALL_DTYPES)), ids=[d.name for d in ALL_DTYPES])
def test_two_tensors_meet(a: int) -> None:
    assert [promote(ALL_DTYPES[a], b) for b in ALL_DTYPES] == TABLE[a]


def test_promotion_is_symmetric_and_keeps_every_value_of_integers() -> None:
    for a in ALL_DTYPES:
        for b in ALL_DTYPES:
            assert promote(a, b) is promote(b, a)
            joined = promote(a, b)
            if joined.is_integer and not a.is_bool:
                assert joined.min <= a.min
                assert joined.max >= a.max


def test_integers_meet_as_in_numpy() -> None:
    integers = [d for d in ALL_DTYPES if not d.is_floating]
    for a in integers:
        for b in integers:
            assert promote(a, b).np == np.promote_types(a.np, b.np)


@pytest.mark.parametrize("dtype", ALL_DTYPES, ids=lambda d: d.name)
def test_python_scalars_are_weak(dtype: DType) -> None:
    assert weak_result(dtype, True) is dtype
    assert weak_result(dtype, 2) is (int32 if dtype.is_bool else dtype)
    assert weak_result(dtype, 2.5) is (dtype if dtype.is_floating else float32)


def test_printed_table_has_every_cell() -> None:
    lines = promotion_table().splitlines()
    assert lines[0].split() == [*(d.name for d in ALL_DTYPES), "2", "2.5"]
    for row, line in zip(TABLE, lines[1:], strict=True):
        name, *cells = line.split()
        dtype = as_dtype(name)
        assert cells == [*(d.name for d in row), weak_result(dtype, 2).name, weak_result(dtype, 2.5).name]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (float, float32),
        (int, int32),
        (bool, bool_),
        ("double", float64),
        (np.float32, float32),
        (np.dtype("<i4"), int32),
    ],
)
def test_as_dtype(value: object, expected: DType) -> None:
    assert as_dtype(value) is expected
    assert expected == value or isinstance(value, type)


@pytest.mark.parametrize("value", ["half", "complex64", np.complex128, "nonsense", object()])
def test_as_dtype_refuses(value: object) -> None:
    with pytest.raises(TypeError, match="no element type"):
        as_dtype(value)


@pytest.mark.parametrize("dtype", ALL_DTYPES, ids=lambda d: d.name)
def test_limits(dtype: DType) -> None:
    assert dtype.itemsize == dtype.np.itemsize
    assert dtype.np.type(dtype.min) == dtype.min
    assert dtype.min <= dtype.max
