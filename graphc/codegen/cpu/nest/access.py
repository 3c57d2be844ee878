"""Loads and stores of one scope: scalar, contiguous, strided, at computed places, under masks and guards."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphc.codegen.cpu.irvalue import Value, constant, size_of
from graphc.loops.expr import Affine, Expr

if TYPE_CHECKING:
    from graphc.codegen.cpu.nest.kernel import Kernel
    from graphc.codegen.cpu.nest.scope import Scope


def load(scope: Scope, expr: Expr) -> Value:
    """The element, or vector of elements, of a load expression."""
    operand, offset = expr.payload
    dynamic, guard = (scope.value(a) if a is not None else None for a in (*expr.args, None, None)[:2])
    along = offset.coefficients[scope.kernel.vector_axis]
    lanes = max(scope.lanes if along != 0 else 1, *(v.lanes if v is not None else 1 for v in (dynamic, guard)))
    if lanes == 1:
        return _load_scalar(scope, operand, offset, expr.dtype, dynamic, guard)
    f, mask = scope.kernel.f, scope.mask
    if guard is not None:
        guard = f.splat(guard, lanes)
        mask = guard if mask is None else f.binary("and", guard, mask)
    if along == 1 and (dynamic is None or dynamic.lanes == 1):
        return f.load(first(scope, operand, offset, dynamic, expr.dtype), expr.dtype, lanes, mask=mask)
    addresses = _addresses(scope, operand, offset, dynamic, expr.dtype, mask, scope.kernel.slot("zero", 8, zeroed=True))
    value = Value("poison", expr.dtype, lanes)
    for lane, address in enumerate(addresses):
        value = f.insert(value, f.load(address, expr.dtype), lane)
    return value


def load_plain(scope: Scope, operand: int, offset: Affine, dtype: str) -> Value:
    """The scope's elements of an operand."""
    return load(scope, Expr("load", (), dtype, (operand, offset)))


def store(scope: Scope, operand: int, offset: Affine, value: Value) -> None:
    """Write the scope's elements of an operand."""
    kernel, f = scope.kernel, scope.kernel.f
    along, lanes = offset.coefficients[kernel.vector_axis], scope.lanes
    if lanes == 1 or along == 0:
        f.store(f.extract(value, 0), first(scope, operand, offset, None, value.dtype))
        return
    value = f.splat(value, lanes)
    if along == 1:
        f.store(value, first(scope, operand, offset, None, value.dtype), mask=scope.mask)
        return
    addresses = _addresses(scope, operand, offset, None, value.dtype, scope.mask, kernel.slot("sink", 8))
    for lane, address in enumerate(addresses):
        f.store(f.extract(value, lane), address)


def _load_scalar(
    scope: Scope, operand: int, offset: Affine, dtype: str, dynamic: Value | None, guard: Value | None
) -> Value:
    kernel = scope.kernel
    address = first(scope, operand, offset, dynamic, dtype)
    if guard is not None:
        address = kernel.f.select(guard, address, kernel.slot("zero", 8, zeroed=True))
    return kernel.f.load(address, dtype)


def first(scope: Scope, operand: int, offset: Affine, dynamic: Value | None, dtype: str) -> Value:
    """The address of the scope's first element."""
    kernel = scope.kernel
    place = constant(0, "int64")
    along = offset.coefficients[kernel.vector_axis]
    if along != 0:
        place = kernel.times(scope.indices[kernel.vector_axis], kernel.dim(along))
    if dynamic is not None:
        place = kernel.add(place, dynamic)
    return kernel.address(scope.row(operand, offset), place, dtype)


def _addresses(
    scope: Scope, operand: int, offset: Affine, dynamic: Value | None, dtype: str, mask: Value | None, spare: Value
) -> list[Value]:
    """One address per lane; `spare` for lanes outside of the mask, which must not be touched."""
    kernel, f, lanes = scope.kernel, scope.kernel.f, scope.lanes
    along = kernel.dim(offset.coefficients[kernel.vector_axis])
    if mask is None and (dynamic is None or dynamic.lanes == 1):
        start = first(scope, operand, offset, dynamic, dtype)
        return [kernel.address(start, _multiple(kernel, along, k), dtype) for k in range(lanes)]
    offsets = constant(0, "int64")
    if along.name != "0":
        index = f.binary("add", f.splat(scope.indices[kernel.vector_axis], lanes), f.iota(lanes))
        offsets = f.binary("mul", index, f.splat(along, lanes))
    if dynamic is not None:
        offsets = kernel.add(f.splat(dynamic, lanes), offsets)
    row = scope.row(operand, offset)
    addresses = kernel.address(row, f.splat(offsets, lanes), dtype)
    if mask is not None:
        addresses = f.select(mask, addresses, f.splat(spare, lanes))
    return [f.extract(addresses, k) for k in range(lanes)]


def _multiple(kernel: Kernel, stride: Value, count: int) -> Value:
    if stride.literal:
        return constant(int(stride.name) * count, "int64")
    return constant(0, "int64") if count == 0 else kernel.times(stride, constant(count, "int64"))


def bytes_of(dtype: str, lanes: int) -> int:
    """Size of a vector in memory."""
    return size_of(dtype) * lanes
