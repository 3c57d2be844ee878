"""The native call path: what it accepts, what it refuses, and the state it leaves behind."""

import sys
import threading
import time

import numpy as np
import pytest

from graphc.codegen.cpu.driver import link
from graphc.runtime.engine import Engine
from graphc.runtime.entry import (
    MISMATCH,
    ArraySpec,
    _layout_problem,
    make_entry,
    native_entry_problem,
    support_object,
)
from graphc.runtime.trampoline import Layout, trampoline_ir

PROBLEM = native_entry_problem()
PATHS = [
    pytest.param(True, marks=pytest.mark.skipif(PROBLEM is not None, reason=f"no native entry: {PROBLEM}")),
    False,
]
native_only = pytest.mark.skipif(PROBLEM is not None, reason=f"no native entry: {PROBLEM}")

# Doubles the 6 floats of table word 1 into word 2; the status is dims[0].
DOUBLE = """
define i32 @segment_0(i64 %tab.word, i64 %dims.word) {
  %tab = inttoptr i64 %tab.word to ptr
  %x.p = getelementptr ptr, ptr %tab, i64 1
  %x = load ptr, ptr %x.p
  %y.p = getelementptr ptr, ptr %tab, i64 2
  %y = load ptr, ptr %y.p
  %v = load <6 x float>, ptr %x, align 4
  %d = fadd <6 x float> %v, %v
  store <6 x float> %d, ptr %y, align 4
  %dims = inttoptr i64 %dims.word to ptr
  %wide = load i64, ptr %dims
  %status = trunc i64 %wide to i32
  ret i32 %status
}
"""


class Program:
    def __init__(self, segment):
        driver = "def step(tab, dims):\n    return segment_0(tab, dims)\n"
        self.code = link([], [segment], [], driver, ["segment_0"])
        self.engine = Engine(self.code.data)
        self.step = self.engine.address(self.code.entry)
        self.table, self.dims = np.zeros(8, np.int64), np.zeros(8, np.int64)

    def entry(self, specs, **options):
        entry, self.keep = make_entry(self.step, self.table, self.dims, specs, **options)
        return entry


@pytest.fixture(scope="module")
def double():
    return Program(DOUBLE)


SPECS = [ArraySpec(1, "float32", (2, 3)), ArraySpec(2, "float32", (2, 3), written=True)]


@pytest.mark.parametrize("native", PATHS)
def test_matching_arrays_are_used_in_place(double, native):
    entry = double.entry(SPECS, native=native)
    x, y = np.arange(6, dtype=np.float32).reshape(2, 3), np.zeros((2, 3), np.float32)
    assert entry(x, y) == 0
    np.testing.assert_array_equal(y, 2 * x)


@pytest.mark.parametrize("native", PATHS)
@pytest.mark.parametrize("status", [0, 1, 255, 1000, -1])
def test_the_status_comes_back(double, native, status):
    double.dims[0] = status
    try:
        assert double.entry(SPECS, native=native)(np.zeros((2, 3), "f4"), np.zeros((2, 3), "f4")) == status
    finally:
        double.dims[0] = 0


class Subclass(np.ndarray):
    pass


def misaligned():
    return np.zeros(25, np.uint8)[1:].view(np.float32).reshape(2, 3)


WRONG = {
    "float64": np.zeros((2, 3)),
    "int32": np.zeros((2, 3), np.int32),
    "byte-swapped": np.zeros((2, 3), ">f4"),
    "Fortran order": np.zeros((2, 3), np.float32, order="F"),
    "strided": np.zeros((2, 6), np.float32)[:, ::2],
    "rank 1": np.zeros(6, np.float32),
    "rank 3": np.zeros((2, 3, 1), np.float32),
    "other sizes": np.zeros((3, 2), np.float32),
    "empty": np.zeros((0, 3), np.float32),
    "subclass": np.zeros((2, 3), np.float32).view(Subclass),
    "misaligned": misaligned(),
    "list": [[0.0, 0.0, 0.0], [0.0, 0.0, 0.0]],
    "scalar": 1.0,
    "None": None,
}


@pytest.mark.parametrize("native", PATHS)
@pytest.mark.parametrize("name", WRONG)
def test_arrays_that_do_not_match_are_refused_before_the_step_runs(double, native, name):
    entry = double.entry(SPECS, native=native)
    y = np.full((2, 3), 7, np.float32)
    assert entry(WRONG[name], y) == MISMATCH
    assert (y == 7).all()
    assert entry(np.zeros((2, 3), np.float32), WRONG[name]) == MISMATCH


@pytest.mark.parametrize("native", PATHS)
def test_a_read_only_array_may_be_fed_but_not_written(double, native):
    entry = double.entry(SPECS, native=native)
    frozen, open_ = np.zeros((2, 3), np.float32), np.zeros((2, 3), np.float32)
    frozen.flags.writeable = False
    assert entry(frozen, open_) == 0
    assert entry(open_, frozen) == MISMATCH


@pytest.mark.parametrize("native", PATHS)
@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_wrong_number_of_arrays_is_refused(double, native, count):
    assert double.entry(SPECS, native=native)(*[np.zeros((2, 3), np.float32)] * count) == MISMATCH


@native_only
@pytest.mark.parametrize("dtype", ["bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64",
                                   "float32", "float64"])  # fmt: skip
def test_each_dtype_is_told_apart(double, dtype):
    entry = double.entry([ArraySpec(3, dtype, ()), ArraySpec(1, "float32", (6,)), ArraySpec(2, "float32", (6,))])
    six = np.zeros(6, np.float32)
    for other in ("bool", "int8", "uint8", "int16", "int32", "int64", "float32", "float64"):
        assert entry(np.zeros((), other), six, six.copy()) == (0 if other == dtype else MISMATCH)


# Multiplies a denormal in word 1 by one into word 2: what comes out shows the floating-point mode.
MULTIPLY = """
define i32 @segment_0(i64 %tab.word, i64 %dims.word) {
  %tab = inttoptr i64 %tab.word to ptr
  %x.p = getelementptr ptr, ptr %tab, i64 1
  %x = load ptr, ptr %x.p
  %y.p = getelementptr ptr, ptr %tab, i64 2
  %y = load ptr, ptr %y.p
  %v = load float, ptr %x
  %half = fmul float %v, 5.0e-1
  store float %half, ptr %y
  ret i32 0
}
"""


@native_only
@pytest.mark.parametrize(("keep", "expected"), [(False, 0.0), (True, 5e-40)])
def test_denormals_are_flushed_in_the_step_only(keep, expected):
    program = Program(MULTIPLY)
    entry = program.entry([ArraySpec(1, "float32", ()), ArraySpec(2, "float32", ())], keep_denormals=keep)
    x, y = np.array(1e-39, np.float32), np.ones((), np.float32)
    assert entry(x, y) == 0
    assert y == np.float32(expected)
    assert np.float32(1e-39) * np.float32(0.5) != 0, "the caller's floating-point mode was not restored"


WAIT = """
declare i32 @usleep(i32)
define i32 @segment_0(i64 %tab, i64 %dims) {
  %r = call i32 @usleep(i32 300000)
  ret i32 0
}
"""


@native_only
@pytest.mark.parametrize("release", [True, False])
def test_other_threads_run_during_a_step_that_releases_the_lock(release):
    # Nobody may take the lock from this thread: on a busy machine the other one would count before the step begins.
    interval = sys.getswitchinterval()
    program = Program(WAIT)
    entry = program.entry([], release_gil=release)
    counts, stop = [0], threading.Event()

    started = threading.Event()

    def count():
        started.set()
        while not stop.is_set():
            counts[0] += 1
            time.sleep(0.001)

    thread = threading.Thread(target=count)
    thread.start()
    started.wait()
    sys.setswitchinterval(60)
    try:
        before = counts[0]
        assert entry() == 0
        during = counts[0] - before
    finally:
        sys.setswitchinterval(interval)
    stop.set()
    thread.join()
    assert during > 2 if release else during == 0


@native_only
def test_two_threads_get_their_own_results_while_the_lock_is_released():
    program = Program(DOUBLE)
    failures = []

    def work(value):
        table = np.zeros(8, np.int64)
        entry, keep = make_entry(program.step, table, program.dims, SPECS, release_gil=True)
        x = np.full((2, 3), value, np.float32)
        for _ in range(5000):
            y = np.empty((2, 3), np.float32)
            if entry(x, y) != 0 or (y != 2 * value).any():
                failures.append(value)
        del keep

    threads = [threading.Thread(target=work, args=(value,)) for value in (1.0, 2.0)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


@native_only
@pytest.mark.parametrize("field", ["data", "rank", "dimensions", "descr", "flags", "descr_type_number"])
def test_the_self_test_notices_a_wrong_offset(field):
    assert _layout_problem(Layout()) is None
    assert _layout_problem(Layout(**{field: 72 if field != "descr_type_number" else 32})) is not None


@native_only
def test_the_trampoline_is_compiled_once_and_a_damaged_copy_again(monkeypatch, tmp_path):
    monkeypatch.setenv("GRAPHC_CACHE_DIR", str(tmp_path / "cache"))
    data = support_object("trampoline", trampoline_ir(Layout()))
    (path,) = (tmp_path / "cache").glob("*.entry")
    written = path.stat().st_ino
    assert support_object("trampoline", trampoline_ir(Layout())) == data
    assert path.stat().st_ino == written
    path.write_bytes(b"damaged")
    assert support_object("trampoline", trampoline_ir(Layout())) == data
    assert data in path.read_bytes()


@native_only
def test_calls_leave_reference_counts_alone(double):
    entry = double.entry(SPECS)
    x, y = np.zeros((2, 3), np.float32), np.zeros((2, 3), np.float32)
    before = sys.getrefcount(x), sys.getrefcount(y), sys.getrefcount(np.ndarray)
    for _ in range(100):
        entry(x, y)
        entry(None, y)
    assert (sys.getrefcount(x), sys.getrefcount(y), sys.getrefcount(np.ndarray)) == before
