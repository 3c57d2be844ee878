"""Vector-Jacobian products of branches and loops.

The product of a branch is a branch of products. That of a scan is a scan in the other direction, which carries the
cotangents of the carried values and sums those of the captures; what it needs of the forward steps and cannot take
from their operands is stacked by the forward scan as further results (Griewank & Walther, *Evaluating Derivatives*,
2nd ed., chapter 4).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from graphc.autodiff.influence import influence
from graphc.ir.body import Body
from graphc.ir.node import Node
from graphc.ir.program import reachable
from graphc.ir.types import TensorType
from graphc.ops.builder import Builder
from graphc.ops.control import STEP

Vjp = Callable[..., "list[Node | None]"]

REPEATED = frozenset({"broadcast_to", "reshape", "transpose", "cast", "identity", "stop_gradient"})
"""Operations that the backward steps repeat instead of having their results stacked."""


def control_vjp(node: Node, seeds: Mapping[int, Node], wanted: Sequence[bool], vjp: Vjp) -> list[Node | None]:
    """Cotangents of the operands of a branch or loop.

    Parameters
    ----------
    node : Node
    seeds : mapping of int to Node
        Cotangents of its results.
    wanted : sequence of bool
        Which operands need one.
    vjp : callable
        `graphc.autodiff.reverse.vjp`, for the bodies.

    Raises
    ------
    ValueError
        For a ``while_loop``, whose number of steps is not known.
    """
    builder = _builder(node)
    if node.op == "cond":
        return _cond(node, seeds, wanted, vjp, builder)
    if node.op == "scan":
        return _Scan(node, seeds, wanted, vjp, builder).run()
    raise ValueError("a while_loop has no gradient: use a scan with a known number of steps")


def _builder(node: Node) -> Builder:
    assert isinstance(node.builder, Builder)
    return node.builder


def _zeros(b: Builder, type: TensorType) -> Node:
    return b.full(0.0, type.dtype, type.shape)


def _or_zeros(b: Builder, found: Sequence[Node | None], like: Sequence[Node]) -> list[Node]:
    return [_zeros(b, x.tensor) if g is None else g for g, x in zip(found, like, strict=True)]


def _cond(node: Node, seeds: Mapping[int, Node], wanted: Sequence[bool], vjp: Vjp, b: Builder) -> list[Node | None]:
    places = [i for i, hit in enumerate(wanted[1:]) if hit]
    held: dict[str, Body] = {}
    for key in ("then", "orelse"):
        body: Body = node.attrs[key]
        first = len(body.parameters)
        given = [b.parameter(first + k, seeds[i].tensor) for k, i in enumerate(seeds)]
        xs = [body.parameters[i] for i in places]
        found = vjp([body.results[i] for i in seeds], xs, given)
        again = next((n for n in reachable([g for g in found if g is not None]) if n.op == "python"), None)
        if again is not None:
            raise ValueError(
                f"the gradient of a branch needs what {again.attrs['function'].name} returned inside of it, and would "
                "call it again: call it outside of the branch"
            )
        held[key] = Body((*body.parameters, *given), tuple(_or_zeros(b, found, xs)))
    made = b.emit("cond", *node.inputs, *seeds.values(), **held)
    result: list[Node | None] = [None] * len(node.inputs)
    for k, place in enumerate(places):
        result[place + 1] = b.emit("item", made, index=k)
    return result


class _Scan:
    """The backward part of one scan."""

    def __init__(self, node: Node, seeds: Mapping[int, Node], wanted: Sequence[bool], vjp: Vjp, b: Builder) -> None:
        self.node, self.seeds, self.vjp, self.b = node, seeds, vjp, b
        self.body: Body = node.attrs["body"]
        self.carried: int = node.attrs["carried"]
        last = self.carried + node.attrs["sequences"]
        mask = sum(1 << i for i, hit in enumerate(wanted) if hit)
        reached = influence(node)
        # Carried values through which a gradient comes to a wanted operand.
        self.adjoint = [i for i in range(self.carried) if reached[i] & mask and self.results[i].dtype.is_floating]
        self.rows = [i for i in range(self.carried, last) if wanted[i]]
        self.captures = [i for i in range(last, len(node.inputs)) if wanted[i]]
        self.stacked = [i for i in seeds if i >= self.carried]
        self.wanted = wanted

    @property
    def results(self) -> tuple[Node, ...]:
        """Results of the body."""
        return self.body.results

    def parameter(self, operand: int) -> Node:
        """The parameter of the body for an operand of the scan."""
        return self.body.parameters[operand + 1]

    def run(self) -> list[Node | None]:
        """Cotangents of the operands."""
        b, node = self.b, self.node
        cotangents = [b.emit("identity", _zeros(b, self.results[i].tensor), tag=("cotangent", node.id, i))
                      for i in (*self.adjoint, *self.stacked)]  # fmt: skip
        ys = [self.results[i] for i in (*self.adjoint, *self.stacked)]
        operands = [*self.adjoint, *self.rows, *self.captures]
        xs = [self.parameter(i) for i in operands]
        found = _or_zeros(b, self.vjp(ys, xs, cotangents), xs)
        saved, outputs = self._residuals(found)
        steps = _Steps(b)
        for i, g in zip(self.adjoint, cotangents, strict=False):
            steps.carry(g, self.seeds.get(i) or _zeros(b, node.inputs[i].tensor))
        sums = [steps.carry(None, _zeros(b, node.inputs[i].tensor)) for i in self.captures]
        for i, g in zip(self.stacked, cotangents[len(self.adjoint) :], strict=True):
            steps.row(g, self.seeds[i])
        for inner, stack in zip(saved, outputs, strict=True):
            steps.row(inner, stack)
        for number, operand in enumerate(node.inputs):
            if number >= self.carried:
                is_row = number < self.carried + node.attrs["sequences"]
                (steps.row if is_row else steps.capture)(self.parameter(number), operand)
        first, second = len(self.adjoint), len(self.adjoint) + len(self.rows)

        def after(new: Mapping[Node, Node], sums_now: Sequence[Node]) -> tuple[list[Node], list[Node]]:
            inner = _rebuilt(found, new, b)
            grown = [total + g for total, g in zip(sums_now, inner[second:], strict=True)]
            return [*inner[:first], *grown], inner[first:second]

        made = steps.emit(self.body.parameters[0], sums, after, node.attrs["length"], not node.attrs["reverse"])
        results: list[Node | None] = [None] * len(node.inputs)
        places = [*self.adjoint, *self.captures, *self.rows]
        for place, item in zip(places, made, strict=True):
            results[place] = item if self.wanted[place] else None
        return results

    def _residuals(self, found: Sequence[Node]) -> tuple[list[Node], list[Node]]:
        """Values of forward steps that the backward ones need, and the stacks of them."""
        forward = set(reachable(self.results)) | set(self.body.parameters)
        state = set(self.body.parameters[1 : 1 + self.carried])
        saved: dict[Node, None] = {}
        seen: set[Node] = set()
        stack = list(found)
        while stack:
            node = stack.pop()
            if node in seen:
                continue
            seen.add(node)
            interior = node in forward and bool(node.inputs) and node.op not in REPEATED
            if node in state or (interior and isinstance(node.type, TensorType)):
                saved[node] = None
            else:
                stack.extend(node.inputs)
        if not saved:
            return [], []
        outputs = list(self.results[self.carried :])
        fresh = [n for n in saved if n not in outputs]
        whole = self.node
        if fresh:
            body = Body(self.body.parameters, (*self.results, *fresh))
            whole = self.b.emit("scan", *self.node.inputs, **{**self.node.attrs, "body": body})
        places = [self.carried + [*outputs, *fresh].index(n) for n in saved]
        return list(saved), [self.b.emit("item", whole, index=i) for i in places]


class _Steps:
    """A scan put together from what its parameters stand for; what the body does not use is left out."""

    def __init__(self, b: Builder) -> None:
        self.b = b
        self.state: list[tuple[Node | None, Node]] = []
        self.rows: list[tuple[Node, Node]] = []
        self.fixed: list[tuple[Node, Node]] = []

    def carry(self, meaning: Node | None, start: Node) -> int:
        """A carried value, which `meaning` stands for in the body; its number."""
        self.state.append((meaning, start))
        return len(self.state) - 1

    def row(self, meaning: Node, sequence: Node) -> None:
        """A sequence, whose row `meaning` stands for."""
        self.rows.append((meaning, sequence))

    def capture(self, meaning: Node, value: Node) -> None:
        """A value that stays."""
        self.fixed.append((meaning, value))

    def emit(self, step: Node, sums: Sequence[int], after: Any, length: Any, reverse: bool) -> list[Node]:
        """The results of the scan: `after(mapping, sums)` gives carried values and outputs of a step."""
        trial, _ = self._body(step, sums, after)
        used = set(reachable(trial.results))
        first = 1 + len(self.state)
        alive = [p in used for p in trial.parameters[first:]]
        self.fixed = [f for f, keep in zip(self.fixed, alive[len(self.rows) :], strict=True) if keep]
        self.rows = [r for r, keep in zip(self.rows, alive, strict=False) if keep]
        body, operands = self._body(step, sums, after)
        made = self.b.emit(
            "scan", *operands, carried=len(self.state), sequences=len(self.rows), length=length, reverse=reverse,
            body=body,
        )  # fmt: skip
        return [self.b.emit("item", made, index=i) for i in range(len(body.results))]

    def _body(self, step: Node, sums: Sequence[int], after: Any) -> tuple[Body, list[Node]]:
        types = [STEP, *(n.tensor for _, n in self.state)]
        types += [n.tensor.with_shape(n.shape[1:]) for _, n in self.rows]
        types += [n.tensor for _, n in self.fixed]
        parameters = tuple(self.b.parameter(i, t) for i, t in enumerate(types))
        meanings = [step, *(m for m, _ in self.state), *(m for m, _ in self.rows), *(m for m, _ in self.fixed)]
        new = {m: p for m, p in zip(meanings, parameters, strict=True) if m is not None}
        state, outputs = after(new, [parameters[1 + i] for i in sums])
        operands = [n for _, n in (*self.state, *self.rows, *self.fixed)]
        return Body(parameters, (*state, *outputs)), operands


def _rebuilt(results: Sequence[Node], new: Mapping[Node, Node], b: Builder) -> list[Node]:
    """Nodes with others in the place of some; nothing before those is looked at."""
    known = dict(new)
    stack = list(results)
    while stack:
        node = stack[-1]
        if node in known:
            stack.pop()
            continue
        missing = [i for i in node.inputs if i not in known]
        if missing:
            stack.extend(missing)
            continue
        known[node] = b.rebuild(node, [known[i] for i in node.inputs])
        stack.pop()
    return [known[r] for r in results]
