"""``tf.layers``: layers as functions."""

from __future__ import annotations

from graphc.compat.tf1._binding import namespace

TABLE = """

"""

MISSING: dict[str, str] = {}

__getattr__ = namespace("tf.layers", TABLE, ("graphc.layers",), MISSING)
