"""Straight-line IR that calls kernels: a segment.

A statement of the Python driver costs Numba 3 to 8 ms, a call inside a segment nothing to speak of, so every run of
kernels without control flow between them becomes one function ``i32 segment(i64 tab, i64 dims)``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

__all__ = ["POOL_CONTROL", "POOL_RUN", "Call", "Share", "Source", "Word", "segment_ir"]


#: Names of the worker pool's function and control block among the addresses that a program asks for.
POOL_RUN, POOL_CONTROL = "graphc_pool_run", "graphc_pool_control"


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


# Calls in one function: in longer ones LLVM's instruction selection costs more for every call.
PIECE = 64


# Arguments written one by one: code for more takes LLVM quadratic time, so a loop reads them off a constant list.
MOST_WRITTEN = 48

# Codes are pairs of a source and a value, in the order of `Source`.
_GATHER = """define internal void @"graphc.gather"(ptr %args, ptr %tab, ptr %dims, ptr %codes, i64 %count) noinline {
entry:
  br label %word
word:
  %i = phi i64 [ 0, %entry ], [ %i.next, %word ]
  %code = getelementptr {i64, i64}, ptr %codes, i64 %i
  %value.p = getelementptr i64, ptr %code, i64 1
  %source = load i64, ptr %code, align 8
  %value = load i64, ptr %value.p, align 8
  %in.table = icmp eq i64 %source, 0
  %base = select i1 %in.table, ptr %tab, ptr %dims
  %place = getelementptr i64, ptr %base, i64 %value
  %constant = icmp eq i64 %source, 2
  %from = select i1 %constant, ptr %value.p, ptr %place
  %read = load i64, ptr %from, align 8
  %to = getelementptr i64, ptr %args, i64 %i
  store i64 %read, ptr %to, align 8
  %i.next = add i64 %i, 1
  %more = icmp slt i64 %i.next, %count
  br i1 %more, label %word, label %done
done:
  ret void
}"""


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
    kernels = dict.fromkeys(call.kernel for call in calls)
    lines = [f'declare i32 @"{kernel}"(ptr, i64, i64)' for kernel in kernels]
    long = [call for call in calls if len(call.arguments) > MOST_WRITTEN]
    if long:
        lines += [_GATHER, *(_codes_line(call) for call in long)]
    if len(calls) <= PIECE:
        return "\n".join([*lines, *_function_lines(name, calls), ""])
    pieces = [calls[start : start + PIECE] for start in range(0, len(calls), PIECE)]
    for number, piece in enumerate(pieces):
        lines += _function_lines(f"{name}.{number}", piece)
    return "\n".join([*lines, *_sequence_lines(name, len(pieces)), ""])


def _function_lines(name: str, calls: Sequence[Call]) -> list[str]:
    """One function that makes some calls."""
    words = max((len(call.arguments) for call in calls), default=0)
    lines = [f'define i32 @"{name}"(i64 %tab.word, i64 %dims.word) {{', "entry:"]
    lines += ["  %tab = inttoptr i64 %tab.word to ptr", "  %dims = inttoptr i64 %dims.word to ptr"]
    if words:
        lines.append(f"  %args = alloca [{words} x i64], align 64")
    for position, call in enumerate(calls):
        lines += _call_lines(position, call, "%args" if words else "null")
    lines.append("  ret i32 0")
    if calls:
        lines += _failure_lines(calls)
    return [*lines, "}"]


def _sequence_lines(name: str, pieces: int) -> list[str]:
    """A function that runs the pieces of a long segment until one fails."""
    lines = [f'define i32 @"{name}"(i64 %tab.word, i64 %dims.word) {{', "entry:"]
    for k in range(pieces):
        lines += [
            f'  %status{k} = call i32 @"{name}.{k}"(i64 %tab.word, i64 %dims.word)',
            f"  %ok{k} = icmp eq i32 %status{k}, 0",
            f"  br i1 %ok{k}, label %next{k}, label %failed",
            f"next{k}:",
        ]
    origins = ["%entry", *(f"%next{k}" for k in range(pieces - 1))]
    statuses = ", ".join(f"[ %status{k}, {origin} ]" for k, origin in enumerate(origins))
    return [*lines, "  ret i32 0", "failed:", f"  %status = phi i32 {statuses}", "  ret i32 %status", "}"]


def _codes_line(call: Call) -> str:
    """The constant list that a call with many arguments reads them off."""
    number = {source: place for place, source in enumerate(Source)}
    codes = ", ".join(f"{{i64, i64}} {{i64 {number[w.source]}, i64 {w.value}}}" for w in call.arguments)
    return f'@"graphc.codes.{call.index}" = internal constant [{len(call.arguments)} x {{i64, i64}}] [{codes}]'


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
    if len(call.arguments) > MOST_WRITTEN:
        operands = f'ptr {array}, ptr %tab, ptr %dims, ptr @"graphc.codes.{call.index}", i64 {len(call.arguments)}'
        lines.append(f'  call void @"graphc.gather"({operands})')
    for slot, word in enumerate(call.arguments if not lines else ()):
        loads, operand = _word_lines(f"%c{position}.w{slot}", word)
        lines += loads
        lines.append(f"  %c{position}.s{slot} = getelementptr i64, ptr {array}, i64 {slot}")
        lines.append(f"  store i64 {operand}, ptr %c{position}.s{slot}, align 8")
    begin_loads, begin = _word_lines(f"%c{position}.begin", call.begin)
    end_loads, end = _word_lines(f"%c{position}.end", call.end)
    if call.share is None:
        run = [f'  %r{position} = call i32 @"{call.kernel}"(ptr {array}, i64 {begin}, i64 {end})']
    else:
        run = _shared_call(position, call, call.share, array, end)
    return [
        *lines, *begin_loads, *end_loads, *run,
        f"  %ok{position} = icmp eq i32 %r{position}, 0",
        f"  br i1 %ok{position}, label %next{position}, label %failed",
        f"next{position}:",
    ]  # fmt: skip


def _shared_call(position: int, call: Call, share: Share, array: str, extent: str) -> list[str]:
    """A call through the pool."""
    name = f"%c{position}"
    run_loads, run = _word_lines(f"{name}.run", share.run)
    control_loads, control = _word_lines(f"{name}.control", share.control)
    parts_loads, parts = _word_lines(f"{name}.parts", share.parts)
    return [
        *run_loads, *control_loads, *parts_loads,
        f"  {name}.function = inttoptr i64 {run} to ptr",
        f"  {name}.pool = inttoptr i64 {control} to ptr",
        f'  %r{position} = call i32 {name}.function(ptr {name}.pool, ptr @"{call.kernel}", ptr {array}, i64 {extent}, '
        f"i64 {parts})",
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
