"""The analysis of the graph of kernels in a report."""

import json
import os
import subprocess
import sys

import graphc as gc
from graphc.bench.models import mlp
from graphc.session.analysis import graph_facts


def call(label, work, reads, writes):
    return {
        "label": label,
        "work": work,
        "reads": [{"name": name} for name in reads],
        "writes": [{"name": name} for name in writes],
    }


def test_no_kernels():
    facts = graph_facts([])
    assert facts["kernels"] == facts["edges"] == facts["components"] == 0
    assert facts["widths"] == facts["critical_path"] == facts["bottlenecks"] == []
    assert facts["critical_share"] == 0


def test_two_parts_that_do_not_meet():
    facts = graph_facts([call("a", 1, "x", "p"), call("b", 7, "y", "q"), call("c", 2, "p", "r")])
    assert facts["components"] == 2
    assert facts["widths"] == [2, 1]
    assert facts["critical_path"] == [1]
    assert facts["critical_share"] == 0.7
    assert facts["bottlenecks"] == []


def test_a_buffer_that_is_written_twice_is_read_from_its_last_writer():
    facts = graph_facts([call("a", 1, "x", "p"), call("b", 5, "p", "p"), call("c", 1, "p", "q")])
    assert facts["edges"] == 2
    assert facts["critical_labels"] == ["a", "b", "c"]


def session_and_model():
    model = mlp(8, (16, 12, 7, 5), lambda: gc.train.GradientDescentOptimizer(0.01))
    return gc.Session(graph=model.graph, config=gc.Config(cache=False)), model


def test_a_training_step_goes_forward_and_back():
    session, model = session_and_model()
    with session:
        session.run(model.fetches, dict(zip(model.feeds, model.values, strict=True)))
        report = session.report(model.fetches, model.feeds)
    graph = report["graph"]
    assert graph["kernels"] == report["kernels"]["called"] == sum(graph["widths"])
    assert graph["components"] == 1
    loss = next(n for n, c in enumerate(report["calls"]) if "log" in c["label"] or "exp" in c["label"])
    # Three products, the loss, two products back, and an update.
    assert len(graph["critical_path"]) == 7
    assert graph["critical_path"][3] == loss
    # Activations go past the loss to the weight gradients: only the first kernel is on every way.
    assert graph["bottlenecks"] == [0]
    assert 0 < graph["critical_share"] < 1
    assert json.loads(json.dumps(report)) == report
    assert "critical path" in str(report)
    assert f"everything passes through: {', '.join(map(str, graph['bottlenecks']))}" in str(report)


SCRIPT = """
import json, sys
import numpy as np
import graphc as gc
x = gc.placeholder(gc.float32, (None, 4))
w = gc.Variable(np.ones((4, 4), np.float32))
y = gc.matmul(gc.tanh(gc.matmul(x, w)), w)
with gc.Session() as session:
    session.run(y, {x: np.ones((2, 4))})
    before = "networkx" in sys.modules
    report = session.report(y, [x])
print(json.dumps([report["cache"], before, "networkx" in sys.modules, report["graph"]]))
"""


def test_it_is_made_when_asked_for_and_the_same_from_disk(tmp_path):
    environment = os.environ | {"GRAPHC_CACHE_DIR": str(tmp_path)}
    found = []
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT], capture_output=True, text=True, env=environment, check=True
        )
        found.append(json.loads(done.stdout))
    (first, *cold), (second, *warm) = found
    assert (first, second) == ("miss", "hit")
    assert cold[:2] == warm[:2] == [False, True]
    assert cold[2] == warm[2]
    assert cold[2]["widths"] == [1, 1]
