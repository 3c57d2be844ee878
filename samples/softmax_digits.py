"""Softmax regression on the UCI handwritten digits, in mini-batches.

One matrix and one bias: the model with which every course on classification begins. About 95 % of the test images.
"""

import numpy as np

import graphc as gc
from graphc.data import batches, digits, stratified_split


def main(epochs: int = 40) -> float:
    """Train, and return the share of the test images that are classified correctly."""
    images, labels = digits()
    train_rows, test_rows = stratified_split(labels, (0.8, 0.2), seed=0)

    with gc.Graph().as_default():
        x = gc.placeholder(gc.float32, [None, 64], name="images")
        y = gc.placeholder(gc.int32, [None], name="labels")
        kernel = gc.Variable(np.zeros((64, 10), np.float32), name="kernel")
        bias = gc.Variable(np.zeros(10, np.float32), name="bias")
        logits = gc.matmul(x, kernel) + bias
        loss = gc.reduce_mean(gc.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits))
        right = gc.equal(gc.cast(gc.argmax(logits, 1), gc.int32), y)
        accuracy = gc.reduce_mean(gc.cast(right, gc.float32))
        train = gc.train.MomentumOptimizer(0.1, momentum=0.9).minimize(loss)

        random = np.random.default_rng(0)
        with gc.Session() as session:
            step = session.make_callable([loss, train], [x, y])  # the feeds in order: least overhead per call
            for epoch in range(epochs):
                for batch in batches(images[train_rows], labels[train_rows], size=32, random=random):
                    value, _ = step(*batch)
                if epoch % 10 == 0:
                    print(f"epoch {epoch:3d}  loss of the last batch {value:.4f}")
            share = session.run(accuracy, {x: images[test_rows], y: labels[test_rows]})
    print(f"test accuracy {share:.4f}")
    return float(share)


if __name__ == "__main__":
    main()
