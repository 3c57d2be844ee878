"""The words behind a kernel's ``args``: operand pointers, then the dimensions that are known only at run time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from graphc.codegen.cpu.irtext import Function
from graphc.codegen.cpu.irvalue import Value, constant
from graphc.ir.dims import Dim
from graphc.loops.expr import Affine, postorder
from graphc.loops.spec import Operand, Store


def store_dims(stores: Iterable[Store]) -> list[Dim]:
    """Every dimension that occurs in stores."""
    stores = tuple(stores)
    affines = [store.offset for store in stores]
    dims: list[Dim] = []
    for expr in postorder(tuple(store.expr for store in stores)):
        if expr.op == "load":
            affines.append(expr.payload[1])
        elif expr.op == "size":
            dims.append(expr.payload)
    return dims + [dim for offset in affines for dim in (offset.base, *offset.coefficients)]


class Words:
    """Where each word lies: operands first, then the dimensions of `dims` that are not integers, each once."""

    def __init__(self, operands: Sequence[Operand], dims: Iterable[Dim]) -> None:
        self.operands = tuple(operands)
        self.sizes: tuple[Dim, ...] = tuple(dict.fromkeys(dim for dim in dims if not isinstance(dim, int)))


class Frame:
    """The words, loaded at the start of one function."""

    def __init__(self, f: Function, words: Words, args: Value) -> None:
        self.f, self.words, self.args = f, words, args
        self.pointers = [f.load(args, "ptr", index=k) for k in range(len(words.operands))]
        first = len(words.operands)
        self._sizes = {dim: f.load(args, "int64", index=first + k) for k, dim in enumerate(words.sizes)}

    def size(self, dim: Dim) -> Value:
        """The value of a dimension as int64."""
        return constant(dim, "int64") if isinstance(dim, int) else self._sizes[dim]

    def offset(self, offset: Affine, indices: Sequence[Value], extra: Value | None = None) -> Value:
        """The value of an element offset; axes beyond `indices` are left out."""
        f = self.f
        total = self.size(offset.base)
        if extra is not None:
            total = f.binary("add", total, extra)
        for index, coefficient in zip(indices, offset.coefficients, strict=False):
            if coefficient != 0:
                step = index if coefficient == 1 else f.binary("mul", index, self.size(coefficient))
                total = f.binary("add", total, step)
        return total
