"""Lesson: linear regression by hand, step by step, with numbers to compare with.

120 points of y = 2 x + 0.9 with noise. First in batches of 4 from a bad start, then with all points at once.
"""

import numpy as np

import graphc as gc


def points() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """x, y, and the order in which batches take them."""
    random = np.random.RandomState(13)
    x = np.linspace(0, 3, 120)
    y = 2 * x + 0.9 + 0.5 * random.randn(120)
    return x, y, random.permutation(120)


def train(x: np.ndarray, y: np.ndarray, start: float, batch: int, epochs: int) -> tuple[list[float], float, float]:
    """Losses of the last batch of each epoch (before its step), and what w and b are in the end."""
    with gc.Graph().as_default(), gc.Session() as session:
        given = gc.placeholder(gc.float64, [None], name="x")
        wanted = gc.placeholder(gc.float64, [None], name="y")
        w, b = gc.Variable(np.float64(start), name="w"), gc.Variable(np.float64(0.0), name="b")
        loss = gc.reduce_mean(gc.square(w * given + b - wanted))
        slope_w, slope_b = gc.gradients(loss, [w, b])
        step = [loss, gc.assign_sub(w, 0.1 * slope_w), gc.assign_sub(b, 0.1 * slope_b)]
        losses = []
        for _ in range(epochs):
            for first in range(0, len(x), batch):
                rows = slice(first, first + batch)
                value = session.run(step, {given: x[rows], wanted: y[rows]})[0]
            losses.append(float(value))
        return losses, float(session.run(w)), float(session.run(b))


def plot(x: np.ndarray, y: np.ndarray, w: float, b: float, path: str) -> None:
    """Draw points and line, where Matplotlib is installed."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots()
    axes.plot(x, y, ".", label="points")
    axes.plot(x, w * x + b, label=f"{w:.2f} x + {b:.2f}")
    axes.set(xlabel="x", ylabel="y", title="A line found by gradient descent")
    axes.legend()
    figure.savefig(path)
    pyplot.close(figure)


def main(picture: str | None = None) -> tuple[list[float], float, float, list[float]]:
    """Both trainings; losses, w and b of the first, losses of the second."""
    x, y, order = points()
    losses, w, b = train(x[order], y[order], 100.0, 4, 10)
    print("batches of 4: ", " ".join(f"{v:.4f}" for v in losses), f" w={w:.7f} b={b:.7f}")
    whole, _, _ = train(x, y, 10.0, 120, 10)
    print("all at once:  ", " ".join(f"{v:.4f}" for v in whole))
    if picture:
        plot(x, y, w, b, picture)
    return losses, w, b, whole


if __name__ == "__main__":
    main()
