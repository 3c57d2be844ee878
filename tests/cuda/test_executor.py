"""Schedules on the emulated device against the same schedules run by NumPy."""

import numpy as np
import pytest

from graphc.passes.pipeline import PipelineOptions, run_pipeline
from graphc.schedule.plan import plan_program
from graphc.schedule.reference import run_schedule

pytest.importorskip("numba.cuda.extending", reason="needs the CUDA wheels: pip install graphc[cuda]")
pytest.importorskip("cuda.bindings", reason="needs the CUDA wheels: pip install graphc[cuda]")


from graphc.ir.dtypes import BY_NAME
from graphc.ir.program import Program
from graphc.ir.types import TensorType
from graphc.ops.builder import Builder
from graphc.runtime.cuda.driver import EmulatedDriver
from graphc.runtime.cuda.executor import CudaRun


def both(b, program, feeds, variables=()):
    program, _ = run_pipeline(program, b, PipelineOptions())
    schedule = plan_program(program)
    want_state, have_state = ([v.copy() for v in variables] for _ in range(2))
    want = run_schedule(schedule, feeds, want_state, {})
    driver = EmulatedDriver()
    have = CudaRun(schedule, driver, {})(feeds, have_state)
    driver.close()
    assert driver.memory.allocations == 0
    for w, h in zip([*want, *want_state], [*have, *have_state], strict=True):
        np.testing.assert_allclose(h, w, rtol=2e-5, atol=2e-6)
    return have, driver


def f32(*shape):
    return TensorType(BY_NAME["float32"], shape)


def test_elementwise_keeps_nan():
    b = Builder()
    x = b.input(0, f32(5))
    y = b.emit("maximum", x, b.constant(0.0, BY_NAME["float32"]))
    z = b.emit("minimum", x, b.constant(0.0, BY_NAME["float32"]))
    (high, low), _ = both(b, Program((x,), (y, z)), [np.float32([1, -2, np.nan, np.inf, -np.inf])])
    assert np.isnan(high[2])
    assert np.isnan(low[2])


@pytest.mark.parametrize("name", ["exp", "tanh", "sigmoid", "log1p", "erf", "softplus", "rsqrt", "sqrt", "floor"])
def test_functions(name):
    b = Builder()
    x = b.input(0, f32(70))
    both(b, Program((x,), (b.emit(name, x),)), [np.linspace(0.1, 5, 70, dtype=np.float32)])


def test_rows():
    b = Builder()
    x = b.input(0, f32(7, 33))
    e = b.emit("exp", b.emit("sub", x, b.emit("max", x, axes=(1,), keepdims=True)))
    soft = b.emit("div", e, b.emit("sum", e, axes=(1,), keepdims=True))
    best = b.emit("argmax", x, axis=1)
    both(b, Program((x,), (soft, best)), [np.random.default_rng(0).normal(size=(7, 33)).astype(np.float32)])


def test_step_of_a_layer():
    """A product with bias and relu in its epilogue, and a gradient step that updates the weights in place."""
    b, r = Builder(), np.random.default_rng(1)
    x, w = b.input(0, f32(6, 5)), b.variable(0, f32(5, 7))
    y = b.emit("matmul", x, w, transpose_x=False, transpose_y=False)
    y = b.emit("maximum", y, b.constant(0.0, BY_NAME["float32"]))
    g = b.emit("matmul", x, y, transpose_x=True, transpose_y=False)
    update = b.emit("sub", w, b.emit("mul", g, b.constant(0.1, BY_NAME["float32"])))
    program = Program((x,), (y,), ((0, update),), (f32(5, 7),))
    arrays = [r.normal(size=s).astype(np.float32) for s in ((6, 5), (5, 7))]
    _, driver = both(b, program, arrays[:1], arrays[1:])
    assert sum(run.counters.flops for run in driver.runs) >= 2 * 2 * 6 * 5 * 7


def test_no_memory_is_lost_when_a_launch_fails():
    b = Builder()
    x = b.input(0, f32(8))
    program, _ = run_pipeline(Program((x,), (b.emit("exp", x),)), b, PipelineOptions())
    driver = EmulatedDriver()

    def refuse(*_):
        raise RuntimeError("refused")

    driver.launch = refuse
    with pytest.raises(RuntimeError, match="refused"):
        CudaRun(plan_program(program), driver, {})([np.ones(8, np.float32)], [])
    driver.close()
    assert driver.memory.allocations == 0
