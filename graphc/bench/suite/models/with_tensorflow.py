"""The workloads in TensorFlow 1's style, graphs and sessions, or as functions that XLA compiles."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from graphc.bench.suite.data import ADAM, BATCH_EPSILON, HEADS, LAYER_EPSILON, LEARNING, RATE, Data

Run = Callable[[], list[Any]]


class Tensorflow:
    """One method for each workload: from its data to a run.

    Parameters
    ----------
    xla : bool
        Functions that XLA compiles, instead of graphs that a session runs.
    """

    def __init__(self, xla: bool = False) -> None:
        import os

        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        import tensorflow

        self.tf, self.xla = tensorflow, xla
        threads = int(os.environ.get("OMP_NUM_THREADS", "0")) or len(os.sched_getaffinity(0))
        tensorflow.config.threading.set_intra_op_parallelism_threads(threads)
        if not xla:
            tensorflow.compat.v1.disable_eager_execution()

    def _made(self, function: Any, data: Data, names: Any, variables: Any = ()) -> Run:
        """A run of ``function(*arrays) -> outputs``: what changes a variable is done by the end of it."""
        tf = self.tf
        if self.xla:
            compiled = tf.function(function, jit_compile=True)
            held = [tf.constant(data[n]) for n in names]
            return lambda: [*compiled(*held)]
        session = tf.compat.v1.Session()
        feeds = [tf.compat.v1.placeholder(data[n].dtype, [None, *data[n].shape[1:]], n) for n in names]
        outputs = function(*feeds)
        session.run(tf.compat.v1.global_variables_initializer())
        call = session.make_callable(outputs, feeds)
        arrays = [data[n] for n in names]
        return lambda: call(*arrays)  # type: ignore[no-any-return]

    def _descent(self, loss: Any, data: Data, names: Any, rate: float) -> Run:
        tf = self.tf
        parameters = [tf.Variable(p) for p in data["P"]]

        def step(*arrays: Any) -> list[Any]:
            value, slopes = self._slopes(lambda: loss(parameters, *arrays), parameters)
            with tf.control_dependencies([value, *slopes]):
                done = [p.assign_sub(rate * g) for p, g in zip(parameters, slopes, strict=True)]
            with tf.control_dependencies(done):
                return [tf.identity(value)]

        return self._made(step, data, names, parameters)

    def _slopes(self, function: Any, wanted: list[Any]) -> tuple[Any, list[Any]]:
        """A value and its gradients."""
        if not self.xla:
            value = function()
            return value, [self.tf.convert_to_tensor(g) for g in self.tf.gradients(value, wanted)]
        with self.tf.GradientTape() as tape:
            tape.watch(wanted)
            value = function()
        return value, tape.gradient(value, wanted)

    def _blackscholes(self, data: Data) -> Run:
        tf = self.tf

        def price(s: Any, k: Any, t: Any, v: Any) -> list[Any]:
            spread = v * tf.sqrt(t)
            d1 = (tf.math.log(s / k) + (RATE + v * v * 0.5) * t) / spread
            n1, n2 = (0.5 * (1.0 + tf.math.erf(d * math.sqrt(0.5))) for d in (d1, d1 - spread))
            discounted = k * tf.exp(-RATE * t)
            call = s * n1 - discounted * n2
            return [call, call - s + discounted]

        return self._made(price, data, "SKTv")

    blackscholes_f32 = blackscholes_f64 = _blackscholes

    def _xent(self, logits: Any, labels: Any) -> Any:
        tf = self.tf
        return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits))

    def softmax_xent(self, data: Data) -> Run:
        """Loss and gradient."""

        def both(logits: Any, labels: Any) -> list[Any]:
            value, slopes = self._slopes(lambda: self._xent(logits, labels), [logits])
            return [value, *slopes]

        return self._made(both, data, ["logits", "labels"])

    def _normed(self, x: Any, scale: Any, offset: Any) -> Any:
        mean, variance = self.tf.nn.moments(x, [-1], keepdims=True)
        return self.tf.nn.batch_normalization(x, mean, variance, offset, scale, LAYER_EPSILON)

    def layernorm_gelu(self, data: Data) -> Run:
        """Sum and gradients."""
        tf = self.tf

        def both(x: Any, g: Any, b: Any, t: Any) -> list[Any]:
            value, slopes = self._slopes(
                lambda: tf.reduce_sum(tf.nn.gelu(self._normed(x, g, b)) * t), [x, g, b]
            )  # fmt: skip
            return [value, *slopes]

        return self._made(both, data, "xgbt")

    def _dense(self, x: Any, parameters: Any) -> Any:
        for k in range(0, len(parameters), 2):
            x = self.tf.matmul(x, parameters[k]) + parameters[k + 1]
            x = self.tf.nn.relu(x) if k + 2 < len(parameters) else x
        return x

    def mlp_small(self, data: Data) -> Run:
        """A step of gradient descent."""
        rate = LEARNING["mlp_small"]
        return self._descent(lambda ps, x, y: self._xent(self._dense(x, ps), y), data, "xy", rate)

    def mlp_big(self, data: Data) -> Run:
        """A step of Adam."""
        tf, (rate, first, second, epsilon) = self.tf, ADAM
        parameters = [tf.Variable(p) for p in data["P"]]
        ms, vs = ([tf.Variable(0 * p) for p in data["P"]] for _ in range(2))
        powers = [tf.Variable(first), tf.Variable(second)]

        def step(x: Any, y: Any) -> list[Any]:
            value, slopes = self._slopes(lambda: self._xent(self._dense(x, parameters), y), parameters)
            done = []
            b1, b2 = (tf.identity(p) for p in powers)
            for p, m, v, g in zip(parameters, ms, vs, slopes, strict=True):
                done.append(
                    tf.raw_ops.ResourceApplyAdam(
                        var=p.handle, m=m.handle, v=v.handle, beta1_power=b1, beta2_power=b2, lr=rate, beta1=first,
                        beta2=second, epsilon=epsilon, grad=g,
                    )
                )  # fmt: skip
            with tf.control_dependencies([d for d in done if d is not None]):
                done = [p.assign(b * f) for p, b, f in zip(powers, (b1, b2), (first, second), strict=True)]
            with tf.control_dependencies(done):
                return [tf.identity(value)]

        return self._made(step, data, "xy")

    def logreg_call(self, data: Data) -> Run:
        """A small call."""
        tf = self.tf
        return self._made(
            lambda w, x, b: [tf.reduce_sum(tf.sigmoid(tf.linalg.matvec(w, x) + b))], data, ["W", "x", "b"]
        )  # fmt: skip

    def lenet(self, data: Data) -> Run:
        """A step of gradient descent."""
        tf = self.tf

        def loss(parameters: Any, x: Any, y: Any) -> Any:
            for k, padding in ((0, "SAME"), (2, "VALID")):
                x = tf.nn.relu(tf.nn.conv2d(x, parameters[k], 1, padding) + parameters[k + 1])
                x = tf.nn.max_pool2d(x, 2, 2, "VALID")
            return self._xent(self._dense(tf.reshape(x, (-1, 400)), parameters[4:]), y)

        return self._descent(loss, data, "xy", LEARNING["lenet"])

    def resblock(self, data: Data) -> Run:
        """Two convolutions with batch norm."""
        tf = self.tf

        def block(x: Any) -> list[Any]:
            value = x
            for number in (1, 2):
                scale, offset, mean, variance = data[f"norm{number}"]
                value = tf.nn.conv2d(value, tf.constant(data[f"w{number}"]), 1, "SAME")
                value = tf.nn.batch_normalization(value, mean, variance, offset, scale, BATCH_EPSILON)
                value = tf.nn.relu(value if number == 1 else value + x)
            return [value]

        return self._made(block, data, "x")

    def lstm(self, data: Data) -> Run:
        """A step of gradient descent: unrolled for a session, a loop for XLA, which takes minutes for the other."""
        tf = self.tf
        units = data["t"].shape[1]

        def loss(parameters: Any, x: Any, t: Any) -> Any:
            kernel, recurrent, bias = parameters
            rows = tf.transpose(tf.tensordot(x, kernel, 1) + bias, (1, 0, 2))

            def cell(state: Any, row: Any) -> Any:
                h, c = state
                i, f, g, o = tf.split(row + tf.matmul(h, recurrent), 4, 1)
                c = tf.sigmoid(f) * c + tf.sigmoid(i) * tf.tanh(g)
                return tf.sigmoid(o) * tf.tanh(c), c

            zeros = tf.zeros([data["x"].shape[0], units])
            if self.xla:
                return tf.reduce_mean(tf.square(tf.scan(cell, rows, (zeros, zeros))[0][-1] - t))
            state = zeros, zeros
            for row in tf.unstack(rows, data["x"].shape[1]):
                state = cell(state, row)
            return tf.reduce_mean(tf.square(state[0] - t))

        return self._descent(loss, data, "xt", LEARNING["lstm"])

    def transformer_block(self, data: Data) -> Run:
        """Loss and gradients."""
        tf = self.tf
        parameters = [tf.Variable(p) for p in data["P"]]
        _, tokens, width = data["x"].shape

        def loss(x: Any, t: Any) -> Any:
            g1, b1, wqkv, bqkv, wo, bo, g2, b2, w1, c1, w2, c2 = parameters
            joined = tf.tensordot(self._normed(x, g1, b1), wqkv, 1) + bqkv
            joined = tf.reshape(joined, (-1, tokens, 3, HEADS, width // HEADS))
            q, k, v = tf.unstack(tf.transpose(joined, (2, 0, 3, 1, 4)))
            weights = tf.nn.softmax(tf.matmul(q, k, transpose_b=True) * (width // HEADS) ** -0.5)
            mixed = tf.reshape(tf.transpose(tf.matmul(weights, v), (0, 2, 1, 3)), (-1, tokens, width))
            middle = x + tf.tensordot(mixed, wo, 1) + bo
            hidden = tf.nn.gelu(tf.tensordot(self._normed(middle, g2, b2), w1, 1) + c1)
            return tf.reduce_mean(tf.square(middle + tf.tensordot(hidden, w2, 1) + c2 - t))

        def both(x: Any, t: Any) -> list[Any]:
            value, slopes = self._slopes(lambda: loss(x, t), [x, *parameters])
            return [value, *slopes]

        return self._made(both, data, "xt")

    def gp_logp(self, data: Data) -> Run:
        """Log density and gradient."""
        tf, count = self.tf, len(data["y"])

        def logp(points: Any, values: Any, theta: Any) -> Any:
            length, amplitude, noise = (tf.exp(theta[k]) for k in range(3))
            squares = tf.reduce_sum(tf.square(points), 1)
            distances = squares[:, None] + squares[None, :] - 2.0 * tf.matmul(points, points, transpose_b=True)
            kernel = tf.square(amplitude) * tf.exp(-0.5 * distances / tf.square(length))
            factor = tf.linalg.cholesky(kernel + tf.square(noise) * tf.eye(count, dtype=tf.float64))
            white = tf.linalg.triangular_solve(factor, values[:, None])
            logs = tf.reduce_sum(tf.math.log(tf.linalg.diag_part(factor)))
            return -0.5 * tf.reduce_sum(tf.square(white)) - logs - 0.5 * math.log(2 * math.pi) * count

        def both(points: Any, values: Any, theta: Any) -> list[Any]:
            value, slopes = self._slopes(lambda: logp(points, values, theta), [theta])
            return [value, *slopes]

        return self._made(both, data, ["X", "y", "theta"])

    def _rosenbrock(self, x: Any) -> Any:
        tf = self.tf
        return tf.reduce_sum(100.0 * tf.square(x[1:] - tf.square(x[:-1])) + tf.square(1.0 - x[:-1]))

    def rosenbrock_value(self, data: Data) -> Run:
        """The value."""
        return self._made(lambda x: [self._rosenbrock(x)], data, "x")

    def rosenbrock_gradient(self, data: Data) -> Run:
        """The gradient."""
        return self._made(lambda x: self._slopes(lambda: self._rosenbrock(x), [x])[1], data, "x")

    def rosenbrock_hessian(self, data: Data) -> Run:
        """The Hessian."""
        if not self.xla:
            return self._made(lambda x: self.tf.hessians(self._rosenbrock(x), x), data, "x")

        def hessian(x: Any) -> list[Any]:
            with self.tf.GradientTape() as outer:
                outer.watch(x)
                (slope,) = self._slopes(lambda: self._rosenbrock(x), [x])[1]
            return [outer.jacobian(slope, x)]

        return self._made(hessian, data, "x")
