"""A kernel ready to run: calls expanded, names resolved, code cut into straight pieces."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from graphc.ptx.errors import LaunchError, PtxSyntaxError, UnsupportedInstruction
from graphc.ptx.syntax import (
    Address,
    Block,
    Function,
    Group,
    Immediate,
    Instruction,
    Label,
    Module,
    Name,
    Negated,
    Operand,
    Pair,
    RegisterDeclaration,
    VariableDeclaration,
    Vector,
)
from graphc.ptx.values import DTYPES

__all__ = ["JUMPS", "Place", "Program", "Register", "Resolved", "Special", "Step", "link"]

SPECIAL = frozenset(
    [f"%{n}.{a}" for n in ("tid", "ntid", "ctaid", "nctaid") for a in "xyz"]
    + ["%laneid", "%warpid", "%nwarpid", "%dynamic_smem_size", "%total_smem_size", "WARP_SZ", "%clock", "%clock64"]
    + [f"%lanemask_{n}" for n in ("eq", "le", "lt", "ge", "gt")]
)
# After these a piece of straight code ends.
JUMPS = frozenset({"bra", "ret", "exit"})
# All threads of a block, or of a warp, take these together: each is a piece of its own.
TOGETHER = frozenset({"bar", "barrier", "shfl", "vote", "match", "redux"})


@dataclass(frozen=True, slots=True)
class Register:
    """A register, by a name that is unique in the kernel."""

    name: str


@dataclass(frozen=True, slots=True)
class Special:
    """A special register: ``%tid.x``."""

    name: str


@dataclass(frozen=True, slots=True)
class Place:
    """A variable: its space and offset there in bytes; those of ``global`` and ``const`` are known by name."""

    space: str
    offset: int
    name: str


Resolved = Register | Special | Place | Immediate | Vector | Address | Pair | Negated | Name


@dataclass(slots=True)
class Step:
    """One instruction of the flat code.

    Attributes
    ----------
    opcode : str
    modifiers : tuple of str
    operands : tuple of Resolved
    guard : Register or None
    negated : bool
        Whether the guard must be false.
    dtype : dtype or None
        The last type among the modifiers.
    target : int
        Of branches: the piece to go on with.
    line : int
    text : str
    """

    opcode: str
    modifiers: tuple[str, ...]
    operands: tuple[Any, ...]
    guard: Register | None
    negated: bool
    dtype: np.dtype[Any] | None
    line: int
    text: str
    target: int = -1


@dataclass(slots=True)
class Program:
    """A kernel.

    Attributes
    ----------
    name, target : str
    parameters : list of VariableDeclaration
    registers : dict of str to dtype
    pieces : list of list of Step
        Straight code: only the first and the last step of a piece can concern control.
    shared_bytes : int
        Of variables with a size; dynamic ones begin there.
    local_bytes : int
        Of one thread.
    variables : dict of str to VariableDeclaration
        In global and constant memory.
    """

    name: str
    target: str
    parameters: list[VariableDeclaration]
    registers: dict[str, np.dtype[Any]] = field(default_factory=dict)
    pieces: list[list[Step]] = field(default_factory=list)
    shared_bytes: int = 0
    local_bytes: int = 0
    variables: dict[str, VariableDeclaration] = field(default_factory=dict)

    def parameter_offsets(self) -> dict[str, int]:
        """Where each parameter lies in the block of parameters, in bytes."""
        found, at = {}, 0
        for p in self.parameters:
            at = _aligned(at, p.align)
            found[p.name] = at
            at += p.count * DTYPES[p.type].itemsize
        return found


def link(module: Module, name: str | None = None) -> Program:
    """A kernel of a module with what it calls.

    Functions are expanded where they are called: there is no stack, and no recursion.

    Parameters
    ----------
    module : Module
    name : str, optional
        The kernel; may be left out if there is one.

    Raises
    ------
    LaunchError
        If there is no such kernel.
    PtxSyntaxError
        If a name is not declared.
    UnsupportedInstruction
        If functions call themselves, or are called through a pointer.
    """
    if name is None and len(module.kernels) == 1:
        name = module.kernels[0]
    function = module.functions.get(name or "")
    if function is None or not function.is_kernel or function.body is None:
        raise LaunchError(f"the module has no kernel {name!r}; it has {', '.join(module.kernels) or 'none'}")
    return _Linker(module, function).program


def _aligned(at: int, align: int) -> int:
    return -(-at // align) * align


_Scope = dict[str, Any]


class _Linker:
    """Expands a kernel to flat code, then cuts that."""

    def __init__(self, module: Module, kernel: Function) -> None:
        self.module = module
        self.program = Program(kernel.name, module.target, list(kernel.parameters))
        self.code: list[Step | Label] = []
        self.names = 0
        outer: _Scope = {}
        for v in module.variables.values():
            outer[v.name] = self._shared(v) if v.space == "shared" else Place(v.space, 0, v.name)
            if v.space != "shared":
                self.program.variables[v.name] = v
        self.outer = outer
        places = {n: Place("kernel", at, n) for n, at in self.program.parameter_offsets().items()}
        assert kernel.body is not None
        self._block(kernel.body, [outer, places], (), "")
        self._cut()

    # Names.

    def _unique(self, name: str) -> str:
        self.names += 1
        return f"{name}.{self.names}"

    def _shared(self, v: VariableDeclaration) -> Place:
        at = _aligned(self.program.shared_bytes, v.align)
        # The size of an open array is given at launch; it follows all others.
        self.program.shared_bytes = at + v.count * DTYPES[v.type].itemsize
        return Place("shared", at, v.name)

    def _local(self, v: VariableDeclaration) -> Place:
        at = _aligned(self.program.local_bytes, v.align)
        self.program.local_bytes = at + v.count * DTYPES[v.type].itemsize
        return Place("local", at, v.name)

    def _declare(self, statements: Iterable[Any]) -> _Scope:
        scope: _Scope = {}
        for s in statements:
            if isinstance(s, RegisterDeclaration):
                for n in s.names:
                    scope[n] = Register(n if n not in self.program.registers else self._unique(n))
                    self.program.registers[scope[n].name] = DTYPES[s.type]
            elif isinstance(s, VariableDeclaration):
                scope[s.name] = self._shared(s) if s.space == "shared" else self._local(s)
            elif isinstance(s, Label):
                scope[s.name] = Label(self._unique(s.name))
        return scope

    # Code.

    def _block(self, block: Block, scopes: list[_Scope], calls: tuple[str, ...], end: str) -> None:
        scopes = [*scopes, self._declare(block.statements)]
        for s in block.statements:
            if isinstance(s, Block):
                self._block(s, scopes, calls, end)
            elif isinstance(s, Label):
                self.code.append(scopes[-1][s.name])
            elif isinstance(s, Instruction):
                if s.opcode == "call":
                    self._call(s, scopes, calls)
                elif s.opcode == "ret" and end:
                    self.code.append(
                        self._step(replace(s, opcode="bra", operands=(Name(end),)), [{end: Label(end)}, *scopes])
                    )
                else:
                    self.code.append(self._step(s, scopes))

    def _call(self, s: Instruction, scopes: list[_Scope], calls: tuple[str, ...]) -> None:
        groups = [o.items for o in s.operands if isinstance(o, Group)]
        names = [o.text for o in s.operands if isinstance(o, Name)]
        function = self.module.functions.get(names[0]) if names else None
        if function is None or function.body is None:
            raise UnsupportedInstruction(f"line {s.line}: '{s.text}' calls what the module does not contain")
        if function.name in calls:
            raise UnsupportedInstruction(f"line {s.line}: {function.name} calls itself")
        actual = [o for items in groups for o in items]
        formal = [*function.results, *function.parameters]
        if len(actual) != len(formal):
            raise PtxSyntaxError(f"line {s.line}: {function.name} has {len(formal)} parameters and results")
        bound: _Scope = {f.name: self._resolve(a, scopes, s.line) for f, a in zip(formal, actual, strict=True)}
        end = self._unique("end")
        if s.guard is not None:
            turned = s.guard.operand if isinstance(s.guard, Negated) else Negated(s.guard)
            skip = replace(s, opcode="bra", modifiers=(), operands=(Name(end),), guard=turned)
            self.code.append(self._step(skip, [{end: Label(end)}, *scopes]))
        self._block(function.body, [self.outer, bound], (*calls, function.name), end)
        self.code.append(Label(end))

    def _step(self, s: Instruction, scopes: list[_Scope]) -> Step:
        dtype = next((DTYPES[m] for m in reversed(s.modifiers) if m in DTYPES), None)
        operands = tuple(self._resolve(o, scopes, s.line) for o in s.operands)
        negated = isinstance(s.guard, Negated)
        guard = s.guard.operand if isinstance(s.guard, Negated) else s.guard
        found = None if guard is None else self._resolve(guard, scopes, s.line)
        return Step(s.opcode, s.modifiers, operands, found, negated, dtype, s.line, s.text)

    def _resolve(self, o: Operand, scopes: list[_Scope], line: int) -> Any:
        if isinstance(o, Name):
            for scope in reversed(scopes):
                if o.text in scope:
                    return scope[o.text]
            if o.text in SPECIAL:
                return Special(o.text)
            if o.text == "_":
                return o
            raise PtxSyntaxError(f"line {line}: {o.text} is not declared")
        if isinstance(o, Vector):
            return Vector(tuple(self._resolve(i, scopes, line) for i in o.items))
        if isinstance(o, Address):
            return Address(self._resolve(o.base, scopes, line), o.offset)
        if isinstance(o, Negated):
            return Negated(self._resolve(o.operand, scopes, line))
        if isinstance(o, Pair):
            return Pair(self._resolve(o.first, scopes, line), self._resolve(o.second, scopes, line))
        return o

    # Pieces.

    def _cut(self) -> None:
        pieces: list[list[Step]] = [[]]
        places: dict[str, int] = {}
        for s in self.code:
            alone = isinstance(s, Step) and s.opcode in TOGETHER
            if (isinstance(s, Label) or alone) and pieces[-1]:
                pieces.append([])
            if isinstance(s, Label):
                places[s.name] = len(pieces) - 1
                continue
            pieces[-1].append(s)
            if s.opcode in JUMPS or alone:
                pieces.append([])
        for piece in pieces:
            for s in piece:
                if s.opcode == "bra":
                    s.target = self._target(s, places)
        self.program.pieces = pieces

    @staticmethod
    def _target(s: Step, places: Mapping[str, int]) -> int:
        if len(s.operands) != 1 or not isinstance(s.operands[0], Label):
            raise PtxSyntaxError(f"line {s.line}: '{s.text}' does not branch to a label")
        return places[s.operands[0].name]
