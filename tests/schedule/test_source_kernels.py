"""Irregular operations become source kernels with their temporaries in the arena, never calls of the host."""

import numpy as np

from graphc.ir.dims import symbol
from graphc.ir.dtypes import float32, int32, int64
from graphc.ir.program import Program
from graphc.ir.types import TensorType
from graphc.loops.spec import HostKernel, SourceKernel
from graphc.ops.builder import Builder
from tests.schedule.oracle import check


def test_irregular_operations_are_source_kernels():
    b, n = Builder(), symbol("n")
    x, i = b.input(0, TensorType(float32, (n, 6))), b.input(1, TensorType(int32, (4,)))
    rows = b.emit("gather", x * 2.0, i, axis=0, batch_dims=0)
    order = b.emit("argsort", rows, axis=1, descending=True, dtype=int64)
    total = b.emit("scatter", x, i, b.emit("sort", rows, axis=1) + 1.0, axis=0, batch_dims=0, mode="add")
    places = b.emit("window_argmax", total, window=(1, 2), strides=(1, 2), low=(0, 0), high=(0, 0))
    program = Program((x, i), (order, total, places))
    rng = np.random.default_rng(0)
    feeds = [rng.standard_normal((9, 6)).astype(np.float32), np.array([8, 0, 3, 3], np.int32)]
    schedule = check(program, feeds, sizes={"n": 9})
    specs = [call.spec for call in schedule.calls]
    assert not any(isinstance(s, HostKernel) for s in specs)
    kernels = {s.name: s for s in specs if isinstance(s, SourceKernel)}
    assert set(kernels) == {"argsort", "scatter", "sort", "window_argmax"} | ({"gather"} & set(kernels))
    assert kernels["scatter"].can_fail
    assert not kernels["sort"].can_fail
    assert len(kernels["argsort"].operands) == 2 + 3
    assert kernels["sort"].source.startswith("def kernel(args, begin, end):")
