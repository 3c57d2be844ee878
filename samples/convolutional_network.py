"""A convolutional network on 8x8 digits: two convolutions, a maximum over windows, one dense layer.

A convolution looks for the same pattern at every place, so it needs few numbers: 16 filters of 3x3 are 144 weights.
"""

import numpy as np

import graphc as gc
from graphc.data import batches, digits, stratified_split


def main(epochs: int = 15) -> float:
    """Train, and return the share of the test images that are read correctly."""
    images, labels = digits(flat=False)
    train_rows, test_rows = stratified_split(labels, (0.8, 0.2), seed=0)
    random = np.random.default_rng(0)

    def weights(*shape: int) -> gc.Variable:
        inputs = np.prod(shape[:-1])
        return gc.Variable(random.standard_normal(shape).astype(np.float32) * np.float32(np.sqrt(2 / inputs)))

    with gc.Graph().as_default():
        x = gc.placeholder(gc.float32, [None, 8, 8, 1], name="images")
        y = gc.placeholder(gc.int32, [None], name="labels")
        first = gc.nn.relu(gc.nn.conv2d(x, weights(3, 3, 1, 16), padding="SAME"))
        second = gc.nn.relu(gc.nn.conv2d(first, weights(3, 3, 16, 16), padding="SAME"))
        pooled = gc.nn.max_pool(second, 2)  # the strongest answer of each 2x2 window
        logits = gc.matmul(gc.reshape(pooled, [-1, 4 * 4 * 16]), weights(256, 10))
        loss = gc.reduce_mean(gc.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits))
        accuracy = gc.reduce_mean(gc.cast(gc.equal(gc.cast(gc.argmax(logits, 1), gc.int32), y), gc.float32))
        train = gc.train.AdamOptimizer(0.003).minimize(loss)

        with gc.Session() as session:
            step = session.make_callable([loss, train], [x, y])
            for epoch in range(epochs):
                for batch in batches(images[train_rows], labels[train_rows], size=32, random=random):
                    value, _ = step(*batch)
                print(f"epoch {epoch:2d}  loss of the last batch {value:.4f}")
            share = session.run(accuracy, {x: images[test_rows], y: labels[test_rows]})
    print(f"test accuracy {share:.4f}")
    return float(share)


if __name__ == "__main__":
    main()
