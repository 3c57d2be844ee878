"""``tf.contrib.layers``: initializers, regularizers, and layers with an activation by default."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import graphc as gc
from graphc.compat.tf1._binding import lookup, namespace
from graphc.compat.tf1._graph import follow_conventions

TABLE = """
xavier_initializer = .contrib.layers.glorot
xavier_initializer_conv2d = .contrib.layers.glorot
variance_scaling_initializer = .contrib.layers.he
linear = .contrib.layers.linear
relu = .contrib.layers.fully_connected
convolution2d = .contrib.layers.conv2d
"""

MISSING = {
    "embedding_column": "use tf.nn.embedding_lookup",
    "optimize_loss": "use an optimizer of tf.train and its minimize",
    "real_valued_column": "feed arrays",
    "sparse_column_with_hash_bucket": "map strings to numbers in Python",
}

_find = namespace("tf.contrib.layers", TABLE, ("graphc.contrib_layers",), MISSING)


def __getattr__(name: str) -> Any:
    return _find(name)


def l1_regularizer(scale: float, scope: str | None = None) -> Callable[[Any], Any]:
    """scale * sum |w|."""
    return lambda weights: None if not scale else gc.multiply(scale, gc.reduce_sum(gc.abs(weights)), name="l1")


def l2_regularizer(scale: float, scope: str | None = None) -> Callable[[Any], Any]:
    """scale * sum w ** 2 / 2."""
    return lambda weights: None if not scale else gc.multiply(scale, gc.nn.l2_loss(weights), name="l2")


def l1_l2_regularizer(scale_l1: float = 1.0, scale_l2: float = 1.0, scope: str | None = None) -> Callable[[Any], Any]:
    """Both penalties."""
    return sum_regularizer([l1_regularizer(scale_l1), l2_regularizer(scale_l2)])


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


def glorot(uniform: bool = True, seed: Any = None, dtype: Any = None) -> Any:
    """Glorot and Bengio's initial values, uniform or normal."""
    kind = "glorot_uniform_initializer" if uniform else "glorot_normal_initializer"
    return lookup(f"graphc.initializers.{kind}")(seed=seed)


def he(factor: float = 2.0, mode: str = "FAN_IN", uniform: bool = False, seed: Any = None, dtype: Any = None) -> Any:
    """Initial values whose variance is `factor` over the number of inputs, outputs, or their mean."""
    kind = "uniform" if uniform else "truncated_normal"
    return lookup("graphc.initializers.variance_scaling_initializer")(
        scale=factor, mode=mode.lower(), distribution=kind, seed=seed
    )


def _finished(x: Any, activation: Any, normalizer: Any, parameters: Any) -> Any:
    if normalizer is not None:
        x = normalizer(x, **(parameters or {}))
    return x if activation is None else activation(x)


def fully_connected(
    inputs: Any, num_outputs: int, activation_fn: Any = gc.nn.relu, normalizer_fn: Any = None,
    normalizer_params: Any = None, weights_initializer: Any = None, weights_regularizer: Any = None,
    biases_initializer: Any = gc.zeros, biases_regularizer: Any = None, reuse: Any = None,
    variables_collections: Any = None, outputs_collections: Any = None, trainable: bool = True, scope: Any = None,
) -> Any:  # fmt: skip
    """activation(inputs @ weights + biases) over the last axis, relu by default."""
    follow_conventions()
    with gc.variable_scope(scope, default_name="fully_connected", reuse=reuse):
        size = inputs.shape[-1].value
        weights = gc.get_variable(
            "weights", [size, num_outputs], inputs.dtype, weights_initializer, weights_regularizer, trainable
        )
        out = gc.matmul(inputs, weights) if inputs.shape.ndims == 2 else gc.tensordot(inputs, weights, 1)
        if normalizer_fn is None and biases_initializer is not None:
            out = gc.nn.bias_add(out, gc.get_variable(
                "biases", [num_outputs], inputs.dtype, biases_initializer, biases_regularizer, trainable))  # fmt: skip
        return _finished(out, activation_fn, normalizer_fn, normalizer_params)


def linear(inputs: Any, num_outputs: int, **options: Any) -> Any:
    """`fully_connected` without an activation."""
    return fully_connected(inputs, num_outputs, **{"activation_fn": None, **options})


def conv2d(
    inputs: Any, num_outputs: int, kernel_size: Any, stride: Any = 1, padding: str = "SAME", data_format: Any = None,
    rate: int = 1, activation_fn: Any = gc.nn.relu, normalizer_fn: Any = None, normalizer_params: Any = None,
    weights_initializer: Any = None, weights_regularizer: Any = None, biases_initializer: Any = gc.zeros,
    biases_regularizer: Any = None, reuse: Any = None, variables_collections: Any = None,
    outputs_collections: Any = None, trainable: bool = True, scope: Any = None,
) -> Any:  # fmt: skip
    """A convolution of channels-last images with bias and activation, relu by default."""
    follow_conventions()
    rows, columns = kernel_size if isinstance(kernel_size, list | tuple) else (kernel_size, kernel_size)
    with gc.variable_scope(scope, default_name="Conv", reuse=reuse):
        shape = [rows, columns, inputs.shape[-1].value, num_outputs]
        weights = gc.get_variable("weights", shape, inputs.dtype, weights_initializer, weights_regularizer, trainable)
        out = gc.nn.conv2d(inputs, weights, stride, padding, dilations=rate)
        if normalizer_fn is None and biases_initializer is not None:
            out = gc.nn.bias_add(out, gc.get_variable(
                "biases", [num_outputs], inputs.dtype, biases_initializer, biases_regularizer, trainable))  # fmt: skip
        return _finished(out, activation_fn, normalizer_fn, normalizer_params)


def max_pool2d(inputs: Any, kernel_size: Any, stride: Any = 2, padding: str = "VALID", scope: Any = None) -> Any:
    """The largest element of each window."""
    follow_conventions()
    return gc.nn.max_pool(inputs, kernel_size, stride, padding)


def avg_pool2d(inputs: Any, kernel_size: Any, stride: Any = 2, padding: str = "VALID", scope: Any = None) -> Any:
    """The mean of each window."""
    follow_conventions()
    return gc.nn.avg_pool(inputs, kernel_size, stride, padding)


def flatten(inputs: Any, outputs_collections: Any = None, scope: Any = None) -> Any:
    """All axes but the first as one."""
    follow_conventions()
    count = 1
    for size in inputs.shape[1:]:
        count = count * size
    return gc.reshape(inputs, [-1, int(count)], name=scope or "Flatten")


def dropout(
    inputs: Any, keep_prob: Any = 0.5, noise_shape: Any = None, is_training: Any = True,
    outputs_collections: Any = None, scope: Any = None, seed: Any = None,
) -> Any:  # fmt: skip
    """Elements set to 0 at random while training."""
    follow_conventions()
    if isinstance(is_training, bool):
        return gc.nn.dropout(inputs, keep_prob, noise_shape, seed) if is_training else gc.identity(inputs)
    return gc.where(is_training, gc.nn.dropout(inputs, keep_prob, noise_shape, seed), inputs)


def batch_norm(
    inputs: Any, decay: float = 0.999, center: bool = True, scale: bool = False, epsilon: float = 0.001,
    activation_fn: Any = None, param_initializers: Any = None, param_regularizers: Any = None,
    updates_collections: Any = "update_ops", is_training: Any = True, reuse: Any = None,
    variables_collections: Any = None, outputs_collections: Any = None, trainable: bool = True, scope: Any = None,
    **unused: Any,
) -> Any:  # fmt: skip
    """Batch normalisation over all axes but the last, with moving statistics.

    Their updates join the collection ``update_ops``; with ``updates_collections=None`` the result waits for them.
    """
    follow_conventions()
    size, axes = [inputs.shape[-1].value], list(range(inputs.shape.ndims - 1))
    with gc.variable_scope(scope, default_name="BatchNorm", reuse=reuse):
        beta = gc.get_variable("beta", size, inputs.dtype, gc.zeros, trainable=trainable) if center else None
        gamma = gc.get_variable("gamma", size, inputs.dtype, gc.ones, trainable=trainable) if scale else None
        moving = [gc.get_variable(f"moving_{k}", size, inputs.dtype, start, trainable=False)
                  for k, start in (("mean", gc.zeros), ("variance", gc.ones))]  # fmt: skip
        used = _statistics(inputs, axes, moving, decay, is_training, updates_collections)
        out = gc.nn.batch_normalization(inputs, *used, beta, gamma, epsilon)
        return out if activation_fn is None else activation_fn(out)


def _statistics(x: Any, axes: list[int], moving: list[Any], decay: float, training: Any, updates: Any) -> list[Any]:
    """Mean and variance to normalise by: of the batch, or the moving ones."""
    if training is False or training == 0:
        return [v.value() for v in moving]
    batch = list(gc.nn.moments(x, axes))
    always = training is True or training == 1
    flag = None if always else gc.cast(training, x.dtype)
    steps = [(v.value() - b) * (1.0 - decay) for v, b in zip(moving, batch, strict=True)]
    writes = [gc.assign_sub(v, s if always else s * flag) for v, s in zip(moving, steps, strict=True)]
    if updates is not None:
        for write in writes:
            gc.get_default_graph().add_to_collection(updates, write.op)
    else:
        with gc.control_dependencies(writes):
            batch = [gc.identity(b) for b in batch]
    if always:
        return batch
    return [gc.where(training, b, v.value()) for b, v in zip(batch, moving, strict=True)]
