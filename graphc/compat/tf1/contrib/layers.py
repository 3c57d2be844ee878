"""``tf.contrib.layers``: initializers, regularizers, and layers with an activation by default."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import graphc as gc
from graphc.compat.tf1._binding import namespace
from graphc.compat.tf1.contrib._scoping import add_arg_scope

TABLE = """
xavier_initializer = layers.contrib.xavier_initializer
xavier_initializer_conv2d = layers.contrib.xavier_initializer
variance_scaling_initializer = layers.contrib.variance_scaling_initializer
l1_regularizer = layers.l1_regularizer - scale scope:
l2_regularizer = layers.l2_regularizer - scale scope:
l1_l2_regularizer = layers.l1_l2_regularizer - scale_l1 scale_l2 scope:
fully_connected = layers.contrib.fully_connected
linear = layers.contrib.linear
relu = layers.contrib.fully_connected
conv2d = layers.contrib.conv2d
convolution2d = layers.contrib.conv2d
conv2d_transpose = layers.contrib.conv2d_transpose
convolution2d_transpose = layers.contrib.conv2d_transpose
max_pool2d = layers.contrib.max_pool2d
avg_pool2d = layers.contrib.avg_pool2d
flatten = layers.contrib.flatten
dropout = layers.contrib.dropout
batch_norm = layers.contrib.batch_norm
layer_norm = layers.contrib.layer_norm
one_hot_encoding = layers.contrib.one_hot_encoding
embed_sequence = layers.contrib.embed_sequence
stack = layers.contrib.stack
"""

MISSING = {
    "embedding_column": "use tf.nn.embedding_lookup",
    "optimize_loss": "use an optimizer of tf.train and its minimize",
    "real_valued_column": "feed arrays",
    "sparse_column_with_hash_bucket": "map strings to numbers in Python",
}

_find = namespace("tf.contrib.layers", TABLE, (), MISSING)


_SCOPED = frozenset(
    [
        "fully_connected",
        "linear",
        "relu",
        "conv2d",
        "conv2d_transpose",
        "max_pool2d",
        "avg_pool2d",
        "flatten",
        "dropout",
        "batch_norm",
        "layer_norm",
    ]
)


def __getattr__(name: str) -> Any:
    # One object for all the names of a function: scopes know functions by identity.
    name = {"convolution2d": "conv2d", "convolution2d_transpose": "conv2d_transpose"}.get(name, name)
    if name not in _SCOPED:
        return _find(name)
    return globals().setdefault(name, add_arg_scope(_find(name)))


def sum_regularizer(regularizer_list: Any, scope: str | None = None) -> Callable[[Any], Any]:
    """The sum of penalties."""

    def penalty(weights: Any) -> Any:
        parts = [p for r in regularizer_list if r is not None and (p := r(weights)) is not None]
        return gc.add_n(parts) if parts else None

    return penalty


def apply_regularization(regularizer: Callable[[Any], Any], weights_list: Any = None) -> Any:
    """The sum of a penalty over variables; it joins the regularization losses."""
    graph = gc.get_default_graph()
    weights = graph.get_collection("weights") if weights_list is None else weights_list
    total = gc.add_n([regularizer(w) for w in weights])
    graph.add_to_collection("regularization_losses", total)
    return total
