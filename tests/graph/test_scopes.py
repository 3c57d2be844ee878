"""Variable scopes: names, reuse, inherited defaults, errors."""

import numpy as np
import pytest

import graphc as gc


@pytest.fixture(autouse=True)
def graph():
    with gc.Graph().as_default() as g:
        yield g


def test_names_and_reuse():
    with gc.variable_scope("a") as scope:
        w = gc.get_variable("w", [2, 3])
        with gc.variable_scope("b"):
            v = gc.get_variable("v", [1], initializer=gc.ones)
        y = gc.identity(w, name="y")
    assert (w.name, v.name, y.name) == ("a/w:0", "a/b/v:0", "a/y:0")
    with gc.variable_scope("a", reuse=True):
        assert gc.get_variable("w") is w
        assert gc.identity(w, name="y").name == "a_1/y:0"
        with gc.variable_scope("b"):
            assert gc.get_variable("v") is v
    with gc.variable_scope("elsewhere"), gc.variable_scope(scope, reuse=gc.AUTO_REUSE):
        assert gc.get_variable("w", [2, 3]) is w
        assert gc.get_variable("new", [4]).name == "a/new:0"
    assert scope.trainable_variables()[0] is w


def test_default_names_are_numbered_and_start_again_on_reuse():
    def network():
        names = []
        for _ in range(2):
            with gc.variable_scope(None, default_name="dense"):
                names.append(gc.get_variable("kernel", [1]).name)
        return names

    assert network() == ["dense/kernel:0", "dense_1/kernel:0"]
    with gc.variable_scope("net"):
        first = network()
    with gc.variable_scope("net", reuse=True):
        assert network() == first == ["net/dense/kernel:0", "net/dense_1/kernel:0"]


def test_reuse_is_handed_down_and_can_be_switched_on():
    with gc.variable_scope("s"):
        w = gc.get_variable("w", [2])
        gc.get_variable_scope().reuse_variables()
        assert gc.get_variable("w") is w
    assert gc.get_variable_scope().reuse is False


def test_initializers_and_regularizers():
    given = gc.get_variable("given", initializer=np.arange(3.0))
    number = gc.get_variable("number", initializer=7)
    filled = gc.get_variable("filled", [2], initializer=3.5)
    made = gc.get_variable("made", [2, 2], initializer=lambda shape, dtype: np.full(shape, 2.0, dtype.np))
    zeros = gc.get_variable("zeros", [3], dtype=gc.int32)
    with gc.variable_scope("r", regularizer=lambda v: gc.reduce_sum(gc.square(v)), initializer=gc.ones):
        w = gc.get_variable("w", [5])
    default = gc.get_variable("default", [30, 20])
    (penalty,) = gc.get_default_graph().get_collection("regularization_losses")
    with gc.Session(mode="interpret") as s:
        assert s.run([given, number, filled])[0].dtype == np.float64
        assert s.run(number) == 7
        assert s.run(number).dtype == np.int32
        assert s.run([filled, zeros, w])[2].tolist() == [1.0] * 5
        assert s.run(made).tolist() == [[2.0, 2.0]] * 2
        assert s.run(penalty) == 5.0
        values = s.run(default)
    limit = np.sqrt(6.0 / 50)
    assert abs(values).max() <= limit
    assert abs(values).max() > 0.9 * limit
    assert abs(values.mean()) < 0.05


def test_errors_say_what_to_do():
    first = gc.get_variable("w", [2])
    with pytest.raises(gc.GraphError, match=r"already exists.*reuse=True") as error:
        gc.get_variable("w", [2])
    assert "first = gc.get_variable" in str(error.value)
    assert first.shape == [2]
    with pytest.raises(gc.GraphError, match=r"does not exist.*AUTO_REUSE"), gc.variable_scope("s", reuse=True):
        gc.get_variable("w", [2])
    with (
        pytest.raises(gc.GraphError, match=r"shape \(3,\) and found shape \(2,\)"),
        gc.variable_scope("", reuse=True),
    ):
        gc.get_variable("w", [3])
    with pytest.raises(gc.GraphError, match="fully defined"):
        gc.get_variable("open", [None, 2])
