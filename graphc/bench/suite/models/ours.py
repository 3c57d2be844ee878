"""The workloads in graphc."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import graphc as gc
from graphc.bench.models import Model
from graphc.bench.suite.data import ADAM, BATCH_EPSILON, HEADS, LAYER_EPSILON, LEARNING, RATE, Data


def _fed(array: Any, name: str, open_rows: bool = True) -> gc.Tensor:
    """A placeholder for an array, its first size open as a user would leave it."""
    shape: list[int | None] = [*array.shape]
    if open_rows and shape:
        shape[0] = None
    return gc.placeholder(gc.as_dtype(array.dtype), shape, name=name)


def _model(fetches: list[Any], feeds: list[Any], values: list[Any], variables: list[Any] | None = None) -> Model:
    return Model(gc.get_default_graph(), fetches, feeds, values, variables or [])


def _blackscholes(data: Data) -> Model:
    feeds = [_fed(data[name], name) for name in ("S", "K", "T", "v")]
    s, k, t, v = feeds
    spread = v * gc.sqrt(t)
    d1 = (gc.log(s / k) + (RATE + v * v * 0.5) * t) / spread
    d2 = d1 - spread
    n1, n2 = (0.5 * (1.0 + gc.erf(d * math.sqrt(0.5))) for d in (d1, d2))
    discounted = k * gc.exp(-RATE * t)
    call = s * n1 - discounted * n2
    return _model([call, call - s + discounted], feeds, [data[name] for name in ("S", "K", "T", "v")])


def softmax_xent(data: Data) -> Model:
    """Mean cross-entropy and its gradient."""
    logits, labels = _fed(data["logits"], "logits"), _fed(data["labels"], "labels")
    loss = gc.reduce_mean(gc.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits))
    return _model([loss, *gc.gradients(loss, [logits])], [logits, labels], [data["logits"], data["labels"]])


def layernorm_gelu(data: Data) -> Model:
    """The sum of gelu of a layer norm times weights, and its gradients."""
    x, t = _fed(data["x"], "x"), _fed(data["t"], "t")
    scale, offset = gc.Variable(data["g"]), gc.Variable(data["b"])
    total = gc.reduce_sum(gc.nn.gelu(gc.nn.layer_normalization(x, scale, offset, epsilon=LAYER_EPSILON)) * t)
    fetches = [total, *gc.gradients(total, [x, scale, offset])]
    return _model(fetches, [x, t], [data["x"], data["t"]], [scale, offset])


def _dense(value: Any, parameters: list[Any]) -> Any:
    """Dense layers with relu between them."""
    for k in range(0, len(parameters), 2):
        value = gc.matmul(value, parameters[k]) + parameters[k + 1]
        value = gc.nn.relu(value) if k + 2 < len(parameters) else value
    return value


def _classifier(data: Data, logits: Any, x: Any, parameters: list[Any], optimizer: Any) -> Model:
    labels = _fed(data["y"], "labels")
    loss = gc.reduce_mean(gc.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits))
    return _model([loss, optimizer.minimize(loss)], [x, labels], [data["x"], data["y"]], parameters)


def mlp_small(data: Data) -> Model:
    """A step of gradient descent."""
    x, parameters = _fed(data["x"], "x"), [gc.Variable(p) for p in data["P"]]
    optimizer = gc.train.GradientDescentOptimizer(LEARNING["mlp_small"])
    return _classifier(data, _dense(x, parameters), x, parameters, optimizer)


def mlp_big(data: Data) -> Model:
    """A step of Adam."""
    x, parameters = _fed(data["x"], "x"), [gc.Variable(p) for p in data["P"]]
    return _classifier(data, _dense(x, parameters), x, parameters, gc.train.AdamOptimizer(*ADAM))


def logreg_call(data: Data) -> Model:
    """A small call."""
    names = ("W", "x", "b")
    w, x, b = feeds = [_fed(data[name], name, open_rows=False) for name in names]
    return _model([gc.reduce_sum(gc.sigmoid(gc.linalg.matvec(w, x) + b))], feeds, [data[name] for name in names])


def lenet(data: Data) -> Model:
    """A step of gradient descent."""
    x, parameters = _fed(data["x"], "x"), [gc.Variable(p) for p in data["P"]]
    value: Any = x
    for k, padding in ((0, "SAME"), (2, "VALID")):
        value = gc.nn.relu(gc.nn.conv2d(value, parameters[k], 1, padding) + parameters[k + 1])
        value = gc.nn.max_pool(value, 2, 2, "VALID")
    logits = _dense(gc.reshape(value, (-1, 400)), parameters[4:])
    return _classifier(data, logits, x, parameters, gc.train.GradientDescentOptimizer(LEARNING["lenet"]))


def resblock(data: Data) -> Model:
    """Two convolutions with batch norm, and a shortcut."""
    x = _fed(data["x"], "x")
    value: Any = x
    for number in (1, 2):
        scale, offset, mean, variance = (gc.Variable(a) for a in data[f"norm{number}"])
        value = gc.nn.conv2d(value, gc.Variable(data[f"w{number}"]), 1, "SAME")
        value = gc.nn.batch_normalization(value, mean, variance, offset, scale, BATCH_EPSILON)
        value = gc.nn.relu(value if number == 1 else value + x)
    return _model([value], [x], [data["x"]])


def lstm(data: Data) -> Model:
    """A step of gradient descent through a scan."""
    x, t = _fed(data["x"], "x"), _fed(data["t"], "t")
    parameters = [gc.Variable(p) for p in data["P"]]
    kernel, recurrent, bias = parameters

    def cell(state: Any, row: Any) -> Any:
        h, c = state
        gates = gc.matmul(row, kernel) + gc.matmul(h, recurrent) + bias
        i, f, g, o = gc.split(gates, 4, 1)
        c = gc.sigmoid(f) * c + gc.sigmoid(i) * gc.tanh(g)
        return gc.sigmoid(o) * gc.tanh(c), c

    zeros = gc.zeros_like(t)
    hidden, _ = gc.scan(cell, gc.transpose(x, (1, 0, 2)), initializer=(zeros, zeros))
    loss = gc.reduce_mean(gc.square(hidden[-1] - t))
    train = gc.train.GradientDescentOptimizer(LEARNING["lstm"]).minimize(loss)
    return _model([loss, train], [x, t], [data["x"], data["t"]], parameters)


def transformer_block(data: Data) -> Model:
    """The mean squared error of the block's output, and its gradients."""
    x, t = _fed(data["x"], "x"), _fed(data["t"], "t")
    parameters = [gc.Variable(p) for p in data["P"]]
    g1, b1, wqkv, bqkv, wo, bo, g2, b2, w1, c1, w2, c2 = parameters
    width, tokens = data["x"].shape[2], data["x"].shape[1]
    normed = gc.nn.layer_normalization(x, g1, b1, epsilon=LAYER_EPSILON)
    joined = gc.reshape(gc.matmul(normed, wqkv) + bqkv, (-1, tokens, 3, HEADS, width // HEADS))
    q, k, v = gc.unstack(gc.transpose(joined, (2, 0, 3, 1, 4)))
    scores = gc.matmul(q, k, transpose_b=True) * (width // HEADS) ** -0.5
    mixed = gc.reshape(gc.transpose(gc.matmul(gc.nn.softmax(scores), v), (0, 2, 1, 3)), (-1, tokens, width))
    middle = x + gc.matmul(mixed, wo) + bo
    normed = gc.nn.layer_normalization(middle, g2, b2, epsilon=LAYER_EPSILON)
    out = middle + gc.matmul(gc.nn.gelu(gc.matmul(normed, w1) + c1), w2) + c2
    loss = gc.reduce_mean(gc.square(out - t))
    return _model(
        [loss, *gc.gradients(loss, [x, *parameters])], [x, t], [data["x"], data["t"]], parameters
    )  # fmt: skip


def gp_logp(data: Data) -> Model:
    """The log density, and its gradient by the parameters of the kernel."""
    names = ("X", "y", "theta")
    points, values, theta = feeds = [_fed(data[name], name, name != "theta") for name in names]
    length, amplitude, noise = (gc.exp(theta[k]) for k in range(3))
    squares = gc.reduce_sum(gc.square(points), 1)
    distances = squares[:, None] + squares[None, :] - 2.0 * gc.matmul(points, points, transpose_b=True)
    count = gc.shape(values)[0]
    kernel = gc.square(amplitude) * gc.exp(-0.5 * distances / gc.square(length))
    factor = gc.linalg.cholesky(kernel + gc.square(noise) * gc.eye(count, dtype=gc.float64))
    white = gc.linalg.triangular_solve(factor, values[:, None])
    logs = gc.reduce_sum(gc.log(gc.linalg.diag_part(factor)))
    logp = -0.5 * gc.reduce_sum(gc.square(white)) - logs - 0.5 * math.log(2 * math.pi) * gc.cast(count, gc.float64)
    return _model([logp, *gc.gradients(logp, [theta])], feeds, [data[name] for name in names])


def _rosenbrock(data: Data, order: int) -> Model:
    x = _fed(data["x"], "x")
    head, tail = x[:-1], x[1:]
    value = gc.reduce_sum(100.0 * gc.square(tail - head * head) + gc.square(1.0 - head))
    fetch = (lambda: value, lambda: gc.gradients(value, x)[0], lambda: gc.hessian(value, x))[order]()
    return _model([fetch], [x], [data["x"]])


MODELS: dict[str, Callable[[Data], Model]] = {
    "blackscholes_f32": _blackscholes, "blackscholes_f64": _blackscholes, "softmax_xent": softmax_xent,
    "layernorm_gelu": layernorm_gelu, "mlp_small": mlp_small, "mlp_big": mlp_big, "logreg_call": logreg_call,
    "lenet": lenet, "resblock": resblock, "lstm": lstm, "transformer_block": transformer_block, "gp_logp": gp_logp,
    "rosenbrock_value": lambda data: _rosenbrock(data, 0),
    "rosenbrock_gradient": lambda data: _rosenbrock(data, 1),
    "rosenbrock_hessian": lambda data: _rosenbrock(data, 2),
}  # fmt: skip
