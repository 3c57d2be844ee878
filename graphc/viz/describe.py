"""What a picture shows, from anything that can be drawn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graphc.ir.program import Program
from graphc.session.function import Function
from graphc.viz.diagram import Diagram
from graphc.viz.plan import plan_diagram
from graphc.viz.program import program_diagram
from graphc.viz.usergraph import diagram


def describe(target: Any, title: str, folded: bool = True) -> Diagram:
    """The diagram of a graph, function, program or report.

    Parameters
    ----------
    target : Graph, Tensor, Operation, Variable, sequence of these, Function, Program, or report
    title : str
    folded : bool
        Whether the largest name scopes of a large graph become one box each.

    Raises
    ------
    TypeError
        If `target` is something else.
    """
    if isinstance(target, Mapping):
        return plan_diagram(target, title)
    if isinstance(target, Program):
        return program_diagram(target, title)
    if isinstance(target, Function):
        return diagram(list(target.targets), title, folded)
    return diagram(target, title, folded)
