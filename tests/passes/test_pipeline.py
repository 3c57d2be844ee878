"""The list of passes: switches, reports, guards, and what each pass does."""

import numpy as np
import pytest

from graphc.ir.dims import symbol
from graphc.ir.dtypes import float32, int32, int64
from graphc.ir.program import Guard, Program
from graphc.ir.types import TensorType
from graphc.ops.assume import assume_equal
from graphc.ops.builder import Builder
from graphc.passes.external import networkx_pass
from graphc.passes.kind import Pass
from graphc.passes.pipeline import PASSES, PipelineOptions, run_pipeline
from graphc.passes.shapes import fold_shapes
from graphc.passes.sharing import share
from graphc.passes.variables import drop_idle_updates
from tests.rewrite.evaluate import evaluate

VECTOR = TensorType(float32, (4,))


@pytest.fixture
def b():
    return Builder()


@pytest.fixture
def x(b):
    return b.input(0, VECTOR)


def test_every_pass_reports_in_order(b, x):
    program = Program((x,), (b.emit("log", b.emit("exp", x) + 1.0) * 1.0,))
    result, reports = run_pipeline(program, b)
    assert [r.name for r in reports] == [p.name for p in PASSES]
    assert result.outputs == (b.emit("softplus", x),)
    by_name = {r.name: r for r in reports}
    assert by_name["canonicalize"].counts == {"x * 1": 1}
    assert by_name["stabilize"].counts == {"log(1 + x)": 1, "log1p(exp(x))": 1}
    assert (by_name["canonicalize"].nodes_before, by_name["canonicalize"].nodes_after) == (6, 5)
    assert (by_name["stabilize"].edges_before, by_name["stabilize"].edges_after) == (4, 1)
    assert all(r.seconds >= 0 for r in reports)
    assert "log(1 + x) x1" in str(by_name["stabilize"])


def test_a_pass_is_switched_off_by_name(b, x):
    program = Program((x,), (b.emit("log", b.emit("exp", x)),))
    options = PipelineOptions(disabled=frozenset({"stabilize", "stabilize_gradients"}))
    result, reports = run_pipeline(program, b, options)
    assert result == program
    assert "stabilize" not in [r.name for r in reports]


def test_the_list_can_end_early(b, x):
    _, reports = run_pipeline(Program((x,), (x,)), b, PipelineOptions(until="stabilize"))
    assert reports[-1].name == "stabilize"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (PipelineOptions(disabled=frozenset({"stabilise"})), "no pass 'stabilise': there are fold_shapes"),
        (PipelineOptions(until="end"), "no pass 'end'"),
        (PipelineOptions(disabled=frozenset({"expand_gradients"})), "cannot be switched off"),
        (PipelineOptions(extra=(("nowhere", PASSES[0]),)), "no pass 'nowhere'"),
        (PipelineOptions(extra=(("simplify", PASSES[0]),)), "already"),
    ],
)
def test_names_that_are_wrong_are_errors(b, x, options, message):
    with pytest.raises(ValueError, match=message):
        run_pipeline(Program((x,), (x,)), b, options)


def test_sizes_newly_taken_to_be_equal_become_guards(b):
    n, m = symbol("n"), symbol("m")
    left, right = b.input(0, TensorType(float32, (n,))), b.input(1, TensorType(float32, (m,)))
    total = b.emit("broadcast_to", left, shape=(3, n)) + b.emit("broadcast_to", right, shape=(3, m))
    program, _ = run_pipeline(Program((left, right), (total,)), b)
    assert program.guards == (Guard(n, m, ""),)
    again, _ = run_pipeline(program, b)
    assert again.guards == program.guards


def test_notes_left_by_a_program_that_failed_are_not_taken_over(b, x):
    assume_equal(symbol("n"), symbol("m"))
    program, _ = run_pipeline(Program((x,), (-x,)), b)
    assert program.guards == ()


def test_shape_arithmetic_becomes_one_size(b):
    n = symbol("n")
    size = b.emit("dim", value=n, dtype=int64)
    half = b.emit("cast", b.emit("floordiv", size * 4 + 2, b.constant(2, int64)), dtype=int32)
    program, counts = fold_shapes(Program((), (half,)), b)
    assert program.outputs == (b.emit("dim", value=2 * n + 1, dtype=int32),)
    assert counts["sizes folded"] == 4


def test_integer_vectors_of_known_sizes_become_constants(b):
    parts = [b.emit("reshape", b.emit("dim", value=k, dtype=int32), shape=(1,)) for k in (2, 3)]
    program, _ = fold_shapes(Program((), (b.emit("concat", *parts, axis=0),)), b)
    (result,) = program.outputs
    assert result.op == "const"
    np.testing.assert_array_equal(result.attrs["value"].array, [2, 3])


def test_sizes_that_overflow_are_left_to_run_time(b):
    big = b.emit("dim", value=2**20, dtype=int32) * b.emit("dim", value=2**20, dtype=int32)
    program, _ = fold_shapes(Program((), (big,)), b)
    assert program.outputs == (big,)


def test_exchanged_operands_are_shared(b, x):
    y = b.input(1, VECTOR)
    program, counts = share(Program((x, y), (b.emit("exp", x * y), b.emit("exp", y * x), x - y, y - x)), b)
    first, second, third, fourth = program.outputs
    assert first is second
    assert third is not fourth
    assert counts == {"operands exchanged": 1}


def test_updates_that_write_back_the_own_value_are_dropped(b, x):
    w1 = b.variable(1, VECTOR)
    program = Program((x,), (), ((0, w1), (1, w1)), (VECTOR, VECTOR))
    result, counts = drop_idle_updates(program, b)
    assert result.updates == ((0, w1),)
    assert counts == {"updates dropped": 1}


def test_boundaries_fall_after_gradients(b, x):
    program = Program((x,), (b.emit("log", b.emit("identity", b.emit("stop_gradient", b.emit("exp", x)), tag=1)),))
    result, _ = run_pipeline(program, b)
    assert result.outputs == (x,)


def test_a_user_pass_on_networkx(b, x):
    def flip(graph):
        """Every sign becomes its negative."""
        for node in list(graph):
            if graph.nodes[node]["op"] == "sign":
                graph.add_node("flipped", op="neg", attrs={})
                for _, user, edge in list(graph.out_edges(node, data=True)):
                    graph.add_edge("flipped", user, **edge)
                    graph.remove_edge(node, user)
                graph.add_edge(node, "flipped", operands=(0,))

    b.current_origin = frozenset({5})
    out = b.emit("exp", b.emit("sign", x))
    b.current_origin = frozenset()
    item = networkx_pass(flip)
    assert item.doc == "Every sign becomes its negative."
    program, reports = run_pipeline(Program((x,), (out,)), b, PipelineOptions(extra=(("simplify", item),)))
    assert "flip" in [r.name for r in reports]
    feeds = {0: np.array([-2.0, 0.0, 3.0, 1.0], np.float32)}
    np.testing.assert_allclose(evaluate(program.outputs, feeds)[0], np.exp([1, 0, -1, -1]), rtol=1e-6)
    assert b.origins[program.outputs[0]] == {5}


def test_a_networkx_pass_that_changes_nothing_gives_the_same_nodes(b, x):
    w = b.variable(0, VECTOR)
    program = Program((x,), (x * x - w,), ((0, w + x),), (VECTOR,))
    result, _ = run_pipeline(program, b, PipelineOptions(extra=(("share", networkx_pass(lambda g: None, "none")),)))
    plain, _ = run_pipeline(program, b)
    assert result == plain


def cyclic(graph):
    nodes = list(graph)
    graph.add_edge(nodes[-1], nodes[0], operands=(0,))


def lost(graph):
    graph.remove_node(graph.graph["outputs"][0])


def gap(graph):
    out = graph.graph["outputs"][0]
    ((source, _),) = graph.in_edges(out)
    graph.edges[source, out]["operands"] = (1,)


@pytest.mark.parametrize(("function", "message"), [(cyclic, "cycle"), (lost, "not a node"), (gap, "positions")])
def test_graphs_that_are_no_programs_are_errors(b, x, function, message):
    program = Program((x,), (b.emit("exp", x),))
    with pytest.raises(ValueError, match=message):
        run_pipeline(program, b, PipelineOptions(extra=(("share", networkx_pass(function)),)))


def test_a_plain_pass_may_be_added(b, x):
    def swap(program, builder):
        """Nothing."""
        return program.replace_results({program.outputs[0]: builder.emit("neg", x)})

    item = Pass("swap", swap, "Negate.")
    program, _ = run_pipeline(Program((x,), (x,)), b, PipelineOptions(extra=(("share", item),)))
    assert program.outputs == (-x,)
