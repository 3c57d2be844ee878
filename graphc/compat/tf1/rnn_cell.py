"""``tf.nn.rnn_cell``: cells of recurrent networks."""

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
"""

MISSING: dict[str, str] = {}

__getattr__ = namespace("tf.nn.rnn_cell", TABLE, ("graphc.rnn",), MISSING)
