"""Each instruction against NumPy, or against its definition on Python's integers and fractions."""

import math
import struct
from fractions import Fraction

import numpy as np
import pytest

from graphc import ptx
from tests.ptx.kernels import entry, index

I32 = np.array([0, 1, -1, 7, -8, 2**31 - 1, -(2**31), 123456789, -987654321, 31, 32, 40], np.int32)
J32 = np.array([3, -5, -1, 2, 3, 2, -1, 1000, -17, 5, 32, 33], np.int32)
I64 = np.array([0, 1, -1, 7, -8, 2**63 - 1, -(2**63), 1 << 40, -(1 << 41) - 9, 63, 64, 99], np.int64)
J64 = np.array([3, -5, -1, 2, 3, 2, -1, 1000, -17, (1 << 35) + 3, 64, 65], np.int64)
F32 = np.array(
    [0, -0.0, 1, -1, 1.5, -2.5, 1e-40, -1e-42, 3e38, np.inf, -np.inf, np.nan, 0.1, 1e-20, 16777217, 7.5], np.float32
)
G32 = np.array([-0.0, 0.0, 3, 3, -1e-3, 2.5, 1.0, 2.0, 3e38, 1, np.inf, 1, np.nan, 1e-20, 0.3, -0.3], np.float32)
F64, G64 = F32.astype(np.float64) * (1 + 2**-40), G32.astype(np.float64) * (1 - 2**-43)

SHORT = {
    np.dtype(k): v for k, v in [("f4", "%f"), ("f8", "%fd"), ("i4", "%r"), ("u4", "%r"), ("i8", "%rd"), ("u8", "%rd")]
}


def run(instruction, *arrays, out):
    """Results of an instruction, elementwise; its operands are named d, a, b, c."""
    memory = ptx.GlobalMemory(1 << 20)
    n, out = len(arrays[0]), np.dtype(out)
    code, parameters, names = index(), [("u64", "out")], {}
    for k, array in enumerate(arrays):
        register, size = f"{SHORT[array.dtype]}{20 + k}", array.dtype.itemsize
        code += f"ld.param.u64 %rd2, [x{k}]; mul.wide.s32 %rd3, %r1, {size}; add.s64 %rd2, %rd2, %rd3;"
        code += (
            f"ld.global.b{8 * size} {register}, [%rd2];"
            if array.dtype.kind != "f"
            else f"ld.global.f{8 * size} {register}, [%rd2];"
        )
        parameters.append(("u64", f"x{k}"))
        names["abc"[k]] = register
    result = f"{SHORT[out]}10"
    for name, register in [("d", result), *names.items()]:
        instruction = instruction.replace(f"<{name}>", register)
    kind = "f" if out.kind == "f" else "b"
    code += (
        f"{instruction}; ld.param.u64 %rd2, [out]; mul.wide.s32 %rd3, %r1, {out.itemsize}; add.s64 %rd2, %rd2, %rd3;"
    )
    code += f"st.global.{kind}{8 * out.itemsize} [%rd2], {result};"
    target = memory.allocate(n * out.itemsize)
    ptx.launch(entry(code, parameters), 1, n, [target, *map(memory.upload, arrays)], memory)
    return memory.download(target, n, out)


def same(found, want):
    """Equal bits, but for the payload of NaN."""
    want = np.asarray(want, found.dtype)
    assert (np.isnan(found) == np.isnan(want)).all()
    bits = f"u{found.dtype.itemsize}"
    known = ~np.isnan(want)
    np.testing.assert_array_equal(found.view(bits)[known], want.view(bits)[known])


def wrapped(values, dtype):
    """Python integers as a fixed size has them."""
    bits = 8 * np.dtype(dtype).itemsize
    return np.array([int(v) % 2**bits for v in values], f"u{bits // 8}").view(dtype)


def quotient(a, b):
    return abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)


INTEGER = {
    "add.{t}": lambda a, b: a + b,
    "sub.{t}": lambda a, b: a - b,
    "mul.lo.{t}": lambda a, b: a * b,
    "mul.hi.{t}": lambda a, b: (a * b) >> "bits",
    "div.{t}": quotient,
    "rem.{t}": lambda a, b: a - quotient(a, b) * b,
    "min.{t}": min,
    "max.{t}": max,
}


@pytest.mark.parametrize("kind", ["s32", "u32", "s64", "u64"])
@pytest.mark.parametrize("name", INTEGER)
def test_integer_arithmetic(name, kind):
    dtype = np.dtype(kind.replace("s", "i").replace("32", "4").replace("64", "8"))
    a, b = (I32, J32) if dtype.itemsize == 4 else (I64, J64)
    a, b = a.view(dtype), b.view(dtype)
    found = run(f"{name.format(t=kind)} <d>, <a>, <b>", a, b, out=dtype)
    pairs = [(int(x), int(y)) for x, y in zip(a, b, strict=True)]
    if "hi" in name:
        want = [(x * y) >> (8 * dtype.itemsize) for x, y in pairs]
    else:
        want = [INTEGER[name](x, y) for x, y in pairs]
    np.testing.assert_array_equal(found, wrapped(want, dtype))


def test_products_that_are_wider():
    found = run("mul.wide.s32 <d>, <a>, <b>", I32, J32, out="i8")
    np.testing.assert_array_equal(found, I32.astype(np.int64) * J32)
    found = run("mad.lo.s32 <d>, <a>, <b>, <c>", I32, J32, I32[::-1].copy(), out="i4")
    np.testing.assert_array_equal(
        found, wrapped([int(a) * int(b) + int(c) for a, b, c in zip(I32, J32, I32[::-1], strict=True)], "i4")
    )


def test_division_by_zero_does_not_trap():
    a, zero = np.array([5, -5], np.int32), np.zeros(2, np.int32)
    np.testing.assert_array_equal(run("div.s32 <d>, <a>, <b>", a, zero, out="i4"), [-1, -1])
    np.testing.assert_array_equal(run("rem.s32 <d>, <a>, <b>", a, zero, out="i4"), a)


def test_carries_make_wide_sums_and_products():
    a, b = I64.view(np.uint64), J64.view(np.uint64)
    split = "{ .reg .b32 al, ah, bl, bh, dl, dh; mov.b64 {al, ah}, <a>; mov.b64 {bl, bh}, <b>;"
    join = "mov.b64 <d>, {dl, dh}; }"
    found = run(f"{split} add.cc.u32 dl, al, bl; addc.u32 dh, ah, bh; {join}", a, b, out="u8")
    np.testing.assert_array_equal(found, a + b)
    found = run(f"{split} sub.cc.u32 dl, al, bl; subc.u32 dh, ah, bh; {join}", a, b, out="u8")
    np.testing.assert_array_equal(found, a - b)
    product = "mul.lo.u32 dl, al, bl; mul.hi.u32 dh, al, bl; mad.lo.u32 dh, al, bh, dh; mad.lo.u32 dh, ah, bl, dh;"
    np.testing.assert_array_equal(run(f"{split} {product} {join}", a, b, out="u8"), a * b)
    # The low words twice: the carry of the first goes into the second.
    twice = "mad.lo.cc.u32 dl, al, bl, al; madc.hi.u32 dh, al, bl, 0;"
    low = (a & np.uint64(2**32 - 1)), (b & np.uint64(2**32 - 1))
    np.testing.assert_array_equal(run(f"{split} {twice} {join}", a, b, out="u8"), low[0] * low[1] + low[0])


SHIFTS = {
    "shl.b32": lambda a, n: (a << n) if n < 32 else 0,
    "shr.s32": lambda a, n: a >> min(n, 31),
    "shr.u32": lambda a, n: (a % 2**32) >> n if n < 32 else 0,
}


@pytest.mark.parametrize("name", SHIFTS)
def test_shifts_by_the_width_and_more(name):
    by = np.array([0, 1, 5, 31, 32, 33, 255, 2, 8, 16, 30, 3], np.uint32)
    want = [SHIFTS[name](int(a), int(n)) for a, n in zip(I32, by, strict=True)]
    np.testing.assert_array_equal(run(f"{name} <d>, <a>, <b>", I32, by, out="i4"), wrapped(want, "i4"))


def bits_of(value, width):
    return format(int(value) % 2**width, f"0{width}b")


COUNTS = {
    "popc.b32": lambda s: s.count("1"),
    "clz.b32": lambda s: len(s) - len(s.lstrip("0")),
    "bfind.u32": lambda s: len(s.lstrip("0")) - 1,
    "brev.b32": lambda s: int(s[::-1], 2),
}


@pytest.mark.parametrize("name", COUNTS)
def test_bits_are_counted(name):
    want = wrapped([COUNTS[name](bits_of(a, 32)) for a in I32], "u4")
    np.testing.assert_array_equal(run(f"{name} <d>, <a>", I32, out="u4"), want)


def test_zeros_of_wide_words_are_counted():
    want = [64 - len(bits_of(a, 64).lstrip("0")) for a in I64]
    np.testing.assert_array_equal(run("clz.b64 <d>, <a>", I64, out="u4"), want)


@pytest.mark.parametrize(("start", "length"), [(0, 8), (5, 11), (28, 8), (0, 32), (31, 1), (40, 3), (3, 0)])
def test_bit_fields(start, length):
    mask = (1 << length) - 1
    a, b = I32, J32[::-1].copy()
    kept = [
        ((int(y) % 2**32) & ~(mask << start)) | ((int(x) & mask) << start) if start < 32 else int(y)
        for x, y in zip(a, b, strict=True)
    ]
    np.testing.assert_array_equal(run(f"bfi.b32 <d>, <a>, <b>, {start}, {length}", a, b, out="i4"), wrapped(kept, "i4"))
    taken = [((int(x) % 2**32) >> start) & mask for x in a]
    np.testing.assert_array_equal(run(f"bfe.u32 <d>, <a>, {start}, {length}", a, out="u4"), wrapped(taken, "u4"))


def test_signed_bit_fields():
    want = [(int(a) << 20 & 0xFFFFFFFF) for a in I32]
    np.testing.assert_array_equal(
        run("bfe.s32 <d>, <a>, 4, 8", I32, out="i4"), wrapped(want, "i4").astype(np.int32) << 0 >> 24
    )


def test_bytes_are_picked():
    found = run("prmt.b32 <d>, <a>, <b>, 0x7021", I32, J32, out="u4")
    for a, b, d in zip(I32, J32, found, strict=True):
        eight = struct.pack("<ii", a, b)
        assert struct.pack("<I", d) == bytes([eight[1], eight[2], eight[0], eight[7]])


def test_logic_of_three():
    c = I32[::-1].copy()
    np.testing.assert_array_equal(run("lop3.b32 <d>, <a>, <b>, <c>, 0x96", I32, J32, c, out="i4"), I32 ^ J32 ^ c)
    np.testing.assert_array_equal(
        run("lop3.b32 <d>, <a>, <b>, <c>, 0xE8", I32, J32, c, out="i4"), (I32 & J32) | (J32 & c) | (I32 & c)
    )


def test_funnel_shifts():
    both = [(int(b) % 2**32) << 32 | (int(a) % 2**32) for a, b in zip(I32, J32, strict=True)]
    np.testing.assert_array_equal(
        run("shf.l.wrap.b32 <d>, <a>, <b>, 5", I32, J32, out="u4"), [(x << 5 >> 32) % 2**32 for x in both]
    )
    np.testing.assert_array_equal(
        run("shf.r.wrap.b32 <d>, <a>, <b>, 37", I32, J32, out="u4"), [(x >> 5) % 2**32 for x in both]
    )


FLOAT = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div.rn": np.true_divide,
}


@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize("name", FLOAT)
def test_float_arithmetic(name, bits):
    a, b = (F32, G32) if bits == 32 else (F64, G64)
    with np.errstate(all="ignore"):
        same(run(f"{name}.f{bits} <d>, <a>, <b>", a, b, out=a.dtype), FLOAT[name](a, b))


def fraction(x):
    return Fraction(float(x))


def nearest(exact, dtype, mode):
    """A fraction as a float, by bisection among the floats around the nearest."""
    with np.errstate(over="ignore"):
        near = (
            dtype(float(exact))
            if dtype is np.float64
            else dtype(np.float64(exact.numerator) / np.float64(exact.denominator))
        )
    around = sorted({dtype(near), np.nextafter(near, dtype(-np.inf)), np.nextafter(near, dtype(np.inf))})
    below = max((x for x in around if fraction(x) <= exact), default=around[0])
    above = min((x for x in around if fraction(x) >= exact), default=around[-1])
    if mode == "rm" or (mode == "rz" and exact > 0):
        return below
    if mode == "rp" or mode == "rz":
        return above
    if exact - fraction(below) == fraction(above) - exact:
        return below if int(np.array(below).view(f"u{np.dtype(dtype).itemsize}")) % 2 == 0 else above
    return below if exact - fraction(below) < fraction(above) - exact else above


@pytest.mark.parametrize("mode", ["rn", "rz", "rm", "rp"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_fused_products_are_rounded_once(dtype, mode):
    random = np.random.default_rng(5)
    a, b = (random.normal(size=200).astype(dtype) for _ in range(2))
    # Sums that nearly cancel, and halves of the last place.
    c = np.concatenate([-(a[:80] * b[:80]), random.normal(size=60), random.normal(size=60) * 1e-9]).astype(dtype)
    a[100:120], b[100:120] = 1 + np.finfo(dtype).eps, 1 + np.finfo(dtype).eps
    found = run(f"fma.{mode}.f{8 * np.dtype(dtype).itemsize} <d>, <a>, <b>, <c>", a, b, c, out=dtype)
    for x, y, z, d in zip(a, b, c, found, strict=True):
        exact = fraction(x) * fraction(y) + fraction(z)
        if exact:
            assert d == nearest(exact, dtype, mode), (x, y, z)


@pytest.mark.parametrize(("a", "b", "c", "want"), [
    (1e200, 1e200, -np.inf, -np.inf),
    (1e200, 1e200, 1.0, np.inf),
    (np.inf, 0.0, 1.0, np.nan),
    (5e-324, 0.5, 5e-324, 1e-323),
    (1e-200, 1e-200, 1e-320, 1e-320),
    (0.0, -1.0, -0.0, -0.0),
    (1e308, 10.0, -1.7e308, np.inf),
])  # fmt: skip
def test_fused_products_at_the_ends_of_the_range(a, b, c, want):
    same(run("fma.rn.f64 <d>, <a>, <b>, <c>", *(np.array([v]) for v in (a, b, c)), out="f8"), [want])


@pytest.mark.parametrize("mode", ["rz", "rm", "rp"])
@pytest.mark.parametrize("name", ["add", "mul", "div"])
def test_directed_rounding(name, mode):
    random = np.random.default_rng(6)
    a, b = random.normal(size=(2, 200)).astype(np.float32)
    found = run(f"{name}.{mode}.f32 <d>, <a>, <b>", a, b, out="f4")
    exact = {"add": lambda x, y: x + y, "mul": lambda x, y: x * y, "div": lambda x, y: x / y}[name]
    for x, y, d in zip(a, b, found, strict=True):
        assert d == nearest(exact(fraction(x), fraction(y)), np.float32, mode)


def test_denormals_are_flushed_only_where_asked():
    tiny = np.array([1e-40, -1e-40, 1e-30], np.float32)
    one = np.ones(3, np.float32)
    same(run("mul.f32 <d>, <a>, <b>", tiny, one, out="f4"), tiny)
    same(run("mul.ftz.f32 <d>, <a>, <b>", tiny, one, out="f4"), np.float32([0.0, -0.0, 1e-30]))
    same(run("mul.ftz.f32 <d>, <a>, <b>", np.float32([1e-20] * 3), np.float32([1e-20] * 3), out="f4"), [0, 0, 0])


def test_minimum_and_maximum_of_zeros_and_nan():
    a = np.float32([0.0, -0.0, np.nan, 1.0, np.nan])
    b = np.float32([-0.0, 0.0, 2.0, np.nan, np.nan])
    same(run("min.f32 <d>, <a>, <b>", a, b, out="f4"), [-0.0, -0.0, 2, 1, np.nan])
    same(run("max.f32 <d>, <a>, <b>", a, b, out="f4"), [0.0, 0.0, 2, 1, np.nan])
    same(run("max.NaN.f32 <d>, <a>, <b>", a, b, out="f4"), [0.0, 0.0, np.nan, np.nan, np.nan])


def test_saturation():
    a = np.float32([-1, 0.25, 7, np.nan, -0.0, 1])
    same(run("add.sat.f32 <d>, <a>, <b>", a, np.zeros(6, np.float32), out="f4"), [0, 0.25, 1, 0, 0, 1])


UNARY = {
    "neg.f32": np.negative,
    "abs.f32": np.abs,
    "sqrt.rn.f32": np.sqrt,
    "rcp.rn.f32": lambda x: 1 / x,
    "ex2.approx.f32": lambda x: np.exp2(x.astype(np.float64)),
    "lg2.approx.f32": lambda x: np.log2(x.astype(np.float64)),
    "sin.approx.f32": lambda x: np.sin(x.astype(np.float64)),
    "tanh.approx.f32": lambda x: np.tanh(x.astype(np.float64)),
    "rsqrt.approx.f32": lambda x: 1 / np.sqrt(x.astype(np.float64)),
}


@pytest.mark.parametrize("name", UNARY)
def test_functions_of_one_number(name):
    with np.errstate(all="ignore"):
        same(run(f"{name} <d>, <a>", F32, out="f4"), UNARY[name](F32).astype(np.float32))


def test_the_approximate_reciprocal_of_doubles_has_one_word():
    x = np.array([3.0, 1e300, 1e-310, 0.0, np.nan])
    found = run("rcp.approx.ftz.f64 <d>, <a>", x, out="f8")
    assert (found[:2].view(np.uint64) & 0xFFFFFFFF).tolist() == [0, 0]
    np.testing.assert_allclose(found[:2], 1 / x[:2], rtol=2**-20)
    assert found[2] == found[3] == np.inf
    assert np.isnan(found[4])


COMPARE = {
    "lt": np.less, "le": np.less_equal, "gt": np.greater, "ge": np.greater_equal, "eq": np.equal,
    "ltu": lambda a, b: ~(a >= b), "geu": lambda a, b: ~(a < b), "neu": lambda a, b: ~(a == b),
    "equ": lambda a, b: ~((a < b) | (a > b)), "ne": lambda a, b: (a < b) | (a > b),
    "nan": lambda a, b: np.isnan(a) | np.isnan(b), "num": lambda a, b: ~(np.isnan(a) | np.isnan(b)),
}  # fmt: skip


@pytest.mark.parametrize("name", COMPARE)
def test_comparisons_with_nan(name):
    found = run(f"setp.{name}.f32 %p1, <a>, <b>; selp.u32 <d>, 1, 0, %p1", F32, G32, out="u4")
    np.testing.assert_array_equal(found, COMPARE[name](F32, G32))


def test_comparisons_join_a_predicate_and_give_two():
    text = """setp.gt.s32 %p1, <b>, 0; setp.lt.and.s32 %p2|%p3, <a>, <b>, !%p1;
    selp.u32 %r5, 1, 0, %p2; selp.u32 %r6, 2, 0, %p3; add.u32 <d>, %r5, %r6"""
    less, other = J32 > I32, J32 <= 0
    np.testing.assert_array_equal(run(text, I32, J32, out="u4"), (less & other) + 2 * (~less & other))


def test_unsigned_comparisons():
    found = run("setp.hi.u32 %p1, <a>, <b>; selp.u32 <d>, 1, 0, %p1", I32, J32, out="u4")
    np.testing.assert_array_equal(found, I32.view(np.uint32) > J32.view(np.uint32))


def test_floats_to_integers_stay_in_range():
    x = np.float32([1.5, -1.5, 2.5, 3e9, -3e9, np.nan, np.inf, -np.inf, 0.49])
    biggest = 2**31 - 1
    for mode, want in {
        "rzi": [1, -1, 2, biggest, -biggest - 1, 0, biggest, -biggest - 1, 0],
        "rni": [2, -2, 2, biggest, -biggest - 1, 0, biggest, -biggest - 1, 0],
        "rmi": [1, -2, 2, biggest, -biggest - 1, 0, biggest, -biggest - 1, 0],
        "rpi": [2, -1, 3, biggest, -biggest - 1, 0, biggest, -biggest - 1, 1],
    }.items():
        np.testing.assert_array_equal(run(f"cvt.{mode}.s32.f32 <d>, <a>", x, out="i4"), want)
    np.testing.assert_array_equal(run("cvt.rzi.u32.f32 <d>, <a>", x, out="u4")[:3], [1, 0, 2])


def test_integers_to_floats():
    np.testing.assert_array_equal(run("cvt.rn.f32.s32 <d>, <a>", I32, out="f4"), I32.astype(np.float32))
    np.testing.assert_array_equal(run("cvt.rn.f64.s64 <d>, <a>", I64, out="f8"), I64.astype(np.float64))
    np.testing.assert_array_equal(run("cvt.rn.f32.u64 <d>, <a>", I64, out="f4"), I64.view(np.uint64).astype(np.float32))
    down = run("cvt.rm.f32.s32 <d>, <a>", np.array([16777217, -16777217], np.int32), out="f4")
    np.testing.assert_array_equal(down, [16777216, -16777218])


def test_between_widths():
    np.testing.assert_array_equal(run("cvt.s64.s32 <d>, <a>", I32, out="i8"), I32)
    np.testing.assert_array_equal(run("cvt.u64.u32 <d>, <a>", I32, out="u8"), I32.view(np.uint32))
    np.testing.assert_array_equal(run("cvt.s32.s8 <d>, <a>", I32, out="i4"), I32.astype(np.int8))
    np.testing.assert_array_equal(
        run("cvt.sat.s8.s32 %r5, <a>; mov.b32 <d>, %r5", I32, out="i4"), np.clip(I32, -128, 127)
    )
    same(run("cvt.rn.f32.f64 <d>, <a>", F64, out="f4"), F64.astype(np.float32))
    same(run("cvt.f64.f32 <d>, <a>", F32, out="f8"), F32.astype(np.float64))
    with np.errstate(over="ignore"):
        half = F32.astype(np.float16)
    same(run("cvt.rn.f16.f32 %h1, <a>; cvt.f32.f16 <d>, %h1", F32, out="f4"), half.astype(np.float32))


def test_whole_floats():
    x = np.float32([0.5, 1.5, -0.5, 2.7, -2.7, 1e10])
    for mode, function in {"rni": np.rint, "rzi": np.trunc, "rmi": np.floor, "rpi": np.ceil}.items():
        same(run(f"cvt.{mode}.f32.f32 <d>, <a>", x, out="f4"), function(x))


def test_signs_are_copied_and_numbers_tested():
    same(run("copysign.f32 <d>, <a>, <b>", F32, G32, out="f4"), np.copysign(G32, F32))
    found = run("testp.subnormal.f32 %p1, <a>; selp.u32 <d>, 1, 0, %p1", F32, out="u4")
    np.testing.assert_array_equal(found, [0 < abs(x) < 1.1754943e-38 for x in F32])


def test_literals_have_the_bits_that_are_written():
    x = np.zeros(1, np.float32)
    assert run("mov.f32 <d>, 0f40490FDB", x, out="f4")[0] == np.float32(math.pi)
    assert run("mov.f64 <d>, 0d400921FB54442D18", x, out="f8")[0] == math.pi
    assert run("mov.u32 <d>, 0xFFU", x, out="u4")[0] == 255
    assert run("mov.s32 <d>, -7", x, out="i4")[0] == -7
