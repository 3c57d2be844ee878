"""Places of temporaries in one block of memory, as formulas that hold for all sizes.

At representative sizes the buffers are placed largest first, each into the smallest gap that no buffer of an
overlapping lifetime uses (greedy by size, as in Pisarchyk and Lee, "Efficient memory management for deep neural net
inference", 2020). That layout says which of two buffers alive together lies below the other; the formula of an offset
is the largest end of those below, so the order, and with it the absence of overlap, holds at every size.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graphc.ir.dims import Dim, DimExpr, ceildiv, dim_max, product, substitute, symbol
from graphc.ir.dtypes import BY_NAME
from graphc.ir.intervals import at_most, not_negative
from graphc.loops.spec import Buffer, KernelCall
from graphc.memory.lifetimes import Lifetime, arena_lifetimes

ALIGNMENT = 64
PAGE = 4096


@dataclass(frozen=True)
class Arena:
    """Offsets in bytes of all temporaries.

    Attributes
    ----------
    definitions : tuple of (str, Dim)
        Intermediate offsets in order; each may use the symbols of sizes and the names before it.
    offsets : dict of Buffer to Dim
        In terms of sizes and definitions.
    size : Dim
        Bytes of the whole block.
    """

    definitions: tuple[tuple[str, Dim], ...]
    offsets: dict[Buffer, Dim]
    size: Dim

    def evaluate(self, sizes: Mapping[str, int]) -> tuple[dict[Buffer, int], int]:
        """Offsets and the size of the block as integers."""
        known: dict[str, Dim] = dict(self.named(sizes))
        offsets = {buffer: _integer(substitute(formula, known)) for buffer, formula in self.offsets.items()}
        return offsets, _integer(substitute(self.size, known))

    def named(self, sizes: Mapping[str, int]) -> dict[str, int]:
        """Values of the size symbols and of all definitions."""
        known: dict[str, Dim] = dict(sizes)
        for name, formula in self.definitions:
            known[name] = _integer(substitute(formula, known))
        return known  # type: ignore[return-value]


def _integer(value: Dim) -> int:
    if not isinstance(value, int):
        raise ValueError(f"the size {value} is not known")
    return value


def byte_size(buffer: Buffer) -> Dim:
    """Bytes of a buffer's elements."""
    return product(buffer.shape) * BY_NAME[buffer.dtype].itemsize


def plan_arena(
    calls: Sequence[KernelCall], sizes: Mapping[str, int], reuse: bool = True, late: frozenset[str] = frozenset()
) -> Arena:
    """Place the temporaries of a schedule.

    Parameters
    ----------
    calls : sequence of KernelCall
        In execution order.
    sizes : Mapping of str to int
        Representative value of every size symbol.
    reuse : bool
        Whether temporaries that are not alive together may share bytes.
    late : frozenset of str
        Symbols that stand for any value from 0 up to the one that the formulas are evaluated for.

    Returns
    -------
    Arena
        Offsets are multiples of 64. Buffers of a page or more get different remainders modulo 4 KiB, because equal
        ones make loads wait for unrelated stores.
    """
    lifetimes = arena_lifetimes(calls)
    if not reuse:
        lifetimes = dict.fromkeys(lifetimes, Lifetime(0, len(calls)))
    spans = _spans(list(lifetimes), sizes, late)
    typical = {buffer: _integer(substitute(span, dict(sizes))) for buffer, span in spans.items()}
    return _formulas(_best_fit(typical, lifetimes), typical, spans, lifetimes)


def _spans(buffers: Sequence[Buffer], sizes: Mapping[str, int], late: frozenset[str]) -> dict[Buffer, Dim]:
    """Bytes that each buffer occupies: aligned, and staggered if large."""
    spans: dict[Buffer, Dim] = {}
    pages = 0
    for buffer in buffers:
        most = product(at_most(dim, late) for dim in buffer.shape) * BY_NAME[buffer.dtype].itemsize
        span = ceildiv(most, ALIGNMENT) * ALIGNMENT
        if _integer(substitute(span, dict(sizes))) >= PAGE:
            span = span + ALIGNMENT * (1 + 2 * (pages % 8))
            pages += 1
        spans[buffer] = span
    return spans


@dataclass(frozen=True)
class _Alive:
    """Lifetimes as arrays, in one order of the buffers."""

    first: NDArray[np.int64]
    last: NDArray[np.int64]

    @classmethod
    def of(cls, buffers: Iterable[Buffer], lifetimes: Mapping[Buffer, Lifetime]) -> _Alive:
        lives = [lifetimes[buffer] for buffer in buffers]
        first = np.array([life.first for life in lives], np.int64)
        return cls(first, np.array([life.last for life in lives], np.int64))

    def meeting(self, life: Lifetime) -> NDArray[np.bool_]:
        """Which of them are alive together with a buffer of this lifetime."""
        return (self.first <= life.last) & (self.last >= life.first)


def _best_fit(typical: Mapping[Buffer, int], lifetimes: Mapping[Buffer, Lifetime]) -> dict[Buffer, int]:
    """Offsets at representative sizes; the order of the result is the order of placement.

    What is placed is kept by its offset in rows (start, end, first call, last call): a search for a gap is a few array
    operations, so that thousands of buffers alive together cost microseconds each.
    """
    places: dict[Buffer, int] = {}
    rows = np.empty((4, len(typical)), np.int64)
    for count, buffer in enumerate(sorted(typical, key=lambda b: -typical[b])):
        need, life = typical[buffer], lifetimes[buffer]
        placed = rows[:, :count]
        starts, ends = placed[:2, _Alive(placed[2], placed[3]).meeting(life)]
        offset = places[buffer] = _smallest_gap(starts, ends, need)
        at = int(np.searchsorted(placed[0], offset))
        rows[:, at + 1 : count + 1] = rows[:, at:count].copy()
        rows[:, at] = offset, offset + need, life.first, life.last
    return places


def _smallest_gap(starts: NDArray[np.int64], ends: NDArray[np.int64], need: int) -> int:
    """Where the smallest gap of at least `need` bytes begins, the lowest among equals; the end of all if none is."""
    if len(starts) == 0:
        return 0
    reached = np.maximum.accumulate(ends)
    before = np.concatenate(([0], reached[:-1]))
    gaps = starts - before
    fits = np.flatnonzero(gaps >= need)
    return int(before[fits[np.argmin(gaps[fits])]]) if len(fits) else int(reached[-1])


def _formulas(
    places: Mapping[Buffer, int],
    typical: Mapping[Buffer, int],
    spans: Mapping[Buffer, Dim],
    lifetimes: Mapping[Buffer, Lifetime],
) -> Arena:
    if all(isinstance(span, int) for span in spans.values()):
        return Arena((), dict(places), max((places[b] + typical[b] for b in places), default=0))
    definitions: list[tuple[str, Dim]] = []
    offsets: dict[Buffer, Dim] = {}
    order = sorted(places, key=lambda b: (places[b], places[b] + typical[b]))
    alive = _Alive.of(order, lifetimes)
    # Bit sets over places in this order: who lies below a buffer because of whom has been said already.
    settled = [0] * len(order)
    tops: list[Dim] = []
    for place, buffer in enumerate(order):
        meeting = alive.meeting(lifetimes[buffer])
        below = int.from_bytes(np.packbits(meeting[:place], bitorder="little").tobytes(), "little")
        ends: list[Dim] = []
        while below:
            top = below.bit_length() - 1
            ends.append(offsets[order[top]] + spans[order[top]])
            implied = settled[top] | 1 << top
            settled[place] |= implied
            below &= ~implied
        offsets[buffer] = _named(_largest(ends), definitions)
        if not meeting[place + 1 :].any():
            tops.append(offsets[buffer] + spans[buffer])
    return Arena(tuple(definitions), offsets, _largest(tops))


def _named(value: Dim, definitions: list[tuple[str, Dim]]) -> Dim:
    """A short name for an offset that would otherwise be repeated in every formula above it."""
    if isinstance(value, int) or (len(value.terms) <= 2 and not _chosen(value)):
        return value
    name = f"@{len(definitions)}"
    definitions.append((name, value))
    return symbol(name)


def _chosen(value: DimExpr) -> bool:
    """Whether it holds a largest of several ends: repeated in the formulas above, such would double at every level."""
    return any(atom[0] == "max" for monomial, _ in value.terms for atom, _ in monomial)


def _largest(values: Sequence[Dim]) -> Dim:
    kept: list[Dim] = []
    for value in dict.fromkeys(values):
        if not any(_never_below(other, value) for other in kept):
            kept = [other for other in kept if not _never_below(value, other)]
            kept.append(value)
    result: Dim = 0
    for value in kept:
        result = value if result == 0 else dim_max(result, value)
    return result


def _never_below(left: Dim, right: Dim) -> bool:
    """Whether `left` is at least `right` whatever the sizes, as far as coefficients tell."""
    return not_negative(left - right)
