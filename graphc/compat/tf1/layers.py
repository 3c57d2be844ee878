"""``tf.layers``: layers as functions."""

from __future__ import annotations

from graphc.compat.tf1._binding import namespace

TABLE = """
dense = layers.dense
conv1d = layers.conv1d
conv2d = layers.conv2d
separable_conv2d = layers.separable_conv2d
conv2d_transpose = layers.conv2d_transpose
flatten = layers.flatten
dropout = layers.dropout
batch_normalization = layers.batch_normalization
max_pooling1d = layers.max_pooling1d
max_pooling2d = layers.max_pooling2d
average_pooling1d = layers.average_pooling1d
average_pooling2d = layers.average_pooling2d
"""

MISSING: dict[str, str] = {}

__getattr__ = namespace("tf.layers", TABLE, ("graphc.layers",), MISSING)
