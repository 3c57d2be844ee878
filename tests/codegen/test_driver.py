"""The compile path: driver and source kernels through Numba, linked with text kernels, run by our own engine."""

import ctypes
import subprocess
import sys

import numpy as np
import pytest

from graphc.bench._sample_kernels import chain_kernel
from graphc.codegen.cpu.driver import CodegenError, link
from graphc.codegen.cpu.numba_ir import POINTER_DTYPES, SourceError
from graphc.codegen.cpu.segment import Call, Source, Word, segment_ir
from graphc.codegen.cpu.target import host_target
from graphc.runtime.engine import Engine

DRIVER = "def step(tab, dims):\n    return segment_0(tab, dims)\n"

SCATTER = """
def scatter(args, begin, end):
    value = ptr_float32(args, 0)
    index = ptr_int32(args, 1)
    out = ptr_float32(args, 2)
    for i in range(begin, end):
        if index[i] < 0 or index[i] >= word(args, 3):
            return np.int32(7)
    for i in range(begin, end):
        out[index[i]] += value[i]
    return np.int32(0)
"""


def table(position):
    return Word(Source.TABLE, position)


def constant(value):
    return Word(Source.CONSTANT, value)


def dimension(position):
    return Word(Source.DIMENSION, position)


def run(code, arrays, dims=()):
    """Load `code`, call it once; return the status and the error array."""
    error = np.zeros(4, np.int64)
    words = np.array([error.ctypes.data, *(array.ctypes.data for array in arrays)], np.int64)
    sizes = np.array([*dims, 0], np.int64)
    with Engine(code.data) as engine:
        step = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_int64, ctypes.c_int64)(engine.address(code.entry))
        return step(words.ctypes.data, sizes.ctypes.data), error


def test_a_chain_of_kernels_computes_what_numpy_does():
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((2, 256)).astype(np.float32)
    y, z = np.zeros((2, 256), np.float32)
    calls = [
        Call("first", (table(1), table(2), table(3)), constant(0), dimension(0), 0),
        Call("second", (table(3), table(1), table(4)), constant(0), dimension(0), 1),
    ]
    kernels = [chain_kernel("first", 1.5), chain_kernel("second", -0.25)]
    code = link(kernels, [segment_ir("segment_0", calls)], [], DRIVER, ["segment_0"])
    status, _ = run(code, [a, b, y, z], [256])
    assert status == 0
    # `contract` allows one rounding instead of two: half a unit in the last place of the product and of the sum.
    bound = np.finfo(np.float32).eps * (np.abs(a * b) + 1.5)
    assert np.all(np.abs(y - (a * b + np.float32(1.5))) <= bound)
    assert np.all(np.abs(z - (y * a - np.float32(0.25))) <= np.finfo(np.float32).eps * (np.abs(y * a) + 0.25))


def scatter_program():
    arguments = (table(1), table(2), table(3), dimension(1))
    calls = [Call("scatter", arguments, constant(0), dimension(0), 41)]
    return link([], [segment_ir("segment_0", calls)], [("scatter", SCATTER)], DRIVER, ["segment_0"])


def test_a_source_kernel_scatters():
    value = np.arange(64, dtype=np.float32)
    index = (np.arange(64) * 7 % 16).astype(np.int32)
    out = np.zeros(16, np.float32)
    status, _ = run(scatter_program(), [value, index, out], [64, 16])
    expected = np.zeros(16, np.float32)
    np.add.at(expected, index, value)
    assert status == 0
    np.testing.assert_array_equal(out, expected)


def test_a_failing_kernel_reports_its_status_and_call_and_writes_nothing():
    out = np.zeros(16, np.float32)
    index = np.array([1, 2, 16], np.int32)
    status, error = run(scatter_program(), [np.ones(3, np.float32), index, out], [3, 16])
    assert status == 7
    assert error[0] == 41
    assert not out.any()


def test_an_exception_in_a_source_kernel_becomes_a_status():
    source = "def fails(args, begin, end):\n    if end > 2:\n        raise ValueError('no')\n    return np.int32(0)\n"
    calls = [Call("fails", (), constant(0), dimension(0), 5)]
    code = link([], [segment_ir("segment_0", calls)], [("fails", source)], DRIVER, ["segment_0"])
    assert run(code, [], [2])[0] == 0
    status, error = run(code, [], [3])
    assert (status, error[0]) == (-1, 5)


def test_calls_after_a_failure_are_skipped():
    fails = "def fails(args, begin, end):\n    return np.int32(3)\n"
    mark = "def mark(args, begin, end):\n    ptr_int64(args, 0)[0] = 1\n    return np.int32(0)\n"
    calls = [
        Call("fails", (), constant(0), constant(0), 0),
        Call("mark", (table(1),), constant(0), constant(0), 1),
    ]
    code = link([], [segment_ir("segment_0", calls)], [("fails", fails), ("mark", mark)], DRIVER, ["segment_0"])
    marker = np.zeros(1, np.int64)
    assert run(code, [marker])[0] == 3
    assert marker[0] == 0


def test_a_driver_may_loop_over_segments():
    add = "def add(args, begin, end):\n    ptr_int64(args, 0)[0] += begin\n    return np.int32(0)\n"
    driver = """
def step(tab, dims):
    for _ in range(word(dims, 0)):
        status = segment_0(tab, dims)
        if status != 0:
            return status
    return 0
"""
    calls = [Call("add", (table(1),), constant(3), constant(0), 0)]
    code = link([], [segment_ir("segment_0", calls)], [("add", add)], driver, ["segment_0"])
    total = np.zeros(1, np.int64)
    assert run(code, [total], [5])[0] == 0
    assert total[0] == 15


@pytest.mark.parametrize("name", POINTER_DTYPES)
def test_each_pointer_intrinsic_reads_and_writes_its_dtype(name):
    source = f"def copy(args, begin, end):\n    a = ptr_{name}(args, 0)\n    b = ptr_{name}(args, 1)\n"
    source += "    for i in range(begin, end):\n        b[i] = a[i]\n    return np.int32(0)\n"
    values = np.array([0, 1, 1, 0, 1] if name == "bool" else [0, 1, 2, 100, 7], np.dtype(name))
    out = np.zeros_like(values)
    calls = [Call("copy", (table(1), table(2)), constant(0), constant(4), 0)]
    code = link([], [segment_ir("segment_0", calls)], [("copy", source)], DRIVER, ["segment_0"])
    assert run(code, [values, out])[0] == 0
    np.testing.assert_array_equal(out[:4], values[:4])
    assert out[4] == 0


def test_malformed_kernel_text_names_the_kernel_and_shows_it():
    with pytest.raises(CodegenError, match="kernel 0") as caught:
        link(["define i32 @k(ptr %args) { ret i64 0 }"], [], [], "def step(tab, dims):\n    return 0\n", [])
    assert "ret i64 0" in str(caught.value)


def test_source_that_numba_refuses_is_shown():
    with pytest.raises(SourceError, match="unknown_name"):
        link([], [], [("bad", "def bad(args, begin, end):\n    return unknown_name\n")], DRIVER, ["segment_0"])


def test_host_target_states_a_known_level():
    host = host_target()
    assert host.isa in ("avx512", "avx2", "generic")
    assert host.vector_bits == {"avx512": 512, "avx2": 256, "generic": 128}[host.isa]


def test_a_warm_process_loads_an_object_without_numba(tmp_path):
    path = tmp_path / "step.o"
    path.write_bytes(scatter_program().data)
    script = f"""
import ctypes, sys
import numpy as np
from graphc.runtime.engine import Engine
value, index, out, error = np.ones(3, 'f4'), np.array([0, 1, 1], 'i4'), np.zeros(2, 'f4'), np.zeros(4, 'i8')
words = np.array([a.ctypes.data for a in (error, value, index, out)]); dims = np.array([3, 2])
with Engine(open({str(path)!r}, 'rb').read()) as engine:
    step = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_int64, ctypes.c_int64)(engine.address('graphc_step'))
    assert step(words.ctypes.data, dims.ctypes.data) == 0
assert out.tolist() == [1, 2], out
print(sorted({{'numba', 'scipy', 'networkx', 'rich', 'numpy.testing'}} & set(sys.modules)))
"""
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_compiling_does_not_import_scipy_and_leaves_it_importable():
    script = """
import sys
from graphc.codegen.cpu.numba_ir import driver_ir
driver_ir('def step(tab, dims):\\n    return 0\\n', (), 'graphc_step')
print('scipy' in sys.modules)
"""
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "False"
