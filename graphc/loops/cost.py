"""How many bytes a kernel moves and how many operations it does, as formulas over sizes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from graphc.ir.dims import Dim, dim_max, floordiv, product
from graphc.ir.dtypes import BY_NAME
from graphc.loops.expr import Affine, Expr, postorder
from graphc.loops.flat import members
from graphc.loops.spec import Contraction, ControlKernel, Convolution, KernelCall, MultiNest, Nest, Store
from graphc.ops.record import REGISTRY


@dataclass(frozen=True, slots=True)
class Cost:
    """Work of one kernel call.

    Attributes
    ----------
    bytes : Dim
        Moved if every element that is touched comes from memory once.
    flops : Dim
        Scalar operations; a transcendental function counts as many as its record says.
    """

    bytes: Dim
    flops: Dim


def cost_of(call: KernelCall) -> Cost:
    """Bytes and flops of a kernel call."""
    spec = call.spec
    if isinstance(spec, MultiNest):
        parts = [cost_of(part) for part in members(call)]
        return Cost(sum((p.bytes for p in parts), 0), sum((p.flops for p in parts), 0))
    if isinstance(spec, Nest):
        sizes = [axis.size for axis in spec.axes]
        reduced = [place for place, axis in enumerate(spec.axes) if axis.reduce]
        return Cost(_traffic(spec.stores, spec, sizes), _scalar_flops(spec.stores, sizes, reduced))
    if isinstance(spec, Contraction):
        sizes = [*spec.batch, spec.rows, spec.columns]
        factors = sum((_touched(m, [*sizes, spec.depth]) for m in (spec.left, spec.right)), 0)
        moved = factors * BY_NAME[spec.dtype].itemsize + _traffic(spec.stores, spec, sizes)
        return Cost(moved, product(sizes) * spec.depth * 2 + _scalar_flops(spec.stores, sizes, []))
    if isinstance(spec, Convolution):
        sizes = [floordiv(spec.batch, spec.batch_groups), *spec.output, spec.features]
        depth = product(spec.window) * floordiv(spec.channels, spec.groups)
        image = _touched(spec.left, [spec.batch, *spec.image, spec.channels])
        weights = _touched(spec.right, [*spec.window, spec.channels, spec.features])
        moved = (image + weights) * BY_NAME[spec.dtype].itemsize + _traffic(spec.stores, spec, sizes)
        return Cost(moved, product(sizes) * depth * 2 + _scalar_flops(spec.stores, sizes, []))
    if isinstance(spec, ControlKernel):
        return _control_cost(spec)
    return Cost(sum((product(b.shape) * BY_NAME[b.dtype].itemsize for b in call.buffers), 0), 0)


def _control_cost(spec: ControlKernel) -> Cost:
    """The larger branch; all steps of a scan; one step of a loop whose steps nobody knows."""
    moved: list[Dim] = [sum((cost.bytes for cost in part.costs), 0) for part in spec.parts]
    flops: list[Dim] = [sum((cost.flops for cost in part.costs), 0) for part in spec.parts]
    if spec.op == "cond":
        return Cost(dim_max(*moved), dim_max(*flops))
    times = spec.length if spec.op == "scan" else 1
    return Cost(sum(moved, 0) * times, sum(flops, 0) * times)


def _touched(offset: Affine, sizes: Sequence[Dim]) -> Dim:
    return product(size for size, c in zip(sizes, offset.coefficients, strict=True) if c != 0)


def _traffic(stores: Sequence[Store], spec: Nest | Contraction | Convolution, sizes: Sequence[Dim]) -> Dim:
    touched = {(s.operand, s.offset): spec.operands[s.operand].dtype for s in stores}
    total: Dim = sum((_touched(at, sizes) * BY_NAME[t].itemsize for (_, at), t in touched.items()), 0)
    loads = [e for e in postorder(tuple(s.expr for s in stores)) if e.op == "load"]
    for (_, offset), dtype in {e.payload: e.dtype for e in loads}.items():
        total = total + _touched(offset, sizes) * BY_NAME[dtype].itemsize
    return total


def _scalar_flops(stores: Sequence[Store], sizes: Sequence[Dim], reduced: Sequence[int]) -> Dim:
    everywhere, per_row = product(sizes), product(s for k, s in enumerate(sizes) if k not in reduced)
    full: dict[Expr, bool] = {}
    wide = narrow = 0
    for expr in postorder(tuple(s.expr for s in stores)):
        varies = _varies(expr, full, reduced)
        full[expr] = varies and expr.op != "reduce"
        record = REGISTRY.get(expr.op)
        flops = 1 if expr.op == "reduce" else record.flops if record is not None else 0
        if varies:
            wide += flops
        else:
            narrow += flops
    return everywhere * wide + per_row * narrow if reduced else everywhere * (wide + narrow)


def _varies(expr: Expr, full: dict[Expr, bool], reduced: Sequence[int]) -> bool:
    if expr.op == "reduce":
        return True
    if expr.op == "index":
        return expr.payload in reduced
    own = expr.op == "load" and any(expr.payload[1].depends_on(axis) for axis in reduced)
    return own or any(full[arg] for arg in expr.args if arg is not None)
