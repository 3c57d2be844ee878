"""Rewriting to a fixpoint, in time near linear in the size of the program.

Nodes are visited operands first. Each is rebuilt on the normal forms of its operands, then the first rule that holds
replaces it, and the replacement is brought to normal form in turn; so one sweep reaches the fixpoint, except for rules
that ask who else uses a node. Sweeps are repeated until one changes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from graphc.ir.node import Node
from graphc.ir.program import Program, reachable, users
from graphc.ops.builder import Builder
from graphc.rewrite.pattern import Context, may_match
from graphc.rewrite.rule import Rule

Fold = Callable[[Node, Builder], "Node | None"]
MAX_SWEEPS = 8


@dataclass
class Trace:
    """What happened.

    Attributes
    ----------
    fired : Counter of str
        How often each rule replaced a node.
    sweeps : int
        Visits of the whole program.
    exhausted : bool
        Whether the budget ended before the fixpoint: some rules undo each other, or the program is extraordinary.
    """

    fired: Counter[str] = field(default_factory=Counter)
    sweeps: int = 0
    exhausted: bool = False


class RuleSet:
    """Rules indexed by the operations of a node and of its operands.

    Parameters
    ----------
    rules : iterable of Rule
        In order of preference: the first that holds is applied.
    """

    def __init__(self, rules: Iterable[Rule]) -> None:
        self.rules = tuple(rules)
        repeated = [name for name, count in Counter(r.name for r in self.rules).items() if count > 1]
        if repeated:
            raise ValueError(f"rules are named twice: {', '.join(repeated)}")
        self._rooted: dict[str, tuple[Rule, ...]] = {}
        self._candidates: dict[tuple[object, ...], tuple[Rule, ...]] = {}

    def candidates(self, node: Node, contextual: bool = False) -> tuple[Rule, ...]:
        """Rules that can hold at a node, by its operation and those of its operands.

        With `contextual`, only rules that ask who else uses a node.
        """
        inputs = node.inputs
        equal = len(inputs) > 1 and inputs[0] is inputs[1]
        key = (contextual, equal, node.op, *[i.op for i in inputs])
        found = self._candidates.get(key)
        if found is None:
            operands = tuple(i.op for i in inputs)
            found = tuple(
                r
                for r in self._at_root(node.op)
                if (r.contextual or not contextual) and may_match(r.pattern, node.op, operands, equal)
            )
            self._candidates[key] = found
        return found

    def _at_root(self, name: str) -> tuple[Rule, ...]:
        found = self._rooted.get(name)
        if found is None:
            found = self._rooted[name] = tuple(r for r in self.rules if name in r.pattern.names)
        return found


def rewrite(
    program: Program, builder: Builder, rules: RuleSet, *, fold: Fold | None = None, budget: int | None = None
) -> tuple[Program, Trace]:
    """Apply rules until none holds.

    Parameters
    ----------
    program : Program
        Its nodes belong to `builder`.
    builder : Builder
        Emits replacements; origins of replaced nodes are united into them.
    rules : RuleSet
        What to apply.
    fold : callable ``(node, builder) -> Node or None``, optional
        Tried on a node whose operands are all constants.
    budget : int, optional
        Most replacements; by default ten for each node, and 1,000.

    Returns
    -------
    (Program, Trace)
    """
    trace = Trace()
    nodes = reachable(program.roots)
    settled: frozenset[Node] = frozenset()
    remaining = 10 * len(nodes) + 1000 if budget is None else budget
    while trace.sweeps < MAX_SWEEPS:
        trace.sweeps += 1
        sweep = _Sweep(builder, rules, fold, nodes, program.roots, remaining, settled)
        sweep.run()
        trace.fired += sweep.fired
        trace.exhausted |= sweep.exhausted
        remaining -= sweep.spent
        if not sweep.fired:
            break
        program = program.replace_results(sweep.normal)
        settled = frozenset(sweep.normal.values())
        nodes = reachable(program.roots)
    else:
        trace.exhausted = True
    return program, trace


def gradient_targets(nodes: Iterable[Node]) -> set[Node]:
    """Nodes with respect to which is differentiated, or that are held constant: they stay apart from equal ones."""
    found: set[Node] = set()
    for node in nodes:
        if node.op == "gradient":
            found.update(node.inputs[node.attrs["ys"] :])
        elif node.op == "jacobian":
            found.add(node.inputs[1])
    return found


class _Sweep:
    """One visit of a program; `normal` maps each node to what stands for it."""

    def __init__(
        self,
        builder: Builder,
        rules: RuleSet,
        fold: Fold | None,
        nodes: list[Node],
        kept: tuple[Node, ...],
        budget: int,
        settled: frozenset[Node],
    ) -> None:
        self.builder, self.rules, self.fold, self.nodes, self.budget = builder, rules, fold, nodes, budget
        self.settled = settled
        self.normal: dict[Node, Node] = {}
        self.fired: Counter[str] = Counter()
        self.spent = 0
        self.exhausted = False
        self.uses = {node: len(found) for node, found in users(nodes).items()}
        for node in kept:
            self.uses[node] += 1
        self.targets = gradient_targets(nodes)
        self.protected = set(self.targets)
        self.context = Context(self.uses, self.protected)

    def run(self) -> None:
        for node in self.nodes:
            self._normalise(node)

    def _normalise(self, start: Node) -> None:
        normal = self.normal
        forward: dict[Node, Node] = {}
        stack = [start]
        while stack:
            node = stack[-1]
            if node in normal:
                stack.pop()
                continue
            if node in forward:
                # A cycle of rules comes back to a node that is still open: leave it as it is.
                normal[node] = normal.get(forward[node], node)
                self._unite(node, normal[node])
                stack.pop()
                continue
            missing = [i for i in node.inputs if i not in normal]
            if missing:
                stack.extend(missing)
                continue
            step = self._step(node)
            if step is node:
                normal[node] = node
                stack.pop()
            elif step in forward:
                self.exhausted = True
                normal[node] = node
                stack.pop()
            else:
                forward[node] = step
                stack.append(step)

    def _step(self, node: Node) -> Node:
        rebuilt = self.builder.rebuild(node, [self.normal[i] for i in node.inputs])
        if rebuilt is not node:
            return rebuilt
        if node in self.targets:
            return node
        if self.fold is not None and node.inputs and all(i.op == "const" for i in node.inputs):
            folded = self.fold(node, self.builder)
            if folded is not None:
                self.fired["fold constants"] += 1
                return folded
        # What an earlier sweep left in place can only change by a rule about users.
        for rule in self.rules.candidates(node, node in self.settled):
            new = self._try(rule, node)
            if new is not None:
                return new
        return node

    def _try(self, rule: Rule, node: Node) -> Node | None:
        if self.spent >= self.budget:
            self.exhausted = True
            return None
        before = self.builder.next_id
        applied = rule.apply(node, self.context, self.builder)
        if applied is None:
            return None
        new, match = applied
        self.fired[rule.name] += 1
        self.spent += 1
        if self.builder.journal is not None:
            self.builder.journal.append((rule.name, node, new))
        fresh = reachable_from(new, before)
        for created in fresh:
            for source in dict.fromkeys(created.inputs):
                self.uses[source] = self.uses.get(source, 0) + 1
        origin = self._origin((node, *match.nodes))
        if origin:
            for created in fresh:
                self.builder.origins[created] = self.builder.origins.get(created, frozenset()) | origin
        return new

    def _origin(self, nodes: Iterable[Node]) -> frozenset[int]:
        return frozenset().union(*(self.builder.origins.get(n, frozenset()) for n in nodes))

    def _unite(self, old: Node, new: Node) -> None:
        if old is new:
            return
        self.uses[new] = self.uses.get(new, 0) + self.uses.get(old, 0)
        if old in self.targets:
            self.protected.add(new)
        origin = self.builder.origins.get(old)
        if origin:
            self.builder.origins[new] = self.builder.origins.get(new, frozenset()) | origin


def reachable_from(root: Node, first_id: int) -> list[Node]:
    """Nodes created at or after `first_id` that `root` depends on through such nodes."""
    found: dict[Node, None] = {}
    stack = [root]
    while stack:
        node = stack.pop()
        if node.id >= first_id and node not in found:
            found[node] = None
            stack.extend(node.inputs)
    return list(found)
