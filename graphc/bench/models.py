"""Small models as a user writes them, for measurements and for tests that compare ways to compile them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

import graphc as gc


@dataclass(frozen=True)
class Model:
    """A step with data for it.

    Attributes
    ----------
    graph : Graph
    fetches : list
        Tensors and operations of the step.
    feeds : list of Tensor
    values : list of ndarray
        One per feed.
    variables : list of Variable
    """

    graph: gc.Graph
    fetches: list[Any]
    feeds: list[Any]
    values: list[np.ndarray]
    variables: list[Any]


def _weights(rng: np.random.Generator, *shape: int) -> Any:
    depth = int(np.prod(shape[:-1]))
    return gc.Variable(rng.normal(0, depth**-0.5, shape).astype(np.float32))


def mlp(
    batch: int, sizes: tuple[int, ...], optimizer: Callable[[], Any], activation: Callable[[Any], Any] = gc.nn.relu
) -> Model:
    """A classifier of dense layers: one step of an optimizer on the mean cross-entropy."""
    rng = np.random.default_rng(0)
    graph = gc.Graph()
    with graph.as_default():
        x = gc.placeholder(gc.float32, (None, sizes[0]), name="x")
        labels = gc.placeholder(gc.int32, (None,), name="labels")
        variables: list[Any] = []
        value: Any = x
        for layer, (inputs, outputs) in enumerate(pairwise(sizes)):
            variables += [_weights(rng, inputs, outputs), gc.Variable(np.zeros(outputs, np.float32))]
            value = gc.matmul(value, variables[-2]) + variables[-1]
            value = activation(value) if layer + 2 < len(sizes) else value
        losses = gc.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=value)
        loss = gc.reduce_mean(losses)
        step = optimizer().minimize(loss)
    images = rng.normal(size=(batch, sizes[0])).astype(np.float32)
    return Model(graph, [loss, step], [x, labels], [images, _labels(rng, batch, sizes[-1])], variables)


def normed_relu(value: Any) -> Any:
    """relu of a layer normalisation without parameters."""
    return gc.nn.relu(gc.nn.layer_normalization(value, 1.0, 0.0))


def layernorm_gelu(rows: int, columns: int) -> Model:
    """gelu of a layer normalisation, summed with weights, and its gradients."""
    rng = np.random.default_rng(0)
    graph = gc.Graph()
    with graph.as_default():
        x = gc.placeholder(gc.float32, (None, columns), name="x")
        scale = gc.Variable(rng.normal(1, 0.1, columns).astype(np.float32))
        offset = gc.Variable(rng.normal(0, 0.1, columns).astype(np.float32))
        value = gc.nn.gelu(gc.nn.layer_normalization(x, scale, offset))
        total = gc.reduce_sum(gc.square(value))
        gradients = gc.gradients(total, [x, scale, offset])
    return Model(
        graph, [total, *gradients], [x], [rng.normal(size=(rows, columns)).astype(np.float32)], [scale, offset]
    )


def softmax_xent(rows: int, classes: int) -> Model:
    """Mean cross-entropy of logits and its gradient."""
    rng = np.random.default_rng(0)
    graph = gc.Graph()
    with graph.as_default():
        logits = gc.placeholder(gc.float32, (None, classes), name="logits")
        labels = gc.placeholder(gc.int32, (None,), name="labels")
        loss = gc.reduce_mean(gc.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits))
        gradients = gc.gradients(loss, [logits])
    values = [rng.normal(size=(rows, classes)).astype(np.float32), _labels(rng, rows, classes)]
    return Model(graph, [loss, *gradients], [logits, labels], values, [])


def convnet(batch: int, side: int, features: tuple[int, int], classes: int = 10) -> Model:
    """Two convolutions with pooling and a dense layer: one step of gradient descent."""
    rng = np.random.default_rng(0)
    graph = gc.Graph()
    with graph.as_default():
        x = gc.placeholder(gc.float32, (None, side, side, 1), name="x")
        labels = gc.placeholder(gc.int32, (None,), name="labels")
        variables: list[Any] = []
        value: Any = x
        for inputs, outputs in ((1, features[0]), (features[0], features[1])):
            variables += [_weights(rng, 3, 3, inputs, outputs), gc.Variable(np.zeros(outputs, np.float32))]
            value = gc.nn.relu(gc.nn.conv2d(value, variables[-2], 1, "SAME") + variables[-1])
            value = gc.nn.max_pool(value, 2, 2, "VALID")
        width = (side // 4) ** 2 * features[1]
        variables += [_weights(rng, width, classes), gc.Variable(np.zeros(classes, np.float32))]
        logits = gc.matmul(gc.reshape(value, (-1, width)), variables[-2]) + variables[-1]
        loss = gc.reduce_mean(gc.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits))
        step = gc.train.GradientDescentOptimizer(0.05).minimize(loss)
    images = rng.normal(size=(batch, side, side, 1)).astype(np.float32)
    return Model(graph, [loss, step], [x, labels], [images, _labels(rng, batch, classes)], variables)


def _labels(rng: np.random.Generator, count: int, classes: int) -> np.ndarray:
    return rng.integers(0, classes, count).astype(np.int32)
