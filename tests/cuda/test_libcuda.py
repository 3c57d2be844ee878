"""The driver of libcuda against a stand-in for the library, which executes PTX with the emulator. No GPU is used."""

import ctypes

import numpy as np
import pytest

import graphc as gc
from graphc.ptx.errors import OutOfMemory
from graphc.runtime.cuda import driver as drivers
from graphc.runtime.cuda.libcuda import CudaDriver, CudaError, CudaOutOfMemory


class FakeLibrary:
    """Functions of libcuda over an emulated device; calls are recorded, and `failing` maps some to a status."""

    def __init__(self, memory=1 << 22):
        self.device, self.calls, self.failing = drivers.EmulatedDriver(memory), [], {}
        self.texts, self.recorded, self.capturing = [], [], False

    def __getattr__(self, name):
        if not name.startswith("cu"):
            raise AttributeError(name)

        def function(*arguments):
            self.calls.append(name)
            if self.failing.get(name):
                return self.failing[name]
            return getattr(self, f"do_{name}", lambda *_: 0)(*arguments) or 0

        return function

    def do_cuGetErrorString(self, status, text):
        text._obj.value = b"refused"

    def do_cuDeviceGetAttribute(self, value, number, device):
        value._obj.value = {75: 9, 76: 0}[number.value]

    def do_cuMemAlloc_v2(self, address, size):
        try:
            address._obj.value = self.device.memory.allocate(size.value)
        except OutOfMemory:
            return 2

    def do_cuMemFree_v2(self, address):
        self.device.free(address.value)

    def do_cuMemsetD8Async(self, address, byte, size, stream):
        self.device.memory.fill(address.value, size.value, byte.value)

    def do_cuMemcpyHtoDAsync_v2(self, address, source, size, stream):
        self.device.memory.write(address.value, np.frombuffer(ctypes.string_at(source.value, size.value), np.uint8))

    def do_cuMemcpyDtoHAsync_v2(self, target, address, size, stream):
        found = self.device.memory.download(address.value, size.value, np.uint8)
        ctypes.memmove(target.value, found.ctypes.data, size.value)

    def do_cuModuleLoadData(self, module, image):
        self.texts.append(image.value.decode())
        module._obj.value = len(self.texts)

    def do_cuModuleGetFunction(self, function, module, name):
        assert f".entry {name.value.decode()}(" in self.texts[module.value - 1]
        function._obj.value = module.value

    def do_cuLaunchKernel(self, kernel, gx, gy, gz, bx, by, bz, shared, stream, pointers, extra):
        program = self.device.load(self.texts[kernel.value - 1])
        words = [ctypes.c_uint64.from_address(p).value for p in pointers]
        work = program, gx.value, bx.value, words
        if self.capturing:
            self.recorded.append(work)
        else:
            self.device.launch(*work)

    def do_cuStreamBeginCapture_v2(self, stream, mode):
        self.capturing = True

    def do_cuStreamEndCapture(self, stream, graph):
        self.capturing = False

    def do_cuGraphLaunch(self, graph, stream):
        for work in self.recorded:
            self.device.launch(*work)


ADD_ONE = """
.version 8.0
.target sm_80
.address_size 64
.visible .entry add_one(.param .u64 x)
{
    .reg .b32 %r<2>; .reg .b64 %rd<4>; .reg .f32 %f<2>;
    mov.u32 %r1, %tid.x;
    ld.param.u64 %rd1, [x];
    mul.wide.u32 %rd2, %r1, 4;
    add.s64 %rd3, %rd1, %rd2;
    ld.global.f32 %f1, [%rd3];
    add.f32 %f1, %f1, 0f3F800000;
    st.global.f32 [%rd3], %f1;
    ret;
}
"""


@pytest.fixture
def library():
    return FakeLibrary()


def test_a_launch_and_a_captured_graph(library):
    driver = CudaDriver(library=library)
    assert driver.capability == (9, 0)
    place, values = driver.allocate(32), np.arange(8, dtype=np.float32)
    driver.upload(place, values)
    kernel = driver.load(ADD_ONE)
    assert driver.load(ADD_ONE) is kernel
    driver.launch(kernel, 1, 8, [place])
    driver.begin_capture()
    driver.launch(kernel, 1, 8, [place])
    graph = driver.end_capture()
    for _ in range(2):
        graph.launch()
    have = np.empty_like(values)
    driver.download(place, have)
    np.testing.assert_array_equal(have, values + 3)
    graph.close()
    driver.free(place)
    driver.close()
    for made, given in (("cuModuleLoadData", "cuModuleUnload"), ("cuStreamCreate", "cuStreamDestroy_v2"),
                        ("cuGraphInstantiateWithFlags", "cuGraphExecDestroy")):  # fmt: skip
        assert library.calls.count(made) == library.calls.count(given) == 1
    assert library.calls[library.calls.index("cuMemcpyDtoHAsync_v2") + 1] == "cuStreamSynchronize"


def test_failures_are_named_and_give_memory_back(library):
    driver = CudaDriver(library=library)
    with pytest.raises(CudaOutOfMemory, match=r"cuMemAlloc_v2 failed: refused"):
        driver.allocate(1 << 30)
    library.failing["cuMemsetD8Async"] = 700
    with pytest.raises(CudaError, match="cuMemsetD8Async") as caught:
        driver.allocate(16)
    assert caught.value.status == 700
    library.failing = {"cuModuleGetFunction": 500}
    with pytest.raises(CudaError):
        driver.load(ADD_ONE)
    assert library.calls.count("cuModuleUnload") == 1
    assert library.device.memory.allocations == 0


@pytest.fixture
def session(library, monkeypatch):
    pytest.importorskip("cuda.bindings", reason="needs the CUDA wheels: pip install graphc[cuda]")
    monkeypatch.setattr("graphc.runtime.cuda.libcuda.load_library", lambda: library)
    drivers._gpu.cache_clear()
    with gc.Graph().as_default(), gc.Session(device="/gpu:0") as session:
        yield session
    drivers._gpu.cache_clear()


def counting():
    v = gc.Variable(np.ones(4, np.float32))
    return v, gc.assign_add(v, [1.0, 2.0, 3.0, 4.0])


def test_a_session_end_to_end(session, library):
    v, update = counting()
    for _ in range(2):
        session.run(update)
    np.testing.assert_array_equal(session.run(v), [3, 5, 7, 9])
    assert session.config.device == "cuda:0"
    assert "cuLaunchKernel" in library.calls
    kernels = sum(run.counters.warp_instructions > 0 for run in library.device.runs)
    assert kernels == library.calls.count("cuLaunchKernel")


@pytest.mark.parametrize(
    ("function", "status", "text"),
    [("cuMemAlloc_v2", 2, "no room"), ("cuLaunchKernel", 719, "cuLaunchKernel"), ("cuStreamSynchronize", 700, "700")],
)
def test_a_failing_call_leaves_variables_and_memory(session, library, function, status, text):
    v, update = counting()
    session.run(update)
    before = library.device.memory.allocations
    library.failing[function] = status
    with pytest.raises(gc.ExecutionError, match=text) as caught:
        session.run(update)
    assert "no variable was changed" in str(caught.value)
    np.testing.assert_array_equal(session.store.load(v), [2, 3, 4, 5])
    assert library.device.memory.allocations == before
    library.failing.clear()
    session.run(update)
    np.testing.assert_array_equal(session.store.load(v), [3, 5, 7, 9])
