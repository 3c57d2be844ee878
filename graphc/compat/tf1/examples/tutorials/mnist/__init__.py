"""``tensorflow.examples.tutorials.mnist``: the handwritten digits."""

from graphc.compat.tf1.examples.tutorials.mnist import input_data

__all__ = ["input_data"]
