"""The memory of the device: one block of bytes, its allocations, and which bytes were ever written."""

from __future__ import annotations

from bisect import bisect_right

import numpy as np
import numpy.typing as npt

from graphc.ptx.errors import MemoryFault, OutOfMemory
from graphc.ptx.values import Array

__all__ = ["GLOBAL_BASE", "LOCAL_WINDOW", "SHARED_WINDOW", "WINDOW", "GlobalMemory"]

# Addresses as a device has them, far from zero and from the windows of the other spaces.
GLOBAL_BASE = 0x7F00_0000_0000
# Generic addresses of the spaces that are not global.
SHARED_WINDOW, LOCAL_WINDOW = 0x1000_0000_0000, 0x2000_0000_0000
WINDOW = 1 << 32
ALIGNMENT = 256
# Between allocations, so that an access just behind one hits no other.
GUARD = 256
# What fresh memory holds: as a float a large negative number, as an index far out of bounds.
POISON = 0xFB


class GlobalMemory:
    """Memory that kernels read and write.

    Parameters
    ----------
    size : int
        Bytes. Pages are only used when they are touched.

    Attributes
    ----------
    data : array of uint8, [size]
    written : array of bool, [size]
    """

    def __init__(self, size: int = 1 << 28) -> None:
        self.data = np.zeros(size, np.uint8)
        self.written = np.zeros(size, bool)
        self._starts: list[int] = []
        self._ends: list[int] = []

    @property
    def used(self) -> int:
        """Bytes in allocations."""
        return sum(self._ends) - sum(self._starts)

    @property
    def allocations(self) -> int:
        """Their number."""
        return len(self._starts)

    def allocate(self, size: int) -> int:
        """Take a piece of memory and return its address, a multiple of 256.

        Raises
        ------
        OutOfMemory
            If no gap is long enough.
        """
        at, place = GUARD, len(self._starts)
        for k, (start, end) in enumerate(zip(self._starts, self._ends, strict=True)):
            if at + size + GUARD <= start:
                place = k
                break
            at = -(-(end + GUARD) // ALIGNMENT) * ALIGNMENT
        if at + size + GUARD > self.data.size:
            raise OutOfMemory(f"{size} bytes do not fit: {self.used} of {self.data.size} are in use")
        self._starts.insert(place, at)
        self._ends.insert(place, at + size)
        self.data[at : at + size] = POISON
        self.written[at : at + size] = False
        return GLOBAL_BASE + at

    def free(self, address: int) -> None:
        """Give an allocation back.

        Raises
        ------
        MemoryFault
            If none begins there.
        """
        start = address - GLOBAL_BASE
        if start not in self._starts:
            raise MemoryFault(f"no allocation begins at {address:#x}")
        place = self._starts.index(start)
        del self._starts[place], self._ends[place]

    def upload(self, values: npt.ArrayLike) -> int:
        """Allocate room for an array and copy it there."""
        array = np.ascontiguousarray(values)
        address = self.allocate(array.nbytes)
        self.write(address, array)
        return address

    def write(self, address: int, values: npt.ArrayLike) -> None:
        """Copy an array to an address, as a host does."""
        array = np.ascontiguousarray(values)
        at = self._inside(address, array.nbytes)
        self.data[at : at + array.nbytes] = array.reshape(-1).view(np.uint8)
        self.written[at : at + array.nbytes] = True

    def download(self, address: int, shape: int | tuple[int, ...], dtype: npt.DTypeLike) -> Array:
        """A copy of what is at an address."""
        kind = np.dtype(dtype)
        size = int(np.prod(shape)) * kind.itemsize
        at = self._inside(address, size)
        return self.data[at : at + size].copy().view(kind).reshape(shape)

    def fill(self, address: int, size: int, byte: int) -> None:
        """Set bytes, as a host does."""
        at = self._inside(address, size)
        self.data[at : at + size] = byte
        self.written[at : at + size] = True

    def _inside(self, address: int, size: int) -> int:
        at = int(address) - GLOBAL_BASE
        k = bisect_right(self._starts, at) - 1
        if k < 0 or at + size > self._ends[k]:
            raise MemoryFault(f"{size} bytes from {address:#x} are not inside an allocation")
        return at

    def offsets(self, addresses: npt.NDArray[np.uint64], size: int) -> npt.NDArray[np.int64]:
        """Offsets into `data` of accesses of `size` bytes, one per lane.

        Raises
        ------
        MemoryFault
            If one is outside of all allocations, or no multiple of `size`.
        """
        at = (addresses - np.uint64(GLOBAL_BASE)).view(np.int64)
        starts, ends = np.array(self._starts, np.int64), np.array(self._ends, np.int64)
        k = np.searchsorted(starts, at, side="right") - 1
        bad = (k < 0) | (at + size > ends[np.maximum(k, 0)]) if len(starts) else np.ones(at.shape, bool)
        if bad.any():
            raise MemoryFault(
                f"out of bounds: {int(bad.sum())} of {bad.size} threads, {self._nearest(int(at[bad][0]), size)}"
            )
        if (at % size).any():
            first = addresses[at % size != 0][0]
            raise MemoryFault(f"misaligned: {size} bytes at {int(first):#x}")
        return at

    def _nearest(self, at: int, size: int) -> str:
        text = f"the first uses {size} bytes at {at + GLOBAL_BASE:#x}"
        k = bisect_right(self._starts, at) - 1
        if k < 0:
            return text
        start, end = self._starts[k], self._ends[k]
        return f"{text}, {at - start} bytes behind the start of an allocation of {end - start} bytes"
