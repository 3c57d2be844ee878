"""An autoencoder: squeeze 64 pixels through 8 numbers and draw the image again from these.

Nobody says what the 8 numbers mean; they become whatever rebuilds the images best. Compared with the mean image, which
is the best drawing that uses no numbers at all.
"""

import numpy as np

import graphc as gc
from graphc.data import batches, digits

CODE = 8


def main(epochs: int = 60) -> tuple[float, float]:
    """Train, and return the squared errors of the autoencoder and of the mean image."""
    images, _ = digits()
    train, test = images[:1500], images[1500:]
    random = np.random.default_rng(0)

    with gc.Graph().as_default():
        gc.set_random_seed(0)
        x = gc.placeholder(gc.float32, [None, 64], name="images")
        hidden = gc.layers.dense(x, 48, activation=gc.nn.relu, name="encoder")
        code = gc.layers.dense(hidden, CODE, name="code")
        hidden = gc.layers.dense(code, 48, activation=gc.nn.relu, name="decoder")
        drawn = gc.sigmoid(gc.layers.dense(hidden, 64, name="pixels"))
        loss = gc.reduce_mean(gc.square(drawn - x))
        step = gc.train.AdamOptimizer(0.003).minimize(loss)

        with gc.Session() as session:
            for epoch in range(epochs):
                for (batch,) in batches(train, size=50, random=random):
                    value, _ = session.run([loss, step], {x: batch})
                if epoch % 10 == 0:
                    print(f"epoch {epoch:2d}  error of the last batch {value:.4f}")
            error, example = session.run([loss, drawn], {x: test})
    mean_error = float(np.mean(np.square(test - train.mean(axis=0))))
    print(f"error {error:.4f}; that of the mean image {mean_error:.4f}. An image and its drawing:")
    for row, again in zip(test[0].reshape(8, 8), example[0].reshape(8, 8), strict=True):
        print("   ".join("".join(" .:oO@"[int(5.99 * v)] for v in line) for line in (row, again)))
    return float(error), mean_error


if __name__ == "__main__":
    main()
