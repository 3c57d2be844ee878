"""``tf.data``: pipelines of arrays."""

from __future__ import annotations

from graphc.compat.tf1._binding import namespace

TABLE = """
Dataset = data.Dataset
Iterator = data.Iterator
"""

MISSING: dict[str, str] = {
    "TFRecordDataset": "read files with NumPy and use Dataset.from_tensor_slices",
    "TextLineDataset": "read the lines in Python and use Dataset.from_tensor_slices",
}

__getattr__ = namespace("tf.data", TABLE, ("graphc.data",), MISSING)
