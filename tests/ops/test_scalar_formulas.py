"""The scalar code of every elementwise record, run on NumPy arrays, against its reference."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from graphc.codegen.numpy_dialect import NumpyDialect
from graphc.ops.record import REGISTRY, OpRecord

from .record_cases import Case, all_cases

RECORDS = [r for r in REGISTRY.values() if r.kind == "elementwise"]
ATTRIBUTES: dict[str, list[dict[str, Any]]] = {
    name: [dict(t) for t in dict.fromkeys(tuple(c.attrs.items()) for c in all_cases() if c.op == name)]
    for name in {r.name for r in RECORDS}
}
SPECIAL = (0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.0, -2.0, 3.0, 1e-30, -1e-30, 1e30, -1e30, 88.0, np.inf, -np.inf, np.nan)
#: Bounds of these are relative to max(1, |result|), as their documentation says.
AROUND_ZEROS = {"lgamma", "digamma", "logaddexp"}


def run(record: OpRecord, operands: list[Any], attrs: dict[str, Any]) -> tuple[Any, Any]:
    """Scalar code and reference; operands are arrays of one shape."""
    assert record.scalar is not None
    with np.errstate(all="ignore"):
        got = np.asarray(record.scalar(NumpyDialect(), *operands, **attrs))
        if got.dtype.kind == "f" and record.name not in ("add", "sub", "mul", "div", "cast", "select"):
            # The reference in the next wider type, rounded once.
            wide = [o.astype(np.float64) if o.dtype == np.float32 else o for o in operands]
            return got, np.asarray(record.evaluate(*wide, **attrs)).astype(got.dtype)
        return got, np.asarray(record.evaluate(*operands, **attrs)).astype(got.dtype)


def within(record: OpRecord, got: Any, expected: Any) -> None:
    """Equal, or within the record's bound in units in the last place; NaN, infinities and dtype agree."""
    if got.dtype.kind != "f":
        np.testing.assert_array_equal(got, expected)
        return
    finite = np.isfinite(expected) & np.isfinite(got)
    assert (finite | (got == expected) | (np.isnan(got) & np.isnan(expected))).all()
    bound = record.ulp[0 if got.dtype == np.float32 else 1]
    limits = np.finfo(got.dtype)
    size = np.maximum(np.abs(expected[finite]), 1.0 if record.name in AROUND_ZEROS else limits.tiny)
    units = np.abs(got[finite].astype(np.longdouble) - expected[finite]) / np.spacing(size)
    assert units.max(initial=0) <= bound + 1, f"{units.max()} ulp, allowed {bound} and 1 for the reference"


def calls(dtypes: str) -> list[Any]:
    return [
        pytest.param(
            record, np.dtype(name), attrs, id=f"{record.name}-{name}-{len(attrs) and next(iter(attrs.values()))}"
        )
        for record in RECORDS
        for name in ("float32", "float64", "int32", "int8", "uint8", "int64", "uint32", "uint64", "bool")
        for attrs in ATTRIBUTES[record.name]
        if np.dtype(name).kind in record.dtypes and np.dtype(name).kind in dtypes
        if record.name != "philox" or name == "uint32"
    ]


@pytest.mark.parametrize(("record", "dtype", "attrs"), calls("biuf"))
def test_on_the_sampled_domain(record: OpRecord, dtype: Any, attrs: dict[str, Any]) -> None:
    fills = {"select": "bxx", "check_true": "t"}.get(record.name, "")
    case = Case(record.name, ((4001,),) * len(record.sample), attrs, fills)
    got, expected = run(record, case.draw(dtype, np.random.default_rng(7)), attrs)
    assert got.dtype == np.asarray(expected).dtype
    within(record, got, expected)


# What is not finite has no value.
@pytest.mark.parametrize(
    ("record", "dtype", "attrs"),
    [c for c in calls("f") if c.values[0].name != "check_finite"],  # type: ignore[union-attr]
)
def test_on_special_values(record: OpRecord, dtype: Any, attrs: dict[str, Any]) -> None:
    values = np.array(SPECIAL, dtype)
    arity = len(record.sample) - (record.name == "select")
    columns = [np.array(c, dtype) for c in zip(*itertools.product(values, repeat=arity), strict=True)]
    if record.name == "select":
        columns.insert(0, np.arange(len(columns[0])) % 2 == 0)
    got, expected = run(record, columns, attrs)
    within(record, got, expected)


def test_indices_out_of_range_are_refused() -> None:
    record = next(r for r in RECORDS if r.name == "check_index")
    for wrong in (-1, 5):
        with pytest.raises(IndexError, match=rf"value {wrong} at position \[2\] is out of range for 5 classes"):
            record.evaluate(np.array([0, 4, wrong]), size=5)


# An index that is out of range has no value.
@pytest.mark.parametrize(
    ("record", "dtype", "attrs"),
    [c for c in calls("iu") if c.values[0].name != "check_index"],  # type: ignore[union-attr]
)
def test_on_extreme_integers(record: OpRecord, dtype: Any, attrs: dict[str, Any]) -> None:
    limits = np.iinfo(dtype)
    values = np.array([0, 1, 2, 3, 7, 31, limits.max - 1, limits.max, limits.min, limits.min // 2], dtype)
    if limits.min < 0:
        values = np.append(values, np.array([-1, -2, -7], dtype))
    arity = len(record.sample) - (record.name == "select")
    columns = [np.array(c, dtype) for c in zip(*itertools.product(values, repeat=arity), strict=True)]
    if record.name == "select":
        columns.insert(0, np.arange(len(columns[0])) % 2 == 0)
    got, expected = run(record, columns, attrs)
    within(record, got, expected)
