"""Writing of kernels around library routines.

Routines take integers and characters by reference, as Fortran does, and matrices column by column. Integers are stored
as 64 bits with the upper half zero, which serves libraries of both widths (see `graphc.runtime.blas`).
"""

from __future__ import annotations

from graphc.codegen.cpu.irtext import Function, Module
from graphc.codegen.cpu.irvalue import Value, constant

#: Names that a kernel asks for begin with it: what follows is a routine, or `INTEGER_BITS`.
PREFIX = "lapack."
INTEGER_BITS = "integer_bits"
SLOTS = 24
FAILED = 1


class LibraryWriter:
    """One kernel while it is written: a loop over matrices around what the operation's function writes.

    Parameters
    ----------
    f : Function
        The kernel, whose arguments are ``(args, begin, end)``.
    dtype : str
        ``"float32"`` or ``"float64"``.
    operands, sizes : int
        How many pointers and sizes come in `args`.
    flags : tuple of bool
        Variants of the operation.
    """

    def __init__(
        self, module: Module, f: Function, dtype: str, operands: int, sizes: int, flags: tuple[bool, ...]
    ) -> None:
        self.module, self.f, self.dtype, self.flags = module, f, dtype, flags
        self.external: list[str] = []
        self._args = f.args[0]
        self._words = operands + sizes
        self._slots = f.emit(f"alloca [{SLOTS} x i64], align 64", "ptr")
        self._used = 0
        self.pointers = [f.load(self._args, "ptr", index=k) for k in range(operands)]
        self.sizes = [f.load(self._args, "int64", index=operands + k) for k in range(sizes)]
        self.number: Value = constant(0, "int64")

    # ------------------------------------------------------------------ values

    def integer(self, value: int) -> Value:
        """An integer literal."""
        return constant(value, "int64")

    def add(self, *terms: Value | int) -> Value:
        """A sum of integers."""
        return self._chain("add", terms)

    def mul(self, *factors: Value | int) -> Value:
        """A product of integers."""
        return self._chain("mul", factors)

    def _chain(self, op: str, values: tuple[Value | int, ...]) -> Value:
        first, *rest = [self.integer(v) if isinstance(v, int) else v for v in values]
        for value in rest:
            first = self.f.binary(op, first, value)
        return first

    def at_least_one(self, value: Value) -> Value:
        """A leading dimension: routines refuse 0."""
        return self.f.select(self.f.compare("gt", value, self.integer(0)), value, self.integer(1))

    def least(self, x: Value, y: Value) -> Value:
        """The smaller of two integers."""
        return self.f.select(self.f.compare("lt", x, y), x, y)

    def matrix(self, operand: int, elements: Value | int, dtype: str = "") -> Value:
        """The present matrix (or vector, or number) of an operand that holds `elements` for each."""
        return self.f.offset(self.pointers[operand], self.mul(self.number, elements), dtype or self.dtype)

    def at(self, pointer: Value, *index: Value) -> Value:
        """The address of an element: of a place, or of (row, column, elements in a row)."""
        place = index[0] if len(index) == 1 else self.add(self.mul(index[0], index[2]), index[1])
        return self.f.offset(pointer, place, self.dtype)

    def number_of(self, value: float) -> Value:
        """A literal of the element type."""
        return constant(value, self.dtype)

    # ------------------------------------------------------------------ calls

    def ref(self, value: Value | int) -> Value:
        """An integer in memory."""
        slot = self.f.offset(self._slots, self._used, "int64")
        self._used += 1
        assert self._used <= SLOTS, "a kernel keeps more integers than there are slots"
        self.f.store(self.integer(value) if isinstance(value, int) else value, slot)
        return slot

    def char(self, letter: str) -> Value:
        """A character in memory."""
        name = f"letter.{letter}"
        if not self.module.defines(name):
            with_name = f'@{name} = private unnamed_addr constant [1 x i8] c"{letter}"'
            self.module.define_text(name, with_name)
        return Value(f"@{name}", "ptr")

    def word(self, name: str) -> Value:
        """An address, or a fact of the library, among the arguments."""
        full = PREFIX + name
        if full not in self.external:
            self.external.append(full)
        return self.f.load(self._args, "int64", index=self._words + self.external.index(full))

    def fortran(self, stem: str, *operands: Value, letters: int) -> Value:
        """Call a routine of the element type; the value that it leaves in its last argument, ``info``.

        `letters` says how many character operands there are: their lengths follow as hidden arguments.
        """
        info = self.ref(0)
        lengths = [self.integer(1)] * letters
        self._invoke(f"{'s' if self.dtype == 'float32' else 'd'}{stem}_", [*operands, info, *lengths])
        return self.f.load(info, "int64")

    def cblas(self, stem: str, modes: tuple[int, ...], *operands: Value) -> None:
        """Call a routine of the C interface, of the element type."""
        name = f"cblas_{'s' if self.dtype == 'float32' else 'd'}{stem}"
        self._invoke(name, [*(constant(mode, "int32") for mode in modes), *operands])

    def _invoke(self, name: str, operands: list[Value]) -> None:
        address = self.word(name)
        pointer = self.f.emit(f"inttoptr i64 {address.name} to ptr", "ptr")
        self.f.do(f"call void {pointer.name}({', '.join(map(repr, operands))})")

    def fail_if(self, condition: Value) -> None:
        """Return a failure."""
        with self.f.if_(condition):
            self.f.ret(constant(FAILED, "int32"))

    def fail_on_zero(self, diagonal_of: Value, n: Value) -> None:
        """Return a failure where there is a zero on the diagonal of an n by n matrix."""
        f = self.f
        with f.loop_carried(0, n, 1, [constant(False, "bool")]) as loop:
            value = f.load(self.at(diagonal_of, loop.index, loop.index, n), self.dtype)
            zero = f.compare("eq", value, self.number_of(0.0))
            loop.update(f.binary("or", loop.values[0], zero))
        self.fail_if(loop.values[0])

    # ------------------------------------------------------------------ movement

    def copy(self, target: Value, source: Value, count: Value) -> None:
        """Copy elements."""
        self.f.call(_copy(self.module, self.dtype), [target, source, count])

    def clear(self, target: Value, count: Value) -> None:
        """Fill with zeros."""
        self.f.call(_clear(self.module, self.dtype), [target, count])

    def transpose(self, target: Value, source: Value, rows: Value, columns: Value, width: Value | None = None) -> None:
        """``target[j, i] = source[i, j]`` for a dense `source` of `rows` by `columns`; rows of target have `width`."""
        self.f.call(_transpose(self.module, self.dtype), [target, source, rows, columns, width or rows])

    def mirror(self, a: Value, n: Value) -> None:
        """Copy what is below the diagonal above it."""
        self.f.call(_mirror(self.module, self.dtype), [a, n])

    def keep_lower(self, target: Value, source: Value, n: Value) -> None:
        """Copy the lower triangle, zeros above it."""
        with self.f.loop(0, n) as i:
            start, kept = self.mul(i, n), self.add(i, 1)
            self.copy(self.at(target, start), self.at(source, start), kept)
            self.clear(self.at(target, self.add(start, kept)), self.f.binary("sub", n, kept))


LANES = 8


def _copy(module: Module, dtype: str) -> str:
    name = f"library.copy.{dtype}"
    if not module.defines(name):
        with module.function(name, {"target": "ptr", "source": "ptr", "count": "int64"}, shared=True) as f:
            target, source, count = f.args
            whole = f.binary("and", count, f.const(-LANES, "int64"))
            with f.loop(0, whole, LANES) as i:
                f.store(f.load(source, dtype, LANES, index=i), target, index=i)
            with f.loop(whole, count) as i:
                f.store(f.load(source, dtype, index=i), target, index=i)
    return name


def _clear(module: Module, dtype: str) -> str:
    name = f"library.clear.{dtype}"
    if not module.defines(name):
        with module.function(name, {"target": "ptr", "count": "int64"}, shared=True) as f:
            target, count = f.args
            whole = f.binary("and", count, f.const(-LANES, "int64"))
            with f.loop(0, whole, LANES) as i:
                f.store(f.const(0.0, dtype, LANES), target, index=i)
            with f.loop(whole, count) as i:
                f.store(f.const(0.0, dtype), target, index=i)
    return name


TILE = 16


def _transpose(module: Module, dtype: str) -> str:
    """In tiles, so that both sides stay in cache."""
    name = f"library.transpose.{dtype}"
    if not module.defines(name):
        sizes = dict.fromkeys(("rows", "columns", "width"), "int64")
        with module.function(name, {"target": "ptr", "source": "ptr", **sizes}, shared=True) as f:
            target, source, rows, columns, width = f.args
            with f.loop(0, rows, TILE) as top, f.loop(0, columns, TILE) as left:
                bottom, right = (_end(f, start, stop) for start, stop in ((top, rows), (left, columns)))
                with f.loop(left, right) as j, f.loop(top, bottom) as i:
                    value = f.load(source, dtype, index=f.binary("add", f.binary("mul", i, columns), j))
                    f.store(value, target, index=f.binary("add", f.binary("mul", j, width), i))
    return name


def _mirror(module: Module, dtype: str) -> str:
    """In tiles; elements are written along rows."""
    name = f"library.mirror.{dtype}"
    if not module.defines(name):
        with module.function(name, {"a": "ptr", "n": "int64"}, shared=True) as f:
            a, n = f.args
            with f.loop(0, n, TILE) as top, f.loop(0, f.binary("add", top, f.const(1, "int64")), TILE) as left:
                bottom, right = _end(f, top, n), _end(f, left, n)
                with f.loop(left, right) as j:
                    below = f.binary("add", j, f.const(1, "int64"))
                    first = f.select(f.compare("gt", below, top), below, top)
                    with f.loop(first, bottom) as i:
                        value = f.load(a, dtype, index=f.binary("add", f.binary("mul", i, n), j))
                        f.store(value, a, index=f.binary("add", f.binary("mul", j, n), i))
    return name


def _end(f: Function, start: Value, stop: Value) -> Value:
    end = f.binary("add", start, f.const(TILE, "int64"))
    return f.select(f.compare("lt", end, stop), end, stop)
