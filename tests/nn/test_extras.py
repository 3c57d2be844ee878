"""Functions of `gc.nn` beyond the usual ones against NumPy, and losses over sampled classes."""

import numpy as np
import pytest
from both_modes import run_both, session

import graphc as gc

RNG = np.random.default_rng(8)


@pytest.fixture(autouse=True)
def graph():
    with gc.Graph().as_default() as g:
        gc.set_random_seed(7)
        yield g


def test_in_top_k():
    scores = np.array([[1, 5, 3, 5], [2, 2, 2, 2], [9, 1, 0, np.nan], [0, 1, 2, 3]], "f4")
    found = {k: run_both(gc.nn.in_top_k(scores, [3, 0, 3, 0], k)) for k in (1, 2, 4)}
    np.testing.assert_array_equal(found[1], [True, True, False, False])
    np.testing.assert_array_equal(found[4], [True, True, False, True])
    with pytest.raises(gc.GraphError, match="classes"):
        gc.nn.in_top_k(scores, [[1]], 1)


def test_weighted_cross_entropy_and_poisson():
    z, x = RNG.uniform(size=(2, 7)), np.array([-800, -2, -0.1, 0, 0.3, 4, 800.0])
    found = run_both(gc.nn.weighted_cross_entropy_with_logits(gc.constant(z), gc.constant(x), 2.5))
    log_sigmoid = -np.logaddexp(0, -x)
    np.testing.assert_allclose(found, -2.5 * z * log_sigmoid - (1 - z) * (log_sigmoid - x), rtol=1e-6)
    z, x = np.array([[0.5, 1, 3], [0, 2, 10]]), RNG.normal(size=(2, 3))
    part, full = run_both([gc.nn.log_poisson_loss(z, x), gc.nn.log_poisson_loss(z, x, compute_full_loss=True)])
    np.testing.assert_allclose(part, np.exp(x) - z * x, rtol=1e-5)
    safe = np.maximum(z, 1)
    more = np.where(z > 1, safe * np.log(safe) - safe + 0.5 * np.log(2 * np.pi * safe), 0)
    np.testing.assert_allclose(full, part + more, rtol=1e-5)


@pytest.mark.parametrize("keepdims", [False, True])
def test_weighted_moments(keepdims):
    x, w = RNG.normal(size=(4, 3, 2)), RNG.uniform(size=(4, 1, 2))
    mean, variance = run_both(gc.nn.weighted_moments(gc.constant(x), [0, 1], gc.constant(w), keepdims))
    full = np.broadcast_to(w, x.shape)
    m = (x * full).sum((0, 1), keepdims=keepdims) / full.sum((0, 1), keepdims=keepdims)
    v = ((x - m) ** 2 * full).sum((0, 1), keepdims=keepdims) / full.sum((0, 1), keepdims=keepdims)
    np.testing.assert_allclose(mean, m, rtol=1e-6)
    np.testing.assert_allclose(variance, v, rtol=1e-6)


def test_small_ones():
    x = np.array([[1.0, 0.0, -3.0], [0.0, -0.0, 2.0]], "f4")
    share, both, line = run_both(
        [gc.nn.zero_fraction(x), gc.nn.crelu(x, 0), gc.nn.xw_plus_b(x, np.ones((3, 2), "f4"), [1.0, 2.0])]
    )
    assert share == 0.5
    np.testing.assert_array_equal(both, np.concatenate([np.maximum(x, 0), np.maximum(-x, 0)]))
    np.testing.assert_array_equal(line, np.stack([x.sum(1) + 1, x.sum(1) + 2], 1))


def test_pixels_and_channels():
    x = gc.placeholder(gc.float32, [None, 4, 6, 8])
    deep, wide = gc.space_to_depth(x, 2), gc.depth_to_space(x, 2)
    assert (deep.shape.as_list(), wide.shape.as_list()) == ([None, 2, 3, 32], [None, 8, 12, 2])
    data = RNG.normal(size=(2, 4, 6, 8)).astype("f4")
    deep, wide, back = run_both([deep, wide, gc.depth_to_space(deep, 2)], {x: data})
    np.testing.assert_array_equal(back, data)
    np.testing.assert_array_equal(deep[:, 1, 2], data[:, 2:4, 4:6].reshape(2, -1))
    np.testing.assert_array_equal(wide[:, 2:4, 4:6].reshape(2, -1), data[:, 1, 2])
    with pytest.raises(gc.GraphError, match="multiple"):
        gc.depth_to_space(x, 3)


def test_local_response_normalization():
    data = RNG.normal(size=(2, 3, 3, 7))
    x = gc.constant(data)
    y = gc.nn.local_response_normalization(x, 2, 1.5, 0.3, 0.75)
    gradient = gc.gradients(gc.reduce_sum(y * y), x)[0]
    padded = np.pad(data**2, [(0, 0)] * 3 + [(2, 2)])
    total = sum(padded[..., i : i + 7] for i in range(5))
    found, gradient = run_both([y, gradient], rtol=1e-9)
    np.testing.assert_allclose(found, data / (1.5 + 0.3 * total) ** 0.75, rtol=1e-6)
    assert np.isfinite(gradient).all()


@pytest.mark.parametrize("padding", ["VALID", "SAME"])
def test_max_pool_with_argmax(padding):
    data = RNG.permutation(2 * 5 * 6 * 3).reshape(2, 5, 6, 3).astype("f4") - 90
    x = gc.placeholder(gc.float32, [None, 5, 6, 3])
    top, place = gc.nn.max_pool_with_argmax(x, [1, 3, 2, 1], [1, 2, 2, 1], padding)
    top, place, want = run_both([top, place, gc.nn.max_pool(x, (3, 2), 2, padding)], {x: data})
    np.testing.assert_array_equal(top, want)
    assert place.dtype == np.int64
    flat = data.reshape(2, -1)
    np.testing.assert_array_equal(np.take_along_axis(flat, place.reshape(2, -1), 1), top.reshape(2, -1))


def test_convolutions():
    x, w = RNG.normal(size=(1, 8, 8, 2)).astype("f4"), RNG.normal(size=(3, 3, 2, 4)).astype("f4")
    p = RNG.normal(size=(1, 1, 8, 5)).astype("f4")
    found = run_both(
        [
            gc.nn.atrous_conv2d(x, w, 2, "SAME"),
            gc.nn.conv2d(x, w, 1, "SAME", dilations=2),
            gc.nn.separable_conv2d(x, w, p, [1, 2, 2, 1], "SAME"),
            gc.nn.conv2d(gc.nn.depthwise_conv2d(x, w, 2, "SAME"), p),
        ],
        rtol=1e-4,
        atol=1e-4,
    )
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_allclose(found[2], found[3], rtol=1e-5, atol=1e-5)


def test_reverse_sequence():
    data = RNG.normal(size=(4, 3, 2)).astype("f4")
    x, lengths = gc.placeholder(gc.float32, [None, 3, 2]), gc.placeholder(gc.int32, [3])
    y = gc.reverse_sequence(x, lengths, seq_axis=0, batch_axis=1)
    weights = RNG.normal(size=(4, 3, 2)).astype("f4")
    gradient = gc.gradients(gc.reduce_sum(y * weights), x)[0]
    found, gradient = run_both([y, gradient], {x: data, lengths: [4, 0, 2]})

    def turned(a):
        want = a.copy()
        for batch, n in enumerate([4, 0, 2]):
            want[:n, batch] = a[:n, batch][::-1]
        return want

    np.testing.assert_array_equal(found, turned(data))
    np.testing.assert_array_equal(gradient, turned(weights))


def test_lookup_in_parts():
    table = RNG.normal(size=(7, 3)).astype("f4")
    ids = [[0, 6], [5, 3]]
    turns = [gc.Variable(table[i::3]) for i in range(3)]
    blocks = [gc.Variable(table[:3]), gc.Variable(table[3:])]
    mod, div = gc.nn.embedding_lookup(turns, ids), gc.nn.embedding_lookup(blocks, ids, partition_strategy="div")
    short = gc.nn.embedding_lookup(table, ids, max_norm=0.5)
    gradient = gc.gradients(gc.reduce_sum(mod), turns)
    mod, div, short, gradient = run_both([mod, div, short, gradient])
    np.testing.assert_array_equal(mod, table[ids])
    np.testing.assert_array_equal(div, table[ids])
    assert [g[:, 0].tolist() for g in gradient] == [[1, 1, 1], [0, 0], [0, 1]]
    norms = np.linalg.norm(table[ids], axis=-1, keepdims=True)
    np.testing.assert_allclose(short, table[ids] * np.minimum(1, 0.5 / norms), rtol=1e-5)


def test_samplers():
    log_uniform = np.log((np.arange(20) + 2) / (np.arange(20) + 1)) / np.log(21)
    for sampler, share in (
        (gc.nn.log_uniform_candidate_sampler, log_uniform),
        (gc.nn.uniform_candidate_sampler, np.full(20, 0.05)),
    ):
        s = session("interpret")
        found, true, expected = s.run(sampler([[3]], 1, 4000, False, 20))
        counts = np.bincount(found, minlength=20)
        assert abs(counts - 4000 * share).max() < 5 * np.sqrt(4000 * share.max())
        np.testing.assert_allclose(true, [[4000 * share[3]]], rtol=1e-4)
        np.testing.assert_allclose(expected, 4000 * share[found], rtol=1e-4)
        distinct = sampler([[3]], 1, 6, True, 20)
        hits, promised = np.zeros(20), np.zeros(20)
        for _ in range(400):
            found, true, expected = s.run(distinct)
            assert len(set(found)) == 6
            hits[found] += 1
            promised[3] += true[0, 0]
        # What is promised for a class is how often it comes.
        assert abs(hits[3] - promised[3]) < 5 * np.sqrt(promised[3])
    with pytest.raises(gc.GraphError, match="different classes"):
        gc.nn.uniform_candidate_sampler([[3]], 1, 21, True, 20)


@pytest.mark.parametrize("num_true", [1, 2])
def test_sampled_losses(num_true):
    weights, biases = RNG.normal(size=(10, 4)), RNG.normal(size=10)
    x, labels = RNG.normal(size=(3, 4)), RNG.integers(0, 10, size=(3, num_true))
    sampled, expected = np.array([1, 5, labels[0, 0], 7]), RNG.uniform(size=4)
    expected_true = RNG.uniform(size=(3, num_true))
    given = tuple(map(gc.constant, (sampled, expected_true, expected)))
    w = gc.Variable(weights)
    args = (w, gc.Variable(biases), labels, gc.constant(x), 4, 10, num_true, given)
    nce, soft = gc.nn.nce_loss(*args), gc.nn.sampled_softmax_loss(*args)
    gradient = gc.gradients(nce, w)[0]
    found = run_both([nce, soft, gradient], rtol=1e-6)
    true = np.einsum("bd,btd->bt", x, weights[labels]) + biases[labels] - np.log(expected_true)
    noise = x @ weights[sampled].T + biases[sampled] - np.log(expected)
    logits = np.concatenate([true, noise], 1)
    target = np.concatenate([np.full(true.shape, 1 / num_true), np.zeros(noise.shape)], 1)
    np.testing.assert_allclose(found[0], (np.logaddexp(0, logits) - logits * target).sum(1), rtol=1e-5)
    hit = (labels[:, :, None] == sampled).any(1)
    assert hit.any()
    logits[:, num_true:][hit] = -1e30
    top = logits.max(1, keepdims=True)
    logs = logits - top - np.log(np.exp(logits - top).sum(1, keepdims=True))
    want = -np.where(target > 0, target * logs, 0).sum(1)
    np.testing.assert_allclose(found[1], want, rtol=1e-5)
    assert found[2].any(1).sum() == len({*labels.ravel(), *sampled})


def test_training_with_sampled_classes():
    words = gc.placeholder(gc.int32, [None])
    table = gc.Variable(gc.random_uniform([50, 8], -1.0, 1.0))
    w, b = gc.Variable(gc.truncated_normal([50, 8], stddev=0.3)), gc.Variable(gc.zeros([50]))
    labels = gc.reshape(gc.mod(words + 1, 50), [-1, 1])
    x = gc.nn.embedding_lookup(table, words)
    loss = gc.reduce_mean(gc.nn.nce_loss(w, b, labels, x, 10, 50))
    step = gc.train.AdamOptimizer(0.05).minimize(loss)
    right = gc.reduce_mean(gc.cast(gc.nn.in_top_k(gc.matmul(x, w, transpose_b=True) + b, labels[:, 0], 3), gc.float32))
    s = session("compile")
    for _ in range(150):
        s.run(step, {words: np.arange(50)})
    assert s.run(right, {words: np.arange(50)}) > 0.8
