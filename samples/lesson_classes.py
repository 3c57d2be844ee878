"""Lesson: two classes of points, the same problem in five forms.

Binary (sigmoid), categorical (softmax, one-hot labels), sparse categorical (softmax, numbers of classes), several
labels (a sigmoid for each), and a network written as a class and trained by a loop of one's own.
"""

from typing import Any

import numpy as np

import graphc as gc
from graphc import keras
from graphc.keras import layers

Points = tuple[np.ndarray, np.ndarray]


def clouds(count: int = 400) -> Points:
    """Points of two overlapping clouds, and the number of the cloud."""
    random = np.random.default_rng(5)
    labels = random.integers(0, 2, count).astype(np.int32)
    x = random.standard_normal((count, 2)) + np.where(labels[:, None] == 1, [1.5, 1.0], [-1.5, -1.0])
    return x.astype(np.float32), labels


def parts(x: np.ndarray, y: np.ndarray) -> tuple[Points, Points, Points]:
    """70 % for training, 15 % for validation, 15 % for the test, normalized by the training part."""
    first, second = int(0.7 * len(x)), int(0.85 * len(x))
    mean, spread = x[:first].mean(0), x[:first].std(0)
    x = (x - mean) / spread
    return (x[:first], y[:first]), (x[first:second], y[first:second]), (x[second:], y[second:])


def classifier(units: int, last: str, hidden: int = 0) -> Any:
    """A model with one or two layers."""
    inputs = keras.Input((2,))
    inner = layers.Dense(hidden, "tanh")(inputs) if hidden else inputs
    return keras.Model(inputs, layers.Dense(units, last)(inner))


class Net:
    """A network as a class with weights of its own; calling it adds to the graph."""

    def __init__(self, hidden: int) -> None:
        self.first, self.last = layers.Dense(hidden, "tanh"), layers.Dense(1)

    def __call__(self, x: Any) -> Any:
        return self.last(self.first(x))[:, 0]

    def parameters(self) -> list[Any]:
        return self.first.weights + self.last.weights


def train(net: Any, data: Points, held: Points, optimizer: Any, loss_of: Any, epochs: int = 40) -> float:
    """A loop for any network, optimizer and loss; returns the accuracy of the points that were held back."""
    with gc.Graph().as_default():
        x, y = gc.placeholder(gc.float32, [None, 2]), gc.placeholder(gc.float32, [None])
        scores = net(x)
        loss = gc.reduce_mean(loss_of(labels=y, logits=scores))
        update = optimizer.minimize(loss, var_list=net.parameters())
        step, score = gc.function([x, y], [loss, update]), gc.function([x], scores)
        random = np.random.default_rng(0)
        for _ in range(epochs):
            order = random.permutation(len(data[0]))
            for rows in np.array_split(order, len(order) // 20):
                step(data[0][rows], data[1][rows].astype(np.float32))
        return float(((score(held[0]) > 0) == (held[1] == 1)).mean())


def main(epochs: int = 40) -> dict[str, float]:
    """Accuracies on the test points, by form."""
    keras.utils.set_random_seed(1)
    (x, y), held, (x_test, y_test) = parts(*clouds())
    one_hot, two = np.eye(2, dtype=np.float32), lambda labels: np.stack([labels == 1, labels == 0], 1)
    forms = {
        "binary": (classifier(1, "sigmoid"), "binary_crossentropy", y[:, None], y_test[:, None]),
        "binary, 2 layers": (classifier(1, "sigmoid", 8), "binary_crossentropy", y[:, None], y_test[:, None]),
        "categorical": (classifier(2, "softmax"), "categorical_crossentropy", one_hot[y], one_hot[y_test]),
        "sparse categorical": (classifier(2, "softmax"), "sparse_categorical_crossentropy", y, y_test),
        "several labels": (
            classifier(2, "sigmoid"), "binary_crossentropy", two(y).astype(np.float32), two(y_test).astype(np.float32)
        ),
    }  # fmt: skip
    found = {}
    for name, (model, loss, labels, test) in forms.items():
        model.compile(keras.optimizers.Adam(0.05), loss, metrics=["accuracy"])
        stop = keras.callbacks.EarlyStopping(patience=10, restore_best_weights=True, monitor="loss")
        model.fit(x, labels, batch_size=20, epochs=epochs, verbose=0, callbacks=[stop])
        found[name] = float(model.evaluate(x_test, test, verbose=0)[1])
    adam = gc.train.AdamOptimizer(0.05)
    found["own loop"] = train(Net(8), (x, y), held, adam, gc.nn.sigmoid_cross_entropy_with_logits, epochs)
    for name, accuracy in found.items():
        print(f"{name:20s} {accuracy:.3f}")
    return found


if __name__ == "__main__":
    main()
