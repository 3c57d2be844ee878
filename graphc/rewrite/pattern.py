"""Patterns over nodes, as data.

A pattern is a small tree of five kinds of element: `Wild` (any node), `Scalar` (a tensor that holds one value
everywhere), `Op` (one of some operations, with patterns for its operands), `Through` (a pattern behind any number of
views) and `Attr` (captures an attribute). A name that occurs twice must stand for one node.

The same data serves as the template of a replacement: `instantiate` emits it.

Examples
--------
>>> x = wild("x")
>>> softplus = op("log", op("add", 1.0, op("exp", x)))
>>> template = op("softplus", x)
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from graphc.ir.dtypes import DType
from graphc.ir.node import Node
from graphc.ir.types import TensorType
from graphc.ops.builder import Builder

COMMUTATIVE = frozenset({"add", "mul", "maximum", "minimum", "and", "or", "xor", "eq", "ne"})
UNIFORM_VIEWS = frozenset({"broadcast_to", "reshape"})
LARGEST_UNIFORM_CONSTANT = 4096
"""Array constants with more elements are not searched for being the same value everywhere."""


@dataclass(frozen=True)
class Wild:
    """Any tensor: of the element kinds `kinds`, of rank `rank` if given, for which `where` holds if given."""

    name: str
    kinds: str = "biuf"
    rank: int | None = None
    where: Callable[[Node], bool] | None = None


@dataclass(frozen=True)
class Scalar:
    """A constant that holds one value everywhere: `value` if given; its Python scalar is bound to `name` if given."""

    value: float | None = None
    name: str | None = None


@dataclass(frozen=True)
class Attr:
    """In the attributes of an `Op`: binds the attribute's value to `name`, or must equal the value bound already."""

    name: str


@dataclass(frozen=True)
class Op:
    """A node of one of the operations `names`.

    Attributes
    ----------
    names : frozenset of str
        Operations.
    operands : tuple of patterns, optional
        Patterns for all operands, tried in both orders where the operation commutes. None: any operands.
    attrs : tuple of (str, object)
        Required attributes: values, or `Attr` captures.
    name : str, optional
        Binds the node itself.
    single_user : bool
        Only if nothing else uses the node.
    some : frozenset of str
        If not empty: at least one operand is a node of one of these operations.
    """

    names: frozenset[str]
    operands: tuple[Pattern, ...] | None
    attrs: tuple[tuple[str, Any], ...] = ()
    name: str | None = None
    single_user: bool = False
    some: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Through:
    """`inner`, or `inner` behind any number of nodes of the operations `names` (of one operand that matters)."""

    names: frozenset[str]
    inner: Pattern


Pattern = Wild | Scalar | Op | Through
Loose = Wild | Scalar | Op | Through | float | str


def _names(names: str | Collection[str]) -> frozenset[str]:
    return frozenset(names.split("|") if isinstance(names, str) else names)


def _pattern(loose: Loose) -> Pattern:
    if isinstance(loose, str):
        return Wild(loose)
    return Scalar(loose) if isinstance(loose, bool | int | float) else loose


def wild(
    name: str, kinds: str = "biuf", *, rank: int | None = None, where: Callable[[Node], bool] | None = None
) -> Wild:
    """Any tensor, bound to `name`."""
    return Wild(name, kinds, rank, where)


def scalar(name: str, value: float | None = None) -> Scalar:
    """A constant of one value everywhere, its value bound to `name`."""
    return Scalar(value, name)


def op(
    names: str | Collection[str],
    *operands: Loose,
    bind: str | None = None,
    single_user: bool = False,
    some: str | Collection[str] = (),
    **attrs: Any,
) -> Op:
    """A node of one of the operations (``"a|b"``); numbers stand for constants, strings for wildcards.

    No operands at all means any operands.
    """
    chosen = tuple(_pattern(o) for o in operands) if operands else None
    return Op(
        _names(names), chosen, tuple(sorted(attrs.items())), bind, single_user, _names(some) if some else frozenset()
    )


def through(names: str | Collection[str], inner: Loose) -> Through:
    """The inner pattern, possibly behind views."""
    return Through(_names(names), _pattern(inner))


def _all_equal(array: np.ndarray[Any, Any], first: Any) -> bool:
    """Whether all elements are one value, zeros of one sign included."""
    signs = array.dtype.kind == "f" and first == 0 and np.any(np.signbit(array) != np.signbit(first))
    return bool(np.all(array == first)) and not signs


def uniform_value(node: Node) -> bool | int | float | None:
    """The value that a constant tensor holds everywhere, as a Python scalar; None if it is not such a constant."""
    while node.op in UNIFORM_VIEWS:
        node = node.inputs[0]
    if node.op != "const":
        return None
    array = node.attrs["value"].array
    if not 1 <= array.size <= LARGEST_UNIFORM_CONSTANT:
        return None
    first = array.flat[0]
    if array.size > 1 and not _all_equal(array, first):
        return None
    value: bool | int | float = first.item()
    return value


@dataclass(frozen=True, slots=True)
class Context:
    """What a match may depend on besides the nodes themselves.

    Attributes
    ----------
    uses : Mapping of Node to int
        Number of users; a node that is missing counts as shared.
    protected : Collection of Node
        Nodes whose identity matters: never in the interior of a match.
    """

    uses: Mapping[Node, int]
    protected: Collection[Node] = frozenset()


class Match:
    """A place where a pattern holds: captures as attributes, `root`, and the matched `nodes`."""

    __slots__ = ("bindings", "nodes", "root")

    def __init__(self, root: Node, bindings: Mapping[str, Any], nodes: tuple[Node, ...]) -> None:
        self.root = root
        self.bindings = bindings
        self.nodes = nodes

    def __getattr__(self, name: str) -> Any:
        try:
            return self.bindings[name]
        except KeyError:
            raise AttributeError(f"no capture {name!r} in this match: there are {sorted(self.bindings)}") from None


State = tuple[Mapping[str, Any], tuple[Node, ...]]


def matches(pattern: Pattern, root: Node, context: Context) -> Iterator[Match]:
    """All ways in which `pattern` holds at `root`."""
    for bindings, nodes in _match(pattern, root, context, ({}, ()), True):
        yield Match(root, bindings, nodes)


def _match(pattern: Pattern, node: Node, context: Context, state: State, is_root: bool) -> Iterator[State]:
    if isinstance(pattern, Op):
        yield from _match_op(pattern, node, context, state, is_root)
    elif isinstance(pattern, Wild):
        if _admits_tensor(pattern, node):
            yield from _bind(pattern.name, node, state)
    elif isinstance(pattern, Scalar):
        value = uniform_value(node)
        if value is not None and (pattern.value is None or value == pattern.value):
            yield from [state] if pattern.name is None else _bind(pattern.name, value, state)
    else:
        yield from _match(pattern.inner, node, context, state, is_root)
        if node.op in pattern.names and node not in context.protected:
            yield from _match(pattern, node.inputs[0], context, (state[0], (*state[1], node)), False)


def _admits_tensor(pattern: Wild, node: Node) -> bool:
    type = node.type
    return (
        isinstance(type, TensorType)
        and type.dtype.kind in pattern.kinds
        and (pattern.rank is None or type.rank == pattern.rank)
        and (pattern.where is None or pattern.where(node))
    )


def _bind(name: str, value: Any, state: State) -> Iterator[State]:
    bindings, nodes = state
    if name not in bindings:
        yield {**bindings, name: value}, nodes
    elif bindings[name] is value or (not isinstance(value, Node) and bindings[name] == value):
        yield state


def _match_op(pattern: Op, node: Node, context: Context, state: State, is_root: bool) -> Iterator[State]:
    if node.op not in pattern.names or (not is_root and node in context.protected):
        return
    if pattern.single_user and context.uses.get(node, 2) != 1:
        return
    if pattern.some and not any(i.op in pattern.some for i in node.inputs):
        return
    states: list[State] = [(state[0], (*state[1], node))]
    for key, wanted in pattern.attrs:
        if key not in node.attrs:
            return
        value = node.attrs[key]
        if isinstance(wanted, Attr):
            states = [s for old in states for s in _bind(wanted.name, value, old)]
        elif value != wanted:
            return
    if pattern.name is not None:
        states = [s for old in states for s in _bind(pattern.name, node, old)]
    for start in states:
        if pattern.operands is None:
            yield start
            continue
        for order in _orders(node):
            if len(order) == len(pattern.operands):
                yield from _match_all(pattern.operands, order, context, start)


def _orders(node: Node) -> tuple[tuple[Node, ...], ...]:
    if node.op in COMMUTATIVE and node.inputs[0] is not node.inputs[1]:
        return node.inputs, node.inputs[::-1]
    return (node.inputs,)


def _match_all(
    patterns: tuple[Pattern, ...], nodes: tuple[Node, ...], context: Context, state: State
) -> Iterator[State]:
    if not patterns:
        yield state
        return
    for following in _match(patterns[0], nodes[0], context, state, False):
        yield from _match_all(patterns[1:], nodes[1:], context, following)


def may_match(pattern: Pattern, name: str, operands: tuple[str, ...], equal: bool = True) -> bool:
    """Whether a node of operation `name` on operands of these operations can match: the index of the driver.

    `equal` tells whether the first two operands are one node.
    """
    if not isinstance(pattern, Op):
        return True
    if name not in pattern.names or (pattern.some and not pattern.some.intersection(operands)):
        return False
    if pattern.operands is None:
        return True
    if len(pattern.operands) != len(operands) or (not equal and _needs_equal(pattern.operands)):
        return False
    orders = (operands, operands[::-1]) if name in COMMUTATIVE else (operands,)
    return any(all(_admits(p, o) for p, o in zip(pattern.operands, order, strict=True)) for order in orders)


def _needs_equal(operands: tuple[Pattern, ...]) -> bool:
    first, second = (*operands, None, None)[:2]
    return isinstance(first, Wild) and isinstance(second, Wild) and first.name == second.name


def is_contextual(pattern: Pattern) -> bool:
    """Whether a match depends on who else uses a node, not only on the node."""
    if isinstance(pattern, Through):
        return is_contextual(pattern.inner)
    return isinstance(pattern, Op) and (pattern.single_user or any(map(is_contextual, pattern.operands or ())))


def _admits(pattern: Pattern, name: str) -> bool:
    if isinstance(pattern, Op):
        return name in pattern.names
    if isinstance(pattern, Scalar):
        return name == "const" or name in UNIFORM_VIEWS
    return isinstance(pattern, Wild) or name in pattern.names or _admits(pattern.inner, name)


def instantiate(template: Pattern, match: Match, builder: Builder) -> Node:
    """Emit a template over the captures of a match.

    Constants take the element type of the match's root. An `Op` of several names is not a template.

    Raises
    ------
    ValueError
        If the template is not one expression.
    """
    if isinstance(template, Wild):
        node: Node = match.bindings[template.name]
        return node
    if isinstance(template, Scalar):
        return builder.constant(_scalar_value(template, match), _dtype(match))
    if isinstance(template, Through) or len(template.names) != 1 or template.operands is None:
        raise ValueError(f"{template} matches several expressions and cannot be emitted")
    attrs = {key: match.bindings[v.name] if isinstance(v, Attr) else v for key, v in template.attrs}
    operands: list[Node | bool | int | float] = [
        # A number, not a node: the builder gives it the type of the operands beside it.
        _scalar_value(o, match) if isinstance(o, Scalar) else instantiate(o, match, builder)
        for o in template.operands
    ]
    return builder.emit(next(iter(template.names)), *operands, **attrs)


def _scalar_value(template: Scalar, match: Match) -> Any:
    return template.value if template.name is None else match.bindings[template.name]


def _dtype(match: Match) -> DType:
    return match.root.dtype
