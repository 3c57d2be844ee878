"""Operations on the emulated device against the interpreter: one small case of each record."""

import numpy as np
import pytest

import graphc as gc
from graphc.ir.dtypes import as_dtype
from tests.ops.test_compiled_records import CASES, REGISTRY, call

SMALL = ("float32", "int32", "bool", "uint32")
CHOSEN = [
    pytest.param(cases[0], dtype, id=name)
    for name, cases in sorted(CASES.items())
    if REGISTRY[name].kind not in ("leaf", "meta")
    for dtype in [d for d in cases[0].dtypes if str(d) in SMALL][:1]
]


@pytest.mark.parametrize(("case", "dtype"), CHOSEN)
def test_operation(case, dtype):
    pytest.importorskip("cuda.bindings", reason="needs the CUDA wheels: pip install graphc[cuda]")
    operands = case.draw(dtype, np.random.default_rng(3))
    with gc.Graph().as_default():
        inputs = [gc.placeholder(as_dtype(o.dtype), o.shape) for o in operands]
        result, store = call(case, *inputs), gc.Store()
        configs = gc.Config(device="cuda:emulated", cache=False), gc.Config(mode="interpret")
        feeds = dict(zip(inputs, operands, strict=True))
        have, want = (gc.Session(config=c, store=store).run(result, feeds) for c in configs)
    for h, w in zip(*(v if isinstance(v, tuple | list) else [v] for v in (have, want)), strict=True):
        assert h.dtype == w.dtype
        np.testing.assert_allclose(
            h, w, rtol=1e-5 if w.dtype.kind == "f" else 0, atol=3e-6 if w.dtype.kind == "f" else 0
        )
