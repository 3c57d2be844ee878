"""``theano.sandbox.rng_mrg``: the same streams as elsewhere, under their other name."""

from graphc.compat.theano.tensor.shared_randomstreams import RandomStreams as MRG_RandomStreams

__all__ = ["MRG_RandomStreams"]
