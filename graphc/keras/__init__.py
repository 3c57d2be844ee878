"""The Keras-like interface: layers, models, losses, metrics and optimizers by the names that Keras users know."""

from graphc.keras import activations, constraints, initializers, losses, metrics, optimizers, regularizers, utils
from graphc.keras.variables import Variable

__all__ = [
    "Variable",
    "activations",
    "constraints",
    "initializers",
    "losses",
    "metrics",
    "optimizers",
    "regularizers",
    "utils",
]
