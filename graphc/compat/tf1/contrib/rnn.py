"""``tf.contrib.rnn``: cells, and static networks of them."""

from __future__ import annotations

from graphc.compat.tf1._binding import namespace

TABLE = """
RNNCell = rnn.RNNCell
BasicRNNCell = rnn.BasicRNNCell
BasicLSTMCell = rnn.BasicLSTMCell
LSTMCell = rnn.LSTMCell
GRUCell = rnn.GRUCell
MultiRNNCell = rnn.MultiRNNCell
DropoutWrapper = rnn.DropoutWrapper
ResidualWrapper = rnn.ResidualWrapper
LSTMStateTuple = rnn.LSTMStateTuple
static_rnn = rnn.static_rnn
static_bidirectional_rnn = rnn.static_bidirectional_rnn
"""

MISSING: dict[str, str] = {"ConvLSTMCell": "write the cell with tf.nn.conv2d and tf.scan"}

__getattr__ = namespace("tf.contrib.rnn", TABLE, ("graphc.rnn",), MISSING)
