"""``tf.summary``: what TensorBoard shows."""

from __future__ import annotations

from graphc.compat.tf1._binding import namespace

TABLE = """
scalar = summary.scalar
histogram = summary.histogram
image = summary.image
text = summary.text
merge = summary.merge
merge_all = summary.merge_all
FileWriter = summary.FileWriter
"""

MISSING: dict[str, str] = {}

__getattr__ = namespace("tf.summary", TABLE, ("graphc.summary",), MISSING)
