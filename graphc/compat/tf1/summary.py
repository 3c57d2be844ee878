"""``tf.summary``: what TensorBoard shows."""

from __future__ import annotations

from graphc.compat.tf1._binding import namespace

TABLE = """

"""

MISSING: dict[str, str] = {}

__getattr__ = namespace("tf.summary", TABLE, ("graphc.summary",), MISSING)
