"""Matrix-product kernels against NumPy in float64: layouts, ragged sizes, epilogues, splits, bounds."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
import pytest

from graphc.codegen.cpu.gemm.kernel import compile_contraction
from graphc.codegen.cpu.gemm.plan import choose_heights, choose_panels, exchanged
from graphc.codegen.cpu.target import HostTarget, host_target
from graphc.ir.dims import Dim, symbol
from graphc.ir.dtypes import as_dtype
from graphc.loops.expr import Affine, Expr, load
from graphc.loops.spec import Contraction, Operand, Store
from graphc.testing.kernels import CompiledKernel, avx2_target, generic_target

M, N, K = symbol("m"), symbol("n"), symbol("k")
TARGETS = {"avx512": host_target, "avx2": avx2_target, "generic": generic_target}
RAGGED = (0, 1, 7, 16, 17, 33, 100)
RNG = np.random.default_rng(7)


def target_for(isa: str) -> HostTarget:
    if isa == "avx512" and host_target().isa != isa:
        pytest.skip("this processor has no AVX-512")
    if isa == "avx2" and host_target().isa == "generic":
        pytest.skip("this processor has no AVX2")
    return TARGETS[isa]()


def contraction(
    rows: Dim,
    depth: Dim,
    columns: Dim,
    layout: str = "nn",
    dtype: str = "float32",
    *,
    value: Callable[[Expr, Affine], Expr] | None = None,
    extra: tuple[Operand, ...] = (),
    access: str = "out",
) -> Contraction:
    """A dense product; `layout` says of each operand whether it is stored transposed."""
    left = Affine(0, (1, 0, rows) if layout[0] == "t" else (depth, 0, 1))
    right = Affine(0, (0, depth, 1) if layout[1] == "t" else (0, 1, columns))
    place = Affine(0, (columns, 1))
    total = Expr("accumulator", (), dtype)
    expr = total if value is None else value(total, place)
    operands = (Operand(dtype, "in"), Operand(dtype, "in"), Operand(dtype, access), *extra)
    return Contraction((), rows, columns, depth, left, right, operands, (Store(2, place, expr, False),), dtype)


def operands(m: int, k: int, n: int, layout: str, dtype: str) -> tuple[Any, Any]:
    shapes = ((m, k), (k, n))
    arrays = []
    for shape, stored in zip(shapes, layout, strict=True):
        shape = shape[::-1] if stored == "t" else shape
        normal = RNG.normal(size=shape)
        arrays.append((normal * 4 if np.dtype(dtype).kind in "iu" else normal).astype(dtype))
    return arrays[0], arrays[1]


def plain(a: Any, b: Any, layout: str) -> tuple[Any, Any]:
    return (a.T if layout[0] == "t" else a), (b.T if layout[1] == "t" else b)


def check(got: Any, a: Any, b: Any) -> None:
    """The usual bound of a sum of products: depth * eps * |A| |B|."""
    if got.dtype.kind in "iu":
        assert (got == a @ b).all()
        return
    exact = a.astype("f8") @ b.astype("f8")
    size = np.abs(a.astype("f8")) @ np.abs(b.astype("f8"))
    bound = (a.shape[1] + 1) * np.finfo(got.dtype).eps * size
    assert (np.abs(got - exact) <= bound).all()


@lru_cache
def dense(layout: str, dtype: str, isa: str, rows: Dim = M, depth: Dim = K, columns: Dim = N) -> CompiledKernel:
    target = target_for(isa)
    return CompiledKernel(compile_contraction(contraction(rows, depth, columns, layout, dtype), "gemm", target), target)


@pytest.mark.parametrize("isa", TARGETS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("layout", ["nn", "nt", "tn", "tt"])
def test_every_layout_and_ragged_size_with_symbolic_sizes(layout: str, dtype: str, isa: str) -> None:
    kernel = dense(layout, dtype, isa)
    for m in RAGGED:
        for n in RAGGED:
            for k in (0, 1, 7, 33):
                a, b = operands(m, k, n, layout, dtype)
                got = kernel.run([a, b, np.full((m, n), np.nan, dtype)], {"m": m, "n": n, "k": k}, parts=2)[2]
                check(got, *plain(a, b, layout))


@pytest.mark.parametrize("isa", TARGETS)
@pytest.mark.parametrize(
    ("m", "k", "n"),
    [(8, 8, 1), (1, 8, 8), (1, 1, 1), (1, 100, 1), (100, 33, 1), (1, 20, 100), (2, 20, 7), (5, 9, 10), (10, 64, 33),
     (17, 16, 80), (33, 7, 112), (0, 3, 4), (3, 4, 0), (3, 0, 4)],
)  # fmt: skip
@pytest.mark.parametrize("layout", ["nn", "tt"])
def test_known_sizes(m: int, k: int, n: int, layout: str, isa: str) -> None:
    a, b = operands(m, k, n, layout, "float32")
    got = dense(layout, "float32", isa, m, k, n).run([a, b, np.full((m, n), np.nan, "f4")], {}, parts=3)[2]
    check(got, *plain(a, b, layout))


@pytest.mark.parametrize("layout", ["nn", "nt", "tn", "tt"])
def test_known_columns_with_symbolic_rows_or_depth(layout: str) -> None:
    for rows, depth in ((M, 40), (40, K)):
        kernel = dense(layout, "float32", "avx2", rows, depth, 24)
        for n in (0, 1, 5, 31):
            m, k = (n, 40) if rows is M else (40, n)
            a, b = operands(m, k, 24, layout, "float32")
            check(kernel.run([a, b, np.zeros((m, 24), "f4")], {"m": m, "k": k})[2], *plain(a, b, layout))


@pytest.mark.parametrize("isa", TARGETS)
@pytest.mark.parametrize(("m", "k", "n"), [(530, 700, 50), (9, 513, 33), (257, 256, 16), (260, 257, 1)])
def test_sums_that_continue_over_blocks(m: int, k: int, n: int, isa: str) -> None:
    a, b = operands(m, k, n, "nt", "float32")
    got = dense("nt", "float32", isa).run([a, b, np.zeros((m, n), "f4")], {"m": m, "n": n, "k": k}, parts=3)[2]
    check(got, *plain(a, b, "nt"))


def test_large_right_operand_is_packed_and_right() -> None:
    a, b = operands(40, 1030, 1040, "nn", "float32")
    kernel = dense("nn", "float32", "avx2", 40, 1030, 1040)
    assert "gemm_pack" in kernel.kernel.ir
    check(kernel.run([a, b, np.zeros((40, 1040), "f4")], {})[2], a, b)


@pytest.mark.parametrize("dtype", ["int8", "int32", "int64", "uint16", "uint64"])
@pytest.mark.parametrize("layout", ["nn", "nt"])
def test_integers_wrap(dtype: str, layout: str) -> None:
    kernel = dense(layout, dtype, "avx2")
    for m, k, n in ((3, 90, 20), (17, 5, 33)):
        a, b = operands(m, k, n, layout, dtype)
        check(kernel.run([a, b, np.zeros((m, n), dtype)], {"m": m, "n": n, "k": k})[2], *plain(a, b, layout))


def test_neither_stride_is_one() -> None:
    """Every second element of both operands."""
    spec = contraction(M, K, N)
    spec = Contraction(
        (), M, N, K, Affine(3, (4 * K, 0, 2)), Affine(1, (0, 2, 2 * N)), spec.operands, spec.stores, "float32"
    )
    kernel = CompiledKernel(compile_contraction(spec, "gemm", host_target()))
    for m, k, n in ((9, 5, 17), (20, 300, 50)):
        a, b = RNG.normal(size=(2 * m, 2 * k)).astype("f4"), RNG.normal(size=(k, 2 * n)).astype("f4")
        wide = np.zeros(a.size + 3, "f4")
        wide[3:] = a.ravel()
        shifted = np.zeros(b.size + 1, "f4")
        shifted[1:] = b.ravel()
        got = kernel.run([wide, shifted, np.zeros((m, n), "f4")], {"m": m, "k": k, "n": n})[2]
        check(got, a[::2, ::2], b[:, ::2])


# ---------------------------------------------------------------------------------------------------- epilogues


def const(value: float, dtype: str = "float32") -> Expr:
    return Expr("const", (), dtype, value)


def call(op: str, *args: Expr, dtype: str = "float32", **attrs: Any) -> Expr:
    return Expr(op, args, dtype, tuple(sorted(attrs.items())))


SIZES = [(1, 9, 1), (7, 33, 5), (17, 9, 33), (33, 40, 16), (40, 3, 100)]


def run_epilogue(spec: Contraction, arrays: list[Any], sizes: tuple[int, int, int], isa: str = "avx2") -> list[Any]:
    target = target_for(isa)
    kernel = CompiledKernel(compile_contraction(spec, "gemm", target), target)
    return kernel.run(arrays, dict(zip("mkn", sizes, strict=True)), parts=2)


@pytest.mark.parametrize("isa", TARGETS)
@pytest.mark.parametrize("sizes", SIZES)
def test_bias_residual_and_relu(sizes: tuple[int, int, int], isa: str) -> None:
    m, k, n = sizes

    def value(total: Expr, place: Affine) -> Expr:
        biased = call("add", total, load(3, Affine(0, (0, 1)), "float32"))
        scaled = call("mul", biased, load(5, Affine(0, (1, 0)), "float32"))
        return call("maximum", call("add", scaled, load(4, place, "float32")), const(0.0))

    spec = contraction(M, K, N, value=value, extra=(Operand("float32", "in"),) * 3)
    a, b = operands(m, k, n, "nn", "float32")
    bias, residual, scale = (RNG.normal(size=s).astype("f4") for s in (n, (m, n), m))
    got = run_epilogue(spec, [a, b, np.zeros((m, n), "f4"), bias, residual, scale], sizes, isa)[2]
    want = np.maximum((a.astype("f8") @ b + bias) * scale[:, None] + residual, 0)
    np.testing.assert_allclose(got, want, atol=k * 2e-6)


@pytest.mark.parametrize("isa", TARGETS)
@pytest.mark.parametrize("layout", ["tn", "nt"])
@pytest.mark.parametrize("sizes", SIZES)
def test_update_in_place(sizes: tuple[int, int, int], layout: str, isa: str) -> None:
    m, k, n = sizes

    def value(total: Expr, place: Affine) -> Expr:
        rate = load(3, Affine(0, (0, 0)), "float32")
        return call("sub", load(2, place, "float32"), call("mul", rate, total))

    spec = contraction(M, K, N, layout, value=value, extra=(Operand("float32", "in"),), access="inout")
    a, b = operands(m, k, n, layout, "float32")
    w = RNG.normal(size=(m, n)).astype("f4")
    got = run_epilogue(spec, [a, b, w, np.float32([0.25])], sizes, isa)[2]
    x, y = plain(a, b, layout)
    np.testing.assert_allclose(got, w - 0.25 * (x.astype("f8") @ y), atol=k * 2e-6)


def test_several_stores_other_types_and_mathematics() -> None:
    m, k, n = 21, 12, 37
    base = contraction(M, K, N)
    total, place = Expr("accumulator", (), "float32"), Affine(0, (N, 1))
    column = Expr("cast", (Expr("index", (), "int64", 1),), "float32", (("dtype", as_dtype("float32")),))
    size = Expr("cast", (Expr("size", (), "int64", M),), "float32", (("dtype", as_dtype("float32")),))
    stores = (
        Store(2, place, call("add", call("exp", call("mul", total, const(0.1))), size), False),
        Store(3, place, call("gt", total, column, dtype="bool"), False),
    )
    spec = Contraction((), M, N, K, base.left, base.right, (*base.operands, Operand("bool", "out")), stores, "float32")
    a, b = operands(m, k, n, "nn", "float32")
    for isa in TARGETS:
        if isa == "avx512" and host_target().isa != isa:
            continue
        _, _, value, flag = run_epilogue(spec, [a, b, np.zeros((m, n), "f4"), np.zeros((m, n), "?")], (m, k, n), isa)
        sums = a.astype("f8") @ b
        np.testing.assert_allclose(value, np.exp(0.1 * sums) + m, rtol=1e-5)
        far = np.abs(sums - np.arange(n)) > 1e-4
        assert (flag == (sums > np.arange(n)))[far].all()


@pytest.mark.parametrize("isa", TARGETS)
def test_transposed_result_and_gathered_operand(isa: str) -> None:
    """Index maps that allow no vectors: the result column by column, an operand read at a computed place."""
    m, k, n = 19, 6, 35
    base = contraction(M, K, N)
    total = Expr("accumulator", (), "float32")
    number = load(4, Affine(0, (1, 0)), "int64")
    inside = Expr("lt", (number, Expr("const", (), "int64", 3)), "bool", ())
    taken = load(3, Affine(0, (0, 0)), "float32", number, inside)
    stores = (Store(2, Affine(0, (1, M)), call("add", total, taken), False),)
    spec = Contraction(
        (), M, N, K, base.left, base.right, (*base.operands, Operand("float32", "in"), Operand("int64", "in")), stores,
        "float32",
    )  # fmt: skip
    a, b = operands(m, k, n, "nn", "float32")
    values, numbers = np.float32([1, 2, 3]), RNG.integers(0, 5, m)
    got = run_epilogue(spec, [a, b, np.zeros((n, m), "f4"), values, numbers], (m, k, n), isa)[2]
    added = np.where(numbers < 3, values[np.minimum(numbers, 2)], 0)
    np.testing.assert_allclose(got, (a.astype("f8") @ b + added[:, None]).T, atol=1e-4)


@pytest.mark.parametrize("columns", [N, 1])
def test_batch_axes_with_a_broadcast_operand(columns: Dim) -> None:
    """``x[p, q, m, k] @ w[q, k, n]``; with one column this is a batch of matrix times vector."""
    p, q, m, k, n = 3, 4, 9, 10, 1 if columns == 1 else 21
    left = Affine(0, (4 * M * K, M * K, K, 0, 1))
    right = Affine(0, (0, K * columns, 0, 1, columns))
    place = Affine(0, (4 * M * columns, M * columns, columns, 1))
    value = call("add", Expr("accumulator", (), "float32"), load(3, Affine(0, (0, 1, 0, 0)), "float32"))
    operand = tuple(Operand("float32", access) for access in ("in", "in", "out", "in"))
    spec = Contraction(
        (symbol("p"), 4), M, columns, K, left, right, operand, (Store(2, place, value, False),), "float32"
    )
    kernel = CompiledKernel(compile_contraction(spec, "gemm", host_target()))
    x, w = RNG.normal(size=(p, q, m, k)).astype("f4"), RNG.normal(size=(q, k, n)).astype("f4")
    bias = RNG.normal(size=q).astype("f4")
    sizes = {"p": p, "m": m, "k": k, "n": n}
    got = kernel.run([x, w, np.zeros((p, q, m, n), "f4"), bias], sizes, parts=5)[2]
    np.testing.assert_allclose(got, x.astype("f8") @ w + bias[:, None, None], atol=1e-4)


# ---------------------------------------------------------------------------------------------------- choices


def test_nan_and_infinity_stay_in_their_rows_and_columns() -> None:
    for layout in ("nn", "nt"):
        a, b = operands(9, 5, 20, layout, "float32")
        a[4, 2] = np.nan
        got = dense(layout, "float32", "avx2").run([a, b, np.zeros((9, 20), "f4")], {"m": 9, "k": 5, "n": 20})[2]
        assert np.isnan(got[4]).all()
        assert np.isfinite(np.delete(got, 4, axis=0)).all()


def test_kernels_of_one_program_share_their_tiles() -> None:
    import llvmlite.binding as llvm

    texts = [compile_contraction(contraction(M, 64, n, "nt"), f"k{n}", host_target()).ir for n in (32, 64)]
    context = llvm.create_context()
    linked = llvm.parse_assembly(texts[0], context)
    linked.link_in(llvm.parse_assembly(texts[1], context))
    linked.verify()
    names = [f.name for f in linked.functions if not f.is_declaration]
    assert len(names) == len(set(names))
    assert sum("gemm_tile" in name for name in names) == 2  # two heights, whatever the number of kernels
    assert sum("gemm_pack" in name for name in names) == 1


@pytest.mark.parametrize("columns", [1, 3, 10, 16, 48, 64, 80, 112, 128, 1000])
def test_panels_cover_the_columns(columns: int) -> None:
    panels = choose_panels(columns, 16, 3)
    vectors = sum(p.vectors * (p.count or 0) for p in panels)
    assert (vectors - 1) * 16 < columns <= vectors * 16
    assert [p.masks for p in panels[:-1]] == ["none"] * (len(panels) - 1)
    assert (panels[-1].masks == "none") == (columns % 16 == 0)


@pytest.mark.parametrize(("rows", "heights"), [(1, (1,)), (10, (5,)), (32, (8,)), (33, (7,)), (784, (8,)), (M, (8, 4))])
def test_heights_waste_few_rows(rows: Dim, heights: tuple[int, ...]) -> None:
    assert choose_heights(rows, 8) == heights


def test_exchanging_rows_and_columns_twice_changes_nothing() -> None:
    spec = contraction(M, K, N, "nt", value=lambda total, place: call("add", total, load(3, place, "float32")))
    assert exchanged(exchanged(spec)) == spec
