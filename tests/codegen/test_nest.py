"""Kernels of nests against NumPy: every template, size, element type, and what must not be touched."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st_

from graphc.codegen.cpu.target import HostTarget
from graphc.ir.dims import symbol
from graphc.ir.dtypes import ALL_DTYPES, as_dtype
from graphc.loops.expr import Affine, Expr
from graphc.loops.spec import Check, Nest
from graphc.testing.kernels import avx2_target
from graphc.testing.nests import const, index, ld, nest, op, red, st
from tests.codegen.nest_runner import Runner, reference, scalar_target

n, m, k = symbol("n"), symbol("m"), symbol("k")
SIZES = (0, 1, 7, 16, 17, 1000)
DTYPES = [d.name for d in ALL_DTYPES]
NUMBERS = [d for d in DTYPES if d != "bool"]
WIDTHS = [None, avx2_target(), scalar_target()]


def draw(rng: np.random.Generator, size: int, dtype: str) -> np.ndarray:
    if dtype.startswith("float"):
        return rng.normal(size=size).astype(dtype)
    high = 2 if dtype == "bool" else 100
    return rng.integers(0 if dtype[0] in "bu" else -100, high, size).astype(dtype)


def agree(made: Nest, runner: Runner, shapes: list[int], bindings: dict[str, int], rtol: float = 2e-6) -> None:
    """Run the kernel and NumPy on the same random operands and compare all of them."""
    rng = np.random.default_rng(len(shapes) + sum(shapes))
    arrays = [draw(rng, size, o.dtype) for size, o in zip(shapes, made.operands, strict=True)]
    expected = [a.copy() for a in arrays]
    assert runner.run(arrays, bindings, parts=3) == reference(made, expected, bindings)
    for got, want in zip(arrays, expected, strict=True):
        if got.dtype.kind == "f":
            np.testing.assert_allclose(got, want, rtol=rtol, atol=rtol)
        else:
            np.testing.assert_array_equal(got, want)


# ---------------------------------------------------------------------- elementwise


@pytest.mark.parametrize("dtype", NUMBERS)
def test_elementwise_every_number_type(dtype: str) -> None:
    x, y = ld(0, 1, dtype=dtype), ld(1, 1, dtype=dtype)
    made = nest("p", (n,), f"{dtype} {dtype} >{dtype} >bool", st(2, op("add", op("mul", x, y), x), 1),
                st(3, op("lt", x, y), 1))  # fmt: skip
    runner = Runner(made)
    for size in SIZES:
        agree(made, runner, [size] * 4, {"n": size})


@pytest.mark.parametrize("width", WIDTHS)
def test_elementwise_bool(width: HostTarget | None) -> None:
    x, y = ld(0, 1, dtype="bool"), ld(1, 1, dtype="bool")
    made = nest("p", (n,), "bool bool >bool", st(2, op("or", op("not", x), op("and", x, y)), 1))
    runner = Runner(made, width)
    for size in SIZES:
        agree(made, runner, [size] * 3, {"n": size})


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("size", [1, 3, 7, 10, 16, 17, 64, 1000])
def test_elementwise_of_known_size(size: int, width: HostTarget | None) -> None:
    made = nest("p", (size,), "float32 >float32", st(1, op("exp", ld(0, 1)), 1))
    agree(made, Runner(made, width), [size] * 2, {})


def test_mixed_types_through_casts() -> None:
    x = ld(0, 1, dtype="uint8")
    wide = op("cast", x, dtype=as_dtype("float64"))
    narrow = op("cast", op("mul", wide, const(0.5, "float64")), dtype=as_dtype("float32"))
    made = nest("p", (n,), "uint8 >float32 >int64", st(1, narrow, 1), st(2, op("cast", x, dtype=as_dtype("int64")), 1))
    runner = Runner(made)
    for size in SIZES:
        agree(made, runner, [size] * 3, {"n": size})


@pytest.mark.parametrize("cols", [1, 3, 10, 16, 33])
@pytest.mark.parametrize("fixed", [True, False])
def test_broadcast_rows_and_columns(cols: int, fixed: bool) -> None:
    width = cols if fixed else m
    expr = op("add", op("mul", ld(0, width, 1), ld(1, 1, 0)), ld(2, 0, 1))
    made = nest("pp", (n, width), "float32 float32 float32 >float32", st(3, expr, width, 1))
    runner = Runner(made)
    for rows in (0, 1, 5):
        agree(made, runner, [rows * cols, rows, cols, rows * cols], {"n": rows, "m": cols})


def test_adjacent_axes_become_one_loop() -> None:
    made = nest("ppp", (n, m, k), "float32 >float32", st(1, op("neg", ld(0, m * k, k, 1)), m * k, k, 1))
    runner = Runner(made)
    assert runner.text.extent == n * m * k
    agree(made, runner, [24, 24], {"n": 2, "m": 3, "k": 4})


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("dtype", ["float32", "uint8", "bool", "float64"])
def test_transposed_reversed_and_strided_maps(dtype: str, width: HostTarget | None) -> None:
    def same(x: Expr) -> Expr:
        return x

    turned = nest("pp", (n, m), f"{dtype} >{dtype}", st(1, same(ld(0, 1, n, dtype=dtype)), m, 1))
    agree(turned, Runner(turned, width), [17 * 35, 17 * 35], {"n": 17, "m": 35})
    backward = nest("p", (n,), f"{dtype} >{dtype}", st(1, ld(0, -1, base=n - 1, dtype=dtype), 1))
    spread = nest("p", (n,), f"{dtype} >{dtype}", st(1, ld(0, 3, base=1, dtype=dtype), 2))
    for size in (1, 16, 35):
        agree(backward, Runner(backward, width), [size, size], {"n": size})
        agree(spread, Runner(spread, width), [3 * size, 2 * size], {"n": size})


@pytest.mark.parametrize("width", WIDTHS)
def test_gather_rows_and_elements(width: HostTarget | None) -> None:
    row = ld(1, 1, 0, dtype="int64")
    rows = nest("pp", (n, m), "float32 int64 >float32",
                st(2, ld(0, 0, 1, dynamic=op("mul", row, Expr("size", (), "int64", m))), m, 1))  # fmt: skip
    elements = nest("p", (n,), "float32 int64 >float32", st(2, ld(0, 0, dynamic=ld(1, 1, dtype="int64")), 1))
    rng = np.random.default_rng(0)
    table = rng.normal(size=8 * 35).astype("f4")
    for made, count, limit in ((rows, 5, 8), (elements, 35, 8 * 35)):
        where = rng.integers(0, limit, count)
        out = np.zeros(count * 35 if made is rows else count, "f4")
        arrays = [table.copy(), where, out]
        expected = [a.copy() for a in arrays]
        bindings = {"n": count, "m": 35}
        assert Runner(made, width).run(arrays, bindings, 2) == reference(made, expected, bindings) == 0
        np.testing.assert_array_equal(arrays[2], expected[2])


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("size", [0, 1, 13, 40])
def test_padding_reads_nothing_outside(size: int, width: HostTarget | None) -> None:
    inside = op("and", op("ge", index(0), const(5, "int64")), op("lt", index(0), op("add", const(5, "int64"),
                Expr("size", (), "int64", n))))  # fmt: skip
    made = nest("p", (n + 9,), "float32 >float32", st(1, ld(0, 1, base=-5, dynamic=None, guard=inside), 1))
    runner = Runner(made, width)
    x, out = np.arange(1, size + 1, dtype="f4"), np.full(size + 9, 7, "f4")
    pointers = [x.ctypes.data if size else 0, out.ctypes.data]  # null: an operand of no elements
    assert runner.raw(pointers, {"n": size}, 0, size + 9) == 0
    np.testing.assert_array_equal(out, np.pad(x, (5, 4)))


@pytest.mark.parametrize("width", WIDTHS)
def test_guarded_gather_with_wild_positions(width: HostTarget | None) -> None:
    where = ld(1, 1, dtype="int64")
    inside = op("and", op("ge", where, const(0, "int64")), op("lt", where, Expr("size", (), "int64", m)))
    made = nest("p", (n,), "float64 int64 >float64", st(2, ld(0, 0, dtype="float64", dynamic=where, guard=inside), 1))
    x, rng = np.arange(1.0, 6.0), np.random.default_rng(1)
    for size in SIZES:
        where_ = rng.integers(-(2**60), 2**60, size)
        where_[::3] = rng.integers(0, 5, len(where_[::3]))
        out = np.zeros(size)
        assert Runner(made, width).run([x, where_, out], {"n": size, "m": 5}, 2) == 0
        good = (where_ >= 0) & (where_ < 5)
        np.testing.assert_array_equal(out, np.where(good, x[np.where(good, where_, 0)], 0))


@pytest.mark.parametrize("width", WIDTHS)
def test_failed_check_returns_its_status_before_reading(width: HostTarget | None) -> None:
    where = ld(1, 1, dtype="int64")
    holds = op("and", op("ge", where, const(0, "int64")), op("lt", where, const(4, "int64")))
    made = nest("p", (n,), "float32 int64 >float32", st(2, ld(0, 0, dynamic=where), 1), checks=(Check(holds, 77),))
    runner = Runner(made, width)
    for size in SIZES:
        x, where_, out = np.arange(4, dtype="f4"), np.zeros(size, np.int64), np.zeros(size, "f4")
        assert runner.run([x, where_, out], {"n": size}) == 0
        if size:
            where_[size - 1] = 2**50  # would be far outside of the address space of x
            assert runner.run([x, where_, out], {"n": size}) == 77


def test_in_place_update_reads_before_it_writes() -> None:
    value = ld(0, 1)
    made = nest("p", (n,), "+float32 float32", st(0, op("sub", value, op("mul", ld(1, 1), const(0.1))), 1))
    runner = Runner(made)
    for size in SIZES:
        agree(made, runner, [size, size], {"n": size})


def test_several_outputs_and_scalars() -> None:
    scalar = ld(1, 0)
    x = ld(0, 1)
    made = nest("p", (n,), "float32 float32 >float32 >float32", st(2, op("mul", x, op("exp", scalar)), 1),
                st(3, op("add", x, scalar), 1))  # fmt: skip
    agree(made, Runner(made), [100, 1, 100, 100], {"n": 100})


def test_nest_without_axes() -> None:
    made = nest("", (), "float64 >float64", st(1, op("exp", ld(0, dtype="float64"))))
    runner = Runner(made)
    assert runner.text.extent == 1
    agree(made, runner, [1, 1], {})


def test_nan_and_infinity_pass_as_in_numpy() -> None:
    special = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1e30, -3.0] * 5, "f4")
    x, y = ld(0, 1), ld(1, 1)
    made = nest("p", (n,), "float32 float32 >float32 >float32 >float32 >bool", st(2, op("maximum", x, y), 1),
                st(3, op("relu", x), 1), st(4, op("sub", op("mul", x, x), y), 1), st(5, op("ge", x, y), 1))  # fmt: skip
    arrays = [special, np.roll(special, 3), *(np.zeros(35, "f4") for _ in range(3)), np.zeros(35, bool)]
    expected = [a.copy() for a in arrays]
    assert Runner(made).run(arrays, {"n": 35}) == reference(made, expected, {"n": 35})
    for got, want in zip(arrays, expected, strict=True):
        np.testing.assert_array_equal(got, want)


def test_difference_of_a_product_is_not_contracted() -> None:
    # softmax of x * c in two kernels: the maximum of the rounded product must give exp(0) = 1, not more.
    x = np.float32([1.1e19, 1.0000001e19, 3.3333e18])
    c = np.float32(1.7e19)
    made = nest(
        "p", (n,), "float32 float32 float32 >float32", st(3, op("sub", op("mul", ld(0, 1), ld(1, 0)), ld(2, 0)), 1)
    )
    top, out = (x * c).max(keepdims=True), np.zeros(3, "f4")
    assert Runner(made).run([x, np.array([c]), top, out], {"n": 3}) == 0
    np.testing.assert_array_equal(out, x * c - top)


UNARY = ("neg", "abs", "square", "exp", "relu", "sign", "sqrt", "reciprocal")
BINARY = ("add", "sub", "mul", "div", "maximum", "minimum", "floordiv", "mod")


@st_.composite
def random_nests(draw: st_.DrawFn) -> tuple[Nest, int]:
    """A random graph of elementwise operations over broadcast, transposed and shifted operands of one float type."""
    dtype = draw(st_.sampled_from(["float32", "float64"]))
    maps = [(m, 1), (0, 1), (1, 0), (0, 0), (1, n), (2 * m, 2)]
    values = [ld(k, *draw(st_.sampled_from(maps)), dtype=dtype, base=draw(st_.integers(0, 3))) for k in range(3)]
    for _ in range(draw(st_.integers(1, 12))):
        a, b, c = (draw(st_.sampled_from(values)) for _ in range(3))
        shape = draw(st_.sampled_from(["unary", "binary", "select", "cast"]))
        if shape == "unary":
            values.append(op(draw(st_.sampled_from(UNARY)), a))
        elif shape == "binary":
            values.append(op(draw(st_.sampled_from(BINARY)), a, b))
        elif shape == "select":
            values.append(op("select", op(draw(st_.sampled_from(["lt", "ge", "eq"])), a, b), b, c))
        else:
            values.append(op("cast", op("cast", a, dtype=as_dtype("int32")), dtype=as_dtype(dtype)))
    stores = [st(3, values[-1], m, 1), st(4, draw(st_.sampled_from(values)), 1, n)]
    return nest("pp", (n, m), f"{dtype} {dtype} {dtype} >{dtype} >{dtype}", *stores), draw(
        st_.sampled_from([1, 7, 16, 33])
    )


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(random_nests(), st_.sampled_from(WIDTHS))
def test_random_elementwise_graphs(case: tuple[Nest, int], width: HostTarget | None) -> None:
    made, cols = case
    rows, rng = 5, np.random.default_rng(0)
    dtype = made.operands[0].dtype
    arrays = [rng.normal(size=2 * rows * cols + 8).astype(dtype) for _ in range(3)]
    arrays += [np.zeros(rows * cols, dtype) for _ in range(2)]
    expected = [a.copy() for a in arrays]
    bindings = {"n": rows, "m": cols}
    assert Runner(made, width).run(arrays, bindings, 2) == reference(made, expected, bindings) == 0
    # A contracted product may round differently, and a step function may then step differently: few elements may.
    for got, want in zip(arrays[3:], expected[3:], strict=True):
        with np.errstate(all="ignore"):
            close = np.isclose(got, want, rtol=1e-3 if dtype == "float32" else 1e-9, atol=1e-3, equal_nan=True)
        assert close.mean() > 0.9


# ---------------------------------------------------------------------- reductions

FOLDS = [("sum", NUMBERS), ("prod", NUMBERS), ("max", NUMBERS), ("min", NUMBERS), ("any", ["bool"]), ("all", ["bool"]),
         ("argmax", DTYPES), ("argmin", DTYPES)]  # fmt: skip
LAYOUTS = {
    "rows": ("pr", (n, m), (m, 1), (1, 0)),
    "columns": ("pr", (m, n), (1, m), (1, 0)),
    "middle": ("ppr", (k, m, n), (n * m, 1, m), (m, 1, 0)),
    "ends": ("prr", (m, n, k), (k, m * k, 1), (1, 0, 0)),
    "everything": ("rr", (n, m), (m, 1), (0, 0)),
    "strided": ("pr", (n, m), (2 * m, 2), (1, 0)),
}


def reduction(layout: str, kind: str, dtype: str) -> Nest:
    axes, sizes, strides, out = LAYOUTS[layout]
    value = red(kind, ld(0, *strides, dtype=dtype))
    return nest(axes, sizes, f"{dtype} >{value.dtype}", st(1, value, *out))


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(("kind", "dtypes"), FOLDS, ids=[f[0] for f in FOLDS])
def test_reductions(layout: str, kind: str, dtypes: list[str]) -> None:
    chosen = ["float32", dtypes[len(kind) % len(dtypes)]] if "float32" in dtypes else dtypes[:1]
    for dtype in dict.fromkeys(chosen):
        made = reduction(layout, kind, dtype)
        runner = Runner(made)
        for rows, cols in ((3, 1), (1, 7), (7, 16), (5, 17), (2, 130), (40, 33)):
            total = rows * cols * 2 * 2
            agree(made, runner, [total, max(rows, cols) * 2], {"n": rows, "m": cols, "k": 2}, 2e-5)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("layout", ["rows", "columns", "ends"])
@pytest.mark.parametrize("kind", ["sum", "max", "argmin"])
def test_reductions_at_every_width(layout: str, kind: str, width: HostTarget | None) -> None:
    made = reduction(layout, kind, "float64")
    runner = Runner(made, width)
    for rows, cols in ((3, 1), (5, 17), (40, 33)):
        agree(made, runner, [rows * cols * 4, max(rows, cols) * 2], {"n": rows, "m": cols, "k": 2})


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kind", ["sum", "max", "argmax"])
def test_row_reductions_of_every_type(kind: str, dtype: str) -> None:
    if dtype == "bool" and kind != "argmax":
        kind = "any"
    made = reduction("rows", kind, dtype)
    runner = Runner(made)
    for cols in (1, 7, 16, 17, 1000):
        agree(made, runner, [3 * cols, 3], {"n": 3, "m": cols}, 2e-5)


@pytest.mark.parametrize("cols", [1, 2, 5, 10, 16, 17, 31, 32, 48, 64, 100, 1000])
def test_a_known_size_gives_the_same_bits(cols: int) -> None:
    rng = np.random.default_rng(cols)
    x = rng.normal(size=3 * cols).astype("f4")
    results = []
    for size in (cols, m):
        made = nest("pr", (3, size), "float32 >float32 >float32", st(1, red("sum", ld(0, size, 1)), 1, 0),
                    st(2, red("sum", op("exp", ld(0, size, 1))), 1, 0))  # fmt: skip
        out, other = np.zeros(3, "f4"), np.zeros(3, "f4")
        assert Runner(made).run([x, out, other], {"m": cols}) == 0
        results.append(np.concatenate([out, other]))
    np.testing.assert_array_equal(*results)
    np.testing.assert_allclose(results[0][:3], x.reshape(3, cols).astype("f8").sum(1), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("layout", "rows", "cols"), [("rows", 2, 100_003), ("columns", 70_001, 5), ("ends", 300, 77),
                                                      ("everything", 2, 2_000_003)])  # fmt: skip
def test_long_sums_are_pairwise(layout: str, rows: int, cols: int) -> None:
    made = reduction(layout, "sum", "float32")
    middle = 70 if layout == "ends" else 1
    x = np.random.default_rng(0).uniform(0.5, 1.5, rows * cols * middle).astype("f4")
    size = {"rows": rows, "columns": cols, "ends": cols, "everything": 1}[layout]
    out = np.zeros(size, "f4")
    bindings = {"n": rows, "m": cols, "k": middle}
    assert Runner(made).run([x, out], bindings, parts=2 if size > 1 else 1) == 0
    shape = {"rows": (rows, cols), "columns": (rows, cols), "ends": (rows, cols, middle), "everything": (1, -1)}[layout]
    summed = {"rows": 1, "columns": 0, "ends": (0, 2), "everything": 1}[layout]
    expected = x.astype("f8").reshape(shape).sum(summed)
    np.testing.assert_allclose(out, expected, rtol=6e-7)


def test_dividing_the_range_does_not_change_a_sum() -> None:
    x = np.random.default_rng(0).normal(size=9 * 5001).astype("f4")
    for layout, rows, cols in (("rows", 9, 5001), ("columns", 5001, 9)):
        runner = Runner(reduction(layout, "sum", "float32"))
        results = []
        for parts in (1, 2, 9):
            out = np.zeros(9, "f4")
            assert runner.run([x, out], {"n": rows, "m": cols}, parts) == 0
            results.append(out)
        np.testing.assert_array_equal(results[0], results[1])
        np.testing.assert_array_equal(results[0], results[2])


@pytest.mark.parametrize("layout", ["rows", "columns"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_reductions_of_nan_and_infinity(layout: str, dtype: str) -> None:
    rows, cols = (6, 35) if layout == "rows" else (35, 6)
    x = np.random.default_rng(3).normal(size=(6, 35)).astype(dtype)
    x[0, 20] = x[0, 30] = np.nan
    x[1, 3], x[1, 4] = np.inf, -np.inf
    x[2] = -np.inf
    x[3] = np.inf
    x[4, 7] = x[4, 29] = 9
    flat = np.ascontiguousarray(x if layout == "rows" else x.T).ravel()
    for kind in ("max", "min", "argmax", "argmin", "sum", "prod"):
        made = reduction(layout, kind, dtype)
        out = np.zeros(6, made.operands[1].dtype)
        assert Runner(made).run([flat, out], {"n": rows, "m": cols}) == 0
        with np.errstate(all="ignore"):
            np.testing.assert_allclose(out, getattr(x, kind)(1), rtol=1e-4 if dtype == "float32" else 1e-12)


@pytest.mark.parametrize("layout", ["rows", "columns", "everything"])
def test_reductions_of_nothing(layout: str) -> None:
    for kind, empty in (("sum", 0), ("prod", 1), ("max", -np.inf), ("min", np.inf)):
        out = np.full(3, 7, "f4")
        bindings = {"n": 3, "m": 0} if layout == "rows" else {"n": 0, "m": 3}
        assert Runner(reduction(layout, kind, "float32")).run([np.zeros(0, "f4"), out], bindings) == 0
        np.testing.assert_array_equal(out, [empty] * 3 if layout != "everything" else [empty, 7, 7])


# ---------------------------------------------------------------------- several passes


def softmax(x: Expr) -> tuple[Expr, Expr]:
    e = op("exp", op("sub", x, red("max", x)))
    return op("div", e, red("sum", e)), red("sum", e)


ROWS = (1, 2, 7, 10, 16, 17, 64, 65, 1000, 5000)


@pytest.mark.parametrize("access", [">", "+"])
@pytest.mark.parametrize("fixed", [True, False])
@pytest.mark.parametrize("axis", [0, 1])
def test_softmax(axis: int, fixed: bool, access: str) -> None:
    """Rows and columns; also in place, where nothing may be kept in the output."""
    for size in ROWS if axis else (1, 7, 600):
        depth = size if fixed else m
        strides = (depth, 1) if axis else (1, n)
        source = 1 if access == "+" else 0
        made = nest(
            "pr", (n, depth), f"float32 {access}float32", st(1, softmax(ld(source, *strides))[0], *strides, full=True)
        )
        agree(made, Runner(made), [5 * size, 5 * size], {"n": 5, "m": size})


@pytest.mark.parametrize("fixed", [True, False])
def test_cross_entropy_and_its_gradient(fixed: bool) -> None:
    for size in (1, 10, 33, 1000):
        depth = size if fixed else m
        x = ld(0, depth, 1)
        label = ld(1, 1, 0, dtype="int64")
        p, total = softmax(x)
        hit = op("cast", op("eq", index(1), label), dtype=as_dtype("float32"))
        loss = op("sub", op("add", op("log", total), red("max", x)), ld(0, depth, 0, dynamic=label))
        holds = op("and", op("ge", label, const(0, "int64")), op("lt", label, Expr("size", (), "int64", depth)))
        made = nest("pr", (n, depth), "float32 int64 >float32 >float32", st(2, loss, 1, 0),
                    st(3, op("sub", p, hit), depth, 1, full=True), checks=(Check(holds, 3),))  # fmt: skip
        rng = np.random.default_rng(size)
        arrays = [rng.normal(size=6 * size).astype("f4"), rng.integers(0, size, 6), np.zeros(6, "f4"),
                  np.zeros(6 * size, "f4")]  # fmt: skip
        expected = [a.copy() for a in arrays]
        runner = Runner(made)
        assert runner.run(arrays, {"n": 6, "m": size}, 2) == reference(made, expected, {"n": 6, "m": size}) == 0
        for got, want in zip(arrays, expected, strict=True):
            np.testing.assert_allclose(got, want, rtol=3e-6, atol=1e-6)
        arrays[1][3] = size
        assert runner.run(arrays, {"n": 6, "m": size}) == 3


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("fixed", [True, False])
def test_layer_norm(fixed: bool, dtype: str) -> None:
    for size in (1, 10, 64, 768):
        depth = size if fixed else m
        x, scale, shift = ld(0, depth, 1, dtype=dtype), ld(1, 0, 1, dtype=dtype), ld(2, 0, 1, dtype=dtype)
        count = op("cast", Expr("size", (), "int64", depth), dtype=as_dtype(dtype))
        mean = op("div", red("sum", x), count)
        centred = op("sub", x, mean)
        variance = op("div", red("sum", op("mul", centred, centred)), count)
        root = op("sqrt", op("add", variance, const(1e-5, dtype)))
        y = op("add", op("mul", op("div", centred, root), scale), shift)
        made = nest("pr", (n, depth), f"{dtype} {dtype} {dtype} >{dtype} >{dtype}", st(3, y, depth, 1, full=True),
                    st(4, mean, 1, 0))  # fmt: skip
        agree(made, Runner(made), [4 * size, size, size, 4 * size, 4], {"n": 4, "m": size}, 2e-5)


def test_statistics_over_outer_axes() -> None:
    # batch normalisation, channels last: reduce (n, k), keep m
    x = ld(0, 1, m)
    count = op("cast", Expr("size", (), "int64", n), dtype=as_dtype("float32"))
    mean = op("div", red("sum", x), count)
    centred = op("sub", x, mean)
    variance = op("div", red("sum", op("mul", centred, centred)), count)
    made = nest(
        "pr",
        (m, n),
        "float32 >float32 >float32",
        st(1, variance, 1, 0),
        st(2, op("mul", centred, variance), 1, m, full=True),
    )
    runner = Runner(made)
    for rows, cols in ((3, 1), (600, 5), (100, 140)):
        agree(made, runner, [rows * cols, cols, rows * cols], {"n": rows, "m": cols}, 2e-5)


def test_sums_beside_a_full_store_and_a_kept_value_used_twice() -> None:
    x = ld(0, m, 1)
    e = op("exp", x)
    total = red("sum", e)
    share = op("div", e, total)
    made = nest("pr", (n, m), "float32 >float32 >float32 >float32", st(1, share, m, 1, full=True),
                st(2, red("sum", op("mul", share, share)), 1, 0), st(3, op("neg", x), m, 1, full=True))  # fmt: skip
    runner = Runner(made)
    for cols in (1, 16, 17, 1000, 6000):
        agree(made, runner, [3 * cols, 3 * cols, 3, 3 * cols], {"n": 3, "m": cols}, 1e-5)


def test_check_inside_a_reduction() -> None:
    x = ld(0, m, 1)
    made = nest(
        "pr", (n, m), "float32 >float32", st(1, red("sum", x), 1, 0), checks=(Check(op("lt", x, const(5.0)), 9),)
    )
    runner = Runner(made)
    x_, out = np.zeros(3 * 100, "f4"), np.zeros(3, "f4")
    assert runner.run([x_, out], {"n": 3, "m": 100}) == 0
    x_[299] = 6
    assert runner.run([x_, out], {"n": 3, "m": 100}) == 9


def test_map_of_a_reduction_uses_its_own_index() -> None:
    # a triangular sum: sum over j <= i of x[i, j]
    x = op("select", op("le", index(1), index(0)), ld(0, m, 1), const(0.0))
    made = nest("pr", (n, m), "float32 >float32", st(1, red("sum", x), 1, 0))
    agree(made, Runner(made), [40 * 40, 40], {"n": 40, "m": 40}, 1e-5)
    assert Affine(0, (1,)).depends_on(0)
