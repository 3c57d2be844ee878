"""LLVM IR written as text, for kernel templates.

Text is written rather than `llvmlite.ir` objects because it is several times faster and the parser runs anyway.
`Module` collects functions and declarations; `Function` appends instructions and has structured control flow;
`Value` is an operand with a dtype (`graphc.codegen.dialect.DTYPES`, or "ptr") and a number of lanes.

A template author writes addresses and loops with `Function` and arithmetic with
`graphc.codegen.cpu.llvm_dialect.LLVMDialect`. This kernel computes ``out = exp(x) * y`` for any length, 16 elements at
a time, the last ones under a mask:

>>> from graphc.codegen.cpu.llvm_dialect import LLVMDialect
>>> def exp_times(lanes=16):
...     module = Module()
...     with module.function("kernel", {"out": "ptr", "x": "ptr", "y": "ptr", "n": "int64"}) as f:
...         out, x, y, n = f.args
...         b = LLVMDialect(f, lanes)
...         whole = f.binary("and", n, f.const(-lanes, "int64"))
...         with f.loop(0, whole, lanes) as i:
...             u, v = (f.load(p, "float32", lanes, index=i) for p in (x, y))
...             f.store(b.mul(b.exp(u), v), out, index=i)
...         with f.if_(f.compare("lt", whole, n)):
...             mask = f.tail_mask(f.binary("sub", n, whole), lanes)
...             u, v = (f.load(p, "float32", lanes, index=whole, mask=mask) for p in (x, y))
...             f.store(b.mul(b.exp(u), v), out, index=whole, mask=mask)
...     return module.text()
>>> print(exp_times()[:60])
define void @kernel(ptr noalias %out, ptr noalias %x, ptr no

Buffers of bool hold one byte per element: `load` and `store` convert. Pointers of a function are ``noalias`` unless it
is told otherwise. Scalars are values of one lane.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final

from graphc.codegen.cpu.ircontrol import Blocks
from graphc.codegen.cpu.irvalue import SCALAR, Value, constant, literal, llvm_type, size_of
from graphc.codegen.dialect import BITS, SIGNED, is_float

_FLOAT_OP: Final = {"add": "fadd", "sub": "fsub", "mul": "fmul", "div": "fdiv", "remainder": "frem"}
_INT_OP: Final = {
    "add": "add", "sub": "sub", "mul": "mul", "and": "and", "or": "or", "xor": "xor", "shl": "shl",
}  # fmt: skip
_SIGNED_OP: Final = {"quotient": "sdiv", "remainder": "srem", "shr": "ashr"}
_UNSIGNED_OP: Final = {"quotient": "udiv", "remainder": "urem", "shr": "lshr"}
_ORDERED: Final = {"eq": "oeq", "ne": "une", "lt": "olt", "le": "ole", "gt": "ogt", "ge": "oge"}


class Module:
    """Functions, global constants and the declarations they need, as text."""

    def __init__(self) -> None:
        self._declared: dict[str, str] = {}
        self._chunks: list[str] = []
        self._defined: set[str] = set()

    def declare(self, name: str, result: str, arguments: Sequence[str]) -> None:
        """Declare a function by LLVM types, once; a function this module defines needs no declaration."""
        self._declared.setdefault(name, f"declare {result} @{name}({', '.join(arguments)})")

    def defines(self, name: str) -> bool:
        """Whether a function of this name was started in this module."""
        return name in self._defined

    def global_table(self, name: str, values: Sequence[float], dtype: str) -> Value:
        """A pointer to a private constant array, made on first use."""
        if name not in self._defined:
            self._defined.add(name)
            element = SCALAR[dtype]
            body = ", ".join(f"{element} {literal(v, dtype)}" for v in values)
            array = f"[{len(values)} x {element}] [{body}]"
            self._chunks.append(f"@{name} = private unnamed_addr constant {array}, align 64")
        return Value(f"@{name}", "ptr")

    def define_text(self, name: str, text: str) -> None:
        """Add the finished definition of a name, on first use."""
        if name not in self._defined:
            self._defined.add(name)
            self._chunks.append(text)

    def append(self, text: str) -> None:
        """Add finished IR text, for example another module's function."""
        self._chunks.append(text)

    @contextmanager
    def function(
        self,
        name: str,
        arguments: Mapping[str, str],
        result: str = "void",
        *,
        lanes: int = 1,
        internal: bool = False,
        shared: bool = False,
        noinline: bool = False,
        noalias: bool = True,
    ) -> Iterator[Function]:
        """Define a function; it returns at the end of the ``with`` block unless it has done so before.

        Parameters
        ----------
        arguments
            Name to dtype, in order; ``lanes`` applies to those that are not pointers, and to the result.
        internal, noinline
            LLVM's linkage and attribute: a kernel that a driver in the same object calls should have both.
        shared
            Linking modules keeps one of several functions of this name; they must be equal.
        noalias
            Mark every pointer argument ``noalias``.
        """
        self._defined.add(name)
        values = [Value(f"%{key}", dtype, 1 if dtype == "ptr" else lanes) for key, dtype in arguments.items()]
        f = Function(self, values)
        yield f
        if not f.terminated:
            f.ret()
        mark = {True: "ptr noalias", False: "ptr"}[noalias]
        head = ", ".join(f"{mark if v.dtype == 'ptr' else v.type} {v.name}" for v in values)
        linkage = "internal " if internal else "linkonce_odr hidden " if shared else ""
        attributes = "nounwind noinline" if noinline else "nounwind"
        kind = llvm_type(result, 1 if result in ("void", "ptr") else lanes)
        body = "\n".join(f.lines)
        self._chunks.append(f"define {linkage}{kind} @{name}({head}) {attributes} {{\nentry:\n{body}\n}}")

    def text(self) -> str:
        """The whole module."""
        declared = [line for name, line in self._declared.items() if name not in self._defined]
        return "\n".join([*self._chunks, *declared]) + "\n"


class Function(Blocks):
    """Instructions of one function; control flow is `Blocks`'."""

    def __init__(self, module: Module, args: list[Value]) -> None:
        super().__init__()
        self.module, self.args = module, args

    def const(self, value: float, dtype: str, lanes: int = 1) -> Value:
        """A literal; see `constant`."""
        return constant(value, dtype, lanes)

    def _int64(self, value: Value | int) -> Value:
        return constant(value, "int64") if isinstance(value, int) else value

    # ------------------------------------------------------------------ arithmetic

    def binary(self, op: str, x: Value, y: Value, flags: str = "") -> Value:
        """One instruction for add, sub, mul, div, and, or, xor, shl, shr, quotient or remainder."""
        if is_float(x.dtype):
            word = _FLOAT_OP[op] + flags
        elif op in _INT_OP:
            word = _INT_OP[op]
        else:
            word = (_SIGNED_OP if x.dtype in SIGNED else _UNSIGNED_OP)[op]
        return self.emit(f"{word} {x.type} {x.name}, {y.name}", x.dtype, x.lanes)

    def compare(self, op: str, x: Value, y: Value) -> Value:
        """A bool for eq, ne, lt, le, gt or ge; false on NaN but for ne."""
        if is_float(x.dtype):
            word = "fcmp " + _ORDERED[op]
        elif op in ("eq", "ne"):
            word = "icmp " + op
        else:
            word = f"icmp {'s' if x.dtype in SIGNED else 'u'}{op}"
        return self.emit(f"{word} {x.type} {x.name}, {y.name}", "bool", x.lanes)

    def select(self, condition: Value, x: Value, y: Value) -> Value:
        """x or y, lane by lane."""
        text = f"select {condition.type} {condition.name}, {x.type} {x.name}, {y.type} {y.name}"
        return self.emit(text, x.dtype, x.lanes)

    def intrinsic(self, name: str, *operands: Value, flags: str = "") -> Value:
        """``llvm.<name>`` on operands of one type, with a result of that type."""
        x = operands[0]
        short = f"f{BITS[x.dtype]}" if is_float(x.dtype) else f"i{BITS[x.dtype]}"
        full = f"llvm.{name}.{short if x.lanes == 1 else f'v{x.lanes}{short}'}"
        self.module.declare(full, x.type, [x.type] * len(operands))
        return self.emit(f"call{flags} {x.type} @{full}({', '.join(map(repr, operands))})", x.dtype, x.lanes)

    def call(self, name: str, operands: Sequence[Value], result: str = "void", lanes: int = 1) -> Value | None:
        """Call a function of this module or an external one; None if it returns nothing."""
        kind = llvm_type(result, lanes)
        self.module.declare(name, kind, [x.type for x in operands])
        text = f"call {kind} @{name}({', '.join(map(repr, operands))})"
        if result == "void":
            self.do(text)
            return None
        return self.emit(text, result, lanes)

    # ------------------------------------------------------------------ memory

    def offset(self, pointer: Value, index: Value | int, dtype: str) -> Value:
        """The address of element `index` (int64) of a buffer of `dtype`."""
        if isinstance(index, int) and index == 0:
            return pointer
        element = "i8" if dtype == "bool" else SCALAR[dtype]
        return self.emit(f"getelementptr inbounds {element}, ptr {pointer.name}, {self._int64(index)!r}", "ptr")

    def load(
        self,
        pointer: Value,
        dtype: str,
        lanes: int = 1,
        *,
        index: Value | int = 0,
        mask: Value | None = None,
        align: int | None = None,
    ) -> Value:
        """Load `lanes` consecutive elements from element `index`; lanes outside `mask` are zero.

        `align` is in bytes and defaults to that of one element.
        """
        address = self.offset(pointer, index, dtype)
        memory = "uint8" if dtype == "bool" else dtype
        kind, align = llvm_type(memory, lanes), align or size_of(dtype)
        if mask is None:
            value = self.emit(f"load {kind}, {address!r}, align {align}", memory, lanes)
        else:
            name = f"llvm.masked.load.{self._suffix(memory, lanes)}.p0"
            self.module.declare(name, kind, ["ptr", "i32", mask.type, kind])
            text = f"call {kind} @{name}({address!r}, i32 {align}, {mask!r}, {kind} zeroinitializer)"
            value = self.emit(text, memory, lanes)
        return self.compare("ne", value, constant(0, memory, lanes)) if dtype == "bool" else value

    def store(
        self,
        value: Value,
        pointer: Value,
        *,
        index: Value | int = 0,
        mask: Value | None = None,
        align: int | None = None,
    ) -> None:
        """Store all lanes of `value` (those in `mask`) from element `index` on."""
        address, align = self.offset(pointer, index, value.dtype), align or size_of(value.dtype)
        if value.dtype == "bool":
            value = self.emit(f"zext {value!r} to {llvm_type('uint8', value.lanes)}", "uint8", value.lanes)
        if mask is None:
            self.do(f"store {value!r}, {address!r}, align {align}")
            return
        name = f"llvm.masked.store.{self._suffix(value.dtype, value.lanes)}.p0"
        self.module.declare(name, "void", [value.type, "ptr", "i32", mask.type])
        self.do(f"call void @{name}({value!r}, {address!r}, i32 {align}, {mask!r})")

    def gather(self, pointer: Value, dtype: str, indices: Value) -> Value:
        """Load element ``indices[k]`` into lane k, one scalar at a time."""
        if indices.lanes == 1:
            return self.load(pointer, dtype, index=indices)
        value = Value("poison", dtype, indices.lanes)
        for lane in range(indices.lanes):
            value = self.insert(value, self.load(pointer, dtype, index=self.extract(indices, lane)), lane)
        return value

    def tail_mask(self, count: Value, lanes: int) -> Value:
        """A mask of the first `count` (int64) lanes."""
        return self.compare("lt", self.iota(lanes), self.splat(count, lanes))

    @staticmethod
    def _suffix(dtype: str, lanes: int) -> str:
        short = f"{'f' if is_float(dtype) else 'i'}{BITS[dtype]}"
        return short if lanes == 1 else f"v{lanes}{short}"

    # ------------------------------------------------------------------ lanes

    def iota(self, lanes: int, dtype: str = "int64") -> Value:
        """The lanes' numbers, 0, 1, 2, ..."""
        element = SCALAR[dtype]
        return Value("<" + ", ".join(f"{element} {k}" for k in range(lanes)) + ">", dtype, lanes, True)

    def insert(self, vector: Value, scalar: Value, lane: int | Value) -> Value:
        """`vector` with one lane replaced."""
        text = f"insertelement {vector!r}, {scalar!r}, {self._int64(lane)!r}"
        return self.emit(text, vector.dtype, vector.lanes)

    def extract(self, vector: Value, lane: int) -> Value:
        """One lane as a scalar."""
        return vector if vector.lanes == 1 else self.emit(f"extractelement {vector!r}, i32 {lane}", vector.dtype)

    def extract_at(self, vector: Value, lane: Value) -> Value:
        """The lane (int64) as a scalar."""
        return self.emit(f"extractelement {vector!r}, {lane!r}", vector.dtype)

    def mask_bits(self, mask: Value) -> Value:
        """The lanes of a bool vector as the low bits of an int64."""
        packed = self.emit(f"bitcast {mask!r} to i{mask.lanes}", "int64")
        return self.emit(f"zext i{mask.lanes} {packed.name} to i64", "int64")

    def lowest_bit(self, bits: Value) -> Value:
        """The number of the lowest set bit of an int64 that is not 0."""
        self.module.declare("llvm.cttz.i64", "i64", ["i64", "i1"])
        return self.emit(f"call i64 @llvm.cttz.i64({bits!r}, i1 true)", "int64")

    def splat(self, scalar: Value, lanes: int) -> Value:
        """A scalar in every lane."""
        if lanes == 1 or scalar.lanes == lanes:
            return scalar
        if scalar.literal:
            return Value(f"splat ({scalar!r})", scalar.dtype, lanes, True)
        first = self.insert(Value("poison", scalar.dtype, lanes), scalar, 0)
        return self.emit(
            f"shufflevector {first!r}, {first.type} poison, <{lanes} x i32> zeroinitializer", scalar.dtype, lanes
        )

    def reduce(self, combine: Callable[[Value, Value], Value], vector: Value) -> Value:
        """Combine all lanes by halves: lane k with lane k + n/2, down to one. The order is part of the result."""
        while vector.lanes > 1:
            half = vector.lanes // 2
            if half == 1:
                return combine(self.extract(vector, 0), self.extract(vector, 1))
            parts = []
            for start in (0, half):
                chosen = ", ".join(f"i32 {start + k}" for k in range(half))
                text = f"shufflevector {vector!r}, {vector.type} poison, <{half} x i32> <{chosen}>"
                parts.append(self.emit(text, vector.dtype, half))
            vector = combine(*parts)
        return vector
