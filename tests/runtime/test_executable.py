"""Programs as data, and running them: sizes, arenas, variables, errors."""

import dataclasses
import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from graphc.codegen.cpu.driver import link
from graphc.codegen.cpu.segment import Call, Source, Word, segment_ir
from graphc.runtime.cache import Cache, key_of
from graphc.runtime.executable import Executable, FeedMismatchError, StepError
from graphc.runtime.plan import BufferSpec, PlanFormatError, ProgramCode, pack, unpack

# out = x * scale + w, through a temporary in the arena; then w += 1. Fails with status 9 when x[0] is negative.
SOURCE = """
def scale_add(args, begin, end):
    x, out, w = ptr_float32(args, 0), ptr_float32(args, 1), ptr_float32(args, 2)
    scale, temporary = ptr_float32(args, 3), ptr_float32(args, 4)
    if end > 0 and x[0] < 0:
        return np.int32(9)
    for i in range(begin, end):
        temporary[i] = x[i] * scale[0]
    for i in range(begin, end):
        out[i] = temporary[i] + w[0]
    w[0] += np.float32(1)
    return np.int32(0)
"""


def make_code():
    arguments = tuple(Word(Source.TABLE, i) for i in range(1, 6))
    calls = [Call("scale_add", arguments, Word(Source.CONSTANT, 0), Word(Source.DIMENSION, 0), 17)]
    driver = "def step(tab, dims):\n    return segment_0(tab, dims)\n"
    code = link([], [segment_ir("segment_0", calls)], [("scale_add", SOURCE)], driver, ["segment_0"])
    return ProgramCode(
        object_code=code.data,
        entry=code.entry,
        buffers=(
            BufferSpec("feed", "float32", (0, 1), 0, "x"),
            BufferSpec("fetch", "float32", (0, 1), 0, "y"),
            BufferSpec("variable", "float32", (), 0, "w"),
            BufferSpec("constant", "float32", (), 0),
            BufferSpec("arena", "float32", (), 4),
        ),
        symbols=((0, 0),),
        formulas=("d[0]", "3", "d[0]*3", "(d[0]*3*4+63)//64*64", "0"),
        dims=(2,),
        arena_bytes=3,
        constants=(np.float32(2).tobytes(),),
    )


@pytest.fixture(scope="module")
def code():
    return make_code()


@pytest.fixture
def program(code):
    w = np.full((), 10, np.float32)
    executable = Executable(code, [w], poison=True)
    yield executable, w
    executable.close()


def test_a_program_survives_packing(code):
    assert ProgramCode.from_bytes(code.to_bytes()) == code


@pytest.mark.parametrize("damage", ["empty", "cut", "longer", "magic", "header"])
def test_damaged_programs_are_refused(code, damage):
    data = code.to_bytes()
    broken = {
        "empty": b"", "cut": data[:-1], "longer": data + b"x", "magic": b"x" + data[1:],
        "header": data[:20] + b"\xff" + data[21:],
    }[damage]  # fmt: skip
    with pytest.raises(PlanFormatError):
        ProgramCode.from_bytes(broken)


def test_a_header_that_is_no_program_is_refused():
    with pytest.raises(PlanFormatError, match="not a packed program"):
        ProgramCode.from_bytes(pack({"entry": "f"}, {"object": b""}))
    assert unpack(pack({"a": 1}, {"b": b"xy", "a": b""})) == ({"a": 1}, {"b": b"xy", "a": b""})


def test_an_unknown_kind_of_buffer_is_refused():
    with pytest.raises(ValueError, match="not 'output'"):
        BufferSpec("output", "float32")


def test_sizes_change_without_a_new_program(program):
    executable, w = program
    for run, rows in enumerate([4, 1, 1000, 4, 0]):
        x = np.random.default_rng(run).random((rows, 3), np.float32)
        (y,) = executable(x)
        np.testing.assert_array_equal(y, x * 2 + np.float32(10 + run))
        assert w == 11 + run


def test_outputs_are_fresh(program):
    executable, _ = program
    x = np.ones((2, 3), np.float32)
    (first,) = executable(x)
    (second,) = executable(x)
    assert not np.shares_memory(first, second)
    assert (first == 12).all()


@pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")
@pytest.mark.parametrize("kind", ["strided", "Fortran", "swapped", "matrix", "list of float32", "misaligned"])
def test_other_layouts_are_copied(program, kind):
    executable, _ = program
    x = np.arange(6, dtype=np.float32).reshape(2, 3)
    misaligned = np.zeros(25, np.uint8)[1:].view(np.float32).reshape(2, 3)
    misaligned[:] = x
    feed = {
        "strided": np.repeat(x, 2, axis=1)[:, ::2],
        "Fortran": np.asfortranarray(x),
        "swapped": x.astype(">f4"),
        "matrix": np.matrix(x),
        "list of float32": [list(row) for row in x],
        "misaligned": misaligned,
    }[kind]
    np.testing.assert_array_equal(executable(feed)[0], x * 2 + 10)


@pytest.mark.parametrize(
    ("feed", "message"),
    [
        (np.zeros(3, np.float32), "rank 1"),
        (np.zeros((2, 4), np.float32), r"shape \(2, 4\)"),
        (np.zeros((2, 3)), "dtype float64"),
    ],
)
def test_feeds_that_do_not_fit_are_refused_and_nothing_runs(program, feed, message):
    executable, w = program
    with pytest.raises(FeedMismatchError, match=message):
        executable(feed)
    assert w == 10
    with pytest.raises(FeedMismatchError, match="takes 1 feeds"):
        executable()


def test_a_failure_names_the_call(program):
    executable, w = program
    with pytest.raises(StepError, match="status 9 in call 17") as caught:
        executable(np.full((1, 3), -1, np.float32))
    assert caught.value.status == 9
    assert w == 10
    executable(np.ones((1, 3), np.float32))


def test_variables_can_move(program):
    executable, old = program
    executable(np.ones((1, 3), np.float32))
    new = np.full((), 100, np.float32)
    executable.bind_variables([new])
    (y,) = executable(np.ones((1, 3), np.float32))
    assert (y == 102).all()
    assert (old, new) == (11, 101)


@pytest.mark.parametrize("bad", [[], [np.zeros((), np.float64)], [np.zeros((2, 2), np.float32)[:, 0]]])
def test_variables_of_another_kind_are_refused(code, bad):
    with pytest.raises(ValueError, match="variable"):
        Executable(code, bad)


def test_threads_share_a_program_with_an_arena_each(code):
    executable = Executable(code, [np.zeros((), np.float32)])
    wrong = []

    def work(rows):
        x = np.zeros((rows, 3), np.float32)
        for _ in range(300):
            if executable(x)[0].shape != (rows, 3):
                wrong.append(rows)

    threads = [threading.Thread(target=work, args=(rows,)) for rows in (5, 50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    executable.close()


def test_formulas_cannot_reach_python(code):
    with pytest.raises(NameError):
        Executable(dataclasses.replace(code, formulas=("open('x')", *code.formulas[1:])), [np.zeros((), np.float32)])(
            np.zeros((1, 3), np.float32)
        )


def test_dropped_programs_keep_little_memory(code):
    def once(number):
        w = np.zeros((), np.float32)
        executable = Executable(code, [w])
        executable(np.zeros((1 + number % 7, 3), np.float32))

    def resident_kilobytes():
        return int(Path("/proc/self/statm").read_text().split()[1]) * 4

    for number in range(20):
        once(number)
    before = resident_kilobytes()
    for number in range(300):
        once(number)
    assert resident_kilobytes() - before < 300 * 20


def test_a_warm_process_runs_a_stored_program_without_the_compiler(code, tmp_path):
    Cache(tmp_path / "cache").store(key_of("step"), {}, {"program": code.to_bytes()})
    script = """
import sys
import numpy as np
from graphc.runtime.cache import default_cache, key_of
from graphc.runtime.executable import Executable
from graphc.runtime.plan import ProgramCode
_, blobs = default_cache().load(key_of("step"))
w = np.full((), 10, np.float32)
(y,) = Executable(ProgramCode.from_bytes(blobs["program"]), [w])(np.ones((2, 3), np.float32))
assert (y == 12).all() and w == 11
print(sorted({"numba", "scipy", "networkx", "rich", "numpy.testing", "numpy.f2py"} & set(sys.modules)))
"""
    environment = os.environ | {"GRAPHC_CACHE_DIR": str(tmp_path / "cache")}
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, env=environment)
    assert result.stdout.strip() == "[]"
