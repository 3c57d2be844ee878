"""NumPy's methods on tensors give what NumPy's arrays give."""

from typing import Any

import numpy as np
import pytest

import graphc as gc
from tests.both_modes import run_both

A = np.array([[3.0, -1.0, 2.0], [0.5, 4.0, -2.0]])

CASES = {
    "sum": lambda x: x.sum(),
    "sum of rows": lambda x: x.sum(axis=1, keepdims=True),
    "mean": lambda x: x.mean(0),
    "prod": lambda x: x.prod(axis=0),
    "max": lambda x: x.max(axis=1),
    "min": lambda x: x.min(),
    "std": lambda x: x.std(axis=0),
    "var": lambda x: x.var(axis=1),
    "argmax of all": lambda x: x.argmax(),
    "argmin": lambda x: x.argmin(axis=0),
    "argsort": lambda x: x.argsort(axis=1),
    "cumsum of all": lambda x: x.cumsum(),
    "cumprod": lambda x: x.cumprod(axis=1),
    "clip": lambda x: x.clip(-1.0, 2.5),
    "T": lambda x: x.T,
    "transpose": lambda x: x.transpose(1, 0),
    "reshape": lambda x: x.reshape(3, -1),
    "reshape to a tuple": lambda x: x.reshape((6,)),
    "flatten": lambda x: x.flatten(),
    "swapaxes": lambda x: x.swapaxes(0, 1),
    "squeeze": lambda x: x.reshape(1, 6).squeeze(),
    "astype": lambda x: x.astype("int32"),
    "dot": lambda x: x.dot(np.arange(3.0)),
    "dot of matrices": lambda x: x.dot(x.T),
    "repeat": lambda x: x.repeat(2, axis=1),
    "repeat of all": lambda x: x.repeat(3),
    "take": lambda x: x.take([1, 0], axis=1),
    "trace": lambda x: x.trace(),
    "diagonal": lambda x: x.diagonal(),
    "copy": lambda x: x.copy(),
}


@pytest.mark.parametrize("case", list(CASES))
def test_as_numpy(case: str) -> None:
    with gc.Graph().as_default():
        x = gc.placeholder(gc.float64, [None, 3])
        found = run_both(CASES[case](x), {x: A})
    want: Any = CASES[case](A)
    np.testing.assert_allclose(found, want, rtol=1e-14)
    assert found.dtype.kind == np.asarray(want).dtype.kind


def test_ndim_and_size() -> None:
    with gc.Graph().as_default():
        x = gc.placeholder(gc.float64, [None, 3])
        assert x.ndim == 2
        assert gc.placeholder(gc.float64).ndim is None
        assert gc.Variable([1.0, 2.0]).ndim == 1
        assert run_both(x.size, {x: A}) == 6


@pytest.mark.parametrize(
    ("order", "want"), [(1, 12.5), (2, np.sqrt(34.25)), (0, 6.0), (np.inf, 4.0), (3, 108.125 ** (1 / 3))]
)
def test_norms(order: float, want: float) -> None:
    with gc.Graph().as_default():
        x = gc.placeholder(gc.float64, [None, 3])
        assert run_both(x.norm(order), {x: A}) == pytest.approx(want, rel=1e-12)
        rows = run_both(x.norm(order, axis=1), {x: A})
    np.testing.assert_allclose(rows, np.linalg.norm(A, order, axis=1), rtol=1e-12)


def test_dimshuffle_permutes_and_adds_axes() -> None:
    with gc.Graph().as_default():
        x = gc.placeholder(gc.float64, [None, 3])
        found = run_both([x.dimshuffle(1, "x", 0), x.dimshuffle((0, 1, "x")), x[:, :1].dimshuffle(0)], {x: A})
    np.testing.assert_array_equal(found[0], A.T[:, None, :])
    np.testing.assert_array_equal(found[1], A[:, :, None])
    np.testing.assert_array_equal(found[2], A[:, 0])


def test_dimshuffle_refuses_to_drop_a_wide_axis() -> None:
    with gc.Graph().as_default(), pytest.raises(gc.GraphError, match="drops an axis"):
        gc.placeholder(gc.float64, [2, 3]).dimshuffle(0)


@pytest.mark.parametrize(
    "shapes", [((), (3,)), ((3,), (3,)), ((2, 3), (3,)), ((2, 2, 3), (3,)), ((2, 3), (4, 3, 2)), ((2, 2, 3), (3, 2))]
)
def test_dot_is_numpys(shapes: tuple[tuple[int, ...], tuple[int, ...]]) -> None:
    random = np.random.default_rng(0)
    a, b = (random.normal(size=s) for s in shapes)
    with gc.Graph().as_default():
        found = run_both(gc.dot(gc.constant(a), gc.constant(b)))
    np.testing.assert_allclose(found, np.dot(a, b), rtol=1e-12)


def test_a_tensor_has_a_label_and_room_for_notes() -> None:
    with gc.Graph().as_default():
        x = gc.placeholder(gc.float64, [], name="x")
        x.name = "input"
        x.tag.test_value = 1.0
        assert (x.name, x.label, x.tag.test_value) == ("x:0", "input", 1.0)
