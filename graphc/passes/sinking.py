"""Work whose result one branch alone reads is done in that branch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from graphc.ir.body import Body
from graphc.ir.node import Node
from graphc.ir.program import Program, reachable, users
from graphc.ops.builder import Builder
from graphc.passes.hoisting import VIEWS, movable, replaced

BRANCHES = ("then", "orelse")


def sink(program: Program, builder: Builder) -> tuple[Program, Mapping[str, int]]:
    """Move operations into the branch that is the only one to read their results."""
    nodes = reachable(program.roots)
    if not any(n.op == "cond" for n in nodes):
        return program, {}
    counts: Counter[str] = Counter()
    readers, kept = users(nodes), set(program.roots)
    new: dict[Node, Node] = {}
    for node in nodes:
        made = builder.rebuild(node, [new[i] for i in node.inputs])
        if node.op == "cond":
            moved = {key: _moved(node, key, nodes, readers, kept) for key in BRANCHES}
            if any(moved.values()):
                made = _rewritten(node, moved, new, builder)
                counts["operations sunk"] += sum(map(len, moved.values()))
        if made is not node and node in builder.origins:
            builder.origins[made] = builder.origins.get(made, frozenset()) | builder.origins[node]
        new[node] = made
    return (program.replace_results(new), counts) if counts else (program, {})


def _moved(cond: Node, key: str, nodes: list[Node], readers: Mapping[Node, list[Node]], kept: set[Node]) -> set[Node]:
    """What only this branch needs, if any of it is worth moving."""
    inside = {name: set(reachable(cond.attrs[name].results)) for name in BRANCHES}
    (other,) = (name for name in BRANCHES if name != key)
    parameters = cond.attrs[key].parameters
    elsewhere = {c for c, p in zip(cond.inputs[1:], parameters, strict=True) if p in inside[other]}
    start = set(cond.inputs[1:]) - elsewhere - {cond.inputs[0]}
    found: set[Node] = set()
    for node in reversed(nodes):
        if not node.inputs or node in kept or not movable(node) or node.id > cond.id:
            continue
        if all(reader in found or (reader is cond and node in start) for reader in readers[node]):
            found.add(node)
    return found if any(n.op not in VIEWS for n in found) else set()


def _rewritten(cond: Node, moved: Mapping[str, set[Node]], new: Mapping[Node, Node], b: Builder) -> Node:
    gone = set().union(*moved.values())
    outside: dict[Node, None] = dict.fromkeys(c for c in cond.inputs[1:] if c not in gone)
    for found in moved.values():
        for node in sorted(found, key=lambda n: n.id):
            outside.update((i, None) for i in node.inputs if i not in gone and not _is_free(i))
    parameters = tuple(b.parameter(i, n.tensor) for i, n in enumerate(outside))
    at = dict(zip(outside, parameters, strict=True))
    held = {}
    for key in BRANCHES:
        body: Body = cond.attrs[key]
        used = set(reachable(body.results))
        pairs = [(p, c) for p, c in zip(body.parameters, cond.inputs[1:], strict=True) if p in used]
        values = replaced([c for _, c in pairs], at, b)
        inner = {p: v for (p, _), v in zip(pairs, values, strict=True)}
        held[key] = Body(parameters, tuple(replaced(body.results, inner, b)))
    return b.emit("cond", new[cond.inputs[0]], *(new[n] for n in outside), **held)


def _is_free(node: Node) -> bool:
    """Whether a leaf may stand inside of a body."""
    return not node.inputs and node.op not in ("input", "variable", "parameter")
