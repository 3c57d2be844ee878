"""The work of the passes grows with the size of the program, not with its square."""

from graphc.bench.pass_scaling import random_program
from graphc.passes.pipeline import PipelineOptions, run_pipeline
from graphc.rewrite.driver import rewrite
from graphc.rewrite.folding import fold_constant
from graphc.rewrite.rule import Rule
from graphc.rewrite.rules import SIMPLIFY


def work(size, monkeypatch):
    """Rules tried and nodes made per node, while a program with gradients is simplified."""
    builder, program = random_program(size, gradients=True)
    program, _ = run_pipeline(program, builder, PipelineOptions(until="stabilize_gradients"))
    tried = 0
    apply = Rule.apply

    def counted(self, *args):
        nonlocal tried
        tried += 1
        return apply(self, *args)

    nodes, first = len(program.nodes()), builder.next_id
    with monkeypatch.context() as patch:
        patch.setattr(Rule, "apply", counted)
        _, trace = rewrite(program, builder, SIMPLIFY, fold=fold_constant)
    assert not trace.exhausted
    return tried / nodes, (builder.next_id - first) / nodes, trace.sweeps


def test_work_per_node_does_not_grow(monkeypatch):
    tried, made, sweeps = work(400, monkeypatch)
    more_tried, more_made, more_sweeps = work(4000, monkeypatch)
    assert more_tried < 1.5 * tried
    assert more_made < 1.5 * made
    assert max(sweeps, more_sweeps) <= 5
