"""What can be wrong with a PTX program, or with how it was launched."""

from __future__ import annotations

__all__ = [
    "BarrierError",
    "DivergenceError",
    "LaunchError",
    "MemoryFault",
    "OutOfMemory",
    "PtxError",
    "PtxSyntaxError",
    "RaceError",
    "UnsupportedInstruction",
]


class PtxError(RuntimeError):
    """Base of the errors of the emulator; the message names kernel, line and instruction where they are known."""


class PtxSyntaxError(PtxError):
    """The text cannot be read, or uses what the parser does not know."""


class UnsupportedInstruction(PtxError):
    """An instruction, or a form of it, that is not emulated."""


class LaunchError(PtxError):
    """A kernel that is not there, arguments that do not fit, or more threads or memory than a block can have."""


class MemoryFault(PtxError):
    """An address out of bounds, misaligned, or read before anything was written there."""


class OutOfMemory(PtxError):
    """An allocation that does not fit into the device's memory."""


class RaceError(PtxError):
    """Two threads use the same bytes, one of them writes, and nothing orders them."""


class BarrierError(PtxError):
    """A barrier that not all threads of a block reach, or that they reach at different places."""


class DivergenceError(PtxError):
    """A warp instruction whose member mask names threads that never execute it."""
