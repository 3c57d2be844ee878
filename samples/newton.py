"""Gradients of gradients: minimise Rosenbrock's function with Newton's method.

``gc.gradients`` returns tensors like any other, so it can be applied again; the Hessian is the gradient of each
component of the gradient.
"""

import numpy as np

import graphc as gc


def main(steps: int = 20) -> list[float]:
    """Walk from (-1.2, 1) to the minimum at (1, 1), and return where it ended."""
    with gc.Graph().as_default():
        x = gc.placeholder(gc.float64, [2], name="x")
        value = (1.0 - x[0]) ** 2 + 100.0 * (x[1] - x[0] ** 2) ** 2
        (gradient,) = gc.gradients(value, [x])
        hessian = gc.stack([gc.gradients(gradient[i], [x])[0] for i in range(2)])

        with gc.Session() as session:
            evaluate = session.make_callable([value, gradient, hessian], [x])
            point = np.array([-1.2, 1.0])
            for step in range(steps):
                height, slope, curvature = evaluate(point)
                print(f"step {step:2d}  f({point[0]:+.6f}, {point[1]:+.6f}) = {height:.3e}")
                if np.abs(slope).max() < 1e-12:
                    break
                point = point - np.linalg.solve(curvature, slope)
    return [float(coordinate) for coordinate in point]


if __name__ == "__main__":
    main()
