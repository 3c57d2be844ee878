"""Layers in the forms of ``contrib.layers``: other defaults and names, and a normalisation as an argument."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from graphc.api import convolution, nn
from graphc.api.arrays import one_hot
from graphc.api.nn import bias_add, relu
from graphc.api.shaping import identity
from graphc.api.state import control_dependencies
from graphc.graph.errors import GraphError
from graphc.graph.graph import get_default_graph
from graphc.graph.operation import Tensor
from graphc.graph.origin import user_origin
from graphc.graph.scopes import VariableScope
from graphc.graph.variable import GLOBAL_VARIABLES
from graphc.initializers.constants import Initializer, Ones, Zeros
from graphc.initializers.scaling import VarianceScaling
from graphc.layers import core, pooling
from graphc.layers.convolutional import per_axis
from graphc.layers.normalization import UPDATE_OPS, statistics
from graphc.layers.scope import Activation, as_input, finished, known_size, layer_scope, weight

Scope = str | VariableScope | None
Normalizer = Callable[..., Tensor] | None


def xavier_initializer(uniform: bool = True, seed: int | None = None, dtype: Any = "float32") -> Initializer:
    """Weights of variance 2 / (fan in + fan out) (Glorot and Bengio, 2010).

    Parameters
    ----------
    uniform : bool
        Else normal, cut at two standard deviations.
    seed : int, optional
    dtype : DType

    Returns
    -------
    Initializer
    """
    return VarianceScaling(1.0, "fan_avg", "uniform" if uniform else "truncated_normal", seed, dtype)


def variance_scaling_initializer(
    factor: float = 2.0, mode: str = "FAN_IN", uniform: bool = False, seed: int | None = None, dtype: Any = "float32"
) -> Initializer:
    """Weights of variance factor / n; arguments as for `graphc.initializers.VarianceScaling`.

    Parameters
    ----------
    factor : float
    mode : str
        ``"FAN_IN"``, ``"FAN_OUT"`` or ``"FAN_AVG"``.
    uniform : bool
        Else normal, cut at two standard deviations.
    seed : int, optional
    dtype : DType

    Returns
    -------
    Initializer
    """
    return VarianceScaling(factor, mode, "uniform" if uniform else "truncated_normal", seed, dtype)


def _completed(
    y: Tensor, size: int, activation_fn: Activation, normalizer_fn: Normalizer,
    normalizer_params: dict[str, Any] | None, biases_initializer: Any, biases_regularizer: Any, trainable: bool,
) -> Tensor:  # fmt: skip
    """A layer's linear part with its normalisation or biases, and its activation."""
    if normalizer_fn is not None:
        y = normalizer_fn(y, **(normalizer_params or {}))
    elif biases_initializer is not None:
        y = bias_add(y, weight("biases", [size], y.dtype, biases_initializer, biases_regularizer, trainable))
    return finished(y, activation_fn)


def fully_connected(
    inputs: Any, num_outputs: int, activation_fn: Activation = relu, normalizer_fn: Normalizer = None,
    normalizer_params: dict[str, Any] | None = None, weights_initializer: Any = None,
    weights_regularizer: Any = None, biases_initializer: Any = Zeros, biases_regularizer: Any = None,
    reuse: Any = None, trainable: bool = True, scope: Scope = None,
) -> Tensor:  # fmt: skip
    """relu(inputs @ weights + biases), or another activation.

    Parameters
    ----------
    inputs : Tensor
        [..., features]
    num_outputs : int
    activation_fn : callable or None
        None: linear.
    normalizer_fn : callable, optional
        Such as `batch_norm`, in the place of the biases.
    normalizer_params : dict, optional
        Its further arguments.
    weights_initializer, biases_initializer : callable, optional
        Glorot's uniform distribution, and zeros. Biases None: there are none.
    weights_regularizer, biases_regularizer : callable, optional
    reuse : bool or AUTO_REUSE, optional
    trainable : bool
    scope : str, optional
        Of the variables ``weights`` and ``biases``; by default ``fully_connected``, ``fully_connected_1``, ...

    Returns
    -------
    Tensor
        [..., num_outputs]

    Examples
    --------
    >>> import graphc as gc
    >>> with gc.Graph().as_default():
    ...     y = gc.layers.contrib.fully_connected(gc.placeholder(gc.float32, [None, 4]), 3, scope="fc")
    ...     print(y.shape, [v.name for v in gc.trainable_variables()])
    (?, 3) ['fc/weights:0', 'fc/biases:0']
    """
    x = as_input(inputs, "fully_connected", least=2)
    with layer_scope(scope, "fully_connected", reuse):
        shape = [known_size(x, -1, "fully_connected"), num_outputs]
        w = weight("weights", shape, x.dtype, weights_initializer, weights_regularizer, trainable)
        return _completed(
            core.times(x, w), num_outputs, activation_fn, normalizer_fn, normalizer_params, biases_initializer,
            biases_regularizer, trainable,
        )  # fmt: skip


def linear(inputs: Any, num_outputs: int, **options: Any) -> Tensor:
    """`fully_connected` without an activation."""
    return fully_connected(inputs, num_outputs, **{"activation_fn": None, **options})


def conv2d(
    inputs: Any, num_outputs: int, kernel_size: Any, stride: Any = 1, padding: str = "SAME", rate: Any = 1,
    activation_fn: Activation = relu, normalizer_fn: Normalizer = None,
    normalizer_params: dict[str, Any] | None = None, weights_initializer: Any = None,
    weights_regularizer: Any = None, biases_initializer: Any = Zeros, biases_regularizer: Any = None,
    reuse: Any = None, trainable: bool = True, scope: Scope = None,
) -> Tensor:  # fmt: skip
    """relu of a convolution of images with ``weights`` plus ``biases``; arguments as for `fully_connected`.

    Parameters
    ----------
    inputs : Tensor
        [batch, height, width, channels]
    num_outputs : int
    kernel_size, stride, rate : int or pair of int
    padding : str
        ``"SAME"`` or ``"VALID"``.

    Examples
    --------
    >>> import graphc as gc
    >>> with gc.Graph().as_default():
    ...     y = gc.layers.contrib.conv2d(gc.placeholder(gc.float32, [None, 8, 8, 3]), 16, 3)
    ...     print(y.shape, [v.name for v in gc.trainable_variables()])
    (?, 8, 8, 16) ['Conv/weights:0', 'Conv/biases:0']
    """
    x = as_input(inputs, "conv2d", rank=4)
    with layer_scope(scope, "Conv", reuse):
        shape = [*per_axis(kernel_size, 2, "kernel_size"), known_size(x, -1, "conv2d"), num_outputs]
        w = weight("weights", shape, x.dtype, weights_initializer, weights_regularizer, trainable)
        y = convolution.conv2d(x, w, per_axis(stride, 2, "stride"), padding, per_axis(rate, 2, "rate"))
        return _completed(
            y, num_outputs, activation_fn, normalizer_fn, normalizer_params, biases_initializer, biases_regularizer,
            trainable,
        )  # fmt: skip


def conv2d_transpose(
    inputs: Any, num_outputs: int, kernel_size: Any, stride: Any = 1, padding: str = "SAME",
    activation_fn: Activation = relu, normalizer_fn: Normalizer = None,
    normalizer_params: dict[str, Any] | None = None, weights_initializer: Any = None,
    weights_regularizer: Any = None, biases_initializer: Any = Zeros, biases_regularizer: Any = None,
    reuse: Any = None, trainable: bool = True, scope: Scope = None,
) -> Tensor:  # fmt: skip
    """The transpose of a convolution; arguments as for `conv2d`."""
    x = as_input(inputs, "conv2d_transpose", rank=4)
    with layer_scope(scope, "Conv2d_transpose", reuse):
        shape = [*per_axis(kernel_size, 2, "kernel_size"), num_outputs, known_size(x, -1, "conv2d_transpose")]
        w = weight("weights", shape, x.dtype, weights_initializer, weights_regularizer, trainable)
        y = convolution.conv2d_transpose(x, w, strides=per_axis(stride, 2, "stride"), padding=padding)
        return _completed(
            y, num_outputs, activation_fn, normalizer_fn, normalizer_params, biases_initializer, biases_regularizer,
            trainable,
        )  # fmt: skip


def max_pool2d(inputs: Any, kernel_size: Any, stride: Any = 2, padding: str = "VALID", scope: Scope = None) -> Tensor:
    """Largest elements of windows of images; arguments as for `graphc.layers.max_pooling2d`."""
    with layer_scope(scope, "MaxPool2D"):
        return pooling.max_pooling2d(inputs, kernel_size, stride, padding)


def avg_pool2d(inputs: Any, kernel_size: Any, stride: Any = 2, padding: str = "VALID", scope: Scope = None) -> Tensor:
    """Means of windows of images; arguments as for `graphc.layers.average_pooling2d`."""
    with layer_scope(scope, "AvgPool2D"):
        return pooling.average_pooling2d(inputs, kernel_size, stride, padding)


def flatten(inputs: Any, scope: Scope = None) -> Tensor:
    """All axes but the first as one."""
    with layer_scope(scope, "Flatten"):
        return core.flatten(inputs)


def dropout(
    inputs: Any, keep_prob: Any = 0.5, noise_shape: Any = None, is_training: Any = True, scope: Scope = None,
    seed: int | None = None,
) -> Tensor:  # fmt: skip
    """In training, elements kept with probability `keep_prob` and scaled by its reciprocal, the others 0."""
    with layer_scope(scope, "Dropout"):
        return core.dropout(inputs, 1.0 - keep_prob, noise_shape, seed, is_training)


def batch_norm(
    inputs: Any, decay: float = 0.999, center: bool = True, scale: bool = False, epsilon: float = 0.001,
    activation_fn: Activation = None, param_initializers: dict[str, Any] | None = None,
    updates_collections: str | None = UPDATE_OPS, is_training: Any = True, reuse: Any = None, trainable: bool = True,
    scope: Scope = None, fused: bool | None = None,
) -> Tensor:  # fmt: skip
    """Batch normalisation along the last axis, as `graphc.layers.batch_normalization` with other defaults.

    Parameters
    ----------
    inputs : Tensor
    decay : float
        The averages move as a <- decay * a + (1 - decay) * batch.
    center, scale : bool
        Whether there is a ``beta``, a ``gamma``.
    epsilon : float
    activation_fn : callable, optional
    param_initializers : dict, optional
        Initializers by the names ``beta``, ``gamma``, ``moving_mean``, ``moving_variance``.
    updates_collections : str or None
        Where the updates of the averages go. None: they run before the result is used.
    is_training : bool or Tensor
    reuse : bool or AUTO_REUSE, optional
    trainable : bool
    scope : str, optional
        By default ``BatchNorm``, ``BatchNorm_1``, ...
    fused : bool, optional
        False: the moving variance of rows and images divides by n; by default by n - 1.

    Returns
    -------
    Tensor
    """
    x = as_input(inputs, "batch_norm", least=2)
    start = {"beta": Zeros, "gamma": Ones, "moving_mean": Zeros, "moving_variance": Ones, **(param_initializers or {})}
    with layer_scope(scope, "BatchNorm", reuse):
        features = [known_size(x, -1, "batch_norm")]
        beta = weight("beta", features, x.dtype, start["beta"], trainable=trainable) if center else None
        gamma = weight("gamma", features, x.dtype, start["gamma"], trainable=trainable) if scale else None
        mean, variance = (
            weight(f"moving_{n}", features, x.dtype, start[f"moving_{n}"], None, False, [GLOBAL_VARIABLES])
            for n in ("mean", "variance")
        )
        rank = len(x.shape)
        unbiased = rank in (2, 4) and fused is not False
        *used, updates = statistics(x, rank - 1, mean, variance, decay, is_training, unbiased)
        y = nn.batch_normalization(x, *used, beta, gamma, epsilon)
        if updates_collections is None:
            with control_dependencies(updates):
                y = identity(y)
        else:
            for update in updates:
                get_default_graph().add_to_collection(updates_collections, update)
        return finished(y, activation_fn)


def layer_norm(
    inputs: Any, center: bool = True, scale: bool = True, activation_fn: Activation = None, reuse: Any = None,
    trainable: bool = True, begin_norm_axis: int = 1, begin_params_axis: int = -1, scope: Scope = None,
) -> Tensor:  # fmt: skip
    """Every element of the batch with mean 0 and variance 1, times ``gamma``, plus ``beta`` (Ba et al., 2016).

    Parameters
    ----------
    inputs : Tensor
    center, scale : bool
        Whether there is a ``beta``, a ``gamma``.
    activation_fn : callable, optional
    reuse : bool or AUTO_REUSE, optional
    trainable : bool
    begin_norm_axis : int
        Mean and variance are over this axis and those behind it.
    begin_params_axis : int
        gamma and beta have the shape of this axis and those behind it.
    scope : str, optional
        By default ``LayerNorm``, ``LayerNorm_1``, ...

    Returns
    -------
    Tensor
    """
    x = as_input(inputs, "layer_norm", least=2)
    rank = len(x.shape)
    if not (-rank <= begin_norm_axis < rank and -rank <= begin_params_axis < rank):
        raise GraphError(f"layer_norm: {x.name} of shape {x.shape} has no such axis to begin at", user_origin())
    with layer_scope(scope, "LayerNorm", reuse):
        shape = [known_size(x, axis, "layer_norm") for axis in range(begin_params_axis % rank, rank)]
        beta = weight("beta", shape, x.dtype, Zeros, trainable=trainable) if center else None
        gamma = weight("gamma", shape, x.dtype, Ones, trainable=trainable) if scale else None
        over = list(range(begin_norm_axis % rank, rank))
        y = nn.layer_normalization(x, gamma, beta, axis=over, epsilon=1e-12)
        return finished(y, activation_fn)


def embed_sequence(
    ids: Any, vocab_size: int, embed_dim: int, initializer: Any = None, regularizer: Any = None,
    trainable: bool = True, scope: Scope = None, reuse: Any = None,
) -> Tensor:  # fmt: skip
    """`graphc.layers.embedding` in the scope ``EmbedSequence``."""
    with layer_scope(scope, "EmbedSequence", reuse) as opened:
        return core.embedding(ids, vocab_size, embed_dim, initializer, regularizer, trainable, name=opened)


def one_hot_encoding(labels: Any, num_classes: int, on_value: Any = 1.0, off_value: Any = 0.0) -> Tensor:
    """`graphc.one_hot` of integer labels."""
    found: Tensor = one_hot(labels, num_classes, on_value, off_value)
    return found


def stack(inputs: Any, layer: Callable[..., Tensor], stack_args: Sequence[Any], **options: Any) -> Tensor:
    """A layer applied several times, once for each of `stack_args`, in scopes ``stack_1``, ``stack_2``, ...

    Parameters
    ----------
    inputs : Tensor
    layer : callable
    stack_args : sequence
        Arguments of each application: a tuple, or a single one.
    **options
        Arguments of all applications; ``scope`` names the scope around them.

    Returns
    -------
    Tensor
    """
    name = options.pop("scope", None)
    inner = name or layer.__name__
    with layer_scope(name, "Stack"):
        y = inputs
        for number, args in enumerate(stack_args, 1):
            listed = args if isinstance(args, list | tuple) else (args,)
            y = layer(y, *listed, scope=f"{inner}_{number}", **options)
        found: Tensor = y
        return found
