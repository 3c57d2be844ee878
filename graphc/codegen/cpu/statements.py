"""What a segment is made of: words, calls of kernels, branches and loops, before they are written as IR."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

__all__ = ["Branch", "Call", "Loop", "Rotation", "Share", "Slide", "Source", "Statement", "Word"]


class Source(Enum):
    """Where a word of an argument array comes from."""

    TABLE = "tab"
    DIMENSION = "dims"
    CONSTANT = "constant"
    LOCAL = "local"
    SIZES = "sizes"


@dataclass(frozen=True)
class Word:
    """One 64-bit word: ``tab[value]``, ``dims[value]``, the constant `value` itself, what loop `value` changes, or the
    address of ``dims``.

    Locals are numbered over the whole segment; each is set by one `Slide` or `Rotation`.
    """

    source: Source
    value: int


@dataclass(frozen=True)
class Share:
    """How a call is divided over threads.

    Attributes
    ----------
    run, control : Word
        Address of the pool's ``i32 (ptr control, ptr kernel, ptr args, i64 extent, i64 parts)`` and its first argument.
    parts : Word
        Number of parts.
    """

    run: Word
    control: Word
    parts: Word


@dataclass(frozen=True)
class Call:
    """A call of `kernel` over ``begin <= i < end`` with an array of `arguments`.

    `index` is what the error slot receives when the kernel returns a status other than 0. With `share` the range, which
    begins at 0 then, is divided over threads.
    """

    kernel: str
    arguments: tuple[Word, ...]
    begin: Word
    end: Word
    index: int
    share: Share | None = None


@dataclass(frozen=True)
class Slide:
    """A local that is ``base + step * stride``, in bytes."""

    local: int
    base: Word
    stride: Word


@dataclass(frozen=True)
class Rotation:
    """Two locals that change places after every step, and are in a known place at the end.

    Attributes
    ----------
    current, following : int
        Locals: the address of the value before a step, and of that after it.
    initial : Word
        Address of the value before the first step.
    result, spare : Word
        Addresses that `following` has in turns.
    settle : Call
        Copies from `current` to `result`; made after the last step if the value is elsewhere.
    """

    current: int
    following: int
    initial: Word
    result: Word
    spare: Word
    settle: Call


@dataclass(frozen=True)
class Loop:
    """Statements that run step by step.

    Attributes
    ----------
    body : tuple of Statement
    slides : tuple of Slide
    rotations : tuple of Rotation
    length : Word, optional
        Number of steps; None: as long as the test holds.
    reverse : bool
        Steps ``length - 1`` to 0.
    step : Word, optional
        Address of an int64 that receives the number of the step.
    test : tuple of Statement
        Run before every step.
    answer : Word, optional
        Address of the bool that the test leaves.
    """

    body: tuple[Statement, ...]
    slides: tuple[Slide, ...] = ()
    rotations: tuple[Rotation, ...] = ()
    length: Word | None = None
    reverse: bool = False
    step: Word | None = None
    test: tuple[Statement, ...] = ()
    answer: Word | None = None


@dataclass(frozen=True)
class Branch:
    """One of two lists of statements, by the bool at an address."""

    predicate: Word
    then: tuple[Statement, ...]
    orelse: tuple[Statement, ...]


Statement = Call | Loop | Branch
