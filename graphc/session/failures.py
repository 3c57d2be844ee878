"""Failing kernel calls in the user's terms: the operations and the line behind them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod

from graphc.graph.errors import ExecutionError
from graphc.graph.origin import Origin
from graphc.ir.dims import substitute
from graphc.ir.node import Node
from graphc.ir.program import numbered_with_inner
from graphc.ir.types import TensorType
from graphc.ops.record import record_of
from graphc.session.build import CallInfo
from graphc.session.lower import Lowered


def nodes_of(lowered: Lowered, call: CallInfo) -> list[Node]:
    """The nodes before the passes from which a call was made."""
    by_number = list(numbered_with_inner(lowered.program))
    return [by_number[i] for i in call.nodes]


def origin_of(lowered: Lowered, nodes: Sequence[Node]) -> Origin | None:
    """The user's line behind nodes: that of an operation that can fail, if there is one."""
    ordered = sorted(nodes, key=lambda n: (record_of(n.op).can_fail is None, n.id))
    for node in ordered:
        origins = sorted(lowered.builder.origins.get(node, ()))
        if origins:
            return lowered.operations[origins[0]].origin
    return None


def failure_texts(lowered: Lowered, calls: Sequence[CallInfo]) -> dict[int, str]:
    """What to say when a call fails whose operations can, by its number."""
    found = {}
    for number, call in enumerate(calls):
        nodes = nodes_of(lowered, call)
        reasons = ", ".join(dict.fromkeys(r for n in nodes if (r := record_of(n.op).can_fail)))
        if reasons:
            found[number] = f"{call.label}: {reasons}; no variable was changed\n  at {origin_of(lowered, nodes)}"
    return found


def capacity_failure(lowered: Lowered, bindings: Mapping[str, int]) -> ExecutionError:
    """What to say when there is no memory for a run: the largest tensor."""
    found: list[tuple[int, Node, tuple[int, ...]]] = []
    for node in lowered.program.nodes():
        if not isinstance(node.type, TensorType):
            continue
        shape = tuple(size for d in node.shape if isinstance(size := substitute(d, bindings), int))
        found.append((prod(shape) * node.dtype.np.itemsize, node, shape))
    size, node, shape = max(found, key=lambda entry: entry[0])
    return ExecutionError(
        f"there is not enough memory for this run: {node.op} alone, {node.dtype.name}{list(shape)}, "
        f"has {size / 2**30:,.1f} GiB; feed smaller arrays or reduce before you expand; nothing has run",
        origin_of(lowered, [node]),
    )
