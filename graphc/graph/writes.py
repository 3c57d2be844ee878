"""Operations that write a variable."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from graphc.graph.graph import get_default_graph
from graphc.graph.operation import Ref, Tensor
from graphc.graph.origin import user_origin
from graphc.graph.variable import Variable


def variable_of(ref: Any) -> Variable:
    """The variable itself, if it is one.

    Raises
    ------
    TypeError
        If it is not: a tensor has no place that could be written.
    """
    if not isinstance(ref, Variable):
        raise TypeError(f"{ref!r} is no variable: only variables can be assigned to\n  at {user_origin()}")
    return ref


def add_write(
    kind: str, variable: Variable, operands: Sequence[Tensor], body: Callable[..., Any] | None, name: str | None
) -> Tensor:
    """Append an operation that writes a variable.

    Parameters
    ----------
    kind : str
        Its type, one of `graphc.session.lower.WRITES`.
    variable : Variable
    operands : sequence of Tensor
    body : callable or None
        ``body(held, *operands)`` over nodes gives the new value, or the pair of new value and result; None: the operand
        is the new value.
    name : str or None
    """
    node = variable.op.outputs[0].node
    graph = operands[0].graph if operands else get_default_graph()
    args = tuple(Ref(i) for i in range(len(operands)))
    return graph.add(kind, name, operands, body, args, {"variable": variable}, [(variable.dtype, node)]).outputs[0]
