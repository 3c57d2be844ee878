"""Specialisation: the part of a user's graph that one signature needs, as a program.

A signature is the fetches, the fed tensors, and the element type and rank of each feed. Fed tensors become inputs,
reads and writes of variables become data flow, every other operation runs its body over nodes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from graphc.api.define import run_body
from graphc.graph.errors import GraphError, MissingFeedError
from graphc.graph.operation import Operation, Tensor
from graphc.graph.variable import Variable, read_of
from graphc.ir.constants import Constant
from graphc.ir.dims import Dim, DimExpr, substitute, symbol, symbols
from graphc.ir.dtypes import as_dtype
from graphc.ir.node import Node
from graphc.ir.program import Guard, Program, reachable
from graphc.ir.types import TensorType
from graphc.ops.assume import collect_assumptions
from graphc.ops.builder import Builder
from graphc.ops.context import Lowering, lowering_into
from graphc.session.ordering import assignments_first
from graphc.session.passage import DERIVATIVES, operations_to_lower, wholly_fed

WRITES = ("Assign", "AssignAdd", "AssignSub", "Scatter", "CountUpTo")


@dataclass(frozen=True)
class Feed:
    """One fed tensor of a signature.

    Attributes
    ----------
    tensor : Tensor
    rank : int
        Rank of the array that is fed.
    ones : tuple of int
        Axes of unknown size that are taken to be 1 in this signature.
    """

    tensor: Tensor
    rank: int
    ones: tuple[int, ...] = ()


@dataclass
class Lowered:
    """A program with what ties it to the user's graph.

    Attributes
    ----------
    program : Program
    builder : Builder
    variables : list of Variable or Constant
        By slot; constants are operands that no call changes.
    operations : list of Operation
        By creation number: what origins in the builder refer to.
    """

    program: Program
    builder: Builder
    variables: list[Variable | Constant]
    operations: list[Operation]

    @property
    def read(self) -> frozenset[int]:
        """Slots of variables and constants whose held values the program looks at."""
        leaves = (n for n in reachable(self.program.roots) if n.op == "variable")
        return frozenset(n.attrs["slot"] for n in leaves)

    @property
    def overwritten(self) -> frozenset[int]:
        """Slots of variables that the program writes without looking at their values or sizes."""
        if any(not isinstance(d, int) for t in self.program.variables for d in t.shape):
            return frozenset()
        return frozenset(slot for slot, _ in self.program.updates) - self.read

    @property
    def only_initializes(self) -> bool:
        """Whether the program does nothing but give values to variables, from constants and random numbers alone."""
        slots = [self.variables[s] for s in self.read | {s for s, _ in self.program.updates} - self.overwritten]
        held = (v for v in slots if isinstance(v, Variable))
        return bool(self.overwritten) and not self.program.outputs and all(not v.needs_initializer for v in held)


def lower(fetches: Sequence[Tensor | Operation], feeds: Sequence[Feed]) -> Lowered:
    """Specialise a graph.

    Parameters
    ----------
    fetches : sequence of Tensor or Operation
    feeds : sequence of Feed

    Returns
    -------
    Lowered
        The program's outputs are the fetched tensors, in order.

    Raises
    ------
    GraphError
        If a placeholder that is needed is not fed, operands do not fit, or two assignments contradict each other.
    """
    return Lowerer(fetches, feeds).run()


class Lowerer:
    """Turns operations of a graph into nodes, reads and writes of variables into data flow.

    Attributes
    ----------
    values : dict of Tensor to Node
    latest : dict of Variable to Operation
        The last assignment to each variable that is written.
    written : dict of Operation to Node
        The new value of the variable, by assignment.
    guards : list of Guard
        Sizes that were taken to be equal.
    """

    def __init__(self, fetches: Sequence[Tensor | Operation], feeds: Sequence[Feed]) -> None:
        self.fetches = fetches
        self.feeds = feeds
        self.builder = Builder()
        self.count = 0
        self.lowering = Lowering(self.builder, self.fresh_symbol, self._operand)
        self.values: dict[Tensor, Node] = {}
        self.variables: dict[Variable | Constant, int] = {}
        self.types: list[TensorType] = []
        self.latest: dict[Variable, Operation] = {}
        self.written: dict[Operation, Node] = {}
        self.after: dict[Operation, frozenset[Operation]] = {}
        self.boundaries: set[Tensor] = set()
        self.passed: frozenset[Tensor] = frozenset()
        self.guards: list[Guard] = self.lowering.guards

    def fresh_symbol(self, hint: str) -> str:
        """A new name for a size."""
        self.count += 1
        return f"{hint}_{self.count}"

    def run(self) -> Lowered:
        """The whole program."""
        fed = {feed.tensor for feed in self.feeds}
        needed, self.passed = operations_to_lower(self.fetches, fed)
        ops = assignments_first(needed)
        self.mark_boundaries(ops)
        self.lowering.differentiates = any(op.type in DERIVATIVES for op in ops)
        inputs = tuple(self._input(i, feed) for i, feed in enumerate(self.feeds))
        for op in ops:
            self.lower_operation(op, fed)
        outputs = tuple(self.values[f] for f in self.fetches if isinstance(f, Tensor))
        updates = tuple((self.variables[v], self.written[op]) for v, op in self.latest.items())
        program = Program(
            inputs, outputs, updates, tuple(self.types), tuple(self.guards), tuple(self.lowering.size_values),
            tuple(self.lowering.size_bounds.items()),
        )  # fmt: skip
        self.builder.current_origin = frozenset()
        return Lowered(program, self.builder, list(self.variables), ops[-1].graph.operations if ops else [])

    def mark_boundaries(self, ops: Iterable[Operation]) -> None:
        """Keep the operands of derivatives apart from equal tensors."""
        for op in ops:
            if op.type in DERIVATIVES:
                self.boundaries.update(t for t in op.inputs if read_of(t.op) is None)

    def _input(self, index: int, feed: Feed) -> Node:
        known = feed.tensor.shape.dims or (None,) * feed.rank
        dims: list[Dim] = []
        for axis, d in enumerate(known):
            open_size: Dim = 1 if axis in feed.ones else symbol(f"s{index}_{axis}")
            dims.append(d if isinstance(d, int) else open_size)
        node = self.builder.input(index, TensorType(feed.tensor.dtype, tuple(dims)))
        self.values[feed.tensor] = node
        return node

    def lower_operation(self, op: Operation, fed: set[Tensor]) -> None:
        """Emit the nodes of one operation, those of its inputs being there."""
        before = [self.after[t.op] for t in op.inputs if t.op in self.after]
        before += [self.after[c] for c in op.control_inputs if c in self.after]
        self.after[op] = frozenset().union(*before) if before else frozenset()
        if wholly_fed(op, fed - self.passed):
            return
        self.builder.current_origin = frozenset((op.id,))
        nodes = [self.values[t] for t in op.inputs]
        for tensor, node in zip(op.outputs, self._results(op, nodes), strict=True):
            if tensor in fed:
                if tensor in self.passed:
                    self.values[tensor] = self._passage(tensor, node)
                continue
            if tensor in self.boundaries:
                node = self.builder.emit("identity", node, tag=tensor.op.id + 1)
            self.values[tensor] = node

    def _passage(self, tensor: Tensor, computed: Node) -> Node:
        """The fed value of a tensor, whose gradient is that of its computed one."""
        fed = self.values[tensor]
        reason = f"the feed of {tensor.name}, through which a gradient passes\n  at {tensor.op.origin}"
        if fed.rank != computed.rank or any(
            a != b for a, b in zip(fed.shape, computed.shape, strict=True) if _both_known(a, b)
        ):
            raise GraphError(
                f"a value of type {fed.type!r} is fed to {tensor.name}, which is computed as {computed.type!r}: "
                "a gradient passes through it, so the two must have one shape",
                tensor.op.origin,
            )
        for a, b in zip(fed.shape, computed.shape, strict=True):
            if a != b:
                self.guards.append(Guard(a, b, reason))
        if fed.shape != computed.shape:
            computed = self.builder.emit("reshape", computed, shape=fed.shape)
        return self.builder.emit("fed", fed, computed)

    def _results(self, op: Operation, nodes: list[Node]) -> tuple[Node, ...]:
        if op.type == "placeholder":
            through = ", ".join(sorted(t.name for t in self.passed))
            needed = f"; gradients pass through the fed {through} and may need it" if through else ""
            raise MissingFeedError(
                f"the placeholder {op.name} ({op.outputs[0].dtype.name}, shape {op.outputs[0].shape}) must be fed: "
                f"pass feed_dict={{...}} with a value for it{needed}",
                op.origin,
            )
        variable = read_of(op)
        if variable is not None:
            return (self._read(op, variable),)
        if op.type in WRITES:
            return (self._write(op, nodes),)
        if op.body is None:
            return ()
        found = self._run(op, nodes)
        return tuple(self._claimed(t, n) for t, n in zip(op.outputs, found, strict=True))

    def _run(self, op: Operation, nodes: list[Node], *held: Node) -> tuple[Node, ...]:
        """What the operation's body gives, for the held value of the variable that it writes, if any."""
        try:
            with lowering_into(self.lowering):
                found = run_body(op, nodes, *held)
        except GraphError:
            raise
        except (ValueError, TypeError, IndexError, ZeroDivisionError) as error:
            raise GraphError(f"{op.type} ({op.name}): {error}", op.origin) from None
        for left, right in collect_assumptions():
            self.guards.append(Guard(left, right, f"{op.type} ({op.name})\n  at {op.origin}"))
        return found

    def _claimed(self, tensor: Tensor, node: Node) -> Node:
        """The node with the sizes that the user set on the tensor."""
        if tensor.static is None or len(tensor.static) != node.rank:
            return node
        shape = tuple(d if s is None else s for s, d in zip(tensor.static, node.shape, strict=True))
        if shape == node.shape:
            return node
        for want, have in zip(shape, node.shape, strict=True):
            if want != have:
                self.guards.append(Guard(want, have, f"set_shape of {tensor.name}\n  at {tensor.op.origin}"))
        return self.builder.emit("reshape", node, shape=shape)

    def _slot(self, variable: Variable) -> int:
        if variable not in self.variables:
            slot = self.variables[variable] = len(self.variables)
            shape = tuple(
                d if isinstance(d, int) else symbol(f"v{slot}_{axis}") for axis, d in enumerate(variable.static_shape)
            )
            self.types.append(TensorType(variable.dtype, shape))
        return self.variables[variable]

    def _operand(self, value: Constant) -> Node:
        if value not in self.variables:
            self.variables[value] = len(self.variables)
            self.types.append(TensorType(as_dtype(value.array.dtype), value.array.shape))
        slot = self.variables[value]
        return self.builder.variable(slot, self.types[slot])

    def _initial(self, variable: Variable) -> Node:
        slot = self._slot(variable)
        return self.builder.variable(slot, self.types[slot])

    def _read(self, op: Operation, variable: Variable) -> Node:
        earlier = {w for w in self.after[op] if w.kwargs["variable"] is variable}
        # Writes stand in `written` in the order in which they take place.
        return next((node for w, node in reversed(self.written.items()) if w in earlier), self._initial(variable))

    def _write(self, op: Operation, nodes: list[Node]) -> Node:
        variable: Variable = op.kwargs["variable"]
        slot = self._slot(variable)
        last = self.latest.get(variable)
        if op.type == "Assign":
            if last is not None and last not in self.after[op]:
                raise GraphError(
                    f"the variable {variable.name} is assigned twice in one run, in no order: here and at "
                    f"{last.origin}\nuse gc.control_dependencies to say which comes last",
                    op.origin,
                )
            found: tuple[Node, ...] = (nodes[0],)
        else:
            held = self.written[last] if last is not None else self._initial(variable)
            found = self._run(op, nodes, held)
        new = self._fitting(op, variable, found[0], self.types[slot])
        self.latest[variable] = op
        self.written[op] = new
        self.after[op] = self.after[op] | {op}
        return found[1] if len(found) > 1 else new

    def _fitting(self, op: Operation, variable: Variable, value: Node, type: TensorType) -> Node:
        if value.tensor == type or not variable.validate_shape:
            return value
        if value.rank == type.rank:
            known = all(a == b for a, b in zip(value.shape, type.shape, strict=True) if _both_known(a, b))
            if known:
                for a, b in zip(value.shape, type.shape, strict=True):
                    if a != b:
                        self.guards.append(Guard(a, b, f"assignment to {variable.name}\n  at {op.origin}"))
                return self.builder.emit("reshape", value, shape=type.shape)
        raise GraphError(f"a value of type {value.tensor!r} cannot be assigned to {variable.name}, {type!r}", op.origin)


def _both_known(a: Dim, b: Dim) -> bool:
    return isinstance(a, int) and isinstance(b, int)


class SizeMismatch(Exception):
    """Sizes that were taken to be equal are not; `guard` says where, `left` and `right` are their values."""

    def __init__(self, guard: Guard, left: int, right: int) -> None:
        super().__init__(f"sizes {left} and {right} differ in {guard.reason}")
        self.guard, self.left, self.right = guard, left, right


def bind_sizes(program: Program, shapes: Sequence[tuple[int, ...]]) -> dict[str, int]:
    """Values of the symbols in the shapes of inputs and, after them in `shapes`, of variables."""
    bindings: dict[str, int] = {}
    types = [n.tensor for n in program.inputs] + list(program.variables)
    for type, shape in zip(types, shapes, strict=True):
        for dim, size in zip(type.shape, shape, strict=True):
            if isinstance(dim, DimExpr):
                (name,) = symbols(dim)
                bindings[name] = size
    return bindings


def check_guards(program: Program, bindings: dict[str, int]) -> None:
    """Check the equalities that the program assumes.

    Raises
    ------
    SizeMismatch
    """
    values: dict[str, Dim] = dict(bindings)
    for guard in program.guards:
        left, right = substitute(guard.left, values), substitute(guard.right, values)
        if left != right:
            raise SizeMismatch(guard, int(left), int(right))  # type: ignore[arg-type]
