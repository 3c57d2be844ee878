"""Linear regression: fit a line to noisy points by gradient descent.

The smallest whole script: placeholders, variables, a loss, an optimizer, a session.
"""

import numpy as np

import graphc as gc


def main(steps: int = 500) -> tuple[float, float]:
    """Fit y = 3 x + 2 and return slope and intercept."""
    random = np.random.default_rng(0)
    xs = random.uniform(-1, 1, 200).astype(np.float32)
    ys = (3 * xs + 2 + 0.1 * random.standard_normal(200)).astype(np.float32)

    with gc.Graph().as_default():
        x = gc.placeholder(gc.float32, [None], name="x")
        y = gc.placeholder(gc.float32, [None], name="y")
        slope = gc.Variable(0.0, name="slope")
        intercept = gc.Variable(0.0, name="intercept")
        loss = gc.reduce_mean(gc.square(slope * x + intercept - y))
        train = gc.train.GradientDescentOptimizer(0.2).minimize(loss)

        with gc.Session() as session:
            for step in range(steps):
                value, _ = session.run([loss, train], {x: xs, y: ys})
                if step % 100 == 0:
                    print(f"step {step:4d}  loss {value:.5f}")
            found = session.run([slope, intercept])
    print(f"y = {found[0]:.3f} x + {found[1]:.3f}")
    return float(found[0]), float(found[1])


if __name__ == "__main__":
    main()
