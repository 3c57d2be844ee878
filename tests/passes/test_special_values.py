"""Values and gradients of single operations at zeros, infinities, NaN and ties: the passes change none of them."""

import numpy as np
import pytest

from graphc.interp.evaluate import interpret
from graphc.ir.dtypes import float64
from graphc.ir.program import Program
from graphc.ir.types import TensorType
from graphc.ops.builder import Builder
from graphc.ops.record import REGISTRY
from graphc.passes.pipeline import PASSES, PipelineOptions, run_pipeline

SPECIAL = np.array([0.0, -0.0, 1.0, -1.0, 0.5, 3.0, -2.0, 1e-200, 1e150, -1e200, np.inf, -np.inf, np.nan])
PLAIN = frozenset(p.name for p in PASSES) - {"expand_gradients"}
ATTRIBUTES = {"polygamma": {"order": 1}}
OPERATIONS = sorted(
    r.name
    for r in REGISTRY.values()
    if r.kind == "elementwise" and "f" in r.dtypes and r.vjp and r.name not in ("cast", "check_finite")
)


@pytest.mark.parametrize("name", OPERATIONS)
def test_value_and_gradient(name):
    b = Builder()
    record = REGISTRY[name]
    count = len(record.sample)
    shape = (len(SPECIAL),) * count
    axes = [tuple(len(SPECIAL) if i == k else 1 for i in range(count)) for k in range(count)]
    inputs = [b.input(i, TensorType(float64, s)) for i, s in enumerate(axes)]
    operands = [b.emit("gt", inputs[0], 0.0), *inputs[1:]] if name == "select" else inputs
    ct = b.input(count, TensorType(float64, shape))
    attrs = ATTRIBUTES.get(name, {})
    y = b.emit(name, *operands, **attrs)
    spread = [b.emit("broadcast_to", x, shape=shape) for x in operands]
    wrt = [b.emit("identity", s, tag=i + 1) for i, s in enumerate(spread) if s.dtype == float64]
    fixed = iter(wrt)
    wide = b.emit(name, *[next(fixed) if s.dtype == float64 else s for s in spread], **attrs)
    gradient = b.emit("gradient", wide, *wrt, ct, ys=1, xs=len(wrt), given=(True,))
    outputs = (y, *(b.emit("item", gradient, index=i) for i in range(len(wrt))))
    program = Program((*inputs, ct), outputs)
    plain, _ = run_pipeline(program, b, PipelineOptions(disabled=PLAIN))
    optimized, _ = run_pipeline(program, b)
    feeds = [SPECIAL.reshape(s) for s in axes] + [np.random.default_rng(0).uniform(0.5, 2.0, shape)]
    for want, got in zip(interpret(plain, feeds, [], {})[0], interpret(optimized, feeds, [], {})[0], strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-12)
