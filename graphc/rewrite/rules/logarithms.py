"""Logarithms and exponentials that overflow or cancel as written.

log(1 + x), exp(x) - 1, log(sum(exp(x))), and the log of a softmax in any of its spellings. The shift by the largest
element is the usual one (P. Blanchard, D. J. Higham, N. J. Higham, "Accurately computing the log-sum-exp and softmax
functions", IMA J. Numer. Anal. 41, 2021); the shift is a constant to differentiation because it cancels.
"""

from __future__ import annotations

import math

from graphc.ir.node import Node
from graphc.ops.builder import Builder
from graphc.ops.reductions import kept
from graphc.rewrite.examples import sample
from graphc.rewrite.facts import is_max_shifted, strip
from graphc.rewrite.pattern import Attr, Match, op, scalar, through, wild
from graphc.rewrite.rule import Rule

VIEWS = "broadcast_to|reshape"
MOVES = frozenset({"reshape", "transpose", "slice", "gather", "broadcast_to"})
NUMERATOR = op("exp", "x", bind="e")
TOTAL = through(VIEWS, op("sum", NUMERATOR, axes=Attr("axes"), keepdims=Attr("keepdims"), bind="total"))
SOFTMAX = op("div", NUMERATOR, TOTAL, bind="quotient")
SUM_EXP = op("sum", op("exp", "x"), axes=Attr("axes"), keepdims=Attr("keepdims"))


def finite_max(x: Node, axes: tuple[int, ...]) -> Node:
    """The largest elements over `axes`, kept as size 1, 0 in place of infinities and NaN; no gradient flows into it."""
    emit = x.builder.emit
    largest = emit("max", x, axes=axes, keepdims=True)
    finite = emit("select", emit("isfinite", largest), largest, 0.0)
    return emit("stop_gradient", finite)


def log_sum_exp(x: Node, axes: tuple[int, ...], keepdims: bool) -> Node:
    """log(sum(exp(x))), shifted by the largest elements: no term overflows, and one of them is 1."""
    emit = x.builder.emit
    shift = finite_max(x, axes)
    total = emit("sum", emit("exp", x - shift), axes=axes, keepdims=True)
    result = emit("log", total) + shift
    shape = tuple(d for i, d in enumerate(x.shape) if i not in axes)
    return result if keepdims else emit("reshape", result, shape=shape)


def _log_scaled_sum_exp(m: Match, b: Builder) -> Node | None:
    if not 0 < m.c < math.inf:
        return None
    log_c = math.log(m.c)
    return log_sum_exp(m.x, m.axes, m.keepdims) + (log_c if m.scaled.op == "mul" else -log_c)


def _not_shifted(m: Match) -> bool:
    return not is_max_shifted(m.x)


def _laid_out(node: Node, like: Node, axes: tuple[int, ...]) -> bool:
    """Whether a reduction of `like` over `axes` broadcasts against it along exactly those axes."""
    below = strip(node, frozenset({"broadcast_to"}))
    wanted = tuple(1 if i in axes else d for i, d in enumerate(like.shape))
    return (1,) * (like.rank - below.rank) + below.shape == wanted


def _is_softmax(m: Match) -> bool:
    return _laid_out(m.quotient.inputs[1], m.e, m.axes)


def _is_softmax_product(m: Match) -> bool:
    first, second = m.root.inputs
    return _laid_out(second if first is m.e else first, m.e, m.axes)


def _quotient(m: Match, b: Builder) -> Node:
    return b.emit("div", m.e, kept(m.total, m.e, m.axes))


def _shifted_parts(m: Match) -> tuple[Node, Node]:
    """The exponent, shifted unless it is already, and the sums of its exponentials."""
    emit = m.root.builder.emit
    shifted = m.x if is_max_shifted(m.x) else m.x - finite_max(m.x, m.axes)
    return shifted, emit("sum", emit("exp", shifted), axes=m.axes, keepdims=True)


def _log_softmax(m: Match, b: Builder) -> Node:
    shifted, total = _shifted_parts(m)
    return shifted - b.emit("log", total)


def _softmax(m: Match, b: Builder) -> Node:
    shifted, total = _shifted_parts(m)
    return b.emit("exp", shifted) / total


def _is_known_log(m: Match) -> bool:
    """Whether a softmax or sigmoid is behind the views, so that its logarithm has a better form."""
    core = strip(m.moved, MOVES)
    if core.op == "div":
        below = strip(core.inputs[1])
        return core.inputs[0].op == "exp" and below.op == "sum" and below.inputs[0] is core.inputs[0]
    return core.op in ("sigmoid", "exp")


def _log_inside(m: Match, b: Builder) -> Node:
    inner, *rest = m.moved.inputs
    return b.rebuild(m.moved, (b.emit("log", inner), *rest))


def _naive_softmax(b: Builder) -> Node:
    e = b.emit("exp", sample(b, 4, 5))
    return e / b.emit("sum", e, axes=(1,), keepdims=True)


def _sum_exp(b: Builder) -> Node:
    return b.emit("sum", b.emit("exp", sample(b, 4, 5)), axes=(1,), keepdims=False)


def _softmax_times_inverse(b: Builder, spelling: str = "reciprocal") -> Node:
    e = b.emit("exp", sample(b, 4, 5))
    total = b.emit("sum", e, axes=(1,), keepdims=True)
    return e * (b.emit("reciprocal", total) if spelling == "reciprocal" else 1.0 / total)


STABLE = ("stabilises",)
WIDE = ((-400.0, 400.0),)

RULES = (
    Rule(
        "log of exp",
        op("log", op("exp", "x")),
        wild("x"),
        "log(exp(x)) is x",
        STABLE,
        lambda b: b.emit("log", b.emit("exp", sample(b))),
        domain=WIDE,
    ),
    Rule(
        "softmax by an inverse",
        op("mul", NUMERATOR, through(VIEWS, op("reciprocal", TOTAL))),
        _quotient,
        "exp(x) * (1 / sum(exp(x))) is exp(x) / sum(exp(x))",
        STABLE,
        _softmax_times_inverse,
        guard=_is_softmax_product,
        domain=((-3.0, 3.0),),
    ),
    Rule(
        "softmax by a quotient of one",
        op("mul", NUMERATOR, through(VIEWS, op("div", 1.0, TOTAL))),
        _quotient,
        "exp(x) * (1 / sum(exp(x))) is exp(x) / sum(exp(x))",
        STABLE,
        lambda b: _softmax_times_inverse(b, "div"),
        guard=_is_softmax_product,
        domain=((-3.0, 3.0),),
    ),
    Rule(
        "log of softmax",
        op("log", SOFTMAX),
        _log_softmax,
        "log(exp(x) / sum(exp(x))) is (x - m) - log(sum(exp(x - m))), m the largest element",
        STABLE,
        lambda b: b.emit("log", _naive_softmax(b)),
        guard=_is_softmax,
        domain=WIDE,
    ),
    Rule(
        "softmax",
        SOFTMAX,
        _softmax,
        "exp(x) / sum(exp(x)) is exp(x - m) / sum(exp(x - m)), m the largest element",
        STABLE,
        _naive_softmax,
        guard=lambda m: not is_max_shifted(m.x) and _is_softmax(m),
        domain=WIDE,
    ),
    Rule(
        "log of a moved softmax",
        op("log", op(MOVES, bind="moved")),
        _log_inside,
        "the log of a reshaped, sliced or gathered softmax, sigmoid or exp is taken before the elements move",
        STABLE,
        lambda b: b.emit("log", b.emit("slice", _naive_softmax(b), start=(0, 1), stop=(4, 3), step=(1, 1))),
        guard=_is_known_log,
        domain=((-20.0, 20.0),),
    ),
    Rule(
        "log of sum of exp",
        op("log", SUM_EXP),
        lambda m, b: log_sum_exp(m.x, m.axes, m.keepdims),
        "log(sum(exp(x))) is log(sum(exp(x - m))) + m, m the largest element or 0 where that is infinite",
        STABLE,
        lambda b: b.emit("log", _sum_exp(b)),
        guard=_not_shifted,
        domain=WIDE,
    ),
    Rule(
        "log of mean of exp",
        op("log", op("mul|div", SUM_EXP, scalar("c"), bind="scaled")),
        _log_scaled_sum_exp,
        "log(sum(exp(x)) * c) is log(sum(exp(x))) + log(c)",
        STABLE,
        lambda b: b.emit("log", _sum_exp(b) / 5.0),
        guard=_not_shifted,
        domain=WIDE,
    ),
    Rule(
        "log(exp(x) + exp(y))",
        op("log", op("add", op("exp", "x"), op("exp", "y"))),
        op("logaddexp", "x", "y"),
        "log(exp(x) + exp(y)) is logaddexp(x, y)",
        STABLE,
        lambda b: b.emit("log", b.emit("exp", sample(b)) + b.emit("exp", sample(b, index=1))),
        domain=WIDE * 2,
    ),
    Rule(
        "log(1 + x)",
        op("log", op("add", 1.0, "x")),
        op("log1p", "x"),
        "log(1 + x) is log1p(x)",
        STABLE,
        lambda b: b.emit("log", sample(b) + 1.0),
        domain=((-1e-5, 1e-5),),
    ),
    Rule(
        "log(1 - x)",
        op("log", op("sub", 1.0, "x")),
        op("log1p", op("neg", "x")),
        "log(1 - x) is log1p(-x)",
        STABLE,
        lambda b: b.emit("log", 1.0 - sample(b)),
        domain=((-1e-5, 1e-5),),
    ),
    Rule(
        "exp(x) - 1",
        op("sub", op("exp", "x"), 1.0),
        op("expm1", "x"),
        "exp(x) - 1 is expm1(x)",
        STABLE,
        lambda b: b.emit("exp", sample(b)) - 1.0,
        domain=((-1e-5, 1e-5),),
    ),
    Rule(
        "-1 + exp(x)",
        op("add", op("exp", "x"), -1.0),
        op("expm1", "x"),
        "exp(x) + -1 is expm1(x)",
        STABLE,
        lambda b: b.emit("exp", sample(b)) + -1.0,
        domain=((-1e-5, 1e-5),),
    ),
    Rule(
        "1 - exp(x)",
        op("sub", 1.0, op("exp", "x")),
        op("neg", op("expm1", "x")),
        "1 - exp(x) is -expm1(x)",
        STABLE,
        lambda b: 1.0 - b.emit("exp", sample(b)),
        domain=((-1e-5, 1e-5),),
    ),
)
