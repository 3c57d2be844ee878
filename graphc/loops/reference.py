"""Executes kernel specs with NumPy, literally: the oracle that lowering is right, whatever a backend makes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphc.interp.evaluate import concrete, evaluate_node
from graphc.ir.dims import Dim, floordiv, substitute
from graphc.ir.dtypes import BY_NAME
from graphc.ir.types import TupleType
from graphc.loops.expr import Affine, Expr, postorder
from graphc.loops.flat import members
from graphc.loops.spec import (
    Contraction,
    Convolution,
    HostKernel,
    KernelCall,
    LibraryKernel,
    MultiNest,
    Nest,
    SizesKernel,
    SourceKernel,
    Store,
    UserKernel,
)
from graphc.ops.record import record_of

Array = NDArray[Any]


class KernelFailed(Exception):
    """A check of a kernel does not hold; the argument is its status."""


def run_call(call: KernelCall, flats: Sequence[Array], sizes: Mapping[str, int]) -> None:
    """Execute one call.

    Parameters
    ----------
    call : KernelCall
    flats : sequence of 1-d arrays
        The elements of every operand's buffer.
    sizes : Mapping of str to int
        A value for every size symbol.

    Raises
    ------
    KernelFailed
        If a check fails.
    """
    spec = call.spec
    if isinstance(spec, MultiNest):
        width = len(spec.nest.operands)
        for row, part in enumerate(members(call)):
            run_call(part, flats[row * width : (row + 1) * width], sizes)
    elif isinstance(spec, Nest):
        _run_nest(spec, flats, sizes)
    elif isinstance(spec, Contraction):
        _run_contraction(spec, flats, sizes)
    elif isinstance(spec, HostKernel | LibraryKernel | SourceKernel | UserKernel):
        _run_node(call, flats, sizes)
    elif isinstance(spec, Convolution):
        _run_convolution(spec, flats, sizes)
    elif isinstance(spec, SizesKernel):
        for name, flat in zip(spec.names, flats, strict=True):
            if int(flat[0]) != sizes[name]:
                raise ValueError(f"the size {name} is {flat[0]}, the run was given {sizes[name]}")
    else:
        raise TypeError("branches and loops are run by the executor of schedules")


class _Evaluator:
    """Values of expressions over a whole index space at once."""

    def __init__(self, extents: tuple[int, ...], reduced: tuple[int, ...], flats: Sequence[Array], sizes: Any) -> None:
        self.extents = extents
        self.reduced = reduced
        self.flats = flats
        self.sizes = sizes
        self.accumulator: Array | None = None
        self._known: dict[Expr, Array] = {}

    def offsets(self, affine: Affine) -> Array:
        """Element offsets, broadcast over the space."""
        total = np.full((1,) * len(self.extents), substitute(affine.base, dict(self.sizes)), np.int64)
        for axis, coefficient in enumerate(affine.coefficients):
            step = int(substitute(coefficient, dict(self.sizes)))  # type: ignore[arg-type]
            if step:
                total = total + self.index(axis) * step
        return total

    def index(self, axis: int) -> Array:
        """The index of an axis."""
        shape = [1] * len(self.extents)
        shape[axis] = self.extents[axis]
        return np.arange(self.extents[axis], dtype=np.int64).reshape(shape)

    def value(self, root: Expr) -> Array:
        """An expression over the space (axes on which it does not depend may have size 1)."""
        for expr in postorder((root,)):
            if expr not in self._known:
                self._known[expr] = self._compute(expr)
        return self._known[root]

    def _compute(self, expr: Expr) -> Array:
        dtype = BY_NAME[expr.dtype].np
        if expr.op == "load":
            return self._load(expr)
        if expr.op == "index":
            return self.index(expr.payload)
        if expr.op == "size":
            return np.asarray(substitute(expr.payload, dict(self.sizes)), np.int64)
        if expr.op == "const":
            return np.asarray(expr.payload, dtype)
        if expr.op == "accumulator":
            assert self.accumulator is not None
            return self.accumulator
        args = [self._known[arg] for arg in expr.args if arg is not None]
        if expr.op == "reduce":
            return self._reduce(expr.payload, args[0])
        attrs = {key: concrete(value, self.sizes) for key, value in expr.payload or ()}
        with np.errstate(all="ignore"):
            result = record_of(expr.op).evaluate(*args, **attrs)
        assert np.asarray(result).dtype == dtype, f"{expr!r} evaluates to {np.asarray(result).dtype}"
        return np.asarray(result)

    def _load(self, expr: Expr) -> Array:
        operand, affine = expr.payload
        flat, at = self.flats[operand], self.offsets(affine)
        if expr.args and expr.args[0] is not None:
            at = at + self._known[expr.args[0]]
        if len(expr.args) < 2 or expr.args[1] is None:
            return flat[at] if 0 not in self.extents else np.zeros(np.broadcast_shapes(at.shape), flat.dtype)
        guard, at = np.broadcast_arrays(self._known[expr.args[1]], at)
        found = np.zeros(at.shape, flat.dtype)
        found[guard] = flat[at[guard]]
        return found

    def _reduce(self, kind: str, values: Array) -> Array:
        values = np.broadcast_to(values, self.extents)
        rank, record = len(self.extents), record_of(kind)
        if kind in ("argmax", "argmin"):
            rows = values.reshape((*values.shape[: rank - len(self.reduced)], -1))
            result = record.evaluate(rows, axis=rows.ndim - 1)
            return np.asarray(result).reshape((*values.shape[: rank - len(self.reduced)], *(1,) * len(self.reduced)))
        return np.asarray(record.evaluate(values, axes=self.reduced, keepdims=True))

    def store(self, store: Store) -> tuple[Array, Array, Array]:
        """Flat array, offsets and values of a store."""
        shape = list(self.extents)
        if not store.over_reduction:
            for axis in self.reduced:
                shape[axis] = 1
        offsets = np.broadcast_to(self.offsets(store.offset), shape)
        return self.flats[store.operand], offsets, np.broadcast_to(self.value(store.expr), shape)


def _write(evaluator: _Evaluator, stores: Sequence[Store]) -> None:
    # Everything is read before anything is written: an in-place operand holds its old elements until then.
    for flat, offsets, values in [evaluator.store(store) for store in stores]:
        assert np.unique(offsets).size == offsets.size, "two elements are stored in one place"
        flat[offsets.reshape(-1)] = values.reshape(-1)


def _extents(dims: Sequence[Dim], sizes: Mapping[str, int]) -> tuple[int, ...]:
    return tuple(int(substitute(dim, dict(sizes))) for dim in dims)  # type: ignore[arg-type]


def _run_nest(spec: Nest, flats: Sequence[Array], sizes: Mapping[str, int]) -> None:
    extents = _extents([axis.size for axis in spec.axes], sizes)
    reduced = tuple(place for place, axis in enumerate(spec.axes) if axis.reduce)
    evaluator = _Evaluator(extents, reduced, flats, sizes)
    for check in spec.checks:
        if not evaluator.value(check.expr).all():
            raise KernelFailed(check.status)
    _write(evaluator, spec.stores)


def _run_contraction(spec: Contraction, flats: Sequence[Array], sizes: Mapping[str, int]) -> None:
    extents = _extents((*spec.batch, spec.rows, spec.columns, spec.depth), sizes)
    factors = _Evaluator(extents, (), flats, sizes)
    left, right = (
        flats[number][np.broadcast_to(factors.offsets(affine), extents)]
        for number, affine in enumerate((spec.left, spec.right))
    )
    epilogue = _Evaluator(extents[:-1], (), flats, sizes)
    epilogue.accumulator = np.sum(left * right, axis=-1, dtype=left.dtype)
    _write(epilogue, spec.stores)


def _run_convolution(spec: Convolution, flats: Sequence[Array], sizes: Mapping[str, int]) -> None:
    """Element by element of the window, over a zero-padded and dilated image."""
    x, w = (
        flats[number][np.broadcast_to(_Evaluator(extents, (), flats, sizes).offsets(affine), extents)]
        for number, affine, extents in (
            (0, spec.left, _extents((spec.batch, *spec.image, spec.channels), sizes)),
            (1, spec.right, _extents((*spec.window, floordiv(spec.channels, spec.groups), spec.features), sizes)),
        )
    )
    outputs = _extents(spec.output, sizes)
    images = x.shape[0] // spec.batch_groups
    total = np.zeros((images, *outputs, w.shape[-1]), x.dtype)
    parts = spec.groups * spec.batch_groups
    per_part = w.shape[-1] // parts
    low = _extents(spec.low, sizes)
    for place in np.ndindex(*w.shape[:-2]):
        grid = np.zeros((x.shape[0], *outputs, x.shape[-1]), x.dtype)
        at, inside = [], []
        for axis, k in enumerate(place):
            moved = np.arange(outputs[axis]) * spec.strides[axis] + k * spec.window_dilation[axis] - low[axis]
            source, rest = np.divmod(moved, spec.image_dilation[axis])
            inside.append((rest == 0) & (source >= 0) & (source < x.shape[axis + 1]))
            at.append(source)
        target = np.ix_(np.arange(x.shape[0]), *(np.flatnonzero(i) for i in inside), np.arange(x.shape[-1]))
        chosen = np.ix_(np.arange(x.shape[0]), *(a[i] for a, i in zip(at, inside, strict=True)), np.arange(x.shape[-1]))
        grid[target] = x[chosen]
        for part in range(parts):
            features = slice(part * per_part, (part + 1) * per_part)
            group, batch = (part, 0) if spec.groups > 1 else (0, part)
            channels = slice(group * w.shape[-2], (group + 1) * w.shape[-2])
            block = grid[batch * images : (batch + 1) * images, ..., channels]
            total[..., features] += block @ w[place][:, features]
    epilogue = _Evaluator(total.shape, (), flats, sizes)
    epilogue.accumulator = total
    _write(epilogue, spec.stores)


def _run_node(call: KernelCall, flats: Sequence[Array], sizes: Mapping[str, int]) -> None:
    node = call.nodes[0]
    shaped = [f.reshape(n.tensor.concrete(dict(sizes))) for f, n in zip(flats, node.inputs, strict=False)]
    result = evaluate_node(node, shaped, sizes)
    results = result if isinstance(node.type, TupleType) else (result,)
    for flat, value in zip(flats[len(node.inputs) :], results, strict=False):
        flat[:] = np.asarray(value).reshape(-1)
