"""The classifier of ``graphc demo``, written as a user would write it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

import graphc as gc
from graphc.data import digits, stratified_split

LAYERS = (64, 128, 64, 10)
BATCH = 32
LEARNING_RATE = 3e-3
EPOCHS = 30
SHIFTED = 0.5  # share of the training images that are moved by up to one pixel


@dataclass(frozen=True)
class Data:
    """Images and labels of the three parts of the digits: 70 % to train, 15 % to validate, 15 % to test."""

    train: tuple[np.ndarray, np.ndarray]
    validation: tuple[np.ndarray, np.ndarray]
    test: tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Model:
    """Tensors and operations of the classifier."""

    graph: gc.Graph
    images: gc.Tensor
    labels: gc.Tensor
    loss: gc.Tensor
    accuracy: gc.Tensor
    train: gc.Operation


def load() -> Data:
    """Return the digits in three fixed parts with the same share of every digit."""
    images, labels = digits()
    parts = [(images[rows], labels[rows]) for rows in stratified_split(labels, (0.7, 0.15, 0.15), seed=0)]
    return Data(*parts)


def build() -> Model:
    """Build the graph: three dense layers, cross-entropy, accuracy, Adam."""
    with gc.Graph().as_default() as graph:
        images = gc.placeholder(gc.float32, [None, LAYERS[0]], name="images")
        labels = gc.placeholder(gc.int32, [None], name="labels")
        hidden = images
        for number, (inputs, outputs) in enumerate(pairwise(LAYERS), start=1):
            with gc.name_scope(f"dense_{number}"):
                kernel = gc.Variable(np.zeros((inputs, outputs), np.float32), name="kernel")
                bias = gc.Variable(np.zeros(outputs, np.float32), name="bias")
                hidden = gc.matmul(hidden, kernel) + bias
                if number < len(LAYERS) - 1:
                    hidden = gc.nn.relu(hidden)
        with gc.name_scope("loss"):
            each = gc.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=hidden)
            loss = gc.reduce_mean(each)
        with gc.name_scope("accuracy"):
            right = gc.equal(gc.cast(gc.argmax(hidden, 1), gc.int32), labels)
            accuracy = gc.reduce_mean(gc.cast(right, gc.float32))
        train = gc.train.AdamOptimizer(LEARNING_RATE).minimize(loss)
    return Model(graph, images, labels, loss, accuracy, train)


def initialize(session: gc.Session, random: np.random.Generator) -> None:
    """Give every variable its first value: kernels are drawn as He et al. (2015) propose, all others start as built."""
    with session.graph.as_default():
        trainable = set(gc.trainable_variables())
        for variable in gc.global_variables():
            value = np.asarray(variable.initial_value)
            if variable in trainable and value.ndim == 2:
                value = random.standard_normal(value.shape, np.float32) * np.float32(np.sqrt(2 / value.shape[0]))
            variable.load(value, session)


def augmented(images: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Return the images, some of them moved by up to one pixel each way."""
    count, side = len(images), 8
    padded = np.zeros((count, side + 2, side + 2), images.dtype)
    padded[:, 1:-1, 1:-1] = images.reshape(count, side, side)
    corner = np.where(random.random((count, 1)) < SHIFTED, random.integers(0, 3, (count, 2)), 1)
    rows = corner[:, 0, None, None] + np.arange(side)[:, None]
    columns = corner[:, 1, None, None] + np.arange(side)
    moved: np.ndarray = padded[np.arange(count)[:, None, None], rows, columns]
    return moved.reshape(count, side * side)
