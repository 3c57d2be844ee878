"""The workloads of the suite and their data: NumPy arrays that are always the same.

Images are NHWC, weights of convolutions HWIO, gates of an LSTM in the order input, forget, candidate, output, dense
weights (inputs, outputs). ``P`` holds the parameters of a step in the order of the layers, a bias after its weights.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

Data = dict[str, Any]

RATE = 0.03
"""Interest per year in `blackscholes`."""
LAYER_EPSILON = 1e-5
BATCH_EPSILON = 1e-3
ADAM = (1e-3, 0.9, 0.999, 1e-8)
"""Learning rate, decays of the two moments, and the constant in the denominator."""
LEARNING = {"mlp_small": 0.01, "lenet": 0.01, "lstm": 0.1}
"""Rates of gradient descent."""
HEADS = 8


@dataclass(frozen=True)
class Workload:
    """One row of the suite.

    Attributes
    ----------
    name, doc : str
    make : callable
        Gives the data.
    tolerance : float
        Largest difference of an output between two frameworks, as a part of the output's largest value.
    """

    name: str
    doc: str
    make: Callable[[], Data]
    tolerance: float = 1e-4


def _random() -> np.random.Generator:
    return np.random.default_rng(0)


def _normal(random: np.random.Generator, *shape: int, scale: float = 1.0) -> np.ndarray:
    return (random.standard_normal(shape) * scale).astype(np.float32)


def _blackscholes(dtype: type) -> Data:
    random, count = _random(), 1_000_000
    spans = {"S": (50, 150), "K": (50, 150), "T": (0.1, 2.0), "v": (0.1, 0.5)}
    return {name: random.uniform(low, high, count).astype(dtype) for name, (low, high) in spans.items()}


def _softmax_xent() -> Data:
    random = _random()
    return {"logits": _normal(random, 4096, 1000, scale=2.0), "labels": random.integers(0, 1000, 4096).astype(np.int32)}


def _layernorm_gelu() -> Data:
    random = _random()
    scale, offset = 1 + _normal(random, 768, scale=0.1), _normal(random, 768, scale=0.1)
    return {"x": _normal(random, 4096, 768), "g": scale, "b": offset, "t": _normal(random, 4096, 768)}


def _mlp(sizes: tuple[int, ...], batch: int) -> Data:
    random = _random()
    parameters = []
    for inputs, outputs in pairwise(sizes):
        parameters += [
            _normal(random, inputs, outputs, scale=(2 / inputs) ** 0.5),
            _normal(random, outputs, scale=0.01),
        ]
    labels = random.integers(0, sizes[-1], batch).astype(np.int32)
    return {"x": _normal(random, batch, sizes[0]), "y": labels, "P": parameters}


def _logreg_call() -> Data:
    random = _random()
    return {"W": _normal(random, 8, 8), "x": _normal(random, 8), "b": _normal(random, 8)}


def _lenet() -> Data:
    random = _random()
    shapes = (((5, 5, 1, 6), 0.2), ((5, 5, 6, 16), 0.1), ((400, 120), 0.05), ((120, 84), 0.1), ((84, 10), 0.1))
    parameters = []
    for shape, scale in shapes:
        parameters += [_normal(random, *shape, scale=scale), _normal(random, shape[-1], scale=0.01)]
    labels = random.integers(0, 10, 128).astype(np.int32)
    return {"x": _normal(random, 128, 28, 28, 1), "y": labels, "P": parameters}


def _resblock() -> Data:
    """``norm1`` and ``norm2``: scale, offset, mean and variance."""
    random = _random()
    data: Data = {"x": _normal(random, 8, 56, 56, 64)}
    for number in (1, 2):
        data[f"w{number}"] = _normal(random, 3, 3, 64, 64, scale=0.05)
        shift, mean, spread = (_normal(random, 64, scale=0.1) for _ in range(3))
        data[f"norm{number}"] = [1 + _normal(random, 64, scale=0.1), shift, mean, 1 + np.abs(spread)]
    return data


def _lstm() -> Data:
    random = _random()
    weights = [
        _normal(random, 64, 512, scale=0.1),
        _normal(random, 128, 512, scale=0.08),
        _normal(random, 512, scale=0.1),
    ]
    return {"x": _normal(random, 32, 100, 64), "t": _normal(random, 32, 128), "P": weights}


def _transformer_block() -> Data:
    """``P``: scale and offset; queries, keys and values in one; output; scale and offset; the two dense layers."""
    random, width, hidden = _random(), 256, 1024
    parameters = []
    for shape, spread in (
        ((width, 3 * width), 0.06), ((width, width), 0.06), ((width, hidden), 0.06), ((hidden, width), 0.03),
    ):  # fmt: skip
        parameters += [_normal(random, *shape, scale=spread), _normal(random, shape[1], scale=0.01)]
    norms = [_normal(random, width, scale=0.1) + np.float32(k % 2 == 0) for k in range(4)]
    ordered = [*norms[:2], *parameters[:4], *norms[2:], *parameters[4:]]
    return {"x": _normal(random, 8, 128, width), "t": _normal(random, 8, 128, width), "P": ordered}


def _gp_logp() -> Data:
    """``theta``: logarithms of length scale, amplitude and noise."""
    random = _random()
    points = random.uniform(-3, 3, (500, 2))
    values = np.sin(points[:, 0]) * np.cos(points[:, 1]) + 0.1 * random.standard_normal(500)
    return {"X": points, "y": values, "theta": np.log(np.array([1.2, 0.9, 0.15]))}


def _rosenbrock() -> Data:
    return {"x": _random().uniform(-1, 1.5, 100)}


WORKLOADS = {
    w.name: w
    for w in (
        Workload("blackscholes_f32", "prices of 1e6 calls and puts", lambda: _blackscholes(np.float32)),
        Workload("blackscholes_f64", "the same in float64", lambda: _blackscholes(np.float64), 1e-9),
        Workload("softmax_xent", "mean cross-entropy of 4096x1000 logits, and its gradient", _softmax_xent),
        Workload("layernorm_gelu", "gelu of a layer norm, 4096x768, and the gradients", _layernorm_gelu, 1e-3),
        Workload("mlp_small", "SGD step, 784-128-64-10, batch 32", lambda: _mlp((784, 128, 64, 10), 32)),
        Workload("mlp_big", "Adam step, 1024-2048-2048-10, batch 512", lambda: _mlp((1024, 2048, 2048, 10), 512), 1e-3),
        Workload("logreg_call", "sum(sigmoid(W x + b)) of 8-vectors: what a call costs", _logreg_call),
        Workload("lenet", "SGD step of LeNet-5, batch 128", _lenet, 1e-3),
        Workload(
            "resblock", "two 3x3 convolutions of 64 channels with batch norm, 8x56x56, inference", _resblock, 1e-3
        ),
        Workload("lstm", "SGD step, 128 units, 100 steps, batch 32", _lstm, 1e-3),
        Workload(
            "transformer_block", "width 256, 8 heads, 128 tokens, batch 8: loss and gradients", _transformer_block, 1e-3
        ),
        Workload(
            "gp_logp", "log density of a Gaussian process on 500 points, and its gradient, float64", _gp_logp, 1e-7
        ),
        Workload("rosenbrock_value", "100 variables, float64", _rosenbrock, 1e-9),
        Workload("rosenbrock_gradient", "its gradient", _rosenbrock, 1e-9),
        Workload("rosenbrock_hessian", "its Hessian", _rosenbrock, 1e-9),
    )
}
