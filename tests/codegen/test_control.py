"""Branches and loops as native code: against the interpreter, with poisoned temporaries, at several sizes per plan."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from graphc.ir.dims import symbol
from graphc.ir.dtypes import bool_, float32, float64, int32, int64
from graphc.ir.types import TensorType
from graphc.loops.spec import ControlKernel
from graphc.runtime.executable import StepError
from graphc.schedule.flat import flat_calls
from graphc.schedule.plan import Schedule
from graphc.testing.programs import NativeProgram

from .control_programs import N, Source, T, check

RNG = np.random.default_rng(7)
BOTH = pytest.mark.parametrize("dtype", [float32, float64], ids=lambda d: d.name)
REVERSE = pytest.mark.parametrize("reverse", [False, True], ids=["forward", "reverse"])


def drawn(*shape: int) -> np.ndarray:
    return RNG.normal(size=shape) * 0.5


def control(schedule: Schedule) -> ControlKernel:
    (spec,) = [c.spec for c in schedule.calls if isinstance(c.spec, ControlKernel)]
    return spec


@BOTH
@REVERSE
def test_recurrent_cell(dtype: Any, reverse: bool) -> None:
    """A carried value that a product reads needs two blocks; the last one is in its place after any number of steps."""
    s = Source()
    h0, xs, w = s.input(N, 16, dtype=dtype), s.input(T, N, 16, dtype=dtype), s.input(16, 16, dtype=dtype)

    def step(t: Any, h: Any, x: Any, w: Any) -> Any:
        new = s.emit("tanh", s.matmul(h, w) + x)
        return new, new

    last, stacked = s.scan(step, [h0], [xs], [w], reverse=reverse)
    sizes = [(n, t) for n in (1, 7, 32) for t in (0, 1, 2, 5)]
    calls = [({"n": n, "t": t}, [drawn(n, 16), drawn(t, n, 16), drawn(16, 16)]) for n, t in sizes]
    native = check(s.program(last, stacked), calls)
    spec = control(native.schedule)
    assert len(spec.turned) == 1
    assert [c.label for c in spec.parts[0].calls] == ["matmul+add+tanh"]


@REVERSE
def test_elementwise_state_is_updated_in_place(reverse: bool) -> None:
    s = Source()
    a, xs = s.input(N), s.input(T, N)
    last, stacked = s.scan(lambda t, a, x: (a * 0.5 + x, a * x), [a], [xs], reverse=reverse)
    calls = [({"n": n, "t": t}, [drawn(n), drawn(t, n)]) for n in (1, 17, 1000) for t in (0, 1, 4)]
    native = check(s.program(last, stacked), calls)
    assert control(native.schedule).turned == ()
    assert control(check(s.program(last, stacked), calls, disabled=["in_place"]).schedule).turned != ()


def test_exchanged_and_unchanged_state() -> None:
    """The body gives its parameters back, in another order."""
    s = Source()
    a, b, c = s.input(3), s.input(3), s.input(3)
    results = s.scan(lambda t, a, b, c: (b, a, c, a + c), [a, b, c], length=T)
    xs = s.input(T, 2)
    program = s.program(*results, xs)
    calls = [({"t": t}, [drawn(3), drawn(3), drawn(3), drawn(t, 2)]) for t in (0, 1, 2, 3)]
    check(program, calls)


def test_step_number_constants_and_several_uses_of_one_result() -> None:
    s = Source()
    a, xs = s.input(), s.input(T)

    def step(t: Any, a: Any, x: Any) -> Any:
        table = s.b.constant(np.arange(3, dtype=np.float32))
        value = s.cast(t, float32) * a + x
        return value, value + table, s.b.constant(2.5, float32), value, x, t

    check(
        s.program(*s.scan(step, [a], [xs], reverse=True)),
        [({"t": t}, [0.3, drawn(t)]) for t in (0, 1, 6)],
    )


def test_sums_over_steps_and_unused_results() -> None:
    """What the gradient of a recurrent cell does: products accumulate over the steps, last step first."""
    s = Source()
    total, xs, ys = s.input(5, 9), s.input(T, N, 5), s.input(T, N, 9)

    def step(t: Any, total: Any, x: Any, y: Any) -> Any:
        return (total + s.emit("matmul", x, y, transpose_x=True, transpose_y=False), x * 2.0)

    result, _ = s.scan(step, [total], [xs, ys], reverse=True)
    calls = [({"n": n, "t": t}, [drawn(5, 9), drawn(t, n, 5), drawn(t, n, 9)]) for n in (1, 8) for t in (0, 1, 3)]
    native = check(s.program(result), calls)
    assert control(native.schedule).turned == ()


def test_views_of_sequences_and_results() -> None:
    s = Source()
    h, xs = s.input(4, 3), s.input(N, T, 3)
    sequence = s.emit("transpose", xs, perm=(1, 0, 2))

    def step(t: Any, h: Any, x: Any) -> Any:
        flat = s.emit("reshape", h, shape=(12,))
        moved = s.emit("transpose", h, perm=(1, 0))
        mean = s.emit("sum", x, axes=(0,), keepdims=True)
        return (
            s.emit("transpose", s.emit("reshape", flat, shape=(3, 4)), perm=(1, 0)) + mean,
            moved,
            flat,
            s.emit("broadcast_to", mean, shape=(2, 3)),
        )

    results = s.scan(step, [h], [sequence])
    outside = s.emit("sum", results[1], axes=(0,), keepdims=False)
    check(
        s.program(*results, outside, s.emit("transpose", results[2], perm=(1, 0))),
        [({"n": n, "t": t}, [drawn(4, 3), drawn(n, t, 3)]) for n in (1, 5) for t in (0, 1, 4)],
    )


def test_while_loop() -> None:
    """Newton's iteration, until all changes are small; a counter beside it."""
    s = Source()
    a, x0, count = s.input(N), s.input(N), s.input(dtype=int32)

    def test(x: Any, k: Any, a: Any) -> Any:
        error = s.emit("max", s.emit("abs", x * x - a), axes=(0,), keepdims=False)
        return s.emit("and", s.emit("gt", error, 1e-4), s.emit("lt", k, 50))

    x, k = s.loop(test, lambda x, k, a: ((x + a / x) * 0.5, k + 1), [x0, count], [a])
    calls = [({"n": n}, [RNG.uniform(1, 9, n), RNG.uniform(1, 3, n), 0]) for n in (1, 7, 40)]
    calls.append(({"n": 3}, [np.ones(3), np.ones(3), 0]))  # no step at all
    calls += [({"n": 2}, [[5.0, 6.0], [2.0, 2.0], start]) for start in (49, 48, 47)]
    check(s.program(x, k), calls)


def test_while_loop_with_turning_state() -> None:
    s = Source()
    x, w, limit = s.input(N, 8), s.input(8, 8), s.input(dtype=int64)
    k0 = s.b.constant(np.int64(0))
    y, k = s.loop(
        lambda y, k, w, limit: s.emit("lt", k, limit),
        lambda y, k, w, limit: (s.emit("tanh", s.matmul(y, w)), k + 1),
        [x, k0],
        [w, limit],
    )
    calls = [({"n": n}, [drawn(n, 8), drawn(8, 8), steps]) for n in (1, 5) for steps in (0, 1, 2, 3, 10)]
    assert len(control(check(s.program(y, k), calls).schedule).turned) == 1


def test_only_the_taken_branch_runs() -> None:
    s = Source()
    pred, x, w = s.input(dtype=bool_), s.input(N, 4), s.input(4, 4)
    results = s.cond(
        pred,
        lambda x, w: (s.emit("exp", s.matmul(x, w)), x, s.b.full(1.0, float32, (3,))),
        lambda x, w: (x, s.emit("sin", x) * 2.0, s.b.full(2.0, float32, (3,))),
        x,
        w,
    )
    calls = [({"n": n}, [flag, drawn(n, 4), drawn(4, 4)]) for n in (1, 9) for flag in (True, False)]
    check(s.program(*results, results[0] + results[1]), calls)


def test_branch_in_loop_in_branch_in_loop() -> None:
    s = Source()
    x, xs, pred = s.input(N), s.input(T, N), s.input(T, dtype=bool_)

    def inner(t: Any, a: Any, x: Any) -> Any:
        odd = s.emit("eq", s.emit("mod", t, 2), 1)
        (value,) = s.cond(odd, lambda a, x: (a * x,), lambda a, x: (a + x * 2.0,), a, x)
        return value, value

    def outer(t: Any, a: Any, x: Any, flag: Any, xs: Any) -> Any:
        def then(a: Any, x: Any, xs: Any) -> Any:
            last, stacked = s.scan(inner, [a], [xs], reverse=True)
            return last, s.emit("sum", stacked, axes=(0,), keepdims=False) + x

        value, out = s.cond(flag, then, lambda a, x, xs: (a - x, s.emit("tanh", a)), a, x, xs)
        return value * 0.25, out

    last, stacked = s.scan(outer, [x], [xs, pred], [xs])
    calls = [({"n": n, "t": t}, [drawn(n), drawn(t, n), RNG.random(t) < 0.6]) for n in (1, 6, 33) for t in (0, 1, 2, 5)]
    native = check(s.program(last, stacked), calls)
    flat = {entry.within: entry.times for entry in flat_calls(native.schedule)}
    t = symbol("t")
    assert flat["scan",] == t
    assert flat["scan", "cond then", "scan", "cond else"] == t * t


def test_nested_loops_with_temporaries() -> None:
    """Bodies have temporaries of symbolic sizes inside each other; formulas of their places must not mix."""
    s = Source()
    a, xs, w = s.input(N, 5), s.input(T, N, 5), s.input(5, 5)

    def inner(t: Any, a: Any, w: Any) -> Any:
        p = s.matmul(a, w)
        q = s.matmul(s.emit("tanh", p), w)
        square = s.emit("matmul", p, p, transpose_x=True, transpose_y=False) * 0.01
        return (s.matmul(s.emit("exp", -(q * q)), square) + a * 0.1,)

    def outer(t: Any, a: Any, x: Any, w: Any) -> Any:
        (value,) = s.scan(inner, [a + x], [], [w], length=3)
        other = s.matmul(s.matmul(value, w), w)
        return value * 0.5 + other * 0.1, other

    calls = [({"n": n, "t": t}, [drawn(n, 5), drawn(t, n, 5), drawn(5, 5)]) for n in (1, 7, 64) for t in (0, 1, 3)]
    results = s.scan(outer, [a], [xs], [w])
    before, after = s.matmul(a, w), s.emit("sum", results[1], axes=(0, 1, 2), keepdims=False)
    check(s.program(*results, s.matmul(before, w) + after), calls)


def test_loop_that_writes_into_a_variable() -> None:
    s = Source()
    type = TensorType(float32, (6,))
    v, xs = s.b.variable(0, type), s.input(T, 6)
    (last,) = s.scan(lambda t, a, x: (a + x * 0.5,), [v], [xs])
    program = s.program(v, updates=((0, last),), variables=(type,))
    check(program, [({"t": t}, [drawn(t, 6)]) for t in (2, 0, 3)], variables=[np.ones(6, np.float32)])


def test_failure_inside_a_loop_changes_no_variable() -> None:
    s = Source()
    type = TensorType(float32, (4,))
    v, w = s.b.variable(0, type), s.b.variable(1, type)
    table, indices = s.input(N), s.input(T, dtype=int32)

    def step(t: Any, a: Any, i: Any, table: Any) -> Any:
        place = s.emit("check_index", i, size=N)
        return (a + s.emit("gather", table, place, axis=0, batch_dims=0),)

    (last,) = s.scan(step, [v], [indices], [table])
    program = s.program(v, updates=((0, last), (1, w * 2.0)), variables=(type, type))
    state = [np.ones(4, np.float32), np.full(4, 3, np.float32)]
    native = check(program, [({"n": 3, "t": 2}, [drawn(3), [0, 2]])], variables=state)
    held = [v.copy() for v in native.executable._variables]
    with pytest.raises(StepError) as caught:
        native(drawn(3).astype(np.float32), np.array([0, 1, 3], np.int32))
    failed = flat_calls(native.schedule)[caught.value.call]
    assert failed.within == ("scan",)
    assert "check_index" in [node.op for node in failed.call.nodes]
    for mine, before in zip(native.executable._variables, held, strict=True):
        np.testing.assert_array_equal(mine, before)


def test_equal_kernels_inside_and_outside_are_emitted_once() -> None:
    s = Source()
    x, w, xs = s.input(4, 8), s.input(8, 8), s.input(T, 4, 8)
    (last,) = s.scan(lambda t, a, x, w: (s.emit("tanh", s.matmul(a, w)),), [x], [xs], [w])
    program = s.program(last, s.emit("tanh", s.matmul(x, w)))
    native = check(program, [({"t": t}, [drawn(4, 8), drawn(8, 8), drawn(t, 4, 8)]) for t in (0, 3)])
    labels = [e.call.label for e in flat_calls(native.schedule)]
    assert labels.count("matmul+tanh") == 2
    assert native.assembled.kernels == 2, "the product, and the copy of a value after no step"


def test_kernels_in_loops_are_divided_over_threads() -> None:
    s = Source()
    a, xs = s.input(N), s.input(T, N)
    (last,) = s.scan(lambda t, a, x: (s.emit("sin", a) + x,), [a], [xs])
    program = s.program(last)
    calls = [({"n": n, "t": t}, [drawn(n), drawn(t, n)]) for n in (3, 60_001) for t in (0, 3)]
    native = check(program, calls, threads=2)
    assert "graphc_pool_run" in native.assembled.externals


def test_sorting_and_scattering_inside_a_loop() -> None:
    """Irregular operations are source kernels with operands, results and scratch in the body's own bytes."""
    s = Source()
    a, xs = s.input(N), s.input(T, N)

    def step(t: Any, a: Any, x: Any) -> Any:
        total = s.emit("cumsum", x, axis=0, exclusive=False, reverse=False)
        return (a + total * 0.1, total)

    check(
        s.program(*s.scan(step, [a], [xs])),
        [({"n": n, "t": t}, [drawn(n), drawn(t, n)]) for n in (1, 9) for t in (0, 2)],
    )


def test_plan_of_a_body_is_the_same_machinery() -> None:
    """One kernel for an elementwise body of several operations and results."""
    s = Source()
    a, xs = s.input(N), s.input(T, N)

    def step(t: Any, a: Any, x: Any) -> Any:
        y = s.emit("exp", -(a * x))
        return a * 0.9 + y, y, y * x

    native = NativeProgram(s.program(*s.scan(step, [a], [xs])))
    assert [c.label for c in control(native.schedule).parts[0].calls] == ["mul+neg+exp+mul+add+mul"]


@pytest.mark.parametrize("mode", ["set", "add"])
def test_scatter_into_a_carried_value_copies_nothing(mode: str) -> None:
    s = Source()
    a, places, values = s.input(N), s.input(T, dtype=int32), s.input(T)

    def step(t: Any, a: Any, place: Any, value: Any) -> Any:
        read = s.emit("gather", a, s.emit("mod", place + 1, 3), axis=0, batch_dims=0)
        return s.emit("scatter", a, place, value, axis=0, batch_dims=0, mode=mode), read

    calls = [({"n": n, "t": t}, [drawn(n), RNG.integers(0, n, t), drawn(t)]) for n in (3, 8) for t in (0, 1, 9)]
    native = check(s.program(*s.scan(step, [a], [places, values])), calls)
    assert control(native.schedule).turned == ()
    failing = [drawn(3).astype(np.float32), np.array([0, 3], np.int32), drawn(2).astype(np.float32)]
    with pytest.raises(StepError):
        native(*failing)


def test_scatter_beside_a_later_reader_of_the_old_value_has_two_blocks() -> None:
    s = Source()
    a, places = s.input(N), s.input(T, dtype=int32)

    def step(t: Any, a: Any, place: Any) -> Any:
        new = s.emit("scatter", a, place, s.b.constant(1.5, float32), axis=0, batch_dims=0, mode="set")
        return new, new * a

    calls = [({"n": n, "t": t}, [drawn(n), RNG.integers(0, n, t)]) for n in (3, 8) for t in (0, 1, 2)]
    assert len(control(check(s.program(*s.scan(step, [a], [places])), calls).schedule).turned) == 1


def test_many_equal_kernels_in_a_loop_become_one_over_a_table() -> None:
    """More arguments than are written one by one; some of them move from step to step."""
    s = Source()
    count = 20
    carried = [s.input(5 + k) for k in range(count)]
    sequences = [s.input(T, 5 + k) for k in range(count)]

    def step(t: Any, *values: Any) -> Any:
        return [a * 0.5 + x for a, x in zip(values[:count], values[count:], strict=True)]

    shapes = [5 + k for k in range(count)]
    calls = [({"t": t}, [drawn(n) for n in shapes] + [drawn(t, n) for n in shapes]) for t in (0, 1, 4)]
    native = check(s.program(*s.scan(step, carried, sequences)), calls)
    assert [type(c.spec).__name__ for c in control(native.schedule).parts[0].calls] == ["MultiNest"]


@pytest.mark.parametrize("switch", ["fusion", "epilogues", "in_place", "arena_reuse", "memory_order", "horizontal"])
def test_switches_keep_the_results(switch: str) -> None:
    s = Source()
    a, xs, w = s.input(N, 4), s.input(T, N, 4), s.input(4, 4)

    def step(t: Any, a: Any, x: Any, w: Any) -> Any:
        y = s.emit("tanh", s.matmul(a, w) + x)
        scaled = s.emit("sum", y * y, axes=(1,), keepdims=True)
        return y / (scaled + 1.0), scaled

    calls = [({"n": n, "t": t}, [drawn(n, 4), drawn(t, n, 4), drawn(4, 4)]) for n in (1, 5) for t in (0, 3)]
    check(s.program(*s.scan(step, [a], [xs], [w])), calls, disabled=[switch])
