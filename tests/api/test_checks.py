"""Checked values, assertions and printed values, in both modes."""

import numpy as np
import pytest

import graphc as gc


@pytest.fixture(params=["compile", "interpret"])
def session(request):
    with gc.Graph().as_default(), gc.Session(mode=request.param) as session:
        yield session


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_check_numerics_names_the_value_the_message_and_the_line(session, wrong):
    x = gc.placeholder(gc.float32, [None], name="x")
    total = gc.Variable(np.zeros(3, np.float32), name="total")
    checked = gc.check_numerics(x * 2.0, "the doubled x")
    step = gc.assign_add(total, checked + 1.0)
    assert session.run(step, {x: [1, 2, 3]}).tolist() == [3, 5, 7]
    with pytest.raises(gc.ExecutionError, match=r"the doubled x: the value at position \[1\] of \[3\] is") as raised:
        session.run(step, {x: [1, wrong, 3]})
    assert "test_checks.py" in str(raised.value)
    assert session.run(total).tolist() == [3, 5, 7]


def test_gradients_pass_through_check_numerics(session):
    x = gc.constant([1.0, 2.0])
    (slope,) = gc.gradients(gc.reduce_sum(gc.square(gc.check_numerics(x))), [x])
    assert session.run(slope).tolist() == [2, 4]


def test_an_assertion_fails_the_run_before_anything_changes(session):
    x = gc.placeholder(gc.float32, [None], name="x")
    count = gc.Variable(0.0, name="count")
    with gc.control_dependencies([gc.assert_that(x > 0.0, [x])]):
        step = gc.assign_add(count, gc.reduce_sum(x))
    assert session.run(step, {x: [1, 2]}) == 3
    with pytest.raises(gc.ExecutionError, match="an assertion does not hold: x:0") as raised:
        session.run(step, {x: [1, -2]})
    assert "test_checks.py" in str(raised.value)
    assert session.run(count) == 3


def test_an_assertion_can_be_fetched(session):
    x = gc.placeholder(gc.int32, [])
    positive = gc.assert_that(gc.greater(x, 0), message="too small")
    assert session.run(positive, {x: 1}) is None
    with pytest.raises(gc.ExecutionError, match="too small"):
        session.run(positive, {x: 0})


def test_add_check_numerics_ops_finds_the_gradient(session):
    x = gc.placeholder(gc.float32, [None], name="x")
    (slope,) = gc.gradients(gc.reduce_sum(gc.sqrt(x)), [x])
    doubled = slope * 2.0
    check = gc.add_check_numerics_ops()
    assert session.run([doubled, check], {x: [4.0]})[0].tolist() == [0.5]
    with pytest.raises(gc.ExecutionError, match=r"gradient.*holds NaN or infinity, made at .*test_checks\.py"):
        session.run([doubled, check], {x: [4.0, 0.0]})


def test_print(session, capsys):
    x = gc.placeholder(gc.float32, [None])
    seen = gc.Print(x * 2.0, [x, gc.shape(x)], "x and its shape: ", first_n=2, summarize=2)
    total = gc.reduce_sum(seen)
    for _ in range(3):
        assert session.run(total, {x: [1, 2, 3]}) == 12
    assert session.run(x + 1.0, {x: [1]}) == 2
    assert capsys.readouterr().err == "x and its shape: [1.0 2.0...][3]\n" * 2


def test_print_in_a_loop_prints_in_every_step_once(session, capsys):
    def body(i, x):
        return i + 1, gc.Print(x * w, [i, x], "step ", first_n=2)

    w = gc.Variable(3.0)
    _, x = gc.while_loop(lambda i, x: i < 3, body, [0, 1.0])
    value, (slope,) = session.run([x, gc.gradients(x, w)])
    assert value == 27.0
    assert slope == 27.0
    assert capsys.readouterr().err == "step [0][1.0]\nstep [1][3.0]\n"


@pytest.mark.parametrize("kind", ["while_loop", "scan", "inner"])
def test_print_is_not_dropped_where_no_one_uses_the_value(session, capsys, kind):
    if kind == "scan":
        found = gc.foldl(lambda a, x: (a[0] + 1, gc.Print(a[1] + x, [x], "seen ")), [4.0, 5.0], (0, 0.0))
    else:
        found = gc.while_loop(lambda i, x: i < 2, lambda i, x: (i + 1, gc.Print(x, [i + 4.0], "seen ")), [0, 1.0])
    count = found[0]
    if kind == "inner":
        count = gc.cond(gc.constant(1.0) > 0, lambda: gc.identity(count), lambda: 0)
    assert session.run(count) == 2
    assert capsys.readouterr().err == "seen [4.0]\nseen [5.0]\n"


def test_an_assertion_in_a_loop_fails_the_run_in_its_step(session):
    def body(i, x):
        with gc.control_dependencies([gc.assert_that(x < limit, [x], "too large")]):
            return gc.identity(i + 1), x * 2.0

    limit = gc.placeholder(gc.float32, [])
    written = gc.Variable(0)
    last, _ = gc.while_loop(lambda i, x: i < 3, body, [0, 1.0])
    step = gc.assign(written, last)
    assert session.run(step, {limit: 4.5}) == 3
    with pytest.raises(gc.ExecutionError, match="too large") as raised:
        session.run(gc.assign_add(written, last), {limit: 3.5})
    assert "test_checks.py" in str(raised.value)
    assert session.run(written) == 3


def test_an_assertion_alone_in_a_branch(session):
    flag, x = gc.placeholder(gc.bool, []), gc.placeholder(gc.float32, [])
    checked = gc.cond(flag, lambda: gc.assert_that(x > 0, message="not positive"), lambda: gc.no_op())
    assert session.run(checked, {flag: False, x: -1.0}) is None
    assert session.run(checked, {flag: True, x: 1.0}) is None
    with pytest.raises(gc.ExecutionError, match="not positive"):
        session.run(checked, {flag: True, x: -1.0})


def test_the_condition_of_a_loop_may_print(session, capsys):
    last = gc.while_loop(lambda i: gc.Print(i < 2, [i], "at "), lambda i: i + 1, [0])
    assert session.run(last) == 2
    assert capsys.readouterr().err == "at [0]\nat [1]\nat [2]\n"


def test_check_numerics_checks_in_a_loop(session):
    start = gc.placeholder(gc.float32, [])
    last = gc.while_loop(lambda x: x < 10.0, lambda x: gc.check_numerics(gc.log(x) + x, "in the loop"), [start])
    assert session.run(last, {start: 5.0}) > 10
    with pytest.raises(gc.ExecutionError, match="in the loop"):
        session.run(last, {start: -1.0})
