"""Load a kernel into memory and launch it over a grid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from graphc.ptx.counters import Counters
from graphc.ptx.errors import LaunchError, UnsupportedInstruction
from graphc.ptx.machine import Dim3, Machine
from graphc.ptx.memory import GlobalMemory
from graphc.ptx.parser import parse
from graphc.ptx.program import Program, link
from graphc.ptx.races import RaceDetector
from graphc.ptx.syntax import Module, VariableDeclaration
from graphc.ptx.values import DTYPES, literal

__all__ = ["Kernel", "Run", "launch", "load"]

# What devices of compute capability 8 and 9 allow.
MOST_THREADS = 1024
MOST_SHARED = 227 * 1024
# Blocks are run in groups of about so many threads, which bounds the memory for their registers.
LANES_AT_ONCE = 1 << 16


@dataclass(frozen=True, slots=True)
class Kernel:
    """A kernel whose module's variables are in memory.

    Attributes
    ----------
    program : Program
    symbols : dict of str to int
        Addresses of the variables.
    """

    program: Program
    symbols: dict[str, int]

    @property
    def name(self) -> str:
        """As in the module."""
        return self.program.name

    def unload(self, memory: GlobalMemory) -> None:
        """Give the memory of its variables back."""
        for address in self.symbols.values():
            memory.free(address)


@dataclass(frozen=True, slots=True)
class Run:
    """A finished launch.

    Attributes
    ----------
    kernel : str
    grid, block : tuple of 3 int
    counters : Counters
    """

    kernel: str
    grid: Dim3
    block: Dim3
    counters: Counters


def load(module: str | Module, memory: GlobalMemory, name: str | None = None) -> Kernel:
    """Prepare a kernel: link it, and put its module's variables into memory.

    Parameters
    ----------
    module : str or Module
        PTX text, or what `parse` made of it.
    memory : GlobalMemory
    name : str, optional
        The kernel; may be left out if there is one.

    Raises
    ------
    PtxSyntaxError, LaunchError, OutOfMemory
    """
    program = link(parse(module) if isinstance(module, str) else module, name)
    symbols = {}
    for v in program.variables.values():
        symbols[v.name] = memory.upload(_first_values(v))
    return Kernel(program, symbols)


def _first_values(v: VariableDeclaration) -> npt.NDArray[Any]:
    values = np.zeros(v.count, DTYPES[v.type])
    for k, text in enumerate(v.initial):
        if text[0].isalpha() or text[0] in "_$%":
            raise UnsupportedInstruction(f"{v.name} begins with the address of {text}")
        values[k] = literal(text, DTYPES[v.type])
    return values


def launch(
    kernel: Kernel | Module | str,
    grid: int | Sequence[int],
    block: int | Sequence[int],
    arguments: Sequence[Any],
    memory: GlobalMemory,
    *,
    shared_bytes: int = 0,
    races: bool = True,
) -> Run:
    """Run a kernel to its end.

    Parameters
    ----------
    kernel : Kernel or Module or str
        Loaded once for many launches, or PTX with one kernel.
    grid, block : int or sequence of up to 3 int
        Blocks, and threads of a block.
    arguments : sequence
        Numbers (addresses are integers), or arrays and bytes for parameters that are structures.
    memory : GlobalMemory
    shared_bytes : int
        Dynamic shared memory of a block.
    races : bool
        Whether to look for races.

    Returns
    -------
    Run

    Raises
    ------
    LaunchError
        If the arguments do not fit the parameters, or a block is too large. Nothing has run then.
    PtxError
        If the kernel does something wrong; memory holds what was written until then.
    """
    own = None
    if not isinstance(kernel, Kernel):
        kernel = own = load(kernel, memory)
    try:
        return _launch(kernel, _three(grid), _three(block), arguments, memory, shared_bytes, races)
    finally:
        if own is not None:
            own.unload(memory)


def _three(size: int | Sequence[int]) -> Dim3:
    sizes = (size,) if isinstance(size, int) else tuple(int(s) for s in size)
    if not 1 <= len(sizes) <= 3 or min(sizes) < 1:
        raise LaunchError(f"a grid or block has one to three sizes of at least 1, not {size!r}")
    first, second, third = (*sizes, 1, 1)[:3]
    return first, second, third


def _launch(
    kernel: Kernel, grid: Dim3, block: Dim3, arguments: Sequence[Any], memory: GlobalMemory, shared: int, races: bool
) -> Run:
    threads, blocks = block[0] * block[1] * block[2], grid[0] * grid[1] * grid[2]
    name = kernel.name
    if threads > MOST_THREADS or block[2] > 64:
        raise LaunchError(f"kernel {name}: a block of {block} has more than {MOST_THREADS} threads, or is too deep")
    if max(grid[1:]) > 65535:
        raise LaunchError(f"kernel {name}: a grid of {grid}: the second and third size are at most 65535")
    if kernel.program.shared_bytes + shared > MOST_SHARED:
        raise LaunchError(f"kernel {name}: {kernel.program.shared_bytes + shared} bytes of shared memory are too much")
    packed = _packed(kernel.program, arguments)
    counters = Counters()
    detector = RaceDetector(memory.data.size, "global") if races else None
    step = max(1, LANES_AT_ONCE // threads)
    for first in range(0, blocks, step):
        machine = Machine(
            kernel.program, memory, kernel.symbols, packed, grid, block, first, min(step, blocks - first), shared,
            detector, counters,
        )  # fmt: skip
        machine.run()
    return Run(name, grid, block, counters)


def _packed(program: Program, arguments: Sequence[Any]) -> npt.NDArray[np.uint8]:
    """The parameters as they lie in memory."""
    if len(arguments) != len(program.parameters):
        raise LaunchError(
            f"kernel {program.name} has {len(program.parameters)} parameters, {len(arguments)} arguments are given"
        )
    offsets = program.parameter_offsets()
    sizes = [p.count * DTYPES[p.type].itemsize for p in program.parameters]
    packed = np.zeros(
        max((offsets[p.name] + s for p, s in zip(program.parameters, sizes, strict=True)), default=0), np.uint8
    )
    for p, size, value in zip(program.parameters, sizes, arguments, strict=True):
        data = _bytes_of(program, p, value)
        if data.size != size:
            raise LaunchError(f"kernel {program.name}: parameter {p.name} has {size} bytes, the argument {data.size}")
        packed[offsets[p.name] : offsets[p.name] + size] = data
    return packed


def _bytes_of(program: Program, p: VariableDeclaration, value: Any) -> npt.NDArray[np.uint8]:
    if isinstance(value, bytes | np.ndarray):
        return np.frombuffer(bytes(value), np.uint8)
    dtype = DTYPES[p.type]
    # Compilers declare floats as words of bits, too.
    if isinstance(value, float | np.floating) and dtype.kind != "f":
        return np.array([value], f"f{dtype.itemsize}").view(np.uint8)
    if dtype.kind == "f":
        return np.array([value], dtype).view(np.uint8)
    if not -(2 ** (8 * dtype.itemsize - 1)) <= int(value) < 2 ** (8 * dtype.itemsize):
        raise LaunchError(f"kernel {program.name}: {value} does not fit parameter {p.name} of type .{p.type}")
    return np.array([literal(str(int(value)), dtype)]).view(np.uint8)
