"""What the executor asks of a device, and the emulated device, which executes the PTX with `graphc.ptx`."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from graphc import ptx

Array = NDArray[Any]


class Driver(Protocol):
    """A device with memory, kernels and one stream."""

    capability: tuple[int, int]

    def allocate(self, size: int) -> int:
        """The address of so many bytes, all zero."""
        ...

    def free(self, address: int) -> None:
        """Give memory back."""
        ...

    def upload(self, address: int, values: Array) -> None:
        """Copy an array to the device."""
        ...

    def download(self, address: int, target: Array) -> None:
        """Copy from the device into a C-contiguous array."""
        ...

    def load(self, text: str) -> Any:
        """A kernel from PTX."""
        ...

    def launch(self, kernel: Any, grid: int, block: int, arguments: list[int]) -> None:
        """Run a kernel over so many blocks of so many threads."""
        ...

    def activate(self) -> None:
        """Make it the device of this thread."""
        ...


class EmulatedDriver:
    """No device: every instruction is executed by NumPy. For tests and for teaching.

    Parameters
    ----------
    memory : int
        Bytes.

    Attributes
    ----------
    runs : list of graphc.ptx.Run
        What was launched, with counts.
    """

    capability = (8, 0)

    def __init__(self, memory: int = 1 << 26) -> None:
        self.memory = ptx.GlobalMemory(memory)
        self.runs: list[ptx.Run] = []
        self._kernels: dict[str, ptx.Kernel] = {}

    def allocate(self, size: int) -> int:
        """The address of so many bytes, all zero."""
        address = self.memory.allocate(max(size, 1))
        self.memory.fill(address, max(size, 1), 0)
        return address

    def free(self, address: int) -> None:
        """Give memory back."""
        self.memory.free(address)

    def upload(self, address: int, values: Array) -> None:
        """Copy an array to the device."""
        if values.size:
            self.memory.write(address, np.ascontiguousarray(values))

    def download(self, address: int, target: Array) -> None:
        """Copy from the device into a C-contiguous array."""
        if target.size:
            target[...] = self.memory.download(address, target.shape, target.dtype)

    def load(self, text: str) -> Any:
        """A kernel from PTX."""
        if text not in self._kernels:
            self._kernels[text] = ptx.load(text, self.memory)
        return self._kernels[text]

    def launch(self, kernel: Any, grid: int, block: int, arguments: list[int]) -> None:
        """Run a kernel over so many blocks of so many threads."""
        self.runs.append(ptx.launch(kernel, grid, block, arguments, self.memory))

    def activate(self) -> None:
        """Every thread may use it."""

    def close(self) -> None:
        """Give the memory of all kernels back."""
        for kernel in self._kernels.values():
            kernel.unload(self.memory)
        self._kernels.clear()


def open_driver(device: str) -> Driver:
    """The driver of a device: one for each GPU and process, a new emulated one every time."""
    if device == "cuda:emulated":
        return EmulatedDriver()
    driver = _gpu(int(device.partition(":")[2]))
    driver.activate()
    return driver


@lru_cache(maxsize=16)
def _gpu(ordinal: int) -> Driver:
    from graphc.runtime.cuda.libcuda import CudaDriver

    return CudaDriver(ordinal)
