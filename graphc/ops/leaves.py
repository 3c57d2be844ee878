"""Leaves of a program, and operations that only carry meaning: inputs, variables, constants, sizes, identities."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphc.ir.constants import Constant
from graphc.ir.dims import Dim
from graphc.ir.dtypes import DType, as_dtype
from graphc.ir.types import TensorType, TupleType
from graphc.ops.batching import all_shifted, shifted
from graphc.ops.record import OpRecord, register


def _no_reference(*arrays: Any, **attrs: Any) -> Any:
    raise TypeError("this operation has no value of its own: the caller supplies it")


def _symbolic_constant(value: Constant) -> tuple[Dim, ...] | None:
    array = value.array
    if array.dtype.kind not in "iu" or array.ndim > 1 or array.size > 64:
        return None
    return tuple(int(v) for v in array.reshape(-1))


register(
    OpRecord(
        "input", "leaf", lambda index, type: type, _no_reference, doc="An argument of the call.", differentiable=False
    )
)
register(
    OpRecord(
        "variable",
        "leaf",
        lambda slot, type: type,
        _no_reference,
        doc="A variable's value before the call.",
        differentiable=False,
    )
)
register(
    OpRecord(
        "parameter",
        "leaf",
        lambda index, type: type,
        _no_reference,
        doc="An operand of the body of a branch or loop.",
        differentiable=False,
    )
)
register(
    OpRecord(
        "const",
        "leaf",
        lambda value: TensorType(as_dtype(value.array.dtype), value.array.shape),
        lambda value: value.array,
        symbolic=_symbolic_constant,
        doc="An array known when the graph was built.",
        differentiable=False,
    )
)
register(
    OpRecord(
        "dim",
        "leaf",
        lambda value, dtype: TensorType(dtype, ()),
        lambda value, dtype: np.asarray(value, dtype.np),
        symbolic=lambda value, dtype: (value,),
        doc="A size, as an integer tensor of rank 0.",
        differentiable=False,
    )
)


def _infer_iota(size: Dim, dtype: DType) -> TensorType:
    return TensorType(dtype, (size,))


register(
    OpRecord(
        "iota",
        "leaf",
        _infer_iota,
        lambda size, dtype: np.arange(size).astype(dtype.np),
        symbolic=lambda size, dtype: tuple(range(size)) if isinstance(size, int) and size <= 64 else None,
        doc="0, 1, 2, ... along one axis.",
        differentiable=False,
    )
)
register(
    OpRecord(
        "identity",
        "meta",
        lambda x, tag=0: x,
        lambda x, tag=0: x,
        lambda g, out, x: (g,),
        linear=True,
        dtypes="biuf",
        batch=shifted("identity"),
        symbolic=lambda x, tag=0: x,
        doc="The operand itself. With a tag it is a boundary: nothing is merged or rewritten across it "
        "until gradients exist.",
    )
)


def _infer_fed(value: TensorType, computed: TensorType) -> TensorType:
    if value != computed:
        raise ValueError(f"the fed value is {value!r}, the computed one {computed!r}")
    return value


register(
    OpRecord(
        "fed",
        "meta",
        _infer_fed,
        lambda value, computed: value,
        lambda g, out, value, computed: (None, g),
        batch=all_shifted("fed"),
        sample=((-3.0, 3.0), (-3.0, 3.0)),
        doc="The value fed to a tensor, with the gradient of the value computed for it: nothing is merged or rewritten "
        "across it until gradients exist.",
        differentiable=False,
    )
)
register(
    OpRecord(
        "stop_gradient",
        "meta",
        lambda x: x,
        lambda x: x,
        lambda g, out, x: (None,),
        dtypes="biuf",
        batch=shifted("stop_gradient"),
        symbolic=lambda x: x,
        doc="The operand itself, constant to differentiation.",
        differentiable=False,
    )
)
register(
    OpRecord(
        "item",
        "meta",
        lambda x, index: x.items[index],
        lambda x, index: x[index],
        batch=shifted("item"),
        doc="One value of a node that has several.",
        differentiable=False,
    )
)


def _infer_gradient(*types: TensorType, ys: int, xs: int, given: tuple[bool, ...]) -> TupleType:
    return TupleType(types[ys : ys + xs])


register(
    OpRecord(
        "gradient",
        "meta",
        _infer_gradient,
        _no_reference,
        differentiable=False,
        doc="Cotangents of the operands ys..ys+xs, expanded before optimization; operands: ys, xs, cotangents of ys.",
    )
)


def _infer_jacobian(y: TensorType, x: TensorType) -> TensorType:
    return TensorType(x.dtype, (*y.shape, *x.shape))


register(
    OpRecord(
        "jacobian",
        "meta",
        _infer_jacobian,
        _no_reference,
        differentiable=False,
        doc="Derivatives of all elements of y by all elements of x, expanded with the gradients.",
        formula="d y[i] / d x[j]",
    )
)
