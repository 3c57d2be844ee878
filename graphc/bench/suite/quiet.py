"""Whether anything else runs on the machine while something is measured (Linux)."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


class Others:
    """Watches what other processes take of the processors' time.

    Parameters
    ----------
    processes : sequence of int
        Process numbers of those that are meant to run.
    """

    def __init__(self, processes: Sequence[int]) -> None:
        self._processes = processes
        self._before = self._now()

    def share(self) -> float:
        """The part of all processors' time that others took since the last call, 0 to 1."""
        then, self._before = self._before, self._now()
        wall, busy, own = (b - a for a, b in zip(then, self._before, strict=True))
        return min(max((busy - own) / (wall * (os.cpu_count() or 1)), 0.0), 1.0) if wall > 0 else 0.0

    def _now(self) -> tuple[float, float, float]:
        """Seconds of the clock, of all busy processors, and of the processes that are meant to run."""
        counts = [int(word) for word in Path("/proc/stat").read_text(encoding="ascii").split("\n", 1)[0].split()[1:9]]
        idle = counts[3] + counts[4]
        return time.monotonic(), (sum(counts) - idle) / TICKS, sum(map(_spent, [os.getpid(), *self._processes]))


def _spent(process: int) -> float:
    """Seconds of processor time that a process and the children it waited for have taken."""
    try:
        text = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return 0.0
    fields = text.rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / TICKS
