"""Counter-based random bits: every element is a function of a key, a counter and its own number."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphc.ir.dtypes import uint32
from graphc.ir.types import TensorType
from graphc.ops.batching import aligned
from graphc.ops.record import OpRecord, register
from graphc.ops.shapes import broadcast_shapes

MULTIPLIER = 0xD256D193
KEY_STEP = 0x9E3779B9
ROUNDS = 10
LOW = 0xFFFFFFFF


def _infer(index: TensorType, counter: TensorType, key: int, word: int) -> TensorType:
    if index.dtype != uint32 or counter.dtype != uint32:
        raise TypeError(f"philox: index and counter are uint32, not {index.dtype.name} and {counter.dtype.name}")
    return TensorType(uint32, broadcast_shapes(index.shape, counter.shape))


def _evaluate(index: Any, counter: Any, key: int, word: int) -> Any:
    first, second = np.broadcast_arrays(np.asarray(index, np.uint64), np.asarray(counter, np.uint64))
    for _ in range(ROUNDS):
        product = first * np.uint64(MULTIPLIER)
        first, second = (product >> np.uint64(32)) ^ np.uint64(key) ^ second, product & np.uint64(LOW)
        key = (key + KEY_STEP) & LOW
    return (second if word else first).astype(np.uint32)


def _scalar(b: Any, index: Any, counter: Any, key: int, word: int) -> Any:
    first, second = b.cast(index, "uint64"), b.cast(counter, "uint64")
    for _ in range(ROUNDS):
        product = b.mul(first, b.const(MULTIPLIER, "uint64"))
        high = b.shr(product, b.const(32, "uint64"))
        first = b.xor(b.xor(high, b.const(key, "uint64")), second)
        second = b.and_(product, b.const(LOW, "uint64"))
        key = (key + KEY_STEP) & LOW
    return b.cast(second if word else first, "uint32")


register(
    OpRecord(
        "philox",
        "elementwise",
        _infer,
        _evaluate,
        None,
        _scalar,
        batch=aligned("philox"),
        doc="Random bits: Philox-2x32-10 of a 32-bit key and the counter (index, counter), of which one word is taken "
        "(Salmon et al., Parallel random numbers: as easy as 1, 2, 3, 2011).",
        formula="philox2x32(key, (index, counter))[word]",
        dtypes="u",
        effect="random",
        differentiable=False,
        sample=((0.0, 4e9), (0.0, 4e9)),
        flops=60,
    )
)
