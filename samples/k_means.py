"""k-means: find the centres of clouds of points, without any gradient.

The assignment of points to centres and the new centres (Lloyd, 1982) are one compiled step that writes its variable:
a graph is good for more than learning by gradients.
"""

import numpy as np

import graphc as gc


def main(steps: int = 20) -> float:
    """Cluster 3,000 points, and return the largest distance from a true centre to the nearest one found."""
    random = np.random.default_rng(2)
    truth = np.array([[0, 0], [4, 0], [0, 4], [4, 4], [2, 8]], np.float32)
    points = (truth[random.integers(0, 5, 3000)] + 0.5 * random.standard_normal((3000, 2))).astype(np.float32)

    start = [points[0]]  # each further centre starts at the point that is farthest from those before it
    while len(start) < len(truth):
        gaps = np.min([np.square(points - centre).sum(axis=1) for centre in start], axis=0)
        start.append(points[gaps.argmax()])

    with gc.Graph().as_default():
        x = gc.placeholder(gc.float32, [None, 2], name="points")
        centres = gc.Variable(np.array(start), trainable=False, name="centres")
        distances = gc.reduce_sum(gc.square(gc.expand_dims(x, 1) - gc.expand_dims(centres, 0)), axis=2)
        nearest = gc.argmin(distances, 1)
        sums = gc.unsorted_segment_sum(x, nearest, len(truth))
        counts = gc.unsorted_segment_sum(gc.ones_like(x), nearest, len(truth))
        moved = gc.where(gc.greater(counts, 0.0), sums / gc.maximum(counts, 1.0), centres)
        spread = gc.reduce_mean(gc.reduce_min(distances, axis=1))
        step = gc.function([x], spread, updates=[(centres, moved)])
        found = gc.function([], centres)

    before = np.inf
    for number in range(steps):
        value = float(step(points))
        print(f"step {number:2d}  mean squared distance {value:.4f}")
        if value >= before:
            break
        before = value
    gaps = np.linalg.norm(found()[None] - truth[:, None], axis=2).min(axis=1)
    print(f"farthest from a true centre: {gaps.max():.3f}")
    return float(gaps.max())


if __name__ == "__main__":
    main()
