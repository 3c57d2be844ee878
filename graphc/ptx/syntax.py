"""What the parser makes of PTX text (PTX ISA, chapters 4 and 5)."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = [
    "Address",
    "Block",
    "Function",
    "Group",
    "Immediate",
    "Instruction",
    "Label",
    "Module",
    "Name",
    "Negated",
    "Operand",
    "Pair",
    "RegisterDeclaration",
    "Statement",
    "VariableDeclaration",
    "Vector",
]


@dataclass(frozen=True, slots=True)
class Name:
    """A register, a special register, a variable, a label or a function."""

    text: str


@dataclass(frozen=True, slots=True)
class Immediate:
    """A literal, as written: its value depends on the type of the instruction."""

    text: str


@dataclass(frozen=True, slots=True)
class Vector:
    """``{a, b}``."""

    items: tuple[Operand, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """``(a, b)``: parameters or results of a call."""

    items: tuple[Operand, ...]


@dataclass(frozen=True, slots=True)
class Address:
    """``[base+offset]``, offset in bytes."""

    base: Name | Immediate
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Negated:
    """``!p``."""

    operand: Name


@dataclass(frozen=True, slots=True)
class Pair:
    """``d|p``: two results."""

    first: Name
    second: Name


Operand = Name | Immediate | Vector | Group | Address | Negated | Pair


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction.

    Attributes
    ----------
    opcode : str
        Up to the first dot: ``ld``.
    modifiers : tuple of str
        What follows it: ``("global", "v4", "f32")``.
    operands : tuple of Operand
    guard : Name or Negated or None
        The predicate under which it is executed.
    line : int
        In the text, from 1.
    text : str
        For messages.
    """

    opcode: str
    modifiers: tuple[str, ...]
    operands: tuple[Operand, ...]
    guard: Name | Negated | None
    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Label:
    """A place to branch to."""

    name: str


@dataclass(frozen=True, slots=True)
class RegisterDeclaration:
    """``.reg .b32 %r<3>;`` gives ``%r0, %r1, %r2``."""

    type: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class VariableDeclaration:
    """A variable in memory.

    Attributes
    ----------
    space : str
        ``global``, ``const``, ``shared``, ``local`` or ``param``.
    type, name : str
    count : int
        Elements; 0 for an array of open size (``.extern .shared``).
    align : int
        Bytes.
    initial : tuple of str
        Literals; fewer than `count` are followed by zeros.
    """

    space: str
    type: str
    name: str
    count: int
    align: int
    initial: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Block:
    """``{ ... }``: a scope of names."""

    statements: tuple[Statement, ...]


Statement = Instruction | Label | RegisterDeclaration | VariableDeclaration | Block


@dataclass(frozen=True, slots=True)
class Function:
    """A kernel (``.entry``) or a function that kernels call (``.func``)."""

    name: str
    is_kernel: bool
    results: tuple[VariableDeclaration, ...]
    parameters: tuple[VariableDeclaration, ...]
    body: Block | None


@dataclass(slots=True)
class Module:
    """A PTX file.

    Attributes
    ----------
    version, target : str
        ``"9.0"``, ``"sm_90"``.
    variables : dict of str to VariableDeclaration
        Of module scope.
    functions : dict of str to Function
    """

    version: str = ""
    target: str = ""
    variables: dict[str, VariableDeclaration] = field(default_factory=dict)
    functions: dict[str, Function] = field(default_factory=dict)

    @property
    def kernels(self) -> list[str]:
        """Names of the kernels, in order."""
        return [f.name for f in self.functions.values() if f.is_kernel]
