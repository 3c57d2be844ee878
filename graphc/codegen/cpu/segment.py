"""IR that calls kernels in order, with branches and loops around them: a segment.

A statement of the Python driver costs Numba 3 to 8 ms, a call inside a segment nothing to speak of, so all kernels of a
step become one function ``i32 segment(i64 tab, i64 dims)``.

A call in a loop has an argument array of its own. A word is stored where it changes: before the outermost loop if it is
the same in all steps, at the start of a step if that loop changes it. So a step costs a store per pointer that moves,
and the call.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from graphc.codegen.cpu.statements import (
    Branch,
    Call,
    Loop,
    Rotation,
    Share,
    Source,
    Statement,
    Word,
)
from graphc.codegen.cpu.timing import TIMING_IR, empty_interval, timed

__all__ = ["POOL_CONTROL", "POOL_RUN", "Call", "Share", "Source", "Word", "segment_ir"]


#: Names of the worker pool's function and control block among the addresses that a program asks for.
POOL_RUN, POOL_CONTROL = "graphc_pool_run", "graphc_pool_control"


# Calls in one function: in longer ones LLVM's instruction selection costs more for every call.
PIECE = 64


# Arguments written one by one: code for more takes LLVM quadratic time, so a loop reads them off a constant list.
MOST_WRITTEN = 48

# Words that a call's constant list cannot say.
_NOT_IN_TABLES = (Source.LOCAL, Source.SIZES)

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


def segment_ir(name: str, statements: Sequence[Statement], log: Word | None = None, calls: int = 0) -> str:
    """Write the IR of one segment.

    Parameters
    ----------
    name : str
        Symbol of the segment.
    statements : sequence of Statement
        In order. After a kernel's status other than 0 the rest is skipped, word 0 of the error array at ``tab[0]`` is
        set to the call's index, and the status is returned.
    log : Word, optional
        Address of a log of all calls (see `graphc.codegen.cpu.timing`); without one no clock is read.
    calls : int
        Number of calls, for the log.

    Returns
    -------
    str
        An LLVM module in text form that declares the kernels and defines the segment.
    """
    lines = [
        f'declare i32 @"{kernel}"(ptr, i64, i64)' for kernel in dict.fromkeys(c.kernel for c in _calls(statements))
    ]
    long = [call for call in _calls(statements) if len(call.arguments) > MOST_WRITTEN]
    if long:
        lines += [_GATHER, *(_codes_line(call) for call in long)]
    first = [] if log is None else empty_interval(log.value, calls)
    if log is not None:
        lines.append(TIMING_IR)
    if len(statements) <= PIECE:
        return "\n".join([*lines, *_Writer(log).function(name, statements, first), ""])
    pieces = [statements[start : start + PIECE] for start in range(0, len(statements), PIECE)]
    for number, piece in enumerate(pieces):
        lines += _Writer(log).function(f"{name}.{number}", piece, [] if number else first)
    return "\n".join([*lines, *_sequence_lines(name, len(pieces)), ""])


def _calls(statements: Sequence[Statement]) -> Iterator[Call]:
    """All calls, those in branches and loops as well."""
    for statement in statements:
        if isinstance(statement, Call):
            yield statement
        elif isinstance(statement, Branch):
            yield from _calls((*statement.then, *statement.orelse))
        else:
            yield from _calls((*statement.test, *statement.body))
            yield from (rotation.settle for rotation in statement.rotations)


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
    """The constant list that a call with many arguments reads them off; words that change are written later."""
    number = {source: place for place, source in enumerate(Source)}
    words = [Word(Source.CONSTANT, 0) if w.source in _NOT_IN_TABLES else w for w in call.arguments]
    codes = ", ".join(f"{{i64, i64}} {{i64 {number[w.source]}, i64 {w.value}}}" for w in words)
    return f'@"graphc.codes.{call.index}" = internal constant [{len(words)} x {{i64, i64}}] [{codes}]'


@dataclass
class _Open:
    """A loop that is being written: lines before it, and those at the start of a step."""

    before: list[str] = field(default_factory=list)
    at_step: list[str] = field(default_factory=list)


class _Writer:
    """The lines of one function."""

    def __init__(self, log: Word | None = None) -> None:
        self.log = log
        self.lines: list[str] = []
        self.arrays: list[int] = []
        self.shared_words = 0
        self.block = "entry"
        self.count = 0
        self.loops: list[_Open] = []
        self.depths: dict[int, int] = {}
        self.failures: list[tuple[str, int, str]] = []

    def function(self, name: str, statements: Sequence[Statement], first: Sequence[str] = ()) -> list[str]:
        """The definition, with some lines before the statements."""
        self._write(statements)
        head = [f'define i32 @"{name}"(i64 %tab.word, i64 %dims.word) {{', "entry:"]
        head += ["  %tab = inttoptr i64 %tab.word to ptr", "  %dims = inttoptr i64 %dims.word to ptr"]
        if self.shared_words:
            head.append(f"  %args = alloca [{self.shared_words} x i64], align 64")
        head += [f"  %args{k} = alloca [{size} x i64], align 64" for k, size in enumerate(self.arrays)]
        return [*head, *first, *self.lines, "  ret i32 0", *self._failed(), "}"]

    def _failed(self) -> list[str]:
        """The one block that all failing calls go to."""
        if not self.failures:
            return []
        statuses = ", ".join(f"[ {status}, %{block} ]" for status, _, block in self.failures)
        indices = ", ".join(f"[ {index}, %{block} ]" for _, index, block in self.failures)
        return [
            "failed:",
            f"  %status = phi i32 {statuses}",
            f"  %index = phi i64 {indices}",
            "  %slot.word = load i64, ptr %tab, align 8",
            "  %slot = inttoptr i64 %slot.word to ptr",
            "  store i64 %index, ptr %slot, align 8",
            "  ret i32 %status",
        ]

    def _write(self, statements: Sequence[Statement]) -> None:
        for statement in statements:
            if isinstance(statement, Call):
                self._call(statement)
            elif isinstance(statement, Branch):
                self._branch(statement)
            else:
                self._loop(statement)

    def _new(self, stem: str) -> str:
        self.count += 1
        return f"{stem}{self.count}"

    def _start(self, label: str) -> None:
        self.lines.append(f"{label}:")
        self.block = label

    # ------------------------------------------------------------------ words

    def _section(self, word: Word) -> list[str]:
        """The lines after which a word does not change until the call is over."""
        depth = self.depths[word.value] if word.source is Source.LOCAL else 0
        if depth < len(self.loops):
            return self.loops[depth].before
        return self.loops[-1].at_step if self.loops and depth == len(self.loops) else self.lines

    def _load(self, word: Word) -> str:
        """The operand that names a word; its load, if it needs one, stands outside of all loops."""
        if word.source is Source.CONSTANT:
            return str(word.value)
        if word.source is Source.LOCAL:
            return f"%local{word.value}"
        if word.source is Source.SIZES:
            return "%dims.word"
        register = self._new("%w")
        self._section(word).extend([
            f"  {register}.p = getelementptr i64, ptr %{word.source.value}, i64 {word.value}",
            f"  {register} = load i64, ptr {register}.p, align 8",
        ])  # fmt: skip
        return register

    # ------------------------------------------------------------------ calls

    def _call(self, call: Call) -> None:
        array = self._array(len(call.arguments))
        written = list(enumerate(call.arguments))
        if len(written) > MOST_WRITTEN:
            operands = f'ptr {array}, ptr %tab, ptr %dims, ptr @"graphc.codes.{call.index}", i64 {len(written)}'
            self._section(Word(Source.CONSTANT, 0)).append(f'  call void @"graphc.gather"({operands})')
            written = [(slot, word) for slot, word in written if word.source in _NOT_IN_TABLES]
        for slot, word in written:
            operand, place = self._load(word), self._new("%s")
            self._section(word).extend([
                f"  {place} = getelementptr i64, ptr {array}, i64 {slot}",
                f"  store i64 {operand}, ptr {place}, align 8",
            ])  # fmt: skip
        begin, end = self._load(call.begin), self._load(call.end)
        status, following = self._new("%r"), self._new("next")
        if call.share is None:
            lines = [f'  {status} = call i32 @"{call.kernel}"(ptr {array}, i64 {begin}, i64 {end})']
        else:
            lines = self._shared_call(status, call.kernel, call.share, array, end)
        if self.log is not None:
            lines = timed(lines, status, self._load(self.log), call.index)
        self.lines += [
            *lines,
            f"  {status}.ok = icmp eq i32 {status}, 0",
            f"  br i1 {status}.ok, label %{following}, label %failed",
        ]
        self.failures.append((status, call.index, self.block))
        self._start(following)

    def _array(self, words: int) -> str:
        """An argument array: the common one, or in a loop one of the call's own."""
        if not words:
            return "null"
        if self.loops:
            self.arrays.append(words)
            return f"%args{len(self.arrays) - 1}"
        self.shared_words = max(self.shared_words, words)
        return "%args"

    def _shared_call(self, status: str, kernel: str, share: Share, array: str, extent: str) -> list[str]:
        """The lines of a call through the pool."""
        run, control, parts = (self._load(word) for word in (share.run, share.control, share.parts))
        return [
            f"  {status}.function = inttoptr i64 {run} to ptr",
            f"  {status}.pool = inttoptr i64 {control} to ptr",
            f'  {status} = call i32 {status}.function(ptr {status}.pool, ptr @"{kernel}", ptr {array}, i64 {extent}, '
            f"i64 {parts})",
        ]

    # ------------------------------------------------------------------ branches and loops

    def _truth(self, address: Word) -> str:
        """Whether the bool at an address holds."""
        name, word = self._new("%t"), self._load(address)
        self.lines += [
            f"  {name}.p = inttoptr i64 {word} to ptr",
            f"  {name}.v = load i8, ptr {name}.p, align 1",
            f"  {name} = icmp ne i8 {name}.v, 0",
        ]
        return name

    def _branch(self, branch: Branch) -> None:
        then, orelse, done = (self._new(stem) for stem in ("then", "else", "join"))
        self.lines.append(f"  br i1 {self._truth(branch.predicate)}, label %{then}, label %{orelse}")
        for label, statements in ((then, branch.then), (orelse, branch.orelse)):
            self._start(label)
            self._write(statements)
            self.lines.append(f"  br label %{done}")
        self._start(done)

    def _loop(self, loop: Loop) -> None:
        head, body, done = (self._new(stem) for stem in ("head", "step", "done"))
        outside, self.lines = self.lines, []
        opened = _Open()
        self.loops.append(opened)
        for local in (*(s.local for s in loop.slides), *(n for r in loop.rotations for n in (r.current, r.following))):
            self.depths[local] = len(self.loops)
        before, phis = self._phis(loop, head)
        entered = self.block
        self._start(head)
        where = len(self.lines)
        goes_on = self._goes_on(loop, head)
        self.lines.append(f"  br i1 {goes_on}, label %{body}, label %{done}")
        self._start(body)
        if loop.step is not None:
            address = self._load(loop.step)
            self.lines += [
                f"  %{head}.step = inttoptr i64 {address} to ptr",
                f"  store i64 %{head}.t, ptr %{head}.step",
            ]
        self._write(loop.body)
        self.lines += [f"  %{head}.n = add nsw i64 %{head}.k, 1", *self._advance(loop), f"  br label %{head}"]
        latch = self.block
        self.loops.pop()
        lines = [f"  {name} = phi i64 [ {first}, %{entered} ], [ {later}, %{latch} ]" for name, first, later in phis]
        written = [*self.lines[:where], *lines, *opened.at_step, *self.lines[where:]]
        self.lines = [*outside, *opened.before, *before, f"  br label %{head}", *written]
        self._start(done)
        for rotation in loop.rotations:
            self._settle(rotation)

    def _phis(self, loop: Loop, head: str) -> tuple[list[str], list[tuple[str, str, str]]]:
        """Lines before a loop, and for every value that it changes: name, first value, next value."""
        lines: list[str] = []
        found = [(f"%{head}.k", "0", f"%{head}.n")]
        length = None if loop.length is None else self._load(loop.length)
        if loop.reverse:
            lines.append(f"  %{head}.last = sub i64 {length}, 1")
        for slide in loop.slides:
            name, base, stride = f"%local{slide.local}", self._load(slide.base), self._load(slide.stride)
            if loop.reverse:
                lines += [
                    f"  {name}.far = mul i64 %{head}.last, {stride}",
                    f"  {name}.first = add i64 {base}, {name}.far",
                ]
                base = f"{name}.first"
            found.append((name, base, f"{name}.next"))
        for rotation in loop.rotations:
            result, spare = self._load(rotation.result), self._load(rotation.spare)
            current, following = f"%local{rotation.current}", f"%local{rotation.following}"
            if length is not None:
                # The last step has to write the result, so an even number of steps begins with the spare block.
                lines += [
                    f"  {current}.bit = and i64 {length}, 1",
                    f"  {current}.odd = icmp ne i64 {current}.bit, 0",
                    f"  {current}.a = select i1 {current}.odd, i64 {result}, i64 {spare}",
                    f"  {current}.b = select i1 {current}.odd, i64 {spare}, i64 {result}",
                ]
                result, spare = f"{current}.a", f"{current}.b"
            found.append((current, self._load(rotation.initial), following))
            found.append((following, result, f"{following}.other"))
            found.append((f"{following}.other", spare, following))
        return lines, found

    def _goes_on(self, loop: Loop, head: str) -> str:
        """Whether another step follows, after the test has run."""
        if loop.length is None:
            assert loop.answer is not None
            self._write(loop.test)
            return self._truth(loop.answer)
        length = self._load(loop.length)
        step = f"sub i64 %{head}.last, %{head}.k" if loop.reverse else f"add i64 %{head}.k, 0"
        self.lines += [f"  %{head}.t = {step}", f"  %{head}.more = icmp slt i64 %{head}.k, {length}"]
        return f"%{head}.more"

    def _advance(self, loop: Loop) -> list[str]:
        word = "sub" if loop.reverse else "add"
        return [
            f"  %local{slide.local}.next = {word} i64 %local{slide.local}, {self._load(slide.stride)}"
            for slide in loop.slides
        ]

    def _settle(self, rotation: Rotation) -> None:
        """Copy the last value to its place, unless it is there."""
        copy, done, name = self._new("copy"), self._new("settled"), self._new("%at")
        result = self._load(rotation.result)
        self.lines += [
            f"  {name} = icmp eq i64 %local{rotation.current}, {result}",
            f"  br i1 {name}, label %{done}, label %{copy}",
        ]
        self._start(copy)
        self._call(rotation.settle)
        self.lines.append(f"  br label %{done}")
        self._start(done)
