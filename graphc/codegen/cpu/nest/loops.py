"""Loops around the vectors: the parallel axes, and the reduced axes counted as one."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from graphc.codegen.cpu.irvalue import Value, constant
from graphc.codegen.cpu.nest.kernel import Kernel
from graphc.codegen.cpu.nest.scope import Scope
from graphc.ir.dims import Dim, product
from graphc.loops.expr import Expr
from graphc.loops.spec import Store


def over(
    kernel: Kernel,
    scope: Scope,
    axes: Sequence[int],
    body: Callable[[Scope], None],
    order: Sequence[Expr],
    stores: Sequence[Store],
    bounds: tuple[Value, Value] | None = None,
) -> None:
    """Nested loops over `axes`, outermost first, with `body` inside; `bounds` limit the outermost.

    Between the loops everything of `order` that is ready is computed.
    """
    scope.prepare(order, stores)
    if not axes:
        body(scope)
        return
    low, high = bounds or (constant(0, "int64"), kernel.dim(kernel.facts.axis(axes[0]).size))
    with kernel.f.loop(low, high) as index:
        over(kernel, Scope(kernel, scope, {axes[0]: index}), axes[1:], body, order, stores)


class Flat:
    """Axes counted as one, in row-major order."""

    def __init__(self, kernel: Kernel, axes: Sequence[int]) -> None:
        self.kernel, self.axes = kernel, list(axes)
        self.sizes: list[Dim] = [kernel.facts.axis(a).size for a in axes]
        self.size: Dim = product(self.sizes)

    def indices(self, position: Value) -> dict[int, Value]:
        """Index of each axis at a position."""
        f, out, rest = self.kernel.f, {}, position
        for axis, size in zip(self.axes[:0:-1], self.sizes[:0:-1], strict=True):
            divisor = self.kernel.dim(size)
            quotient = f.emit(f"udiv {rest!r}, {divisor.name}", "int64")
            out[axis] = f.binary("sub", rest, f.binary("mul", quotient, divisor))
            rest = quotient
        if self.axes:
            out[self.axes[0]] = rest
        return out


def smaller(kernel: Kernel, x: Value, y: Value) -> Value:
    """The smaller of two int64."""
    if x.literal and y.literal:
        return x if int(x.name) <= int(y.name) else y
    return kernel.f.select(kernel.f.compare("lt", x, y), x, y)


def blocks_of(kernel: Kernel, size: Value, block: int) -> Value:
    """How many blocks of `block` (a power of two) cover `size`."""
    if size.literal:
        return constant(-(-int(size.name) // block), "int64")
    rounded = kernel.f.binary("add", size, constant(block - 1, "int64"))
    return kernel.f.emit(f"lshr {rounded!r}, {block.bit_length() - 1}", "int64")
