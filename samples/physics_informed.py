"""A network that solves a differential equation: u'' = -pi^2 sin(pi x) on [-1, 1], u(-1) = u(1) = 0.

No solution is shown to it. The loss is the equation itself, so it holds second derivatives of the network, and training
needs the gradient of these: third derivatives, all in one native call. Adam first; then, where SciPy is installed,
L-BFGS, which uses curvature and gets several digits further. The true solution is sin(pi x).
"""

import numpy as np

import graphc as gc


def network(x: gc.Tensor, random: np.random.Generator) -> gc.Tensor:
    """Three layers of tanh, which has derivatives of every order; a rectifier's second one is 0."""
    hidden, inputs = x, 1
    for outputs in (20, 20, 1):
        scale = np.sqrt(1.0 / inputs)
        kernel = gc.Variable(random.standard_normal((inputs, outputs)) * scale)
        hidden = gc.matmul(hidden, kernel) + gc.Variable(np.zeros(outputs))
        inputs = outputs
        if outputs > 1:
            hidden = gc.tanh(hidden)
    return hidden


def main(steps: int = 2000, refine: int = 500) -> float:
    """Train, and return the largest error on a grid."""
    grid = np.linspace(-1.0, 1.0, 101)[:, None]
    with gc.Graph().as_default():
        x = gc.placeholder(gc.float64, [None, 1], name="x")
        u = network(x, np.random.default_rng(0))
        (slope,) = gc.gradients(u, [x])  # one u per x: the sum of all has each one's derivative
        (curvature,) = gc.gradients(slope, [x])
        residual = curvature + np.pi**2 * gc.sin(np.pi * x)
        ends = gc.where(gc.greater(gc.abs(x), 0.999), u, gc.zeros_like(u))
        loss = gc.reduce_mean(gc.square(residual)) + 100.0 * gc.reduce_sum(gc.square(ends))
        train = gc.train.AdamOptimizer(0.003).minimize(loss)

        with gc.Session() as session:
            for step in range(steps):
                value, _ = session.run([loss, train], {x: grid})
                if step % 500 == 0:
                    print(f"step {step:4d}  loss {value:.5f}")
            try:
                optimizer = gc.train.ScipyOptimizerInterface(loss, method="L-BFGS-B", options={"maxiter": refine})
                optimizer.minimize(session, {x: grid})
            except ImportError:
                print("SciPy is not installed: Adam's solution stays")
            value, found = session.run([loss, u], {x: grid})
    error = float(np.abs(found - np.sin(np.pi * grid)).max())
    print(f"loss {value:.2e}, largest error {error:.2e}")
    return error


if __name__ == "__main__":
    main()
