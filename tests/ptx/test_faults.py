"""Broken kernels and launches: each must be caught, and said where."""

import re

import numpy as np
import pytest

from graphc import ptx
from tests.ptx.kernels import BLOCK_SUM, HEAD, entry, index


@pytest.fixture
def memory():
    return ptx.GlobalMemory(1 << 20)


def without(text, what, number):
    """The text with the given occurrence of an instruction removed."""
    found = list(re.finditer(what, text))[number]
    return text[: found.start()] + text[found.end() :]


@pytest.mark.parametrize("number", [0, 1])
def test_a_barrier_that_is_missing_is_a_race(memory, number):
    broken = without(BLOCK_SUM, r"bar\.sync 0;", number)
    with pytest.raises(ptx.RaceError, match=r"kernel k, line \d+, 'ld.shared.*race in shared memory: thread"):
        ptx.launch(broken, 1, 64, [memory.upload(np.ones(64, np.float32)), memory.allocate(4)], memory)


def test_without_the_detector_nothing_is_said(memory):
    broken = without(BLOCK_SUM, r"bar\.sync 0;", 0)
    # One legal order of the threads happens to be the right one.
    ptx.launch(broken, 1, 64, [memory.upload(np.ones(64, np.float32)), memory.allocate(4)], memory, races=False)


def test_threads_that_write_one_cell(memory):
    code = "ld.param.u64 %rd1, [x]; mov.u32 %r1, %tid.x; st.global.u32 [%rd1], %r1;"
    place = memory.allocate(4)
    with pytest.raises(ptx.RaceError, match=r"threads 0 and 1 write byte .* by the same instruction"):
        ptx.launch(entry(code, [("u64", "x")]), 1, 2, [place], memory)
    with pytest.raises(ptx.RaceError, match=r"threads 0 and 1 write byte"):
        ptx.launch(entry(code, [("u64", "x")]), 2, 1, [place], memory)


def test_blocks_are_not_ordered(memory, monkeypatch):
    # Each block writes its cell and reads its neighbour's, with a barrier of the block between: of no use.
    code = """ld.param.u64 %rd1, [x]; mov.u32 %r1, %ctaid.x; mul.wide.u32 %rd2, %r1, 4; add.s64 %rd2, %rd1, %rd2;
    st.global.u32 [%rd2], %r1; bar.sync 0; xor.b32 %r2, %r1, 1; mul.wide.u32 %rd3, %r2, 4; add.s64 %rd3, %rd1, %rd3;
    ld.global.u32 %r3, [%rd3];"""
    place = memory.upload(np.zeros(2, np.uint32))
    with pytest.raises(ptx.RaceError, match="race in global memory"):
        ptx.launch(entry(code, [("u64", "x")]), 2, 1, [place], memory)
    # Also when the blocks run one after the other.
    monkeypatch.setattr("graphc.ptx.launching.LANES_AT_ONCE", 1)
    with pytest.raises(ptx.RaceError, match="race in global memory"):
        ptx.launch(entry(code, [("u64", "x")]), 2, 1, [place], memory)


def test_a_plain_write_beside_an_atomic_one(memory):
    code = """ld.param.u64 %rd1, [x]; mov.u32 %r1, %tid.x; setp.eq.u32 %p1, %r1, 0;
    @%p1 st.global.u32 [%rd1], 1; @!%p1 red.global.add.u32 [%rd1], 1;"""
    with pytest.raises(ptx.RaceError, match="race in global memory"):
        ptx.launch(entry(code, [("u64", "x")]), 1, 2, [memory.upload(np.zeros(1, np.uint32))], memory)


def test_bytes_of_one_word_may_be_different_threads(memory):
    code = """ld.param.u64 %rd1, [x]; mov.u32 %r1, %tid.x; cvt.u64.u32 %rd2, %r1; add.s64 %rd1, %rd1, %rd2;
    st.global.u8 [%rd1], %r1;"""
    place = memory.allocate(8)
    ptx.launch(entry(code, [("u64", "x")]), 1, 8, [place], memory)
    assert memory.download(place, 8, np.uint8).tolist() == list(range(8))
    mixed = code + "ld.param.u64 %rd3, [x]; ld.global.u32 %r2, [%rd3];"
    with pytest.raises(ptx.RaceError, match="race in global memory"):
        ptx.launch(entry(mixed, [("u64", "x")]), 1, 8, [place], memory)


EXCHANGE = """mov.u32 %r1, %tid.x; shl.b32 %r2, %r1, 2; mov.u32 %r3, room; add.u32 %r4, %r3, %r2;
st.shared.u32 [%r4], %r1;
bar.warp.sync -1; xor.b32 %r5, %r2, 4; add.u32 %r5, %r3, %r5; ld.shared.u32 %r6, [%r5];"""


def test_a_warp_barrier_orders_its_warp_only(memory):
    room = ".shared .align 4 .b8 room[512];"
    ptx.launch(entry(EXCHANGE, before=room), 1, 64, [], memory)
    with pytest.raises(ptx.RaceError):
        ptx.launch(entry(EXCHANGE.replace("bar.warp.sync -1;", ""), before=room), 1, 64, [], memory)
    across = EXCHANGE.replace("xor.b32 %r5, %r2, 4", "xor.b32 %r5, %r2, 128")
    with pytest.raises(ptx.RaceError):
        ptx.launch(entry(across, before=room), 1, 64, [], memory)


def test_a_thread_that_ends_before_a_barrier(memory):
    code = "mov.u32 %r1, %tid.x; setp.eq.u32 %p1, %r1, 3; @%p1 ret; bar.sync 0;"
    with pytest.raises(
        ptx.BarrierError, match="31 of 32 threads of block 0 wait at a barrier that the others have ended"
    ):
        ptx.launch(entry(code), 1, 32, [], memory)


def test_barriers_in_both_arms_of_a_branch(memory):
    code = """mov.u32 %r1, %tid.x; setp.lt.u32 %p1, %r1, 16; @%p1 bra low;
    bar.sync 0;
    bra.uni done;
low:
    bar.sync 0;
done:"""
    with pytest.raises(ptx.BarrierError, match="wait at different barriers, in lines"):
        ptx.launch(entry(code), 1, 32, [], memory)


def test_a_shuffle_in_one_arm_of_a_branch(memory):
    code = """mov.u32 %r1, %tid.x; setp.ge.u32 %p1, %r1, 16; @%p1 bra done;
    shfl.sync.bfly.b32 %r2, %r1, 1, 31, -1;
done:"""
    with pytest.raises(ptx.DivergenceError, match="member mask names threads that do not execute it: 16 threads wait"):
        ptx.launch(entry(code), 1, 32, [], memory)
    # With the right mask it is fine.
    ptx.launch(entry(code.replace("31, -1", "31, 0xffff")), 1, 32, [], memory)


@pytest.mark.parametrize(("shift", "message"), [
    (0, None),
    (4, "out of bounds: 1 of 8 threads, .* 32 bytes behind the start of an allocation of 32"),
    (-4, "out of bounds: 1 of 8 threads"),
    (-1022, "misaligned: 4 bytes at"),
])  # fmt: skip
def test_bounds_and_alignment(memory, shift, message):
    memory.allocate(1000)
    text = entry(
        index() + "ld.param.u64 %rd2, [x]; add.s64 %rd2, %rd2, %rd1; ld.global.f32 %f1, [%rd2];", [("u64", "x")]
    )
    place = memory.upload(np.ones(8, np.float32))
    if message is None:
        ptx.launch(text, 1, 8, [place + shift], memory)
        return
    with pytest.raises(ptx.MemoryFault, match=f"kernel k, line .*'ld.global.f32 %f1, .%rd2.': {message}"):
        ptx.launch(text, 1, 8, [place + shift], memory)


def test_a_vector_access_must_be_aligned_as_a_whole(memory):
    text = entry("ld.param.u64 %rd2, [x]; ld.global.v4.f32 {%f1, %f2, %f3, %f4}, [%rd2+4];", [("u64", "x")])
    with pytest.raises(ptx.MemoryFault, match="misaligned: a vector of 16 bytes"):
        ptx.launch(text, 1, 1, [memory.upload(np.ones(8, np.float32))], memory)


@pytest.mark.parametrize(("space", "code"), [
    ("global", "ld.param.u64 %rd2, [x]; ld.global.f32 %f1, [%rd2];"),
    ("global", "ld.param.u64 %rd2, [x]; red.global.add.u32 [%rd2], 1;"),
    ("shared", "ld.shared.f32 %f1, [room];"),
    ("local", ".local .align 4 .b8 own[4]; ld.local.f32 %f1, [own];"),
])  # fmt: skip
def test_reads_before_writes(memory, space, code):
    text = entry(code, [("u64", "x")], before=".shared .align 4 .b8 room[4];")
    with pytest.raises(ptx.MemoryFault, match=f"uninitialised: 4 bytes at .* of {space} memory"):
        ptx.launch(text, 1, 1, [memory.allocate(4)], memory)


def test_freed_memory(memory):
    text = entry("ld.param.u64 %rd2, [x]; ld.global.f32 %f1, [%rd2];", [("u64", "x")])
    place = memory.upload(np.ones(1, np.float32))
    memory.free(place)
    with pytest.raises(ptx.MemoryFault, match="out of bounds"):
        ptx.launch(text, 1, 1, [place], memory)
    with pytest.raises(ptx.MemoryFault, match="no allocation begins"):
        memory.free(place)


def test_memory_is_found_again(memory):
    places = [memory.allocate(1000) for _ in range(3)]
    memory.free(places[1])
    assert memory.allocate(900) == places[1]
    assert memory.used == 2900
    with pytest.raises(ptx.OutOfMemory, match="do not fit: 2900 of 1048576 are in use"):
        memory.allocate(1 << 20)
    assert memory.allocations == 3


def test_the_host_stays_inside_allocations(memory):
    place = memory.allocate(16)
    with pytest.raises(ptx.MemoryFault, match="not inside an allocation"):
        memory.write(place + 8, np.zeros(3, np.float32))
    with pytest.raises(ptx.MemoryFault, match="not inside an allocation"):
        memory.download(place, 5, np.float32)
    memory.fill(place, 16, 1)
    assert memory.download(place, 4, np.uint32).tolist() == [0x01010101] * 4


def test_endless_loops_end(memory, monkeypatch):
    monkeypatch.setattr("graphc.ptx.machine.MOST_STEPS", 1000)
    with pytest.raises(ptx.LaunchError, match="k does not come to an end"):
        ptx.launch(entry("again: bra again;"), 1, 1, [], memory)


@pytest.mark.parametrize(("change", "message"), [
    ({"arguments": []}, "has 1 parameters, 0 arguments are given"),
    ({"arguments": [2**70]}, "does not fit parameter x of type .u64"),
    ({"arguments": [b"123"]}, "parameter x has 8 bytes, the argument 3"),
    ({"block": 2000}, "more than 1024 threads"),
    ({"block": 0}, "sizes of at least 1"),
    ({"grid": (1, 70000)}, "at most 65535"),
    ({"shared_bytes": 1 << 20}, "shared memory are too much"),
])  # fmt: skip
def test_launches_that_cannot_be(memory, change, message):
    options = {"grid": 1, "block": 32, "arguments": [0]} | change
    with pytest.raises(ptx.LaunchError, match=message):
        ptx.launch(entry("", [("u64", "x")]), memory=memory, **options)
    assert memory.allocations == 0


@pytest.mark.parametrize(("text", "error", "message"), [
    ("nonsense", ptx.PtxSyntaxError, "line 1: nonsense is not understood"),
    (entry("mov.u32 %r1, %unknown;"), ptx.PtxSyntaxError, r"line \d+: %unknown is not declared"),
    (entry("mov.u32 %r1, ;"), ptx.PtxSyntaxError, "an operand should stand where ;"),
    (entry("bra %r1;"), ptx.PtxSyntaxError, "does not branch to a label"),
    (HEAD + ".visible .entry k() { ret;", ptx.PtxSyntaxError, "the text ends"),
    (HEAD, ptx.LaunchError, "the module has no kernel None; it has none"),
    (entry("call absent;"), ptx.UnsupportedInstruction, "calls what the module does not contain"),
    (entry("wmma.load %r1;"), ptx.UnsupportedInstruction, r"line \d+, 'wmma.load %r1': this instruction is not"),
    (entry("bar.sync 0, 32;"), ptx.UnsupportedInstruction, "only barriers of all threads"),
    (entry("trap;"), ptx.PtxError, "the kernel stopped itself"),
])  # fmt: skip
def test_text_that_cannot_be_run(memory, text, error, message):
    with pytest.raises(error, match=message):
        ptx.launch(text, 1, 1, [], memory)


def test_functions_that_call_themselves(memory):
    text = HEAD + ".func f() { call f; ret; }\n.visible .entry k() { call f; ret; }"
    with pytest.raises(ptx.PtxError, match="f calls itself"):
        ptx.launch(text, 1, 1, [], memory)


def test_comments_and_directives_are_passed_over(memory):
    text = "// a\n/* b\n c */" + entry('.pragma "nounroll";\n\t.loc 1 5 0\n').replace(
        ".visible .entry k()", ".visible .entry k()\n.maxntid 128, 1, 1\n.minnctapersm 2"
    )
    assert ptx.parse(text).kernels == ["k"]
    ptx.launch(text, 1, 1, [], memory)
