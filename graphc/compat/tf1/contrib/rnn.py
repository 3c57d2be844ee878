"""``tf.contrib.rnn``: cells, and static networks of them."""

from __future__ import annotations

from graphc.compat.tf1._binding import namespace

TABLE = ""

MISSING: dict[str, str] = {"ConvLSTMCell": "write the cell with tf.nn.conv2d and tf.scan"}

__getattr__ = namespace("tf.contrib.rnn", TABLE, ("graphc.rnn",), MISSING)
