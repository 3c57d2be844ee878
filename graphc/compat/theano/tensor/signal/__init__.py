"""``theano.tensor.signal``: pooling."""

from graphc.compat.theano._setting import absent as _absent
from graphc.compat.theano.tensor.signal import downsample, pool

__getattr__ = _absent("tensor.signal", {"conv": "use T.nnet.conv2d"}, lambda: globals())

__all__ = ["downsample", "pool"]
