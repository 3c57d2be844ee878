"""The workloads in JAX: everything under one ``jax.jit``, parameters donated."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from graphc.bench.suite.data import ADAM, BATCH_EPSILON, HEADS, LAYER_EPSILON, LEARNING, RATE, Data

Run = Callable[[], list[Any]]


class Jax:
    """One method for each workload: from its data to a run."""

    def __init__(self) -> None:
        import jax

        jax.config.update("jax_enable_x64", True)
        import jax.numpy

        self.jax, self.np = jax, jax.numpy

    def _compiled(self, function: Any, *arrays: Any) -> Run:
        """A run of a pure function."""
        compiled = self.jax.jit(function)
        held = [self.np.asarray(a) for a in arrays]
        return lambda: self.jax.block_until_ready(compiled(*held))  # type: ignore[no-any-return]

    def _step(self, step: Any, state: Any, *arrays: Any) -> Run:
        """A run of ``state, *arrays -> state, loss``."""
        compiled = self.jax.jit(step, donate_argnums=0)
        held = [self.np.asarray(a) for a in arrays]
        # Donated buffers must not be shared with NumPy.
        kept = self.jax.tree_util.tree_map(lambda a: self.np.array(a, copy=True), state)

        def run() -> list[Any]:
            nonlocal kept
            kept, loss = self.jax.block_until_ready(compiled(kept, *held))
            return [loss]

        return run

    def _descent(self, loss: Any, rate: float, data: Data, *names: str) -> Run:
        def step(parameters: Any, *arrays: Any) -> Any:
            value, slopes = self.jax.value_and_grad(loss)(parameters, *arrays)
            return [p - rate * g for p, g in zip(parameters, slopes, strict=True)], value

        return self._step(step, data["P"], *(data[name] for name in names))

    def _blackscholes(self, data: Data) -> Run:
        np, erf = self.np, self.jax.lax.erf

        def price(s: Any, k: Any, t: Any, v: Any) -> list[Any]:
            spread = v * np.sqrt(t)
            d1 = (np.log(s / k) + (RATE + v * v * 0.5) * t) / spread
            n1, n2 = (0.5 * (1.0 + erf(d * math.sqrt(0.5))) for d in (d1, d1 - spread))
            discounted = k * np.exp(-RATE * t)
            call = s * n1 - discounted * n2
            return [call, call - s + discounted]

        return self._compiled(price, *(data[name] for name in "SKTv"))

    blackscholes_f32 = blackscholes_f64 = _blackscholes

    def _xent(self, logits: Any, labels: Any) -> Any:
        logs = self.jax.nn.log_softmax(logits)
        return -self.np.take_along_axis(logs, labels[:, None], 1).mean()

    def softmax_xent(self, data: Data) -> Run:
        """Loss and gradient."""

        def both(logits: Any, labels: Any) -> list[Any]:
            return [*self.jax.value_and_grad(self._xent)(logits, labels)]

        return self._compiled(both, data["logits"], data["labels"])

    def _normed(self, x: Any, scale: Any, offset: Any) -> Any:
        mean = x.mean(-1, keepdims=True)
        spread = self.np.square(x - mean).mean(-1, keepdims=True)
        return (x - mean) * self.jax.lax.rsqrt(spread + LAYER_EPSILON) * scale + offset

    def _gelu(self, x: Any) -> Any:
        return self.jax.nn.gelu(x, approximate=False)

    def layernorm_gelu(self, data: Data) -> Run:
        """Sum and gradients."""

        def total(x: Any, g: Any, b: Any, t: Any) -> Any:
            return (self._gelu(self._normed(x, g, b)) * t).sum()

        def both(*arrays: Any) -> list[Any]:
            value, slopes = self.jax.value_and_grad(total, (0, 1, 2))(*arrays)
            return [value, *slopes]

        return self._compiled(both, *(data[name] for name in "xgbt"))

    def _dense(self, x: Any, parameters: Any) -> Any:
        for k in range(0, len(parameters), 2):
            x = x @ parameters[k] + parameters[k + 1]
            x = self.jax.nn.relu(x) if k + 2 < len(parameters) else x
        return x

    def _classified(self, parameters: Any, x: Any, y: Any) -> Any:
        return self._xent(self._dense(x, parameters), y)

    def mlp_small(self, data: Data) -> Run:
        """A step of gradient descent."""
        return self._descent(self._classified, LEARNING["mlp_small"], data, "x", "y")

    def mlp_big(self, data: Data) -> Run:
        """A step of Adam."""
        np, (rate, first, second, epsilon) = self.np, ADAM

        def step(state: Any, x: Any, y: Any) -> Any:
            count, parameters, ms, vs = state
            value, slopes = self.jax.value_and_grad(self._classified)(parameters, x, y)
            count = count + 1
            scale = rate * np.sqrt(1 - second**count) / (1 - first**count)
            ms = [first * m + (1 - first) * g for m, g in zip(ms, slopes, strict=True)]
            vs = [second * v + (1 - second) * g * g for v, g in zip(vs, slopes, strict=True)]
            moved = [
                p - (scale * m / (np.sqrt(v) + epsilon)).astype(p.dtype)
                for p, m, v in zip(parameters, ms, vs, strict=True)
            ]
            return (count, moved, ms, vs), value

        zeros = [0 * p for p in data["P"]]
        return self._step(step, (self.np.float32(0), data["P"], zeros, zeros), data["x"], data["y"])

    def logreg_call(self, data: Data) -> Run:
        """A small call."""
        return self._compiled(
            lambda w, x, b: [self.jax.nn.sigmoid(w @ x + b).sum()], data["W"], data["x"], data["b"]
        )  # fmt: skip

    def _conv(self, x: Any, w: Any, padding: str) -> Any:
        return self.jax.lax.conv_general_dilated(x, w, (1, 1), padding, dimension_numbers=("NHWC", "HWIO", "NHWC"))

    def lenet(self, data: Data) -> Run:
        """A step of gradient descent."""

        def loss(parameters: Any, x: Any, y: Any) -> Any:
            for k, padding in ((0, "SAME"), (2, "VALID")):
                x = self.jax.nn.relu(self._conv(x, parameters[k], padding) + parameters[k + 1])
                window = (1, 2, 2, 1)
                x = self.jax.lax.reduce_window(x, -self.np.inf, self.jax.lax.max, window, window, "VALID")
            return self._xent(self._dense(x.reshape(-1, 400), parameters[4:]), y)

        return self._descent(loss, LEARNING["lenet"], data, "x", "y")

    def resblock(self, data: Data) -> Run:
        """Two convolutions with batch norm."""
        norms = [[self.np.asarray(a) for a in data[f"norm{n}"]] for n in (1, 2)]

        def block(x: Any, *weights: Any) -> list[Any]:
            value = x
            for number, (w, (scale, offset, mean, variance)) in enumerate(zip(weights, norms, strict=True)):
                factor = scale * self.jax.lax.rsqrt(variance + BATCH_EPSILON)
                value = self._conv(value, w, "SAME") * factor + (offset - mean * factor)
                value = self.jax.nn.relu(value + x if number else value)
            return [value]

        return self._compiled(block, data["x"], data["w1"], data["w2"])

    def lstm(self, data: Data) -> Run:
        """A step of gradient descent."""
        np, nn = self.np, self.jax.nn

        def loss(parameters: Any, x: Any, t: Any) -> Any:
            kernel, recurrent, bias = parameters
            inputs = np.swapaxes(x, 0, 1) @ kernel + bias

            def cell(state: Any, row: Any) -> Any:
                h, c = state
                i, f, g, o = np.split(row + h @ recurrent, 4, 1)
                c = nn.sigmoid(f) * c + nn.sigmoid(i) * np.tanh(g)
                return (nn.sigmoid(o) * np.tanh(c), c), None

            zeros = np.zeros_like(t)
            (h, _), _ = self.jax.lax.scan(cell, (zeros, zeros), inputs)
            return np.square(h - t).mean()

        return self._descent(loss, LEARNING["lstm"], data, "x", "t")

    def transformer_block(self, data: Data) -> Run:
        """Loss and gradients."""
        np = self.np

        def loss(x: Any, parameters: Any, t: Any) -> Any:
            g1, b1, wqkv, bqkv, wo, bo, g2, b2, w1, c1, w2, c2 = parameters
            batch, tokens, width = x.shape
            joined = self._normed(x, g1, b1) @ wqkv + bqkv
            q, k, v = np.transpose(joined.reshape(batch, tokens, 3, HEADS, width // HEADS), (2, 0, 3, 1, 4))
            weights = self.jax.nn.softmax(q @ np.swapaxes(k, -1, -2) * (width // HEADS) ** -0.5)
            mixed = np.transpose(weights @ v, (0, 2, 1, 3)).reshape(batch, tokens, width)
            middle = x + mixed @ wo + bo
            out = middle + self._gelu(self._normed(middle, g2, b2) @ w1 + c1) @ w2 + c2
            return np.square(out - t).mean()

        def both(x: Any, t: Any, *parameters: Any) -> list[Any]:
            value, (slope, slopes) = self.jax.value_and_grad(loss, (0, 1))(x, list(parameters), t)
            return [value, slope, *slopes]

        return self._compiled(both, data["x"], data["t"], *data["P"])

    def gp_logp(self, data: Data) -> Run:
        """Log density and gradient."""
        np, linalg = self.np, self.jax.scipy.linalg

        def logp(theta: Any, points: Any, values: Any) -> Any:
            length, amplitude, noise = np.exp(theta)
            squares = np.square(points).sum(1)
            distances = squares[:, None] + squares[None, :] - 2.0 * points @ points.T
            kernel = amplitude**2 * np.exp(-0.5 * distances / length**2) + noise**2 * np.eye(len(values))
            factor = np.linalg.cholesky(kernel)
            white = linalg.solve_triangular(factor, values, lower=True)
            logs = np.log(np.diag(factor)).sum()
            return -0.5 * np.square(white).sum() - logs - 0.5 * math.log(2 * math.pi) * len(values)

        def both(*arrays: Any) -> list[Any]:
            return [*self.jax.value_and_grad(logp)(*arrays)]

        return self._compiled(both, data["theta"], data["X"], data["y"])

    def _rosenbrock(self, x: Any) -> Any:
        np = self.np
        return (100.0 * np.square(x[1:] - np.square(x[:-1])) + np.square(1.0 - x[:-1])).sum()

    def rosenbrock_value(self, data: Data) -> Run:
        """The value."""
        return self._compiled(lambda x: [self._rosenbrock(x)], data["x"])

    def rosenbrock_gradient(self, data: Data) -> Run:
        """The gradient."""
        return self._compiled(lambda x: [self.jax.grad(self._rosenbrock)(x)], data["x"])

    def rosenbrock_hessian(self, data: Data) -> Run:
        """The Hessian."""
        return self._compiled(lambda x: [self.jax.hessian(self._rosenbrock)(x)], data["x"])
