"""Sizes that are data and become known within the native step: values, gradients, state, failures and reloading."""

import hypothesis.extra.numpy as arrays
import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

import graphc as gc
from graphc.runtime import executable
from graphc.session.sizes import DataSizes
from tests.both_modes import COMPILED, INTERPRETED, session

HERE = r"(.|\n)*test_late_sizes.py"
FLAGS = arrays.arrays(bool, st.integers(0, 40))
NUMBERS = arrays.arrays(np.int32, st.integers(0, 30), elements=st.integers(-3, 4))


@pytest.fixture(autouse=True)
def graph():
    with gc.Graph().as_default() as g:
        yield g


@pytest.fixture
def native(monkeypatch):
    """Fail where compiled code asks the interpreter for a size."""
    real = DataSizes.bind

    def bind(self, feeds, variables, bindings, names=None):
        if names is None or not bindings.keys() >= set(names):
            raise AssertionError("the interpreter computes a size")
        real(self, feeds, variables, bindings, names)

    monkeypatch.setattr(DataSizes, "bind", bind)


class Both:
    """One compiled and one interpreted session; their results are compared."""

    def __init__(self, fetches):
        self.fetches = fetches
        self.compiled, self.interpreted = gc.Session(config=COMPILED), gc.Session(config=INTERPRETED)

    def __call__(self, feeds):
        found = self.compiled.run(self.fetches, feeds)
        for have, want in zip(found, self.interpreted.run(self.fetches, feeds), strict=True):
            assert have.dtype == want.dtype
            np.testing.assert_array_equal(np.shape(have), np.shape(want))
            np.testing.assert_allclose(have, want, rtol=1e-6, atol=1e-6)
        return found


def test_no_size_is_interpreted(native):
    x = gc.placeholder(gc.float32, [None])
    doubled = gc.boolean_mask(x, x > 0.0) * 2.0
    running = session("compile")
    for values in ([1, -2, 3], [-1, -1, -1], [1, 1, 1], [], [2, 5]):
        values = np.array(values, np.float32)
        np.testing.assert_array_equal(running.run(doubled, {x: values}), 2 * values[values > 0])
    assert "sizes" in [call["label"] for call in running.report(doubled, {x: values})["calls"]]


def test_all_operations_of_random_masks():
    mask = gc.placeholder(gc.bool, [None])
    x = gc.cast(gc.range(gc.shape(mask)[0]), gc.float32) + 1.0
    kept = gc.boolean_mask(gc.stack([x, x * x], axis=1), mask)
    count = gc.shape(kept)[0]
    both = Both([
        kept, gc.where(mask), count, gc.range(count), gc.ones([count, 2]) + kept, gc.reduce_sum(kept, axis=0),
        gc.matmul(kept, kept, transpose_a=True), gc.matmul(kept, kept, transpose_b=True), gc.zeros([count * 2 + 1]),
        gc.concat([kept[:, 0], x], 0), gc.cumsum(kept[:, 1]), gc.sort(-kept[:, 0]),
        *gc.gradients(kept * kept * x[0], [x]),
    ])  # fmt: skip

    @given(FLAGS)
    @settings(max_examples=60, deadline=None)
    def check(flags):
        if flags.size:
            found = both({mask: flags})
            np.testing.assert_array_equal(found[1][:, 0], np.flatnonzero(flags))

    check()


def test_distinct_values_of_what_was_masked():
    x = gc.placeholder(gc.int32, [None])
    inner = gc.boolean_mask(x, x >= 0)
    values, index = gc.unique(inner)
    _, _, counts = gc.unique_with_counts(inner)
    again, places = gc.setdiff1d(values, [1, 2])
    parts = gc.dynamic_partition(gc.cast(inner, gc.float32) * 0.5, inner % 3, 3)
    weights = gc.constant(np.arange(5, dtype=np.float32)) + 1.0
    looked_up = gc.reduce_sum(gc.gather(weights, values)) * gc.reduce_sum(gc.cast(counts, gc.float32))
    both = Both([values, index, counts, again, places, *parts, looked_up, *gc.gradients(looked_up, [weights])])

    @given(NUMBERS)
    @settings(max_examples=60, deadline=None)
    def check(numbers):
        found = both({x: numbers})
        _, first = np.unique(numbers[numbers >= 0], return_index=True)
        np.testing.assert_array_equal(found[0], numbers[numbers >= 0][np.sort(first)])

    check()


def test_a_size_that_depends_on_a_size_of_a_size():
    x = gc.placeholder(gc.float32, [None])
    y = x
    for limit in (0.0, 1.0, 2.0):
        y = gc.boolean_mask(y, y > limit)
    pairs = gc.reduce_sum(gc.expand_dims(y, 0) * gc.expand_dims(y, 1), axis=1)
    both = Both([y, pairs, *gc.gradients(pairs, [x])])
    for seed in range(6):
        both({x: np.random.default_rng(seed).uniform(-1, 5, 3 * seed).astype(np.float32)})


def test_a_guard_between_sizes_that_are_data_and_others():
    x, y = gc.placeholder(gc.float32, [None]), gc.placeholder(gc.float32, [None])
    total = gc.boolean_mask(x, x > 0.0) + y
    for mode in ("compile", "interpret"):
        running = session(mode)
        for _ in range(2):
            np.testing.assert_array_equal(running.run(total, {x: [1, -1, 2], y: [10, 20]}), [11, 22])
            with pytest.raises(gc.GraphError, match="sizes (2 and 3|3 and 2)" + HERE):
                running.run(total, {x: [1, -1, 2], y: [10, 20, 30]})
        np.testing.assert_array_equal(running.run(total, {x: [1, -1, 2], y: [5]}), [6, 7])


def test_what_runs_before_a_size_is_known_does_not_use_it():
    # Sizes that are taken to be equal have one representative: it must be the one that is known first.
    x, y = gc.placeholder(gc.float32, [None]), gc.placeholder(gc.float32, [None])
    sums = gc.scan(lambda a, b: a + b, y, initializer=0.0)
    kept = gc.boolean_mask(x, gc.exp(x) > gc.reduce_mean(sums * y))
    both = Both([y + kept, gc.stack([kept, sums]), gc.scan(lambda a, b: a * b, kept * sums, initializer=1.0)])
    both({x: [1, -5, 2, 3], y: [0.1, 0.2, 0.3]})
    both({x: [-5, 3], y: [1]})


def test_nothing_is_half_done_when_a_size_does_not_fit():
    state = gc.Variable(np.zeros(3, np.float32))
    x, y = gc.placeholder(gc.float32, [None]), gc.placeholder(gc.float32, [2])
    moved = gc.assign_add(state, [1.0, 1.0, 1.0])
    with gc.control_dependencies([moved]):
        seen = gc.identity(state)
    total = gc.reduce_sum(gc.boolean_mask(x, x > seen[0]) * y)
    for mode in ("compile", "interpret"):
        running = session(mode)
        assert running.run([total, moved], {x: [2, -1, 3], y: [1, 1]})[0] == 5
        for _ in range(2):
            with pytest.raises(gc.GraphError, match="sizes"):
                running.run([total, moved], {x: [9, 9, 9], y: [1, 1]})
        np.testing.assert_array_equal(running.run(state), np.ones(3))


def test_negative_sizes_name_the_line():
    mask = gc.placeholder(gc.bool, [None])
    filled = gc.zeros([gc.shape(gc.where(mask))[0] - 2]) + 1.0
    for mode in ("compile", "interpret"):
        running = session(mode)
        assert running.run(filled, {mask: [True] * 5}).shape == (3,)
        for _ in range(2):
            with pytest.raises(gc.ExecutionError, match="negative size" + HERE):
                running.run(filled, {mask: [True, False, False, False, False]})
        assert running.run(filled, {mask: [True] * 4 + [False]}).shape == (2,)


def test_a_masked_loss_is_trained():
    x, mask = gc.placeholder(gc.float32, [None, 3]), gc.placeholder(gc.bool, [None])
    weights = gc.Variable(np.float32([[1], [2], [3]]), name="weights")
    error = gc.boolean_mask(gc.matmul(x, weights), mask) - 1.0
    loss = gc.reduce_sum(error * error)
    train = gc.train.GradientDescentOptimizer(0.01).minimize(loss)
    random = np.random.default_rng(0)
    running, reference = session("compile"), np.float32([[1], [2], [3]])
    for rows in (5, 1, 8, 5, 0):
        values, flags = random.normal(size=(rows, 3)).astype(np.float32), random.random(rows) < 0.6
        running.run(train, {x: values, mask: flags})
        reference = reference - 0.02 * values[flags].T @ (values[flags] @ reference - 1)
        np.testing.assert_allclose(running.run(weights), reference, rtol=2e-5, atol=1e-6)


def test_a_variable_takes_a_value_of_such_a_size():
    held = gc.Variable(np.float32([1, 2]), validate_shape=False)
    x = gc.placeholder(gc.float32, [None])
    kept = gc.assign(held, gc.boolean_mask(x, x > 0.0))
    for mode in ("compile", "interpret"):
        running = session(mode)
        for values in ([1, -1, 5], [-1, -1], [1, 2, 3, 4]):
            running.run(kept, {x: values})
            np.testing.assert_array_equal(running.run(held), [v for v in values if v > 0])


def test_loops_of_such_a_length(native):
    x = gc.placeholder(gc.float32, [None])
    kept = gc.boolean_mask(x, x > 0.0)
    sums = gc.scan(lambda a, b: a + b, kept, initializer=0.0)
    (slope,) = gc.gradients(sums, [x])
    running = session("compile")
    for values in ([1, -1, 2, 4], [-1, -1], [3, 1], []):
        values = np.array(values, np.float32)
        found = running.run([sums, slope], {x: values})
        np.testing.assert_array_equal(found[0], np.cumsum(values[values > 0], dtype=np.float32))
        steps = iter(range((values > 0).sum(), 0, -1))
        np.testing.assert_array_equal(found[1], [next(steps) if v > 0 else 0 for v in values])


def test_loops_that_end_when_a_condition_says_so(native):
    most = gc.placeholder(gc.float32, [])
    powers, _ = gc.scan(lambda p: (p * 2, gc.until(p * 2 > most)), outputs_info=[gc.constant(1.0)], n_steps=20)
    start = gc.placeholder(gc.float32, [])
    doubled = gc.while_loop(lambda v: v < most, lambda v: v * 2.0, [start], maximum_iterations=50)
    (slope,) = gc.gradients(doubled, [start])
    running = session("compile")
    for limit in (50.0, 3.0, 1000.0):
        found = running.run([powers, doubled, slope], {most: limit, start: 1.5})
        np.testing.assert_array_equal(found[0], 2.0 ** np.arange(1, np.floor(np.log2(limit)) + 2))
        steps = np.ceil(np.log2(limit / 1.5))
        assert found[1] == 1.5 * 2**steps
        assert found[2] == 2**steps


def test_bounds_that_are_too_large_to_plan_for(monkeypatch):
    monkeypatch.setattr(executable, "MOST_PLANNED", 1 << 16)
    x = gc.placeholder(gc.float32, [None])
    kept = gc.boolean_mask(x, x > 0.0)
    pairs = gc.reduce_max(gc.sort(gc.expand_dims(kept, 0) * gc.expand_dims(kept, 1), axis=1), axis=1)
    running = gc.Session(config=COMPILED).make_callable([kept, pairs], [x])
    for size, seed in ((400, 0), (400, 1), (10, 2), (400, 3), (300, 4)):
        values = np.random.default_rng(seed).normal(-1.5, 1, size).astype(np.float32)
        positive = values[values > 0]
        found = running(values)
        np.testing.assert_array_equal(found[0], positive)
        np.testing.assert_allclose(found[1], positive * positive.max(initial=-np.inf), rtol=1e-6)


def test_it_is_kept_on_disk_and_reloaded(tmp_path, monkeypatch):
    monkeypatch.setenv("GRAPHC_CACHE_DIR", str(tmp_path))
    x, y = gc.placeholder(gc.float32, [None]), gc.placeholder(gc.float32, [None])
    kept = gc.boolean_mask(x, x > 0.0) + y
    for want in ("miss", "hit"):
        running = session("compile")
        np.testing.assert_array_equal(running.run(kept, {x: [1, -1, 2], y: [1, 1]}), [2, 3])
        assert running.report(kept, {x: 0, y: 0})["cache"] == want
        with pytest.raises(gc.GraphError, match="sizes" + HERE):
            running.run(kept, {x: [1, -1, 2], y: [1, 1, 1]})


def test_several_threads_find_different_sizes():
    import threading

    x = gc.placeholder(gc.float32, [None])
    call = session("compile").make_callable(gc.sort(gc.boolean_mask(x, x > 0.0)), [x])
    wrong = []

    def work(seed):
        random = np.random.default_rng(seed)
        for _ in range(200):
            values = random.normal(size=500).astype(np.float32)
            if not np.array_equal(call(values), np.sort(values[values > 0])):
                wrong.append(seed)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


@pytest.mark.parametrize("off", ["fusion", "arena_reuse", "in_place", "kernel_sharing", "memory_order"])
def test_with_parts_of_the_compiler_switched_off(off):
    x = gc.placeholder(gc.float32, [None])
    kept = gc.boolean_mask(gc.exp(x), x > 0.0)
    fetches = [kept, gc.reduce_mean(kept * kept), *gc.gradients(gc.reduce_sum(kept * kept), [x])]
    running, reference = gc.Session(config=gc.Config(poison=True, disable=(off,))), session("interpret")
    for seed in range(3):
        values = np.random.default_rng(seed).normal(0.5, 1, 40).astype(np.float32)
        for have, want in zip(running.run(fetches, {x: values}), reference.run(fetches, {x: values}), strict=True):
            np.testing.assert_allclose(have, want, rtol=1e-5)


def test_sizes_without_a_bound_are_computed_natively_before_the_step(native):
    x, most = gc.placeholder(gc.float64, []), gc.placeholder(gc.int32, [None])
    w = gc.Variable(np.float64(2.0), name="w")
    found = gc.while_loop(lambda v: v < x, lambda v: v * w, [gc.constant(np.float64(1.0))])
    (slope,) = gc.gradients(found, [w])
    filled = gc.range(gc.reduce_max(most) + 1)
    running = session("compile")
    values = np.arange(100, dtype=np.int32)
    for limit, steps in ((7.0, 3), (100.0, 7), (0.5, 0)):
        held = running.run([found, slope, filled], {x: limit, most: values})
        assert held[0] == 2.0**steps
        assert held[1] == steps * 2.0 ** (steps - 1)
        np.testing.assert_array_equal(held[2], np.arange(100))
    running.run(gc.assign(w, 3.0))
    assert running.run(found, {x: 10.0}) == 27.0


def test_one_without_a_bound_that_depends_on_one_with():
    x = gc.placeholder(gc.int32, [None])
    kept = gc.boolean_mask(x, x > 2)
    stitched = gc.dynamic_stitch([kept], [gc.cast(kept, gc.float32) * 2.0])
    counts = gc.boolean_mask(stitched, stitched > 8.0)
    both = Both([stitched, counts, gc.zeros([gc.shape(stitched)[0], gc.shape(counts)[0]])])
    for seed in range(4):
        both({x: np.append(np.random.default_rng(seed).integers(0, 20, 90), 7)})


@pytest.mark.parametrize("mode", ["compile", "interpret"])
def test_a_failure_while_a_size_is_computed_names_the_line(mode):
    x, at = gc.placeholder(gc.int32, [None]), gc.placeholder(gc.int32, [None])
    v = gc.Variable(1.0)
    filled = gc.zeros([gc.reduce_max(gc.gather(x, at)) + 1])
    running = session(mode)
    values, positions = np.arange(80, dtype=np.int32), np.zeros(80, np.int32)
    assert running.run([filled, gc.assign(v, 2.0)], {x: values, at: positions})[0].shape == (1,)
    with pytest.raises(gc.ExecutionError, match="no variable was changed" + HERE):
        running.run([filled, gc.assign(v, 3.0)], {x: values, at: positions + 80})
    with pytest.raises(gc.ExecutionError, match="negative size" + HERE):
        running.run([filled, gc.assign(v, 4.0)], {x: values - 70, at: positions})
    assert running.run(v) == 2.0


def test_a_variable_without_a_value_is_given_one_beside_such_a_size():
    x = gc.placeholder(gc.int32, [None])
    v = gc.Variable(np.zeros(2, np.float32))
    length = gc.reduce_max(x * x)
    fetches = [gc.range(length), gc.assign(v, [5.0, 6.0])]
    store = gc.graph.store.Store()
    running = gc.Session(config=COMPILED, store=store)
    np.testing.assert_array_equal(running.run(fetches, {x: np.full(70, 3, np.int32)})[0], np.arange(9))
    np.testing.assert_array_equal(running.run(v), [5, 6])


def test_sizes_that_are_computed_in_different_ways_before_the_step_are_not_mixed_up():
    few, many = gc.placeholder(gc.int32, []), gc.placeholder(gc.int32, [None])
    w = gc.Variable(np.ones(3, np.float32), validate_shape=False)
    # One is a scalar's, which the interpreter computes; the other one is computed by a native step.
    first, second = gc.range(few * 2), gc.range(gc.reduce_sum(many * many))
    run = Both([gc.reduce_sum(first), gc.shape(first), gc.reduce_sum(second), gc.shape(second), gc.shape(w)])
    for count, values in ((3, np.ones(200, np.int32)), (5, np.full(90, 2, np.int32)), (100, np.ones(70, np.int32))):
        found = run({few: count, many: values})
        assert (found[1].item(), found[3].item()) == (2 * count, int((values**2).sum()))
