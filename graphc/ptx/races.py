"""Which thread used which bytes since the last barrier: accesses that nothing orders.

Two accesses to the same bytes by different threads, at least one of them a write and not both atomic, are a race unless
the threads are of one block with a barrier between the accesses, or of one warp with a `bar.warp.sync` between them.
Blocks are never ordered within a launch.

Memory is watched in words of four bytes; bytes written by narrower accesses are watched one by one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from graphc.ptx.errors import RaceError

__all__ = ["RaceDetector", "Who"]

Ints = npt.NDArray[np.int64]
SEVERAL = -1


@dataclass(slots=True)
class Who:
    """The threads of one access and where they are in time.

    Attributes
    ----------
    thread, block, warp : array of int64, [lanes]
        Numbers within the grid.
    epoch, warp_epoch : array of int64, [lanes]
        Barriers that the block, and the warp, have passed.
    """

    thread: Ints
    block: Ints
    warp: Ints
    epoch: Ints
    warp_epoch: Ints


class _Log:
    """The last accesses of one kind. Thread 0 is kept as 1: fresh pages of zeros mean that there was none."""

    def __init__(self, size: int) -> None:
        self.thread, self.block, self.warp, self.epoch, self.warp_epoch = (np.zeros(size, np.int64) for _ in range(5))
        self.atomic = np.zeros(size, bool)

    def conflicts(self, at: Ints, who: Who) -> npt.NDArray[np.bool_]:
        """Lanes whose access at `at` is not ordered behind what is noted there."""
        thread, block, warp = self.thread[at], self.block[at], self.warp[at]
        same_time = (self.epoch[at] == who.epoch) & ((warp != who.warp + 1) | (self.warp_epoch[at] == who.warp_epoch))
        found: npt.NDArray[np.bool_] = (
            (thread != 0) & (thread != who.thread + 1) & ((block != who.block + 1) | same_time)
        )
        return found

    def note(self, at: Ints, who: Who, atomic: bool) -> None:
        """The accesses are the last ones now."""
        self.thread[at], self.block[at], self.warp[at] = who.thread + 1, who.block + 1, who.warp + 1
        self.epoch[at], self.warp_epoch[at], self.atomic[at] = who.epoch, who.warp_epoch, atomic

    def join(self, at: Ints, who: Who) -> None:
        """Note reads; where several threads have read since they were last ordered, that is what is known of them."""
        order = np.argsort(at, kind="stable")
        place, first = np.unique(at[order], return_index=True)
        crowd = np.diff(first, append=at.size) > 1
        # Reads noted before are forgotten if they are ordered before these: of this block, and of an earlier epoch.
        block, epoch = who.block[order][first] + 1, who.epoch[order][first]
        kept = (self.thread[place] != 0) & ((self.block[place] != block) | (self.epoch[place] == epoch))
        for column, now in ((self.thread, who.thread), (self.block, who.block), (self.warp, who.warp)):
            numbers = now[order] + 1
            low, high = np.minimum.reduceat(numbers, first), np.maximum.reduceat(numbers, first)
            value = np.where(crowd & (low != high), SEVERAL, low)
            column[place] = np.where(kept & (column[place] != value), SEVERAL, value)
        self.epoch[place] = np.maximum.reduceat(who.epoch[order], first)
        self.warp_epoch[place] = np.maximum.reduceat(who.warp_epoch[order], first)


class RaceDetector:
    """The accesses of one launch to one memory.

    Parameters
    ----------
    size : int
        Bytes.
    what : str
        For messages: ``"shared"``.
    """

    def __init__(self, size: int, what: str) -> None:
        self.what = what
        self.size = size
        self._words = _Log(size // 4 + 1), _Log(size // 4 + 1)
        self._bytes: tuple[_Log, _Log] | None = None

    def access(self, offset: Ints, size: int, who: Who, *, write: bool, atomic: bool = False) -> None:
        """Check and note an access of `size` bytes per lane.

        Raises
        ------
        RaceError
        """
        if size < 4:
            self._narrow(offset, size, who, write, atomic)
            return
        for k in range(size // 4):
            word = offset // 4 + k
            self._check(self._words, word, who, write, atomic, 4)
            if self._bytes is not None:
                for byte in range(4):
                    self._check(self._bytes, 4 * word + byte, who, write, atomic, 1, note=False)

    def _narrow(self, offset: Ints, size: int, who: Who, write: bool, atomic: bool) -> None:
        if self._bytes is None:
            self._bytes = _Log(self.size + 4), _Log(self.size + 4)
        self._check(self._words, offset // 4, who, write, atomic, 4, note=False)
        for k in range(size):
            self._check(self._bytes, offset + k, who, write, atomic, 1)

    def _check(
        self, logs: tuple[_Log, _Log], at: Ints, who: Who, write: bool, atomic: bool, unit: int, note: bool = True
    ) -> None:
        writes, reads = logs
        bad = writes.conflicts(at, who)
        if atomic:
            bad &= ~writes.atomic[at]
        other = writes
        if write and not bad.any():
            bad, other = reads.conflicts(at, who), reads
        if bad.any():
            self._report(at, bad, who, other, other is writes, write, unit)
        if not note:
            return
        if not write:
            reads.join(at, who)
            return
        if not atomic and np.unique(at).size != at.size:
            values, counts = np.unique(at, return_counts=True)
            threads = who.thread[at == values[counts > 1][0]]
            raise RaceError(
                f"race in {self.what} memory: threads {int(threads[0])} and {int(threads[1])} write byte "
                f"{int(values[counts > 1][0]) * unit} by the same instruction"
            )
        writes.note(at, who, atomic)

    def _report(
        self, at: Ints, bad: npt.NDArray[np.bool_], who: Who, log: _Log, wrote: bool, write: bool, unit: int
    ) -> None:
        lane = int(np.nonzero(bad)[0][0])
        place = int(at[lane])
        thread = int(log.thread[place])
        first = "several threads" if thread == SEVERAL else f"thread {thread - 1}"
        raise RaceError(
            f"race in {self.what} memory: thread {int(who.thread[lane])} of block {int(who.block[lane])} "
            f"{'writes' if write else 'reads'} byte {place * unit}, which {first} "
            f"{'wrote' if wrote else 'read'} without a barrier between them"
        )
