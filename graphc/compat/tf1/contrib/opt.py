"""``tf.contrib.opt``: optimizers of other libraries."""

from __future__ import annotations

from graphc.compat.tf1._binding import namespace

TABLE = """
ScipyOptimizerInterface = train.ScipyOptimizerInterface
NadamOptimizer = train.NadamOptimizer
AdamWOptimizer = train.AdamWOptimizer
"""

MISSING: dict[str, str] = {"LazyAdamOptimizer": "use tf.train.AdamOptimizer"}

__getattr__ = namespace("tf.contrib.opt", TABLE, ("graphc.train",), MISSING)
