"""Expressions are hash-consed."""

import math
import pickle

import pytest

from graphc.loops.expr import Expr, postorder


def test_equal_expressions_are_one_object_even_when_deeply_shared():
    def chain():
        x = Expr("index", (), "int64", 0)
        for _ in range(200):
            x = Expr("mul", (x, x), "int64")
        return x

    assert chain() is chain()
    assert len(postorder((chain(),))) == 201


@pytest.mark.parametrize(("left", "right"), [(0.0, -0.0), (1, 1.0), (True, 1)])
def test_constants_that_compare_equal_stay_apart(left, right):
    assert Expr("const", (), "float32", left) is not Expr("const", (), "float32", right)


def test_nan_constant_equals_itself():
    assert Expr("const", (), "float32", math.nan) is Expr("const", (), "float32", float("nan"))


def test_pickle_and_immutability():
    x = Expr("exp", (Expr("const", (), "float64", 1.5),), "float64")
    assert pickle.loads(pickle.dumps(x)) is x
    with pytest.raises(AttributeError):
        x.op = "log"
