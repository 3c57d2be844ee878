"""Products and convolutions as the scheduler states them: native kernels against the reference executor."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graphc.codegen.cpu.conv.kernel import compile_convolution
from graphc.codegen.cpu.gemm.kernel import compile_contraction
from graphc.codegen.cpu.target import host_target
from graphc.ir.dims import symbol
from graphc.ir.dtypes import float64
from graphc.ir.program import Program
from graphc.ir.types import TensorType
from graphc.loops.reference import run_call
from graphc.loops.spec import Contraction, Convolution, KernelCall
from graphc.ops.builder import Builder
from graphc.ops.record import record_of
from graphc.schedule import reference
from graphc.schedule.plan import plan_program
from graphc.testing.kernels import CompiledKernel
from tests.schedule.mlp import mlp_step
from tests.schedule.oracle import check
from tests.schedule.test_mlp import data

N = symbol("n")


@pytest.fixture(scope="module")
def native_calls() -> Iterator[list[str]]:
    """Runs every product natively as well, on copies, and compares; gives the kinds of those that were run."""
    kernels: dict[Any, CompiledKernel] = {}
    seen: list[str] = []

    def both(call: KernelCall, flats: Sequence[Any], sizes: Mapping[str, int]) -> None:
        spec, got = call.spec, None
        if isinstance(spec, Contraction | Convolution):
            if spec not in kernels:
                compile_spec = compile_contraction if isinstance(spec, Contraction) else compile_convolution
                kernels[spec] = CompiledKernel(compile_spec(spec, "kernel", host_target()))  # type: ignore[operator]
            got = kernels[spec].run(flats, sizes, parts=2)
            seen.append(type(spec).__name__)
        run_call(call, flats, sizes)
        for mine, theirs in zip(got or [], flats, strict=False):
            tolerance = 2e-5 if mine.dtype == np.float32 else 1e-11
            np.testing.assert_allclose(mine, theirs, rtol=tolerance, atol=tolerance, err_msg=call.label)

    before = reference.run_call
    reference.run_call = both  # type: ignore[attr-defined]
    yield seen
    reference.run_call = before  # type: ignore[attr-defined]


def test_step_of_a_classifier(native_calls: list[str]) -> None:
    for sizes in ((12, 8, 7, 5), (20, 33, 16, 1)):
        program = mlp_step(sizes)
        schedule = plan_program(program)
        for batch in (1, 7, 32, 100):
            check(program, *data(batch, sizes), {"n": batch}, schedule)
    assert native_calls.count("Contraction") >= 64


@pytest.mark.parametrize("shape", [(N, 6, 5, 3), (2, 6, 5, 1), (N, 1, 9, 4), (1, 4, 4, 2)], ids=str)
@pytest.mark.parametrize("features", [1, 5])
def test_convolution_and_its_gradients(native_calls: list[str], shape: Any, features: int) -> None:
    native_calls.clear()
    for strides, dilation, groups in (((1, 1), (1, 1), 1), ((1, 2), (2, 1), 1), ((2, 1), (1, 1), shape[-1])):
        b = Builder()
        x = b.input(0, TensorType(float64, shape))
        w = b.input(1, TensorType(float64, (1, 3, shape[-1] // groups, features * groups)))
        attrs: dict[str, Any] = {"strides": strides, "low": (0, 1), "high": (0, 2), "image_dilation": (1, 1)}
        attrs |= {"window_dilation": dilation, "groups": groups, "batch_groups": 1}
        y = b.emit("conv", x, w, **attrs)
        g = b.input(2, y.type)
        dx, dw = record_of("conv").vjp(g, y, x, w)  # type: ignore[misc]
        program = Program((x, w, g), (b.emit("relu", y), dx, w - dw * 0.1), (), ())
        sizes = {"n": 3}
        rng = np.random.default_rng(1)
        feeds = [rng.normal(size=node.tensor.concrete(sizes)) for node in (x, w, g)]
        check(program, feeds, (), sizes)
    assert native_calls.count("Convolution") == 9


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_random_products_with_epilogues(native_calls: list[str], draw: Any) -> None:
    """Batch axes that broadcast, transposed, reversed and sliced operands, and elementwise work around them."""
    b = Builder()
    sizes = [1, 2, 9, N]
    m, k, n, outer = (draw.draw(st.sampled_from(sizes)) for _ in range(4))
    flags = [draw.draw(st.booleans()) for _ in range(6)]
    left = (outer, *((k, m) if flags[0] else (m, k)))
    right = (*((outer,) if flags[2] else ()), *((n, k) if flags[1] else (k, n)))
    x, y = b.input(0, TensorType(float64, left)), b.input(1, TensorType(float64, right))
    a = b.emit("reverse", x, axes=(1,)) if flags[3] else x
    total = b.emit("matmul", a, y, transpose_x=flags[0], transpose_y=flags[1])
    bias = b.input(2, TensorType(float64, (n,)))
    rows = b.input(3, TensorType(float64, (m, 1)))
    value = total + bias if flags[4] else total * rows
    outputs = [b.emit("tanh", value)]
    if flags[5]:
        outputs.append(b.emit("transpose", value * 2.0, perm=(0, 2, 1)))
    program = Program((x, y, bias, rows), tuple(outputs), (), ())
    rng = np.random.default_rng(2)
    schedule = plan_program(program)
    for size in (1, 5, 18):
        bound = {"n": size}
        check(program, [rng.normal(size=v.tensor.concrete(bound)) for v in (x, y, bias, rows)], (), bound, schedule)


def test_all_shapes_of_one_are_read_right(native_calls: list[str]) -> None:
    """Axes of one element have no stride; every combination of them."""
    for m, k, n in product((1, 3), repeat=3):
        for tx, ty in product((False, True), repeat=2):
            b = Builder()
            x = b.input(0, TensorType(float64, (k, m) if tx else (m, k)))
            y = b.input(1, TensorType(float64, (n, k) if ty else (k, n)))
            program = Program((x, y), (b.emit("matmul", x, y, transpose_x=tx, transpose_y=ty) + 1.0,), (), ())
            rng = np.random.default_rng(3)
            check(program, [rng.normal(size=v.tensor.concrete({})) for v in (x, y)])
