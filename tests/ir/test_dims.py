"""Symbolic dimensions against integers."""

from __future__ import annotations

import random
from typing import Any

import pytest

from graphc.ir.dims import (
    Dim,
    DimExpr,
    ceildiv,
    dim_max,
    dim_min,
    floordiv,
    known_positive,
    product,
    row_major_strides,
    substitute,
    symbol,
    symbols,
    to_text,
)

NAMES = ("n", "m", "k")


def random_expression(rng: random.Random, depth: int) -> tuple[Dim, Any]:
    """A dimension, and the same expression as a function of integers."""
    if depth == 0:
        if rng.random() < 0.4:
            value = rng.randint(-4, 6)
            return value, lambda env: value
        name = rng.choice(NAMES)
        return symbol(name), lambda env: env[name]
    (a, fa), (b, fb) = random_expression(rng, depth - 1), random_expression(rng, depth - 1)
    kind = rng.choice(["add", "sub", "mul", "div", "mod", "min", "max", "ceil"])
    divisor = rng.randint(1, 7)
    if kind == "add":
        return a + b, lambda env: fa(env) + fb(env)
    if kind == "sub":
        return a - b, lambda env: fa(env) - fb(env)
    if kind == "mul":
        return a * b, lambda env: fa(env) * fb(env)
    if kind == "div":
        return floordiv(a, divisor), lambda env: fa(env) // divisor
    if kind == "mod":
        return a % divisor, lambda env: fa(env) % divisor
    if kind == "ceil":
        return ceildiv(a, divisor), lambda env: -(-fa(env) // divisor)
    if kind == "min":
        return dim_min(a, b), lambda env: min(fa(env), fb(env))
    return dim_max(a, b), lambda env: max(fa(env), fb(env))


@pytest.mark.parametrize("seed", range(300))
def test_expressions_have_the_value_of_integer_arithmetic(seed: int) -> None:
    rng = random.Random(seed)
    expression, function = random_expression(rng, rng.randint(1, 4))
    for _ in range(4):
        env = {name: rng.randint(1, 40) for name in NAMES}
        expected = function(env)
        assert substitute(expression, dict(env)) == expected
        assert eval(to_text(expression), dict(env)) == expected
        if known_positive(expression):
            assert expected >= 1


@pytest.mark.parametrize("seed", range(100))
def test_normal_form_does_not_depend_on_the_order_of_operations(seed: int) -> None:
    rng = random.Random(seed)
    a, b, c = (random_expression(rng, 2)[0] for _ in range(3))
    assert a + (b + c) == (c + a) + b
    assert a * (b + c) == c * a + b * a
    assert a - b == -(b - a)
    assert hash(a * b + c) == hash(c + b * a)
    assert (a + b) - b == a


def test_division() -> None:
    n, m = symbol("n"), symbol("m")
    assert floordiv(n * 6 + 3, 3) == n * 2 + 1
    assert floordiv(n * m * 4, n * 2) == m * 2
    assert floordiv(n * 6, 4) == floordiv(n * 3, 2)
    assert floordiv(n + m, n + m) == 1
    with pytest.raises(ZeroDivisionError, match="divided by 0"):
        floordiv(n, 0)
    assert substitute(n % m, {"n": 17, "m": 5}) == 2


def test_extremes_of_what_differs_by_a_constant_are_decided() -> None:
    n = symbol("n")
    assert dim_max(n + 1, n) == n + 1
    assert dim_min(n - 2, n) == n - 2
    assert isinstance(dim_max(n, 3), DimExpr)


def test_partial_substitution_keeps_other_symbols() -> None:
    n, m = symbol("n"), symbol("m")
    assert substitute(dim_max(n, m) + n, {"n": m}) == m * 2
    assert symbols(floordiv(n, 2) * m) == {"n", "m"}
    assert symbols(7) == set()


def test_strides_and_products() -> None:
    n = symbol("n")
    assert row_major_strides((n, 3, 4)) == (12, 4, 1)
    assert row_major_strides((2, n)) == (n, 1)
    assert product(()) == 1
    assert product((n, 2, n)) == n * n * 2


def test_truth_of_an_unknown_size_is_refused() -> None:
    with pytest.raises(TypeError, match="known only at run time"):
        bool(symbol("n"))
