"""A training loop of your own with ``gc.function``: inputs in, outputs back, variables updated in place.

Fits a sine with one hidden layer; the step is written by hand, momentum included, with no optimizer class.
"""

import numpy as np

import graphc as gc


def main(steps: int = 2000) -> float:
    """Fit, print the compiler's report, and return the last mean squared error."""
    random = np.random.default_rng(0)
    with gc.Graph().as_default():
        x = gc.placeholder(gc.float32, [None, 1], name="x")
        y = gc.placeholder(gc.float32, [None, 1], name="y")
        weights = [
            gc.Variable(random.standard_normal((1, 32)).astype(np.float32), name="w1"),
            gc.Variable(np.zeros(32, np.float32), name="b1"),
            gc.Variable(random.standard_normal((32, 1)).astype(np.float32) / np.float32(6), name="w2"),
            gc.Variable(np.zeros(1, np.float32), name="b2"),
        ]
        speeds = [gc.Variable(np.zeros(w.shape.as_list(), np.float32), trainable=False) for w in weights]
        hidden = gc.tanh(gc.matmul(x, weights[0]) + weights[1])
        loss = gc.reduce_mean(gc.square(gc.matmul(hidden, weights[2]) + weights[3] - y))

        updates = []
        for weight, speed, gradient in zip(weights, speeds, gc.gradients(loss, weights), strict=True):
            faster = 0.9 * speed - 0.01 * gradient
            updates += [(speed, faster), (weight, weight + faster)]
        step = gc.function([x, y], loss, updates=updates)

    for number in range(steps):
        points = random.uniform(-3, 3, (64, 1)).astype(np.float32)
        error = step(points, np.sin(points))
        if number % 500 == 0:
            print(f"step {number:5d}  error {error:.5f}")
    print(step.report())
    return float(error)


if __name__ == "__main__":
    main()
