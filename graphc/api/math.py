"""Arithmetic, comparison and reductions over tensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from graphc.api.convert import as_floating, as_node, axes_of, axis_of, builder, division_type, promote_all, static_ints
from graphc.api.define import operation
from graphc.api.documentation import with_result
from graphc.api.dynamic import where_positions
from graphc.ir.dims import product
from graphc.ir.dtypes import DType, as_dtype, bool_, float64, int32, int64, uint64
from graphc.ir.node import Node
from graphc.ops.shapes import reduced_shape

_FLOATS = """Of the shape of `x`. Floats keep their element type; integers of up to 16 bits give float32, wider ones
    float64. Tests of floats (``is_nan`` and the like) give booleans."""


def _numbers(operands: tuple[Node, ...]) -> tuple[Node, ...]:
    """Booleans take part in arithmetic as int32."""
    return tuple(as_node(o, int32) if o.dtype.is_bool else o for o in operands)


def _arithmetic(primitive: str, doc: str) -> Callable[..., Any]:
    def body(x: Any, y: Any) -> Node:
        return builder().emit(primitive, *_numbers(promote_all((x, y))))

    return _finish(
        body, primitive, with_result(doc, "Of the operands' common element type and broadcast shape.", primitive)
    )


def _comparison(primitive: str, name: str, doc: str) -> Callable[..., Any]:
    def body(x: Any, y: Any) -> Node:
        operands = promote_all((x, y))
        if primitive not in ("eq", "ne"):
            operands = _numbers(operands)
        return builder().emit(primitive, *operands)

    return _finish(body, name, with_result(doc, "Booleans, of the operands' broadcast shape.", primitive))


def _floating(primitive: str, doc: str, name: str | None = None) -> Callable[..., Any]:
    def body(x: Any) -> Node:
        return builder().emit(primitive, as_floating(x))

    return _finish(body, name or primitive, with_result(doc, _FLOATS, primitive))


def _any_number(primitive: str, doc: str, name: str | None = None) -> Callable[..., Any]:
    def body(x: Any) -> Node:
        return builder().emit(primitive, *_numbers((as_node(x),)))

    return _finish(
        body,
        name or primitive,
        with_result(doc, "Of the shape and element type of `x`; booleans count as int32.", primitive),
    )


def _finish(body: Callable[..., Any], name: str, doc: str) -> Callable[..., Any]:
    body.__name__ = body.__qualname__ = name
    body.__doc__ = doc
    return operation(name)(body)


add = _arithmetic("add", "Sum of two tensors, broadcast.")
subtract = _arithmetic("sub", "Difference of two tensors, broadcast.")
multiply = _arithmetic("mul", "Product of two tensors, broadcast.")
floordiv = _arithmetic("floordiv", "Division rounded down; an integer divided by 0 gives 0.")
mod = _arithmetic("mod", "Remainder of floor division, with the divisor's sign.")
maximum = _arithmetic("maximum", "The larger of two tensors, NaN if either is.")
minimum = _arithmetic("minimum", "The smaller of two tensors, NaN if either is.")

equal = _comparison("eq", "equal", "Whether elements are equal.")
not_equal = _comparison("ne", "not_equal", "Whether elements differ.")
less = _comparison("lt", "less", "Whether x < y.")
less_equal = _comparison("le", "less_equal", "Whether x <= y.")
greater = _comparison("gt", "greater", "Whether x > y.")
greater_equal = _comparison("ge", "greater_equal", "Whether x >= y.")

negative = _any_number("neg", "-x.", "negative")
abs_ = _any_number("abs", "Absolute value.")
sign = _any_number("sign", "-1, 0 or 1 by sign; NaN for NaN.")
square = _any_number("square", "x * x.")
exp = _floating("exp", "Exponential.")
expm1 = _floating("expm1", "exp(x) - 1, accurate near 0.")
log = _floating("log", "Natural logarithm.")
log1p = _floating("log1p", "log(1 + x), accurate near 0.")
sqrt = _floating("sqrt", "Square root.")
rsqrt = _floating("rsqrt", "1 / sqrt(x).")
reciprocal = _floating("reciprocal", "1 / x.")
tanh = _floating("tanh", "Hyperbolic tangent.")
sigmoid = _floating("sigmoid", "1 / (1 + exp(-x)).")


@operation("divide")
def divide(x: Any, y: Any) -> Node:
    """True division; integers are converted: to float32 up to 16 bits, else to float64."""
    operands = promote_all((x, y))
    target = division_type(operands[0].dtype)
    return builder().emit("div", *(as_node(o, target) for o in operands))


@operation("cast")
def cast(x: Any, dtype: Any) -> Node:
    """Elements converted to another type; floats become integers by truncation and saturate."""
    node, wanted = as_node(x), as_dtype(dtype)
    return node if node.dtype == wanted else builder().emit("cast", node, dtype=wanted)


@operation("where")
def where(condition: Any, x: Any = None, y: Any = None) -> Node:
    """Elements of `x` where the condition holds, of `y` elsewhere; all three broadcast.

    With the condition alone: index vectors of the elements that hold, as `where_positions`.
    """
    if x is None and y is None:
        return where_positions(condition)  # type: ignore[no-any-return]
    if x is None or y is None:
        raise ValueError("both x and y are needed, or neither")
    chosen = as_node(condition)
    if not chosen.dtype.is_bool:
        chosen = builder().emit("ne", chosen, 0)
    return builder().emit("select", chosen, *promote_all((x, y)))


def _reduced(kind: str, x: Node, axis: Any, keepdims: bool) -> Node:
    axes = axes_of(axis, x.rank)
    return builder().emit(kind, x, axes=axes, keepdims=bool(keepdims)) if axes else x


def _sum_type(dtype: DType) -> DType:
    """NumPy's accumulator: 64 bits for integers and booleans."""
    if dtype.is_floating:
        return dtype
    return uint64 if dtype.kind == "u" else int64


@operation("reduce_sum")
def reduce_sum(x: Any, axis: Any = None, keepdims: bool = False) -> Node:
    """Sum over axes; integers are summed in 64 bits."""
    node = as_node(x)
    return _reduced("sum", as_node(node, _sum_type(node.dtype)), axis, keepdims)


@operation("reduce_mean")
def reduce_mean(x: Any, axis: Any = None, keepdims: bool = False) -> Node:
    """Mean over axes; integers give float64, as in NumPy. The mean of nothing is NaN."""
    node = as_node(x)
    node = node if node.dtype.is_floating else as_node(node, float64)
    count = product(node.shape[a] for a in axes_of(axis, node.rank))
    total = _reduced("sum", node, axis, keepdims)
    if isinstance(count, int):
        return total / count if count else total * float("nan")
    return total / builder().emit("dim", value=count, dtype=node.dtype)


def _reduction(kind: str, name: str, doc: str) -> Callable[..., Any]:
    def body(x: Any, axis: Any = None, keepdims: bool = False) -> Node:
        return _reduced(kind, as_node(x), axis, keepdims)

    return _finish(body, name, with_result(doc, "Of the element type of `x`, without the reduced axes.", kind))


def _truth(kind: str, name: str, doc: str) -> Callable[..., Any]:
    def body(x: Any, axis: Any = None, keepdims: bool = False) -> Node:
        return _reduced(kind, as_node(x, bool_), axis, keepdims)

    return _finish(body, name, with_result(doc, "Booleans, without the reduced axes.", kind))


reduce_prod = _reduction("prod", "reduce_prod", "Product over axes.")
reduce_max = _reduction("max", "reduce_max", "Largest element over axes, NaN if one is.")
reduce_min = _reduction("min", "reduce_min", "Smallest element over axes, NaN if one is.")
reduce_any = _truth("any", "reduce_any", "Whether an element over axes holds.")
reduce_all = _truth("all", "reduce_all", "Whether all elements over axes hold.")


def _position(kind: str, doc: str) -> Callable[..., Any]:
    def body(x: Any, axis: Any = 0, output_type: Any = int64) -> Node:
        node = as_node(x)
        found = builder().emit(kind, node, axis=axis_of(axis, node.rank))
        return as_node(found, as_dtype(output_type))

    return _finish(body, kind, with_result(doc, "Integers, without the axis.", kind))


argmax = _position("argmax", "Position of the first largest element along an axis.")
argmin = _position("argmin", "Position of the first smallest element along an axis.")


@operation("matmul")
def matmul(a: Any, b: Any, transpose_a: bool = False, transpose_b: bool = False) -> Node:
    """Matrix product over the last two axes, leading axes broadcast; vectors as in NumPy.

    Raises
    ------
    GraphError
        If the inner sizes differ.
    """
    x, y = promote_all((a, b))
    emit = builder().emit
    vector_x, vector_y = x.rank == 1, y.rank == 1
    if vector_x:
        x = emit("reshape", x, shape=(1, *x.shape))
    if vector_y:
        y = emit("reshape", y, shape=(*y.shape, 1))
    out = emit("matmul", x, y, transpose_x=transpose_a and not vector_x, transpose_y=transpose_b and not vector_y)
    if vector_x or vector_y:
        lead = out.shape[:-2]
        kept = [*([] if vector_x else [out.shape[-2]]), *([] if vector_y else [out.shape[-1]])]
        out = emit("reshape", out, shape=(*lead, *kept))
    return out


@operation("pow")
def pow_(x: Any, y: Any) -> Node:
    """x to the power y; a Python integer exponent keeps integers integers."""
    return builder().emit("pow", *_numbers(promote_all((x, y))))


def _rounding(primitive: str, doc: str, name: str | None = None) -> Callable[..., Any]:
    def body(x: Any) -> Node:
        node = as_node(x)
        return node if not node.dtype.is_floating else builder().emit(primitive, node)

    return _finish(
        body,
        name or primitive,
        with_result(doc, "Of the shape and element type of `x`; integers as they are.", primitive),
    )


floor = _rounding("floor", "The largest integer not above x.")
ceil = _rounding("ceil", "The smallest integer not below x.")
round_ = _rounding("rint", "The nearest integer, halves to even.", "round")
trunc = _rounding("trunc", "The integer part.")
truncatediv = _arithmetic("truncdiv", "Division rounded towards zero.")
truncatemod = _arithmetic("truncmod", "Remainder of division rounded towards zero, with the dividend's sign.")

sin = _floating("sin", "Sine, of radians.")
cos = _floating("cos", "Cosine, of radians.")
tan = _floating("tan", "Tangent, of radians.")
asin = _floating("asin", "Inverse sine, in radians.")
acos = _floating("acos", "Inverse cosine, in radians.")
atan = _floating("atan", "Inverse tangent, in radians.")
sinh = _floating("sinh", "Hyperbolic sine.")
cosh = _floating("cosh", "Hyperbolic cosine.")
asinh = _floating("asinh", "Inverse hyperbolic sine.")
acosh = _floating("acosh", "Inverse hyperbolic cosine.")
atanh = _floating("atanh", "Inverse hyperbolic tangent.")
exp2 = _floating("exp2", "2 to the power x.")
log2 = _floating("log2", "Logarithm to base 2.")
log10 = _floating("log10", "Logarithm to base 10.")
cbrt = _floating("cbrt", "Cube root.")
erf = _floating("erf", "Error function.")
erfc = _floating("erfc", "1 - erf(x), accurate for large x.")
lgamma = _floating("lgamma", "Logarithm of the absolute value of the gamma function.")
digamma = _floating("digamma", "Derivative of lgamma.")
is_nan = _floating("isnan", "Whether elements are NaN.", "is_nan")
is_inf = _floating("isinf", "Whether elements are infinite.", "is_inf")
is_finite = _floating("isfinite", "Whether elements are neither infinite nor NaN.", "is_finite")


def _two_floats(primitive: str, doc: str) -> Callable[..., Any]:
    def body(x: Any, y: Any) -> Node:
        a, b = promote_all((x, y))
        return builder().emit(primitive, as_floating(a), as_floating(b))

    return _finish(body, primitive, with_result(doc, "Floats, of the operands' broadcast shape.", primitive))


atan2 = _two_floats("atan2", "Angle of the point (y, x) given as atan2(y, x), in radians.")
logaddexp = _two_floats("logaddexp", "log(exp(x) + exp(y)), without overflow.")


@operation("squared_difference")
def squared_difference(x: Any, y: Any) -> Node:
    """(x - y) ** 2."""
    a, b = _numbers(promote_all((x, y)))
    return builder().emit("square", a - b)


@operation("clip_by_value")
def clip_by_value(x: Any, clip_value_min: Any, clip_value_max: Any) -> Node:
    """Elements below the minimum or above the maximum replaced by these."""
    a, low, high = promote_all((x, clip_value_min, clip_value_max))
    return builder().emit("minimum", builder().emit("maximum", a, low), high)


def _logical(primitive: str, name: str, doc: str) -> Callable[..., Any]:
    def body(x: Any, y: Any) -> Node:
        return builder().emit(primitive, as_node(x, bool_), as_node(y, bool_))

    return _finish(
        body, name, with_result(doc, "Booleans, of the operands' broadcast shape; numbers count as true unless 0.")
    )


logical_and = _logical("and", "logical_and", "Whether both hold.")
logical_or = _logical("or", "logical_or", "Whether one of both holds.")
logical_xor = _logical("xor", "logical_xor", "Whether exactly one holds.")


@operation("logical_not")
def logical_not(x: Any) -> Node:
    """Whether it does not hold."""
    return builder().emit("not", as_node(x, bool_))


@operation("add_n")
def add_n(inputs: Any) -> Node:
    """The sum of a list of tensors of one shape."""
    nodes = promote_all(list(inputs))
    total = nodes[0]
    for node in nodes[1:]:
        total = total + node
    return total


@operation("reduce_logsumexp")
def reduce_logsumexp(x: Any, axis: Any = None, keepdims: bool = False) -> Node:
    """log(sum(exp(x))) over axes, without overflow."""
    node = as_floating(x)
    axes = axes_of(axis, node.rank)
    emit = builder().emit
    top = emit("stop_gradient", emit("max", node, axes=axes, keepdims=True))
    finite = emit("select", emit("isfinite", top), top, 0.0)
    total = emit("log", emit("sum", emit("exp", node - finite), axes=axes, keepdims=True)) + finite
    return total if keepdims else emit("reshape", total, shape=reduced_shape(node.shape, axes, False))


@operation("reduce_variance")
def reduce_variance(x: Any, axis: Any = None, keepdims: bool = False) -> Node:
    """Mean of the squared distance from the mean, over axes."""
    node = as_floating(x)
    variance: Node = reduce_mean(builder().emit("square", node - reduce_mean(node, axis, True)), axis, keepdims)
    return variance


@operation("reduce_std")
def reduce_std(x: Any, axis: Any = None, keepdims: bool = False) -> Node:
    """Square root of the variance over axes."""
    return builder().emit("sqrt", reduce_variance(x, axis, keepdims))


def _cumulative(primitive: str, doc: str) -> Callable[..., Any]:
    def body(x: Any, axis: Any = 0, exclusive: bool = False, reverse: bool = False) -> Node:
        node = as_node(x)
        return builder().emit(
            primitive, node, axis=axis_of(axis, node.rank), exclusive=bool(exclusive), reverse=bool(reverse)
        )

    return _finish(body, primitive, with_result(doc, "Of the shape and element type of `x`.", primitive))


cumsum = _cumulative("cumsum", "Sums of the elements up to each one along an axis.")
cumprod = _cumulative("cumprod", "Products of the elements up to each one along an axis.")


@operation("tensordot")
def tensordot(a: Any, b: Any, axes: Any) -> Node:
    """Sum of products over axes of `a` paired with axes of `b`.

    Parameters
    ----------
    a, b : Tensor
    axes : int or pair of lists of int
        A number n: the last n axes of `a` with the first n of `b`.
    """
    x, y = promote_all((a, b))
    left, right = _paired_axes(axes, x.rank, y.rank)
    emit = builder().emit
    rest_x = tuple(i for i in range(x.rank) if i not in left)
    rest_y = tuple(i for i in range(y.rank) if i not in right)
    inner = product(x.shape[i] for i in left)
    rows, columns = tuple(x.shape[i] for i in rest_x), tuple(y.shape[i] for i in rest_y)
    xm = emit("reshape", emit("transpose", x, perm=(*rest_x, *left)), shape=(product(rows), inner))
    ym = emit("reshape", emit("transpose", y, perm=(*right, *rest_y)), shape=(inner, product(columns)))
    return emit("reshape", emit("matmul", xm, ym, transpose_x=False, transpose_y=False), shape=(*rows, *columns))


def _paired_axes(axes: Any, rank_x: int, rank_y: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    if isinstance(axes, int):
        return tuple(range(rank_x - axes, rank_x)), tuple(range(axes))
    first, second = axes
    left = tuple(axis_of(a, rank_x) for a in static_ints(first, "axes"))
    right = tuple(axis_of(a, rank_y) for a in static_ints(second, "axes"))
    if len(left) != len(right):
        raise ValueError(f"{len(left)} axes are paired with {len(right)}")
    return left, right
