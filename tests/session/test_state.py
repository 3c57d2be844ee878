"""Variables in a run: what reads see, in which order writes happen, what a failed run leaves, who shares values."""

import threading

import numpy as np
import pytest
from both_modes import CONFIGS, session

import graphc as gc


@pytest.fixture(autouse=True)
def graph():
    with gc.Graph().as_default() as g:
        yield g


@pytest.fixture(params=list(CONFIGS))
def s(request, graph):
    return session(request.param, graph)


def test_reads_see_the_value_before_the_run(s):
    w = gc.Variable([1.0, 2.0], name="w")
    before, plain, after = s.run([w + 0.0, w, gc.assign_add(w, [10.0, 10.0])])
    assert before.tolist() == plain.tolist() == [1.0, 2.0]
    assert after.tolist() == s.run(w).tolist() == [11.0, 12.0]


def test_a_training_step_with_its_variable_gives_the_old_value(s):
    w = gc.Variable(3.0, name="w")
    train = gc.train.GradientDescentOptimizer(0.5).minimize(w * w)
    assert s.run([train, w]) == [None, 3.0]
    assert s.run(w) == 0.0


def test_reads_ordered_after_a_write_see_it(s):
    w = gc.Variable(1.0, name="w")
    with gc.control_dependencies([gc.assign(w, 2.0)]):
        fresh, value = w.read_value() * 1.0, w + 0.0
        add = gc.assign_add(w, 10.0)
    assert s.run([fresh, value, w]) == [2.0, 2.0, 1.0]
    assert s.run(w) == 2.0
    assert s.run(add) == s.run(w) == 12.0


def test_additions_follow_one_another_in_the_order_they_were_made(s):
    w = gc.Variable(1.0, name="w")
    adds = [gc.assign_add(w, 10.0), gc.assign_sub(w, 3.0), gc.assign_add(w, 0.5)]
    assert s.run(adds[::-1]) == [8.5, 8.0, 11.0]
    assert s.run(w) == 8.5


def test_two_assignments_in_no_order_name_both_lines(s):
    w = gc.Variable(1.0, name="w")
    one = gc.assign(w, 2.0)
    two = gc.assign(w, 3.0)
    with pytest.raises(gc.GraphError) as error:
        s.run([one, two])
    for part in ("one = gc.assign", "two = gc.assign", "control_dependencies"):
        assert part in str(error.value)
    assert s.run(w) == 1.0
    with gc.control_dependencies([one]):
        last = gc.assign(w, 4.0)
    assert s.run([one, last]) == [2.0, 4.0]
    assert s.run(w) == 4.0


def test_a_swap_and_updates_that_read_other_elements(s):
    a, b = gc.Variable([1.0, 2.0], name="a"), gc.Variable([3.0, 4.0], name="b")
    w = gc.Variable(np.arange(6.0).reshape(2, 3), name="w")
    m = gc.Variable(np.arange(9.0).reshape(3, 3), name="m")
    s.run([gc.assign(a, b), gc.assign(b, a), gc.assign(w, w[:, ::-1]), gc.assign(m, gc.transpose(m) + m @ m)])
    first = np.arange(9.0).reshape(3, 3)
    assert s.run(a).tolist() == [3.0, 4.0]
    assert s.run(b).tolist() == [1.0, 2.0]
    np.testing.assert_array_equal(s.run(w), [[2, 1, 0], [5, 4, 3]])
    np.testing.assert_allclose(s.run(m), first.T + first @ first)


def test_groups_carry_their_order(s):
    w = gc.Variable(1.0, name="w")
    both = gc.group(gc.assign_add(w, 1.0), gc.assign_add(w, 2.0))
    with gc.control_dependencies([both]):
        value = w.read_value() * 2.0
    assert s.run(both) is None
    assert s.run(value) == 14.0


@pytest.mark.parametrize("bad", [7, -8])
def test_a_failed_run_changes_nothing(s, bad):
    table = gc.Variable(np.arange(12.0, dtype=np.float32).reshape(4, 3), name="table")
    count = gc.Variable(0, name="count")
    ids = gc.placeholder(gc.int32, [None])
    loss = gc.reduce_sum(gc.gather(table, ids) * table[:1])
    train = gc.train.GradientDescentOptimizer(0.1).minimize(loss, global_step=count)
    s.run(train, {ids: [0, 1]})
    before = s.run([table, count])
    with pytest.raises(gc.ExecutionError, match=r"no variable was changed(.|\n)*loss = gc\.reduce_sum"):
        s.run([train, loss], {ids: [0, bad, 1]})
    after = s.run([table, count])
    np.testing.assert_array_equal(before[0], after[0])
    assert before[1] == after[1] == 1
    s.run(train, {ids: [3]})
    assert s.run(count) == 2


def test_a_write_before_a_failing_read_is_undone(s):
    w = gc.Variable(1.0, name="w")
    ids = gc.placeholder(gc.int32, [None])
    with gc.control_dependencies([gc.assign_add(w, 5.0)]):
        picked = gc.gather(np.arange(3.0), ids) + gc.cast(w.read_value(), gc.float64)
    with pytest.raises(gc.ExecutionError):
        s.run(picked, {ids: [3]})
    assert s.run(w) == 1.0
    assert s.run(picked, {ids: [2]}).tolist() == [8.0]
    assert s.run(w) == 6.0


def test_variables_are_initialised_on_first_use_in_the_order_they_need(s):
    a = gc.Variable([2.0, 3.0], name="a")
    b = gc.Variable(a * 10.0, name="b")
    c = gc.Variable(lambda: gc.reduce_sum(b) + 1.0, name="c")
    assert s.run(c) == 51.0
    s.run(gc.assign(a, [0.0, 0.0]))
    assert s.run(b).tolist() == [20.0, 30.0]


def test_the_initializer_sets_values_again(s):
    a, b = gc.Variable([2.0, 3.0], name="a"), gc.Variable(np.ones(2, np.float32), name="b")
    init = gc.global_variables_initializer()
    s.run([gc.assign_add(a, [1.0, 1.0]), gc.assign(b, [7.0, 7.0])])
    s.run(init)
    assert s.run(a).tolist() == [2.0, 3.0]
    assert s.run(b).tolist() == [1.0, 1.0]


def test_a_variable_may_change_its_shape_if_it_says_so(s):
    v = gc.Variable(np.zeros(2, np.float32), validate_shape=False, name="v")
    x = gc.placeholder(gc.float32, [None])
    grow, total, doubled = gc.assign(v, x), gc.reduce_sum(v), gc.assign(v, gc.concat([v, v], 0))
    assert v.shape == [None]
    for size in (5, 3, 0, 9):
        value = np.arange(size, dtype=np.float32)
        np.testing.assert_array_equal(s.run(grow, {x: value}), value)
        np.testing.assert_array_equal(s.run(v), value)
        assert s.run(total) == value.sum()
    assert s.run(doubled).shape == s.run(v).shape == (18,)
    s.run(gc.assign_add(v, np.float32(1.0)))
    assert s.run(total) == 2 * 36 + 18


def test_a_value_of_another_shape_is_refused(s):
    v = gc.Variable(np.zeros((2, 2), np.float32), name="v")
    x = gc.placeholder(gc.float32, [None, 2])
    put = gc.assign(v, x)
    s.run(put, {x: np.ones((2, 2))})
    with pytest.raises(gc.GraphError, match=r"put = gc\.assign"):
        s.run(put, {x: np.zeros((3, 2))})
    np.testing.assert_array_equal(s.run(v), np.ones((2, 2)))
    for wrong in (np.zeros(3, np.float32), gc.placeholder(gc.float32, [3, 2]), gc.placeholder(gc.int32, [2, 2])):
        with pytest.raises(gc.GraphError, match=r"test_state\.py"):
            gc.assign(v, wrong)
    with pytest.raises(TypeError, match="no variable"):
        gc.assign(x, 1.0)


def test_sessions_keep_their_values_apart_unless_they_share_a_store(s):
    v = gc.Variable(1.0, name="v")
    add = gc.assign_add(v, 1.0)
    other, friend = gc.Session(config=s.config), gc.Session(config=s.config, store=s.store)
    for runner in (s, s, other):
        runner.run(add)
    assert [s.run(v), other.run(v), friend.run(v)] == [3.0, 2.0, 3.0]
    v.load(10.0, s)
    assert [s.run(add), other.run(v), friend.run(v), friend.store.load(v)] == [11.0, 2.0, 11.0, 11.0]


def test_a_variable_that_was_fetched_is_a_copy(s):
    v = gc.Variable([1.0, 2.0], name="v")
    held = s.run(v)
    s.run(gc.assign_add(v, [1.0, 1.0]))
    assert held.tolist() == [1.0, 2.0]
    held[:] = 99.0
    assert s.run(v).tolist() == [2.0, 3.0]


@pytest.mark.parametrize("mode", CONFIGS)
def test_functions_update_after_they_have_read(mode):
    a, b = gc.Variable(1.0, name="a"), gc.Variable(10.0, name="b")
    x = gc.placeholder(gc.float32, [], name="x")
    swap = gc.function([x], [a, b], updates={a: b + x, b: a + x}, config=CONFIGS[mode], store=gc.Store())
    assert swap(1.0) == [1.0, 10.0]
    assert swap(x=0.0) == [11.0, 2.0]
    assert swap(0.0) == [2.0, 11.0]


@pytest.mark.parametrize("mode", CONFIGS)
def test_givens_replace_tensors(mode):
    x, y = gc.placeholder(gc.float32, [None], name="x"), gc.placeholder(gc.int32, [], name="y")
    w = gc.Variable(2.0, name="w")
    loss = gc.reduce_sum(x * w)
    (slope,) = gc.gradients(loss, w)
    data = gc.constant(np.arange(12, dtype=np.float32).reshape(4, 3))
    made = {"config": CONFIGS[mode], "store": gc.Store()}
    f = gc.function([y], [loss, slope], updates=[(w, w + 1.0)], givens={x: data[y]}, **made)
    assert f(1) == [24.0, 12.0]
    assert f(3) == [90.0, 30.0]
    assert gc.function([x], loss, givens={w: np.float32(5.0)}, **made)([1.0, 2.0]) == 15.0


def test_functions_say_what_they_take():
    x, y = gc.placeholder(gc.float32, [], name="x"), gc.placeholder(gc.float32, [], name="y")
    f = gc.function([x, y], x - y, mode="interpret")
    assert f(3.0, y=1.0) == f(y=1.0, x=3.0) == 2.0
    for call in (lambda: f(1.0), lambda: f(1.0, 2.0, 3.0), lambda: f(1.0, x=2.0), lambda: f(1.0, z=2.0)):
        with pytest.raises(gc.FeedError, match="y"):
            call()


def test_threads_share_a_session(s):
    w = gc.Variable(np.zeros(64, np.float32), name="w")
    x = gc.placeholder(gc.float32, [None, 64])
    add, total = gc.assign_add(w, gc.reduce_sum(x, 0)), gc.reduce_sum(x * 2.0)
    errors = []

    def work(number):
        for i in range(50):
            rows = 1 + (i + number) % 5
            if s.run(total, {x: np.full((rows, 64), number, np.float32)}) != rows * 128 * number:
                errors.append((number, i))
            s.run(add, {x: np.ones((rows, 64), np.float32)})

    threads = [threading.Thread(target=work, args=(k,)) for k in (1, 2, 3)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not errors
    want = sum(1 + (i + k) % 5 for k in (1, 2, 3) for i in range(50))
    np.testing.assert_array_equal(s.run(w), np.full(64, want))
