"""``theano.tensor.signal.downsample``: the old name of pooling."""

from graphc.compat.theano.tensor.signal.pool import pool_2d as max_pool_2d

__all__ = ["max_pool_2d"]
