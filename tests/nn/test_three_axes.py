"""Convolution and pooling over three spatial axes against plain loops."""

import itertools

import numpy as np
import pytest

import graphc as gc
import graphc.compat.tf1 as tf


@pytest.fixture(params=["compile", "interpret"])
def session(request):
    with gc.Graph().as_default(), gc.Session(mode=request.param) as session:
        yield session


def windows(x, size, stride):
    """Positions and windows, without padding."""
    counts = [(n - k) // s + 1 for n, k, s in zip(x.shape[1:4], size, stride, strict=True)]
    for place in itertools.product(*map(range, counts)):
        cut = tuple(slice(p * s, p * s + k) for p, s, k in zip(place, stride, size, strict=True))
        yield place, x[(slice(None), *cut)], counts


def convolved(x, w, stride):
    found = {p: np.einsum("ndhwc,dhwco->no", part, w) for p, part, _ in windows(x, w.shape[:3], stride)}
    return stacked(found)


def stacked(found):
    last = max(found)
    first = next(iter(found.values()))
    result = np.zeros((len(first), *(i + 1 for i in last), first.shape[1]))
    for place, value in found.items():
        result[(slice(None), *place)] = value
    return result


@pytest.mark.parametrize(("strides", "step"), [(1, (1, 1, 1)), ([1, 2, 1, 2, 1], (2, 1, 2))])
def test_conv3d(session, strides, step):
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=(2, 5, 4, 6, 3)), rng.normal(size=(2, 3, 2, 3, 4))
    a, b = gc.placeholder(gc.float64, [None, None, 4, 6, 3]), gc.placeholder(gc.float64, w.shape)
    y = gc.nn.conv3d(a, b, strides)
    weights = gc.constant(rng.normal(size=convolved(x, w, step).shape))
    slopes = gc.gradients(gc.reduce_sum(y * weights), [a, b])
    found, (dx, dw), scale = session.run([y, slopes, weights], {a: x, b: w})
    np.testing.assert_allclose(found, convolved(x, w, step), atol=1e-12)
    # The convolution is linear in each operand: its adjoint gives the same inner product.
    for like, value in ((x, dx), (w, dw)):
        other = rng.normal(size=like.shape)
        moved = convolved(other, w, step) if like is x else convolved(x, other, step)
        np.testing.assert_allclose((moved * scale).sum(), (other * value).sum(), rtol=1e-9)


def test_same_padding_of_conv3d_and_pooling(session):
    rng = np.random.default_rng(1)
    x, w = rng.normal(size=(1, 3, 4, 5, 2)), rng.normal(size=(3, 3, 3, 2, 2))
    padded = np.pad(x, [(0, 0), (1, 1), (1, 1), (1, 1), (0, 0)])
    y = session.run(gc.nn.conv3d(gc.constant(x), gc.constant(w), padding="SAME"))
    np.testing.assert_allclose(y, convolved(padded, w, (1, 1, 1)), atol=1e-12)
    largest = {p: part.max((1, 2, 3)) for p, part, _ in windows(x, (2, 2, 2), (1, 2, 2))}
    means = {p: part.mean((1, 2, 3)) for p, part, _ in windows(x, (2, 2, 2), (1, 2, 2))}
    size, step = [1, 2, 2, 2, 1], [1, 1, 2, 2, 1]
    np.testing.assert_array_equal(session.run(gc.nn.max_pool(gc.constant(x), size, step)), stacked(largest))
    np.testing.assert_allclose(session.run(gc.nn.avg_pool(gc.constant(x), size, step)), stacked(means))


def test_the_names_and_formats_of_tensorflow(session):
    rng = np.random.default_rng(2)
    x, w = rng.normal(size=(1, 4, 4, 4, 2)), rng.normal(size=(2, 2, 2, 2, 3))
    first = gc.constant(np.moveaxis(x, -1, 1))
    y = tf.nn.conv3d(first, gc.constant(w), [1, 1, 1, 2, 2], "VALID", data_format="NCDHW")
    np.testing.assert_allclose(np.moveaxis(session.run(y), 1, -1), convolved(x, w, (1, 2, 2)), atol=1e-12)
    size = [1, 1, 2, 2, 2]
    pooled = session.run(tf.nn.max_pool3d(first, size, size, "SAME", "NCDHW"))
    wanted = session.run(tf.nn.max_pool3d(gc.constant(x), [1, 2, 2, 2, 1], [1, 2, 2, 2, 1], "SAME"))
    np.testing.assert_array_equal(np.moveaxis(pooled, 1, -1), wanted)
