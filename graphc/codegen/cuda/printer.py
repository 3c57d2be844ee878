"""Print nests, contractions and convolutions as ``numba.cuda`` kernels, one thread for every element of the output.

``def kernel(a0, a1, ..., n, m, failed)`` gets a pointer per operand, an integer per size symbol in alphabetical order,
and the address of a status for checks. Any grid will do: threads take the elements in strides of the grid.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from graphc.codegen.cpu.nest.facts import Facts
from graphc.codegen.cuda.dialect import CudaValues
from graphc.codegen.source.expression import Values, factor_text, size_text
from graphc.codegen.source.printer import NestPrinter, accumulate, convolve, function_text
from graphc.codegen.source.writer import Writer
from graphc.ir.dims import Dim, product
from graphc.loops.normal import expressions, normal_form
from graphc.loops.spec import Contraction, Convolution, Nest

FAILED = "failed"


def extent(spec: Nest | Contraction | Convolution) -> Dim:
    """Elements that the threads of a kernel share."""
    if isinstance(spec, Nest):
        return product(a.size for a in spec.axes if not a.reduce)
    return product(_sizes(spec))


def print_kernel(spec: Nest | Contraction | Convolution, name: str) -> str:
    """A spec as the source of a kernel.

    Examples
    --------
    >>> from graphc.ir.dims import symbol
    >>> from graphc.testing.nests import ld, nest, op, st
    >>> n = symbol("n")
    >>> print(print_kernel(nest("p", (n,), "float32 >float32", st(1, op("exp", ld(0, 1)), 1)), "exponential"))
    def exponential(a0, a1, n, failed):
        for t in range(cuda.grid(1), n, cuda.gridsize(1)):
            i0 = t
            a1[i0] = libdevice.expf(a0[i0])
        return
    <BLANKLINE>
    """
    writer = Writer()
    if isinstance(spec, Nest):
        _CudaNestPrinter(normal_form(spec), writer).write()
    else:
        plain = Nest((), spec.operands, spec.stores)
        values = CudaValues(writer, Facts(plain, expressions(plain)), None, frozenset())
        sizes = _sizes(spec)
        with _threads(writer, range(len(sizes)), sizes):
            inside = values.inside(*range(len(sizes)))
            if isinstance(spec, Contraction):
                accumulate(writer, spec, inside, len(sizes), spec.dtype)
            else:
                convolve(writer, spec, inside, spec.dtype)
    return function_text(spec, name, writer, [FAILED], "return")


class _CudaNestPrinter(NestPrinter):
    """A thread for every element of the parallel axes; inside, one sweep over the reduced axes for each pass."""

    values = CudaValues

    def _parallel(self, values: Values, axes: Sequence[int]) -> None:
        self._prepare(values, [e for e in self.facts.order if e.op != "load"])
        with _threads(self.writer, axes, [self.facts.axis(axis).size for axis in axes]):
            inside = values.inside(*axes)
            self._prepare(inside, self.facts.order)
            self._row(inside)


def _sizes(spec: Contraction | Convolution) -> tuple[Dim, ...]:
    if isinstance(spec, Contraction):
        return (*spec.batch, spec.rows, spec.columns)
    images = spec.batch // spec.batch_groups if spec.batch_groups > 1 else spec.batch
    return (images, *spec.output, spec.features)


@contextmanager
def _threads(writer: Writer, axes: Sequence[int], sizes: Sequence[Dim]) -> Iterator[None]:
    """A loop over the elements of this thread; their indices are known inside."""
    with writer.block(f"for t in range(cuda.grid(1), {size_text(product(sizes))}, cuda.gridsize(1))"):
        rest = "t"
        for axis, size in reversed(list(zip(axes, sizes, strict=True))[1:]):
            writer.line(f"i{axis} = {rest} % {factor_text(size)}")
            writer.line(f"r{axis} = {rest} // {factor_text(size)}")
            rest = f"r{axis}"
        if axes:
            writer.line(f"i{axes[0]} = {rest}")
        writer.flush()
        yield
