"""``tf.random``: random tensors."""

from __future__ import annotations

from graphc.compat.tf1._binding import namespace

TABLE = """
set_random_seed = set_random_seed
normal = random_normal random_normal shape mean stddev dtype seed name
uniform = random_uniform random_uniform shape minval maxval dtype seed name
truncated_normal = truncated_normal truncated_normal shape mean stddev dtype seed name
shuffle = random_shuffle RandomShuffle value seed name
gamma = random_gamma random_gamma shape alpha beta dtype seed name
poisson = random_poisson random_poisson lam shape dtype seed name
multinomial = multinomial Multinomial logits num_samples seed name output_dtype
categorical = multinomial categorical logits num_samples dtype:output_dtype seed name
"""

MISSING = {"experimental": "use tf.random_normal and its relatives"}

__getattr__ = namespace("tf.random", TABLE, ("graphc",), MISSING)
