"""Layers by the names of Keras."""

from graphc.keras.engine.layer import Layer
from graphc.keras.engine.recorded import Input
from graphc.keras.layers.core import (
    Activation,
    Dense,
    Flatten,
    Identity,
    Lambda,
    Masking,
    Permute,
    RepeatVector,
    Reshape,
)
from graphc.keras.layers.input import InputLayer

__all__ = [
    "Activation",
    "Dense",
    "Flatten",
    "Identity",
    "Input",
    "InputLayer",
    "Lambda",
    "Layer",
    "Masking",
    "Permute",
    "RepeatVector",
    "Reshape",
]
