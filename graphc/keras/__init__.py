"""The Keras-like interface: losses, metrics, optimizers and what they are made of, by the names of Keras.

Layers and models are not there yet: `graphc.layers` has layers, a loop over `Session.run` trains.
"""

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
