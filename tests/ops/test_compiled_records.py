"""Every record as native code against the interpreter: ragged sizes, special values, strided and empty feeds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import graphc as gc
from graphc.api.convert import as_node, builder
from graphc.api.define import operation
from graphc.ir.dtypes import as_dtype
from graphc.ops.record import REGISTRY, OpRecord

from .record_cases import Case, all_cases

SIZES = (0, 1, 7, 16, 17, 1000)
SPECIAL = (0.0, -0.0, 1.0, -1.0, 0.5, -2.0, 3.0, 1e-30, 1e30, -1e30, 88.0, np.inf, -np.inf, np.nan)
# Bounds of these are relative to max(1, |result|), as their documentation says.
AROUND_ZEROS = {"lgamma", "digamma", "polygamma", "logaddexp"}
CASES: dict[str, list[Case]] = {}
for _case in all_cases():
    CASES.setdefault(_case.op, []).append(_case)


def call(case: Case, *operands: Any) -> Any:
    """A primitive as a function over tensors."""

    @operation(case.op)
    def emit(*nodes: Any) -> Any:
        return builder().emit(case.op, *map(as_node, nodes), **case.attrs)

    return emit(*operands)


def sessions() -> list[gc.Session]:
    store = gc.Store()
    return [
        gc.Session(config=gc.Config(mode=mode, cache=False, poison=mode == "compile"), store=store)
        for mode in ("compile", "interpret")
    ]


def agree(record: OpRecord, got: Any, expected: Any, terms: int = 1) -> None:
    """Equal, or within the record's bound and one rounding for each of the terms of a sum."""
    assert got.dtype == expected.dtype
    assert got.shape == expected.shape
    if got.dtype.kind != "f":
        np.testing.assert_array_equal(got, expected)
        return
    limits = np.finfo(got.dtype)
    got, expected = (np.where(np.abs(v) < limits.tiny, 0, v) for v in (got, expected))
    bound = (record.ulp[0 if got.dtype == np.float32 else 1] + 2) * limits.eps
    around = bound if record.name in AROUND_ZEROS else 0.0
    # Sums of numbers of either sign are exact to roundings of their terms, here of at most 9 in size.
    atol = around if terms == 1 else 9 * terms * limits.eps
    np.testing.assert_allclose(got, expected, rtol=bound * max(1, terms), atol=atol, equal_nan=True)


def elementwise() -> list[Any]:
    found = []
    for record in REGISTRY.values():
        if record.kind == "elementwise":
            firsts = {tuple(c.attrs.items()): c for c in CASES[record.name]}
            for case in firsts.values():
                found += [pytest.param(case, d, id=f"{case.op}-{d}-{len(found)}") for d in case.dtypes]
    return found


def operand_types(case: Case, dtype: Any) -> list[Any]:
    kinds = {"b": np.dtype(bool), "i": np.dtype(np.int32)}
    return [kinds.get(fill, np.dtype(dtype)) for fill in case.kinds]


@pytest.mark.parametrize(("case", "dtype"), elementwise())
def test_elementwise(case: Case, dtype: Any) -> None:
    """One compilation serves all sizes."""
    record, rng = case.record, np.random.default_rng(3)
    arity = len(case.shapes)
    with gc.Graph().as_default():
        xs = [gc.placeholder(as_dtype(t), [None]) for t in operand_types(case, dtype)]
        y = call(case, *xs)
        compiled, interpreted = sessions()

        def check(operands: list[Any]) -> None:
            feeds = dict(zip(xs, operands, strict=True))
            agree(record, compiled.run(y, feeds), interpreted.run(y, feeds))

        for size in SIZES:
            drawn = Case(case.op, ((size,),) * arity, case.attrs, case.fills).draw(dtype, rng)
            check(drawn)
        check([np.repeat(v, 2)[::2] for v in drawn])
        check([v.astype(v.dtype.newbyteorder(">")) for v in drawn])
        if np.dtype(dtype).kind == "f" and case.op not in ("cast", "philox", "check_finite"):
            pairs = np.array([(a, b) for a in SPECIAL for b in SPECIAL], dtype)
            columns = [pairs[:, 0], pairs[:, 1], pairs[:, 0]][:arity]
            if case.kinds.startswith("b"):
                columns = [pairs[:, 0] > 0, pairs[:, 0], pairs[:, 1]]
            check(columns)
    assert len(compiled._plans) == 1


def others() -> list[Any]:
    """Records with the element types of their cases; sources of irregular ones take long to compile, so fewer."""
    found = []
    for name, cases in CASES.items():
        kind = REGISTRY[name].kind
        if kind in ("leaf", "meta", "elementwise"):
            continue
        for dtype in dict.fromkeys(d for case in cases for d in case.dtypes):
            if kind != "irregular" or dtype.name in ("float32", "float64", "int32"):
                found.append(pytest.param(name, dtype, id=f"{name}-{dtype}"))
    return found


@pytest.mark.parametrize(("name", "dtype"), others())
def test_other_records(name: str, dtype: Any) -> None:
    """All calls of a record in one program, fed Fortran arrays where the rank allows."""
    record, rng = REGISTRY[name], np.random.default_rng(5)
    cases = [c for c in CASES[name] if dtype in c.dtypes]
    with gc.Graph().as_default():
        feeds: dict[Any, Any] = {}
        results = []
        for case in cases:
            operands = case.draw(dtype, rng)
            xs = [gc.placeholder(as_dtype(v.dtype), v.shape) for v in operands]
            feeds.update({x: np.asfortranarray(v) if v.ndim else v for x, v in zip(xs, operands, strict=True)})
            results.append(call(case, *xs))
        compiled, interpreted = sessions()
        got, expected = compiled.run(results, feeds), interpreted.run(results, feeds)
        assert compiled.report(results, list(feeds))["kernels"]["host"] == 0
    terms = 64 if name in ("sum", "prod", "matmul", "conv", "cumsum", "cumprod", "linear_scan") else 16
    for a, b in zip(got, expected, strict=True):
        agree(record, a, b, terms)
