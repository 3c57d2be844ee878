"""A neural network from matrix products, in TensorFlow 1's names: two hidden layers that read digits.

Run as ``python samples/neural_network.py DIRECTORY`` with the four files of MNIST in the directory; without them, small
digits stand in, and a warning says so.
"""

import itertools
import sys

import graphc.compat.tf1 as tf
from graphc.compat.tf1.examples.tutorials.mnist import input_data

SIZES = (784, 128, 64, 10)


def network(images: tf.Tensor) -> tf.Tensor:
    """Logits of the ten digits; He's initial values keep the size of what flows through rectifiers."""
    hidden = images
    for number, (inputs, outputs) in enumerate(itertools.pairwise(SIZES)):
        with tf.variable_scope(f"layer_{number}"):
            scale = (2.0 / inputs) ** 0.5
            w = tf.get_variable("w", [inputs, outputs], initializer=tf.random_normal_initializer(stddev=scale))
            b = tf.get_variable("b", [outputs], initializer=tf.zeros_initializer())
            hidden = tf.matmul(hidden, w) + b
            if outputs != SIZES[-1]:
                hidden = tf.nn.relu(hidden)
    return hidden


def main(epochs: int = 5, directory: str = "MNIST_data") -> float:
    """Train, and return the share of test images that are read correctly."""
    data = input_data.read_data_sets(directory, one_hot=True, seed=0)
    with tf.Graph().as_default():
        tf.set_random_seed(0)
        x = tf.placeholder("float", [None, SIZES[0]])
        y = tf.placeholder("float", [None, SIZES[-1]])
        logits = network(x)
        loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(logits=logits, labels=y))
        train = tf.train.AdamOptimizer(learning_rate=0.001).minimize(loss)
        right = tf.equal(tf.argmax(logits, 1), tf.argmax(y, 1))
        accuracy = tf.reduce_mean(tf.cast(right, "float"))

        with tf.Session() as sess:
            sess.run(tf.global_variables_initializer())
            for epoch in range(epochs):
                for _ in range(data.train.num_examples // 100):
                    images, labels = data.train.next_batch(100)
                    _, value = sess.run([train, loss], feed_dict={x: images, y: labels})
                print(f"epoch {epoch + 1}  cross-entropy of the last batch {value:.4f}")
            share = sess.run(accuracy, feed_dict={x: data.test.images, y: data.test.labels})
    print(f"test accuracy {share:.4f}")
    return float(share)


if __name__ == "__main__":
    main(directory=sys.argv[1] if len(sys.argv) > 1 else "MNIST_data")
