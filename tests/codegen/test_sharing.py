"""Updates of many variables share one kernel, whatever their sizes."""

from __future__ import annotations

import numpy as np

import graphc as gc
from graphc.codegen.cpu.sharing import shared_forms
from graphc.ir.dims import symbol
from graphc.loops.expr import Affine, Expr, load
from graphc.loops.flat import open_form
from graphc.loops.spec import Axis, Nest, Operand, Store

SIZES = ((3,), (17, 5), (64, 33), (2, 3, 4), (1000,), (1,))


def _adam(mode: str) -> tuple[list[np.ndarray], dict[str, object] | None]:
    rng = np.random.default_rng(0)
    with gc.Graph().as_default():
        variables = [gc.Variable(rng.normal(size=shape).astype(np.float32)) for shape in SIZES]
        loss = gc.add_n([gc.reduce_sum(gc.sin(v) * gc.cos(v * 2.0)) for v in variables])
        step = gc.train.AdamOptimizer(0.1).minimize(loss)
        session = gc.Session(config=gc.Config(mode=mode, disable=("horizontal",), poison=mode == "compile"))
        for _ in range(3):
            session.run(step)
        values = session.run(variables)
        return values, session.report(step)["kernels"] if mode == "compile" else None


def test_updates_of_all_sizes_are_right_and_share_code() -> None:
    expected, _ = _adam("interpret")
    got, kernels = _adam("compile")
    for a, b in zip(got, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-5, atol=2e-6)
    assert kernels is not None
    # Two powers of beta, one element, and all longer variables together.
    assert kernels["emitted"] <= 4 < len(SIZES) <= kernels["called"]


def _double(sizes: tuple[int, ...], strides: tuple[int, ...]) -> Nest:
    offset = Affine(0, strides)
    x = load(0, offset, "float32")
    store = Store(1, offset, Expr("add", (x, x), "float32", ()), False)
    return Nest(tuple(map(Axis, sizes)), (Operand("float32", "in"), Operand("float32", "out")), (store,))


def test_open_form_is_for_one_contiguous_axis() -> None:
    found = open_form(_double((4, 8), (8, 1)))
    assert found is not None
    assert found[1] == 32
    assert open_form(_double((4, 8), (16, 1))) is None
    assert open_form(_double((4,), (2,))) is None


def test_symbolic_lengths_share_too() -> None:
    fixed, open_size = _double((5,), (1,)), Nest((Axis(symbol("n")),), *_parts(_double((5,), (1,))))
    forms = shared_forms([fixed, open_size, _double((4, 8), (16, 1))])
    assert set(forms) == {fixed, open_size}
    assert forms[fixed][0] == forms[open_size][0]


def _parts(nest: Nest) -> tuple[tuple[Operand, ...], tuple[Store, ...]]:
    return nest.operands, nest.stores
