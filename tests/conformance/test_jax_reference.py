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
from graphc.api.convert import as_node, builder
from graphc.api.define import operation

DATA = Path(__file__).parent.parent / "data"
CASES = json.loads((DATA / "jax_reference.json").read_text())
ARRAYS = np.load(DATA / "jax_reference.npz", allow_pickle=False)
MODES = ("interpret", "compile")


def primitive(name: str, **attrs: Any) -> Callable[..., Any]:
    """A record as a function over tensors."""

    @operation(name)
    def call(*operands: Any) -> Any:
        return builder().emit(name, *map(as_node, operands), **attrs)

    return call


def _axes(case: dict[str, Any]) -> Any:
    axis = case["axis"]
    return tuple(axis) if isinstance(axis, list) else axis


def _reduction(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda case, x: function(x, axis=_axes(case), keepdims=case["keepdims"])


def _variance(x: Any, axis: Any, keepdims: bool) -> Any:
    centred = x - gc.reduce_mean(x, axis=axis, keepdims=True)
    return gc.reduce_mean(centred * centred, axis=axis, keepdims=keepdims)


def _logsumexp(x: Any, axis: Any, keepdims: bool) -> Any:
    return gc.log(gc.reduce_sum(gc.exp(x), axis=axis, keepdims=keepdims))


def _standardize(case: dict[str, Any], x: Any) -> Any:
    axis = _axes(case)
    centred = x - gc.reduce_mean(x, axis=axis, keepdims=True)
    return centred * gc.rsqrt(_variance(x, axis, True) + 1e-5)


def _selu(case: dict[str, Any], x: Any) -> Any:
    scale, alpha = 1.0507009873554804934193349852946, 1.6732632423543772848170429916717
    return gc.where(x > 0.0, x, gc.expm1(gc.where(x > 0.0, 0.0, x)) * alpha) * scale


def padding(size: int, window: int, stride: int, dilation: int, kind: str) -> tuple[int, int]:
    """Widths before and after one axis."""
    if kind == "VALID":
        return 0, 0
    total = max((-(-size // stride) - 1) * stride + (window - 1) * dilation + 1 - size, 0)
    return total // 2, total - total // 2


def _conv(case: dict[str, Any], x: Any, w: Any) -> Any:
    sizes = zip(x.shape[1:3], w.shape[:2], case["strides"], case["dilation"], strict=True)
    pads = [padding(*map(int, s), case["padding"]) for s in sizes]
    attrs = {
        "strides": tuple(case["strides"]),
        "low": tuple(p[0] for p in pads),
        "high": tuple(p[1] for p in pads),
        "image_dilation": (1, 1),
        "window_dilation": tuple(case["dilation"]),
        "groups": case["groups"],
        "batch_groups": 1,
    }
    return primitive("conv", **attrs)(x, w)


def _pool(name: str) -> Callable[..., Any]:
    def function(case: dict[str, Any], x: Any) -> Any:
        window, strides = (1, *case["window"], 1), (1, *case["strides"], 1)
        pads = [padding(int(n), k, s, 1, case["padding"]) for n, k, s in zip(x.shape, window, strides, strict=True)]
        low, high = tuple(p[0] for p in pads), tuple(p[1] for p in pads)
        return primitive(name, window=window, strides=strides, low=low, high=high)(x)

    return function


#: Operations whose name is that of a public function or of a record, and those that are written out.
NAMES = {"neg": "negative", "sub": "subtract", "mul": "multiply", "div": "divide", "floor_divide": "floordiv"}
RECORDS = {"round_half_even": "rint"}
FUNCTIONS: dict[str, Callable[..., Any]] = {
    "log_sigmoid": lambda case, x: gc.negative(primitive("softplus")(gc.negative(x))),
    "selu": _selu,
    "mish": lambda case, x: x * gc.tanh(primitive("softplus")(x)),
    "softsign": lambda case, x: x / (gc.abs(x) + 1.0),
    "sum": _reduction(gc.reduce_sum),
    "mean": _reduction(gc.reduce_mean),
    "prod": _reduction(gc.reduce_prod),
    "max": _reduction(gc.reduce_max),
    "min": _reduction(gc.reduce_min),
    "var": _reduction(_variance),
    "std": _reduction(lambda x, axis, keepdims: gc.sqrt(_variance(x, axis, keepdims))),
    "logsumexp": _reduction(_logsumexp),
    "softmax": lambda case, x: gc.nn.softmax(x, axis=case["axis"]),
    "log_softmax": lambda case, x: gc.nn.log_softmax(x, axis=case["axis"]),
    "standardize": _standardize,
    "naive_log_sigmoid": lambda case, x: gc.log(gc.sigmoid(x)),
    "naive_softplus": lambda case, x: gc.log(1.0 + gc.exp(x)),
    "naive_log1p": lambda case, x: gc.log(1.0 + x),
    "conv2d_nhwc": _conv,
    "max_pool2d": _pool("window_max"),
    "sum_pool2d": _pool("window_sum"),
}


def function_of(case: dict[str, Any]) -> Callable[..., Any]:
    op = case["op"]
    if op in FUNCTIONS:
        return lambda *xs: FUNCTIONS[op](case, *xs)
    public = getattr(gc, NAMES.get(op, op), None)
    return public or primitive(RECORDS.get(op, op))


#: Gradients whose small elements are differences of large terms: these are known to one rounding of the largest. At
#: x = 1e10 the reference's own gradient of softsign is 7e-7 away from the exact 1 / (1 + abs(x))**2.
DIFFERENCES = {"softmax", "standardize", "softsign"}


def agree(got: Any, expected: Any, differences: bool = False) -> None:
    limits = np.finfo(np.float64)
    got, expected = (np.where(np.abs(v) < limits.tiny, 0.0, v) for v in (got, expected))
    largest = np.max(np.abs(expected), where=np.isfinite(expected), initial=0.0)
    atol = limits.eps * largest if differences else 0.0
    np.testing.assert_allclose(got, expected, rtol=1e-12, atol=atol, equal_nan=True)


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
    for g, want in zip(found, expected, strict=True):
        agree(np.zeros_like(want) if g is None else gradients.pop(0), want, case["op"] in DIFFERENCES)


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
        loss = gc.reduce_sum(gc.square(residual)) / 2.0 + gc.reduce_sum(gc.log(primitive("cosh")(p.value())))
        step = OPTIMIZERS[name]().minimize(loss)
        session = gc.Session(config=gc.Config(mode=mode))
        session.run(gc.global_variables_initializer())
        for want in expected:
            session.run(step)
            np.testing.assert_allclose(session.run(p), want, rtol=1e-12)
