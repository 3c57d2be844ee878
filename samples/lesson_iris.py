"""Lesson, first lab: iris flowers with networks from 3 neurons to two layers of 64, and a table of accuracies."""

import numpy as np

from graphc import keras
from graphc.keras import layers

SHAPES: dict[str, tuple[int, ...]] = {"one layer of 3": (), "4": (4,), "16": (16,), "64": (64,), "64, 64": (64, 64)}


def main(epochs: int = 60) -> dict[str, float]:
    """Test accuracies by hidden layers."""
    keras.utils.set_random_seed(4)
    (x, y), (x_test, y_test) = keras.datasets.iris.load_data()
    normalize = layers.Normalization()
    normalize.adapt(x)
    found: dict[str, float] = {}
    for name, hidden in SHAPES.items():
        model = keras.Sequential([keras.Input((4,)), normalize, *(layers.Dense(n, "relu") for n in hidden),
                                  layers.Dense(3, "softmax")])  # fmt: skip
        model.compile(keras.optimizers.Adam(0.02), "sparse_categorical_crossentropy", metrics=["accuracy"])
        history = model.fit(x, y, batch_size=16, epochs=epochs, verbose=0)
        found[name] = model.evaluate(x_test, y_test, verbose=0)[1]
        print(f"{name:15s} training {history.history['accuracy'][-1]:.3f}  test {found[name]:.3f}")
    predicted = model.predict(x_test, verbose=0).argmax(1)
    print("confusion of the last:\n", np.array([[np.sum((y_test == i) & (predicted == j)) for j in range(3)]
                                                for i in range(3)]))  # fmt: skip
    return found


if __name__ == "__main__":
    main()
