"""From program nodes to scalar expressions over one index space."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from graphc.ir.constants import Constant
from graphc.ir.dims import Dim
from graphc.ir.dtypes import DType
from graphc.ir.node import Node
from graphc.ir.types import Shape
from graphc.loops.expr import Expr, load
from graphc.loops.indexmap import (
    FOLDED_VIEWS,
    Index,
    IndexMap,
    broadcast_map,
    conjunction,
    constant_index,
    index_expr,
    offset_of,
    scale,
    size_expr,
    unflatten,
    view_map,
)
from graphc.loops.spec import Buffer
from graphc.loops.window import window_value
from graphc.ops.record import record_of


class CannotFold(Exception):
    """An element of a node cannot be computed where it is asked for; the node must be stored first."""

    def __init__(self, node: Node) -> None:
        super().__init__(f"{node!r} cannot be computed at this index map")
        self.node = node


def is_scalar_constant(node: Node) -> bool:
    """Whether a node is a constant of one element, which becomes part of the code."""
    return node.op == "const" and node.attrs["value"].array.size == 1


def is_computed(node: Node) -> bool:
    """Whether a node is one expression per element of its own index space: elementwise operations, pad and concat."""
    return record_of(node.op).kind == "elementwise" or node.op in ("pad", "concat") or is_trivial_reduction(node)


def reduction_axes(node: Node) -> tuple[int, ...]:
    """Axes that a reduction goes over."""
    axes: tuple[int, ...] = node.attrs["axes"] if "axes" in node.attrs else (node.attrs["axis"],)
    return axes


def is_trivial_reduction(node: Node) -> bool:
    """Whether a node is a reduction over axes of size 1 only."""
    return record_of(node.op).kind == "reduce" and all(node.inputs[0].shape[a] == 1 for a in reduction_axes(node))


def is_free(node: Node) -> bool:
    """Whether a node costs nothing where it is used: index maps and values that follow from indices and sizes."""
    return node.op in FOLDED_VIEWS or node.op in ("dim", "iota") or is_scalar_constant(node)


def operand_maps(node: Node, index_map: IndexMap, sizes: Sequence[Dim]) -> list[IndexMap] | None:
    """Where a computed node reads its operands, from where it is read itself; None if that cannot be told."""
    if record_of(node.op).kind == "elementwise":
        maps = [broadcast_map(index_map, node.shape, operand.shape, len(sizes)) for operand in node.inputs]
        return None if any(m is None for m in maps) else [m for m in maps if m is not None]
    if index_map.flat:
        indices = unflatten(index_map.indices[0], node.shape, sizes)
        if indices is None:
            return None
        index_map = IndexMap(indices, False, index_map.guard)
    if node.op == "pad":
        return [_pad_map(node, index_map), IndexMap((), False, index_map.guard)]
    if node.op == "concat":
        return _concat_maps(node, index_map)
    return [_trivial_reduction_map(node, index_map, len(sizes))]


def _compare(op: str, left: Expr, right: Expr) -> Expr:
    return Expr(op, (left, right), "bool", ())


def _pad_map(node: Node, index_map: IndexMap) -> IndexMap:
    guard, indices = index_map.guard, []
    attrs = zip(node.attrs["low"], node.attrs["high"], node.attrs["interior"], strict=True)
    for index, size, (low, high, interior) in zip(index_map.indices, node.inputs[0].shape, attrs, strict=True):
        moved = scale(index, 1, -low)
        place = index_expr(moved)
        if not (isinstance(low, int) and low <= 0):
            guard = conjunction(guard, _compare("ge", place, size_expr(0)))
        if not (isinstance(high, int) and high <= 0):
            end = size if interior == 0 else size * (interior + 1) - interior
            guard = conjunction(guard, _compare("lt", place, size_expr(end)))
        if interior:
            step = size_expr(interior + 1)
            remainder = Expr("mod", (place, step), "int64", ())
            guard = conjunction(guard, _compare("eq", remainder, size_expr(0)))
            zero = constant_index(0, len(index.affine.coefficients))
            moved = Index(zero.affine, Expr("floordiv", (place, step), "int64", ()))
        indices.append(moved)
    return IndexMap(tuple(indices), False, guard)


def _concat_maps(node: Node, index_map: IndexMap) -> list[IndexMap]:
    axis: int = node.attrs["axis"]
    index, start, maps = index_map.indices[axis], 0, []
    at: Dim = start
    for position, part in enumerate(node.inputs):
        end, guard = at + part.shape[axis], index_map.guard
        if position > 0:
            guard = conjunction(guard, _compare("ge", index_expr(index), size_expr(at)))
        if position < len(node.inputs) - 1:
            guard = conjunction(guard, _compare("lt", index_expr(index), size_expr(end)))
        moved = tuple(scale(i, 1, -at) if k == axis else i for k, i in enumerate(index_map.indices))
        maps.append(IndexMap(moved, False, guard))
        at = end
    return maps


def _trivial_reduction_map(node: Node, index_map: IndexMap, axes: int) -> IndexMap:
    source, reduced = node.inputs[0], reduction_axes(node)
    if node.rank == source.rank:
        return index_map
    remaining = iter(index_map.indices)
    indices = tuple(constant_index(0, axes) if a in reduced else next(remaining) for a in range(source.rank))
    return IndexMap(indices, False, index_map.guard)


class Lowering:
    """Expressions of nodes over one index space, with the operands that they load.

    Parameters
    ----------
    sizes : sequence of Dim
        Sizes of the axes of the nest.
    buffer_of : callable
        The buffer from which a node is loaded, or None if it is to be computed here.
    full_map : callable
        Where a reduction of this nest reads its operand: the map of the full index space.
    is_reduced_here : callable
        Whether a reduction belongs to this nest.
    accumulator : Node, optional
        The contraction whose sum is at hand.
    first : int
        Number of the first operand.
    """

    def __init__(
        self,
        sizes: Sequence[Dim],
        buffer_of: Callable[[Node], Buffer | None],
        full_map: Callable[[Shape], IndexMap],
        is_reduced_here: Callable[[Node], bool],
        accumulator: Node | None = None,
        first: int = 0,
    ) -> None:
        self.sizes = tuple(sizes)
        self.operands: dict[Buffer, int] = {}
        self._buffer_of = buffer_of
        self._full_map = full_map
        self._is_reduced_here = is_reduced_here
        self._accumulator = accumulator
        self._first = first
        self._loaded: set[Node] = set()
        self._memo: dict[tuple[Node, IndexMap], Expr] = {}

    @property
    def computed(self) -> tuple[Node, ...]:
        """Nodes whose operations are part of the expressions, in topological order."""
        found = {node for node, _ in self._memo if not is_free(node) and node not in self._loaded}
        return tuple(sorted(found, key=lambda node: node.id))

    def operand(self, buffer: Buffer) -> int:
        """Number of a buffer among the operands, a new one if needed."""
        return self.operands.setdefault(buffer, self._first + len(self.operands))

    def value(self, node: Node, index_map: IndexMap) -> Expr:
        """The element of a node at a map.

        Raises
        ------
        CannotFold
            If it is neither stored nor can be computed there.
        """
        key = (node, index_map)
        found = self._memo.get(key)
        if found is None:
            found = self._memo[key] = self._value(node, index_map)
        return found

    def _value(self, node: Node, index_map: IndexMap) -> Expr:
        if node is self._accumulator:
            return Expr("accumulator", (), node.dtype.name)
        if is_free(node):
            return self._free(node, index_map)
        buffer = self._buffer_of(node)
        if buffer is not None:
            self._loaded.add(node)
            return self._load(node, buffer, index_map)
        if is_computed(node):
            return self._computed(node, index_map)
        if record_of(node.op).kind == "reduce" and self._is_reduced_here(node):
            source = node.inputs[0]
            operand = self.value(source, self._full_map(source.shape))
            return Expr("reduce", (operand,), node.dtype.name, node.op)
        if record_of(node.op).kind == "window" and self._is_reduced_here(node):
            return window_value(node, self.value)
        raise CannotFold(node)

    def _load(self, node: Node, buffer: Buffer, index_map: IndexMap) -> Expr:
        offset = offset_of(node.shape, index_map, len(self.sizes))
        return load(self.operand(buffer), offset.affine, node.dtype.name, offset.dynamic, index_map.guard)

    def _free(self, node: Node, index_map: IndexMap) -> Expr:
        if node.op == "const":
            value: Constant = node.attrs["value"]
            return Expr("const", (), node.dtype.name, value.array.reshape(()).item())
        if node.op == "dim":
            return _converted(size_expr(node.attrs["value"]), node.dtype)
        if node.op == "iota":
            return _converted(index_expr(index_map.indices[0]), node.dtype)
        source = view_map(node, index_map, self.sizes)
        if source is not None:
            return self.value(node.inputs[0], source)
        buffer = self._buffer_of(node)
        if buffer is None:
            raise CannotFold(node)
        return self._load(node, buffer, index_map)

    def _computed(self, node: Node, index_map: IndexMap) -> Expr:
        maps = operand_maps(node, index_map, self.sizes)
        if maps is None:
            raise CannotFold(node)
        if node.op in ("argmax", "argmin"):
            return Expr("const", (), node.dtype.name, 0)
        values = [self.value(operand, m) for operand, m in zip(node.inputs, maps, strict=True)]
        if node.op == "concat":
            return _select_chain(maps, values, index_map.guard)
        if node.op == "pad":
            guard = maps[0].guard
            return values[0] if guard is index_map.guard else _select(guard, values[0], values[1])
        if record_of(node.op).kind == "reduce":
            return values[0]
        return Expr(node.op, tuple(values), node.dtype.name, attribute_pairs(node.attrs))


def attribute_pairs(attrs: Any) -> tuple[tuple[str, Any], ...]:
    """Attributes as sorted pairs."""
    return tuple(sorted(attrs.items(), key=lambda pair: pair[0]))


def _converted(value: Expr, dtype: DType) -> Expr:
    if dtype.name == value.dtype:
        return value
    return Expr("cast", (value,), dtype.name, (("dtype", dtype),))


def _select(condition: Expr | None, yes: Expr, no: Expr) -> Expr:
    return yes if condition is None else Expr("select", (condition, yes, no), yes.dtype, ())


def _select_chain(maps: Sequence[IndexMap], values: Sequence[Expr], outer: Expr | None) -> Expr:
    result = values[-1]
    for part, value in reversed(list(zip(maps[:-1], values[:-1], strict=True))):
        # Later parts were excluded by the conditions before, so that the part's own guard decides.
        result = _select(part.guard if part.guard is not outer else None, value, result)
    return result
