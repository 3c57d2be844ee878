"""Expansion of gradients."""

from __future__ import annotations

from graphc.ir.program import Program, reachable
from graphc.ops.builder import Builder
from graphc.rewrite.driver import roots


def expand_gradients(program: Program, builder: Builder) -> Program:
    """Replace ``gradient`` nodes by the nodes that compute them, inner ones first."""
    if not any(node.op == "gradient" for node in reachable(roots(program))):
        return program
    from graphc.autodiff.expand import expand_gradients as expand

    expanded: Program = expand(program, builder)
    return expanded
