"""Operations whose meaning or gradient in TensorFlow 1 is not the native one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import graphc as gc
from graphc.api.convert import as_floating, as_node, axes_of, builder, promote_all
from graphc.api.define import operation
from graphc.compat.tf1._graph import follow_conventions
from graphc.graph.origin import user_origin
from graphc.ir.dims import product
from graphc.ir.node import Node


@operation("reduce_sum")
def reduce_sum(x: Any, axis: Any = None, keepdims: bool = False) -> Node:
    """Sum over axes; integers keep their element type."""
    node = as_node(x)
    axes = axes_of(axis, node.rank)
    return builder().emit("sum", node, axes=axes, keepdims=bool(keepdims)) if axes else node


@operation("reduce_mean")
def reduce_mean(x: Any, axis: Any = None, keepdims: bool = False) -> Node:
    """Mean over axes; integers give integers, rounded towards zero."""
    node = as_node(x)
    if node.dtype.is_floating:
        mean: Node = gc.reduce_mean(node, axis, keepdims)
        return mean
    count = product(node.shape[a] for a in axes_of(axis, node.rank))
    total = reduce_sum(node, axis, keepdims)
    size = builder().emit("dim", value=count, dtype=node.dtype) if not isinstance(count, int) else count
    quotient: Node = gc.truncatediv(total, size)
    return quotient


def _chosen(comparison: str, doc: str) -> Callable[..., Any]:
    def body(x: Any, y: Any) -> Node:
        a, b = promote_all((x, y))
        first = builder().emit(comparison, a, b)
        if a.dtype.is_floating:
            first = builder().emit("or", first, builder().emit("isnan", a))
        return builder().emit("select", first, a, b)

    body.__doc__ = doc
    body.__name__ = "maximum" if comparison == "ge" else "minimum"
    return operation(body.__name__)(body)


maximum = _chosen("ge", "The larger of two tensors; at a tie the first has the gradient.")
minimum = _chosen("le", "The smaller of two tensors; at a tie the first has the gradient.")


@operation("clip_by_value")
def clip_by_value(x: Any, clip_value_min: Any, clip_value_max: Any) -> Node:
    """Elements below the minimum or above the maximum replaced by these; at the bounds the gradient passes."""
    a, low, high = promote_all((x, clip_value_min, clip_value_max))
    emit = builder().emit
    return emit("select", emit("lt", a, low), low, emit("select", emit("gt", a, high), high, a))


def _without_gradient(name: str, native: Any) -> Callable[..., Any]:
    def body(x: Any) -> Node:
        return builder().emit("stop_gradient", native(as_node(x)))

    body.__name__, body.__doc__ = name, f"{native.__doc__.splitlines()[0]} It has no gradient."
    return operation(name)(body)


floor = _without_gradient("floor", gc.floor)
ceil = _without_gradient("ceil", gc.ceil)
round_ = _without_gradient("round", gc.round)


@operation("where")
def _where(condition: Any, x: Any, y: Any) -> Node:
    """Elements of `x` where the condition holds, of `y` elsewhere; a vector of conditions chooses rows."""
    chosen, a, b = as_node(condition), *promote_all((x, y))
    if chosen.rank == 1 and a.rank > 1:
        chosen = builder().emit("reshape", chosen, shape=(*chosen.shape, *(1,) * (a.rank - 1)))
    whole: Node = gc.where(chosen, a, b)
    return whole


def where(condition: Any, x: Any = None, y: Any = None, name: str | None = None) -> Any:
    """`graphc.where`, or with one argument the positions of the elements that hold."""
    follow_conventions()
    if x is None and y is None:
        return gc.where(condition, name=name)
    return _where(condition, x, y, name=name or "Select")


def div(x: Any, y: Any, name: str | None = None) -> Any:
    """Division as in Python 2: integers give integers, rounded down."""
    integers = all(_is_integer(v) for v in (x, y))
    return (gc.floordiv if integers else gc.divide)(x, y, name=name or "div")


def _is_integer(value: Any) -> bool:
    if isinstance(value, gc.Tensor | gc.Variable):
        return value.dtype.is_integer
    return np.asarray(value).dtype.kind in "iu"


def div_no_nan(x: Any, y: Any, name: str | None = None) -> Any:
    """x / y, and 0 where y is 0."""
    zero = gc.equal(y, 0.0)
    safe = gc.where(zero, gc.ones_like(y), y)
    return gc.where(zero, gc.zeros_like(gc.divide(x, safe)), gc.divide(x, safe), name=name or "div_no_nan")


def concat(values: Any, axis: Any, name: str | None = None) -> Any:
    """Tensors one after the other along an axis; the order of arguments of the first versions is understood."""
    follow_conventions()
    if isinstance(values, int | np.integer) and not isinstance(axis, int | np.integer):
        values, axis = axis, values
    listed = values if isinstance(values, list | tuple) else [values]
    if len(listed) == 1:
        return gc.identity(listed[0], name=name or "concat")
    return gc.concat(list(listed), axis, name=name or "concat")


def split(
    value: Any = None, num_or_size_splits: Any = None, axis: Any = 0, num: Any = None, name: str | None = None,
    **old: Any,
) -> Any:  # fmt: skip
    """Parts of a tensor along an axis; the order of arguments of the first versions is understood."""
    follow_conventions()
    if isinstance(value, int) and isinstance(axis, gc.Tensor | gc.Variable):
        value, axis = axis, value
    axis = old.get("split_dim", axis)
    count = old.get("num_split", num_or_size_splits)
    return list(gc.split(value, count, axis, num=num, name=name or "split"))


def cast(x: Any, dtype: Any, name: str | None = None) -> Any:
    """Elements converted to another type."""
    follow_conventions()
    return gc.cast(x, dtype, name=name or "Cast")


def _to(dtype: str, label: str) -> Callable[..., Any]:
    def convert(x: Any, name: str | None = None) -> Any:
        return cast(x, dtype, name or label)

    convert.__name__, convert.__doc__ = f"to_{dtype}", f"Elements converted to {dtype}."
    return convert


to_float, to_double = _to("float32", "ToFloat"), _to("float64", "ToDouble")
to_int32, to_int64 = _to("int32", "ToInt32"), _to("int64", "ToInt64")


def constant(
    value: Any, dtype: Any = None, shape: Any = None, name: str | None = None, verify_shape: bool = False
) -> Any:
    """A tensor of known values; text is something to fetch only."""
    follow_conventions()
    if isinstance(value, str | bytes) or np.asarray(value).dtype.kind in "US":
        from graphc.compat.tf1._host import string_constant

        return string_constant(value, name)
    return gc.constant(value, dtype=dtype, shape=shape, name=name or "Const")


def gradients(
    ys: Any, xs: Any, grad_ys: Any = None, name: str = "gradients", colocate_gradients_with_ops: bool = False,
    gate_gradients: bool = False, aggregation_method: Any = None, stop_gradients: Any = None,
    unconnected_gradients: Any = None,
) -> list[Any]:  # fmt: skip
    """Gradients of the sum of `ys` with respect to each of `xs`; None where there is no way."""
    follow_conventions()
    found = gc.gradients(ys, xs, grad_ys, name or "gradients", stop_gradients)
    if unconnected_gradients not in (None, "none"):
        listed = list(xs) if isinstance(xs, list | tuple) else [xs]
        return [gc.zeros_like(x) if g is None else g for g, x in zip(found, listed, strict=True)]
    return list(found)


def hessians(ys: Any, xs: Any, name: str = "hessians", **options: Any) -> list[Any]:
    """Second derivatives of a scalar with respect to each of `xs`."""
    listed = list(xs) if isinstance(xs, list | tuple) else [xs]
    return [gc.hessian(ys, x, name=name) for x in listed]


def add_n(inputs: Any, name: str | None = None) -> Any:
    """The sum of tensors of one shape."""
    follow_conventions()
    listed = list(inputs) if isinstance(inputs, list | tuple) else [inputs]
    return gc.add_n(listed, name=name or "AddN")


def assertion(condition: Any, data: Any = (), summarize: Any = None, name: str | None = None) -> gc.Operation:
    """An operation that fails the run unless the condition holds; the error names the tensors in `data`."""
    return gc.assert_that(condition, list(data), name=name)


def asserted(compare: Callable[..., Any]) -> Callable[..., gc.Operation]:
    """An assertion about one or two tensors, in TensorFlow's argument order."""

    def check(*args: Any, data: Any = None, summarize: Any = None, message: str = "", name: str | None = None,
              **operands: Any) -> gc.Operation:  # fmt: skip
        given = [*args, *operands.values()]
        return gc.assert_that(compare(*given), given, message=message, name=name)

    return check


assert_equal = asserted(gc.equal)
assert_none_equal = asserted(gc.not_equal)
assert_less = asserted(gc.less)
assert_less_equal = asserted(gc.less_equal)
assert_greater = asserted(gc.greater)
assert_greater_equal = asserted(gc.greater_equal)
assert_positive = asserted(lambda x: gc.greater(x, 0))
assert_negative = asserted(lambda x: gc.less(x, 0))
assert_non_negative = asserted(lambda x: gc.greater_equal(x, 0))
assert_non_positive = asserted(lambda x: gc.less_equal(x, 0))


def unimplemented_gradient(*args: Any, **kwargs: Any) -> Any:
    """Gradients of one's own are made with `graphc.with_gradient`, or ``tf.RegisterGradient``.

    Raises
    ------
    NotImplementedError
    """
    raise NotImplementedError(
        f"use tf.stop_gradient, or gc.with_gradient for a gradient of your own\n  at {user_origin()}"
    )


def saturate_cast(value: Any, dtype: Any, name: str | None = None) -> Any:
    """Elements converted to another type; what does not fit becomes the nearest value that does."""
    return cast(value, dtype, name)


@operation("accumulate")
def scalar_mul(scalar: Any, x: Any) -> Node:
    """A tensor times a number."""
    a, b = promote_all((scalar, x))
    return a * b


@operation("count_nonzero")
def count_nonzero(x: Any, axis: Any = None, keepdims: bool = False, dtype: Any = "int64") -> Node:
    """The number of elements that are not 0, over axes."""
    hit = builder().emit("ne", as_node(x), 0) if not as_node(x).dtype.is_bool else as_node(x)
    total: Node = reduce_sum(as_node(hit, gc.as_dtype(dtype)), axis, keepdims)
    return total


@operation("norm")
def norm(tensor: Any, ord: Any = "euclidean", axis: Any = None, keepdims: bool = False) -> Node:
    """Norm of vectors, or Frobenius norm over all axes: 'euclidean', 1, 2, another power, or infinity."""
    x = as_floating(tensor)
    size = builder().emit("abs", x)
    if ord in ("euclidean", "fro", 2):
        root: Node = gc.sqrt(reduce_sum(x * x, axis, keepdims))
        return root
    if ord == np.inf:
        largest: Node = gc.reduce_max(size, axis, keepdims)
        return largest
    if ord == 1:
        total: Node = reduce_sum(size, axis, keepdims)
        return total
    power: Node = gc.pow(reduce_sum(gc.pow(size, float(ord)), axis, keepdims), 1.0 / float(ord))
    return power


def cond(
    pred: Any, true_fn: Any = None, false_fn: Any = None, strict: bool = False, name: str | None = None,
    fn1: Any = None, fn2: Any = None,
) -> Any:  # fmt: skip
    """`graphc.cond`; a condition of unknown rank is taken to be one boolean, so that the result has a known shape."""
    follow_conventions()
    if isinstance(pred, gc.Tensor) and pred.shape.ndims is None:
        pred = gc.reshape(pred, [])
    return gc.cond(pred, true_fn or fn1, false_fn or fn2, name=name or "cond")
