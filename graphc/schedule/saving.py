"""Which values a kernel keeps for later kernels, and which those compute again from others: a minimum cut.

The classic case is a training step: what the backward kernels read of a forward kernel's values. Keeping the mean of
every row, say, lets them compute ``x - mean`` again, where otherwise a whole array would be written and read back.

For one kernel at a time a flow network is made of its operations. Every value is an edge whose capacity is the bytes
that keeping it costs; a value that is not kept has its operands on its own side of the cut, at the price of the
arithmetic. The cheapest cut between what is at hand and what later kernels read is the set of values to keep (the
formulation of "min-cut rematerialization", as in PyTorch's AOTAutograd partitioner). Here recomputation is fused into
the kernel that needs it, so that only values in memory and arithmetic count.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from graphc.ir.node import Node
from graphc.ir.types import TupleType
from graphc.loops.lower import is_computed
from graphc.ops.record import record_of
from graphc.schedule.access import Access
from graphc.schedule.groups import Group
from graphc.schedule.regions import LEAVES, Regions
from graphc.schedule.storage import CHEAP_FLOPS, Choice, stored_values

# Prices, in bytes moved: of a byte that is occupied from one kernel to a much later one, and of a scalar operation.
ROOM = 6.0
FLOP = 3.0
# Prices closer than this are taken to be equal.
SMALLEST_GAIN = 0.25
# Weight of a value that has one element per row, against one of full size.
ROW_WEIGHT = 1 / 64


def choose_saved(regions: Regions) -> Choice:
    """Values to keep, and values that their readers compute again, where that moves fewer bytes.

    networkx is imported only if some kernel keeps a value that cheap operations give.

    Parameters
    ----------
    regions : Regions
        Complete: no nodes move after this.
    """
    if not regions.disabled.isdisjoint(("fusion", "recompute", "min_cut")):
        return Choice()
    stored = stored_values(regions)[0]
    results = set(regions.kept)
    readers: dict[Node, list[tuple[Node, Access]]] = {}
    for node, accesses in regions.accesses.items():
        for access in accesses:
            readers.setdefault(access.source, []).append((node, access))
    saved: set[Node] = set()
    again: set[Node] = set()
    for group in sorted(regions.graph.groups(), key=lambda g: g.last):
        if group.kind == "opaque" or stored.isdisjoint(group.members):
            continue
        cut = _Cut(group, regions, readers, stored, results)
        if cut.is_promising():
            keep, drop = cut.minimum()
            saved, again = (saved - drop) | keep, (again - keep) | drop
            stored = (stored - drop) | keep
    return Choice(frozenset(saved), frozenset(again))


@dataclass(slots=True)
class _Value:
    """One value of the network: the prices of keeping it and, if that is allowed, of computing it later."""

    keep: float
    compute: float | None
    sources: tuple[Node, ...]


class _Cut:
    """The network of one kernel.

    Attributes
    ----------
    values : dict of Node to _Value
        Members of full size or with one element per row, and what they read of other kernels and leaves.
    wanted : dict of Node to set of int
        Values that later kernels read at their own elements, with the numbers of these groups.
    fixed : set of Node
        Values that are in memory whatever is chosen.
    """

    def __init__(
        self,
        group: Group,
        regions: Regions,
        readers: dict[Node, list[tuple[Node, Access]]],
        stored: set[Node],
        results: set[Node],
    ) -> None:
        self.group, self.regions, self.readers, self.stored = group, regions, readers, stored
        self.members = [n for n in group.members if not isinstance(n.type, TupleType)]
        self.inside = set(self.members)
        self.fixed = {n for n in self.members if n in results} | self._read_as_they_are()
        self.wanted: dict[Node, set[int]] = {}
        for node in self.members:
            self._note_readers(node)
        self.values: dict[Node, _Value] = {}

    def is_promising(self) -> bool:
        """Whether a value is kept only for others to use, and its last operation is cheaper than that."""
        kept = [n for n in self.wanted if n in self.stored and n not in self.fixed]
        cheap = [n for n in kept if self._may_compute(n)]
        return (len(kept) > 1 and bool(cheap)) or any(self._follows_from_others(n) for n in cheap)

    def minimum(self) -> tuple[set[Node], set[Node]]:
        """Values to keep and values to compute again, of those that later kernels need; empty if nothing is gained."""
        import networkx as nx

        self._weigh()
        network = self._network(nx)
        # Of networkx's methods the fastest on these networks: few edges into the sink, short paths.
        flow = nx.algorithms.flow.boykov_kolmogorov
        cost, (near, _) = nx.minimum_cut(network, "source", "sink", flow_func=flow)

        def chosen(node: Node) -> bool:
            return ("in", node) in near

        keep, drop = self._reached(chosen, self.wanted)
        dearer = cost > self._price_of(self._is_kept) - SMALLEST_GAIN
        if dearer or self._traffic(chosen) > self._traffic(self._is_kept) - SMALLEST_GAIN:
            return set(), set()
        return {n for n in keep if n.op not in LEAVES}, drop & self.stored

    def _read_as_they_are(self) -> set[Node]:
        """Operands of members that are no scalar code, as the source of a transposed copy."""
        copies = [n for n in self.members if not self.regions.accesses[n] and n is not self.group.anchor]
        return {i for n in copies for i in n.inputs} & self.inside

    def _note_readers(self, node: Node) -> None:
        for reader, access in self.readers.get(node, ()):
            group = self.regions.graph.group_of(reader)
            if group is None or group is self.group:
                continue
            computes = is_computed(reader) or record_of(reader.op).kind == "reduce"
            # The reader may be one kernel with several results, which has no index space.
            own = computes and self._is_full(node) and self._is_own_element(access, reader)
            if own and _is_plain(access):
                self.wanted.setdefault(node, set()).add(group.id)
            else:
                self.fixed.add(node)

    def _is_own_element(self, access: Access, reader: Node) -> bool:
        return self.regions.is_own_element(access, self.regions.space_of(reader))

    def _is_full(self, node: Node) -> bool:
        return self.regions.sizes.space(node.shape) == self.group.space

    def _bytes(self, node: Node) -> float:
        """Bytes of a value per element of the kernel."""
        return node.dtype.itemsize * (1.0 if self._is_full(node) else ROW_WEIGHT)

    def _may_compute(self, node: Node) -> bool:
        record = record_of(node.op)
        plain = record.kind == "elementwise" and record.effect == "pure" and record.can_fail is None
        return (
            plain
            and record.flops <= CHEAP_FLOPS
            and node in self.inside
            and all(map(_is_plain, self.regions.accesses[node]))
        )

    def _follows_from_others(self, node: Node) -> bool:
        """Whether few operations give a value from what is in memory anyway and from values of rows."""
        flops, stack, seen = 0, [node], {node}
        while stack:
            current = stack.pop()
            flops += _flops(current)
            if not self._may_compute(current) or flops * FLOP >= (2.0 + ROOM) * self._bytes(node):
                return False
            for access in self.regions.accesses[current]:
                source = access.source
                at_hand = source in self.fixed or source not in self.inside or not self._is_full(source)
                if not at_hand and source not in seen:
                    seen.add(source)
                    stack.append(source)
        return True

    def _weigh(self) -> None:
        needed = self._needed_here()
        later = {node: set(groups) for node, groups in self.wanted.items()}
        for node in reversed(self.members):
            sources = tuple(dict.fromkeys(a.source for a in self.regions.accesses[node]))
            for source in sources:
                later.setdefault(source, set()).update(later.get(node, ()))
            times = len(later.get(node, ())) - (node not in needed)
            compute = (
                _flops(node) * FLOP * max(times, 0) if self._may_compute(node) and node not in self.fixed else None
            )
            self.values[node] = _Value(self._price(node, later.get(node, set())), compute, sources)
        for source in {s for value in list(self.values.values()) for s in value.sources} - self.inside:
            self.values[source] = _Value(self._price(source, later[source]), None, ())

    def _price(self, node: Node, later: set[int]) -> float:
        """What it costs that later groups read a value: a read, room if it is not needed until then, and the write."""
        if node.op in LEAVES and not self._is_full(node):
            return 0.0
        groups = [g for n, _ in self.readers.get(node, ()) if (g := self.regions.graph.group_of(n)) is not None]
        others = [g for g in groups if g.id not in later or node in self.fixed or node not in self.inside]
        outside = node not in self.inside
        if outside and later <= {g.id for g in groups}:
            return 0.0
        written = node in self.fixed or (outside and (node.op in LEAVES or node in self.stored))
        first = min((self.regions.graph.find(number).last for number in later), default=0)
        lasts = node.op in LEAVES or (written and any(g.last >= first for g in others))
        return self._bytes(node) * (1.0 + (not written) + ROOM * (not lasts))

    def _needed_here(self) -> set[Node]:
        """Members that the kernel computes in any case."""
        needed: set[Node] = set()
        for node in reversed(self.members):
            if node in self.fixed or node in needed or not is_computed(node):
                needed |= {node, *(a.source for a in self.regions.accesses[node])}
        return needed

    def _network(self, nx: Any) -> Any:
        network = nx.DiGraph()
        for node, value in self.values.items():
            network.add_edge(("in", node), ("out", node), capacity=value.keep)
            if value.compute is None:
                network.add_edge("source", ("in", node))
                continue
            network.add_edge("source", ("in", node), capacity=value.compute)
            for source in value.sources:
                network.add_edge(("out", source), ("in", node))
        for node in self.wanted:
            network.add_edge(("out", node), "sink")
        return network

    def _is_kept(self, node: Node) -> bool:
        """Whether a value would be in memory if nothing was chosen here."""
        return node in self.stored or self.values[node].compute is None

    def _reached(self, kept: Callable[[Node], bool], wanted: Iterable[Node]) -> tuple[set[Node], set[Node]]:
        """Back from what later kernels read: values that they load, and values that they compute."""
        keep: set[Node] = set()
        drop: set[Node] = set()
        stack = list(wanted)
        while stack:
            node = stack.pop()
            if node in keep or node in drop:
                continue
            if kept(node):
                keep.add(node)
            else:
                drop.add(node)
                stack += self.values[node].sources
        return keep, drop

    def _price_of(self, kept: Callable[[Node], bool]) -> float:
        keep, drop = self._reached(kept, self.wanted)
        return sum(self.values[n].keep for n in keep) + sum(self.values[n].compute or 0.0 for n in drop)

    def _traffic(self, kept: Callable[[Node], bool]) -> float:
        """Bytes written and read: unlike the capacity of one edge, a read for every kernel that loads a value."""
        keep, _ = self._reached(kept, self.wanted)
        total = sum(self._bytes(n) for n in keep if n in self.inside and n not in self.fixed)
        for number in set().union(*self.wanted.values()):
            loads, _ = self._reached(kept, [n for n, groups in self.wanted.items() if number in groups])
            new = (n for n in loads if n in self.inside or (self._is_full(n) and not self._reads(number, n)))
            total += sum(map(self._bytes, new))
        return total

    def _reads(self, number: int, node: Node) -> bool:
        groups = (self.regions.graph.group_of(reader) for reader, _ in self.readers.get(node, ()))
        return any(group is not None and group.id == number for group in groups)


def _is_plain(access: Access) -> bool:
    return not access.index_map.flat and access.index_map.guard is None


def _flops(node: Node) -> int:
    return record_of(node.op).flops
