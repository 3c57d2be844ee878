"""The Keras-like interface: layers, models that are trained, and what they are made of, by the names of Keras."""

from graphc.keras import (
    activations,
    backend,
    callbacks,
    constraints,
    datasets,
    initializers,
    layers,
    losses,
    metrics,
    models,
    ops,
    optimizers,
    regularizers,
    saving,
    utils,
)
from graphc.keras.engine.model import Functional, Model
from graphc.keras.engine.recorded import Input, KerasTensor
from graphc.keras.engine.sequential import Sequential
from graphc.keras.layers import Layer
from graphc.keras.variables import Variable

__all__ = [
    "Functional",
    "Input",
    "KerasTensor",
    "Layer",
    "Model",
    "Sequential",
    "Variable",
    "activations",
    "backend",
    "callbacks",
    "constraints",
    "datasets",
    "initializers",
    "layers",
    "losses",
    "metrics",
    "models",
    "ops",
    "optimizers",
    "regularizers",
    "saving",
    "utils",
]
