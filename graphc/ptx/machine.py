"""The lanes of a launch: registers, address spaces, and the scheduler that runs pieces of code under masks.

All threads that stand at the piece with the lowest number go first. Compilers lay code out so that the paths of a
branch meet behind both: lanes that diverged come together again there.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from graphc.ptx import instructions
from graphc.ptx.counters import Counters
from graphc.ptx.errors import BarrierError, DivergenceError, LaunchError, MemoryFault, PtxError, UnsupportedInstruction
from graphc.ptx.memory import GLOBAL_BASE, LOCAL_WINDOW, POISON, SHARED_WINDOW, WINDOW, GlobalMemory
from graphc.ptx.program import JUMPS, Place, Program, Register, Special, Step
from graphc.ptx.races import RaceDetector, Who
from graphc.ptx.syntax import Address, Immediate, Name, Negated
from graphc.ptx.values import DTYPES, U64, Array, literal, reinterpret

__all__ = ["Dim3", "Lanes", "Machine"]

WARP = 32
# A loop that runs on without an end is stopped after so many pieces.
MOST_STEPS = 50_000_000

# Which lanes execute: indices, or None for all.
Lanes = npt.NDArray[np.int64] | None
Dim3 = tuple[int, int, int]


class Machine:
    """Some blocks of a launch.

    Parameters
    ----------
    program : Program
    memory : GlobalMemory
    symbols : dict of str to int
        Addresses of the module's variables.
    parameters : array of uint8
        The kernel's parameters as they lie in memory.
    grid, block : tuple of 3 int
    first, count : int
        Blocks to run: numbers in the grid.
    dynamic_shared : int
        Bytes behind the shared variables of the kernel.
    races : RaceDetector or None
        Of global memory, for the whole launch; None: races are not looked for.
    counters : Counters
    """

    def __init__(
        self,
        program: Program,
        memory: GlobalMemory,
        symbols: dict[str, int],
        parameters: npt.NDArray[np.uint8],
        grid: Dim3,
        block: Dim3,
        first: int,
        count: int,
        dynamic_shared: int,
        races: RaceDetector | None,
        counters: Counters,
    ) -> None:
        self.program, self.memory, self.symbols, self.parameters = program, memory, symbols, parameters
        self.block_size = block[0] * block[1] * block[2]
        self.blocks = count
        self.size = self.block_size * count
        lane = np.arange(self.size, dtype=np.int64)
        self.all = lane
        self.block, self.thread = lane // self.block_size, lane % self.block_size
        self.lane = self.thread % WARP
        warps = -(-self.block_size // WARP)
        self.warp = self.block * warps + self.thread // WARP
        self.warps = warps * count
        # A warp at the end of a block may have fewer threads.
        self.warp_members = np.bincount(self.warp, minlength=self.warps)
        self.first_block = first
        self.special = self._special_registers(grid, block, dynamic_shared)
        self.registers: dict[str, Array] = {}
        self.shared_bytes = -(-(program.shared_bytes + dynamic_shared) // 16) * 16
        self.shared = np.full(count * self.shared_bytes + 16, POISON, np.uint8)
        self.shared_written = np.zeros(self.shared.size, bool)
        self.local_bytes = -(-program.local_bytes // 16) * 16
        self.local = np.full(self.size * self.local_bytes + 16, POISON, np.uint8)
        self.local_written = np.zeros(self.local.size, bool)
        self.epoch = np.zeros(count, np.int64)
        self.warp_epoch = np.zeros(self.warps, np.int64)
        self.races = races
        self.shared_races = RaceDetector(self.shared.size, "shared") if races is not None else None
        self.counters = counters
        self.carry = np.zeros(self.size, np.uint64)

    def _special_registers(self, grid: Dim3, block: Dim3, dynamic_shared: int) -> dict[str, Array]:
        thread, number = self.thread, self.block + self.first_block
        lane = self.lane.astype(np.uint64)
        one, all_lanes = np.uint64(1), np.uint64(0xFFFFFFFF)
        found: dict[str, Any] = {
            "%tid.x": thread % block[0],
            "%tid.y": thread // block[0] % block[1],
            "%tid.z": thread // (block[0] * block[1]),
            "%ctaid.x": number % grid[0],
            "%ctaid.y": number // grid[0] % grid[1],
            "%ctaid.z": number // (grid[0] * grid[1]),
            "%laneid": self.lane,
            "%warpid": thread // WARP,
            "%nwarpid": -(-self.block_size // WARP),
            "WARP_SZ": WARP,
            "%dynamic_smem_size": dynamic_shared,
            "%total_smem_size": self.program.shared_bytes + dynamic_shared,
            "%lanemask_eq": one << lane,
            "%lanemask_lt": (one << lane) - one,
            "%lanemask_le": (one << (lane + one)) - one,
            "%lanemask_gt": all_lanes & ~((one << (lane + one)) - one),
            "%lanemask_ge": all_lanes & ~((one << lane) - one),
        }
        for axis, size, count in zip("xyz", block, grid, strict=True):
            found[f"%ntid.{axis}"], found[f"%nctaid.{axis}"] = size, count
        return {n: np.broadcast_to(np.asarray(v).astype(np.uint32), (self.size,)) for n, v in found.items()}

    # Operands.

    def count(self, lanes: Lanes) -> int:
        """How many lanes execute."""
        return self.size if lanes is None else lanes.size

    def register(self, name: str) -> Array:
        """All lanes of a register; it holds zeros before it is written."""
        found = self.registers.get(name)
        if found is None:
            found = self.registers[name] = np.zeros(self.size, self.program.registers[name])
        return found

    def read(self, operand: Any, dtype: np.dtype[Any], lanes: Lanes) -> Any:
        """The values of an operand, [lanes], or a scalar for literals and addresses of variables."""
        if isinstance(operand, Register):
            found = self.register(operand.name)
            return reinterpret(found if lanes is None else found[lanes], dtype)
        if isinstance(operand, Immediate):
            return literal(operand.text, dtype)
        if isinstance(operand, Special):
            if operand.name.startswith("%clock"):
                return reinterpret(np.uint64(self.counters.warp_instructions), dtype)
            found = self.special[operand.name]
            return reinterpret(found if lanes is None else found[lanes], dtype)
        if isinstance(operand, Negated):
            return ~self.read(operand.operand, dtype, lanes)
        if isinstance(operand, Place):
            return reinterpret(np.uint64(self.symbols.get(operand.name, operand.offset)), dtype)
        raise UnsupportedInstruction("an operand of this form")

    def write(self, operand: Any, value: Any, lanes: Lanes) -> None:
        """Set a register; a wider one than the value is extended by the value's own sign."""
        if isinstance(operand, Name):
            return
        found = self.register(operand.name)
        value = reinterpret(np.asarray(value), found.dtype)
        if lanes is None:
            found[...] = value
        else:
            found[lanes] = value

    def predicate(self, operand: Any, lanes: Lanes) -> Any:
        """A predicate's values, [lanes]."""
        return np.broadcast_to(self.read(operand, DTYPES["pred"], lanes), (self.count(lanes),))

    def addresses(self, operand: Address, lanes: Lanes) -> npt.NDArray[np.uint64]:
        """Addresses of an access, [lanes]."""
        base = np.broadcast_to(self.read(operand.base, U64, lanes), (self.count(lanes),))
        return base + np.uint64(operand.offset & (2**64 - 1))

    # Memory.

    def who(self, lanes: Lanes) -> Who:
        """The executing threads, for the race detectors."""
        at = self.all if lanes is None else lanes
        block, warp = self.block[at], self.warp[at]
        number = block + self.first_block
        thread = number * self.block_size + self.thread[at]
        # Numbers of warps are those of the launch too.
        across = self.first_block * (self.warps // self.blocks)
        return Who(thread, number, warp + across, self.epoch[block], self.warp_epoch[warp])

    def cells(
        self,
        space: str,
        address: npt.NDArray[np.uint64],
        size: int,
        lanes: Lanes,
        write: bool,
        atomic: bool = False,
        width: int | None = None,
    ) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
        """The bytes of a space and where in them the lanes' accesses of `size` bytes begin, after all checks.

        `width` is what to count: the bytes of a whole vector with its first element, and 0 with the others.
        """
        width = size if width is None else width
        if space == "generic":
            space, address = self._space_of(address)
        if space in ("global", "const"):
            at = self.memory.offsets(address, size)
            data, written = self.memory.data, self.memory.written
            self._count_global(address, width, lanes, write)
            if self.races is not None:
                self.races.access(at, size, self.who(lanes), write=write, atomic=atomic)
        else:
            data, written, at = self._own(space, address, size, lanes)
            if space == "shared":
                self._count_shared(address, width, lanes)
                if self.shared_races is not None:
                    self.shared_races.access(at, size, self.who(lanes), write=write, atomic=atomic)
        if not write or atomic:
            known = np.logical_and.reduce([written[at + k] for k in range(size)])
            if not known.all():
                first = int(address[~known][0])
                raise MemoryFault(
                    f"uninitialised: {size} bytes at {first:#x} of {space} memory are read before a write"
                )
        if write:
            for k in range(size):
                written[at + k] = True
        return data, at

    def _space_of(self, address: npt.NDArray[np.uint64]) -> tuple[str, npt.NDArray[np.uint64]]:
        for space, window in (("shared", SHARED_WINDOW), ("local", LOCAL_WINDOW)):
            inside = (address >= np.uint64(window)) & (address < np.uint64(window + WINDOW))
            if inside.all():
                return space, address - np.uint64(window)
            if inside.any():
                raise UnsupportedInstruction("threads use several spaces by one generic access")
        return "global", address

    def _own(
        self, space: str, address: npt.NDArray[np.uint64], size: int, lanes: Lanes
    ) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.bool_], npt.NDArray[np.int64]]:
        """Memory of a block or of a thread."""
        at = self.all if lanes is None else lanes
        shared = space == "shared"
        limit, base = (self.shared_bytes, self.block[at]) if shared else (self.local_bytes, at)
        inside = (address <= np.uint64(WINDOW)) & (address + np.uint64(size) <= np.uint64(limit))
        if not inside.all():
            first = int(address[~inside][0])
            raise MemoryFault(f"out of bounds: {size} bytes at {first:#x} of {space} memory, which has {limit} bytes")
        if (address % np.uint64(size)).any():
            raise MemoryFault(
                f"misaligned: {size} bytes at {int(address[address % np.uint64(size) != 0][0]):#x} of {space} memory"
            )
        where = base * limit + address.astype(np.int64)
        return (self.shared, self.shared_written, where) if shared else (self.local, self.local_written, where)

    def _count_global(self, address: npt.NDArray[np.uint64], width: int, lanes: Lanes, write: bool) -> None:
        if not width:
            return
        if write:
            self.counters.global_bytes_written += width * address.size
        else:
            self.counters.global_bytes_read += width * address.size
        warp = (self.warp if lanes is None else self.warp[lanes]).astype(np.uint64)
        # Two addresses of one warp in the same 32 bytes are one sector.
        sector = (address - np.uint64(GLOBAL_BASE)) // np.uint64(32)
        self.counters.global_sectors += np.unique((warp << np.uint64(40)) | sector).size

    def _count_shared(self, address: npt.NDArray[np.uint64], width: int, lanes: Lanes) -> None:
        if not width:
            return
        # Wide accesses are served for a half or a quarter of a warp at a time.
        words = max(1, width // 4)
        at = self.all if lanes is None else lanes
        part = self.warp[at] * words + self.lane[at] * words // WARP
        word = (address.astype(np.int64) // 4)[:, None] + np.arange(words)
        # Different words of one part in one bank are served one after the other; the same word at once.
        pairs = np.unique((part[:, None] << 40) | word)
        bank = (pairs >> 40) * WARP + (pairs & 31)
        ways = np.bincount(bank, minlength=self.warps * words * WARP).reshape(-1, WARP).max(1)
        self.counters.shared_accesses += int((ways > 0).sum())
        self.counters.bank_conflicts += int((ways[ways > 0] - 1).sum())

    # Scheduling.

    def run(self) -> None:
        """Execute all threads to their end.

        Raises
        ------
        PtxError
            With the kernel, the instruction and its line.
        """
        with np.errstate(all="ignore"):
            self._run()

    def _run(self) -> None:
        pieces = self.program.pieces
        end = len(pieces)
        at, waits = np.zeros(self.size, np.int64), np.zeros(self.size, bool)
        for _ in range(MOST_STEPS):
            ready = (at < end) & ~waits
            if not ready.any():
                if not waits.any():
                    return
                self._open_barriers(at, waits, end)
                continue
            if not any(self._try(int(p), at, waits, ready) for p in np.unique(at[ready])):
                self._stuck(at, ready)
        raise LaunchError(f"{self.program.name} does not come to an end")

    def _try(
        self, number: int, at: npt.NDArray[np.int64], waits: npt.NDArray[np.bool_], ready: npt.NDArray[np.bool_]
    ) -> bool:
        """Run a piece for those who stand there; False if it is a warp instruction for which others are missing."""
        chosen = ready & (at == number)
        piece = self.program.pieces[number]
        if not piece:
            at[chosen] += 1
            return True
        head = piece[0]
        try:
            if head.opcode in ("bar", "barrier") and "warp" not in head.modifiers:
                waits |= chosen
                return True
            if instructions.waits_for_warp(head):
                chosen &= self._complete(head, chosen)
                if not chosen.any():
                    return False
            self._piece(piece, number, chosen, at)
        except PtxError as error:
            raise type(error)(self._located(head, error)) from error
        return True

    def _piece(self, piece: list[Step], number: int, chosen: npt.NDArray[np.bool_], at: npt.NDArray[np.int64]) -> None:
        lanes: Lanes = None if chosen.all() else np.nonzero(chosen)[0]
        here = self.all if lanes is None else lanes
        warps = np.unique(self.warp[here]).size
        after: Any = number + 1
        for step in piece:
            under = lanes
            if step.guard is not None:
                holds = self.predicate(step.guard, lanes) ^ step.negated
                if step.opcode in JUMPS:
                    after = np.where(holds, self._target(step), number + 1)
                    self._count(step, self.count(lanes), warps)
                    break
                if not holds.any():
                    continue
                under = here[holds]
            elif step.opcode in JUMPS:
                after = self._target(step)
                self._count(step, self.count(lanes), warps)
                break
            try:
                instructions.execute(self, step, under)
            except PtxError as error:
                raise type(error)(self._located(step, error)) from error
            self._count(step, self.count(under), warps)
        at[here] = after

    def _target(self, step: Step) -> int:
        return step.target if step.opcode == "bra" else len(self.program.pieces)

    def _count(self, step: Step, lanes: int, warps: int) -> None:
        self.counters.instructions[step.opcode] += lanes
        self.counters.warp_instructions += warps
        self.counters.flops += lanes * instructions.flops(step)

    def _complete(self, step: Step, chosen: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        """Of the lanes at a warp instruction those whose whole member mask is there."""
        lanes = np.nonzero(chosen)[0]
        mask = np.broadcast_to(instructions.member_mask(self, step, lanes), lanes.shape).astype(np.uint64)
        exists = (np.uint64(1) << self.warp_members[self.warp[lanes]].astype(np.uint64)) - np.uint64(1)
        there = np.zeros(self.warps, np.uint64)
        np.bitwise_or.at(there, self.warp[lanes], np.uint64(1) << self.lane[lanes].astype(np.uint64))
        found = np.zeros(self.size, bool)
        found[lanes] = (mask & exists & ~there[self.warp[lanes]]) == 0
        return found

    def _open_barriers(self, at: npt.NDArray[np.int64], waits: npt.NDArray[np.bool_], end: int) -> None:
        """All lanes wait or have ended: let the blocks go on whose threads all stand at one barrier."""
        waiting = np.bincount(self.block, waits, self.blocks).astype(np.int64)
        for block in np.nonzero(waiting)[0]:
            here = waits & (self.block == block)
            places = np.unique(at[here])
            step = self.program.pieces[places[0]][0]
            number = int(block) + self.first_block
            if waiting[block] != self.block_size:
                raise BarrierError(
                    self._located(
                        step,
                        f"{waiting[block]} of {self.block_size} threads of block {number} wait at a barrier that the "
                        "others have ended without reaching",
                    )
                )
            if places.size != 1:
                lines = " and ".join(str(self.program.pieces[p][0].line) for p in places[:2])
                raise BarrierError(
                    self._located(step, f"threads of block {number} wait at different barriers, in lines {lines}")
                )
        self._leave_barriers(at, waits)
        self.epoch += waiting > 0

    def _leave_barriers(self, at: npt.NDArray[np.int64], waits: npt.NDArray[np.bool_]) -> None:
        for place in np.unique(at[waits]):
            lanes = np.nonzero(waits & (at == place))[0]
            step = self.program.pieces[place][0]
            instructions.execute(self, step, None if lanes.size == self.size else lanes)
            self._count(step, lanes.size, np.unique(self.warp[lanes]).size)
        at[waits] += 1
        waits[:] = False

    def _stuck(self, at: npt.NDArray[np.int64], ready: npt.NDArray[np.bool_]) -> None:
        place = int(at[ready].min())
        step = self.program.pieces[place][0]
        lanes = np.nonzero(ready & (at == place))[0]
        raise DivergenceError(
            self._located(
                step,
                f"the member mask names threads that do not execute it: {lanes.size} threads wait, the first is "
                f"{int(self.thread[lanes[0]])} of block {int(self.block[lanes[0]]) + self.first_block}",
            )
        )

    def _located(self, step: Step, what: object) -> str:
        text = str(what)
        if text.startswith("kernel "):
            return text
        return f"kernel {self.program.name}, line {step.line}, '{step.text}': {text}"
