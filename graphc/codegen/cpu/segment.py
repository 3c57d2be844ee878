"""Straight-line IR that calls kernels: a segment.

A statement of the Python driver costs Numba 3 to 8 ms, a call inside a segment nothing to speak of, so every run of
kernels without control flow between them becomes one function ``i32 segment(i64 tab, i64 dims)``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

__all__ = ["Call", "Source", "Word", "segment_ir"]


class Source(Enum):
    """Where a word of an argument array comes from."""

    TABLE = "tab"
    DIMENSION = "dims"
    CONSTANT = "constant"


@dataclass(frozen=True)
class Word:
    """One 64-bit word: ``tab[value]``, ``dims[value]`` or the constant `value` itself."""

    source: Source
    value: int


@dataclass(frozen=True)
class Call:
    """A call of `kernel` over ``begin <= i < end`` with an array of `arguments`.

    `index` is what the error slot receives when the kernel returns a status other than 0.
    """

    kernel: str
    arguments: tuple[Word, ...]
    begin: Word
    end: Word
    index: int


def segment_ir(name: str, calls: Sequence[Call]) -> str:
    """Write the IR of one segment.

    Parameters
    ----------
    name : str
        Symbol of the segment.
    calls : sequence of Call
        Kernels in order. After a status other than 0 the rest is skipped, word 0 of the error array at ``tab[0]`` is
        set to the call's index, and the status is returned.

    Returns
    -------
    str
        An LLVM module in text form that declares the kernels and defines the segment.
    """
    words = max((len(call.arguments) for call in calls), default=0)
    lines = [f'declare i32 @"{kernel}"(ptr, i64, i64)' for kernel in dict.fromkeys(call.kernel for call in calls)]
    lines += [f'define i32 @"{name}"(i64 %tab.word, i64 %dims.word) {{', "entry:"]
    lines += ["  %tab = inttoptr i64 %tab.word to ptr", "  %dims = inttoptr i64 %dims.word to ptr"]
    if words:
        lines.append(f"  %args = alloca [{words} x i64], align 64")
    for position, call in enumerate(calls):
        lines += _call_lines(position, call, "%args" if words else "null")
    lines.append("  ret i32 0")
    if calls:
        lines += _failure_lines(calls)
    return "\n".join([*lines, "}", ""])


def _word_lines(register: str, word: Word) -> tuple[list[str], str]:
    """Lines that load `word` (none for a constant), and the operand that then names it."""
    if word.source is Source.CONSTANT:
        return [], str(word.value)
    return [
        f"  {register}.p = getelementptr i64, ptr %{word.source.value}, i64 {word.value}",
        f"  {register} = load i64, ptr {register}.p, align 8",
    ], register


def _call_lines(position: int, call: Call, array: str) -> list[str]:
    lines = []
    for slot, word in enumerate(call.arguments):
        loads, operand = _word_lines(f"%c{position}.w{slot}", word)
        lines += loads
        lines.append(f"  %c{position}.s{slot} = getelementptr i64, ptr {array}, i64 {slot}")
        lines.append(f"  store i64 {operand}, ptr %c{position}.s{slot}, align 8")
    begin_loads, begin = _word_lines(f"%c{position}.begin", call.begin)
    end_loads, end = _word_lines(f"%c{position}.end", call.end)
    return [
        *lines, *begin_loads, *end_loads,
        f'  %r{position} = call i32 @"{call.kernel}"(ptr {array}, i64 {begin}, i64 {end})',
        f"  %ok{position} = icmp eq i32 %r{position}, 0",
        f"  br i1 %ok{position}, label %next{position}, label %failed",
        f"next{position}:",
    ]  # fmt: skip


def _failure_lines(calls: Sequence[Call]) -> list[str]:
    """The one block that all failing calls go to."""
    origins = ["%entry", *(f"%next{i}" for i in range(len(calls) - 1))]
    statuses = ", ".join(f"[ %r{i}, {origin} ]" for i, origin in enumerate(origins))
    indices = ", ".join(f"[ {call.index}, {origin} ]" for call, origin in zip(calls, origins, strict=True))
    return [
        "failed:",
        f"  %status = phi i32 {statuses}",
        f"  %index = phi i64 {indices}",
        "  %slot.word = load i64, ptr %tab, align 8",
        "  %slot = inttoptr i64 %slot.word to ptr",
        "  store i64 %index, ptr %slot, align 8",
        "  ret i32 %status",
    ]
