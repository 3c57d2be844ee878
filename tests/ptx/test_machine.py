"""Threads together: divergence, barriers, shuffles, atomics, address spaces, calls, and what is counted."""

import numpy as np
import pytest

from graphc import ptx
from tests.ptx.kernels import BLOCK_SUM, HEAD, WARP_SUM, entry, index

RNG = np.random.default_rng(0)


@pytest.fixture
def memory():
    return ptx.GlobalMemory(1 << 20)


def test_a_sum_over_a_block(memory):
    x = RNG.normal(size=(5, 64)).astype(np.float32)
    out = memory.allocate(20)
    ptx.launch(BLOCK_SUM, 5, 64, [memory.upload(x), out], memory)
    np.testing.assert_allclose(memory.download(out, 5, np.float32), x.sum(1), rtol=1e-5)


def test_groups_of_blocks_give_the_same(memory, monkeypatch):
    x = RNG.normal(size=(7, 64)).astype(np.float32)
    out, place = memory.allocate(28), memory.upload(x)
    whole = ptx.launch(BLOCK_SUM, 7, 64, [place, out], memory)
    want = memory.download(out, 7, np.float32)
    monkeypatch.setattr("graphc.ptx.launching.LANES_AT_ONCE", 128)
    parts = ptx.launch(BLOCK_SUM, 7, 64, [place, out], memory)
    np.testing.assert_array_equal(memory.download(out, 7, np.float32), want)
    assert parts.counters.instructions == whole.counters.instructions
    assert parts.counters.global_sectors == whole.counters.global_sectors


def test_a_sum_over_warps_of_which_one_is_short(memory):
    x = np.arange(80, dtype=np.float32)
    place = memory.upload(x)
    with pytest.raises(ptx.DivergenceError, match="a thread reads from one that does not execute"):
        ptx.launch(WARP_SUM, 1, 80, [place], memory)
    place = memory.upload(x[:64])
    ptx.launch(WARP_SUM, 1, 64, [place], memory)
    np.testing.assert_array_equal(memory.download(place, 64, np.float32), np.repeat(x[:64].reshape(2, 32).sum(1), 32))


@pytest.mark.parametrize(("mode", "source"), [
    ("up", lambda lane: lane - 3 if lane >= 3 else lane),
    ("down", lambda lane: lane + 3 if lane < 29 else lane),
    ("bfly", lambda lane: lane ^ 3),
    ("idx", lambda lane: 3),
])  # fmt: skip
def test_shuffles(memory, mode, source):
    clamp = 0 if mode == "up" else 31
    code = (
        index()
        + f"""ld.param.u64 %rd2, [x]; add.s64 %rd2, %rd2, %rd1; mov.u32 %r2, %laneid;
    shfl.sync.{mode}.b32 %r3|%p1, %r2, 3, {clamp}, 0xffffffff; selp.u32 %r4, 100, 0, %p1; add.u32 %r3, %r3, %r4;
    st.global.u32 [%rd2], %r3;"""
    )
    place = memory.allocate(128)
    ptx.launch(entry(code, [("u64", "x")]), 1, 32, [place], memory)
    inside = [source(lane) != lane or mode in ("idx", "bfly") for lane in range(32)]
    want = [source(lane) + 100 * ok for lane, ok in zip(range(32), inside, strict=True)]
    np.testing.assert_array_equal(memory.download(place, 32, np.uint32), want)


def test_shuffles_in_segments_of_a_warp(memory):
    # The upper part of the operand divides the warp into eights.
    code = (
        index()
        + """ld.param.u64 %rd2, [x]; add.s64 %rd2, %rd2, %rd1; mov.u32 %r2, %laneid;
    shfl.sync.idx.b32 %r3, %r2, 5, 0x181f, -1; st.global.u32 [%rd2], %r3;"""
    )
    place = memory.allocate(128)
    ptx.launch(entry(code, [("u64", "x")]), 1, 32, [place], memory)
    np.testing.assert_array_equal(memory.download(place, 32, np.uint32), np.arange(32) // 8 * 8 + 5)


def test_votes(memory):
    code = (
        index()
        + """ld.param.u64 %rd2, [x]; add.s64 %rd2, %rd2, %rd1; setp.lt.u32 %p1, %r1, 5;
    vote.sync.ballot.b32 %r2, %p1, -1; vote.sync.any.pred %p2, %p1, -1; vote.sync.all.pred %p3, %p1, -1;
    selp.u32 %r3, 1000, 0, %p2; selp.u32 %r4, 5000, 0, %p3; add.u32 %r2, %r2, %r3; add.u32 %r2, %r2, %r4;
    activemask.b32 %r5; popc.b32 %r6, %r5; add.u32 %r2, %r2, %r6; st.global.u32 [%rd2], %r2;"""
    )
    place = memory.allocate(256)
    ptx.launch(entry(code, [("u64", "x")]), 1, 64, [place], memory)
    np.testing.assert_array_equal(memory.download(place, 64, np.uint32), [31 + 1000 + 32] * 32 + [32] * 32)


def test_matches_and_warp_reductions(memory):
    code = (
        index()
        + """ld.param.u64 %rd2, [x]; add.s64 %rd2, %rd2, %rd1; and.b32 %r2, %r1, 3;
    match.any.sync.b32 %r3, %r2, -1; redux.sync.add.s32 %r4, %r1, -1; xor.b32 %r3, %r3, %r4;
        st.global.u32 [%rd2], %r3;"""
    )
    place = memory.allocate(128)
    ptx.launch(entry(code, [("u64", "x")]), 1, 32, [place], memory)
    want = np.uint32(0x11111111) * (1 << (np.arange(32) % 4)).astype(np.uint32) ^ np.uint32(31 * 16)
    np.testing.assert_array_equal(memory.download(place, 32, np.uint32), want)


def test_barriers_that_count(memory):
    code = (
        index()
        + """ld.param.u64 %rd2, [x]; add.s64 %rd2, %rd2, %rd1; setp.lt.u32 %p1, %r1, 5;
    barrier.red.popc.u32 %r2, 0, %p1; barrier.red.and.pred %p2, 0, %p1; barrier.red.or.pred %p3, 0, %p1;
    selp.u32 %r3, 100, 0, %p2; selp.u32 %r4, 200, 0, %p3; add.u32 %r2, %r2, %r3; add.u32 %r2, %r2, %r4;
        st.global.u32 [%rd2], %r2;"""
    )
    place = memory.allocate(400)
    ptx.launch(entry(code, [("u64", "x")]), 2, 50, [place], memory)
    np.testing.assert_array_equal(memory.download(place, 100, np.uint32), [205] * 50 + [0] * 50)


def test_paths_of_different_length_meet_again(memory):
    # Collatz: every thread goes round its own number of times; the shuffle behind needs all of them.
    code = (
        index()
        + """ld.param.u64 %rd2, [x]; add.s64 %rd2, %rd2, %rd1; add.u32 %r2, %r1, 1; mov.u32 %r3, 0;
more:
    setp.eq.u32 %p1, %r2, 1;
    @%p1 bra done;
    and.b32 %r4, %r2, 1; setp.eq.u32 %p2, %r4, 0;
    @%p2 bra even;
    mad.lo.u32 %r2, %r2, 3, 1;
    bra next;
even:
    shr.u32 %r2, %r2, 1;
next:
    add.u32 %r3, %r3, 1;
    bra.uni more;
done:
    shfl.sync.bfly.b32 %r5, %r3, 1, 31, -1;
    st.global.u32 [%rd2], %r5;"""
    )

    def steps(n):
        return 0 if n == 1 else 1 + steps(n // 2 if n % 2 == 0 else 3 * n + 1)

    place = memory.allocate(128)
    ptx.launch(entry(code, [("u64", "x")]), 1, 32, [place], memory)
    np.testing.assert_array_equal(memory.download(place, 32, np.uint32), [steps((k ^ 1) + 1) for k in range(32)])


ATOMIC = {
    "add.u32": lambda x: x.sum(),
    "max.u32": lambda x: x.max(),
    "min.s32": lambda x: 0,
    "or.b32": lambda x: np.bitwise_or.reduce(x),
    "xor.b32": lambda x: np.bitwise_xor.reduce(x),
}


@pytest.mark.parametrize("name", ATOMIC)
@pytest.mark.parametrize("space", ["global", "shared"])
def test_atomics(memory, name, space):
    setup = "ld.param.u64 %rd3, [out];"
    if space == "shared":
        setup += """mov.u64 %rd4, cell; setp.ne.u32 %p1, %r1, 0; @%p1 bra ready; st.shared.u32 [cell], 0;
ready: bar.sync 0;"""
        code = f"""red.shared.{name} [%rd4], %r2; bar.sync 0; ld.shared.u32 %r3, [cell];
        setp.ne.u32 %p1, %r1, 0; @!%p1 st.global.u32 [%rd3], %r3;"""
    else:
        code = f"atom.global.{name} %r3, [%rd3], %r2;"
    text = entry(
        index() + "ld.param.u64 %rd2, [x]; add.s64 %rd2, %rd2, %rd1; ld.global.u32 %r2, [%rd2];" + setup + code,
        [("u64", "x"), ("u64", "out")],
        before=".shared .align 4 .b8 cell[4];",
    )
    x = RNG.integers(1, 1 << 20, 96).astype(np.uint32)
    out = memory.upload(np.zeros(1, np.uint32))
    ptx.launch(text, 1, 96, [memory.upload(x), out], memory)
    assert memory.download(out, 1, np.uint32)[0] == ATOMIC[name](x)


def test_atomics_give_what_was_there(memory):
    code = """ld.param.u64 %rd2, [x]; atom.global.inc.u32 %r1, [%rd2], 9; atom.global.cas.b32 %r2, [%rd2], 3, 7;
    atom.global.exch.b32 %r3, [%rd2], 70; st.global.v2.u32 [%rd2+8], {%r1, %r2}; st.global.u32 [%rd2+16], %r3;"""
    place = memory.upload(np.array([2, 0, 0, 0, 0], np.uint32))
    ptx.launch(entry(code, [("u64", "x")]), 1, 1, [place], memory)
    assert memory.download(place, 5, np.uint32).tolist() == [70, 0, 2, 3, 7]


def test_local_memory_is_each_threads_own(memory):
    code = (
        index()
        + """ld.param.u64 %rd2, [x]; add.s64 %rd2, %rd2, %rd1;
    .local .align 16 .b8 own[16];
    mov.u64 %rd3, own; cvta.local.u64 %rd4, %rd3;
    add.u32 %r2, %r1, 1; add.u32 %r3, %r1, 2; add.u32 %r4, %r1, 3;
    st.local.v4.u32 [%rd3], {%r1, %r2, %r3, %r4};
    and.b32 %r5, %r1, 3; mul.wide.u32 %rd5, %r5, 4; add.s64 %rd4, %rd4, %rd5;
    ld.u32 %r6, [%rd4];
    st.global.u32 [%rd2], %r6;"""
    )
    place = memory.allocate(160)
    ptx.launch(entry(code, [("u64", "x")]), 1, 40, [place], memory)
    np.testing.assert_array_equal(memory.download(place, 40, np.uint32), np.arange(40) + np.arange(40) % 4)


def test_dynamic_shared_memory_follows_the_rest(memory):
    code = (
        index()
        + """ld.param.u64 %rd2, [x]; add.s64 %rd2, %rd2, %rd1; shl.b32 %r2, %r1, 2;
    mov.u32 %r3, open; add.u32 %r3, %r3, %r2; st.shared.u32 [fixed], 7; st.shared.u32 [%r3], %r1; bar.sync 0;
    sub.u32 %r4, 31, %r1; shl.b32 %r4, %r4, 2; mov.u32 %r5, open; add.u32 %r5, %r5, %r4; ld.shared.u32 %r6, [%r5];
    st.global.u32 [%rd2], %r6;"""
    )
    text = entry(
        code.replace("st.shared.u32 [fixed], 7;", ""),
        [("u64", "x")],
        before=".shared .align 4 .b8 fixed[8]; .extern .shared .align 4 .b8 open[];",
    )
    place = memory.allocate(128)
    ptx.launch(text, 1, 32, [place], memory, shared_bytes=128)
    np.testing.assert_array_equal(memory.download(place, 32, np.uint32), np.arange(32)[::-1])
    with pytest.raises(ptx.MemoryFault, match="out of bounds: 4 bytes at 0x40 of shared memory, which has 64 bytes"):
        ptx.launch(text, 1, 32, [place], memory, shared_bytes=56)


def test_variables_of_the_module(memory):
    text = entry(
        index()
        + """ld.param.u64 %rd2, [x]; add.s64 %rd2, %rd2, %rd1; mov.u64 %rd3, table; add.s64 %rd3, %rd3, %rd1;
        ld.const.u32 %r2, [%rd3]; ld.global.f32 %f1, [factor]; cvt.rn.f32.u32 %f2, %r2; mul.f32 %f2, %f2, %f1;
        st.global.f32 [%rd2], %f2;""",
        [("u64", "x")],
        before=".const .align 4 .u32 table[4] = {3, 1, 0x10};\n.global .align 4 .f32 factor = 0f3F000000;",
    )
    place = memory.allocate(16)
    kernel = ptx.load(text, memory)
    ptx.launch(kernel, 1, 4, [place], memory)
    np.testing.assert_array_equal(memory.download(place, 4, np.float32), [1.5, 0.5, 8, 0])
    assert memory.allocations == 3
    kernel.unload(memory)
    assert memory.allocations == 1


CALLED = (
    HEAD
    + """
.func (.param .b32 result) twice(.param .b32 value)
{
    .reg .b32 %r<3>; .reg .pred %p1;
    ld.param.b32 %r1, [value];
    setp.gt.s32 %p1, %r1, 10;
    @%p1 bra big;
    add.s32 %r2, %r1, %r1;
    st.param.b32 [result], %r2;
    ret;
big:
    st.param.b32 [result], %r1;
    ret;
}
.visible .entry k(.param .u64 x)
{
    .reg .b32 %r<5>; .reg .b64 %rd<4>; .reg .pred %p1;
    ld.param.u64 %rd1, [x]; mov.u32 %r1, %tid.x; mul.wide.u32 %rd2, %r1, 4; add.s64 %rd1, %rd1, %rd2;
    {
        .param .b32 in; .param .b32 out;
        st.param.b32 [in], %r1;
        call.uni (out), twice, (in);
        ld.param.b32 %r2, [out];
    }
    {
        .param .b32 in; .param .b32 out;
        st.param.b32 [in], %r2; st.param.b32 [out], %r2;
        setp.ne.u32 %p1, %r1, 2;
        @%p1 call (out), twice, (in);
        ld.param.b32 %r2, [out];
    }
    st.global.u32 [%rd1], %r2;
    ret;
}
"""
)


def test_functions_are_called(memory):
    place = memory.allocate(80)
    ptx.launch(CALLED, 1, 20, [place], memory)

    def twice(n):
        return n if n > 10 else 2 * n

    want = [twice(twice(k)) if k != 2 else 4 for k in range(20)]
    np.testing.assert_array_equal(memory.download(place, 20, np.int32), want)


def test_special_registers(memory):
    names = ["%tid.x", "%tid.y", "%ctaid.x", "%ctaid.y", "%ntid.y", "%nctaid.x", "%laneid", "%lanemask_lt"]
    code = """mov.u32 %r1, %ctaid.y; mov.u32 %r2, %nctaid.x; mov.u32 %r3, %ctaid.x; mad.lo.u32 %r1, %r1, %r2, %r3;
    mov.u32 %r4, %tid.y; mov.u32 %r5, %ntid.x; mov.u32 %r6, %tid.x; mad.lo.u32 %r4, %r4, %r5, %r6;
    mad.lo.u32 %r1, %r1, 12, %r4; mul.wide.u32 %rd1, %r1, 32; ld.param.u64 %rd2, [x]; add.s64 %rd2, %rd2, %rd1;"""
    code += "".join(f"mov.u32 %r7, {n}; st.global.u32 [%rd2+{4 * k}], %r7;" for k, n in enumerate(names))
    place = memory.allocate(6 * 12 * 32)
    ptx.launch(entry(code, [("u64", "x")]), (3, 2), (4, 3), [place], memory)
    found = memory.download(place, (2, 3, 3, 4, 8), np.uint32)
    by, bx, ty, tx = np.ogrid[:2, :3, :3, :4]
    lane = ty * 4 + tx
    for k, want in enumerate([tx, ty, bx, by, 3, 3, lane, (1 << lane) - 1]):
        np.testing.assert_array_equal(found[..., k], np.broadcast_to(want, found.shape[:-1]))


def test_what_is_counted(memory):
    x = memory.upload(np.ones(256, np.float32))
    code = (
        index(scale=16)
        + """ld.param.u64 %rd2, [x]; add.s64 %rd2, %rd2, %rd1; ld.global.v4.f32 {%f1, %f2, %f3, %f4}, [%rd2];
    fma.rn.f32 %f1, %f1, %f2, %f3; add.f32 %f1, %f1, %f4; setp.lt.u32 %p1, %r1, 32; @%p1 st.global.f32 [%rd2], %f1;"""
    )
    counters = ptx.launch(entry(code, [("u64", "x")]), 1, 64, [x], memory).counters
    assert counters.flops == 64 * 3
    assert counters.global_bytes_read == 1024
    assert counters.global_bytes_written == 128
    # 64 reads of 16 bytes lie side by side; the stores of one warp are 16 bytes apart: two to a sector.
    assert counters.global_sectors == 32 + 16
    assert counters.instructions["fma"] == 64
    assert counters.instructions["st"] == 32


@pytest.mark.parametrize(("stride", "conflicts"), [(1, 0), (2, 1), (32, 31), (33, 0)])
def test_bank_conflicts(memory, stride, conflicts):
    code = f"""mov.u32 %r1, %tid.x; mul.lo.u32 %r2, %r1, {4 * stride}; mov.u32 %r3, room; add.u32 %r3, %r3, %r2;
    st.shared.u32 [%r3], %r1;"""
    run = ptx.launch(entry(code, before=".shared .align 4 .b8 room[4352];"), 1, 32, [], memory)
    assert run.counters.bank_conflicts == conflicts
    assert run.counters.shared_accesses == 1


def test_counters_add_up():
    total = ptx.Counters()
    total.add(ptx.Counters(flops=3, global_sectors=2))
    total.add(ptx.Counters(flops=4))
    assert (total.flops, total.global_sectors) == (7, 2)
