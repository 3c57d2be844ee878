"""The workloads in NumPy, with gradients by hand: what one would write without a compiler."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from graphc.bench.suite.data import ADAM, LAYER_EPSILON, LEARNING, RATE, Data

Run = Callable[[], list[Any]]


class Numpy:
    """One method for each workload: from its data to a run. Those that nobody would write by hand are missing."""

    @staticmethod
    def _blackscholes(data: Data) -> Run:
        from scipy.special import erf

        s, k, t, v = (data[name] for name in "SKTv")

        def run() -> list[Any]:
            spread = v * np.sqrt(t)
            d1 = (np.log(s / k) + (RATE + v * v * 0.5) * t) / spread
            n1, n2 = (0.5 * (1.0 + erf(d * math.sqrt(0.5))) for d in (d1, d1 - spread))
            discounted = k * np.exp(-RATE * t)
            call = s * n1 - discounted * n2
            return [call, call - s + discounted]

        return run

    blackscholes_f32 = blackscholes_f64 = _blackscholes

    @staticmethod
    def _xent(logits: Any, labels: Any) -> tuple[Any, Any]:
        """Mean cross-entropy and its gradient."""
        rows = np.arange(len(labels))
        shifted = logits - logits.max(1, keepdims=True)
        exps = np.exp(shifted)
        sums = exps.sum(1, keepdims=True)
        loss = (np.log(sums[:, 0]) - shifted[rows, labels]).mean()
        exps /= sums
        exps[rows, labels] -= 1
        exps /= np.float32(len(labels))
        return loss, exps

    def softmax_xent(self, data: Data) -> Run:
        """Loss and gradient."""
        return lambda: [*self._xent(data["logits"], data["labels"])]

    def layernorm_gelu(self, data: Data) -> Run:
        """Sum and gradients."""
        from scipy.special import erf

        x, g, b, t = (data[name] for name in "xgbt")

        def run() -> list[Any]:
            centred = x - x.mean(1, keepdims=True)
            inverse = 1 / np.sqrt(np.square(centred).mean(1, keepdims=True) + np.float32(LAYER_EPSILON))
            normed = centred * inverse
            y = normed * g + b
            normal = 0.5 * (1 + erf(y * np.float32(math.sqrt(0.5))))
            slope = t * (normal + y * np.exp(-0.5 * y * y) * np.float32(1 / math.sqrt(2 * math.pi)))
            inner = slope * g
            means = inner.mean(1, keepdims=True) + normed * (inner * normed).mean(1, keepdims=True)
            return [(y * normal * t).sum(), (inner - means) * inverse, (slope * normed).sum(0), slope.sum(0)]

        return run

    def _classifier(self, data: Data, update: Callable[[int, Any], None], state: list[Any]) -> Run:
        """Dense layers with relu between them: a loss, and `update` of each parameter by its gradient."""
        x, y = data["x"], data["y"]

        def run() -> list[Any]:
            values = [x]
            for k in range(0, len(state), 2):
                out = values[-1] @ state[k] + state[k + 1]
                values.append(np.maximum(out, 0) if k + 2 < len(state) else out)
            loss, slope = self._xent(values[-1], y)
            for k in range(len(state) - 2, -1, -2):
                before = values[k // 2]
                kernel, bias = before.T @ slope, slope.sum(0)
                if k:
                    slope = (slope @ state[k].T) * (before > 0)
                update(k, kernel)
                update(k + 1, bias)
            return [loss]

        return run

    def mlp_small(self, data: Data) -> Run:
        """A step of gradient descent."""
        state, rate = [p.copy() for p in data["P"]], np.float32(LEARNING["mlp_small"])

        def update(k: int, slope: Any) -> None:
            state[k] -= rate * slope

        return self._classifier(data, update, state)

    def mlp_big(self, data: Data) -> Run:
        """A step of Adam."""
        rate, first, second, epsilon = ADAM
        state = [p.copy() for p in data["P"]]
        ms, vs = [0 * p for p in state], [0 * p for p in state]
        counts = [0] * len(state)

        def update(k: int, slope: Any) -> None:
            counts[k] += 1
            ms[k] += np.float32(1 - first) * (slope - ms[k])
            vs[k] += np.float32(1 - second) * (slope * slope - vs[k])
            scale = rate * math.sqrt(1 - second ** counts[k]) / (1 - first ** counts[k])
            state[k] -= np.float32(scale) * ms[k] / (np.sqrt(vs[k]) + np.float32(epsilon))

        return self._classifier(data, update, state)

    @staticmethod
    def logreg_call(data: Data) -> Run:
        """A small call."""
        w, x, b = data["W"], data["x"], data["b"]
        return lambda: [(1 / (1 + np.exp(-(w @ x + b)))).sum()]

    @staticmethod
    def gp_logp(data: Data) -> Run:
        """Log density and gradient."""
        from scipy.linalg import cho_solve, cholesky, solve_triangular

        points, values, theta = data["X"], data["y"], data["theta"]
        eye = np.eye(len(values))

        def run() -> list[Any]:
            length, amplitude, noise = np.exp(theta)
            squares = np.square(points).sum(1)
            distances = squares[:, None] + squares[None, :] - 2.0 * points @ points.T
            smooth = amplitude**2 * np.exp(-0.5 * distances / length**2)
            factor = cholesky(smooth + noise**2 * eye, lower=True)
            white = solve_triangular(factor, values, lower=True)
            alpha = solve_triangular(factor, white, lower=True, trans=1)
            inner = np.outer(alpha, alpha) - cho_solve((factor, True), eye)
            weighed = inner * smooth
            slopes = [(weighed * distances).sum() / (2 * length**2), weighed.sum(), np.trace(inner) * noise**2]
            logs = np.log(np.diag(factor)).sum()
            logp = -0.5 * white @ white - logs - 0.5 * math.log(2 * math.pi) * len(values)
            return [logp, np.array(slopes)]

        return run

    @staticmethod
    def rosenbrock_value(data: Data) -> Run:
        """The value."""
        x = data["x"]
        return lambda: [(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2).sum()]

    @staticmethod
    def rosenbrock_gradient(data: Data) -> Run:
        """The gradient."""
        x = data["x"]

        def run() -> list[Any]:
            out = np.zeros_like(x)
            rest = x[1:] - x[:-1] ** 2
            out[:-1] = -400.0 * x[:-1] * rest - 2.0 * (1.0 - x[:-1])
            out[1:] += 200.0 * rest
            return [out]

        return run

    @staticmethod
    def rosenbrock_hessian(data: Data) -> Run:
        """The Hessian, which has three diagonals."""
        x = data["x"]
        head = np.arange(len(x) - 1)

        def run() -> list[Any]:
            out = np.zeros((len(x), len(x)))
            out[head, head] = 1200.0 * x[:-1] ** 2 - 400.0 * x[1:] + 2.0
            out[head + 1, head + 1] += 200.0
            out[head, head + 1] = out[head + 1, head] = -400.0 * x[:-1]
            return [out]

        return run
