"""``theano.printing``: expressions as text, and values printed when they are computed."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

import graphc as gc
from graphc.graph.operation import Operation, Tensor
from graphc.graph.store import Store
from graphc.graph.variable import Variable
from graphc.session.hosted import add_hosted

__all__ = ["Print", "debugprint", "pp", "pprint"]

_INFIX = {
    "add": "+", "sub": "-", "mul": "*", "divide": "/", "floordiv": "//", "mod": "%", "pow": "**", "matmul": "\\dot",
    "dot": "\\dot", "less": "<", "greater": ">", "less_equal": "<=", "greater_equal": ">=", "equal": "==",
    "not_equal": "!=",
}  # fmt: skip


class _Printer:
    """What prints the value of an operation's input after the run."""

    def __init__(self, message: str, attributes: Sequence[str]) -> None:
        self.message = message
        self.attributes = attributes

    def accept(self, store: Store, values: Sequence[np.ndarray]) -> None:
        """Print."""
        for name in self.attributes:
            found: Any = getattr(values[0], name)
            print(self.message, name, "=", found() if callable(found) else found)


class Print:
    """A function of a tensor that gives the tensor, and prints its value after each run that needs it.

    Parameters
    ----------
    message : str
    attrs : sequence of str
        What to print of the value: attributes or methods of an array.
    """

    def __init__(self, message: str = "", attrs: Sequence[str] = ("__str__",), global_fn: Any = None) -> None:
        self.printer = _Printer(message, attrs)

    def __call__(self, x: Any) -> Tensor:
        """The tensor, to be used in the place of `x`."""
        tensor = gc.identity(x)
        sink = tensor.graph.add("print", "print", [tensor], None, (), {"sink": self.printer}, [])
        with gc.control_dependencies([add_hosted(sink)]):
            printed: Tensor = gc.identity(tensor)
        return printed


def _name(tensor: Tensor) -> str:
    variable = tensor.op.kwargs.get("variable")
    label = tensor.label or (variable.label if isinstance(variable, Variable) else None)
    return label or tensor.op.name


def _held(op: Operation) -> str:
    """A constant's value."""
    value: Any = op.args[0] if op.args else ""
    return str(getattr(value, "array", value))


def pprint(x: Any) -> str:
    """An expression as one line, with infix operators."""
    tensor = x.value() if isinstance(x, Variable) else x
    op = tensor.op
    if op.type in ("constant", "identity") and not op.inputs:
        return _held(op)
    if not op.inputs:
        return _name(tensor)
    operands = [pprint(t) for t in op.inputs]
    if op.type in _INFIX:
        # Operands that are no tensors stand among the arguments.
        given = [operands[a.index] if hasattr(a, "index") and hasattr(a, "__slots__") else _literal(a) for a in op.args]
        return f"({given[0]} {_INFIX[op.type]} {given[1]})"
    return f"{op.type}({', '.join(operands)})"


def _literal(value: Any) -> str:
    return str(getattr(value, "array", value))


pp = pprint


def debugprint(obj: Any, depth: int = -1, print_type: bool = False, file: Any = None, **ignored: Any) -> str | None:
    """A graph as an indented tree, printed; returned for ``file="str"``.

    Parameters
    ----------
    obj : Tensor, Variable, Function, or a list of these
    depth : int
        Levels to show, all for -1.
    print_type : bool
        Show element types and shapes, too.
    file : file or "str", optional
    """
    if isinstance(obj, gc.Function):
        obj = [t for t in obj.outputs if isinstance(t, Tensor)]
    lines: list[str] = []
    seen: dict[Tensor, int] = {}

    def visit(tensor: Tensor, level: int) -> None:
        known = tensor in seen
        number = seen.setdefault(tensor, len(seen))
        kind = f" <{tensor.dtype.name} {tensor.shape}>" if print_type else ""
        shown = f"{tensor.op.type} {_name(tensor)}" if tensor.op.inputs else _name(tensor)
        lines.append(f"{' |' * level}{shown} [id {number}]{kind}")
        if known or level == depth - 1:
            return
        for operand in tensor.op.inputs:
            visit(operand, level + 1)

    for item in obj if isinstance(obj, list | tuple) else [obj]:
        visit(item.value() if isinstance(item, Variable) else item, 0)
    text = "\n".join(lines) + "\n"
    if file == "str":
        return text
    (file or sys.stdout).write(text)
    return None
