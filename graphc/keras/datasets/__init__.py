"""Data sets by the names of Keras: two that are part of the package, and two that are read from files of yours."""

from graphc.keras.datasets import digits, fashion_mnist, iris, mnist

__all__ = ["digits", "fashion_mnist", "iris", "mnist"]
