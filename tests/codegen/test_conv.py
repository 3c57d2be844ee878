"""Convolution kernels against a direct sum in NumPy: geometry, groups, strides of operands, epilogues, bounds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

from graphc.codegen.cpu.conv.kernel import compile_convolution
from graphc.codegen.cpu.conv.plan import make_plan
from graphc.codegen.cpu.target import HostTarget, host_target
from graphc.ir.dims import Dim, floordiv, row_major_strides, symbol
from graphc.loops.expr import Affine, Expr, load
from graphc.loops.spec import Convolution, Operand, Store
from graphc.testing.kernels import CompiledKernel, avx2_target, generic_target

RNG = np.random.default_rng(11)
Ints = tuple[int, ...]


def target_for(isa: str) -> HostTarget:
    if isa == "avx512" and host_target().isa != "avx512":
        pytest.skip("this processor has no AVX-512")
    if isa == "avx2" and host_target().isa == "generic":
        pytest.skip("this processor has no AVX2")
    return {"avx512": host_target, "avx2": avx2_target, "generic": generic_target}[isa]()


@dataclass(frozen=True)
class Case:
    """Shapes of x [n, *spatial, c] and w [*window, c / groups, o], and the geometry; padding is (low, high)."""

    x: Ints
    w: Ints
    strides: Ints
    padding: tuple[tuple[int, int], ...]
    image_dilation: Ints = ()
    window_dilation: Ints = ()
    groups: int = 1
    batch_groups: int = 1

    def __post_init__(self) -> None:
        for name in ("image_dilation", "window_dilation"):
            object.__setattr__(self, name, getattr(self, name) or (1,) * len(self.strides))

    @property
    def output(self) -> Ints:
        """Spatial sizes of the result."""
        found = []
        for axis, stride in enumerate(self.strides):
            image = (self.x[axis + 1] - 1) * self.image_dilation[axis] + 1 + sum(self.padding[axis])
            window = (self.w[axis] - 1) * self.window_dilation[axis] + 1
            found.append(max((image - window) // stride + 1, 0))
        return tuple(found)


CASES = {
    "same": Case((2, 9, 11, 5), (3, 3, 5, 7), (1, 1), ((1, 1), (1, 1))),
    "valid, strided": Case((2, 9, 11, 5), (3, 2, 5, 20), (2, 3), ((0, 0), (0, 0))),
    "strided, asymmetric": Case((2, 10, 10, 3), (3, 3, 3, 40), (2, 2), ((0, 1), (0, 1))),
    "transposed": Case((2, 8, 9, 4), (3, 3, 4, 17), (1, 1), ((2, 2), (2, 2)), (2, 3)),
    "everything dilated, negative padding": Case(
        (2, 8, 9, 4), (3, 3, 4, 17), (2, 1), ((-1, 2), (2, -2)), (2, 2), (2, 2)
    ),
    "one axis, groups": Case((3, 20, 6), (3, 2, 9), (1,), ((1, 1),), (), (2,), 3),
    "depthwise": Case((3, 20, 6), (3, 1, 6), (1,), ((1, 1),), groups=6),
    "depthwise, transposed": Case((3, 20, 40), (3, 1, 40), (2,), ((1, 1),), (2,), groups=40),
    "depthwise, valid": Case((2, 9, 20, 33), (2, 3, 1, 33), (1, 2), ((0, 0), (0, 0)), groups=33),
    "batch groups": Case((6, 20, 4), (3, 4, 6), (1,), ((1, 1),), batch_groups=3),
    "three axes": Case((1, 5, 6, 7, 3), (2, 3, 2, 3, 4), (1, 2, 1), ((0, 1), (1, 1), (1, 0)), (1, 1, 2), (1, 2, 1)),
    "few outputs along the last axis": Case((9, 5, 3, 3), (3, 3, 3, 4), (1, 1), ((1, 1), (1, 1))),
    "more channels than the block of zeros": Case((2, 3, 3, 1200), (3, 3, 1200, 4), (1, 1), ((1, 1), (1, 1))),
    "no images": Case((0, 3, 3, 2), (3, 3, 2, 4), (1, 1), ((1, 1), (1, 1))),
    "window larger than the image": Case((2, 2, 2, 2), (3, 3, 2, 4), (1, 1), ((0, 0), (0, 0))),
    "no channels": Case((2, 6, 6, 0), (3, 3, 0, 4), (1, 1), ((0, 0), (0, 0))),
    "many columns": Case((2, 5, 18, 3), (1, 5, 3, 100), (1, 1), ((0, 0), (2, 2))),
}


def reference(case: Case, x: Any, w: Any) -> Any:
    """The sum as it is defined, one place of the window at a time."""
    spatial = len(case.strides)
    x = x.astype("f8") if x.dtype.kind == "f" else x
    for axis in range(spatial):
        moved = np.moveaxis(x, axis + 1, 0)
        low, high = case.padding[axis]
        wide = np.zeros((max((len(moved) - 1) * case.image_dilation[axis] + 1, 0), *moved.shape[1:]), x.dtype)
        wide[:: case.image_dilation[axis]] = moved
        wide = np.pad(wide, [(max(low, 0), max(high, 0))] + [(0, 0)] * (wide.ndim - 1))
        wide = wide[max(-low, 0) : len(wide) - max(-high, 0)]
        x = np.moveaxis(wide, 0, axis + 1)
    count = case.groups * case.batch_groups
    images, channels, features = x.shape[0] // case.batch_groups, case.w[-2], case.w[-1] // count
    y = np.zeros((images, *case.output, case.w[-1]), x.dtype)
    for g in range(count):
        part = x[..., g * channels : (g + 1) * channels] if case.groups > 1 else x
        part = part[g * images : (g + 1) * images] if case.batch_groups > 1 else part
        for place in np.ndindex(*case.w[:-2]):
            cut: list[Any] = [slice(None)]
            for axis, k in enumerate(place):
                first = k * case.window_dilation[axis]
                cut.append(slice(first, first + (case.output[axis] - 1) * case.strides[axis] + 1, case.strides[axis]))
            if y.size:
                weights = w[place][:, g * features : (g + 1) * features]
                y[..., g * features : (g + 1) * features] += part[tuple(cut)] @ weights
    return y


def convolution(case: Case, dtype: str, symbolic: bool) -> tuple[Convolution, dict[str, int]]:
    """The spec of a case over dense operands; with `symbolic` all sizes but channels and features are unknown."""
    bindings: dict[str, int] = {}

    def size(value: int, name: str) -> Dim:
        if not symbolic:
            return value
        bindings[name] = value
        return symbol(name)

    batch = size(case.x[0] // case.batch_groups, "n") * case.batch_groups
    image = tuple(size(v, f"h{axis}") for axis, v in enumerate(case.x[1:-1]))
    window = tuple(size(v, f"k{axis}") for axis, v in enumerate(case.w[:-2]))
    output = tuple(size(v, f"y{axis}") for axis, v in enumerate(case.output))
    low = tuple(size(v, f"p{axis}") for axis, (v, _) in enumerate(case.padding))
    channels, features = case.x[-1], case.w[-1]
    left = Affine(0, row_major_strides((batch, *image, channels)))
    right = Affine(0, row_major_strides((*window, case.w[-2], features)))
    place = Affine(0, row_major_strides((floordiv(batch, case.batch_groups), *output, features)))
    operands = (Operand(dtype, "in"), Operand(dtype, "in"), Operand(dtype, "out"))
    stores = (Store(2, place, Expr("accumulator", (), dtype), False),)
    spec = Convolution(
        batch, channels, features, image, window, output, case.strides, case.window_dilation, case.image_dilation, low,
        case.groups, case.batch_groups, left, right, operands, stores, dtype,
    )  # fmt: skip
    return spec, bindings


def arrays(shapes: Sequence[Ints], dtype: str) -> list[Any]:
    integer = np.dtype(dtype).kind == "i"
    return [RNG.integers(-9, 9, s).astype(dtype) if integer else RNG.normal(size=s).astype(dtype) for s in shapes]


def check(got: Any, case: Case, x: Any, w: Any) -> None:
    """Exact for integers, otherwise the usual bound of a sum of products."""
    exact = reference(case, x, w)
    if got.dtype.kind == "i":
        assert (got == exact).all()
        return
    size = reference(case, np.abs(x), np.abs(w))
    depth = int(np.prod(case.w[:-1]))
    assert (np.abs(got - exact) <= (depth + 1) * np.finfo(got.dtype).eps * size).all()


@pytest.mark.parametrize("isa", ["avx512", "avx2", "generic"])
@pytest.mark.parametrize("symbolic", [False, True], ids=["known", "symbolic"])
@pytest.mark.parametrize("name", CASES)
def test_geometry(name: str, symbolic: bool, isa: str) -> None:
    case, target = CASES[name], target_for(isa)
    for dtype in ("float32", "float64") if isa == "avx512" else ("float32", "int32"):
        spec, sizes = convolution(case, dtype, symbolic)
        x, w = arrays((case.x, case.w), dtype)
        kernel = CompiledKernel(compile_convolution(spec, "conv", target), target)
        result = np.full((case.x[0] // case.batch_groups, *case.output, case.w[-1]), 77, dtype)
        check(kernel.run([x, w, result], sizes, parts=3)[2], case, x, w)


def weight_gradient(case: Case, dtype: str) -> Convolution:
    """The gradient of the window as a convolution of x with the cotangent, both read where they lie.

    Batch and channels of x change places, the cotangent is the window; the result goes to [*window, c, o].
    """
    spec, _ = convolution(case, dtype, False)
    cotangent = (case.x[0], *case.output, case.w[-1])
    of_x, of_g, of_w = (row_major_strides(s) for s in (case.x, cotangent, case.w))
    return replace(
        spec, batch=case.x[-1], channels=case.x[0], window=case.output, output=case.w[:-2],
        strides=case.window_dilation, window_dilation=case.strides,
        left=Affine(0, (of_x[-1], *of_x[1:-1], of_x[0])), right=Affine(0, (*of_g[1:-1], of_g[0], of_g[-1])),
        stores=(Store(2, Affine(0, (of_w[-2], *of_w[:-2], of_w[-1])), spec.stores[0].expr, False),),
    )  # fmt: skip


def image_gradient(case: Case, dtype: str) -> Convolution:
    """The gradient of the images: the cotangent with the window read backwards, features and channels exchanged."""
    spec, _ = convolution(case, dtype, False)
    cotangent = (case.x[0], *case.output, case.w[-1])
    of_w = row_major_strides(case.w)
    low = [(k - 1) * d - p for k, d, (p, _) in zip(case.w[:-2], case.window_dilation, case.padding, strict=True)]
    last = sum((k - 1) * s for k, s in zip(case.w[:-2], of_w, strict=False))
    right = Affine(last, (*(-s for s in of_w[:-2]), of_w[-1], of_w[-2]))
    return replace(
        spec, batch=case.x[0], channels=case.w[-1], features=case.x[-1], image=case.output, output=case.x[1:-1],
        strides=case.image_dilation, image_dilation=case.strides, low=tuple(low), right=right,
        left=Affine(0, row_major_strides(cotangent)),
        stores=(Store(2, Affine(0, row_major_strides(case.x)), spec.stores[0].expr, False),),
    )  # fmt: skip


@pytest.mark.parametrize("isa", ["avx512", "avx2"])
@pytest.mark.parametrize(
    "name", ["same", "valid, strided", "strided, asymmetric", "transposed", "everything dilated, negative padding",
             "three axes", "few outputs along the last axis"],
)  # fmt: skip
def test_gradients_read_operands_by_strides(name: str, isa: str) -> None:
    case, target = CASES[name], target_for(isa)
    x, w, g = arrays((case.x, case.w, (case.x[0], *case.output, case.w[-1])), "float64")

    def product(x: Any, w: Any) -> Any:
        return (reference(case, x, w) * g).sum()

    backwards = image_gradient(case, "float64")
    sizes = {f"k{axis}": size for axis, size in enumerate(case.w[:-2])}
    unknown = replace(backwards, window=tuple(map(symbol, sizes)))
    assert (make_plan(backwards, target).pack, make_plan(unknown, target).pack) == ("depth", "")
    for spec, operands, at in (
        (weight_gradient(case, "float64"), (x, g, np.zeros(case.w)), "w"),
        (backwards, (g, w, np.zeros(case.x)), "x"),
        (unknown, (g, w, np.zeros(case.x)), "x"),
    ):
        kernel = CompiledKernel(compile_convolution(spec, "conv", target), target)
        got = kernel.run(list(operands), sizes, parts=2)[2]
        direction = RNG.normal(size=got.shape)
        # The result is linear in each operand, so its derivative along a direction is its value there.
        want = product(x, direction) if at == "w" else product(direction, w)
        np.testing.assert_allclose((got * direction).sum(), want, rtol=1e-10)


def test_epilogue_with_bias_residual_relu_and_in_place_update() -> None:
    for name in ("same", "transposed", "depthwise", "few outputs along the last axis"):
        case = CASES[name]
        spec, _ = convolution(case, "float32", False)
        place = spec.stores[0].offset
        bias = load(3, Affine(0, (*(0 for _ in place.coefficients[:-1]), 1)), "float32")
        value = Expr("add", (Expr("accumulator", (), "float32"), bias), "float32", ())
        value = Expr("add", (value, load(2, place, "float32")), "float32", ())
        value = Expr("maximum", (value, Expr("const", (), "float32", 0.0)), "float32", ())
        spec = replace(
            spec, stores=(Store(2, place, value, False),), operands=(*spec.operands, Operand("float32", "in"))
        )
        x, w, b = arrays((case.x, case.w, (case.w[-1],)), "float32")
        (y,) = arrays([(case.x[0], *case.output, case.w[-1])], "float32")
        got = CompiledKernel(compile_convolution(spec, "conv", host_target())).run([x, w, y, b], {}, parts=2)[2]
        np.testing.assert_allclose(got, np.maximum(reference(case, x, w) + b + y, 0), atol=1e-4)


def test_nan_reaches_the_outputs_whose_window_covers_it() -> None:
    case = Case((1, 4, 4, 1), (3, 3, 1, 2), (1, 1), ((1, 1), (1, 1)))
    spec, _ = convolution(case, "float32", False)
    x, w = np.ones(case.x, "f4"), np.ones(case.w, "f4")
    x[0, 0, 0, 0] = np.nan
    got = CompiledKernel(compile_convolution(spec, "conv", host_target())).run([x, w, np.zeros((1, 4, 4, 2), "f4")], {})
    assert np.isnan(got[2][0, :2, :2]).all()
    assert np.isfinite(got[2][0, 2:]).all()
    assert np.isfinite(got[2][0, :, 2:]).all()


def test_plans() -> None:
    """What is known to lie inside the image is not checked; rows lie where the operand is contiguous."""
    target = host_target()
    inside = make_plan(convolution(CASES["valid, strided"], "float32", False)[0], target)
    assert inside.checked == (False, False)
    assert make_plan(convolution(CASES["same"], "float32", False)[0], target).checked == (True, True)
    assert make_plan(weight_gradient(CASES["same"], "float32"), target).row_axis == 0
    assert make_plan(convolution(CASES["transposed"], "float32", False)[0], target).row_step == 3
    assert make_plan(convolution(CASES["depthwise"], "float32", False)[0], target).across
