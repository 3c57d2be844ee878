"""The assembler of CUDA, where it is installed: machine code of a kernel, and what that needs."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

THREADS_OF_A_PROCESSOR = 2048
REGISTERS_OF_A_PROCESSOR = 65536


class AssemblyError(RuntimeError):
    """The assembler refuses a kernel."""


@dataclass(frozen=True)
class Assembled:
    """Machine code of a kernel.

    Attributes
    ----------
    image : bytes
        A cubin.
    registers : int
        Of a thread.
    shared : int
        Bytes of a block.
    stack : int
        Bytes of a thread's own memory.
    spills : int
        Bytes written to memory because there are too few registers.
    """

    image: bytes
    registers: int
    shared: int
    stack: int
    spills: int

    def occupancy(self, block: int, limit: int = THREADS_OF_A_PROCESSOR) -> float:
        """Estimated part of a multiprocessor's threads that registers allow, for blocks of so many threads.

        Registers are given to warps in pieces of 256. `limit` are the threads of one multiprocessor.
        """
        warps = -(-block // 32)
        blocks = REGISTERS_OF_A_PROCESSOR // (max(-(-self.registers * 32 // 256), 1) * 256 * warps)
        return min(blocks * warps * 32, limit) / limit


@lru_cache(maxsize=8)
def find_tool(name: str) -> Path | None:
    """A program of the CUDA toolkit: on the path, in ``$CUDA_HOME``, or in NVIDIA's Python packages."""
    found = shutil.which(name)
    if found:
        return Path(found)
    homes = [Path(os.environ[key]) for key in ("CUDA_HOME", "CUDA_PATH") if os.environ.get(key)]
    packages = [Path(entry) / "nvidia" for entry in sys.path if entry]
    folders = [home / "bin" for home in (*homes, Path("/usr/local/cuda"))]
    folders += [folder for package in packages for folder in (package / "cu13" / "bin", package / "cuda_nvcc" / "bin")]
    return next((folder / name for folder in folders if os.access(folder / name, os.X_OK)), None)


def assemble(ptx: str, capability: tuple[int, int] = (8, 0)) -> Assembled:
    """Machine code of PTX with one kernel.

    Raises
    ------
    FileNotFoundError
        If there is no ptxas.
    AssemblyError
        If it refuses.
    """
    tool = find_tool("ptxas")
    if tool is None:
        raise FileNotFoundError("there is no ptxas: install graphc[cuda-ci], or the CUDA toolkit")
    with tempfile.TemporaryDirectory(prefix="graphc-") as folder:
        source, target = Path(folder, "kernel.ptx"), Path(folder, "kernel.cubin")
        source.write_text(ptx)
        command = [str(tool), f"-arch=sm_{capability[0]}{capability[1]}", "-v", str(source), "-o", str(target)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise AssemblyError(done.stderr.strip())
        image = target.read_bytes()

    def number(pattern: str) -> int:
        return max(map(int, re.findall(pattern, done.stderr)), default=0)

    return Assembled(
        image,
        number(r"Used (\d+) registers"),
        number(r"(\d+) bytes smem"),
        number(r"(\d+) bytes stack frame"),
        number(r"(\d+) bytes spill stores"),
    )


def instructions(image: bytes) -> Counter[str] | None:
    """How often each machine instruction occurs in a cubin; None if there is no cuobjdump.

    Modifiers are kept, as in ``LDG.E.128``.
    """
    text = disassembled(image)
    return None if text is None else Counter(re.findall(r"/\*[0-9a-f]{4,5}\*/\s+(?:@!?U?P\w+ )?([A-Z][\w.]+)", text))


def disassembled(image: bytes) -> str | None:
    """The machine instructions of a cubin as text; None if there is no cuobjdump."""
    tool = find_tool("cuobjdump")
    if tool is None:
        return None
    with tempfile.TemporaryDirectory(prefix="graphc-") as folder:
        place = Path(folder, "kernel.cubin")
        place.write_bytes(image)
        done = subprocess.run([str(tool), "-sass", str(place)], capture_output=True, text=True, check=False)
    return done.stdout if done.returncode == 0 else None
