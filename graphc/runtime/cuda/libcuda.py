"""The driver of NVIDIA's GPUs, libcuda, by ctypes: memory, modules, launches on one stream, events, captured graphs.

It has been tested against a stand-in for the library that executes the PTX with `graphc.ptx`, not on a GPU.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
LIBRARIES = ("libcuda.so.1", "libcuda.so", "nvcuda.dll")
OUT_OF_MEMORY = 2
_COMPUTE_MAJOR, _COMPUTE_MINOR = 75, 76
_NON_BLOCKING = 1
_RELAXED = 2


class DriverMissing(OSError):
    """There is no CUDA driver on this machine."""


class CudaError(RuntimeError):
    """A call of the driver failed.

    Attributes
    ----------
    status : int
        Of the driver.
    """

    def __init__(self, function: str, status: int, text: str) -> None:
        super().__init__(f"{function} failed: {text} ({status})")
        self.status = status


class CudaOutOfMemory(CudaError):
    """The device has no room for an allocation."""


@lru_cache(maxsize=1)
def load_library() -> Any:
    """The driver's library.

    Raises
    ------
    DriverMissing
        If it cannot be loaded.
    """
    for name in LIBRARIES:
        try:
            return ctypes.CDLL(name)
        except OSError:
            continue
    raise DriverMissing("this machine has no CUDA driver (libcuda.so.1 cannot be loaded): install NVIDIA's driver")


class Graph:
    """Launches that were recorded once and are started together."""

    def __init__(self, driver: CudaDriver, handle: ctypes.c_void_p) -> None:
        self._driver, self._handle = driver, handle

    def launch(self) -> None:
        """Start all of them on the stream."""
        self._driver.call("cuGraphLaunch", self._handle, self._driver.stream)

    def close(self) -> None:
        """Give it back."""
        self._driver.call("cuGraphExecDestroy", self._handle)


class CudaDriver:
    """One GPU with one stream; implements `graphc.runtime.cuda.driver.Driver`.

    Parameters
    ----------
    ordinal : int
        Which GPU.
    library : object, optional
        Functions of the driver; those of libcuda by default.

    Raises
    ------
    DriverMissing
        If there is no libcuda.
    CudaError
        If there is no such GPU.
    """

    def __init__(self, ordinal: int = 0, library: Any = None) -> None:
        self._library = load_library() if library is None else library
        self.call("cuInit", ctypes.c_uint(0))
        device = ctypes.c_int()
        self.call("cuDeviceGet", ctypes.byref(device), ctypes.c_int(ordinal))
        self._device = device
        self.context = ctypes.c_void_p()
        self.call("cuDevicePrimaryCtxRetain", ctypes.byref(self.context), device)
        self.activate()
        self.stream = ctypes.c_void_p()
        self.call("cuStreamCreate", ctypes.byref(self.stream), ctypes.c_uint(_NON_BLOCKING))
        self.capability = self._attribute(_COMPUTE_MAJOR), self._attribute(_COMPUTE_MINOR)
        self._modules: dict[str, tuple[ctypes.c_void_p, ctypes.c_void_p]] = {}

    def call(self, name: str, *arguments: Any) -> None:
        """Call a function of the driver.

        Raises
        ------
        CudaError
            If it does not succeed.
        """
        status = int(getattr(self._library, name)(*arguments))
        if status:
            kind = CudaOutOfMemory if status == OUT_OF_MEMORY else CudaError
            raise kind(name, status, self._text(status))

    def _text(self, status: int) -> str:
        text = ctypes.c_char_p()
        if self._library.cuGetErrorString(ctypes.c_int(status), ctypes.byref(text)) or text.value is None:
            return "unknown error"
        return text.value.decode()

    def _attribute(self, number: int) -> int:
        value = ctypes.c_int()
        self.call("cuDeviceGetAttribute", ctypes.byref(value), ctypes.c_int(number), self._device)
        return value.value

    @property
    def name(self) -> str:
        """What the GPU is called."""
        text = ctypes.create_string_buffer(256)
        self.call("cuDeviceGetName", text, ctypes.c_int(len(text)), self._device)
        return text.value.decode()

    def activate(self) -> None:
        """Make its context the one of this thread."""
        self.call("cuCtxSetCurrent", self.context)

    def allocate(self, size: int) -> int:
        """The address of so many bytes, all zero.

        Raises
        ------
        CudaOutOfMemory
            If there is no room.
        """
        address, size = ctypes.c_uint64(), max(size, 1)
        self.call("cuMemAlloc_v2", ctypes.byref(address), ctypes.c_size_t(size))
        try:
            self.call("cuMemsetD8Async", address, ctypes.c_ubyte(0), ctypes.c_size_t(size), self.stream)
        except CudaError:
            self.free(address.value)
            raise
        return address.value

    def free(self, address: int) -> None:
        """Give memory back."""
        self.call("cuMemFree_v2", ctypes.c_uint64(address))

    def upload(self, address: int, values: Array) -> None:
        """Copy an array to the device; it may be changed as soon as this returns."""
        if values.size:
            array = np.ascontiguousarray(values)
            # From memory that is not pinned the driver returns once it has copied the bytes out.
            self.call(
                "cuMemcpyHtoDAsync_v2",
                ctypes.c_uint64(address),
                ctypes.c_void_p(array.ctypes.data),
                ctypes.c_size_t(array.nbytes),
                self.stream,
            )

    def download(self, address: int, target: Array) -> None:
        """Copy from the device into a C-contiguous array, after everything before it on the stream."""
        if target.size:
            self.call(
                "cuMemcpyDtoHAsync_v2",
                ctypes.c_void_p(target.ctypes.data),
                ctypes.c_uint64(address),
                ctypes.c_size_t(target.nbytes),
                self.stream,
            )
            self.synchronize()

    def load(self, text: str) -> Any:
        """A kernel from PTX that has one."""
        if text not in self._modules:
            module, function = ctypes.c_void_p(), ctypes.c_void_p()
            image = ctypes.create_string_buffer(text.encode())
            self.call("cuModuleLoadData", ctypes.byref(module), image)
            try:
                name = text.partition(".entry")[2].split("(")[0].strip()
                self.call("cuModuleGetFunction", ctypes.byref(function), module, ctypes.c_char_p(name.encode()))
            except CudaError:
                self.call("cuModuleUnload", module)
                raise
            self._modules[text] = module, function
        return self._modules[text][1]

    def launch(self, kernel: Any, grid: int, block: int, arguments: Sequence[int]) -> None:
        """Start a kernel over so many blocks of so many threads; arguments are words of 64 bits."""
        words = (ctypes.c_uint64 * len(arguments))(*(a % 2**64 for a in arguments))
        pointers = (ctypes.c_void_p * len(arguments))(*(ctypes.addressof(words) + 8 * k for k in range(len(arguments))))
        one, none = ctypes.c_uint(1), ctypes.c_void_p()
        self.call("cuLaunchKernel", kernel, ctypes.c_uint(grid), one, one, ctypes.c_uint(block), one, one,
                  ctypes.c_uint(0), self.stream, pointers, none)  # fmt: skip

    def synchronize(self) -> None:
        """Wait for everything on the stream.

        Raises
        ------
        CudaError
            If a kernel failed.
        """
        self.call("cuStreamSynchronize", self.stream)

    def event(self) -> ctypes.c_void_p:
        """A mark on the stream, whose time the device notes when it gets there."""
        event = ctypes.c_void_p()
        self.call("cuEventCreate", ctypes.byref(event), ctypes.c_uint(0))
        self.call("cuEventRecord", event, self.stream)
        return event

    def elapsed(self, start: ctypes.c_void_p, end: ctypes.c_void_p) -> float:
        """Seconds between two marks, which are given back."""
        self.call("cuEventSynchronize", end)
        milliseconds = ctypes.c_float()
        self.call("cuEventElapsedTime", ctypes.byref(milliseconds), start, end)
        for event in (start, end):
            self.call("cuEventDestroy_v2", event)
        return milliseconds.value / 1e3

    def begin_capture(self) -> None:
        """Record launches from here on, and do not start them."""
        self.call("cuStreamBeginCapture_v2", self.stream, ctypes.c_int(_RELAXED))

    def end_capture(self) -> Graph:
        """What was recorded, ready to start."""
        graph, executable = ctypes.c_void_p(), ctypes.c_void_p()
        self.call("cuStreamEndCapture", self.stream, ctypes.byref(graph))
        try:
            self.call("cuGraphInstantiateWithFlags", ctypes.byref(executable), graph, ctypes.c_ulonglong(0))
        finally:
            self.call("cuGraphDestroy", graph)
        return Graph(self, executable)

    def close(self) -> None:
        """Give kernels, stream and context back."""
        for module, _ in self._modules.values():
            self.call("cuModuleUnload", module)
        self._modules.clear()
        self.call("cuStreamDestroy_v2", self.stream)
        self.call("cuDevicePrimaryCtxRelease_v2", self._device)
