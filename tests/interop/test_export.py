"""Exported modules, run in a process that cannot import graphc, compiled and as plain Python."""

import os
import pickle
import subprocess
import sys

import numpy as np
import pytest
from numba import njit

import graphc as gc

from .test_njit import mlp

RUNNER = """
import pickle, sys
import numpy as np
sys.modules["graphc"] = None
sys.path.insert(0, sys.argv[1])
calls = pickle.load(open(sys.argv[1] + "/calls.pickle", "rb"))
from step import step
results = []
for arguments in calls:
    arguments = [np.copy(a) for a in arguments]
    try:
        found = step(*arguments)
    except Exception as error:
        found = error
    results.append((found, arguments))
pickle.dump(results, open(sys.argv[1] + "/results.pickle", "wb"))
"""


@pytest.fixture(autouse=True)
def own_graph():
    with gc.Graph().as_default():
        yield


@pytest.fixture(params=["compiled", "plain"])
def run_exported(request, tmp_path):
    """A function that exports, runs the module elsewhere, and gives results and arguments after each call."""

    def run(fn, *calls):
        fn.export_source(tmp_path / "step.py")
        (tmp_path / "calls.pickle").write_bytes(pickle.dumps(calls))
        (tmp_path / "runner.py").write_text(RUNNER)
        environment = {"PATH": os.environ["PATH"], "NUMBA_DISABLE_JIT": str(int(request.param == "plain"))}
        command = [sys.executable, tmp_path / "runner.py", tmp_path]
        result = subprocess.run(command, env=environment, capture_output=True, text=True, cwd=tmp_path)
        assert result.returncode == 0, result.stderr
        return pickle.loads((tmp_path / "results.pickle").read_bytes())

    return run


def agree(have, want, ulp=8):
    """Arrays equal but for rounding, relative to their largest element."""
    have, want = np.asarray(have), np.asarray(want)
    assert have.shape == want.shape
    assert have.dtype == want.dtype
    if want.dtype.kind == "f":
        scale = np.max(np.abs(want), initial=np.finfo(want.dtype).tiny)
        assert np.max(np.abs(have - want), initial=0) <= ulp * np.finfo(want.dtype).eps * scale
    else:
        np.testing.assert_array_equal(have, want)


def test_sgd_steps_of_a_classifier(run_exported):
    from graphc.graph.store import Store

    store = Store()
    fn, variables = mlp(store)
    state = [store.load(v) for v in variables]
    rng = np.random.default_rng(0)
    x, labels = rng.normal(size=(12, 8)).astype(np.float32), rng.integers(0, 3, 12).astype(np.int32)
    bad = labels.copy()
    bad[3] = 7
    mismatched = (x, labels[:3], *state)
    results = run_exported(fn, (x, labels, *state), (x, bad, *state), mismatched, (x[:, :7], labels, *state))
    loss, arguments = results[0]
    agree(loss, fn(x, labels))
    for array, variable in zip(arguments[2:], variables, strict=True):
        agree(array, store.load(variable))
    error, arguments = results[1]
    assert isinstance(error, IndexError)
    assert "test_njit.py" in str(error)
    for array, before in zip(arguments[2:], state, strict=True):
        np.testing.assert_array_equal(array, before)
    assert "sizes that must be equal differ in sparse_softmax" in str(results[2][0])
    assert "x: shape (12, 8) is needed, not (12, 7)" in str(results[3][0])


def test_softmax_at_several_sizes(run_exported):
    x = gc.placeholder(gc.float32, [None, None], name="x")
    fn = gc.function([x], [gc.nn.softmax(x), gc.argmax(x, axis=1), gc.reduce_max(x, axis=0)])
    rng = np.random.default_rng(0)
    feeds = [rng.normal(size=shape).astype(np.float32) for shape in ((1, 1), (7, 3), (16, 17))]
    for (found, _), feed in zip(run_exported(fn, *((f,) for f in feeds)), feeds, strict=True):
        for have, want in zip(found, fn(feed), strict=True):
            agree(have, want)


def test_convolution_with_its_gradients(run_exported):
    x = gc.placeholder(gc.float32, [None, 6, 7, 2], name="image")
    w = gc.Variable(np.random.default_rng(1).normal(size=(3, 3, 2, 4)).astype(np.float32), name="w")
    y = gc.nn.max_pool(gc.nn.relu(gc.nn.conv2d(x, w, strides=1, padding="SAME")), 2, 2, "VALID")
    fn = gc.function([x], [y, *gc.gradients(gc.reduce_sum(y * y), [x, w])])
    feed = np.random.default_rng(2).normal(size=(2, 6, 7, 2)).astype(np.float32)
    ((found, _),) = run_exported(fn, (feed, fn.session.store.load(w)))
    for have, want in zip(found, fn(feed), strict=True):
        agree(have, want)


def test_gather_with_an_index_out_of_range(run_exported):
    table = gc.Variable(np.arange(12, dtype=np.float64).reshape(4, 3), name="table")
    index = gc.placeholder(gc.int32, [None], name="index")
    fn = gc.function([index], gc.gather(table, index), updates=[(table, table * 2.0)])
    start = fn.session.store.load(table)
    good, bad = run_exported(fn, (np.array([3, 0], np.int32), start), (np.array([1, 4], np.int32), start))
    agree(good[0], start[[3, 0]])
    agree(good[1][1], start * 2)
    assert isinstance(bad[0], IndexError)
    assert "no variable was changed" in str(bad[0])
    np.testing.assert_array_equal(bad[1][1], start)


def test_irregular_kernels_booleans_and_large_constants(run_exported):
    x = gc.placeholder(gc.float64, [None, 5], name="np")
    mask = gc.placeholder(gc.bool, [None], name="lambda")
    big = np.random.default_rng(0).normal(size=(5, 40))
    values, places = gc.top_k(x, 2)
    outputs = [gc.sort(x, axis=1), values, places, gc.cumsum(x, axis=0), gc.where(mask, 1.0, -1.0), gc.matmul(x, big)]
    outputs += [gc.gather(mask, places[:, 0] % 1), gc.logical_not(mask)]
    fn = gc.function([x, mask], outputs)
    feeds = np.random.default_rng(1).normal(size=(6, 5)), np.arange(6) % 2 == 0
    ((found, _),) = run_exported(fn, feeds)
    for have, want in zip(found, fn(*feeds), strict=True):
        agree(have, want)


SCALE = 1.5


@njit
def doubled(v):
    return 2 * v * SCALE


def shift(x, out):
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            if x[i, j] > 10:
                raise ValueError("too large")
            out[i, j] = doubled(x[i, j]) + np.float32(1)


def squashed(a, b):
    return a / (1 + abs(b))


def test_functions_of_the_user_come_along(run_exported):
    x = gc.placeholder(gc.float32, [None, 3], name="shift")
    y = gc.custom_op(shift)(x)
    fn = gc.function([x], [y, gc.custom_op(squashed, elementwise=True)(y, x)])
    feed = np.arange(6, dtype=np.float32).reshape(2, 3)
    good, bad = run_exported(fn, (feed,), (feed + 10,))
    for have, want in zip(good[0], fn(feed), strict=True):
        agree(have, want)
    assert isinstance(bad[0], ValueError)
    assert str(bad[0]) == "too large"


def test_random_numbers_continue_from_the_state(run_exported):
    gc.set_random_seed(3)
    x = gc.placeholder(gc.float32, [None], name="x")
    fn = gc.function([x], gc.nn.dropout(x, rate=0.5) + gc.random_uniform([1]))
    store = fn.session.store
    feed = np.ones(50, np.float32)
    first = fn(feed)
    state = [store.load(v) for v in fn._plan.lowered((1,)).variables if hasattr(v, "op")]
    ((found, after),) = run_exported(fn, (feed, *state))
    agree(found, fn(feed))
    assert (found != first).any()
    for array, v in zip(after[1:], [v for v in fn._plan.lowered((1,)).variables if hasattr(v, "op")], strict=True):
        np.testing.assert_array_equal(array, store.load(v))


def test_the_file_is_replaced_as_a_whole(tmp_path):
    x, n = gc.placeholder(gc.float32, [None], name="x"), gc.placeholder(gc.int32, [], name="n")
    target = tmp_path / "step.py"
    assert gc.function([x], gc.exp(x), mode="interpret").export_source(target) == target
    text = target.read_text()
    assert "def step(x):" in text
    assert "graphc" not in text.partition('"""\n')[2]
    with pytest.raises(gc.GraphError, match="depends on data"):
        gc.function([x, n], gc.tile(x, [n])).export_source(target)
    assert target.read_text() == text
    assert [p.name for p in tmp_path.iterdir()] == ["step.py"]


def test_what_has_no_source_is_refused(tmp_path):
    x = gc.placeholder(gc.float32, [None], name="x")
    unnamed = gc.custom_op(lambda a: a + 1, elementwise=True)
    with pytest.raises(gc.GraphError, match="write it with def"):
        gc.function([x], unnamed(x)).export_source(tmp_path / "step.py")
    free = gc.placeholder(gc.float32, name="free")
    with pytest.raises(gc.GraphError, match="the rank of free:0 is not known"):
        gc.function([free], free).export_source(tmp_path / "step.py")
    assert not list(tmp_path.iterdir())
