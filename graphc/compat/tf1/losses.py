"""``tf.losses``: losses that join a collection."""

from __future__ import annotations

from graphc.compat.tf1._binding import namespace

TABLE = """
absolute_difference = losses.absolute_difference
cosine_distance = losses.cosine_distance
hinge_loss = losses.hinge_loss
huber_loss = losses.huber_loss
log_loss = losses.log_loss
mean_squared_error = losses.mean_squared_error
sigmoid_cross_entropy = losses.sigmoid_cross_entropy
softmax_cross_entropy = losses.softmax_cross_entropy
sparse_softmax_cross_entropy = losses.sparse_softmax_cross_entropy
compute_weighted_loss = losses.compute_weighted_loss
add_loss = losses.add_loss
get_losses = losses.get_losses
get_regularization_loss = losses.get_regularization_loss
get_regularization_losses = losses.get_regularization_losses
get_total_loss = losses.get_total_loss
"""

MISSING: dict[str, str] = {}

__getattr__ = namespace("tf.losses", TABLE, ("graphc.losses",), MISSING)
