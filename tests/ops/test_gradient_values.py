"""Gradients at ties, zeros, kinks and infinities: what the rules are held to where finite differences say nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from graphc.autodiff.reverse import vjp
from graphc.interp.evaluate import evaluate_nodes
from graphc.ir.dtypes import as_dtype, float64, int64
from graphc.ir.node import Node
from graphc.ir.types import TensorType
from graphc.ops.builder import Builder

INF, NAN = np.inf, np.nan


def gradient(op: str, *values: Any, cotangent: Any = None, **attrs: Any) -> list[Any]:
    """Cotangents of the floating operands for a cotangent of ones, or the given one."""
    arrays = [np.asarray(v, np.float64 if np.asarray(v).dtype.kind == "f" else None) for v in values]
    b = Builder()
    inputs = [b.input(i, TensorType(as_dtype(a.dtype), a.shape)) for i, a in enumerate(arrays)]
    node = b.emit(op, *inputs, **attrs)
    seed = b.full(1.0, node.dtype, node.shape) if cotangent is None else b.constant(np.asarray(cotangent, np.float64))
    wanted = [i for i in inputs if i.dtype.is_floating]
    found = [g for g in vjp([node], wanted, [seed]) if g is not None]
    known = evaluate_nodes(found, arrays, (), {})
    return [known[g] for g in found]


@pytest.mark.parametrize(
    ("op", "x", "expected"),
    [
        ("abs", [0.0, -0.0, -2.0, INF, NAN], [0.0, 0.0, -1.0, 1.0, NAN]),
        ("relu", [0.0, -1.0, 2.0, INF, NAN], [0.0, 0.0, 1.0, 1.0, 0.0]),
        ("sqrt", [0.0, 4.0, INF], [INF, 0.25, 0.0]),
        ("rsqrt", [INF, 4.0], [0.0, -0.0625]),
        ("square", [0.0, INF], [0.0, INF]),
        ("log", [0.0, -0.0, INF], [INF, -INF, 0.0]),
        ("log1p", [-1.0, INF], [INF, 0.0]),
        ("exp", [-INF, INF], [0.0, INF]),
        ("expm1", [-INF, 0.0], [0.0, 1.0]),
        ("tanh", [-INF, INF, 0.0], [0.0, 0.0, 1.0]),
        ("sigmoid", [-INF, INF, 0.0], [0.0, 0.0, 0.25]),
        ("softplus", [-INF, INF, 0.0], [0.0, 1.0, 0.5]),
        ("asin", [1.0, -1.0, 0.0], [INF, INF, 1.0]),
        ("acos", [1.0, -1.0, 0.0], [-INF, -INF, -1.0]),
        ("acosh", [1.0, INF], [INF, 0.0]),
        ("asinh", [INF, -INF], [0.0, 0.0]),
        ("atanh", [1.0, -1.0], [INF, INF]),
        ("erf", [INF, -INF], [0.0, 0.0]),
        ("cbrt", [0.0, 8.0], [INF, 1 / 12]),
        ("floor", [0.0, 2.5, INF], [0.0, 0.0, 0.0]),
        ("sign", [0.0, 2.5, NAN], [0.0, 0.0, 0.0]),
    ],
)
def test_one_operand(op: str, x: list[float], expected: list[float]) -> None:
    (found,) = gradient(op, x)
    np.testing.assert_allclose(found, expected, rtol=1e-14)


@pytest.mark.parametrize(
    ("op", "x", "y", "dx", "dy"),
    [
        ("maximum", [1.0, 2.0, NAN, INF], [1.0, 3.0, 1.0, INF], [0.5, 0.0, 0.0, 0.5], [0.5, 1.0, 0.0, 0.5]),
        ("minimum", [1.0, 2.0, NAN], [1.0, 3.0, 1.0], [0.5, 1.0, 0.0], [0.5, 0.0, 0.0]),
        ("logaddexp", [INF, 0.0, -INF], [0.0, INF, -INF], [1.0, 1.0, NAN], [1.0, 1.0, NAN]),
        ("atan2", [0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [1.0, NAN, 0.0], [0.0, NAN, -1.0]),
        ("pow", [0.0, 0.0, 0.0, 2.0], [2.0, 1.0, 0.5, 0.0], [0.0, 1.0, INF, 0.0], [0.0, 0.0, 0.0, np.log(2.0)]),
        ("div", [1.0, 0.0], [0.0, INF], [INF, 0.0], [-INF, 0.0]),
    ],
)
def test_two_operands(op: str, x: list[float], y: list[float], dx: list[float], dy: list[float]) -> None:
    found = gradient(op, x, y)
    np.testing.assert_allclose(found[0], dx, rtol=1e-14)
    np.testing.assert_allclose(found[1], dy, rtol=1e-14)


@pytest.mark.parametrize("exponent", [0, 1, 2, 3])
def test_constant_whole_powers_at_zero_in_every_order(exponent: int) -> None:
    b = Builder()
    x = b.input(0, TensorType(float64, ()))
    node: Node | None = b.emit("pow", x, float(exponent))
    polynomial = np.polynomial.Polynomial.basis(exponent)
    for order in range(1, 4):
        if node is not None:
            (node,) = vjp([node], [x], [b.constant(1.0, float64)])
        expected = polynomial.deriv(order)(0.0)
        assert expected == (0.0 if node is None else evaluate_nodes([node], [np.float64(0)], (), {})[node])


def test_reductions_share_between_ties_and_spread_nan() -> None:
    attrs = {"axes": (1,), "keepdims": False}
    (found,) = gradient("max", [[1.0, 3.0, 3.0], [INF, INF, INF], [1.0, NAN, 2.0]], **attrs)
    np.testing.assert_array_equal(found, [[0, 0.5, 0.5], [1 / 3] * 3, [NAN] * 3])
    (found,) = gradient("min", [[1.0, 1.0, 3.0]], **attrs)
    np.testing.assert_array_equal(found, [[0.5, 0.5, 0]])


def test_products_are_right_at_zeros() -> None:
    x = [[2.0, 0.0, 3.0], [0.0, 0.0, 5.0], [2.0, 3.0, 4.0]]
    (found,) = gradient("prod", x, axes=(1,), keepdims=False)
    np.testing.assert_array_equal(found, [[0, 6, 0], [0, 0, 0], [12, 8, 6]])
    (found,) = gradient("cumprod", x, axis=1, exclusive=False, reverse=False)
    np.testing.assert_array_equal(found, [[1, 8, 0], [1, 0, 0], [16, 10, 6]])
    flags = {"axis": 0, "batch_dims": 0, "mode": "mul"}
    operand, updates = gradient("scatter", [2.0, 0.0, 3.0], [0, 0, 1, 2, 2], [0.0, 5.0, 7.0, 0.0, 0.0], **flags)
    np.testing.assert_array_equal(operand, [0, 7, 0])
    np.testing.assert_array_equal(updates, [10, 0, 0, 0, 0])


def test_of_repeated_updates_only_the_last_counts() -> None:
    flags = {"axis": 0, "batch_dims": 0, "mode": "set"}
    operand, updates = gradient("scatter", [1.0, 2.0, 3.0], [1, 1, 2], [4.0, 5.0, 6.0], **flags)
    np.testing.assert_array_equal(operand, [1, 0, 0])
    np.testing.assert_array_equal(updates, [0, 1, 1])


def test_scattered_extremes_share_between_ties() -> None:
    flags = {"axis": 0, "batch_dims": 0, "mode": "max"}
    operand, updates = gradient("scatter", [1.0, 5.0, 3.0], [0, 0, 1, 2], [4.0, 4.0, 2.0, 3.0], **flags)
    np.testing.assert_array_equal(operand, [0, 1, 0.5])
    np.testing.assert_array_equal(updates, [0.5, 0.5, 0, 0.5])


def test_a_window_gives_its_gradient_to_its_first_maximum() -> None:
    attrs = {"window": (2, 2), "strides": (2, 2), "low": (0, 0), "high": (0, 0)}
    (found,) = gradient("window_max", [[1.0, 3.0, NAN, 1.0], [3.0, 3.0, 2.0, NAN]], **attrs)
    np.testing.assert_array_equal(found, [[0, 1, 1, 0], [0, 0, 0, 0]])
    padded = {"window": (3,), "strides": (1,), "low": (1,), "high": (1,)}
    (found,) = gradient("window_max", [-INF, -INF], **padded)
    np.testing.assert_array_equal(found, [2, 0])


def test_sorting_returns_gradients_to_where_elements_came_from() -> None:
    (found,) = gradient("sort", [3.0, 1.0, 3.0, 2.0], axis=0, cotangent=[1.0, 2.0, 3.0, 4.0])
    np.testing.assert_array_equal(found, [3, 1, 4, 2])


def test_running_maximum_follows_the_last_element_that_attained_it() -> None:
    flags = {"axis": 0, "exclusive": False, "reverse": False}
    (found,) = gradient("cummax", [1.0, 3.0, 3.0, 2.0], **flags)
    np.testing.assert_array_equal(found, [1, 1, 2, 0])


def test_dropped_rows_have_no_gradient() -> None:
    (found,) = gradient("unsorted_segment_sum", [1.0, 2.0, 3.0], np.array([1, -1, 0]), segments=2, cotangent=[5.0, 7.0])
    np.testing.assert_array_equal(found, [7, 0, 5])


def test_the_branch_not_taken_does_not_spoil_the_gradient() -> None:
    _, y = gradient("select", np.array([True, False]), [1.0, 2.0], [3.0, 4.0], cotangent=[INF, 1.0])
    np.testing.assert_array_equal(y, [0, 1])


def test_integers_have_no_gradient() -> None:
    b = Builder()
    x = b.input(0, TensorType(float64, (3,)))
    whole = b.emit("cast", x, dtype=int64)
    assert vjp([b.emit("cast", whole, dtype=float64)], [x], [b.full(1.0, float64, (3,))]) == [None]
