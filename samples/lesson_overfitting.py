"""Lesson: overfitting, how it shows, and what helps.

Five points and a polynomial that goes through all of them; then a network with too many neurons for its samples, whose
validation loss turns while its training loss falls, and three cures: stopping early, dropout, and a penalty on weights.
"""

from typing import Any

import numpy as np

from graphc import keras
from graphc.keras import layers


def polynomials() -> dict[int, tuple[float, float]]:
    """Errors on five points, and on twenty others, of a line and of a polynomial of degree 4."""
    random = np.random.RandomState(3)
    x, others = np.linspace(0, 1, 5), np.linspace(0.05, 0.95, 20)
    y, wanted = 2 * x + 0.3 * random.randn(5), 2 * others
    found = {}
    for degree in (1, 4):
        fit = np.polynomial.Polynomial.fit(x, y, degree)
        found[degree] = (float(np.mean((fit(x) - y) ** 2)), float(np.mean((fit(others) - wanted) ** 2)))
    return found


def samples(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Points in ten dimensions, whose class depends on two; a fifth of the labels is wrong."""
    random = np.random.RandomState(seed)
    x = random.randn(count, 10).astype(np.float32)
    y = (x[:, 0] + x[:, 1] > 0) ^ (random.rand(count) < 0.2)
    return x, y.astype(np.float32)[:, None]


def network(penalty: float = 0.0, rate: float = 0.0) -> Any:
    """Two layers of 64 neurons, more than 80 samples can teach."""
    regularizer = keras.regularizers.L2(penalty) if penalty else None
    stack: list[Any] = [keras.Input((10,))]
    for _ in range(2):
        stack.append(layers.Dense(64, "relu", kernel_regularizer=regularizer))
        stack += [layers.Dropout(rate)] if rate else []
    model = keras.Sequential([*stack, layers.Dense(1, "sigmoid")])
    model.compile(keras.optimizers.Adam(0.002), "binary_crossentropy", metrics=[keras.losses.binary_crossentropy])
    return model


def main(epochs: int = 60) -> dict[str, float]:
    """Validation losses in the end, by cure; `plain` also says where its curves part."""
    for degree, (own, other) in polynomials().items():
        print(f"degree {degree}: error {own:.4f} on the five points, {other:.4f} on others")
    keras.utils.set_random_seed(2)
    (x, y), held = samples(80, 0), samples(400, 1)
    found: dict[str, float] = {}
    stop = keras.callbacks.EarlyStopping(patience=10, restore_best_weights=True)
    cures = {"plain": ({}, []), "early stopping": ({}, [stop]), "dropout": ({"rate": 0.6}, []),
             "L2": ({"penalty": 0.02}, [])}  # fmt: skip
    for name, (options, callbacks) in cures.items():
        model = network(**options)
        history = model.fit(x, y, batch_size=16, epochs=epochs, verbose=0, validation_data=held, callbacks=callbacks)
        found[name] = model.evaluate(*held, verbose=0)[1]
        if name == "plain":
            held_out = history.history["val_loss"]
            turned = int(np.argmin(held_out))
            ratio = held_out[-1] / held_out[turned]
            print(f"validation loss is lowest after epoch {turned + 1}, and ends {ratio:.1f} times as high")
        print(f"{name:15s} validation loss {found[name]:.3f} after {len(history.epoch)} epochs")
    return found


if __name__ == "__main__":
    main()
