"""One node for equal expressions; errors of type rules; sizes taken to be equal."""

from __future__ import annotations

import numpy as np
import pytest

from graphc.ir.dims import symbol
from graphc.ir.dtypes import bool_, float32, float64, int32
from graphc.ir.node import Node
from graphc.ir.types import TensorType
from graphc.ops.assume import collect_assumptions
from graphc.ops.builder import Builder
from graphc.ops.record import REGISTRY, register


def given(b: Builder, *shape: object, dtype: object = float32, index: int = 0) -> Node:
    return b.input(index, TensorType(dtype, shape))  # type: ignore[arg-type]


def test_equal_expressions_are_one_node() -> None:
    b = Builder()
    x = given(b, 3)
    assert x * 2.0 + 1.0 is x * 2.0 + 1.0
    assert b.constant([1.0, 2.0]) is b.constant(np.array([1.0, 2.0]))
    assert b.emit("sum", x, axes=(0,), keepdims=True) is not b.emit("sum", x, axes=(0,), keepdims=False)


def test_different_constants_are_different_nodes() -> None:
    b = Builder()
    assert b.constant(0.0) is not b.constant(-0.0)
    assert b.constant(1, int32) is not b.constant(1, float32)
    assert b.constant(np.zeros((1, 2))) is not b.constant(np.zeros((2, 1)))
    assert b.constant(np.nan) is b.constant(np.nan)


def test_inputs_have_smaller_numbers() -> None:
    b = Builder()
    x = given(b, 3)
    y = b.emit("exp", x * x - 1.0)
    assert all(n.id < y.id for n in y.inputs)


def test_origins_are_united() -> None:
    b = Builder()
    x = given(b, 3)
    for origin in (1, 2):
        b.current_origin = frozenset({origin})
        y = b.emit("exp", x)
    assert b.origins[y] == {1, 2}


@pytest.mark.parametrize(
    ("op", "shapes", "attrs", "message"),
    [
        ("add", ((3, 4), (5,)), {}, r"shapes \(3, 4\) and \(5\) do not broadcast: 4 against 5"),
        ("matmul", ((3, 4), (5, 6)), {"transpose_x": False, "transpose_y": False}, "inner sizes 4 and 5 differ"),
        ("reshape", ((3, 4),), {"shape": (5, 2)}, "12 elements .* do not fill"),
        ("transpose", ((3, 4),), {"perm": (0, 0)}, "not an order of the 2 axes"),
        ("concat", ((3, 4), (2, 5)), {"axis": 0}, "sizes 4 and 5 differ on axis 1"),
        ("slice", ((3, 4),), {"start": (0,), "stop": (1,), "step": (1,)}, "1 starts"),
        ("pad", ((3, 4), ()), {"low": (0,), "high": (0,), "interior": (0,)}, "widths"),
        ("top_k", ((3, 4),), {"k": 5, "dtype": int32}, "5 of 4 elements"),
        ("sort", ((3, 4),), {"axis": 2}, "axis 2 is out of range"),
        ("cumsum", ((3,),), {"axis": 1, "exclusive": False, "reverse": False}, "axis 1 is out of range"),
        ("polygamma", ((3,),), {"order": 0}, "not at least 1"),
    ],
)
def test_type_rules_say_what_does_not_fit(op: str, shapes: tuple, attrs: dict, message: str) -> None:
    b = Builder()
    operands = [given(b, *shape, index=i) for i, shape in enumerate(shapes)]
    with pytest.raises(ValueError, match=message):
        b.emit(op, *operands, **attrs)


def test_type_rules_say_which_element_types_do_not_fit() -> None:
    b = Builder()
    x, i, w = given(b, 3), given(b, 3, dtype=int32), given(b, 3, dtype=float64)
    for operands, op, message in (
        ((x, w), "add", "different element types float32 and float64"),
        ((i,), "exp", "not defined for int32"),
        ((x,), "shl", "not defined for float32"),
    ):
        with pytest.raises(TypeError, match=message):
            b.emit(op, *operands, *([operands[0]] if op == "shl" else []))
    with pytest.raises(TypeError, match="indices are float32, not integers"):
        b.emit("gather", x, w.builder.emit("cast", w, dtype=float32), axis=0, batch_dims=0)
    with pytest.raises(TypeError, match="the condition is float32, not bool"):
        b.emit("select", x, x, x)
    with pytest.raises(TypeError, match="scatter"):
        b.emit("scatter", x, i, w, axis=0, batch_dims=0, mode="add")


def conv(b: Builder, x: tuple, w: tuple, **more: object) -> Node:
    n = len(x) - 2
    attrs = {"strides": (1,) * n, "low": (0,) * n, "high": (0,) * n, "image_dilation": (1,) * n}
    attrs |= {"window_dilation": (1,) * n, "groups": 1, "batch_groups": 1} | more  # type: ignore[dict-item]
    return b.emit("conv", given(b, *x), given(b, *w, index=1), **attrs)


def test_convolution_says_what_does_not_fit() -> None:
    with pytest.raises(ValueError, match=r"3 channels, but the window .* is for 4"):
        conv(Builder(), (1, 5, 5, 3), (2, 2, 4, 8))
    with pytest.raises(ValueError, match="5 features do not divide into 2 groups"):
        conv(Builder(), (1, 5, 5, 4), (2, 2, 2, 5), groups=2)
    with pytest.raises(ValueError, match=r"\[batch, \*spatial, channels\]"):
        conv(Builder(), (1, 5, 5), (2, 2, 4, 8))


def test_convolution_with_unknown_sizes() -> None:
    n, h = symbol("n"), symbol("h")
    y = conv(Builder(), (n, h, 28, 3), (3, 3, 3, 8), strides=(2, 1), low=(1, 1), high=(1, 1))
    assert y.shape == (n, (h - 1) // 2 + 1, 28, 8)


def test_unknown_sizes_are_taken_to_be_equal_and_noted() -> None:
    b, n, m = Builder(), symbol("n"), symbol("m")
    collect_assumptions()
    assert (given(b, n) + given(b, m, index=1)).shape in ((n,), (m,))
    assert collect_assumptions() == [(n, m)]
    with pytest.raises(ValueError, match="do not broadcast"):
        given(b, n) + given(b, n + 1, index=2)
    assert (given(b, n) + given(b, 1, index=3)).shape == (n,)


def test_two_records_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="two records for the operation 'add'"):
        register(REGISTRY["add"])


@pytest.mark.parametrize(
    ("op", "arrays", "attrs", "message"),
    [
        (
            "gather",
            ([1.0, 2.0], [0, 2]),
            {"axis": 0, "batch_dims": 0},
            r"index 2 at position \[1\] .* axis 0 of size 2",
        ),
        ("gather", ([1.0, 2.0], [-1]), {"axis": 0, "batch_dims": 0}, "index -1 "),
        ("gather_nd", ([[1.0]], [[0, 3]]), {"batch_dims": 0}, r"index 3 at position \[0\] .* axis 1 of size 1"),
        ("scatter", ([1.0], [1], [2.0]), {"axis": 0, "batch_dims": 0, "mode": "add"}, "index 1 .* size 1"),
        ("scatter_nd", ([1.0], [[1]], [2.0]), {"batch_dims": 0, "mode": "set"}, "index 1 .* size 1"),
        ("unsorted_segment_sum", ([1.0, 2.0], [0, 3]), {"segments": 3}, r"number 3 at \[1\] is not below 3"),
    ],
)
def test_bad_indices_are_named(op: str, arrays: tuple, attrs: dict, message: str) -> None:
    operands = [np.array(a) for a in arrays]
    with pytest.raises(IndexError, match=message):
        REGISTRY[op].evaluate(*operands, **attrs)
    b = Builder()
    nodes = [b.constant(a) for a in operands]
    source = REGISTRY[op].source(b.emit(op, *nodes, **attrs))  # type: ignore[misc]
    space = {"np": np}
    exec(source.function(), space)
    out = np.zeros(8)
    assert space["kernel"](*(a.reshape(-1) for a in operands), out, *source.sizes) == 1  # type: ignore[operator]


def symbolic(op: str, *values: tuple, **attrs: object) -> object:
    return REGISTRY[op].symbolic(*values, **attrs)  # type: ignore[misc]


def test_shape_arithmetic() -> None:
    n, m = symbol("n"), symbol("m")
    assert symbolic("add", (n, 2), (m,)) == (n + m, m + 2)
    assert symbolic("floordiv", (n * 4, 7), (2,)) == (n * 2, 3)
    assert symbolic("floordiv", (n,), (0,)) is None
    assert symbolic("prod", (n, m, 3), axes=(0,), keepdims=False) == (n * m * 3,)
    assert symbolic("sum", (), axes=(0,), keepdims=False) == (0,)
    assert symbolic("max", (n, n + 2), axes=(0,), keepdims=True) == (n + 2,)
    assert symbolic("max", (), axes=(0,), keepdims=True) is None
    assert symbolic("concat", (n,), (m, 1), axis=0) == (n, m, 1)
    assert symbolic("slice", (n, m, 5), start=(1,), stop=(3,), step=(1,)) == (m, 5)
    assert symbolic("gather", (n, m, 5), (2, 0), axis=0, batch_dims=0) == (5, n)
    assert symbolic("gather", (n, m, 5), (3,), axis=0, batch_dims=0) is None
    assert symbolic("reverse", (n, m), axes=(0,)) == (m, n)
    assert symbolic("broadcast_to", (n,), shape=(3,)) == (n, n, n)
    assert symbolic("maximum", (n,), (n + 1,)) == (n + 1,)
    assert symbolic("cast", (n,), dtype=int32) == (n,)
    assert symbolic("cast", (n,), dtype=bool_) is None
