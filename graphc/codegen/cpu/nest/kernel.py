"""The function under construction: operand pointers, run-time sizes, stack slots, dialects."""

from __future__ import annotations

from graphc.codegen.cpu.irtext import Function
from graphc.codegen.cpu.irvalue import Value, constant
from graphc.codegen.cpu.llvm_dialect import LLVMDialect
from graphc.codegen.cpu.nest.facts import Facts
from graphc.ir.dims import Dim


class Kernel:
    """State shared by everything that writes into one kernel.

    Operand pointers and sizes are read in the entry block; what it needs is collected on first use and put
    in front when the function is complete.

    Parameters
    ----------
    function
        The function, with arguments (args, begin, end).
    facts
        About its nest.
    vector_axis
        The axis that vectors run along.
    lanes
        Elements of a vector; 1 makes a scalar kernel.
    """

    def __init__(self, function: Function, facts: Facts, vector_axis: int, lanes: int) -> None:
        self.f, self.facts, self.vector_axis, self.lanes = function, facts, vector_axis, lanes
        self.args, self.begin, self.end = function.args
        self.sizes: dict[Dim, Value] = {}
        self._pointers: dict[int, Value] = {}
        self._slots: dict[str, Value] = {}
        self._entry: list[str] = []
        contract = not facts.reduced
        # A difference is never contracted: exp(x * c - m), m the rounded maximum of x * c, must not exceed 1.
        self._dialects = {
            (n, fuse): LLVMDialect(function, n, contract=fuse and contract)
            for n in {1, lanes}
            for fuse in (True, False)
        }

    def dialect(self, lanes: int, op: str = "add") -> LLVMDialect:
        """The dialect for values of this many lanes, as the operation `op` needs it."""
        key = (lanes, op not in ("sub", "neg"))
        if key not in self._dialects:
            self._dialects[key] = LLVMDialect(self.f, lanes, contract=False)
        return self._dialects[key]

    def pointer(self, operand: int) -> Value:
        """Where an operand begins."""
        if operand not in self._pointers:
            value = Value(f"%operand{operand}", "ptr")
            self._entry += [
                f"  {value.name}.word = getelementptr i64, ptr {self.args.name}, i64 {operand}",
                f"  {value.name} = load ptr, ptr {value.name}.word, align 8",
            ]
            self._pointers[operand] = value
        return self._pointers[operand]

    def dim(self, size: Dim) -> Value:
        """A dimension as int64: a literal, or a word that the caller passes."""
        if isinstance(size, int):
            return constant(size, "int64")
        if size not in self.sizes:
            value = Value(f"%size{len(self.sizes)}", "int64")
            word = len(self.facts.nest.operands) + len(self.sizes)
            self._entry += [
                f"  {value.name}.word = getelementptr i64, ptr {self.args.name}, i64 {word}",
                f"  {value.name} = load i64, ptr {value.name}.word, align 8",
            ]
            self.sizes[size] = value
        return self.sizes[size]

    def slot(self, name: str, size: int, *, zeroed: bool = False) -> Value:
        """Stack memory of `size` bytes, one per name."""
        if name not in self._slots:
            value = Value(f"%{name}", "ptr")
            self._entry.append(f"  {value.name} = alloca [{size} x i8], align 64")
            if zeroed:
                self._entry.append(f"  store [{size} x i8] zeroinitializer, ptr {value.name}, align 64")
            self._slots[name] = value
        return self._slots[name]

    def finish(self) -> None:
        """Put the entry block's instructions in front."""
        self.f.lines[:0] = self._entry

    # ------------------------------------------------------------------ integers and addresses

    def add(self, x: Value, y: Value) -> Value:
        """x + y of int64, without an instruction where one of them is the literal 0."""
        if y.name == "0":
            return x
        return y if x.name == "0" else self.f.binary("add", x, y)

    def times(self, x: Value, y: Value) -> Value:
        """x * y of int64, without an instruction where one of them is the literal 1."""
        if y.name == "1":
            return x
        return y if x.name == "1" else self.f.binary("mul", x, y)

    def address(self, pointer: Value, offset: Value, dtype: str) -> Value:
        """The address `offset` elements behind `pointer`; vectors of offsets give vectors of addresses.

        Not ``inbounds``: the offset of an element that is guarded away may lie outside of its operand.
        """
        if offset.name == "0" and offset.lanes == 1:
            return pointer
        element = "i8" if dtype == "bool" else Value("", dtype).type
        return self.f.emit(f"getelementptr {element}, {pointer!r}, {offset!r}", "ptr", offset.lanes)
