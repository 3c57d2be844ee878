"""What a launch executed and moved."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

__all__ = ["Counters"]


@dataclass(slots=True)
class Counters:
    """Counts over all threads of a launch.

    Attributes
    ----------
    instructions : Counter of str
        By opcode, one for each thread that executes it.
    warp_instructions : int
        One for each warp of which at least one thread executes it.
    flops : int
        Floating-point operations; a fused multiply-add counts two, a special function one.
    global_bytes_read, global_bytes_written : int
        As the threads ask for them.
    global_sectors : int
        Pieces of 32 bytes that the warps touch, per instruction: what the memory system moves.
    shared_accesses, bank_conflicts : int
        Accesses of warps to shared memory, and how many times more they take because several words lie in one of the
        32 banks.
    """

    instructions: Counter[str] = field(default_factory=Counter)
    warp_instructions: int = 0
    flops: int = 0
    global_bytes_read: int = 0
    global_bytes_written: int = 0
    global_sectors: int = 0
    shared_accesses: int = 0
    bank_conflicts: int = 0

    def add(self, other: Counters) -> None:
        """Count another launch in."""
        for name in self.__slots__:
            mine, theirs = getattr(self, name), getattr(other, name)
            setattr(self, name, mine + theirs)
