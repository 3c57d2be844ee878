"""First values of variables: objects that are called with a shape and an element type."""

from graphc.initializers.constants import Constant, Identity, Initializer, Ones, Zeros
from graphc.initializers.orthogonal import Orthogonal
from graphc.initializers.random import RandomNormal, RandomUniform, TruncatedNormal
from graphc.initializers.scaling import (
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    LecunNormal,
    LecunUniform,
    VarianceScaling,
)

__all__ = [
    "Constant",
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "Identity",
    "Initializer",
    "LecunNormal",
    "LecunUniform",
    "Ones",
    "Orthogonal",
    "RandomNormal",
    "RandomUniform",
    "TruncatedNormal",
    "VarianceScaling",
    "Zeros",
]
