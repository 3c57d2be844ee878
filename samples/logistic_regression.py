"""Logistic regression in TensorFlow 1's names: which of two clouds of points does a point belong to?

Only the import line differs from a script of 2017. The model is one matrix product; the cross-entropy takes its logits,
not probabilities, because the logarithm of a rounded probability loses all digits.
"""

import numpy as np

import graphc.compat.tf1 as tf


def main(steps: int = 300) -> float:
    """Train on 400 points, and return the share of 400 others that are classified correctly."""
    random = np.random.RandomState(0)
    classes = random.randint(0, 2, (800, 1))
    points = random.randn(800, 2) + 2.5 * classes  # the second cloud lies up and to the right

    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, [None, 2], name="points")
        y = tf.placeholder(tf.float32, [None, 1], name="classes")
        w = tf.Variable(tf.zeros([2, 1]), name="w")
        b = tf.Variable(tf.zeros([1]), name="b")
        logits = tf.matmul(x, w) + b
        loss = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=y, logits=logits))
        train = tf.train.GradientDescentOptimizer(0.5).minimize(loss)
        right = tf.equal(tf.cast(logits > 0, tf.float32), y)
        accuracy = tf.reduce_mean(tf.cast(right, tf.float32))

        with tf.Session() as sess:
            sess.run(tf.global_variables_initializer())
            for step in range(steps):
                _, value = sess.run([train, loss], feed_dict={x: points[:400], y: classes[:400]})
                if step % 50 == 0:
                    print(f"step {step:3d}  cross-entropy {value:.4f}")
            share = sess.run(accuracy, feed_dict={x: points[400:], y: classes[400:]})
    print(f"{share:.1%} of the other points are right")
    return float(share)


if __name__ == "__main__":
    main()
