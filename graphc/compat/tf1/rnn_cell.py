"""``tf.nn.rnn_cell``: cells of recurrent networks."""

from __future__ import annotations

from graphc.compat.tf1._binding import namespace

TABLE = """

"""

MISSING: dict[str, str] = {}

__getattr__ = namespace("tf.nn.rnn_cell", TABLE, ("graphc.rnn",), MISSING)
