"""Data sets: chains of steps over elements, iterators whose tensors stand for the next one, and small real sets.

``digits`` and ``iris`` are part of the package (see ``SOURCES.md`` beside this file);
``mnist`` reads the original files from a directory of yours.
"""

from graphc.data.batching import batches
from graphc.data.bundled import IRIS_CLASSES, IRIS_FEATURES, digits, iris
from graphc.data.dataset import Dataset
from graphc.data.iterator import Iterator
from graphc.data.mnist import MNIST, mnist
from graphc.data.splitting import stratified_split

__all__ = [
    "IRIS_CLASSES",
    "IRIS_FEATURES",
    "MNIST",
    "Dataset",
    "Iterator",
    "batches",
    "digits",
    "iris",
    "mnist",
    "stratified_split",
]
