"""The logistic function, its logarithm and its complement, in their naive spellings.

softplus(x) = log(1 + exp(x)), and log(sigmoid(x)) = -softplus(-x); see M. Maechler, "Accurately computing
log(1 - exp(-|a|))", 2012, for where each form loses digits.
"""

from __future__ import annotations

from graphc.rewrite.examples import sample
from graphc.rewrite.pattern import op
from graphc.rewrite.rule import Rule

STABLE = ("stabilises",)
WIDE = ((-400.0, 400.0),)
BELOW_25 = ((-400.0, 25.0),)
WITHIN_25 = ((-25.0, 25.0),)
"""Outside, the naive form cancels in extended precision too, so that nothing is left to compare with."""

RULES = (
    Rule(
        "log1p(exp(x))",
        op("log1p", op("exp", "x")),
        op("softplus", "x"),
        "log(1 + exp(x)) is softplus(x)",
        STABLE,
        lambda b: b.emit("log1p", b.emit("exp", sample(b))),
        domain=WIDE,
    ),
    Rule(
        "log of sigmoid",
        op("log", op("sigmoid", "x")),
        op("neg", op("softplus", op("neg", "x"))),
        "log(sigmoid(x)) is -softplus(-x)",
        STABLE,
        lambda b: b.emit("log", b.emit("sigmoid", sample(b))),
        domain=BELOW_25,
    ),
    Rule(
        "log(1 - sigmoid)",
        op("log", op("sub", 1.0, op("sigmoid", "x"))),
        op("neg", op("softplus", "x")),
        "log(1 - sigmoid(x)) is -softplus(x)",
        STABLE,
        lambda b: b.emit("log", 1.0 - b.emit("sigmoid", sample(b))),
        domain=WITHIN_25,
    ),
    Rule(
        "log1p(-sigmoid)",
        op("log1p", op("neg", op("sigmoid", "x"))),
        op("neg", op("softplus", "x")),
        "log1p(-sigmoid(x)) is -softplus(x)",
        STABLE,
        lambda b: b.emit("log1p", -b.emit("sigmoid", sample(b))),
        domain=BELOW_25,
    ),
    Rule(
        "1 - sigmoid",
        # Only where the sigmoid itself is not needed too: else it would cost a second exponential.
        op("sub", 1.0, op("sigmoid", "x", single_user=True)),
        op("sigmoid", op("neg", "x")),
        "1 - sigmoid(x) is sigmoid(-x)",
        STABLE,
        lambda b: 1.0 - b.emit("sigmoid", sample(b)),
        # The derivative of the sigmoid holds this form, and is compared with what others compute there.
        after_gradients=False,
        domain=((-80.0, 25.0),),
    ),
    Rule(
        "1 / (1 + exp(-x))",
        op("div", 1.0, op("add", 1.0, op("exp", op("neg", "x")))),
        op("sigmoid", "x"),
        "1 / (1 + exp(-x)) is sigmoid(x)",
        STABLE,
        lambda b: 1.0 / (b.emit("exp", -sample(b)) + 1.0),
        domain=((-80.0, 80.0),),
    ),
    Rule(
        "reciprocal(1 + exp(-x))",
        op("reciprocal", op("add", 1.0, op("exp", op("neg", "x")))),
        op("sigmoid", "x"),
        "1 / (1 + exp(-x)) is sigmoid(x)",
        STABLE,
        lambda b: b.emit("reciprocal", b.emit("exp", -sample(b)) + 1.0),
        domain=((-80.0, 80.0),),
    ),
    Rule(
        "1 / (1 + exp(x))",
        op("div", 1.0, op("add", 1.0, op("exp", "x"))),
        op("sigmoid", op("neg", "x")),
        "1 / (1 + exp(x)) is sigmoid(-x)",
        STABLE,
        lambda b: 1.0 / (b.emit("exp", sample(b)) + 1.0),
        domain=((-80.0, 80.0),),
    ),
    Rule(
        "exp(x) / (1 + exp(x))",
        op("div", op("exp", "x"), op("add", 1.0, op("exp", "x"))),
        op("sigmoid", "x"),
        "exp(x) / (1 + exp(x)) is sigmoid(x), also where exp(x) overflows",
        STABLE,
        lambda b: b.emit("exp", sample(b)) / (b.emit("exp", sample(b)) + 1.0),
        domain=((-80.0, 400.0),),
    ),
)
