"""Gaussian process regression: a curve through noisy points, with error bars, its scales learnt from the data.

The logarithm of the likelihood of all points needs a Cholesky factor; its gradient flows through the factorization
(Rasmussen and Williams, "Gaussian Processes for Machine Learning", 2006, algorithm 2.1).
"""

import numpy as np

import graphc as gc


def covariance(a: gc.Tensor, b: gc.Tensor, height: gc.Tensor, width: gc.Tensor) -> gc.Tensor:
    """height^2 exp(-(a - b)^2 / (2 width^2)) for all pairs: near points have near values."""
    distance = gc.expand_dims(a, 1) - gc.expand_dims(b, 0)
    return gc.square(height) * gc.exp(-0.5 * gc.square(distance / width))


def main(steps: int = 200) -> tuple[float, float]:
    """Fit, and return the learnt noise and the share of true values within two standard deviations."""
    random = np.random.default_rng(0)
    known = np.sort(random.uniform(-4.0, 4.0, 40))
    values = np.sin(known) + 0.2 * random.standard_normal(40)
    asked = np.linspace(-4.0, 4.0, 81)

    with gc.Graph().as_default():
        x, y = gc.placeholder(gc.float64, [None], name="x"), gc.placeholder(gc.float64, [None], name="y")
        at = gc.placeholder(gc.float64, [None], name="at")
        logs = [gc.Variable(np.float64(0.0), name=name) for name in ("height", "width", "noise")]
        height, width, noise = (gc.exp(v) for v in logs)  # exponentials are positive

        whole = covariance(x, x, height, width)
        chol = gc.linalg.cholesky(whole + gc.square(noise) * gc.eye(gc.shape(x)[0], dtype=gc.float64))
        weights = gc.linalg.cholesky_solve(chol, gc.expand_dims(y, 1))
        fit = 0.5 * gc.reduce_sum(gc.expand_dims(y, 1) * weights)
        volume = gc.reduce_sum(gc.log(gc.linalg.diag_part(chol)))
        loss = fit + volume  # minus the logarithm of the likelihood, up to a constant
        train = gc.train.AdamOptimizer(0.05).minimize(loss)

        across = covariance(x, at, height, width)
        mean = gc.squeeze(gc.matmul(across, weights, transpose_a=True), axis=1)
        explained = gc.reduce_sum(gc.square(gc.linalg.triangular_solve(chol, across)), axis=0)
        deviation = gc.sqrt(gc.square(height) - explained)

        with gc.Session() as session:
            data = {x: known, y: values}
            for step in range(steps):
                value, _ = session.run([loss, train], data)
                if step % 50 == 0:
                    print(f"step {step:3d}  -log likelihood {value:.3f}")
            scales = session.run([height, width, noise])
            predicted, error = session.run([mean, deviation], {**data, at: asked})
    inside = float(np.mean(np.abs(predicted - np.sin(asked)) < 2 * error))
    print("height {:.2f}, width {:.2f}, noise {:.2f} (0.2 was added)".format(*scales))
    print(f"{inside:.0%} of the true curve is within two standard deviations")
    return float(scales[2]), inside


if __name__ == "__main__":
    main()
