"""Layers: functions that make their variables in a scope of their own and apply them."""

from graphc.layers import contrib
from graphc.layers.convolutional import conv1d, conv2d, conv2d_transpose, separable_conv2d
from graphc.layers.core import dense, dropout, embedding, flatten
from graphc.layers.normalization import UPDATE_OPS, batch_normalization
from graphc.layers.objects import (
    BatchNormalization,
    Conv1D,
    Conv2D,
    Conv2DTranspose,
    Dense,
    Dropout,
    Flatten,
    Layer,
    MaxPooling2D,
)
from graphc.layers.pooling import average_pooling1d, average_pooling2d, max_pooling1d, max_pooling2d
from graphc.layers.regularizers import l1_l2_regularizer, l1_regularizer, l2_regularizer

__all__ = [
    "UPDATE_OPS",
    "BatchNormalization",
    "Conv1D",
    "Conv2D",
    "Conv2DTranspose",
    "Dense",
    "Dropout",
    "Flatten",
    "Layer",
    "MaxPooling2D",
    "average_pooling1d",
    "average_pooling2d",
    "batch_normalization",
    "contrib",
    "conv1d",
    "conv2d",
    "conv2d_transpose",
    "dense",
    "dropout",
    "embedding",
    "flatten",
    "l1_l2_regularizer",
    "l1_regularizer",
    "l2_regularizer",
    "max_pooling1d",
    "max_pooling2d",
    "separable_conv2d",
]
