"""The common factor of a sum of products is multiplied once, and less is kept for the way back."""

import numpy as np
import pytest

import graphc as gc
from graphc.bench import models
from graphc.ir.dims import symbol
from graphc.ir.dtypes import float32, int32
from graphc.ir.program import Program
from graphc.ir.types import TensorType
from graphc.ops.builder import Builder
from graphc.passes.factoring import factor_out
from tests.rewrite.evaluate import evaluate


class Setting:
    """An early value x, two coefficients of it, and a late one g: a matrix product."""

    def __init__(self, dtype=float32):
        b = self.b = Builder()
        self.type = TensorType(dtype, (symbol("n"), 4))
        self.x, self.w = b.input(0, self.type), b.input(1, TensorType(dtype, (4, 4)))
        self.row = b.input(2, TensorType(dtype, (symbol("n"), 1)))
        self.g = b.emit("matmul", self.x, self.w, transpose_x=False, transpose_y=False)

    def program(self, *outputs):
        return Program((self.x, self.w, self.row), outputs)

    def optimized(self, *outputs):
        return factor_out(self.program(*outputs), self.b)


def agree(before, after):
    rng = np.random.default_rng(0)
    feeds = [rng.normal(size=s).astype(np.float32) for s in ((4, 4), (4, 4), (4, 1))]
    for mine, theirs in zip(evaluate(after.outputs, feeds), evaluate(before.outputs, feeds), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-6, atol=1e-6)


def test_one_multiplication_by_the_late_value_is_left():
    s = Setting()
    total = s.g * s.x + (s.g * s.b.emit("sin", s.x)) * s.row
    result, counts = s.optimized(total)
    (out,) = result.outputs
    assert counts == {"sums of products": 1}
    assert out.op == "mul"
    assert out.inputs[0] is s.g
    assert [n.op for n in result.nodes() if s.g in n.inputs] == ["mul"]
    agree(s.program(total), result)


@pytest.mark.parametrize("form", ["g + g * x", "g * x - g", "g / row - g * x", "-(g * x) + g", "g + g", "twice"])
def test_forms_of_sums(form):
    s = Setting()
    g, x, row = s.g, s.x, s.row
    if form == "twice":
        first = g * x + g * row
        total = first * x - first
    else:
        total = eval(form, {"g": g, "x": x, "row": row})
    result, counts = s.optimized(total)
    assert counts == {"sums of products": 1}
    assert result.outputs[0].op == "mul"
    assert g in result.outputs[0].inputs
    agree(s.program(total), result)


def test_the_coefficient_keeps_its_own_small_shape():
    s = Setting()
    result, _ = s.optimized(s.g * s.row + s.g)
    assert result.outputs[0].inputs[1].shape == (symbol("n"), 1)


def test_parts_that_are_needed_by_themselves_stay():
    s = Setting()
    part = s.g * s.x
    program = s.program(part + s.g * s.row, part)
    assert factor_out(program, s.b) == (program, {})


def test_what_comes_before_the_ends_part_is_factored_out():
    """The sum leads to a result and to a further product: everything goes through the sum."""
    s = Setting()
    total = s.g * s.x + s.g * s.row
    result, counts = s.optimized(total, total * s.row)
    assert counts == {"sums of products": 1}
    agree(s.program(total, total * s.row), result)


def test_no_coefficient_depends_on_the_factor():
    s = Setting()
    total = s.g * s.b.emit("exp", s.g) + s.g * s.x
    program = s.program(total)
    assert factor_out(program, s.b) == (program, {})


def test_choices_are_not_multiplications():
    """Where a gradient is not taken it may be infinite; a factor of zero would make it NaN."""
    s = Setting()
    chosen = s.b.emit("select", s.b.emit("gt", s.x, 0.0), s.g, s.b.constant(0.0, float32))
    program = s.program(chosen + s.g * s.x)
    assert factor_out(program, s.b) == (program, {})


def test_integers_stay_as_they_are():
    s = Setting(int32)
    program = s.program(s.g * s.x + s.g * s.row)
    assert factor_out(program, s.b) == (program, {})


def test_origins_of_all_terms_are_united():
    s = Setting()
    left, right = s.g * s.x, s.g * s.row
    s.b.origins |= {left: frozenset({1}), right: frozenset({2})}
    result, _ = s.optimized(left + right)
    (out,) = result.outputs
    assert s.b.origins[out] == s.b.origins[out.inputs[1]] == {1, 2}


ACTIVATIONS = {
    "silu": gc.nn.silu,
    "mish": gc.nn.mish,
    "gelu": gc.nn.gelu,
    "gelu_tanh": lambda x: gc.nn.gelu(x, approximate=True),
    "products": lambda x: gc.tanh(gc.tanh(x * 0.5) * x) * x,
}


def activated(activation):
    """Three layers of 24 units, one step of gradient descent."""
    rng = np.random.default_rng(0)
    graph = gc.Graph()
    with graph.as_default():
        x = gc.placeholder(gc.float32, (None, 24))
        weights = [gc.Variable(rng.normal(0, 0.3, (24, 24)).astype(np.float32)) for _ in range(3)]
        value = x
        for weight in weights:
            value = activation(gc.matmul(value, weight))
        loss = gc.reduce_mean(gc.square(value))
        step = gc.train.GradientDescentOptimizer(0.5).minimize(loss)
    return models.Model(graph, [loss, step], [x], [rng.normal(size=(32, 24)).astype(np.float32)], weights)


def run(model, disable):
    with gc.Session(graph=model.graph, config=gc.Config(disable=disable, poison=True, cache=False)) as session:
        feeds = dict(zip(model.feeds, model.values, strict=True))
        loss = [session.run(model.fetches, feeds)[0] for _ in range(3)][-1]
        report = session.report(model.fetches, model.feeds)
        stored = sum(
            b["kind"] == "arena" and b["shape"].endswith(", 24]") for c in report["calls"] for b in c["writes"]
        )
        return [loss, *(session.run(v) for v in model.variables)], stored, report


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_two_values_a_layer_are_kept_for_the_way_back(name):
    model = activated(ACTIVATIONS[name])
    values, stored, report = run(model, ())
    others, more, _ = run(model, ("factor_out",))
    for mine, theirs in zip(values, others, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=2e-5, atol=2e-6)
    (did,) = (p["rules"] for p in report["passes"] if p["name"] == "factor_out")
    assert did == {"sums of products": 2}
    # Two hidden layers keep an activation and its slope, the last its slope; and there are three gradients.
    assert stored == 8 < more
