"""Metrics over batches against the same over everything at once."""

import numpy as np
import pytest

import graphc as gc

M = gc.metrics
RNG = np.random.default_rng(4)
BATCHES = [(RNG.integers(0, 2, n), RNG.random(n).astype(np.float32), RNG.random(n).astype(np.float32))
           for n in (7, 5, 1)]  # fmt: skip
LABELS, SCORES, WEIGHTS = (np.concatenate(parts) for parts in zip(*BATCHES, strict=True))


@pytest.fixture(autouse=True)
def graph():
    with gc.Graph().as_default() as g:
        yield g


def counts(labels, hits, w):
    return [(w * a * b).sum() for a, b in (
        (labels, hits), (1 - labels, hits), (1 - labels, 1 - hits), (labels, 1 - hits))]  # fmt: skip


def want(name, labels, scores, w):
    hits = (scores > 0.5).astype(int)
    tp, fp, tn, fn = counts(labels, hits, w)
    error = scores - labels
    return {
        "accuracy": (w * (hits == labels)).sum() / w.sum(),
        "precision": tp / (tp + fp), "recall": tp / (tp + fn),
        "true_positives": tp, "false_positives": fp, "true_negatives": tn, "false_negatives": fn,
        "mean_squared_error": (w * error**2).sum() / w.sum(),
        "root_mean_squared_error": np.sqrt((w * error**2).sum() / w.sum()),
        "mean_absolute_error": (w * abs(error)).sum() / w.sum(),
    }[name]  # fmt: skip


NAMES = ["accuracy", "precision", "recall", "true_positives", "false_positives", "true_negatives", "false_negatives",
         "mean_squared_error", "root_mean_squared_error", "mean_absolute_error"]  # fmt: skip


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("mode", ["compile", "interpret"])
def test_batches_make_up_the_whole(mode, weighted):
    labels, scores = gc.placeholder(gc.int32, [None]), gc.placeholder(gc.float32, [None])
    weights = gc.placeholder(gc.float32, [None])
    hits = gc.cast(scores > 0.5, gc.int32)
    pairs = {}
    for name in NAMES:
        predicted = scores if "error" in name else hits
        pairs[name] = getattr(M, name)(labels, predicted, weights if weighted else None)
    session = gc.Session(mode=mode)
    updates = {n: p[1] for n, p in pairs.items()}
    for y, s, w in BATCHES:
        found = session.run(updates, {labels: y, scores: s, weights: w})
    w = WEIGHTS if weighted else np.ones_like(WEIGHTS)
    for name in NAMES:
        np.testing.assert_allclose(found[name], want(name, LABELS, SCORES, w), rtol=1e-5, err_msg=name)
    again = session.run({n: p[0] for n, p in pairs.items()})
    assert again == found
    session.run(gc.local_variables_initializer())
    assert session.run(pairs["mean_absolute_error"][0]) == session.run(pairs["precision"][0]) == 0.0
    assert not gc.global_variables()


@pytest.mark.parametrize("curve", ["ROC", "PR"])
def test_area_under_a_curve(curve):
    rng = np.random.default_rng(1)
    labels = rng.integers(0, 2, 4000)
    scores = np.clip(rng.normal(labels * 0.3 + 0.35, 0.15), 0, 1).astype(np.float32)
    y, p = gc.placeholder(gc.bool, [None]), gc.placeholder(gc.float32, [None])
    value, update = M.auc(y, p, curve=curve)
    session = gc.Session(mode="interpret")
    for part in np.array_split(np.arange(4000), 3):
        last = session.run(update, {y: labels[part].astype(bool), p: scores[part]})
    order = np.argsort(-scores)
    tp, fp = np.cumsum(labels[order]), np.cumsum(1 - labels[order])
    x, h = (fp / fp[-1], tp / tp[-1]) if curve == "ROC" else (tp / tp[-1], tp / (tp + fp))
    exact = np.trapezoid(h, x)
    np.testing.assert_allclose(last, exact, atol=2e-3)
    assert session.run(value) == last


def test_mean_of_columns_and_collections(graph):
    x = gc.constant([[1.0, 3.0], [5.0, 7.0]])
    value, update = M.mean(x, [[1.0], [0.0]], ["values"], ["updates"], "m")
    assert graph.get_collection("values") == [value]
    assert graph.get_collection("updates") == [update]
    assert [v.op.name for v in gc.local_variables()] == ["m/total", "m/count"]
    session = gc.Session()
    assert session.run(value) == 0.0
    assert session.run(update) == 2.0
    assert session.run(M.percentage_below(x, 4.0)[1]) == 0.5


def test_shapes_that_differ_by_a_column():
    session = gc.Session(mode="interpret")
    assert session.run(M.accuracy([[1], [0]], [1, 1])[1]) == 0.5
    assert session.run(M.accuracy([1, 0], np.array([[1], [1]]))[1]) == 0.5
    with pytest.raises(gc.GraphError, match="do not fit"):
        M.accuracy([1, 0], [[1, 1], [0, 0]])
    with pytest.raises(gc.GraphError, match="neither"):
        M.auc([1], [0.5], curve="roc")
