"""Recurrent networks: cells, and functions that apply them along sequences."""

from graphc.rnn.cell import LSTMStateTuple, RNNCell
from graphc.rnn.cells import BasicRNNCell, GRUCell
from graphc.rnn.dynamic import bidirectional_dynamic_rnn, dynamic_rnn
from graphc.rnn.lstm import BasicLSTMCell, LSTMCell
from graphc.rnn.static import static_bidirectional_rnn, static_rnn
from graphc.rnn.wrappers import DropoutWrapper, MultiRNNCell, ResidualWrapper

__all__ = [
    "BasicLSTMCell",
    "BasicRNNCell",
    "DropoutWrapper",
    "GRUCell",
    "LSTMCell",
    "LSTMStateTuple",
    "MultiRNNCell",
    "RNNCell",
    "ResidualWrapper",
    "bidirectional_dynamic_rnn",
    "dynamic_rnn",
    "static_bidirectional_rnn",
    "static_rnn",
]
