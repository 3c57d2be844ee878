"""Loops that do the same work become one; what no one uses of a branch or loop is left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from graphc.ir.body import Body, bodies_of
from graphc.ir.node import Node
from graphc.ir.program import Program, reachable
from graphc.ops.builder import Builder


def share_loops(program: Program, builder: Builder) -> tuple[Program, Mapping[str, int]]:
    """One scan for those with equal operands and carried values: a backward part stacks more of the forward steps."""
    nodes = reachable(program.roots)
    groups: dict[object, list[Node]] = {}
    for node in nodes:
        if node.op == "scan":
            groups.setdefault(_work(node), []).append(node)
    # Operands of a later group may be results of an earlier one: one at a time, the first in order.
    several = [group for group in groups.values() if len(group) > 1]
    if not several:
        return program, {}
    first = min(several, key=lambda group: group[0].id)
    result, counts = share_loops(_merged(program, first, builder), builder)
    return result, {"scans shared": counts.get("scans shared", 0) + len(first) - 1}


def _work(node: Node) -> object:
    body: Body = node.attrs["body"]
    carried = node.attrs["carried"]
    rest = tuple(v for k, v in sorted(node.attrs.items()) if k != "body")
    return node.inputs, rest, body.parameters, body.results[:carried]


def _merged(program: Program, group: list[Node], builder: Builder) -> Program:
    carried = group[0].attrs["carried"]
    outputs = dict.fromkeys(r for node in group for r in node.attrs["body"].results[carried:])
    body: Body = group[0].attrs["body"]
    whole = Body(body.parameters, (*body.results[:carried], *outputs))
    place = {result: carried + i for i, result in enumerate(outputs)}
    members = set(group)

    def exchange(node: Node, inputs: list[Node]) -> Node | None:
        if node.op != "item" or node.inputs[0] not in members:
            return None
        old = node.inputs[0]
        index = node.attrs["index"]
        if index >= carried:
            index = place[old.attrs["body"].results[index]]
        made = builder.emit("scan", *operands[old], **{**old.attrs, "body": whole})
        _unite(builder, old, made)
        return builder.emit("item", made, index=index)

    operands: dict[Node, list[Node]] = {}
    new: dict[Node, Node] = {}
    for node in reachable(program.roots):
        inputs = [new[i] for i in node.inputs]
        if node in members:
            operands[node] = inputs
        made = exchange(node, inputs) or builder.rebuild(node, inputs)
        _unite(builder, node, made)
        new[node] = made
    return program.replace_results(new)


def _unite(builder: Builder, old: Node, new: Node) -> None:
    if old is not new and old in builder.origins:
        builder.origins[new] = builder.origins.get(new, frozenset()) | builder.origins[old]


def drop_unused(program: Program, builder: Builder) -> tuple[Program, Mapping[str, int]]:
    """Leave out results of branches and loops that no one uses, what only they carry, and operands no body reads."""
    counts: Counter[str] = Counter()
    nodes = reachable(program.roots)
    if not any(bodies_of(n) for n in nodes):
        return program, counts
    used: dict[Node, set[int]] = {}
    for node in nodes:
        if node.op == "item" and bodies_of(node.inputs[0]):
            used.setdefault(node.inputs[0], set()).add(node.attrs["index"])
    new: dict[Node, Node] = {}
    places: dict[Node, dict[int, int]] = {}
    for node in nodes:
        inputs = [new[i] for i in node.inputs]
        if bodies_of(node):
            made, places[node] = _slim(node, inputs, used.get(node, set()), builder, counts)
        elif node.op == "item" and node.inputs[0] in places:
            made = builder.emit("item", inputs[0], index=places[node.inputs[0]][node.attrs["index"]])
        else:
            made = builder.rebuild(node, inputs)
        _unite(builder, node, made)
        new[node] = made
    return (program.replace_results(new), counts) if counts else (program, {})


def _slim(
    node: Node, inputs: list[Node], used: set[int], builder: Builder, counts: Counter[str]
) -> tuple[Node, dict[int, int]]:
    """The node without what is not used, and where each used result went."""
    carried = node.attrs.get("carried", 0)
    lead = {"cond": 0, "while_loop": 0, "scan": 1}[node.op]
    bodies = bodies_of(node)
    step = bodies.get("body") or bodies["then"]
    alive = _alive(node, bodies, used, carried, lead)
    results = [i for i in range(len(step.results)) if i in alive or (i >= carried and i in used)]
    first = 1 if node.op == "cond" else 0
    # The condition of a loop always stays.
    ends = {key: [0] if key == "test" else results for key in bodies}
    read = {k for key, body in bodies.items() for k in _parameters_read(body.results[i] for i in ends[key])}
    count = range(len(step.parameters))
    keep = [k for k in count if k < lead or k - lead in alive or (k - lead >= carried and k in read)]
    operands = [*inputs[:first], *(inputs[first + k - lead] for k in keep[lead:])]
    where = {old: i for i, old in enumerate(results)}
    if len(results) == len(step.results) and len(keep) == len(step.parameters):
        return builder.rebuild(node, inputs), where
    counts["results dropped"] += len(step.results) - len(results)
    counts["operands dropped"] += len(step.parameters) - len(keep)
    attrs = dict(node.attrs)
    for key, body in bodies.items():
        attrs[key] = _narrow(body, keep, ends[key], builder)
    if "carried" in attrs:
        attrs["carried"] = len(alive)
    if "sequences" in attrs:
        rows = range(lead + carried, lead + carried + attrs["sequences"])
        attrs["sequences"] = sum(k in rows for k in keep)
    return builder.emit(node.op, *operands, **attrs), where


def _alive(node: Node, bodies: Mapping[str, Body], used: set[int], carried: int, lead: int) -> set[int]:
    """Carried values that a used result, the condition, or another such carried value depends on."""
    if not carried:
        return set()
    step = bodies["body"]
    roots = [r for i, r in enumerate(step.results) if i in used and i >= carried]
    if "test" in bodies:
        roots += bodies["test"].results
    alive = {i for i in used if i < carried}
    while True:
        read = _parameters_read([*roots, *(step.results[i] for i in alive)])
        grown = alive | {k - lead for k in read if 0 <= k - lead < carried}
        if grown == alive:
            return alive
        alive = grown


def _parameters_read(results: Iterable[Node]) -> set[int]:
    return {n.attrs["index"] for n in reachable(results) if n.op == "parameter"}


def _narrow(body: Body, keep: list[int], results: list[int], builder: Builder) -> Body:
    """The body with some of its parameters and results."""
    parameters = tuple(builder.parameter(i, body.parameters[k].tensor) for i, k in enumerate(keep))
    new: dict[Node, Node] = dict(zip((body.parameters[k] for k in keep), parameters, strict=True))
    for node in reachable(body.results[i] for i in results):
        if node not in new:
            new[node] = builder.rebuild(node, [new[i] for i in node.inputs])
            _unite(builder, node, new[node])
    return Body(parameters, tuple(new[body.results[i]] for i in results))
