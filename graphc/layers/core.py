"""Dense layers, dropout, flattening and tables of vectors."""

from __future__ import annotations

import math
from typing import Any

from graphc.api.math import matmul, tensordot, where
from graphc.api.nn import embedding_lookup
from graphc.api.random import dropout as dropped
from graphc.api.shaping import identity, reshape, shape
from graphc.graph.operation import Tensor
from graphc.graph.scopes import VariableScope
from graphc.graph.variable import Variable
from graphc.layers.scope import Activation, as_input, as_switch, finished, known_size, layer_scope, weight, with_bias


def times(x: Tensor, kernel: Variable) -> Tensor:
    """x @ kernel along the last axis of x, of any rank."""
    found: Tensor = matmul(x, kernel) if x.shape.ndims == 2 else tensordot(x, kernel, axes=1)
    return found


def dense(
    inputs: Any, units: int, activation: Activation = None, use_bias: bool = True, kernel_initializer: Any = None,
    bias_initializer: Any = None, kernel_regularizer: Any = None, bias_regularizer: Any = None,
    activity_regularizer: Any = None, trainable: bool = True, name: str | VariableScope | None = None,
    reuse: Any = None,
) -> Tensor:  # fmt: skip
    """activation(inputs @ kernel + bias).

    Parameters
    ----------
    inputs : Tensor
        [..., features]; the number of features must be known.
    units : int
        Size of the last axis of the result.
    activation : callable, optional
    use_bias : bool
    kernel_initializer, bias_initializer : callable, optional
        Glorot's uniform distribution (or the scope's initializer), and zeros.
    kernel_regularizer, bias_regularizer, activity_regularizer : callable, optional
        Their values join the collection ``"regularization_losses"``.
    trainable : bool
    name : str, optional
        Scope of the variables ``kernel`` and ``bias``; by default ``dense``, ``dense_1``, ...
    reuse : bool or AUTO_REUSE, optional
        Whether to take the variables that a layer of this name has made.

    Returns
    -------
    Tensor
        [..., units]

    Raises
    ------
    GraphError
        If the input does not fit.

    Examples
    --------
    >>> import graphc as gc
    >>> with gc.Graph().as_default():
    ...     y = gc.layers.dense(gc.placeholder(gc.float32, [None, 4]), 3, activation=gc.nn.relu)
    ...     print(y.shape, [v.name for v in gc.trainable_variables()])
    (?, 3) ['dense/kernel:0', 'dense/bias:0']
    """
    x = as_input(inputs, "dense", least=2)
    with layer_scope(name, "dense", reuse):
        features = known_size(x, -1, "dense")
        kernel = weight("kernel", [features, units], x.dtype, kernel_initializer, kernel_regularizer, trainable)
        y = times(x, kernel)
        y = with_bias(y, units, use_bias, bias_initializer, bias_regularizer, trainable)
        return finished(y, activation, activity_regularizer)


def dropout(
    inputs: Any, rate: Any = 0.5, noise_shape: Any = None, seed: int | None = None, training: Any = False,
    name: str | VariableScope | None = None,
) -> Tensor:  # fmt: skip
    """In training, elements set to 0 with probability `rate` and the others scaled by 1 / (1 - rate).

    Parameters
    ----------
    inputs : Tensor
    rate : number or Tensor
    noise_shape : sequence of int, optional
        Shape of the random choices, which broadcast against `inputs`.
    seed : int, optional
    training : bool or Tensor
        A boolean tensor decides at every run.
    name : str, optional

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import graphc as gc
    >>> with gc.Graph().as_default(), gc.Session(mode="interpret") as session:
    ...     training = gc.placeholder(gc.bool, [])
    ...     y = gc.layers.dropout(gc.ones([1000]), 0.4, training=training)
    ...     print(session.run(gc.reduce_max(y), {training: False}), session.run(gc.reduce_min(y), {training: True}))
    1.0 0.0
    """
    x = as_input(inputs, "dropout", least=0)
    with layer_scope(name, "dropout"):
        switch = as_switch(training)
        if not isinstance(switch, Tensor):
            return dropped(x, rate=rate, noise_shape=noise_shape, seed=seed) if switch else identity(x)
        kept = 1.0 - rate
        return dropped(x, keep_prob=where(switch, kept, 1.0), noise_shape=noise_shape, seed=seed)


def flatten(inputs: Any, name: str | VariableScope | None = None) -> Tensor:
    """All axes but the first as one.

    Parameters
    ----------
    inputs : Tensor
        [batch, ...]
    name : str, optional

    Returns
    -------
    Tensor
        [batch, product of the others]

    Examples
    --------
    >>> import graphc as gc
    >>> with gc.Graph().as_default():
    ...     print(gc.layers.flatten(gc.placeholder(gc.float32, [None, 4, 5])).shape)
    (?, 20)
    """
    x: Tensor = inputs if isinstance(inputs, Tensor) else identity(inputs)
    with layer_scope(name, "flatten"):
        sizes = [] if x.shape.ndims is None else x.shape.as_list()[1:]
        if x.shape.ndims is not None and None not in sizes:
            found: Tensor = reshape(x, [-1, math.prod(int(s) for s in sizes if s is not None)])
            return found
        found = reshape(x, [shape(x)[0], -1])
        return found


def embedding(
    ids: Any, vocab_size: int, embed_dim: int, initializer: Any = None, regularizer: Any = None,
    trainable: bool = True, dtype: Any = "float32", name: str | VariableScope | None = None, reuse: Any = None,
) -> Tensor:  # fmt: skip
    """Rows of a table, which is the variable ``embeddings`` of [vocab_size, embed_dim].

    Parameters
    ----------
    ids : integer Tensor
        Numbers of rows; one out of range fails the run.
    vocab_size, embed_dim : int
    initializer, regularizer : callable, optional
    trainable : bool
    dtype : DType
    name : str, optional
    reuse : bool or AUTO_REUSE, optional

    Returns
    -------
    Tensor
        The shape of `ids`, and embed_dim.

    Examples
    --------
    >>> import graphc as gc
    >>> with gc.Graph().as_default():
    ...     print(gc.layers.embedding(gc.placeholder(gc.int32, [None, 7]), 100, 16).shape)
    (?, 7, 16)
    """
    with layer_scope(name, "embedding", reuse):
        table = weight("embeddings", [vocab_size, embed_dim], dtype, initializer, regularizer, trainable)
        found: Tensor = embedding_lookup(table, ids)
        return found
