"""Print nests, contractions and convolutions as functions over flat arrays.

``def kernel(a0, a1, ..., n, m)`` gets one flat array per operand and an integer per size symbol, in alphabetical order,
and returns 0 or the status of a check that failed. It needs ``math``, ``numpy as np`` and nothing else; under Numba use
``njit(error_model="numpy")``. Sums of float32 are accumulated in float64.
"""

from __future__ import annotations

from collections.abc import Sequence

from graphc.codegen.cpu.nest.facts import Facts
from graphc.codegen.cpu.nest.passes import Pass, plan_passes
from graphc.codegen.source.expression import Values, factor_text, parameter_name, size_text
from graphc.codegen.source.reduction import Accumulator
from graphc.codegen.source.writer import Writer
from graphc.ir.dims import DimExpr, symbols
from graphc.loops.expr import Affine, Expr
from graphc.loops.normal import expressions, normal_form
from graphc.loops.spec import Contraction, Convolution, Nest, Store


def size_symbols(spec: Nest | Contraction | Convolution) -> list[str]:
    """The size symbols of a spec: the integer parameters of its printed function, in order."""
    found: set[str] = set()

    def visit(value: object) -> None:
        if isinstance(value, DimExpr):
            found.update(symbols(value))
        elif isinstance(value, tuple | list):
            for item in value:
                visit(item)
        elif isinstance(value, Affine):
            visit((value.base, value.coefficients))
        elif isinstance(value, Expr):
            visit((value.payload, value.args))
        elif hasattr(value, "__dataclass_fields__"):
            visit([getattr(value, name) for name in value.__dataclass_fields__])

    visit(spec)
    return sorted(found)


def function_text(
    spec: Nest | Contraction | Convolution,
    name: str,
    writer: Writer,
    further: Sequence[str] = (),
    end: str = "return 0",
) -> str:
    """The function whose body a writer holds; `further` are parameters after operands and sizes."""
    parameters = [f"a{k}" for k in range(len(spec.operands))] + [parameter_name(s) for s in size_symbols(spec)]
    parameters += further
    writer.line(end)
    writer.flush()
    return "\n".join([f"def {name}({', '.join(parameters)}):", *writer.lines, ""])


def print_nest(nest: Nest, name: str) -> str:
    """A nest as the source of a function.

    Parameters
    ----------
    nest : Nest
    name : str
        Name of the function.

    Examples
    --------
    >>> from graphc.ir.dims import symbol
    >>> from graphc.testing.nests import const, ld, nest, op, red, st
    >>> n = symbol("n")
    >>> print(print_nest(nest("p", (n,), "float32 >float32", st(1, op("exp", ld(0, 1)), 1)), "exponential"))
    def exponential(a0, a1, n):
        for i0 in range(n):
            a1[i0] = np.exp(a0[i0])
        return 0
    <BLANKLINE>
    """
    writer = Writer()
    NestPrinter(normal_form(nest), writer).write()
    return function_text(nest, name, writer)


class NestPrinter:
    """Loops over the parallel axes; inside, one sweep over the reduced axes for each pass."""

    values: type[Values] = Values

    def __init__(self, nest: Nest, writer: Writer) -> None:
        self.nest, self.writer = nest, writer
        self.facts = Facts(nest, expressions(nest))
        self.passes = plan_passes(self.facts, None, keep=False) if self.facts.reduced else []

    def write(self) -> None:
        """Write the whole nest."""
        self._parallel(self.values(self.writer, self.facts, None, frozenset()), self.facts.parallel())

    def _parallel(self, values: Values, axes: Sequence[int]) -> None:
        self._prepare(values, self.facts.order)
        if not axes:
            self._row(values)
            return
        with self.writer.block(f"for i{axes[0]} in range({size_text(self.facts.axis(axes[0]).size)})"):
            self._parallel(values.inside(axes[0]), axes[1:])

    def _prepare(self, values: Values, order: Sequence[Expr]) -> None:
        for check in self.nest.checks:
            values.check(check)
        for expr in order:
            if (
                expr.op not in ("const", "size", "index", "reduce")
                and values.ready(expr)
                and self._hoists(expr, values)
            ):
                values.value(expr)

    def _hoists(self, expr: Expr, values: Values) -> bool:
        """Whether a loop inside would compute it again."""
        return bool(self.facts.reduced) or len(values.axes) < len(self.nest.axes)

    def _row(self, values: Values) -> None:
        for planned in self.passes:
            self._prepare(values, planned.order())
            accumulators = [Accumulator(self.writer, r, self.values.dialect) for r in planned.reductions]
            self._reduced(values, planned, accumulators, sorted(self.facts.reduced))
            self._finish(values, accumulators)
        for check in self.nest.checks:
            values.check(check)
        self._store(values, [s for s in self.nest.stores if not (self.passes and s.over_reduction)])

    def _finish(self, values: Values, accumulators: Sequence[Accumulator]) -> None:
        """After a sweep: its reductions are known."""
        for accumulator in accumulators:
            values.set(accumulator.expr, accumulator.result())

    def _reduced(self, values: Values, planned: Pass, accumulators: Sequence[Accumulator], axes: Sequence[int]) -> None:
        if axes:
            with self.writer.block(f"for i{axes[0]} in range({size_text(self.facts.axis(axes[0]).size)})"):
                inside = values.inside(axes[0])
                if axes[1:]:
                    self._prepare(inside, planned.order())
                self._reduced(inside, planned, accumulators, axes[1:])
            return
        for check in planned.checks:
            values.check(check)
        for accumulator in accumulators:
            accumulator.add(values.value(accumulator.arg), self._position())
        self._store(values, planned.stores)

    def _position(self) -> str:
        text = ""
        for axis in sorted(self.facts.reduced):
            text = f"({text}) * {factor_text(self.facts.axis(axis).size)} + i{axis}" if text else f"i{axis}"
        return text

    def _store(self, values: Values, stores: Sequence[Store]) -> None:
        pairs = [(s, values.value(s.expr)) for s in stores]
        for store, value in pairs:
            values.store(store.operand, values.offset(store.offset), value)


def print_contraction(spec: Contraction, name: str) -> str:
    """A contraction as the source of a function; see `print_nest`."""
    writer = Writer()
    batch = len(spec.batch)
    sizes = (*spec.batch, spec.rows, spec.columns)
    facts = Facts(Nest((), spec.operands, spec.stores), expressions(Nest((), spec.operands, spec.stores)))
    values = Values(writer, facts, None, frozenset())

    def loops(axis: int, values: Values) -> None:
        if axis < len(sizes):
            with writer.block(f"for i{axis} in range({size_text(sizes[axis])})"):
                loops(axis + 1, values.inside(axis))
            return
        accumulate(writer, spec, values, batch + 2, "float64" if spec.dtype == "float32" else spec.dtype)

    loops(0, values)
    return function_text(spec, name, writer)


def accumulate(writer: Writer, spec: Contraction, values: Values, depth: int, wide: str) -> None:
    """One element of the output, summed in the type `wide`; the indices of its axes are known."""
    writer.line(f"total = np.{wide}(0)")
    with writer.block(f"for i{depth} in range({size_text(spec.depth)})"):
        inside = values.inside(depth)
        left, right = (f"a{k}[{inside.offset(m)}]" for k, m in enumerate((spec.left, spec.right)))
        writer.line(_sum_of_product(wide, spec.dtype, left, right))
    epilogue(writer, spec, values)


def _sum_of_product(wide: str, dtype: str, left: str, right: str) -> str:
    if wide == dtype and dtype in ("float32", "float64"):
        return f"total += {left} * {right}"
    if dtype == "float32":
        return f"total += np.float64({left}) * np.float64({right})"
    return f"total = np.{dtype}(total + {left} * {right})"


def epilogue(writer: Writer, spec: Contraction | Convolution, values: Values) -> None:
    """Store what becomes of the finished ``total``."""
    writer.flush()
    values.accumulator = f"np.{spec.dtype}(total)"
    pairs = [(s, values.value(s.expr)) for s in spec.stores]
    for store, value in pairs:
        values.store(store.operand, values.offset(store.offset), value)


def print_convolution(spec: Convolution, name: str) -> str:
    """A convolution as the source of a function; see `print_nest`."""
    writer = Writer()
    images = spec.batch // spec.batch_groups if spec.batch_groups > 1 else spec.batch
    sizes = (images, *spec.output, spec.features)
    nest = Nest((), spec.operands, spec.stores)
    values = Values(writer, Facts(nest, expressions(nest)), None, frozenset())

    def loops(axis: int, values: Values) -> None:
        if axis < len(sizes):
            with writer.block(f"for i{axis} in range({size_text(sizes[axis])})"):
                loops(axis + 1, values.inside(axis))
            return
        convolve(writer, spec, values, "float64" if spec.dtype == "float32" else spec.dtype)

    loops(0, values)
    return function_text(spec, name, writer)


def convolve(writer: Writer, spec: Convolution, values: Values, wide: str) -> None:
    """One element of the output, summed in the type `wide`; the indices of its axes are known."""
    writer.line(f"total = np.{wide}(0)")
    _part_of(writer, spec, len(spec.output) + 1)
    _window(writer, spec, wide, 0)
    epilogue(writer, spec, values)


def _part_of(writer: Writer, spec: Convolution, features: int) -> None:
    """First image and first channel of the part that this feature belongs to."""
    parts = spec.groups * spec.batch_groups
    depth = spec.channels // spec.groups
    if parts > 1:
        writer.line(f"part = i{features} // {factor_text(spec.features // parts)}")
    images = spec.batch // spec.batch_groups
    writer.line(f"image = i0 + part * {factor_text(images)}" if spec.batch_groups > 1 else "image = i0")
    writer.line(f"channel = part * {factor_text(depth)}" if spec.groups > 1 else "channel = 0")
    writer.flush()


def _window(writer: Writer, spec: Convolution, wide: str, axis: int) -> None:
    if axis < len(spec.window):
        with writer.block(f"for k{axis} in range({size_text(spec.window[axis])})"):
            moved = f"i{axis + 1} * {spec.strides[axis]} + k{axis} * {spec.window_dilation[axis]}"
            writer.line(f"x{axis} = {moved} - {factor_text(spec.low[axis])}")
            inside = f"0 <= x{axis} < {factor_text(spec.image[axis])}"
            dilation = spec.image_dilation[axis]
            if dilation > 1:
                inside = f"x{axis} % {dilation} == 0 and 0 <= x{axis} < {factor_text(spec.image[axis])} * {dilation}"
            with writer.block(f"if {inside}"):
                if dilation > 1:
                    writer.line(f"y{axis} = x{axis} // {dilation}")
                _window(writer, spec, wide, axis + 1)
        return
    spatial = [f"y{k}" if d > 1 else f"x{k}" for k, d in enumerate(spec.image_dilation)]
    with writer.block(f"for c in range({size_text(spec.channels // spec.groups)})"):
        left = _offset(spec.left, ["image", *spatial, "(channel + c)"])
        right = _offset(spec.right, [*(f"k{k}" for k in range(len(spec.window))), "c", f"i{len(spec.output) + 1}"])
        writer.line(_sum_of_product(wide, spec.dtype, f"a0[{left}]", f"a1[{right}]"))


def _offset(offset: Affine, names: Sequence[str]) -> str:
    terms = [
        name if c == 1 else f"{name} * {factor_text(c)}"
        for name, c in zip(names, offset.coefficients, strict=True)
        if c != 0
    ]
    if offset.base != 0 or not terms:
        terms.insert(0, size_text(offset.base))
    return " + ".join(terms)
