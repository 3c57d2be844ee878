"""Expansion of deferred gradients: every ``gradient`` node becomes the vector-Jacobian product it stands for.

Inner gradients come first, since an outer one differentiates what they became: any order of derivative follows.
"""

from __future__ import annotations

from collections.abc import Sequence

from graphc.autodiff.jacobian import jacobian_node
from graphc.autodiff.reverse import vjp
from graphc.ir.node import Node
from graphc.ir.program import Program, reachable
from graphc.ops.builder import Builder
from graphc.ops.control import with_changed_bodies

BOUNDARIES = ("identity", "stop_gradient", "fed", "override")


def expand_gradients(program: Program, builder: Builder) -> Program:
    """The program without ``gradient`` nodes and without the boundaries they needed.

    Parameters
    ----------
    program : Program
    builder : Builder
        The builder of its nodes.

    Returns
    -------
    Program
    """
    return drop_boundaries(_expanded(program, builder), builder)


def expand_nodes(results: Sequence[Node], builder: Builder) -> list[Node]:
    """These nodes without ``gradient`` nodes among what they are computed from."""
    origin = builder.current_origin
    expanded = _expanded(Program((), tuple(results), (), (), (), ()), builder)
    builder.current_origin = origin
    return list(expanded.outputs)


def _expanded(program: Program, builder: Builder) -> Program:
    """The program without ``gradient`` nodes, those in bodies first."""
    program = with_changed_bodies(program, builder, lambda part: _expanded(part, builder))
    new: dict[Node, Node] = {}
    expanded: dict[Node, list[Node]] = {}
    for node in reachable(program.roots):
        inputs = [new[n] for n in node.inputs if n in new]
        builder.current_origin = builder.origins.get(node, frozenset())
        if node.op == "gradient":
            expanded[node] = _expand(node, inputs, builder)
            new[node] = inputs[0]
        elif node.op == "jacobian":
            new[node] = jacobian_node(inputs[0], inputs[1], builder)
        elif node.op == "item" and node.inputs[0] in expanded:
            new[node] = expanded[node.inputs[0]][node.attrs["index"]]
        else:
            new[node] = builder.rebuild(node, inputs)
    builder.current_origin = frozenset()
    return program.replace_results(new)


def _expand(node: Node, inputs: list[Node], builder: Builder) -> list[Node]:
    count, wanted, given = node.attrs["ys"], node.attrs["xs"], node.attrs["given"]
    ys, xs, rest = inputs[:count], inputs[count : count + wanted], inputs[count + wanted :]
    seeds, stop = iter(rest[: sum(given)]), rest[sum(given) :]
    cotangents = [
        next(seeds) if has_seed else builder.full(1.0, y.dtype, y.shape) for y, has_seed in zip(ys, given, strict=True)
    ]
    found = vjp(ys, xs, cotangents, stop)
    return [builder.full(0.0, x.dtype, x.shape) if g is None else g for g, x in zip(found, xs, strict=True)]


def drop_boundaries(program: Program, builder: Builder) -> Program:
    """The program without identities and feeds of computed tensors: what they kept apart may merge now."""
    program = with_changed_bodies(program, builder, lambda part: drop_boundaries(part, builder))
    new: dict[Node, Node] = {}
    for node in reachable(program.roots):
        inputs = [new[n] for n in node.inputs]
        builder.current_origin = builder.origins.get(node, frozenset())
        new[node] = inputs[0] if node.op in BOUNDARIES else builder.rebuild(node, inputs)
    builder.current_origin = frozenset()
    return program.replace_results(new)
