"""Runs a schedule on a driver: kernels on the device, control flow decided by the host.

Operations without a kernel for the device are computed by the host, on copies of their operands. Everything is
allocated for one run and given back after it, also when the run fails.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphc.codegen.cuda.compile import kernel_ptx
from graphc.codegen.cuda.printer import extent
from graphc.codegen.source.printer import size_symbols
from graphc.ir.dims import Dim, product, substitute
from graphc.ir.dtypes import BY_NAME
from graphc.loops.flat import members
from graphc.loops.reference import KernelFailed, run_call
from graphc.loops.spec import Buffer, Contraction, ControlKernel, Convolution, KernelCall, Nest, Turn
from graphc.memory.lifetimes import base_of
from graphc.runtime.cuda.driver import Driver
from graphc.schedule.plan import Schedule

Array = NDArray[Any]
Places = Mapping[Buffer, int]
BLOCK = 64
MOST_BLOCKS = 1024


class CudaRun:
    """One run of a schedule.

    Parameters
    ----------
    schedule : Schedule
    driver : Driver
    sizes : Mapping of str to int
        A value for every size symbol.

    Attributes
    ----------
    hosted : list of str
        Labels of the calls that the host computed.
    """

    def __init__(self, schedule: Schedule, driver: Driver, sizes: Mapping[str, int]) -> None:
        self.schedule, self.driver, self.sizes = schedule, driver, sizes
        self.hosted: list[str] = []
        self._owned: list[int] = []

    def __call__(self, feeds: Sequence[Array], variables: Sequence[Array]) -> list[Array]:
        """The fetches; variables are changed in place, and only if everything succeeds.

        Raises
        ------
        KernelFailed
            If a check does not hold.
        """
        schedule = self.schedule
        fetches = [np.empty(self._shape(b), BY_NAME[b.dtype].np) for b in schedule.fetches]
        try:
            places = {b: self._uploaded(a) for b, a in zip(schedule.feeds, feeds, strict=True)}
            places |= {b: self._uploaded(a) for b, a in zip(schedule.variables, variables, strict=True)}
            places |= {b: self._new(a.nbytes) for b, a in zip(schedule.fetches, fetches, strict=True)}
            self._failed = self._uploaded(np.zeros(1, np.int32))
            self._part(schedule, places, self._new(schedule.arena.evaluate(self.sizes)[1]))
            written = {base_of(b) for c in schedule.calls for b, o in zip(c.buffers, c.spec.operands, strict=True)
                       if o.access != "in"}  # fmt: skip
            for buffer, array in [*zip(schedule.fetches, fetches, strict=True),
                                  *((b, a) for b, a in zip(schedule.variables, variables, strict=True)
                                    if b in written)]:  # fmt: skip
                self.driver.download(places[buffer], array)
        finally:
            while self._owned:
                self.driver.free(self._owned.pop())
        return fetches

    def _new(self, size: int) -> int:
        self._owned.append(self.driver.allocate(size))
        return self._owned[-1]

    def _uploaded(self, array: Array) -> int:
        address = self._new(array.nbytes)
        self.driver.upload(address, array)
        return address

    def _integer(self, dim: Dim) -> int:
        return int(substitute(dim, dict(self.sizes)))  # type: ignore[arg-type]

    def _shape(self, buffer: Buffer) -> tuple[int, ...]:
        return tuple(self._integer(dim) for dim in buffer.shape)

    def _part(self, schedule: Schedule, outside: Places, block: int) -> None:
        """The calls of a schedule, with its temporaries in a block."""
        places = {**outside, **{b: self._constant(b) for b in schedule.constants}}
        places |= {b: block + start for b, start in schedule.arena.evaluate(self.sizes)[0].items()}
        for call in schedule.calls:
            self._call(call, places)

    def _constant(self, buffer: Buffer) -> int:
        return self._uploaded(np.asarray(getattr(buffer.payload, "array", buffer.payload)))

    def _call(self, call: KernelCall, places: Places) -> None:
        if isinstance(call.spec, ControlKernel):
            self._control(call.spec, places)
            return
        for part in members(call):
            addresses = [places[base_of(b)] for b in part.buffers]
            if isinstance(part.spec, Nest | Contraction | Convolution):
                self._launch(part.spec, addresses)
            else:
                self._on_host(part, addresses)

    def _launch(self, spec: Nest | Contraction | Convolution, addresses: list[int]) -> None:
        count = self._integer(extent(spec))
        if not count:
            return
        kernel = self.driver.load(kernel_ptx(spec, self.driver.capability))
        sizes = [self.sizes[name] for name in size_symbols(spec)]
        blocks = min(-(-count // BLOCK), MOST_BLOCKS)
        self.driver.launch(kernel, blocks, BLOCK, [*addresses, *sizes, self._failed])
        if isinstance(spec, Nest) and spec.checks:
            status = np.zeros(1, np.int32)
            self.driver.download(self._failed, status)
            if status[0]:
                raise KernelFailed(int(status[0]))

    def _on_host(self, call: KernelCall, addresses: list[int]) -> None:
        """Compute a call with the NumPy reference."""
        self.hosted.append(call.label)
        flats = []
        for buffer, operand, address in zip(call.buffers, call.spec.operands, addresses, strict=True):
            flat = np.zeros(self._integer(product(buffer.shape)), BY_NAME[buffer.dtype].np)
            if operand.access != "out":
                self.driver.download(address, flat)
            flats.append(flat)
        run_call(call, flats, self.sizes)
        for flat, operand, address in zip(flats, call.spec.operands, addresses, strict=True):
            if operand.access != "in":
                self.driver.upload(address, flat)

    def _control(self, spec: ControlKernel, places: Places) -> None:
        outer = {name: places[base_of(buffer)] for name, buffer in spec.fixed}
        block = 0 if spec.workspace is None else places[spec.workspace]
        if spec.op == "cond":
            assert spec.decision is not None
            self._part(spec.parts[not self._flag(places[base_of(spec.decision)])], outer, block)
            return
        for call in spec.starts:
            self._call(call, places)
        steps = self._integer(spec.length)
        turns = [_Turning(turn, places, steps) for turn in spec.turned]
        done = 0
        while True:
            now = outer | {name: place for turn in turns for name, place in turn.bindings()}
            if spec.op == "while_loop":
                assert spec.decision is not None
                self._part(spec.parts[0], now, block)
                if not self._flag(places[spec.decision]):
                    break
            elif done == steps:
                break
            step = steps - 1 - done if spec.reverse else done
            if spec.step is not None:
                self.driver.upload(places[spec.step], np.array([step], np.int64))
            for name, buffer in spec.sliced:
                size = self._integer(product(name.shape)) * BY_NAME[name.dtype].itemsize
                now[name] = places[base_of(buffer)] + step * size
            self._part(spec.parts[-1], now, block)
            for turn in turns:
                turn.turn()
            done += 1
        for turn in turns:
            if turn.current != turn.result:
                self._call(turn.plan.settle, {**places, **dict(turn.bindings())})

    def _flag(self, place: int) -> bool:
        flag = np.zeros(1, np.bool_)
        self.driver.download(place, flag)
        return bool(flag[0])


class _Turning:
    """A carried value in two blocks: where it is, where the next one goes, and where the one after that."""

    def __init__(self, plan: Turn, places: Places, steps: int) -> None:
        self.plan = plan
        self.current = places[base_of(plan.initial)]
        self.result = places[base_of(plan.result)]
        self.following, self.other = self.result, places[base_of(plan.spare)]
        if steps % 2 == 0:
            self.following, self.other = self.other, self.following

    def bindings(self) -> list[tuple[Buffer, int]]:
        """What the parts of the loop name."""
        return [(self.plan.following, self.following), *((name, self.current) for name in self.plan.currents)]

    def turn(self) -> None:
        """After a step."""
        self.current, self.following, self.other = self.following, self.other, self.following
