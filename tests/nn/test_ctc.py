"""Connectionist temporal classification against the sum over all alignments, and gradients by finite differences."""

import itertools

import numpy as np
import pytest

import graphc as gc


@pytest.fixture(params=["compile", "interpret"])
def session(request):
    with gc.Graph().as_default(), gc.Session(mode=request.param) as session:
        yield session


def read(path, blank):
    """What an alignment reads as."""
    return [c for c, _ in itertools.groupby(path) if c != blank]


def brute_force(logits, label, steps, blank):
    scores = np.asarray(logits, np.float64)[:steps]
    p = np.exp(scores - scores.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    paths = itertools.product(range(p.shape[1]), repeat=steps)
    total = sum(np.prod([p[t, c] for t, c in enumerate(path)]) for path in paths if read(path, blank) == list(label))
    return -np.log(total) if total else np.inf


LABELS = np.array([[0, 1, 0], [1, 1, 2], [2, 0, 0], [0, 0, 0], [1, 2, 1]], np.int32)
LENGTHS = np.array([3, 3, 1, 0, 3], np.int32)
STEPS = np.array([5, 4, 5, 3, 2], np.int32)


@pytest.mark.parametrize("blank", [-1, 0])
def test_the_loss_is_the_sum_over_all_alignments(session, blank):
    logits = np.random.default_rng(0).normal(size=(5, 5, 4)) * 2
    labels = LABELS + (blank == 0)
    place = 3 if blank == -1 else 0
    x = gc.placeholder(gc.float64, [None, None, 4])
    y = gc.placeholder(gc.int32, [None, None])
    loss = gc.nn.ctc_loss(y, x, LENGTHS, STEPS, blank_index=blank)
    found = session.run(loss, {x: logits, y: labels})
    wanted = [brute_force(logits[:, b], labels[b][: LENGTHS[b]], STEPS[b], place) for b in range(5)]
    assert np.isinf(wanted[4])
    np.testing.assert_allclose(found, wanted, rtol=1e-10)


def test_its_gradient_by_finite_differences(session):
    logits = np.random.default_rng(1).normal(size=(4, 5, 5))
    x = gc.placeholder(gc.float64, [4, 5, 5])
    total = gc.reduce_sum(gc.nn.ctc_loss(LABELS[:4], x, LENGTHS[:4], STEPS[:4], logits_time_major=False))
    (slope,) = gc.gradients(total, x)
    found = session.run(slope, {x: logits})
    wanted = np.zeros_like(logits)
    for place in np.ndindex(logits.shape):
        for sign in (1, -1):
            moved = logits.copy()
            moved[place] += sign * 1e-5
            wanted[place] += sign * session.run(total, {x: moved}) / 2e-5
    np.testing.assert_allclose(found, wanted, atol=1e-7)
    assert not found[3, 3:].any(), "steps behind the end count nothing"


@pytest.mark.parametrize("merge", [True, False])
def test_greedy_decoding_reads_the_best_path(session, merge):
    rng = np.random.default_rng(2)
    logits = rng.normal(size=(7, 6, 3))
    steps = np.array([7, 6, 5, 1, 0, 7])
    x = gc.placeholder(gc.float64, [None, None, 3])
    decoded, lengths, score = session.run(gc.nn.ctc_greedy_decoder(x, steps, merge), {x: logits})
    for b in range(6):
        path = logits[: steps[b], b].argmax(1)
        wanted = read(path, 2) if merge else [c for c in path if c != 2]
        assert decoded[b].tolist() == wanted + [-1] * (7 - len(wanted))
        assert lengths[b] == len(wanted)
    sums = [-logits[: steps[b], b].max(1).sum() if steps[b] else 0.0 for b in range(6)]
    np.testing.assert_allclose(score, sums)


def test_unfit_shapes_are_named_with_the_line(session):
    with pytest.raises(gc.GraphError, match=r"labels \[batch, labels\] are needed") as error:
        gc.nn.ctc_loss(gc.constant([1]), gc.zeros([2, 1, 2]), [1], [2])
    assert "test_ctc.py" in str(error.value)
