"""The workloads in PyTensor, compiled by its Numba back end, parameters as shared variables."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from graphc.bench.suite.data import ADAM, LAYER_EPSILON, LEARNING, RATE, Data

Run = Callable[[], list[Any]]


class Pytensor:
    """One method for each workload: from its data to a run. Convolutions, which it has no fast ones of, are missing."""

    def __init__(self) -> None:
        import pytensor
        import pytensor.tensor

        self.pytensor, self.pt = pytensor, pytensor.tensor

    def _shared(self, array: Any) -> Any:
        return self.pytensor.shared(array, borrow=False)

    def _symbols(self, data: Data, *names: str) -> list[Any]:
        return [self.pt.tensor(name, dtype=data[name].dtype, shape=data[name].shape) for name in names]

    def _compiled(self, symbols: list[Any], outputs: list[Any], data: Data, updates: Any = ()) -> Run:
        compiled = self.pytensor.function(symbols, outputs, updates=list(updates), mode="NUMBA")
        compiled.trust_input = True
        arrays = [data[symbol.name] for symbol in symbols]
        return lambda: compiled(*arrays)  # type: ignore[no-any-return]

    def _blackscholes(self, data: Data) -> Run:
        pt = self.pt
        symbols = self._symbols(data, *"SKTv")
        s, k, t, v = symbols
        rate, half, root = (self._constant(value, data["S"]) for value in (RATE, 0.5, math.sqrt(0.5)))
        spread = v * pt.sqrt(t)
        d1 = (pt.log(s / k) + (rate + v * v * half) * t) / spread
        n1, n2 = (half * (1 + pt.erf(d * root)) for d in (d1, d1 - spread))
        discounted = k * pt.exp(-rate * t)
        call = s * n1 - discounted * n2
        return self._compiled(symbols, [call, call - s + discounted], data)

    blackscholes_f32 = blackscholes_f64 = _blackscholes

    def _constant(self, value: float, like: Any) -> Any:
        return self.pt.constant(like.dtype.type(value))

    def _xent(self, logits: Any, labels: Any) -> Any:
        logs = self.pt.special.log_softmax(logits, axis=-1)
        return -logs[self.pt.arange(labels.shape[0]), labels].mean(dtype="float32")

    def softmax_xent(self, data: Data) -> Run:
        """Loss and gradient."""
        logits, labels = symbols = self._symbols(data, "logits", "labels")
        loss = self._xent(logits, labels)
        return self._compiled(symbols, [loss, self.pytensor.grad(loss, logits)], data)

    def layernorm_gelu(self, data: Data) -> Run:
        """Sum and gradients."""
        pt = self.pt
        x, g, b, t = symbols = self._symbols(data, *"xgbt")
        half, root, epsilon = (self._constant(value, data["x"]) for value in (0.5, math.sqrt(0.5), LAYER_EPSILON))
        centred = x - x.mean(-1, keepdims=True)
        y = centred / pt.sqrt(pt.square(centred).mean(-1, keepdims=True) + epsilon) * g + b
        total = (half * y * (1 + pt.erf(y * root)) * t).sum(dtype="float32")
        return self._compiled(symbols, [total, *self.pytensor.grad(total, [x, g, b])], data)

    def _classifier(self, data: Data) -> tuple[list[Any], list[Any], Any, list[Any]]:
        """Symbols, parameters, loss and gradients."""
        parameters = [self._shared(p) for p in data["P"]]
        value, labels = symbols = self._symbols(data, "x", "y")
        for k in range(0, len(parameters), 2):
            value = value @ parameters[k] + parameters[k + 1]
            value = self.pt.maximum(value, self._constant(0, data["x"])) if k + 2 < len(parameters) else value
        loss = self._xent(value, labels)
        return symbols, parameters, loss, self.pytensor.grad(loss, parameters)

    def mlp_small(self, data: Data) -> Run:
        """A step of gradient descent."""
        symbols, parameters, loss, slopes = self._classifier(data)
        rate = self._constant(LEARNING["mlp_small"], data["x"])
        updates = [(p, p - rate * g) for p, g in zip(parameters, slopes, strict=True)]
        return self._compiled(symbols, [loss], data, updates)

    def mlp_big(self, data: Data) -> Run:
        """A step of Adam."""
        pt = self.pt
        symbols, parameters, loss, slopes = self._classifier(data)
        rate, first, second, epsilon = (self._constant(value, data["x"]) for value in ADAM)
        count = self._shared(data["x"].dtype.type(0))
        scale = rate * pt.sqrt(1 - second ** (count + 1)) / (1 - first ** (count + 1))
        updates = [(count, pt.cast(count + 1, "float32"))]
        for p, g, array in zip(parameters, slopes, data["P"], strict=True):
            m, v = self._shared(0 * array), self._shared(0 * array)
            ahead, wide = first * m + (1 - first) * g, second * v + (1 - second) * g * g
            updates += [(m, pt.cast(ahead, "float32")), (v, pt.cast(wide, "float32"))]
            updates.append((p, pt.cast(p - scale * ahead / (pt.sqrt(wide) + epsilon), "float32")))
        return self._compiled(symbols, [loss], data, updates)

    def logreg_call(self, data: Data) -> Run:
        """A small call."""
        w, x, b = symbols = self._symbols(data, "W", "x", "b")
        return self._compiled(symbols, [self.pt.sigmoid(w @ x + b).sum(dtype="float32")], data)

    def gp_logp(self, data: Data) -> Run:
        """Log density and gradient."""
        pt = self.pt
        points, values, theta = symbols = self._symbols(data, "X", "y", "theta")
        length, amplitude, noise = (pt.exp(theta[k]) for k in range(3))
        squares = pt.square(points).sum(1)
        distances = squares[:, None] + squares[None, :] - 2.0 * points @ points.T
        kernel = amplitude**2 * pt.exp(-0.5 * distances / length**2) + noise**2 * pt.eye(len(data["y"]))
        factor = pt.linalg.cholesky(kernel)
        white = pt.linalg.solve_triangular(factor, values, lower=True)
        constant = 0.5 * math.log(2 * math.pi) * len(data["y"])
        logp = -0.5 * pt.square(white).sum() - pt.log(pt.diag(factor)).sum() - constant
        return self._compiled(symbols, [logp, self.pytensor.grad(logp, theta)], data)

    def _rosenbrock(self, data: Data, order: int) -> Run:
        pt = self.pt
        (x,) = symbols = self._symbols(data, "x")
        value = (100.0 * pt.square(x[1:] - pt.square(x[:-1])) + pt.square(1.0 - x[:-1])).sum()
        if order == 1:
            value = self.pytensor.grad(value, x)
        elif order == 2:
            value = self.pytensor.gradient.hessian(value, x)
        return self._compiled(symbols, [value], data)

    def rosenbrock_value(self, data: Data) -> Run:
        """The value."""
        return self._rosenbrock(data, 0)

    def rosenbrock_gradient(self, data: Data) -> Run:
        """The gradient."""
        return self._rosenbrock(data, 1)

    def rosenbrock_hessian(self, data: Data) -> Run:
        """The Hessian."""
        return self._rosenbrock(data, 2)
