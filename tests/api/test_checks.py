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


def test_nothing_is_printed_from_a_loop(session):
    with pytest.warns(UserWarning, match="nothing is printed from inside a loop"):
        last = gc.while_loop(lambda i: i < 3, lambda i: gc.Print(i + 1, [i]), [0])
    assert session.run(last) == 3


def test_nothing_is_asserted_in_a_loop_and_a_warning_says_so(session):
    def body(i):
        with gc.control_dependencies([gc.assert_that(i < 0)]):
            return gc.identity(i + 1)

    with pytest.warns(UserWarning, match="nothing is checked inside a loop"):
        last = gc.while_loop(lambda i: i < 3, body, [0])
    assert session.run(last) == 3


def test_check_numerics_checks_in_a_loop(session):
    start = gc.placeholder(gc.float32, [])
    last = gc.while_loop(lambda x: x < 10.0, lambda x: gc.check_numerics(gc.log(x) + x, "in the loop"), [start])
    assert session.run(last, {start: 5.0}) > 10
    with pytest.raises(gc.ExecutionError, match="in the loop"):
        session.run(last, {start: -1.0})
