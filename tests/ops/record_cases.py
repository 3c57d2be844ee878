"""One or more calls of every record, from which the systematic tests are generated."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import graphc.ops  # noqa: F401 - registers the records
from graphc.ir.dtypes import BY_NAME, bool_, float32, float64, int32, int64
from graphc.ops.record import REGISTRY, OpRecord


@dataclass(frozen=True)
class Case:
    """A call: shapes of the operands, attributes, and what the operands hold.

    `fills` has one entry per operand: ``"x"`` values of the tested type from the record's interval, ``"i"`` int32
    values from it, ``"b"`` booleans, ``"s"`` values of the tested type in ascending rows, ``"1"`` a single zero,
    ``"t"`` True.
    """

    op: str
    shapes: tuple[tuple[int, ...], ...]
    attrs: dict[str, Any] = field(default_factory=dict)
    fills: str = ""
    twice: bool = True
    symbolic: bool = True

    @property
    def record(self) -> OpRecord:
        return REGISTRY[self.op]

    @property
    def kinds(self) -> str:
        return self.fills or "x" * len(self.shapes)

    @property
    def dtypes(self) -> list[Any]:
        """Element types the call is tested with."""
        names = {"f": ("float32", "float64"), "i": ("int32", "int8"), "u": ("uint8", "uint64"), "b": ("bool",)}
        if self.op == "philox":
            return [np.dtype("uint32")]
        kinds = self.record.dtypes if self.attrs.get("mode", "set") == "set" else "iuf"
        return [BY_NAME[name].np for kind in reversed(kinds) for name in names[kind]]

    def draw(self, dtype: Any, rng: np.random.Generator, lead: tuple[tuple[int, ...], ...] | None = None) -> list[Any]:
        """Operands; `lead` gives leading axes to add to each."""
        sample = self.record.sample
        found = []
        for k, (shape, fill) in enumerate(zip(self.shapes, self.kinds, strict=True)):
            low, high = sample[min(k, len(sample) - 1)]
            shape = (lead[k] if lead else ()) + shape
            if fill == "b":
                found.append(rng.random(shape) < 0.5)
            elif fill == "i":
                found.append(rng.integers(math.ceil(low), math.floor(high) + 1, shape).astype(np.int32))
            elif fill == "t":
                found.append(np.ones(shape, bool))
            elif fill == "1":
                found.append(np.zeros(shape, dtype))
            else:
                values = rng.uniform(low, high, shape)
                if np.dtype(dtype).kind in "iu":
                    values = np.round(values if np.dtype(dtype).kind == "i" else np.abs(values))
                    values = np.where((values == 0) & (low > 0), 1, values)
                values = np.sort(values, -1) if fill == "s" else values
                found.append((values > 0 if np.dtype(dtype).kind == "b" else values).astype(dtype))
        return found

    def __str__(self) -> str:
        sizes = ".".join("x".join(map(str, s)) or "-" for s in self.shapes)
        attrs = ",".join(f"{k}={v}" for k, v in self.attrs.items())
        return f"{self.op}[{sizes}]{attrs}".replace(" ", "")


def _elementwise(record: OpRecord) -> Iterator[Case]:
    arity = len(record.sample)
    fills = {"select": "bxx", "check_true": "t"}.get(record.name, "")
    extra: list[dict[str, Any]] = [{}]
    if record.name == "cast":
        extra = [{"dtype": d} for d in (float64, float32, int32, int64, bool_)]
    elif record.name == "philox":
        extra = [{"key": 12345, "word": 0}, {"key": 2**31, "word": 1}]
    elif record.name == "check_index":
        extra = [{"size": 5}]
    elif record.name in ("check_finite", "check_true"):
        extra = [{"message": "checked"}]
    elif record.name == "polygamma":
        extra = [{"order": n} for n in (1, 2, 3)]
    for attrs in extra:
        for shape in ((1,), (7,), (16,), (17,), (0,), (2, 3), ()):
            yield Case(record.name, (shape,) * arity, attrs, fills)
        if arity > 1:
            yield Case(record.name, ((3, 1), (1, 4), (3, 4))[:arity], attrs, fills)
            yield Case(record.name, ((4,), (2, 3, 4), ())[:arity], attrs, fills)


def _reductions(record: OpRecord) -> Iterator[Case]:
    fills = "b" if record.dtypes == "b" else ""
    for shape in ((7,), (3, 4), (2, 3, 4), (1, 17)):
        rank = len(shape)
        if record.name.startswith("arg"):
            for axis in range(rank):
                yield Case(record.name, (shape,), {"axis": axis})
            continue
        for axes in {(0,), (rank - 1,), tuple(range(rank)), (), (0, rank - 1) if rank > 2 else (0,)}:
            for keepdims in (False, True):
                yield Case(record.name, (shape,), {"axes": axes, "keepdims": keepdims}, fills)
    if not record.name.startswith("arg"):
        yield Case(record.name, ((0, 3),), {"axes": (0,), "keepdims": False}, fills)


def _views() -> Iterator[Case]:
    for op in ("identity", "stop_gradient"):
        yield Case(op, ((3, 4),))
    yield Case("reshape", ((6, 4),), {"shape": (2, 12)}, symbolic=False)
    yield Case("reshape", ((0, 4),), {"shape": (2, 0)}, symbolic=False)
    yield Case("transpose", ((2, 3, 4),), {"perm": (2, 0, 1)})
    yield Case("broadcast_to", ((3, 1),), {"shape": (2, 3, 5)}, symbolic=False)
    yield Case("broadcast_to", ((),), {"shape": (7,)}, symbolic=False)
    yield Case("slice", ((7, 5),), {"start": (1, 0), "stop": (7, 5), "step": (2, 3)}, symbolic=False)
    yield Case("slice", ((7,),), {"start": (5,), "stop": (2,), "step": (1,)}, symbolic=False)
    yield Case("reverse", ((3, 4),), {"axes": (0,)})
    yield Case("reverse", ((3, 4),), {"axes": (0, 1)})
    for shape in ((4, 3), (2, 3, 3), (0, 3)):
        yield Case("diag_part", (shape,))
    yield Case("diag_part", ((3, 4),))
    for low, high, interior in (((1, 2), (0, 1), (0, 0)), ((-1, 1), (2, -2), (0, 1)), ((0, 0), (0, 0), (2, 1))):
        yield Case("pad", ((4, 3), ()), {"low": low, "high": high, "interior": interior}, "x1")
    yield Case("pad", ((0, 3), ()), {"low": (1, 0), "high": (1, 0), "interior": (1, 0)}, "x1")
    yield Case("concat", ((2, 3), (4, 3), (1, 3)), {"axis": 0}, symbolic=False)
    yield Case("concat", ((2, 3), (2, 0), (2, 5)), {"axis": 1})


def _contractions() -> Iterator[Case]:
    for tx in (False, True):
        for ty in (False, True):
            attrs = {"transpose_x": tx, "transpose_y": ty}
            yield Case("matmul", ((7, 3) if tx else (3, 7), (5, 7) if ty else (7, 5)), attrs)
    plain = {"transpose_x": False, "transpose_y": False}
    yield Case("matmul", ((2, 3, 4), (4, 5)), plain)
    yield Case("matmul", ((3, 4), (2, 4, 5)), plain)
    yield Case("matmul", ((2, 1, 3, 4), (6, 4, 5)), plain)
    yield Case("matmul", ((3, 0), (0, 2)), plain)


def _indexed() -> Iterator[Case]:
    yield Case("gather", ((5,), (7,)), {"axis": 0, "batch_dims": 0}, "xi")
    yield Case("gather", ((5, 3), (2, 4)), {"axis": 0, "batch_dims": 0}, "xi")
    yield Case("gather", ((2, 5, 3), (4,)), {"axis": 1, "batch_dims": 0}, "xi")
    yield Case("gather", ((2, 3, 5), (2, 4)), {"axis": 2, "batch_dims": 1}, "xi")
    yield Case("gather", ((2, 3, 5), (2, 3, 5)), {"axis": 2, "batch_dims": 2}, "xi")
    yield Case("gather", ((5, 3), (0,)), {"axis": 0, "batch_dims": 0}, "xi")
    yield Case("gather", ((5,), ()), {"axis": 0, "batch_dims": 0}, "xi")
    nd = (
        ((3, 3, 2), (4, 2), 0),
        ((3,), (4, 1), 0),
        ((2, 3, 4), (2, 5, 1), 1),
        ((3, 2), (2, 4, 1), 0),
        ((3,), (4, 0), 0),
    )
    for x, i, lead in nd:
        yield Case("gather_nd", (x, i), {"batch_dims": lead}, "xi", symbolic=False)
    for mode in ("set", "add", "mul", "max", "min"):
        for x, i, u, axis, lead in (
            ((5,), (7,), (7,), 0, 0),
            ((5, 2), (3,), (3, 2), 0, 0),
            ((2, 5), (2, 3), (2, 3), 1, 1),
            ((2, 5, 3), (4,), (2, 4, 3), 1, 0),
        ):
            attrs = {"axis": axis, "batch_dims": lead, "mode": mode}
            yield Case("scatter", (x, i, u), attrs, "xix", twice=mode != "mul")
        for x, i, lead in nd[:-1]:
            u = i[:-1] + x[lead + i[-1] :]
            attrs = {"batch_dims": lead, "mode": mode}
            yield Case("scatter_nd", (x, i, u), attrs, "xix", twice=mode != "mul", symbolic=False)
    for x, i in (((7,), (7,)), ((7, 2), (7,)), ((2, 3, 2), (2, 3)), ((0, 2), (0,))):
        yield Case("unsorted_segment_sum", (x, i), {"segments": 5}, "xi")


def _rows() -> Iterator[Case]:
    for op in ("cumsum", "cumprod", "cummax", "cummin"):
        for exclusive in (False, True):
            for reverse in (False, True):
                flags = {"exclusive": exclusive, "reverse": reverse}
                yield Case(op, ((7,),), {"axis": 0} | flags)
                yield Case(op, ((2, 5, 3),), {"axis": 1} | flags)
        yield Case(op, ((3, 0),), {"axis": 1, "exclusive": True, "reverse": False})
    for reverse in (False, True):
        yield Case("linear_scan", ((7,), (7,)), {"axis": 0, "reverse": reverse})
        yield Case("linear_scan", ((2, 4, 3), (2, 4, 3)), {"axis": 1, "reverse": reverse})
    for n in (0, 1, 7, 16, 17):
        yield Case("sort", ((n,),), {"axis": 0})
        yield Case("sort", ((2, n, 3),), {"axis": 1})
        for descending in (False, True):
            yield Case("argsort", ((2, n),), {"axis": 1, "descending": descending, "dtype": int64})
            yield Case("argsort", ((n, 3),), {"axis": 0, "descending": descending, "dtype": int32})
        yield Case("searchsorted", ((2, n), (2, 5)), {"right": n % 2 == 0, "dtype": int64}, "sx")
        yield Case("searchsorted", ((n,), (5,)), {"right": n % 2 == 1, "dtype": int32}, "sx")
    for n, k in ((7, 3), (7, 7), (17, 1), (4, 0), (100, 70)):
        yield Case("top_k", ((2, n),), {"k": k, "dtype": int32}, symbolic=False)


def _conv(
    x: tuple[int, ...],
    w: tuple[int, ...],
    strides: tuple[int, ...] = (1, 1),
    low: tuple[int, ...] = (0, 0),
    high: tuple[int, ...] = (0, 0),
    image: tuple[int, ...] = (1, 1),
    window: tuple[int, ...] = (1, 1),
    groups: int = 1,
    batch_groups: int = 1,
) -> Case:
    attrs = {"strides": strides, "low": low, "high": high, "image_dilation": image, "window_dilation": window}
    return Case(
        "conv", (x, w), attrs | {"groups": groups, "batch_groups": batch_groups}, symbolic=groups * batch_groups == 1
    )


def _convolutions() -> Iterator[Case]:
    yield _conv((2, 5, 4, 3), (3, 2, 3, 2))
    yield _conv((1, 7, 6, 2), (3, 3, 2, 3), (2, 3), (1, 0), (1, 2))
    yield _conv((1, 5, 4, 2), (2, 2, 2, 2), (2, 1), (-1, 1), (1, -1), (2, 3), (2, 1))
    yield _conv((2, 5, 4, 4), (2, 3, 2, 6), (1, 2), (1, 1), (0, 1), groups=2)
    yield _conv((1, 4, 4, 3), (2, 2, 1, 6), groups=3)
    yield _conv((4, 4, 3, 2), (2, 2, 2, 4), (2, 1), (1, 0), (0, 0), batch_groups=2)
    yield _conv((2, 7, 3), (3, 3, 2), (2,), (1,), (1,), (1,), (2,))
    yield _conv((1, 3, 3, 3, 1), (2, 2, 2, 1, 2), (1, 2, 1), (0, 1, 0), (0, 0, 1), (1, 1, 1), (1, 1, 1))
    yield _conv((0, 5, 4, 2), (3, 2, 2, 2))
    yield _conv((2, 2, 2, 2), (3, 2, 2, 2))


def _pools() -> Iterator[Case]:
    for window, strides, low, high in (
        ((1, 2, 2, 1), (1, 2, 2, 1), (0, 0, 0, 0), (0, 0, 0, 0)),
        ((1, 3, 2, 1), (1, 1, 2, 1), (0, 1, 0, 0), (0, 1, 1, 0)),
        ((1, 2, 3, 1), (1, 3, 1, 1), (0, -1, 2, 0), (0, 1, -1, 0)),
    ):
        attrs = {"window": window, "strides": strides, "low": low, "high": high}
        for op in ("window_sum", "window_max", "window_argmax"):
            yield Case(op, ((1, 5, 4, 2),), attrs)
            yield Case(op, ((0, 5, 4, 2),), attrs)
    attrs = {"window": (2, 2), "strides": (2, 1), "low": (1, 0)}
    yield Case("window_scatter", ((3, 4), (3, 4)), {"shape": (5, 5)} | attrs, "xi", symbolic=False)
    yield Case("window_pick", ((5, 5), (3, 4)), attrs, "xi")
    yield Case("window_pick", ((7,), (6,)), {"window": (4,), "strides": (1,), "low": (0,)}, "xi")


def all_cases() -> list[Case]:
    """Every call of every record."""
    cases = [*_views(), *_contractions(), *_convolutions(), *_pools(), *_indexed(), *_rows()]
    for record in REGISTRY.values():
        if record.kind == "elementwise":
            cases += _elementwise(record)
        elif record.kind == "reduce":
            cases += _reductions(record)
    return cases
