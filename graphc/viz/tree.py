"""A tensor as an indented tree of what it is computed from."""

from __future__ import annotations

from typing import Any

from graphc.graph.operation import Operation, Tensor
from graphc.graph.variable import Variable
from graphc.viz.usergraph import type_text


def tree(target: Tensor | Operation | Variable) -> str:
    """The tree of a tensor as text, one operation a line, operands below it and further in.

    What was shown already is named with ``...`` and not repeated. Long chains do not nest beyond Python's limits.

    Raises
    ------
    TypeError
        If `target` is something else.
    """
    if not isinstance(target, Tensor | Operation | Variable):
        raise TypeError(f"a tree needs a tensor, an operation or a variable, not {target!r}")
    lines: list[str] = []
    shown: set[Operation] = set()
    waiting: list[tuple[Any, int]] = [(target.op if isinstance(target, Variable) else target, 0)]
    while waiting:
        item, depth = waiting.pop()
        op = item.op if isinstance(item, Tensor) else item
        kind = f" : {type_text(item)}" if isinstance(item, Tensor) else ""
        again = " ..." if op in shown and op.inputs else ""
        lines.append(f"{'  ' * depth}{op.type} {item.name!r}{kind}{again}")
        if op not in shown:
            shown.add(op)
            waiting += [(tensor, depth + 1) for tensor in reversed(op.inputs)]
    return "\n".join(lines)


def dprint(target: Tensor | Operation | Variable) -> None:
    """Print the tree of a tensor: what it is computed from, without running anything.

    Examples
    --------
    >>> import graphc as gc
    >>> with gc.Graph().as_default():
    ...     x = gc.placeholder(gc.float32, [None], name="x")
    ...     y = gc.exp(x, name="y")
    ...     gc.dprint(gc.add(y, gc.sin(y, name="z"), name="both"))
    add 'both:0' : float32 [?]
      exp 'y:0' : float32 [?]
        placeholder 'x:0' : float32 [?]
      sin 'z:0' : float32 [?]
        exp 'y:0' : float32 [?] ...
    """
    print(tree(target))
