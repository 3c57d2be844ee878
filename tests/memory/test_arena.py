"""The arena's formulas keep live buffers apart at every size, and use no more than the live bytes ask for."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphc.ir.dims import symbol
from graphc.loops.spec import Buffer, KernelCall, Nest, Operand
from graphc.memory.arena import ALIGNMENT, Arena, plan_arena
from graphc.memory.check import find_faults, poison

N, M = symbol("n"), symbol("m")
SHAPES = [(3,), (N,), (N, 7), (N, 64), (M, N), (M + 3, 5), (N // 2 + 1, 9), (1000,), (0,)]


def temporary(k, shape):
    return Buffer(f"t{k}", "float32", shape, "arena")


def call(*buffers):
    return KernelCall(Nest((), tuple(Operand("float32", "in") for _ in buffers), ()), buffers, "test")


@st.composite
def lives(draw):
    """Temporaries with random shapes and the calls that use them."""
    count = draw(st.integers(1, 14))
    length = draw(st.integers(1, 10))
    calls = [[] for _ in range(length)]
    for k in range(count):
        buffer = temporary(k, draw(st.sampled_from(SHAPES)))
        first = draw(st.integers(0, length - 1))
        for at in {first, draw(st.integers(first, length - 1))}:
            calls[at].append(buffer)
    return [call(*buffers) for buffers in calls]


@settings(max_examples=150, deadline=None)
@given(lives(), st.integers(1, 40), st.integers(1, 40))
def test_formulas_hold_at_all_sizes(calls, n, m):
    arena = plan_arena(calls, {"n": n, "m": m})
    for sizes in ({"n": n, "m": m}, {"n": 0, "m": 3}, {"n": 1, "m": 50}, {"n": 77, "m": 1}):
        assert find_faults(calls, arena, sizes) == []


def test_memory_of_a_dead_value_is_used_again():
    a, b, c = (temporary(k, (N, 64)) for k in range(3))
    arena = plan_arena([call(a), call(a, b), call(b, c)], {"n": 3})
    offsets, total = arena.evaluate({"n": 5})
    assert offsets[a] == offsets[c]
    assert total == 2 * 5 * 64 * 4


def test_large_buffers_are_staggered():
    buffers = [temporary(k, (64, 64)) for k in range(4)]
    offsets, _ = plan_arena([call(*buffers)], {}).evaluate({})
    assert len({offset % 4096 for offset in offsets.values()}) == 4
    assert all(offset % ALIGNMENT == 0 for offset in offsets.values())


def test_faults_are_found():
    a, b = temporary(0, (N,)), temporary(1, (N,))
    both = [call(a, b)]
    assert "overlap" in find_faults(both, Arena((), {a: 0, b: 0}, N * 8), {"n": 4})[0]
    assert find_faults(both, Arena((), {a: 0, b: 64}, N * 4 + 64), {"n": 16}) == []
    assert "overlap" in find_faults(both, Arena((), {a: 0, b: 64}, N * 4 + 64), {"n": 17})[0]
    assert "multiple" in find_faults(both, Arena((), {a: 0, b: 4}, 1000), {"n": 1})[0]
    assert "block" in find_faults(both, Arena((), {a: 0, b: 64}, 64), {"n": 1})[0]


@pytest.mark.parametrize(("dtype", "bad"), [(np.float32, np.isnan), (np.int32, lambda x: x == -1)])
def test_poison_stands_out(dtype, bad):
    block = np.zeros(64, np.uint8)
    poison(block)
    assert bad(block.view(dtype)).all()
