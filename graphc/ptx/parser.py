"""PTX text to syntax."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

from graphc.ptx.errors import PtxSyntaxError
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
    Statement,
    VariableDeclaration,
    Vector,
)
from graphc.ptx.values import DTYPES

__all__ = ["parse"]

_TOKEN = re.compile(
    r"""(?P<space>\s+|//[^\n]*|/\*.*?\*/)
    |(?P<string>"[^"]*")
    |(?P<number>0[fF][0-9a-fA-F]{8}\b|0[dD][0-9a-fA-F]{16}\b|-?0[xX][0-9a-fA-F]+U?|-?\d+\.\d+|-?\d+U?)
    |(?P<directive>\.[A-Za-z_]\w*)
    |(?P<word>[A-Za-z_$%][\w$%]*(?:(?:\.|::)[A-Za-z_$%\d][\w$%]*)*)
    |(?P<mark>[{}\[\]()<>,;:@!|=+])""",
    re.X | re.S,
)
_SPACES = (".global", ".const", ".shared", ".local", ".param")
_LINKING = (".visible", ".extern", ".weak", ".common")
# Facts about a kernel that do not change what it computes; each is followed by numbers.
_PERFORMANCE = (".maxntid", ".reqntid", ".minnctapersm", ".maxnctapersm", ".maxnreg", ".noreturn")

_Item = TypeVar("_Item")


class _Token(str):
    """A piece of the text with its kind and its line."""

    __slots__ = ("kind", "line")
    kind: str
    line: int


def _tokens(text: str) -> list[_Token]:
    # Lines for debuggers end without a semicolon; they are dropped, the numbers of lines stay.
    text = re.sub(r"(?m)^\s*\.(loc|file)\b[^\n]*$", "", text)
    found: list[_Token] = []
    position, line = 0, 1
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise PtxSyntaxError(f"line {line}: cannot read {text[position : position + 20]!r}")
        if match.lastgroup != "space":
            token = _Token(match[0])
            token.kind, token.line = str(match.lastgroup), line
            found.append(token)
        line += match[0].count("\n")
        position = match.end()
    return found


def parse(text: str) -> Module:
    """Read a PTX file.

    Parameters
    ----------
    text : str

    Returns
    -------
    Module

    Raises
    ------
    PtxSyntaxError
        With the line, if the text is no PTX, or uses directives that compilers of kernels do not write.

    Examples
    --------
    >>> module = parse('''.version 8.0
    ... .target sm_80
    ... .address_size 64
    ... .visible .entry nothing() { ret; }''')
    >>> module.target, module.kernels
    ('sm_80', ['nothing'])
    """
    return _Parser(_tokens(text)).module()


class _Parser:
    """Recursive descent over the tokens."""

    def __init__(self, tokens: list[_Token]) -> None:
        self.tokens, self.at = tokens, 0

    # Tokens.

    def peek(self, ahead: int = 0) -> str:
        return self.tokens[self.at + ahead] if self.at + ahead < len(self.tokens) else ""

    def take(self, *wanted: str) -> _Token:
        if self.at >= len(self.tokens):
            raise PtxSyntaxError(f"the text ends where {' or '.join(wanted) or 'more'} should follow")
        token = self.tokens[self.at]
        if wanted and token not in wanted:
            raise PtxSyntaxError(f"line {token.line}: {' or '.join(wanted)} should stand where {token!s} is")
        self.at += 1
        return token

    def took(self, wanted: str) -> bool:
        if self.peek() == wanted:
            self.at += 1
            return True
        return False

    def separated(self, close: str, item: Callable[[], _Item]) -> list[_Item]:
        """Items between commas, up to and with the closing mark."""
        found: list[_Item] = []
        while not self.took(close):
            if found:
                self.take(",")
            found.append(item())
        return found

    # Modules.

    def module(self) -> Module:
        made = Module()
        while self.at < len(self.tokens):
            token = self.take()
            if token == ".version":
                made.version = self.take()
            elif token == ".target":
                made.target = self.take()
                while self.took(","):
                    self.take()
            elif token == ".address_size":
                self.take("64")
            elif token in _LINKING or token == ";":
                continue
            elif token in _SPACES:
                variable = self.variable(token)
                made.variables[variable.name] = variable
            elif token in (".entry", ".func"):
                function = self.function(token == ".entry")
                if function.body is not None or function.name not in made.functions:
                    made.functions[function.name] = function
            else:
                raise PtxSyntaxError(f"line {token.line}: {token!s} is not understood")
        return made

    def function(self, is_kernel: bool) -> Function:
        results = self.separated(")", self.parameter) if self.took("(") else []
        name = self.take()
        parameters = self.separated(")", self.parameter) if self.took("(") else []
        while self.peek() in _PERFORMANCE:
            self.take()
            while self.peek() == "," or getattr(self.tokens[self.at], "kind", "") == "number":
                self.take()
        body = None if self.took(";") else self.block()
        return Function(str(name), is_kernel, tuple(results), tuple(parameters), body)

    def parameter(self) -> VariableDeclaration:
        self.take(".param")
        return self.declared(".param")

    # Declarations.

    def variable(self, space: str) -> VariableDeclaration:
        found = self.declared(space)
        self.take(";")
        return found

    def declared(self, space: str) -> VariableDeclaration:
        """What follows the space: alignment, type, name, size, first values."""
        align, kind, lanes = 0, "", 1
        while self.peek().startswith("."):
            token = self.take()
            if token == ".align":
                # Behind .ptr it speaks of what is pointed to.
                number = int(self.take())
                align = align or number
            elif token[1:] in DTYPES:
                kind = token[1:]
            elif token in (".v2", ".v4"):
                lanes = int(token[2])
            elif token == ".ptr":
                align = align or 8
            elif token not in _SPACES:
                raise PtxSyntaxError(f"line {token.line}: {token!s} in a declaration is not understood")
        name, count = self.take(), lanes
        if not kind:
            raise PtxSyntaxError(f"line {name.line}: {name!s} has no type that is known")
        while self.took("["):
            count = 0 if self.peek() == "]" else count * int(self.take(), 0)
            self.take("]")
        initial = tuple(self.first_values()) if self.took("=") else ()
        return VariableDeclaration(
            space[1:], kind, str(name), count, align or lanes * DTYPES[kind].itemsize, initial
        )  # fmt: skip

    def first_values(self) -> list[str]:
        return [str(t) for t in self.separated("}", self.take)] if self.took("{") else [str(self.take())]

    def registers(self) -> RegisterDeclaration:
        kind, names = self.take()[1:], []
        if kind not in DTYPES:
            raise PtxSyntaxError(f"line {self.tokens[self.at - 1].line}: registers of type .{kind} are not known")
        while True:
            name = str(self.take())
            if self.took("<"):
                names += [f"{name}{i}" for i in range(int(self.take()))]
                self.take(">")
            else:
                names.append(name)
            if self.take(",", ";") == ";":
                return RegisterDeclaration(kind, tuple(names))

    # Code.

    def block(self) -> Block:
        self.take("{")
        found: list[Statement] = []
        while not self.took("}"):
            token = self.peek()
            if token == "{":
                found.append(self.block())
            elif token == ".reg":
                self.take()
                found.append(self.registers())
            elif token in _SPACES:
                found.append(self.variable(self.take()))
            elif token == ".pragma":
                while self.take() != ";":
                    pass
            elif token == ".extern":
                self.take()
            elif self.peek(1) == ":":
                found.append(Label(str(self.take())))
                self.take(":")
            elif token != ";":
                found.append(self.instruction())
            else:
                self.take()
        return Block(tuple(found))

    def instruction(self) -> Instruction:
        start, guard = self.at, None
        if self.took("@"):
            negated = self.took("!")
            name = Name(str(self.take()))
            guard = Negated(name) if negated else name
        word = self.take()
        if word.kind != "word":
            raise PtxSyntaxError(f"line {word.line}: an instruction should stand where {word!s} is")
        opcode, *modifiers = re.split(r"\.|::", word)
        operands = self.separated(";", self.operand)
        text = " ".join(self.tokens[start : self.at - 1]).replace(" ,", ",").replace("[ ", "[").replace(" ]", "]")
        return Instruction(opcode, tuple(modifiers), tuple(operands), guard, word.line, text)

    def operand(self) -> Operand:
        if self.took("{"):
            return Vector(tuple(self.separated("}", self.operand)))
        if self.took("("):
            return Group(tuple(self.separated(")", self.operand)))
        if self.took("["):
            return self.address()
        if self.took("!"):
            return Negated(Name(str(self.take())))
        token = self.take()
        if token.kind == "number":
            return Immediate(str(token))
        if token.kind != "word":
            raise PtxSyntaxError(f"line {token.line}: an operand should stand where {token!s} is")
        if self.took("|"):
            return Pair(Name(str(token)), Name(str(self.take())))
        return Name(str(token))

    def address(self) -> Address:
        token, offset = self.take(), 0
        if self.took("+"):
            offset = int(self.take(), 0)
        elif getattr(self.tokens[self.at], "kind", "") == "number":
            # "[%rd1-8]" has no plus.
            offset = int(self.take(), 0)
        self.take("]")
        return Address(Immediate(str(token)) if token.kind == "number" else Name(str(token)), offset)
