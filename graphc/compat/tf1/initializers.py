"""``tf.initializers``: first values of variables."""

from __future__ import annotations

from graphc.compat.tf1._binding import namespace

TABLE = """
zeros = initializers.Zeros
ones = initializers.Ones
constant = initializers.Constant
random_normal = initializers.RandomNormal
random_uniform = initializers.RandomUniform
truncated_normal = initializers.TruncatedNormal
orthogonal = initializers.Orthogonal
variance_scaling = initializers.VarianceScaling
glorot_uniform = initializers.GlorotUniform
glorot_normal = initializers.GlorotNormal
identity = initializers.Identity
he_normal = initializers.HeNormal
he_uniform = initializers.HeUniform
lecun_normal = initializers.LecunNormal
lecun_uniform = initializers.LecunUniform
"""

MISSING: dict[str, str] = {}

__getattr__ = namespace("tf.initializers", TABLE, ("graphc.initializers",), MISSING)
