"""The workloads that are inference, in ONNX Runtime."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from graphc.bench.suite.data import BATCH_EPSILON, RATE, Data

Run = Callable[[], list[Any]]


class Onnxruntime:
    """One method for each workload: from its data to a run. It computes no gradients, so most are missing."""

    def __init__(self) -> None:
        import onnx.helper
        import onnxruntime

        self.runtime, self.onnx = onnxruntime, onnx

    def _run(self, graph: _Nodes, data: Data, inputs: Sequence[str], outputs: Sequence[str]) -> Run:
        import os

        onnx, helper = self.onnx, self.onnx.helper
        kinds = helper.np_dtype_to_tensor_dtype
        given = [helper.make_tensor_value_info(n, kinds(data[n].dtype), data[n].shape) for n in inputs]
        element = kinds(data[inputs[0]].dtype)
        found = [helper.make_tensor_value_info(n, element, None) for n in outputs]
        held = [onnx.numpy_helper.from_array(a, n) for n, a in graph.constants.items()]
        nodes = [helper.make_node(*node, **options) for node, options in graph.nodes]
        model = helper.make_model(
            helper.make_graph(nodes, "workload", given, found, held),
            opset_imports=[helper.make_opsetid("", 17)],
            ir_version=8,
        )
        options = self.runtime.SessionOptions()
        options.intra_op_num_threads = int(os.environ.get("OMP_NUM_THREADS", "0")) or len(os.sched_getaffinity(0))
        session = self.runtime.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )  # fmt: skip
        feeds = {n: data[n] for n in inputs}
        return lambda: session.run(None, feeds)  # type: ignore[no-any-return]

    def _blackscholes(self, data: Data) -> Run:
        n = _Nodes(data["S"].dtype)
        spread = n("Mul", "v", n("Sqrt", "T"))
        drift = n("Add", n.constant(RATE), n("Mul", n("Mul", "v", "v"), n.constant(0.5)))
        d1 = n("Div", n("Add", n("Log", n("Div", "S", "K")), n("Mul", drift, "T")), spread)
        normal = []
        for d in (d1, n("Sub", d1, spread)):
            error = n("Erf", n("Mul", d, n.constant(math.sqrt(0.5))))
            normal.append(n("Mul", n.constant(0.5), n("Add", n.constant(1.0), error)))
        discounted = n("Mul", "K", n("Exp", n("Mul", n.constant(-RATE), "T")))
        call = n("Sub", n("Mul", "S", normal[0]), n("Mul", discounted, normal[1]))
        put = n("Add", n("Sub", call, "S"), discounted)
        return self._run(n, data, "SKTv", [call, put])

    blackscholes_f32 = blackscholes_f64 = _blackscholes

    def logreg_call(self, data: Data) -> Run:
        """A small call."""
        n = _Nodes(np.dtype(np.float32))
        total = n("ReduceSum", n("Sigmoid", n("Add", n("MatMul", "W", "x"), "b")), keepdims=0)
        return self._run(n, data, ["W", "x", "b"], [total])

    def resblock(self, data: Data) -> Run:
        """Two convolutions with batch norm; images and windows are NCHW, which is what it computes in."""
        n = _Nodes(np.dtype(np.float32))
        value = "x"
        for number in (1, 2):
            weights = n.array(np.ascontiguousarray(np.transpose(data[f"w{number}"], (3, 2, 0, 1))))
            value = n("Conv", value, weights, pads=[1, 1, 1, 1])
            norms = [n.array(a) for a in data[f"norm{number}"]]
            value = n("BatchNormalization", value, *norms, epsilon=BATCH_EPSILON)
            value = n("Relu", value if number == 1 else n("Add", value, "x"))
        moved = {"x": np.ascontiguousarray(np.transpose(data["x"], (0, 3, 1, 2)))}
        run = self._run(n, moved, ["x"], [value])
        return lambda: [np.transpose(run()[0], (0, 2, 3, 1))]


class _Nodes:
    """A list of nodes that is being written: a call adds one and gives the name of its result."""

    def __init__(self, dtype: np.dtype) -> None:
        self.dtype = dtype
        self.constants: dict[str, Any] = {}
        self.nodes: list[tuple[tuple[Any, ...], dict[str, Any]]] = []

    def __call__(self, op: str, *inputs: str, **options: Any) -> str:
        name = f"t{len(self.nodes)}"
        self.nodes.append(((op, list(inputs), [name]), options))
        return name

    def array(self, value: Any) -> str:
        """A constant."""
        name = f"c{len(self.constants)}"
        self.constants[name] = value
        return name

    def constant(self, value: float) -> str:
        """A scalar constant."""
        return self.array(np.asarray(value, self.dtype))
