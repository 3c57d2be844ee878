"""``theano.tensor.nnet.bn``: batch normalisation."""

from __future__ import annotations

from typing import Any

import graphc as gc
from graphc.compat.theano.tensor._making import as_tensor_variable

__all__ = ["batch_normalization", "batch_normalization_test", "batch_normalization_train"]


def batch_normalization(inputs: Any, gamma: Any, beta: Any, mean: Any, std: Any, mode: str = "low_mem") -> gc.Tensor:
    """(inputs - mean) * gamma / std + beta."""
    found: gc.Tensor = (as_tensor_variable(inputs) - mean) * (gamma / as_tensor_variable(std)) + beta
    return found


def _axes(inputs: gc.Tensor, axes: Any) -> list[int]:
    rank = inputs.ndim or 0
    if axes == "per-activation":
        return [0]
    if axes == "spatial":
        return [0, *range(2, rank)]
    return [int(a) % rank for a in axes]


def _grown(parameter: Any, inputs: gc.Tensor, axes: list[int]) -> gc.Tensor:
    """A parameter of the axes that are kept, with axes of size 1 for the others."""
    tensor = as_tensor_variable(parameter)
    if tensor.ndim == inputs.ndim:
        return tensor
    kept = iter(range(tensor.ndim or 0))
    found: gc.Tensor = tensor.dimshuffle(["x" if i in axes else next(kept) for i in range(inputs.ndim or 0)])
    return found


def batch_normalization_train(
    inputs: Any, gamma: Any, beta: Any, axes: Any = "per-activation", epsilon: float = 1e-4, **running: Any
) -> tuple[gc.Tensor, gc.Tensor, gc.Tensor]:
    """Inputs normalised by their own mean and variance; also the mean and 1 / sqrt(variance + epsilon).

    Raises
    ------
    NotImplementedError
        For running averages: keep them in shared variables, with updates of your own.
    """
    if any(value is not None for value in running.values()):
        raise NotImplementedError("batch_normalization_train: keep running averages with updates= of your function")
    x = as_tensor_variable(inputs)
    over = _axes(x, axes)
    mean = gc.reduce_mean(x, over, keepdims=True)
    inverse = gc.rsqrt(gc.reduce_mean(gc.square(x - mean), over, keepdims=True) + epsilon)
    return (x - mean) * (_grown(gamma, x, over) * inverse) + _grown(beta, x, over), mean, inverse


def batch_normalization_test(
    inputs: Any, gamma: Any, beta: Any, mean: Any, var: Any, axes: Any = "per-activation", epsilon: float = 1e-4
) -> gc.Tensor:
    """Inputs normalised by a given mean and variance."""
    x = as_tensor_variable(inputs)
    g, b, m, v = (_grown(p, x, _axes(x, axes)) for p in (gamma, beta, mean, var))
    found: gc.Tensor = (x - m) * (g * gc.rsqrt(v + epsilon)) + b
    return found
