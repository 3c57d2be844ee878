"""From kernel calls to one object: kernels by template, equal ones once, one segment that calls them in order."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from graphc.codegen.cpu.driver import ENTRY, ObjectCode, link
from graphc.codegen.cpu.host import HOST_CALLBACK, host_kernel
from graphc.codegen.cpu.kernel import KernelText
from graphc.codegen.cpu.rows import compile_rows
from graphc.codegen.cpu.segment import POOL_CONTROL, POOL_RUN, segment_ir
from graphc.codegen.cpu.sharing import shared_forms
from graphc.codegen.cpu.sizes import Condition, planned, sizes_kernel
from graphc.codegen.cpu.statements import Branch, Call, Loop, Rotation, Share, Slide, Source, Statement, Word
from graphc.codegen.cpu.target import HostTarget, host_target
from graphc.codegen.cpu.timing import LOG
from graphc.ir.dims import Dim, dim_max, dim_min, product, substitute, symbol
from graphc.ir.dims import symbols as names_in
from graphc.ir.dtypes import BY_NAME
from graphc.loops.cost import Cost
from graphc.loops.flat import LENGTH, members
from graphc.loops.spec import (
    Buffer,
    Contraction,
    ControlKernel,
    Convolution,
    HostKernel,
    KernelCall,
    KernelSpec,
    LibraryKernel,
    MultiNest,
    Nest,
    SizesKernel,
    SourceKernel,
    Turn,
    UserKernel,
)
from graphc.memory.lifetimes import base_of
from graphc.schedule.flat import flat_calls
from graphc.schedule.plan import Schedule

# Of one thread, at best: 60 operations and 16 bytes in a nanosecond.
OPERATION_PICOSECONDS, BYTE_PICOSECONDS = 16, 60
# Work that is worth a part of its own; entering the pool takes about half a microsecond.
PART_NANOSECONDS = 4_000
# Of calls that were too short to be divided before they were joined: a worker that sleeps costs some 40 us to wake.
JOINED_PART_NANOSECONDS = 16_000


@dataclass(frozen=True)
class Assembled:
    """One object with the layout of its tables.

    Attributes
    ----------
    code : ObjectCode
    buffers : tuple of Buffer
        Word ``i + 1`` of the pointer table is the address of buffer ``i``.
    externals : tuple of str
        Symbols whose addresses follow the buffers in the pointer table.
    dims : tuple of Dim
        The array of dimensions.
    hosts : tuple of KernelCall
        Calls that run on the host, in the order of their numbers.
    kernels : int
        Different kernels emitted.
    seconds : dict of str to float
        Time by stage.
    """

    code: ObjectCode
    buffers: tuple[Buffer, ...]
    externals: tuple[str, ...]
    dims: tuple[Dim, ...]
    hosts: tuple[KernelCall, ...]
    kernels: int
    seconds: dict[str, float] = field(compare=False)


def assemble(
    schedule: Schedule,
    symbols: tuple[Dim, ...],
    target: HostTarget | None = None,
    threads: int = 1,
    share: bool = True,
    conditions: Sequence[Condition] = (),
    timed: bool = False,
) -> Assembled:
    """Generate and link the code of a schedule.

    Parameters
    ----------
    schedule : Schedule
    symbols : tuple of Dim
        All size symbols of the program; host kernels get their values.
    target : HostTarget, optional
    threads : int
        Threads that long kernels are divided over.
    share : bool
        Whether calls may share a kernel.
    conditions : sequence of Condition
        What must hold for sizes that become known between calls.
    timed : bool
        Whether the step writes down when each call began and ended (see `graphc.codegen.cpu.timing`).

    Returns
    -------
    Assembled
    """
    return _Assembler(schedule, symbols, target or host_target(), threads, share, conditions).run(timed)


def nanoseconds(cost: Cost) -> Dim:
    """A rough guess of the time that a kernel takes on one thread."""
    return (cost.flops * OPERATION_PICOSECONDS + cost.bytes * BYTE_PICOSECONDS) // 1000


class _Assembler:
    def __init__(
        self,
        schedule: Schedule,
        symbols: tuple[Dim, ...],
        target: HostTarget,
        threads: int,
        share: bool,
        conditions: Sequence[Condition],
    ) -> None:
        self.schedule = schedule
        self.symbols = symbols
        self.threads = threads
        self.target = target
        self.share = share
        self.conditions = conditions
        self.waves: list[tuple[str, SizesKernel]] = []
        self.kernels: dict[KernelSpec | KernelCall, KernelText] = {}
        self.tables: dict[KernelText, KernelText] = {}
        self.sources: list[tuple[str, str]] = []
        self.words: dict[Buffer, int] = {}
        self.externals: dict[str, int] = {}
        self.dims: dict[Dim, int] = {}
        self.hosts: list[KernelCall] = []
        flat = flat_calls(schedule)
        self.numbers = {entry.call: number for number, entry in enumerate(flat)}
        self.costs = {entry.call: entry.cost for entry in flat}
        self.texts: dict[KernelText, None] = {}
        self.locals: dict[Buffer, Word] = {}
        self.changing = 0
        self.shared = shared_forms(part.spec for call in self.numbers for part in members(call)) if share else {}

    def run(self, timed: bool) -> Assembled:
        started = time.perf_counter()
        for buffer in self.schedule.buffers:
            if buffer.kind not in ("alias", "local"):
                self.words[buffer] = 1 + len(self.words)
        statements = self._statements(self.schedule)
        bodies = [text.ir for text in dict.fromkeys([*self.texts, *self.tables.values()]) if text.ir]
        bodies += self._size_kernels()
        emitted = time.perf_counter() - started
        emitted_kernels = len({self.tables.get(text, text) for text in self.texts})
        log = self._external(LOG) if timed else None
        segment = segment_ir(ENTRY, statements, log, len(self.numbers))
        code = link(bodies, [segment], self.sources, None, [], self.target)
        return Assembled(
            code,
            tuple(self.words),
            tuple(self.externals),
            tuple(self.dims),
            tuple(self.hosts),
            emitted_kernels,
            {"kernels": emitted, **code.seconds},
        )

    def _kernel(self, call: KernelCall) -> KernelText:
        """The kernel of a call; calls with equal specs share one."""
        spec = call.spec
        if isinstance(spec, HostKernel):
            self.hosts.append(call)
            return host_kernel(f"host_{len(self.hosts) - 1}", len(self.hosts) - 1, len(call.buffers), self.symbols)
        if isinstance(spec, SizesKernel):
            self.waves.append((f"sizes_{len(self.waves)}", spec))
            return KernelText(self.waves[-1][0], "", (), 1)
        if isinstance(spec, MultiNest):
            return self._table_kernel(spec, call)
        if spec in self.shared:
            spec = self.shared[spec][0]
        key = spec if self.share else call
        found = self.kernels.get(key)
        if found is None:
            found = self.kernels[key] = self._emit(spec, f"kernel_{len(self.kernels)}")
        return found

    def _table_kernel(self, spec: MultiNest, call: KernelCall) -> KernelText:
        """The kernel of a table of arrays, over that of one row."""
        key = spec.nest if self.share else call
        inner = self.kernels.get(key)
        if inner is None:
            inner = self.kernels[key] = self._emit(spec.nest, f"kernel_{len(self.kernels)}")
        for table, row in self.tables.items():
            if row is inner:
                return table
        made = compile_rows(f"rows_{inner.name}", inner, len(spec.nest.operands))
        self.tables[made] = inner
        return made

    def _table_words(self, spec: MultiNest, call: KernelCall, inner: KernelText) -> list[Word]:
        """Number of rows; for each its pointers, the sizes that the kernel reads, and where its elements end."""
        words = [Word(Source.CONSTANT, len(spec.lengths))]
        total: Dim = 0
        for part, length in zip(members(call), spec.lengths, strict=True):
            total = total + length
            words += map(self._word, part.buffers)
            words += [self._dim(substitute(size, {LENGTH: length})) for size in inner.sizes]
            words.append(self._dim(total))
        return words

    def _emit(self, spec: KernelSpec, name: str) -> KernelText:
        if isinstance(spec, Nest):
            from graphc.codegen.cpu.nest import compile_nest

            return compile_nest(spec, name, self.target)
        if isinstance(spec, Contraction):
            from graphc.codegen.cpu.gemm.kernel import compile_contraction

            return compile_contraction(spec, name, self.target)
        if isinstance(spec, Convolution):
            from graphc.codegen.cpu.conv.kernel import compile_convolution

            return compile_convolution(spec, name, self.target)
        if isinstance(spec, UserKernel):
            from graphc.codegen.cpu.user import compile_user_function

            return compile_user_function(spec, name)
        if isinstance(spec, LibraryKernel):
            from graphc.codegen.cpu.library.kernel import compile_library

            return compile_library(spec, name)
        assert isinstance(spec, SourceKernel)
        self.sources.append((name, spec.source.replace("def kernel(", f"def {name}(", 1)))
        return KernelText(name, "", spec.sizes, 1)

    def _statements(self, schedule: Schedule) -> tuple[Statement, ...]:
        found: list[Statement] = []
        for call in schedule.calls:
            if isinstance(call.spec, ControlKernel):
                found += self._control(call.spec)
            else:
                found.append(self._call(call))
        return tuple(found)

    def _control(self, spec: ControlKernel) -> list[Statement]:
        """A branch or loop, after what runs before its first step."""
        for name, buffer in spec.fixed:
            self.locals[name] = self._word(buffer)
        if spec.op == "cond":
            assert spec.decision is not None
            then, orelse = (self._statements(part) for part in spec.parts)
            return [Branch(self._word(spec.decision), then, orelse)]
        slides = []
        for name, buffer in spec.sliced:
            stride = self._dim(product(name.shape) * BY_NAME[name.dtype].itemsize)
            slides.append(Slide(self._changing(name).value, self._word(buffer), stride))
        rotations = tuple(self._rotation(turn) for turn in spec.turned)
        test: tuple[Statement, ...] = self._statements(spec.parts[0]) if spec.op == "while_loop" else ()
        loop = Loop(
            self._statements(spec.parts[-1]),
            tuple(slides),
            rotations,
            self._dim(spec.length) if spec.op == "scan" else None,
            spec.reverse,
            None if spec.step is None else self._word(spec.step),
            test,
            None if spec.decision is None else self._word(spec.decision),
        )
        return [*(self._call(copy) for copy in spec.starts), loop]

    def _rotation(self, turn: Turn) -> Rotation:
        current = self._changing(turn.currents[0])
        for name in turn.currents[1:]:
            self.locals[name] = current
        return Rotation(
            current.value,
            self._changing(turn.following).value,
            self._word(turn.initial),
            self._word(turn.result),
            self._word(turn.spare),
            self._call(turn.settle),
        )

    def _changing(self, name: Buffer) -> Word:
        """A new local of the segment for a buffer whose address changes from step to step."""
        self.locals[name] = Word(Source.LOCAL, self.changing)
        self.changing += 1
        return self.locals[name]

    def _word(self, buffer: Buffer) -> Word:
        """The address of a buffer."""
        base = base_of(buffer)
        return self.locals[base] if base.kind == "local" else Word(Source.TABLE, self.words[base])

    def _call(self, call: KernelCall) -> Call:
        text = self._kernel(call)
        self.texts.setdefault(text)
        if isinstance(call.spec, MultiNest):
            words = self._table_words(call.spec, call, self.tables[text])
            share = self._share(self.costs[call], call, sum(call.spec.lengths, 0))
            return Call(text.name, tuple(words), Word(Source.CONSTANT, 0), words[-1], self.numbers[call], share)
        arguments = [self._word(b) for b in call.buffers]
        length = {LENGTH: self.shared[call.spec][1]} if call.spec in self.shared else {}
        sizes = [substitute(size, length) for size in text.sizes]
        # Callbacks get all sizes, known or not.
        assert isinstance(call.spec, HostKernel) or not self._unknown(sizes), f"{call.label} runs before its sizes"
        arguments += map(self._dim, sizes)
        arguments += [self._external(name) for name in text.external]
        if isinstance(call.spec, SizesKernel):
            arguments += [Word(Source.TABLE, 0), Word(Source.SIZES, 0)]
        extent = substitute(text.extent, length)
        share = self._share(self.costs[call], call, extent)
        zero = Word(Source.CONSTANT, 0)
        return Call(text.name, tuple(arguments), zero, self._dim(extent), self.numbers[call], share)

    def _share(self, cost: Cost, call: KernelCall, extent: Dim) -> Share | None:
        """How a call is divided over threads: not at all where it is short at all sizes."""
        if self.threads == 1 or extent == 1 or isinstance(call.spec, HostKernel | SizesKernel | SourceKernel):
            return None
        # Parts of a contraction each prepare their operands: as few as there are threads.
        most = self.threads if isinstance(call.spec, Contraction | Convolution) else 4 * self.threads
        least = JOINED_PART_NANOSECONDS if isinstance(call.spec, MultiNest) else PART_NANOSECONDS
        parts = dim_min(dim_min(extent, most), dim_max(nanoseconds(cost) // least, 1))
        if parts == 1:
            return None
        return Share(self._external(POOL_RUN), self._external(POOL_CONTROL), self._dim(parts))

    def _external(self, name: str) -> Word:
        place = self.externals.setdefault(name, len(self.externals))
        return Word(Source.TABLE, 1 + len(self.words) + place)

    def _unknown(self, dims: Sequence[Dim]) -> frozenset[str]:
        """Sizes among symbols of dimensions that no call so far has made known."""
        known = {name for _, spec in self.waves for name in spec.names}
        return frozenset().union(*map(names_in, dims)) & self.schedule.late - known

    def _size_kernels(self) -> list[str]:
        """The kernels that make sizes known, one after another; what they fill in has been asked for by now."""
        if not self.waves:
            return []
        late = self.schedule.late
        for buffer in self.schedule.fetches:
            for dim in buffer.shape if any(names_in(d) & late for d in buffer.shape) else ():
                self._dim(dim)
        for dim in (*self.symbols, *(symbol(planned(name)) for name in sorted(late))):
            self._dim(dim)
        found, known = [], frozenset[str]()
        for name, spec in self.waves:
            before, known = known, known | frozenset(spec.names)
            new = [d for d in self.dims if names_in(d) & (known - before) and names_in(d) & late <= known]
            held = [c for c in self.conditions if c.names & (known - before) and c.names & late <= known]
            values = list(zip(spec.names, (o.dtype for o in spec.operands), strict=True))
            found.append(sizes_kernel(name, values, self.dims, new, held).ir)
        return found

    def _dim(self, dim: Dim) -> Word:
        if isinstance(dim, int):
            return Word(Source.CONSTANT, dim)
        return Word(Source.DIMENSION, self.dims.setdefault(dim, len(self.dims)))


__all__ = ["HOST_CALLBACK", "Assembled", "assemble"]
