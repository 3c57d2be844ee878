"""From which call to which call the bytes of a temporary have to last."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from graphc.loops.spec import Buffer, KernelCall


@dataclass(frozen=True, slots=True)
class Lifetime:
    """First and last position, both included, of the calls that touch a buffer."""

    first: int
    last: int

    def meets(self, other: Lifetime) -> bool:
        """Whether two lifetimes have a call in common."""
        return self.first <= other.last and other.first <= self.last


def base_of(buffer: Buffer) -> Buffer:
    """The buffer whose bytes these are."""
    while buffer.kind == "alias":
        buffer = buffer.payload
    return buffer


def arena_lifetimes(calls: Sequence[KernelCall]) -> dict[Buffer, Lifetime]:
    """Lifetimes of all temporaries, in order of their first call."""
    found: dict[Buffer, Lifetime] = {}
    for position, call in enumerate(calls):
        for buffer in _arena(call.buffers):
            known = found.get(buffer)
            found[buffer] = Lifetime(position if known is None else known.first, position)
    return found


def _arena(buffers: Iterable[Buffer]) -> Iterable[Buffer]:
    return (b for b in map(base_of, buffers) if b.kind == "arena")
