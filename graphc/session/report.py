"""What the compiler did, as plain data and as text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from graphc.codegen.cpu.assemble import Assembled
    from graphc.ir.dims import Dim
    from graphc.loops.spec import KernelCall
    from graphc.memory.arena import Arena
    from graphc.passes.kind import PassReport
    from graphc.schedule.flat import FlatCall
    from graphc.schedule.plan import Schedule


#: Characters of a formula that still reads as one.
LONGEST_FORMULA = 100


def compile_report(
    schedule: Schedule,
    assembled: Assembled,
    passes: list[PassReport],
    seconds: dict[str, float],
    disabled: frozenset[str] = frozenset(),
) -> dict[str, Any]:
    """The report of one compilation; sizes are formulas over the symbols of the feeds, as text.

    The ``work`` of a call is its bytes and flops where every symbol is `TYPICAL_SIZE`: a number to compare calls by.
    """
    from graphc.schedule.flat import flat_calls

    flat = flat_calls(schedule)
    return {
        "seconds": {**seconds, "total": sum(seconds.values())},
        "kernels": {"emitted": assembled.kernels, "called": _kernel_calls(flat), "host": len(assembled.hosts)},
        "calls": [
            {
                "label": entry.call.label,
                "kind": type(entry.call.spec).__name__,
                "within": list(entry.within),
                "times": "unknown" if entry.times is None else str(entry.times),
                "bytes": str(entry.cost.bytes),
                "flops": str(entry.cost.flops),
                "work": _at_typical_sizes(entry.cost.bytes + entry.cost.flops),
                "reads": _buffers(entry.call, "in", "inout"),
                "writes": _buffers(entry.call, "out", "inout"),
            }
            for entry in flat
        ],
        "bytes": str(sum((c.bytes for c in schedule.costs), 0)),
        "flops": str(sum((c.flops for c in schedule.costs), 0)),
        "arena_bytes": _arena_formula(schedule.arena),
        "backend": _backend(schedule, assembled, disabled),
        "object_bytes": len(assembled.code.data),
        "passes": [
            {
                "name": p.name,
                "seconds": p.seconds,
                "nodes": [p.nodes_before, p.nodes_after],
                "edges": [p.edges_before, p.edges_after],
                "rules": dict(p.counts),
            }
            for p in passes
        ],
        "unfused": [{"from": a.op, "to": b.op, "reason": reason} for a, b, reason in schedule.unfused],
    }


def _at_typical_sizes(amount: Dim) -> int:
    from graphc.ir.dims import substitute, symbols
    from graphc.schedule.plan import TYPICAL_SIZE

    return int(substitute(amount, dict.fromkeys(symbols(amount), TYPICAL_SIZE)))  # type: ignore[arg-type]


def _arena_formula(arena: Arena) -> str:
    """Bytes of the block of temporaries in terms of sizes; where that is long, their number at typical sizes."""
    from graphc.ir.dims import substitute, symbols
    from graphc.schedule.plan import TYPICAL_SIZE

    known: dict[str, Dim] = {}
    for name, formula in arena.definitions:
        known[name] = substitute(formula, known)
        if len(str(known[name])) > LONGEST_FORMULA:
            break
    else:
        text = str(substitute(arena.size, known))
        if len(text) <= LONGEST_FORMULA:
            return text
    names = {name for name, _ in arena.definitions}
    sizes = {s for _, formula in arena.definitions for s in symbols(formula)} | symbols(arena.size)
    _, size = arena.evaluate(dict.fromkeys(sizes - names, TYPICAL_SIZE))
    return f"{size} (where every open size is {TYPICAL_SIZE})"


def _kernel_calls(flat: list[FlatCall]) -> int:
    """Places at which kernels are called; branches and loops are none."""
    return sum(type(entry.call.spec).__name__ != "ControlKernel" for entry in flat)


def _backend(schedule: Schedule, assembled: Assembled, disabled: frozenset[str]) -> list[dict[str, Any]]:
    """What each switch of the back end stands for in this program."""
    from graphc.ir.dims import product
    from graphc.ir.dtypes import BY_NAME
    from graphc.schedule.flat import flat_calls
    from graphc.schedule.switches import SWITCHES

    held: dict[tuple[Any, ...], int] = {}
    for buffer in schedule.arena.offsets:
        key = (buffer.shape, buffer.dtype)
        held[key] = held.get(key, 0) + 1
    total = sum((product(shape) * BY_NAME[dtype].itemsize * count for (shape, dtype), count in held.items()), 0)
    did = schedule.effects | {
        "arena_reuse": {"bytes of temporaries": str(total)},
        "kernel_sharing": {"calls": _kernel_calls(flat_calls(schedule)), "kernels": assembled.kernels},
    }
    return [{"name": name, "on": name not in disabled, "did": did.get(name, {})} for name in SWITCHES]


def _buffers(call: KernelCall, *access: str) -> list[dict[str, str]]:
    """The buffers that a call accesses in one of these ways: name, kind, element type and shape of each."""
    from graphc.memory.lifetimes import base_of

    bases = [
        base_of(b) for b, operand in zip(call.buffers, call.spec.operands, strict=True) if operand.access in access
    ]
    return [
        {"name": b.name, "kind": b.kind, "dtype": b.dtype, "shape": "[" + ", ".join(map(str, b.shape)) + "]"}
        for b in dict.fromkeys(bases)
    ]


class Report(dict[str, Any]):
    """A report that prints as tables; otherwise a plain dictionary."""

    @classmethod
    def of(cls, compiled: dict[str, Any]) -> Report:
        """The report of a compilation with the analysis of its graph of kernels, which is made now."""
        from graphc.session.analysis import graph_facts

        return cls(compiled | {"graph": graph_facts(compiled["calls"])})

    def __str__(self) -> str:
        lines = ["compiled in " + ", ".join(f"{k} {v * 1e3:.1f} ms" for k, v in self["seconds"].items())]
        kernels = self["kernels"]
        lines.append(
            f"{kernels['called']} kernel calls, {kernels['emitted']} different kernels, {kernels['host']} on the host; "
            f"{self['object_bytes']} bytes of code; "
            f"arena of {self['arena_bytes']} bytes, {self['held_bytes']} of them held"
        )
        lines.append("")
        # How often a call runs is worth a column only where there are loops.
        shown = ["kind", *(["times"] if any(c["within"] for c in self["calls"]) else []), "bytes", "flops"]
        lines += _table(["#", "kernel", *shown], [
            [str(i), "  " * len(c["within"]) + c["label"], *(c[key] for key in shown)]
            for i, c in enumerate(self["calls"])
        ])  # fmt: skip
        lines += ["", *_described(self["graph"]), ""]
        lines += _table(["pass", "nodes", "edges", "ms", "rules"], [
            [
                p["name"], "{} -> {}".format(*p["nodes"]), "{} -> {}".format(*p["edges"]), f"{p['seconds'] * 1e3:.2f}",
                ", ".join(f"{name} x{count}" for name, count in p["rules"].items()),
            ]
            for p in self["passes"]
        ])  # fmt: skip
        lines.append("")
        lines += _table(["back end", "", "did"], [
            [b["name"], "on" if b["on"] else "off", ", ".join(f"{what}: {n}" for what, n in b["did"].items())]
            for b in self["backend"]
        ])  # fmt: skip
        if self["unfused"]:
            lines += ["", "not fused:"]
            lines += sorted({f"  {u['from']} -> {u['to']}: {u['reason']}" for u in self["unfused"]})
        return "\n".join(lines)


def _described(graph: dict[str, Any]) -> list[str]:
    """The analysis of the graph of kernels, in sentences."""
    names = ", ".join(
        f"{number} {label}" for number, label in zip(graph["critical_path"], graph["critical_labels"], strict=True)
    )
    return [
        f"graph of kernels: {graph['kernels']} nodes, {graph['edges']} edges, {graph['components']} components; "
        f"kernels by generation: {', '.join(map(str, graph['widths']))}",
        f"critical path ({graph['critical_share']:.0%} of the work): {names}",
        f"everything passes through: {', '.join(map(str, graph['bottlenecks'])) or 'no single kernel'}",
    ]


def _table(head: list[str], rows: list[list[str]]) -> list[str]:
    widths = [max(len(r[i]) for r in [head, *rows]) for i in range(len(head))]
    return ["  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in [head, *rows]]
