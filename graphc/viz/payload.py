"""What the page of `explain` shows, as plain data over one set of ids that is the same in every run."""

from __future__ import annotations

import os
from collections import Counter
from typing import TYPE_CHECKING, Any

from graphc.graph.origin import Origin
from graphc.ir.node import Node
from graphc.ir.program import numbered
from graphc.session.passage import DERIVATIVES
from graphc.viz.families import primitive
from graphc.viz.text import elide

if TYPE_CHECKING:
    from graphc.schedule.plan import Schedule
    from graphc.session.lower import Lowered
    from graphc.session.profile import Profile
    from graphc.session.session import Plan
    from graphc.session.stages import Stage


def payload(plan: Plan, ranks: tuple[int, ...], profile: Profile | None) -> dict[str, Any]:
    """Lines, nodes, stages, kernels, memory and times of a plan."""
    from graphc.schedule.plan import ScheduleOptions
    from graphc.schedule.switches import switched_off
    from graphc.session.build import missing_libraries, planned_within_bounds
    from graphc.session.stages import stages_of

    lowered, config = plan.lowered(ranks), plan.session.config
    stages = stages_of(lowered, config)
    last = stages[-1].program
    ids = _Ids(lowered, stages)
    off = switched_off(config.disable) | missing_libraries(last)
    _, schedule = planned_within_bounds(last, ScheduleOptions(disabled=off))
    listed = _stages(stages, ids)
    kernels, texts = _kernels(schedule, ids)
    unfused = [{"from": ids.of(a), "to": ids.of(b), "reason": reason} for a, b, reason in schedule.unfused]
    listed.append({
        "name": "fused", "doc": "The last program, its nodes within the kernels that compute them.", "rules": {},
        "added": [], "removed": [], "order": [], "changes": [], "clusters": _kernel_clusters(kernels),
    })  # fmt: skip
    memory = _memory(schedule, ids, dict(profile.sizes) if profile else {})
    times = [] if profile is None else [
        {"call": k.number, "seconds": k.seconds[1], "bytes": k.bytes, "flops": k.flops, "bound": k.bound_seconds,
         "limit": k.limit} for k in profile.timed
    ]  # fmt: skip
    return {
        "lines": ids.lines(), "nodes": ids.nodes, "kinds": ids.kinds(), "stages": listed, "kernels": kernels,
        "texts": texts, "unfused": unfused, "memory": memory, "times": times,
    }  # fmt: skip


class _Ids:
    """Ids of nodes, in the order in which stages show them first."""

    def __init__(self, lowered: Lowered, stages: list[Stage]) -> None:
        self.lowered = lowered
        self._derived = _derived(stages)
        self._sizes = Counter(min(found) for found in lowered.builder.origins.values() if found)
        self.known: dict[Node, str] = {}
        self.nodes: dict[str, dict[str, Any]] = {}
        self._kinds: dict[Any, int] = {}

    def of(self, node: Node) -> str:
        """The id of a node; its operands get theirs first."""
        stack = [node]
        while stack:
            top = stack[-1]
            missing = [i for i in top.inputs if i not in self.known]
            if top in self.known or not missing:
                stack.pop()
                if top not in self.known:
                    self._add(top)
            else:
                stack += reversed(missing)
        return self.known[node]

    def _add(self, node: Node) -> None:
        key = self.known[node] = f"n{len(self.known)}"
        inputs = [self.known[i] for i in node.inputs]
        facts = ", ".join([*inputs, *(f"{k}={elide(str(v), 1, 60)}" for k, v in sorted(node.attrs.items()))])
        kind = self._kinds.setdefault(primitive(node.op), len(self._kinds))
        text = f"{key} = {node.op}({facts}) : {node.type!r}"
        names = [op.name for op in self._operations(node)]
        if names:
            text += "\n" + ", ".join(names[:6])
        self.nodes[key] = {"op": node.op, "type": repr(node.type), "inputs": inputs, "kind": kind, "text": text}
        if node in self._derived or self._derived_by_origin(node):
            self.nodes[key]["part"] = "gradient"
        scope = self._scope(node)
        if scope:
            self.nodes[key]["scope"] = scope

    def _derived_by_origin(self, node: Node) -> bool:
        """Whether a node that passes made comes from a derivative or what follows from one."""
        if node in self._derived.forward:
            return False
        return any(op.type in DERIVATIVES for op in self._operations(node))

    def _scope(self, node: Node) -> str:
        """The name scope of the operation that a node came from, and the operation itself if many nodes did."""
        numbers = sorted(self.lowered.builder.origins.get(node, ()))
        numbers = [i for i in numbers if self.lowered.operations[i].type not in DERIVATIVES] or numbers
        if not numbers:
            return ""
        name = self.lowered.operations[numbers[0]].name
        scope = name if self._sizes[numbers[0]] > 2 else name.rpartition("/")[0]
        gradient = node in self._derived or self._derived_by_origin(node)
        return "/".join(part for part in ("gradients" if gradient else "", scope) if part)

    def _operations(self, node: Node) -> list[Any]:
        return [self.lowered.operations[i] for i in sorted(self.lowered.builder.origins.get(node, ()))]

    def kinds(self) -> list[dict[str, Any]]:
        """Families in the legend's order."""
        return [
            {"name": shape.name, "colours": [shape.fill, shape.stroke], "outline": shape.outline}
            for shape in self._kinds
        ]

    def lines(self) -> list[dict[str, Any]]:
        """The user's lines with the nodes that came from them."""
        found: dict[Origin, list[str]] = {}
        for node, key in self.known.items():
            for origin in {op.origin for op in self._operations(node) if op.origin}:
                found.setdefault(origin, []).append(key)
        return [
            {"file": os.path.basename(origin.file), "line": origin.line, "text": origin.text, "nodes": keys}
            for origin, keys in sorted(found.items(), key=lambda item: (item[0].file, item[0].line))
        ]


class _Derived(set[Node]):
    """Nodes of derivatives and what follows from them; `forward` are the others of the program as it was lowered."""

    forward: frozenset[Node] = frozenset()


def _derived(stages: list[Stage]) -> _Derived:
    found, forward = _Derived(), set()
    for stage in stages:
        for node in numbered(stage.program):
            if node.op in ("gradient", "jacobian") or any(i in found for i in node.inputs):
                found.add(node)
            else:
                forward.add(node)
        if stage.name == "lowered":
            continue
        break
    found.forward = frozenset(forward)
    return found


def _kernel_clusters(kernels: list[dict[str, Any]]) -> dict[str, str]:
    """The kernel of each node, the first where several compute it."""
    found: dict[str, str] = {}
    for number, kernel in enumerate(kernels):
        for key in kernel["nodes"]:
            found.setdefault(key, f"{number} {kernel['label'].replace('/', '÷')}")
    return found


def _stages(stages: list[Stage], ids: _Ids) -> list[dict[str, Any]]:
    """Every stage as what it adds to the one before and takes from it."""
    found: list[dict[str, Any]] = []
    before: list[str] = []
    for stage in stages:
        now = [ids.of(node) for node in numbered(stage.program)]
        old, new = set(before), set(now)
        added = [key for key in now if key not in old]
        found.append({
            "name": stage.name, "doc": stage.doc, "rules": dict(stage.report.counts) if stage.report else {},
            "added": added, "removed": [key for key in before if key not in new], "order": now if now != before else [],
            "changes": [[rule, ids.of(was), ids.of(became)] for rule, was, became in stage.changes],
        })  # fmt: skip
        before = now
    return found


def _kernels(schedule: Schedule, ids: _Ids) -> tuple[list[dict[str, Any]], list[dict[str, str]]]:
    from graphc.codegen.cpu.listing import kernel_listing
    from graphc.memory.lifetimes import base_of
    from graphc.schedule.flat import flat_calls

    texts: list[dict[str, str]] = []
    numbers: dict[Any, int] = {}
    kernels = []
    for entry in flat_calls(schedule):
        call = entry.call
        number = numbers.get(call.spec)
        if number is None:
            number = numbers[call.spec] = len(texts)
            texts.append(kernel_listing(call.spec))
        sides = {"in": [], "out": [], "inout": []}  # type: dict[str, list[str]]
        for buffer, operand in zip(call.buffers, call.spec.operands, strict=True):
            base = base_of(buffer)
            sides[operand.access].append(f"{base.name} {base.dtype} [{', '.join(map(str, base.shape))}]")
        kernels.append({
            "label": call.label, "kind": type(call.spec).__name__, "nodes": [ids.of(n) for n in call.nodes],
            "reads": [*dict.fromkeys(sides["in"] + sides["inout"])],
            "writes": [*dict.fromkeys(sides["out"] + sides["inout"])],
            "form": " > ".join([*entry.within, f"{entry.cost.flops} flops, {entry.cost.bytes} bytes"]),
            "text": number,
        })  # fmt: skip
    return kernels, texts


def _memory(schedule: Schedule, ids: _Ids, sizes: dict[str, int]) -> dict[str, Any]:
    """Places of temporaries at given sizes, those that are not known taken as typical."""
    from graphc.ir.dims import substitute, symbols
    from graphc.memory.arena import byte_size
    from graphc.memory.lifetimes import arena_lifetimes, base_of
    from graphc.schedule.plan import TYPICAL_SIZE

    arena = schedule.arena
    lives = arena_lifetimes(schedule.calls)
    names = {s for b in arena.offsets for d in b.shape for s in symbols(d)}
    names |= {s for _, f in arena.definitions for s in symbols(f)} | symbols(arena.size)
    names -= {name for name, _ in arena.definitions}
    sizes = dict.fromkeys(names, TYPICAL_SIZE) | {k: v for k, v in sizes.items() if k in names}
    offsets, size = arena.evaluate(sizes)
    made: dict[Any, list[str]] = {}
    for call in schedule.calls:
        for buffer, operand in zip(call.buffers, call.spec.operands, strict=True):
            if operand.access != "in":
                made.setdefault(base_of(buffer), [ids.of(n) for n in call.nodes])
    buffers = [
        {
            "name": b.name, "type": f"{b.dtype} [{', '.join(map(str, b.shape))}]", "offset": offset,
            "bytes": substitute(byte_size(b), dict(sizes)), "first": lives[b].first, "last": lives[b].last,
            "nodes": made.get(b, []),
        }
        for b, offset in offsets.items() if b in lives
    ]  # fmt: skip
    note = f" at {', '.join(f'{k}={v}' for k, v in sorted(sizes.items()))}" if sizes else ""
    return {"buffers": buffers, "size": size, "calls": len(schedule.calls), "note": note}
