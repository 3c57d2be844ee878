"""From a group of nodes to scalar expressions and, once it is known where results go, to a kernel call."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from graphc.ir.dims import Dim
from graphc.ir.node import Node
from graphc.ir.types import Shape
from graphc.loops.expr import Affine, Expr, postorder
from graphc.loops.indexmap import IndexMap, identity_map, offset_of
from graphc.loops.lower import Lowering, is_trivial_reduction
from graphc.loops.spec import Axis, Buffer, Contraction, Convolution, KernelCall, Nest, Operand, Store
from graphc.schedule.access import Access, factors_of, matmul_depth
from graphc.schedule.checks import checks_of
from graphc.schedule.groups import Group


@dataclass(frozen=True, slots=True)
class Result:
    """A value that a kernel writes: which node, where in its dense buffer, and the expression."""

    node: Node
    offset: Affine
    expr: Expr
    over_reduction: bool


class LoweredGroup:
    """Expressions of a nest or of a contraction's epilogue, and the buffers that they read.

    Parameters
    ----------
    group : Group
    stored : sequence of Node
        Members whose values are written.
    buffer_of : callable
        Buffer of a value that is stored by another kernel or a leaf, None for what is computed here.
    is_row : callable
        Whether a member has one value per row.
    operands : sequence of Access
        What the contraction multiplies.
    """

    def __init__(
        self,
        group: Group,
        stored: Sequence[Node],
        buffer_of: Callable[[Node], Buffer | None],
        is_row: Callable[[Node], bool],
        operands: Sequence[Access],
    ) -> None:
        self.group = group
        self._members = set(group.members)
        self.axis_sizes, self._places = _axes(group)
        spaces = () if group.anchor is None else factors_of(group.anchor)
        self.factors = tuple(
            _factor(access, len(space.sizes), buffer_of) for access, space in zip(operands, spaces, strict=True)
        )
        self.lowering = Lowering(
            self.axis_sizes,
            buffer_of,
            self._full_map,
            lambda node: node in self._members and not is_trivial_reduction(node),
            group.anchor,
            len(self.factors),
        )
        self.results = [self._result(node, is_row(node)) for node in stored]

    @property
    def reads(self) -> list[Buffer]:
        """Buffers that are read."""
        return [*(buffer for buffer, _ in self.factors), *self.lowering.operands]

    def reads_only_own_elements(self, buffer: Buffer, offset: Affine) -> bool:
        """Whether a buffer is read at this offset only, so that results may take its place."""
        if any(buffer is factor for factor, _ in self.factors):
            return False
        number = self.lowering.operands.get(buffer)
        loads = [e for e in postorder(tuple(r.expr for r in self.results)) if e.op == "load" and e.payload[0] == number]
        return all(not load.args and load.payload[1] == offset for load in loads)

    def call(self, targets: Mapping[Node, Sequence[Buffer]], physical: Callable[[Buffer], Buffer]) -> KernelCall:
        """The kernel call, once it is known which buffers every result goes to.

        Parameters
        ----------
        targets : Mapping
            Buffers of every stored member.
        physical : callable
            The buffer that holds the value for which a buffer was named while lowering.
        """
        buffers = [physical(buffer) for buffer in self.reads]
        access = ["in"] * len(buffers)
        own = {buffer: place for place, buffer in enumerate(buffers) if place >= len(self.factors)}
        stores = []
        for result in self.results:
            for target in targets[result.node]:
                place = own.setdefault(target, len(buffers))
                if place == len(buffers):
                    buffers.append(target)
                    access.append("out")
                elif access[place] == "in":
                    access[place] = "inout"
                stores.append(Store(place, result.offset, result.expr, result.over_reduction))
        operands = tuple(Operand(b.dtype, a) for b, a in zip(buffers, access, strict=True))
        spec = self._spec(operands, tuple(stores))
        nodes = self.lowering.computed
        # A kernel that only moves or fills computes nothing: it is called after the view that it writes.
        label = label_of(nodes or [result.node for result in self.results])
        return KernelCall(spec, tuple(buffers), label, nodes)

    def _spec(self, operands: tuple[Operand, ...], stores: tuple[Store, ...]) -> Nest | Contraction | Convolution:
        anchor = self.group.anchor
        if anchor is None:
            parallel = len(self.group.kept)
            axes = tuple(Axis(size, place >= parallel) for place, size in enumerate(self.axis_sizes))
            return Nest(axes, operands, stores, checks_of(stores))
        left, right = (affine for _, affine in self.factors)
        if anchor.op == "conv":
            return _convolution(anchor, left, right, operands, stores)
        batch, rows, columns = anchor.shape[:-2], anchor.shape[-2], anchor.shape[-1]
        depth = matmul_depth(anchor)
        return Contraction(batch, rows, columns, depth, left, right, operands, stores, anchor.dtype.name)

    def _full_map(self, shape: Shape) -> IndexMap:
        return identity_map(shape, self._places, len(self.axis_sizes))

    def _place_of(self, node: Node) -> IndexMap:
        """Where the element that is being computed goes: for a transpose of a member, with the axes in its order."""
        if node.op == "transpose" and node.inputs[0] in self._members:
            own = self._full_map(node.inputs[0].shape)
            return IndexMap(tuple(own.indices[axis] for axis in node.attrs["perm"]))
        return self._full_map(node.shape)

    def _result(self, node: Node, row: bool) -> Result:
        count = len(self.axis_sizes)
        index_map = identity_map(node.shape, range(count), count) if row else self._place_of(node)
        expr = self.lowering.value(node, index_map)
        over_reduction = bool(self.group.reduce) and not row
        return Result(node, offset_of(node.shape, index_map, count).affine, expr, over_reduction)


def _factor(access: Access, axes: int, buffer_of: Callable[[Node], Buffer | None]) -> tuple[Buffer, Affine]:
    buffer = buffer_of(access.source)
    assert buffer is not None, f"{access.source!r} has no buffer"
    return buffer, offset_of(access.source.shape, access.index_map, axes).affine


def _convolution(
    node: Node, left: Affine, right: Affine, operands: tuple[Operand, ...], stores: tuple[Store, ...]
) -> Convolution:
    x, w = node.inputs
    attrs = node.attrs
    return Convolution(
        batch=x.shape[0],
        channels=x.shape[-1],
        features=node.shape[-1],
        image=x.shape[1:-1],
        window=w.shape[:-2],
        output=node.shape[1:-1],
        strides=attrs["strides"],
        window_dilation=attrs["window_dilation"],
        image_dilation=attrs["image_dilation"],
        low=attrs["low"],
        groups=attrs["groups"],
        batch_groups=attrs["batch_groups"],
        left=left,
        right=right,
        operands=operands,
        stores=stores,
        dtype=node.dtype.name,
    )


def _axes(group: Group) -> tuple[Shape, tuple[int, ...]]:
    """Sizes of the kernel's axes, and for each axis of the group's space its place among them."""
    if group.anchor is not None:
        sizes: tuple[Dim, ...] = group.anchor.shape
        return sizes, tuple(axis for axis, size in enumerate(sizes) if size != 1)
    order = (*group.kept, *sorted(group.reduce))
    return tuple(group.space[axis] for axis in order), tuple(order.index(axis) for axis in range(len(order)))


def label_of(nodes: Sequence[Node]) -> str:
    """The operations of a kernel, for reports."""
    names = [node.op for node in nodes if node.op != "item"]
    shown = "+".join(names[:6])
    return shown if len(names) <= 6 else f"{shown}+{len(names) - 6} more"
