"""Views and casts: merged, dropped, or moved out of the way of computation."""

from __future__ import annotations

import numpy as np

import graphc.ops  # noqa: F401  (registers the records that are listed below)
from graphc.ir.dims import Dim
from graphc.ir.dtypes import DType, float64, int32
from graphc.ir.node import Node
from graphc.ops.builder import Builder
from graphc.ops.record import REGISTRY
from graphc.rewrite.examples import sample, sample_scalar
from graphc.rewrite.pattern import Attr, Match, op, uniform_value, wild
from graphc.rewrite.rule import Rule

EXACT = ("exact",)
ELEMENTWISE = frozenset(r.name for r in REGISTRY.values() if r.kind == "elementwise" and r.effect == "pure")


def lossless(source: DType, target: DType) -> bool:
    """Whether every value of one element type is one of another."""
    if source == target or source.is_bool:
        return True
    if target.is_floating:
        digits = {32: 24, 64: 53}[target.bits]
        return source.bits <= target.bits if source.is_floating else source.bits <= digits
    if source.is_floating or target.is_bool:
        return False
    if source.kind == target.kind:
        return source.bits <= target.bits
    return source.kind == "u" and source.bits < target.bits


def _cast_may_skip(m: Match) -> bool:
    """Whether casting at once is the same; integers wrap, but floats saturate on the way to an integer."""
    source, between, target = m.x.dtype, m.inner.dtype, m.root.dtype
    saturates = between.is_floating and target.is_integer and not source.is_floating
    return lossless(source, between) and (not saturates or lossless(source, target))


def _compose(m: Match, b: Builder) -> Node:
    return b.emit("transpose", m.x, perm=tuple(m.first[p] for p in m.second))


def _slice_of_slice(m: Match, b: Builder) -> Node | None:
    inner, outer = m.inner.attrs, m.root.attrs
    if any(s != 1 for s in inner["step"]):
        return None
    start = tuple(a + c for a, c in zip(inner["start"], outer["start"], strict=True))
    stop = tuple(a + c for a, c in zip(inner["start"], outer["stop"], strict=True))
    merged = b.emit("slice", m.x, start=start, stop=stop, step=outer["step"])
    return merged if merged.type == m.root.type else None


def _part(m: Match, b: Builder) -> Node | None:
    """The operand of a concatenation that a slice picks out."""
    start, stop, axis = m.root.attrs["start"], m.root.attrs["stop"], m.joined.attrs["axis"]
    at: Dim = 0
    for part in m.joined.inputs:
        end = at + part.shape[axis]
        if start[axis] == at and stop[axis] == end and part.type == m.root.type:
            found: Node = part
            return found
        at = end
    return None


def _whole(m: Match) -> bool:
    attrs = m.root.attrs
    return all(s == 1 for s in attrs["step"]) and all(s == 0 for s in attrs["start"]) and m.root.type == m.x.type


def _without_broadcasts(m: Match, b: Builder) -> Node:
    """An elementwise operation broadcasts by itself: only the result, if at all, is spread out."""
    operands = [i.inputs[0] if i.op == "broadcast_to" else i for i in m.root.inputs]
    return b.rebuild(m.root, operands)


def _filled(m: Match, b: Builder) -> Node | None:
    value = uniform_value(m.root) if m.root.rank else None
    return None if value is None else b.full(value, m.root.dtype, m.root.shape)


def _spread(m: Match, b: Builder) -> Node:
    return b.emit("broadcast_to", m.x, shape=m.root.shape)


def _same_type(m: Match) -> bool:
    return bool(m.root.type == m.x.type)


def _joined(b: Builder) -> Node:
    return b.emit("concat", sample(b, 2, 3), sample(b, 4, 3, index=1), axis=0)


def _slice(x: Node, start: tuple[int, ...], stop: tuple[int, ...], step: tuple[int, ...]) -> Node:
    return x.builder.emit("slice", x, start=start, stop=stop, step=step)


RULES = (
    Rule(
        "cast to own type",
        op("cast", "x"),
        wild("x"),
        "a cast to the type that is there already is dropped",
        EXACT,
        lambda b: b.emit("cast", sample(b), dtype=sample(b).dtype),
        guard=_same_type,
    ),
    Rule(
        "cast of cast",
        op("cast", op("cast", "x", bind="inner"), dtype=Attr("dtype")),
        op("cast", "x", dtype=Attr("dtype")),
        "a cast through a type that holds every value is skipped",
        EXACT,
        lambda b: b.emit("cast", b.emit("cast", sample(b), dtype=float64), dtype=int32),
        guard=_cast_may_skip,
    ),
    Rule(
        "reshape to own shape",
        op("reshape", "x"),
        wild("x"),
        "a reshape to the shape that is there already is dropped",
        EXACT,
        lambda b: b.emit("reshape", sample(b, 2, 3), shape=(2, 3)),
        guard=_same_type,
    ),
    Rule(
        "reshape of reshape",
        op("reshape", op("reshape", "x"), shape=Attr("shape")),
        op("reshape", "x", shape=Attr("shape")),
        "of two reshapes the last counts",
        EXACT,
        lambda b: b.emit("reshape", b.emit("reshape", sample(b, 2, 6), shape=(12,)), shape=(3, 4)),
    ),
    Rule(
        "transpose to own order",
        op("transpose", "x", perm=Attr("perm")),
        wild("x"),
        "a transpose that moves nothing is dropped",
        EXACT,
        lambda b: b.emit("transpose", sample(b, 2, 3), perm=(0, 1)),
        guard=lambda m: m.perm == tuple(range(len(m.perm))),
    ),
    Rule(
        "transpose of transpose",
        op("transpose", op("transpose", "x", perm=Attr("first")), perm=Attr("second")),
        _compose,
        "two transposes are one",
        EXACT,
        lambda b: b.emit("transpose", b.emit("transpose", sample(b, 2, 3, 4), perm=(1, 2, 0)), perm=(0, 2, 1)),
    ),
    Rule(
        "broadcast to own shape",
        op("broadcast_to", "x"),
        wild("x"),
        "a broadcast to the shape that is there already is dropped",
        EXACT,
        lambda b: b.emit("broadcast_to", sample(b, 2, 3), shape=(2, 3)),
        guard=_same_type,
    ),
    Rule(
        "broadcast of broadcast",
        op("broadcast_to", op("broadcast_to", "x"), shape=Attr("shape")),
        op("broadcast_to", "x", shape=Attr("shape")),
        "two broadcasts are one",
        EXACT,
        lambda b: b.emit("broadcast_to", b.emit("broadcast_to", sample(b, 1, 3), shape=(2, 3)), shape=(4, 2, 3)),
    ),
    Rule(
        "filled constant",
        op("const"),
        _filled,
        "an array constant of one value is that value, broadcast",
        EXACT,
        lambda b: b.constant(np.full((3, 2), 7.0)),
    ),
    Rule(
        "reshape of a scalar",
        op("reshape", wild("x", rank=0)),
        _spread,
        "a scalar under a shape of ones is a broadcast scalar",
        EXACT,
        lambda b: b.emit("reshape", sample_scalar(b), shape=(1, 1)),
    ),
    Rule(
        "broadcast under an elementwise operation",
        op(ELEMENTWISE, some="broadcast_to"),
        _without_broadcasts,
        "elementwise operations broadcast by themselves",
        EXACT,
        lambda b: b.emit("exp", b.emit("broadcast_to", sample(b, 1, 3), shape=(4, 3))),
    ),
    Rule(
        "view of a filled tensor",
        op("reshape|transpose|slice|reverse", op("broadcast_to", wild("x", rank=0))),
        _spread,
        "moving the elements of a tensor that is one value everywhere only changes its shape",
        EXACT,
        lambda b: b.emit("reshape", b.emit("broadcast_to", sample_scalar(b), shape=(2, 3)), shape=(6,)),
    ),
    Rule(
        "slice of everything",
        op("slice", "x"),
        wild("x"),
        "a slice of the whole tensor is dropped",
        EXACT,
        lambda b: _slice(sample(b, 2, 3), (0, 0), (2, 3), (1, 1)),
        guard=_whole,
    ),
    Rule(
        "slice of slice",
        op("slice", op("slice", "x", bind="inner")),
        _slice_of_slice,
        "a slice of a slice in steps of 1 is one slice",
        EXACT,
        lambda b: _slice(_slice(sample(b, 9), (2,), (8,), (1,)), (1,), (5,), (2,)),
    ),
    Rule(
        "slice of concat",
        op("slice", op("concat", bind="joined")),
        _part,
        "the slice that is one operand of a concatenation is that operand",
        EXACT,
        lambda b: _slice(_joined(b), (2, 0), (6, 3), (1, 1)),
        guard=lambda m: all(s == 1 for s in m.root.attrs["step"]),
    ),
    Rule(
        "concat of one",
        op("concat", "x"),
        wild("x"),
        "a concatenation of one tensor is that tensor",
        EXACT,
        lambda b: b.emit("concat", sample(b, 2, 3), axis=0),
    ),
    Rule(
        "reverse of reverse",
        op("reverse", op("reverse", "x", axes=Attr("axes")), axes=Attr("axes")),
        wild("x"),
        "reversing twice changes nothing",
        EXACT,
        lambda b: b.emit("reverse", b.emit("reverse", sample(b, 2, 3), axes=(1,)), axes=(1,)),
    ),
    Rule(
        "pad by nothing",
        op("pad", "x", "value"),
        wild("x"),
        "padding of no width is dropped",
        EXACT,
        lambda b: b.emit("pad", sample(b, 3), b.constant(0.0, sample(b).dtype), low=(0,), high=(0,), interior=(0,)),
        guard=lambda m: not any(w != 0 for key in ("low", "high", "interior") for w in m.root.attrs[key]),
    ),
)

UNTAGGED = Rule(
    "identity without a tag",
    op("identity", "x"),
    wild("x"),
    "an identity that is no boundary is its operand",
    EXACT,
    lambda b: b.emit("identity", sample(b)),
    guard=lambda m: not m.root.attrs.get("tag", 0),
)
