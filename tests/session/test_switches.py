"""Every optimisation has a switch; results are the same without it."""

import numpy as np
import pytest

import graphc as gc
from graphc.bench import models
from graphc.passes.pipeline import PASSES, REQUIRED
from graphc.schedule.switches import SWITCHES
from graphc.session.build import program_key
from graphc.session.lower import Feed, lower

NAMES = [*SWITCHES, *(item.name for item in PASSES if item.name not in REQUIRED)]
MODELS = {
    "adam": lambda: models.mlp(9, (16, 12, 7, 5), lambda: gc.train.AdamOptimizer(0.01)),
    "layernorm_gelu": lambda: models.layernorm_gelu(7, 19),
    "convnet": lambda: models.convnet(3, 8, (4, 6)),
}


def run(model, disable=(), steps=3):
    """Values of the last step and of the variables after it, and the report."""
    config = gc.Config(disable=disable, poison=True, cache=False)
    with gc.Session(graph=model.graph, config=config) as session:
        feeds = dict(zip(model.feeds, model.values, strict=True))
        for _ in range(steps):
            found = session.run(model.fetches, feeds)
        report = session.report(model.fetches, model.feeds)
        values = [v for v in found if v is not None]
        return values + [session.run(v) for v in model.variables], report


@pytest.fixture(scope="module")
def references():
    return {name: run(make()) for name, make in MODELS.items()}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("model", MODELS)
def test_results_are_the_same_without(model, name, references):
    expected, _ = references[model]
    found, report = run(MODELS[model](), (name,))
    for mine, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=2e-5, atol=2e-6)
    if name in SWITCHES:
        assert [b["name"] for b in report["backend"] if not b["on"]] == [name]
    else:
        assert name not in [p["name"] for p in report["passes"]]


def test_everything_off_at_once(references):
    for model, (expected, _) in references.items():
        found, _ = run(MODELS[model](), tuple(NAMES))
        for mine, theirs in zip(found, expected, strict=True):
            np.testing.assert_allclose(mine, theirs, rtol=2e-5, atol=2e-6)


def effects(report):
    return {b["name"]: b["did"] for b in report["backend"]}


def test_switches_change_what_they_say(references):
    _, plain = references["adam"]
    reports = {name: run(MODELS["adam"](), (name,), steps=1)[1] for name in SWITCHES}
    did = effects(plain)
    single = reports["fusion"]["kernels"]["called"]
    assert single == effects(reports["fusion"])["fusion"]["operations"] > 3 * plain["kernels"]["called"]
    assert all("+" not in call["label"] for call in reports["fusion"]["calls"])
    labels = [c["label"] for c in reports["epilogues"]["calls"] if c["kind"] == "Contraction"]
    assert set(labels) == {"matmul"}
    assert did["epilogues"]["operations"] > 0 == effects(reports["epilogues"])["epilogues"]["operations"]
    assert did["recompute"]["values not stored"] > 0
    assert reports["recompute"]["kernels"]["called"] > plain["kernels"]["called"]
    assert did["in_place"]["variables"] > 0 == effects(reports["in_place"])["in_place"]["variables"]
    copies = [c["writes"] for c in reports["in_place"]["calls"] if c["label"].split()[-1] == "copy"]
    assert sum(map(len, copies)) >= did["in_place"]["variables"]
    assert effects(reports["in_place"])["horizontal"]["kernels joined"] > 0
    kernels = reports["kernel_sharing"]["kernels"]
    assert kernels["emitted"] == kernels["called"] > plain["kernels"]["emitted"]
    assert reports["arena_reuse"]["arena_bytes"] != plain["arena_bytes"]


def test_sinking_moves_the_end_of_an_epilogue():
    graph = gc.Graph()
    with graph.as_default():
        x = gc.placeholder(gc.float32, (None, 8))
        w = gc.Variable(np.random.default_rng(0).normal(size=(8, 8)).astype(np.float32))
        scores = gc.nn.softmax(gc.matmul(x, w))
        gradient = gc.gradients(gc.reduce_sum(gc.square(gc.matmul(scores, w))), [x])[0]
    values = [np.random.default_rng(1).normal(size=(5, 8)).astype(np.float32)]
    model = models.Model(graph, [gradient], [x], values, [w])
    (expected, *_), on = run(model, steps=1)
    (found, *_), off = run(model, ("sinking",), steps=1)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
    assert effects(on)["sinking"]["operations moved"] > 0 == effects(off)["sinking"]["operations moved"]


def test_unknown_names_list_all():
    with pytest.raises(gc.GraphError, match="no optimisation 'fuse'") as caught:
        gc.Config(disable=("fuse",))
    assert all(name in str(caught.value) for name in NAMES)
    with pytest.raises(gc.GraphError, match="cannot be switched off"):
        gc.Config(disable=("expand_gradients",))
    with pytest.raises(gc.GraphError, match=r"write disable=\('fusion',\)"):
        gc.Config(disable="fusion")


def test_switches_are_part_of_the_name_on_disk():
    model = MODELS["layernorm_gelu"]()
    keys = set()
    lowered = lower(model.fetches, [Feed(t, v.ndim) for t, v in zip(model.feeds, model.values, strict=True)])
    for disable in ((), *((name,) for name in NAMES)):
        keys.add(program_key(lowered.program, gc.Config(disable=disable)))
    assert len(keys) == 1 + len(NAMES)
    one, other = gc.Config(disable=("fusion", "in_place")), gc.Config(disable=("in_place", "fusion"))
    assert program_key(lowered.program, one) == program_key(lowered.program, other)
