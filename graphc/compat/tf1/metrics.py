"""``tf.metrics``: running measures."""

from __future__ import annotations

from graphc.compat.tf1._binding import namespace

TABLE = """
accuracy = metrics.accuracy
mean = metrics.mean
mean_squared_error = metrics.mean_squared_error
mean_absolute_error = metrics.mean_absolute_error
root_mean_squared_error = metrics.root_mean_squared_error
precision = metrics.precision
recall = metrics.recall
auc = metrics.auc
true_positives = metrics.true_positives
false_positives = metrics.false_positives
true_negatives = metrics.true_negatives
false_negatives = metrics.false_negatives
"""

MISSING: dict[str, str] = {}

__getattr__ = namespace("tf.metrics", TABLE, ("graphc.metrics",), MISSING)
