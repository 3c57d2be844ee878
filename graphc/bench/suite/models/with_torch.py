"""The workloads in PyTorch, eager or under ``torch.compile``."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from graphc.bench.suite.data import ADAM, BATCH_EPSILON, HEADS, LAYER_EPSILON, LEARNING, RATE, Data

Run = Callable[[], list[Any]]


class Torch:
    """One method for each workload: from its data to a run.

    Parameters
    ----------
    compiled : bool
        Whether what is computed forwards (and with it, backwards) goes through ``torch.compile``.
    """

    def __init__(self, compiled: bool = False) -> None:
        import os

        import torch

        self.torch, self.fn = torch, torch.nn.functional
        torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "0")) or len(os.sched_getaffinity(0)))
        self._made: Callable[[Any], Any] = torch.compile if compiled else lambda function: function

    def _tensor(self, array: Any, slope: bool = False) -> Any:
        return self.torch.from_numpy(np.array(array)).requires_grad_(slope)

    def _forward(self, function: Any, *tensors: Any) -> Run:
        """A run without gradients."""
        made, inference = self._made(function), self.torch.inference_mode

        def run() -> list[Any]:
            with inference():
                return [*made(*tensors)]

        return run

    def _slopes(self, function: Any, wanted: list[Any], *tensors: Any) -> Run:
        """A run of a scalar and its gradients."""
        made = self._made(function)

        def run() -> list[Any]:
            value = made(*tensors)
            return [value.detach(), *self.torch.autograd.grad(value, wanted)]

        return run

    def _step(self, loss: Any, optimizer: Any, *tensors: Any) -> Run:
        made, update = self._made(loss), self._made(optimizer.step)

        def run() -> list[Any]:
            optimizer.zero_grad(set_to_none=True)
            value = made(*tensors)
            value.backward()
            update()
            return [value.detach()]

        return run

    def _blackscholes(self, data: Data) -> Run:
        torch = self.torch

        def price(s: Any, k: Any, t: Any, v: Any) -> Any:
            spread = v * torch.sqrt(t)
            d1 = (torch.log(s / k) + (RATE + v * v * 0.5) * t) / spread
            n1, n2 = (0.5 * (1.0 + torch.erf(d * math.sqrt(0.5))) for d in (d1, d1 - spread))
            discounted = k * torch.exp(-RATE * t)
            call = s * n1 - discounted * n2
            return call, call - s + discounted

        return self._forward(price, *(self._tensor(data[name]) for name in "SKTv"))

    blackscholes_f32 = blackscholes_f64 = _blackscholes

    def softmax_xent(self, data: Data) -> Run:
        """Loss and gradient."""
        logits, labels = self._tensor(data["logits"], True), self._tensor(data["labels"]).long()
        return self._slopes(self.fn.cross_entropy, [logits], logits, labels)

    def layernorm_gelu(self, data: Data) -> Run:
        """Sum and gradients."""
        x, g, b = (self._tensor(data[name], True) for name in "xgb")
        t = self._tensor(data["t"])

        def total(x: Any, g: Any, b: Any, t: Any) -> Any:
            return (self.fn.gelu(self.fn.layer_norm(x, g.shape, g, b, LAYER_EPSILON)) * t).sum()

        return self._slopes(total, [x, g, b], x, g, b, t)

    def _dense(self, x: Any, parameters: list[Any]) -> Any:
        for k in range(0, len(parameters), 2):
            x = self.torch.addmm(parameters[k + 1], x, parameters[k])
            x = self.fn.relu(x) if k + 2 < len(parameters) else x
        return x

    def _classifier(self, data: Data, make: Callable[[list[Any]], Any]) -> Run:
        parameters = [self._tensor(p, True) for p in data["P"]]
        x, y = self._tensor(data["x"]), self._tensor(data["y"]).long()

        def loss(x: Any, y: Any) -> Any:
            return self.fn.cross_entropy(self._dense(x, parameters), y)

        return self._step(loss, make(parameters), x, y)

    def mlp_small(self, data: Data) -> Run:
        """A step of gradient descent."""
        return self._classifier(data, lambda ps: self.torch.optim.SGD(ps, LEARNING["mlp_small"]))

    def mlp_big(self, data: Data) -> Run:
        """A step of Adam."""
        rate, first, second, epsilon = ADAM
        return self._classifier(data, lambda ps: self.torch.optim.Adam(ps, rate, (first, second), epsilon))

    def logreg_call(self, data: Data) -> Run:
        """A small call."""
        w, x, b = (self._tensor(data[name]) for name in ("W", "x", "b"))
        return self._forward(lambda w, x, b: [self.torch.sigmoid(self.torch.mv(w, x) + b).sum()], w, x, b)

    def _image(self, array: Any) -> Any:
        """NHWC as PyTorch's channels-last."""
        return self._tensor(np.transpose(array, (0, 3, 1, 2))).contiguous(memory_format=self.torch.channels_last)

    def _window(self, array: Any, slope: bool = False) -> Any:
        made = self._tensor(np.transpose(array, (3, 2, 0, 1))).contiguous(memory_format=self.torch.channels_last)
        return made.requires_grad_(slope)

    def lenet(self, data: Data) -> Run:
        """A step of gradient descent."""
        made = [self._window(p, True) if p.ndim == 4 else self._tensor(p, True) for p in data["P"]]
        x, y = self._image(data["x"]), self._tensor(data["y"]).long()

        def loss(x: Any, y: Any) -> Any:
            for k, padding in ((0, 2), (2, 0)):
                x = self.fn.max_pool2d(self.fn.relu(self.fn.conv2d(x, made[k], made[k + 1], padding=padding)), 2)
            # Features in the order of NHWC, as the dense weights expect them.
            return self.fn.cross_entropy(self._dense(x.permute(0, 2, 3, 1).reshape(-1, 400), made[4:]), y)

        return self._step(loss, self.torch.optim.SGD(made, LEARNING["lenet"]), x, y)

    def resblock(self, data: Data) -> Run:
        """Two convolutions with batch norm."""
        x = self._image(data["x"])
        weights = [self._window(data[f"w{n}"]) for n in (1, 2)]
        norms = [[self._tensor(a) for a in data[f"norm{n}"]] for n in (1, 2)]

        def block(x: Any) -> list[Any]:
            value = x
            for number, (w, (scale, offset, mean, variance)) in enumerate(zip(weights, norms, strict=True)):
                value = self.fn.conv2d(value, w, padding=1)
                value = self.fn.batch_norm(value, mean, variance, scale, offset, eps=BATCH_EPSILON)
                value = self.fn.relu(value + x if number else value)
            return [value.permute(0, 2, 3, 1)]

        return self._forward(block, x)

    def lstm(self, data: Data) -> Run:
        """A step of gradient descent, by ``torch.nn.LSTM``: its order of gates is that of the data."""
        torch = self.torch
        kernel, recurrent, bias = data["P"]
        layer = torch.nn.LSTM(kernel.shape[0], recurrent.shape[0], batch_first=True)
        values = (kernel.T, recurrent.T, bias, np.zeros_like(bias))
        with torch.no_grad():
            for parameter, value in zip(layer.parameters(), values, strict=True):
                parameter.copy_(torch.from_numpy(np.ascontiguousarray(value)))
        layer.bias_hh_l0.requires_grad_(False)
        x, t = self._tensor(data["x"]), self._tensor(data["t"])
        trained = [p for p in layer.parameters() if p.requires_grad]
        optimizer = torch.optim.SGD(trained, LEARNING["lstm"])
        return self._step(lambda x, t: (layer(x)[0][:, -1] - t).square().mean(), optimizer, x, t)

    def transformer_block(self, data: Data) -> Run:
        """Loss and gradients."""
        x, t = self._tensor(data["x"], True), self._tensor(data["t"])
        made = [self._tensor(p, True) for p in data["P"]]

        def loss(x: Any, t: Any) -> Any:
            g1, b1, wqkv, bqkv, wo, bo, g2, b2, w1, c1, w2, c2 = made
            batch, tokens, width = x.shape
            joined = self.fn.layer_norm(x, (width,), g1, b1, LAYER_EPSILON) @ wqkv + bqkv
            q, k, v = joined.view(batch, tokens, 3, HEADS, width // HEADS).permute(2, 0, 3, 1, 4)
            mixed = self.fn.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(batch, tokens, width)
            middle = x + mixed @ wo + bo
            hidden = self.fn.gelu(self.fn.layer_norm(middle, (width,), g2, b2, LAYER_EPSILON) @ w1 + c1)
            return (middle + hidden @ w2 + c2 - t).square().mean()

        return self._slopes(loss, [x, *made], x, t)

    def gp_logp(self, data: Data) -> Run:
        """Log density and gradient."""
        torch = self.torch
        theta, points, values = self._tensor(data["theta"], True), self._tensor(data["X"]), self._tensor(data["y"])

        def logp(theta: Any, points: Any, values: Any) -> Any:
            length, amplitude, noise = torch.exp(theta)
            squares = points.square().sum(1)
            distances = squares[:, None] + squares[None, :] - 2.0 * points @ points.T
            eye = torch.eye(len(values), dtype=torch.float64)
            kernel = amplitude.square() * torch.exp(-0.5 * distances / length.square()) + noise.square() * eye
            factor = torch.linalg.cholesky(kernel)
            white = torch.linalg.solve_triangular(factor, values[:, None], upper=False)
            constant = 0.5 * math.log(2 * math.pi) * len(values)
            return -0.5 * white.square().sum() - factor.diagonal().log().sum() - constant

        return self._slopes(logp, [theta], theta, points, values)

    @staticmethod
    def _rosenbrock(x: Any) -> Any:
        return (100.0 * (x[1:] - x[:-1].square()).square() + (1.0 - x[:-1]).square()).sum()

    def rosenbrock_value(self, data: Data) -> Run:
        """The value."""
        return self._forward(lambda x: [self._rosenbrock(x)], self._tensor(data["x"]))

    def rosenbrock_gradient(self, data: Data) -> Run:
        """The gradient."""
        x = self._tensor(data["x"], True)
        made = self._made(self._rosenbrock)
        return lambda: [*self.torch.autograd.grad(made(x), [x])]

    def rosenbrock_hessian(self, data: Data) -> Run:
        """The Hessian."""
        made = self._made(self.torch.func.hessian(self._rosenbrock))
        x = self._tensor(data["x"])
        return lambda: [made(x)]
