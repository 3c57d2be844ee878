"""Values, gradients, special values and trajectories computed by JAX in float64, through the public functions.

The cases (``tests/data/jax_reference``) hold inputs, results and vector-Jacobian products. NaN equals NaN, infinities
agree by sign, and numbers below the smallest normal one count as 0.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphc as gc

DATA = Path(__file__).parent.parent / "data"
CASES = json.loads((DATA / "jax_reference.json").read_text())
ARRAYS = np.load(DATA / "jax_reference.npz", allow_pickle=False)
MODES = ("interpret", "compile")


def _axes(case: dict[str, Any]) -> Any:
    axis = case["axis"]
    return tuple(axis) if isinstance(axis, list) else axis


def _reduction(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda case, x: function(x, axis=_axes(case), keepdims=case["keepdims"])


def _standardize(case: dict[str, Any], x: Any) -> Any:
    axis = _axes(case)
    centred = x - gc.reduce_mean(x, axis=axis, keepdims=True)
    return centred * gc.rsqrt(gc.reduce_variance(x, axis=axis, keepdims=True) + 1e-5)


def _conv(case: dict[str, Any], x: Any, w: Any) -> Any:
    return gc.nn.conv2d(x, w, case["strides"], case["padding"], case["dilation"])


def _sum_pool(case: dict[str, Any], x: Any) -> Any:
    ones = gc.ones((*case["window"], x.shape[-1], 1), gc.float64)
    return gc.nn.depthwise_conv2d(x, ones, case["strides"], case["padding"])


#: Operations whose public name is another, and those that take more than tensors.
NAMES = {"neg": "negative", "sub": "subtract", "mul": "multiply", "div": "divide", "floor_divide": "floordiv"}
FUNCTIONS: dict[str, Callable[..., Any]] = {
    "round_half_even": lambda case, x: gc.round(x),
    "sum": _reduction(gc.reduce_sum),
    "mean": _reduction(gc.reduce_mean),
    "prod": _reduction(gc.reduce_prod),
    "max": _reduction(gc.reduce_max),
    "min": _reduction(gc.reduce_min),
    "var": _reduction(gc.reduce_variance),
    "std": _reduction(gc.reduce_std),
    "logsumexp": _reduction(gc.reduce_logsumexp),
    "softmax": lambda case, x: gc.nn.softmax(x, axis=case["axis"]),
    "log_softmax": lambda case, x: gc.nn.log_softmax(x, axis=case["axis"]),
    "standardize": _standardize,
    "naive_log_sigmoid": lambda case, x: gc.log(gc.sigmoid(x)),
    "naive_softplus": lambda case, x: gc.log(1.0 + gc.exp(x)),
    "naive_log1p": lambda case, x: gc.log(1.0 + x),
    "conv2d_nhwc": _conv,
    "max_pool2d": lambda case, x: gc.nn.max_pool(x, case["window"], case["strides"], case["padding"]),
    "sum_pool2d": _sum_pool,
}


def function_of(case: dict[str, Any]) -> Callable[..., Any]:
    op = case["op"]
    if op in FUNCTIONS:
        return lambda *xs: FUNCTIONS[op](case, *xs)
    return getattr(gc if hasattr(gc, NAMES.get(op, op)) else gc.nn, NAMES.get(op, op))


def _largest(g: Any, ct: Any, x: Any) -> Any:
    return np.max(np.abs(g), where=np.isfinite(g), initial=0.0)


#: Gradients that are small differences of large terms, in JAX as here, with the size of the terms.
DIFFERENCES: dict[str, Callable[..., Any]] = {
    "softmax": _largest,
    "standardize": _largest,
    "softsign": lambda g, ct, x: np.abs(ct) / (1 + np.abs(x)),
}


def agree(got: Any, expected: Any, terms: Any = 0.0) -> None:
    """To 1e-12 of the value, or to two roundings of the terms it is a difference of."""
    limits = np.finfo(np.float64)
    got, expected = (np.where(np.abs(v) < limits.tiny, 0.0, v) for v in (got, expected))
    with np.errstate(invalid="ignore"):
        close = np.abs(got - expected) <= 2 * limits.eps * np.nan_to_num(terms)
    np.testing.assert_allclose(np.where(close, expected, got), expected, rtol=1e-12, atol=0, equal_nan=True)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("case", CASES, ids=lambda c: c["key"].replace(" ", ""))
def test_value_and_gradient(case: dict[str, Any], mode: str) -> None:
    stored = {name: ARRAYS[f"{case['key']}/{name}"] for name in ("y", "ct")}
    inputs = [ARRAYS[f"{case['key']}/x{k}"] for k in range(case["nargs"])]
    expected = [ARRAYS[f"{case['key']}/g{k}"] for k in range(case["nargs"])]
    with gc.Graph().as_default():
        xs = [gc.placeholder(gc.float64, x.shape) for x in inputs]
        y = function_of(case)(*xs)
        ct = gc.placeholder(gc.float64, stored["ct"].shape)
        found = gc.gradients(y, xs, grad_ys=ct)
        session = gc.Session(config=gc.Config(mode=mode))
        feed = dict(zip(xs, inputs, strict=True)) | {ct: stored["ct"]}
        value, *gradients = session.run([y, *(g for g in found if g is not None)], feed)
    agree(value, stored["y"])
    terms = DIFFERENCES.get(case["op"], lambda *_: 0.0)
    for g, want in zip(found, expected, strict=True):
        agree(np.zeros_like(want) if g is None else gradients.pop(0), want, terms(want, stored["ct"], inputs[0]))


OPTIMIZERS: dict[str, Callable[[], Any]] = {
    "sgd": lambda: gc.train.GradientDescentOptimizer(0.01),
    "momentum": lambda: gc.train.MomentumOptimizer(0.01, 0.9),
    "nesterov": lambda: gc.train.MomentumOptimizer(0.01, 0.9, use_nesterov=True),
    "adam": lambda: gc.train.AdamOptimizer(0.05, 0.9, 0.999, 1e-7),
    "rmsprop": lambda: gc.train.RMSPropOptimizer(0.01, decay=0.9, epsilon=1e-7),
    "adagrad": lambda: gc.train.AdagradOptimizer(0.1, initial_accumulator_value=0.1),
}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_optimizer_trajectory(name: str, mode: str) -> None:
    a, b, expected = (ARRAYS[f"opt/{key}"] for key in ("A", "b", name))
    with gc.Graph().as_default():
        p = gc.Variable(ARRAYS["opt/p0"], name="p")
        residual = gc.reduce_sum(gc.constant(a) * p, axis=1) - b
        loss = gc.reduce_sum(gc.square(residual)) / 2.0 + gc.reduce_sum(gc.log(gc.cosh(p)))
        step = OPTIMIZERS[name]().minimize(loss)
        session = gc.Session(config=gc.Config(mode=mode))
        session.run(gc.global_variables_initializer())
        for want in expected:
            session.run(step)
            np.testing.assert_allclose(session.run(p), want, rtol=1e-12)
