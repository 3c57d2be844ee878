"""Theano's names give what NumPy gives; what is not there says what to use."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import graphc as gc
import graphc.compat.theano as theano
import graphc.compat.theano.tensor as T
from graphc.compat.theano.tensor.shared_randomstreams import RandomStreams

A = np.array([[3.0, -1.0, 2.0], [0.5, 4.0, -2.0]])
B = np.array([[1.0, 2.0, 0.5], [2.0, 1.0, 3.0]])


@pytest.fixture(autouse=True)
def own_graph() -> Iterator[None]:
    with gc.Graph().as_default():
        yield


def value(function: Callable[..., Any], *operands: Any) -> Any:
    """What a function of symbolic inputs gives, by the interpreter: names are tested here, not kernels."""
    inputs = [T.TensorType(np.asarray(o).dtype.name, (False,) * np.ndim(o))() for o in operands]
    return theano.function(inputs, function(*inputs), mode="interpret", on_unused_input="ignore")(*operands)


CASES: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "eq": (lambda x, y: T.eq(x, y), lambda a, b: a == b),
    "neq": (lambda x, y: T.neq(x, y), lambda a, b: a != b),
    "lt": (lambda x, y: T.lt(x, y), lambda a, b: a < b),
    "ge": (lambda x, y: T.ge(x, y), lambda a, b: a >= b),
    "switch": (lambda x, y: T.switch(T.gt(x, 0), x, y), lambda a, b: np.where(a > 0, a, b)),
    "switch of numbers": (lambda x, y: T.switch(x > 0, 0.1, 0.2), lambda a, b: np.where(a > 0, 0.1, 0.2)),
    "sqr": (lambda x, y: T.sqr(x), lambda a, b: a * a),
    "sgn": (lambda x, y: T.sgn(x), lambda a, b: np.sign(a)),
    "abs_": (lambda x, y: T.abs_(x), lambda a, b: abs(a)),
    "exp": (lambda x, y: T.exp(x), lambda a, b: np.exp(a)),
    "log1p": (lambda x, y: T.log1p(y), lambda a, b: np.log1p(b)),
    "inv": (lambda x, y: T.inv(y), lambda a, b: 1 / b),
    "power": (lambda x, y: T.power(y, 3), lambda a, b: b**3),
    "maximum": (lambda x, y: T.maximum(x, y), lambda a, b: np.maximum(a, b)),
    "clip": (lambda x, y: T.clip(x, -1, 2), lambda a, b: np.clip(a, -1, 2)),
    "int_div": (lambda x, y: T.int_div(x, y), lambda a, b: a // b),
    "arctan2": (lambda x, y: T.arctan2(x, y), lambda a, b: np.arctan2(a, b)),
    "sum of three": (lambda x, y: T.add(x, y, x), lambda a, b: a + b + a),
    "sum": (lambda x, y: T.sum(x, axis=0), lambda a, b: a.sum(0)),
    "sum over two axes": (lambda x, y: T.sum(x, axis=(0, 1)), lambda a, b: a.sum()),
    "mean": (lambda x, y: T.mean(x), lambda a, b: a.mean()),
    "prod": (lambda x, y: T.prod(x, axis=1), lambda a, b: a.prod(1)),
    "max": (lambda x, y: T.max(x, axis=1, keepdims=True), lambda a, b: a.max(1, keepdims=True)),
    "var": (lambda x, y: T.var(x, axis=0), lambda a, b: a.var(0)),
    "std": (lambda x, y: T.std(x), lambda a, b: a.std()),
    "argmax": (lambda x, y: T.argmax(x), lambda a, b: a.argmax()),
    "argmax of rows": (lambda x, y: T.argmax(x, axis=1, keepdims=True), lambda a, b: a.argmax(1)[:, None]),
    "argmin": (lambda x, y: T.argmin(x, axis=0), lambda a, b: a.argmin(0)),
    "max_and_argmax": (lambda x, y: T.max_and_argmax(x, axis=1)[1], lambda a, b: a.argmax(1)),
    "any": (lambda x, y: T.any(x > 3.5, axis=1), lambda a, b: (a > 3.5).any(1)),
    "ptp": (lambda x, y: T.ptp(x, axis=0), lambda a, b: np.ptp(a, 0)),
    "dot": (lambda x, y: T.dot(x, y.T), lambda a, b: a @ b.T),
    "outer": (lambda x, y: T.outer(x[0], y[0]), lambda a, b: np.outer(a[0], b[0])),
    "tensordot": (lambda x, y: T.tensordot(x, y, [[0, 1], [0, 1]]), lambda a, b: np.sum(a * b)),
    "batched_dot": (
        lambda x, y: T.batched_dot(T.stack([x, y]), T.stack([y.T, x.T])), lambda a, b: np.stack([a @ b.T, b @ a.T]),
    ),
    "batched_dot of rows": (lambda x, y: T.batched_dot(x, y), lambda a, b: (a * b).sum(1)),
    "concatenate": (lambda x, y: T.concatenate([x, y], axis=1), lambda a, b: np.concatenate([a, b], 1)),
    "join": (lambda x, y: T.join(0, x, y), lambda a, b: np.concatenate([a, b])),
    "stack of arguments": (lambda x, y: T.stack(x, y), lambda a, b: np.stack([a, b])),
    "stack along an axis": (lambda x, y: T.stack([x, y], axis=2), lambda a, b: np.stack([a, b], 2)),
    "stacklists": (lambda x, y: T.stacklists([[x[0, 0], y[0, 0]], [1.0, 2.0]]), lambda a, b: [[3, 1], [1, 2]]),
    "split": (lambda x, y: T.split(x, [1, 2], 2, axis=1)[1], lambda a, b: a[:, 1:]),
    "reshape by its shape": (lambda x, y: T.reshape(x, (x.shape[1], -1)), lambda a, b: a.reshape(3, 2)),
    "reshape with ndim": (lambda x, y: x.reshape((x.shape[0] * x.shape[1],), ndim=1), lambda a, b: a.ravel()),
    "flatten": (lambda x, y: T.flatten(x), lambda a, b: a.ravel()),
    "shape": (lambda x, y: T.shape(x), lambda a, b: a.shape),
    "shape as a tensor": (lambda x, y: T.prod(x.shape), lambda a, b: a.size),
    "unpacked shape": (lambda x, y: T.zeros(tuple(x.shape)), lambda a, b: np.zeros(a.shape)),
    "sliced shape": (lambda x, y: T.ones(x.shape[1:]), lambda a, b: np.ones(3)),
    "shape_padright": (lambda x, y: T.shape_padright(x, 2), lambda a, b: a[:, :, None, None]),
    "shape_padleft": (lambda x, y: T.shape_padleft(x), lambda a, b: a[None]),
    "dimshuffle": (lambda x, y: x.dimshuffle(1, "x", 0), lambda a, b: a.T[:, None]),
    "swapaxes": (lambda x, y: T.swapaxes(x, 0, 1), lambda a, b: a.T),
    "repeat": (lambda x, y: T.repeat(x, 2, axis=0), lambda a, b: np.repeat(a, 2, 0)),
    "tile": (lambda x, y: T.tile(x, (2, 1, 2)), lambda a, b: np.tile(a, (2, 1, 2))),
    "tile of fewer axes": (lambda x, y: T.tile(x, (3,)), lambda a, b: np.tile(a, 3)),
    "roll": (lambda x, y: T.roll(x, 2, axis=1), lambda a, b: np.roll(a, 2, 1)),
    "roll of all": (lambda x, y: T.roll(x, -1), lambda a, b: np.roll(a, -1)),
    "sort": (lambda x, y: T.sort(x), lambda a, b: np.sort(a)),
    "argsort": (lambda x, y: T.argsort(x, axis=0), lambda a, b: np.argsort(a, 0)),
    "take": (lambda x, y: T.take(x, [2, 0], axis=1), lambda a, b: a[:, [2, 0]]),
    "diag": (lambda x, y: T.diag(x[0]), lambda a, b: np.diag(a[0])),
    "trace": (lambda x, y: T.trace(x[:, :2]), lambda a, b: np.trace(a[:, :2])),
    "tril": (lambda x, y: T.tril(x), lambda a, b: np.tril(a)),
    "triu": (lambda x, y: T.triu(x, 1), lambda a, b: np.triu(a, 1)),
    "arange": (lambda x, y: T.arange(x.shape[1]) * 2, lambda a, b: np.arange(3) * 2),
    "arange of floats": (lambda x, y: T.arange(0, 1, 0.25), lambda a, b: np.arange(0, 1, 0.25)),
    "eye": (lambda x, y: T.eye(x.shape[1], k=1), lambda a, b: np.eye(3, k=1)),
    "identity_like": (lambda x, y: T.identity_like(x.dot(y.T)), lambda a, b: np.eye(2)),
    "alloc": (lambda x, y: T.alloc(2.5, x.shape[1], 2), lambda a, b: np.full((3, 2), 2.5)),
    "fill": (lambda x, y: T.fill(x, 7), lambda a, b: np.full((2, 3), 7.0)),
    "zeros_like": (lambda x, y: T.zeros_like(x), lambda a, b: np.zeros_like(a)),
    "cumsum": (lambda x, y: T.cumsum(x, axis=1), lambda a, b: np.cumsum(a, 1)),
    "cumsum of all": (lambda x, y: T.extra_ops.cumsum(x), lambda a, b: np.cumsum(a)),
    "diff": (lambda x, y: T.extra_ops.diff(x, axis=1), lambda a, b: np.diff(a, axis=1)),
    "set_subtensor": (lambda x, y: T.set_subtensor(x[:, 1], 0), lambda a, b: a * [1, 0, 1]),
    "inc_subtensor": (lambda x, y: T.inc_subtensor(x[0, 1:], 1), lambda a, b: a + np.array([[0, 1, 1], [0, 0, 0]])),
    "logsumexp": (lambda x, y: T.logsumexp(x, axis=1), lambda a, b: np.log(np.exp(a).sum(1))),
    "nonzero": (lambda x, y: x[T.nonzero(x > 1)], lambda a, b: a[a > 1]),
    "allclose": (lambda x, y: T.allclose(x, x + 1e-9), lambda a, b: True),
    "hard_sigmoid": (lambda x, y: T.nnet.hard_sigmoid(x), lambda a, b: np.clip(a * 0.2 + 0.5, 0, 1)),
    "leaky relu": (lambda x, y: T.nnet.relu(x, 0.1), lambda a, b: np.where(a > 0, a, 0.1 * a)),
    "comparison as a number": (lambda x, y: (x > 0) * y, lambda a, b: (a > 0) * b),
    "and_": (lambda x, y: T.and_(x > 0, y > 1), lambda a, b: (a > 0) & (b > 1)),
}  # fmt: skip


@pytest.mark.parametrize("case", list(CASES))
def test_as_numpy(case: str) -> None:
    symbolic, plain = CASES[case]
    found, want = value(symbolic, A, B), np.asarray(plain(A, B))
    np.testing.assert_allclose(found, want, rtol=1e-12)
    assert np.shape(found) == want.shape


def test_types_of_inputs() -> None:
    kinds = {"dscalar": ("float64", 0), "fmatrix": ("float32", 2), "ivector": ("int32", 1), "ltensor3": ("int64", 3),
             "bvector": ("int8", 1), "wscalar": ("int16", 0), "dtensor4": ("float64", 4)}  # fmt: skip
    for name, (dtype, rank) in kinds.items():
        x = getattr(T, name)("x")
        assert (x.dtype.name, x.ndim) == (dtype, rank)
    assert T.row().shape.as_list() == [1, None]
    assert T.col("c").shape.as_list() == [None, 1]
    assert [m.ndim for m in T.matrices("a", "b")] == [2, 2]
    assert T.TensorType("float32", (False, True, False))("odd name!").shape.as_list() == [None, 1, None]
    assert isinstance(T.vector("v"), T.TensorVariable)


def test_float_type(monkeypatch: pytest.MonkeyPatch) -> None:
    assert T.matrix().dtype.name == T.zeros((2,)).dtype.name == T.constant(0.5).dtype.name == "float64"
    monkeypatch.setattr(theano.config, "floatX", "float32")
    assert T.matrix().dtype.name == T.eye(3).dtype.name == T.sqrt(2.0).dtype.name == "float32"
    assert T.cast(T.ivector(), theano.config.floatX).dtype.name == "float32"
    assert RandomStreams(1).normal((2,)).dtype.name == "float32"
    assert T.constant(3).dtype.name == theano.shared(3).dtype.name == "int64"
    with pytest.raises(ValueError, match="floatX"):
        theano.config.floatX = "float8"


def test_any_setting_is_accepted() -> None:
    theano.config.compute_test_value = "warn"
    theano.config.blas.ldflags = "-lopenblas"
    assert theano.config.blas.ldflags == "-lopenblas"
    assert not theano.config.exception_verbosity


def test_eval_without_a_session() -> None:
    x, w = T.dvector("x"), theano.shared(np.array([1.0, 2.0]))
    y = (x * w).sum()
    assert y.eval({x: [3.0, 4.0]}) == 11
    w.set_value([0.0, 1.0])
    assert y.eval({x: [3.0, 4.0]}) == 4
    assert w.eval().tolist() == [0, 1]
    assert w.shape.eval().tolist() == [2]


def test_crossentropies() -> None:
    p, t = np.array([[0.2, 0.8], [0.5, 0.5]]), np.array([[0.0, 1.0], [0.3, 0.7]])
    binary = value(T.nnet.binary_crossentropy, p, t)
    np.testing.assert_allclose(binary, -(t * np.log(p) + (1 - t) * np.log(1 - p)))
    np.testing.assert_allclose(value(T.nnet.categorical_crossentropy, p, t), -(t * np.log(p)).sum(1))
    np.testing.assert_allclose(value(T.nnet.categorical_crossentropy, p, [1, 0]), -np.log([0.8, 0.5]))
    x = np.array([[-800.0, 800.0]])
    np.testing.assert_allclose(value(T.nnet.sigmoid_binary_crossentropy, x, np.array([[1.0, 0.0]])), [[800, 800]])


def test_softmax_of_a_vector_is_a_row() -> None:
    found = value(T.nnet.softmax, np.array([0.0, np.log(3.0)]))
    np.testing.assert_allclose(found, [[0.25, 0.75]])
    np.testing.assert_allclose(value(T.nnet.logsoftmax, A), A - np.log(np.exp(A).sum(1, keepdims=True)))


def convolved(image: np.ndarray, kernel: np.ndarray, pad: int, stride: int) -> np.ndarray:
    """One plane with one kernel turned by 180 degrees, by its definition."""
    x, k = np.pad(image, pad), kernel[::-1, ::-1]
    rows, columns = ((n - m) // stride + 1 for n, m in zip(x.shape, k.shape, strict=True))
    return np.array([[np.sum(x[i * stride : i * stride + k.shape[0], j * stride : j * stride + k.shape[1]] * k)
                      for j in range(columns)] for i in range(rows)])  # fmt: skip


@pytest.mark.parametrize(("mode", "pad", "stride"), [("valid", 0, 1), ("full", 2, 1), ("half", 1, 2), (1, 1, 1)])
def test_convolution(mode: Any, pad: int, stride: int) -> None:
    random = np.random.default_rng(0)
    x, w = random.normal(size=(2, 2, 6, 5)), random.normal(size=(3, 2, 3, 3))
    found = value(lambda x, w: T.nnet.conv2d(x, w, border_mode=mode, subsample=(stride, stride)), x, w)
    want = [[sum(convolved(n[c], f[c], pad, stride) for c in range(2)) for f in w] for n in x]
    np.testing.assert_allclose(found, want, rtol=1e-12)
    turned = value(
        lambda x, w: T.nnet.conv2d(x, w, border_mode=mode, subsample=(stride, stride), filter_flip=False),
        x, np.ascontiguousarray(w[:, :, ::-1, ::-1]),
    )  # fmt: skip
    np.testing.assert_allclose(turned, want, rtol=1e-12)


@pytest.mark.parametrize("ignore", [True, False])
@pytest.mark.parametrize(("mode", "reduce"), [("max", np.max), ("sum", np.sum), ("average_exc_pad", np.mean)])
@pytest.mark.parametrize(("window", "stride"), [(2, 2), (3, 2), (2, 3)])
def test_pooling(ignore: bool, mode: str, reduce: Callable[..., Any], window: int, stride: int) -> None:
    x = np.random.default_rng(0).normal(size=(2, 3, 7, 8))
    found = value(
        lambda x: T.signal.pool.pool_2d(x, (window, window), ignore_border=ignore, stride=(stride, stride), mode=mode),
        x,
    )
    last = [n - window if ignore else n - 1 if stride >= window else n - 1 - window + stride for n in (7, 8)]
    want = [[reduce(x[:, :, i : i + window, j : j + window], axis=(2, 3)) for j in range(0, last[1] + 1, stride)]
            for i in range(0, last[0] + 1, stride)]  # fmt: skip
    np.testing.assert_allclose(found, np.transpose(want, (2, 3, 0, 1)), rtol=1e-12)


def test_batch_normalization() -> None:
    x = np.random.default_rng(0).normal(size=(5, 3, 2, 2))
    gamma, beta = np.array([1.0, 2.0, 0.5]), np.array([0.0, 1.0, -1.0])
    out, mean, inverse = value(lambda x, g, b: T.nnet.bn.batch_normalization_train(x, g, b, "spatial"), x, gamma, beta)
    m, v = x.mean((0, 2, 3), keepdims=True), x.var((0, 2, 3), keepdims=True)
    want = (x - m) / np.sqrt(v + 1e-4) * gamma[:, None, None] + beta[:, None, None]
    np.testing.assert_allclose(out, want)
    np.testing.assert_allclose(mean, m)
    np.testing.assert_allclose(inverse, 1 / np.sqrt(v + 1e-4))
    tested = value(lambda *p: T.nnet.batch_normalization_test(*p, axes="spatial"), x, gamma, beta, m, v)
    np.testing.assert_allclose(tested, want)


def test_random_streams() -> None:
    def draws(seed: int) -> list[np.ndarray]:
        stream = RandomStreams(seed)
        tensors = [
            stream.uniform((400,), low=-1.0, high=3.0), stream.normal((400,), avg=2.0, std=0.5),
            stream.binomial((400,), n=3, p=0.3), stream.random_integers((400,), low=2, high=4),
            stream.permutation(n=10), stream.choice((400,), a=5), stream.uniform((400,), low=-1.0, high=3.0),
            stream.multinomial(pvals=np.tile([0.2, 0.5, 0.3], (400, 1))),
        ]  # fmt: skip
        return theano.function([], tensors, mode="interpret")()

    one = draws(5)
    uniform, normal, binomial, integers, order, chosen, more, classes = one
    assert uniform.min() >= -1
    assert uniform.max() < 3
    assert uniform.mean() == pytest.approx(1, abs=0.2)
    assert normal.mean() == pytest.approx(2, abs=0.1)
    assert normal.std() == pytest.approx(0.5, abs=0.1)
    assert binomial.mean() == pytest.approx(0.9, abs=0.15)
    assert set(integers) == {2, 3, 4}
    assert sorted(order) == list(range(10))
    assert set(chosen) == set(range(5))
    assert not np.array_equal(uniform, more)
    assert (classes.sum(1) == 1).all()
    np.testing.assert_allclose(classes.mean(0), [0.2, 0.5, 0.3], atol=0.08)
    assert all(np.array_equal(a, b) for a, b in zip(one, draws(5), strict=True))
    assert not np.array_equal(uniform, draws(6)[0])


def test_products_with_jacobians() -> None:
    x, w, v = T.dvector("x"), T.dmatrix("w"), T.dmatrix("v")
    y = T.dot(w, x)
    found = theano.function(
        [x, w, v],
        [theano.gradient.jacobian(y**2, x), theano.Rop(y, w, v), theano.Lop(y, w, x),
         theano.gradient.hessian(T.sum(x**3), x)],
    )([1.0, 2.0], np.array([[1.0, 2.0], [3.0, 4.0]]), np.ones((2, 2)))  # fmt: skip
    np.testing.assert_allclose(found[0], 2 * np.array([[5.0], [11.0]]) * [[1.0, 2.0], [3.0, 4.0]])
    np.testing.assert_allclose(found[1], [3, 3])
    np.testing.assert_allclose(found[2], [[1, 2], [2, 4]])
    np.testing.assert_allclose(found[3], [[6, 0], [0, 12]])


def test_ifelse() -> None:
    a, b = T.dscalars("a", "b")
    smaller, both = theano.ifelse.ifelse(a < b, a, b), theano.ifelse.ifelse(T.lt(a, b), [a, b], [b, a])
    assert theano.function([a, b], [smaller, *both])(5.0, 3.0) == [3, 3, 5]


def test_printing(capsys: pytest.CaptureFixture[str]) -> None:
    x, w = T.dscalar("x"), theano.shared(2.0, name="w")
    y = T.log(x * w + 1)
    assert theano.pp(y) == "log(((x * w) + 1))"
    text = theano.printing.debugprint(y, file="str")
    assert text.splitlines()[0].startswith("log")
    assert [line.strip(" |").split()[-3] for line in text.splitlines() if "[id" in line][-2:] == ["x", "w"]
    f = theano.function([x], theano.printing.Print("the value")(y) * 2)
    assert f(1.0) == pytest.approx(2 * np.log(3))
    said, printed = capsys.readouterr().out.split(" = ")
    assert said == "the value __str__"
    assert float(printed) == pytest.approx(np.log(3))


def test_clone_replaces() -> None:
    x, z = T.dvector("x"), T.dvector("z")
    other = theano.clone(T.exp(x).sum(), replace={x: z * 0})
    assert theano.function([z], other)([1.0, 2.0]) == 2


def test_shapes_of_shared_variables_are_tensors_too() -> None:
    w = theano.shared(np.zeros((4, 3)))
    empty = theano.shared(np.zeros((0, 2)))
    f = theano.function([], [w.shape[0], empty.shape[0]])
    assert [int(v) for v in f()] == [4, 0]
    empty.set_value(np.ones((5, 2)))
    assert [int(v) for v in f()] == [4, 5]


def test_unused_inputs_are_refused_as_there() -> None:
    x, y = T.dscalars("x", "y")
    with pytest.raises(gc.GraphError, match="depends on its input y"):
        theano.function([x, y], x)
    assert theano.function([x, y], x, on_unused_input="ignore")(1.0, 2.0) == 1


def test_what_is_missing_says_what_to_use() -> None:
    with pytest.raises(NotImplementedError, match=r"theano.sparse is out of graphc's scope: use dense tensors"):
        theano.sparse  # noqa: B018
    with pytest.raises(AttributeError, match=r"no tensor.concatenat: did you mean concatenate"):
        T.concatenat  # noqa: B018
    with pytest.raises(NotImplementedError, match="shared"):
        theano.In(T.dscalar("x"), update=1)
    with pytest.raises(NotImplementedError, match="no_default_updates"):
        theano.function([], T.constant(1.0), no_default_updates=True)


def test_star_import_brings_all() -> None:
    names: dict[str, Any] = {}
    exec("from graphc.compat.theano.tensor import *", names)
    assert names["dmatrix"]("x").ndim == 2
    assert names["switch"] is T.switch


def test_linear_algebra() -> None:
    random = np.random.default_rng(0)
    a = random.normal(size=(3, 3))
    s, b = a @ a.T + np.eye(3), random.normal(size=3)
    cases: list[tuple[Callable[..., Any], Any]] = [
        (lambda s, b: T.nlinalg.matrix_inverse(s), np.linalg.inv(s)),
        (lambda s, b: T.nlinalg.pinv(s), np.linalg.inv(s)),
        (lambda s, b: T.nlinalg.det(s), np.linalg.det(s)),
        (lambda s, b: T.nlinalg.matrix_dot(s, s, b), s @ s @ b),
        (lambda s, b: T.nlinalg.matrix_power(s, 3), s @ s @ s),
        (lambda s, b: T.nlinalg.norm(s), np.linalg.norm(s)),
        (lambda s, b: T.nlinalg.norm(s, 1), np.linalg.norm(s, 1)),
        (lambda s, b: T.nlinalg.norm(b, 3), np.linalg.norm(b, 3)),
        (lambda s, b: T.nlinalg.eigh(s)[0], np.linalg.eigvalsh(s)),
        (lambda s, b: T.dot(*T.nlinalg.qr(s)), s),
        (lambda s, b: T.nlinalg.svd(s, compute_uv=False), np.linalg.svd(s)[1]),
        (lambda s, b: (lambda u, v, w: T.dot(u * v, w))(*T.nlinalg.svd(s)), s),
        (lambda s, b: T.nlinalg.trace(s), np.trace(s)),
        (lambda s, b: T.slinalg.cholesky(s), np.linalg.cholesky(s)),
        (lambda s, b: T.slinalg.solve(s, b), np.linalg.solve(s, b)),
        (lambda s, b: T.slinalg.solve(s, s), np.eye(3)),
        (lambda s, b: T.slinalg.solve_lower_triangular(T.tril(s), b), np.linalg.solve(np.tril(s), b)),
        (lambda s, b: T.slinalg.solve_upper_triangular(T.triu(s), b), np.linalg.solve(np.triu(s), b)),
        (lambda s, b: T.slinalg.kron(s, s), np.kron(s, s)),
    ]
    found = value(lambda s, b: [make(s, b) for make, _ in cases], s, b)
    for have, (_, want) in zip(found, cases, strict=True):
        np.testing.assert_allclose(have, want, rtol=1e-9, atol=1e-9)
