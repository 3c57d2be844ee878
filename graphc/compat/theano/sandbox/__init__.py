"""``theano.sandbox``: only its random streams."""

from graphc.compat.theano._setting import absent as _absent
from graphc.compat.theano.sandbox import rng_mrg

__getattr__ = _absent("sandbox", {"cuda": "graphs run on the CPU"}, lambda: globals())

__all__ = ["rng_mrg"]
