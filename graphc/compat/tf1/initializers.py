"""``tf.initializers``: first values of variables."""

from __future__ import annotations

from graphc.compat.tf1._binding import namespace

TABLE = """
zeros = initializers.zeros_initializer
ones = initializers.ones_initializer
constant = initializers.constant_initializer
random_normal = initializers.random_normal_initializer
random_uniform = initializers.random_uniform_initializer
truncated_normal = initializers.truncated_normal_initializer
orthogonal = initializers.orthogonal_initializer
variance_scaling = initializers.variance_scaling_initializer
glorot_uniform = initializers.glorot_uniform_initializer
glorot_normal = initializers.glorot_normal_initializer
"""

MISSING: dict[str, str] = {}

__getattr__ = namespace("tf.initializers", TABLE, ("graphc.initializers",), MISSING)
