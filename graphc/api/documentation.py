"""Docstrings of operations, completed: what they share is written once, examples come from one table."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any

from graphc.api.examples import EXAMPLES
from graphc.ops.record import record_of

SECTIONS = ("Parameters", "Returns", "Raises", "Notes", "Examples")

PARAMETERS = {
    "x": "Tensor or array_like",
    "y": "Tensor or array_like\n    Broadcast with the other operand; both meet in one element type.",
    "a": "Tensor or array_like",
    "b": "Tensor or array_like",
    "axis": "int or sequence of int, optional\n    Negative ones count from the last axis. None: all axes.",
    "one axis": "int\n    Negative ones count from the last axis.",
    "axes": "int or sequence of int\n    Negative ones count from the last axis.",
    "keepdims": "bool\n    Keep reduced axes, with size 1.",
    "dtype": "DType\n    Element type of the result.",
    "output_type": "DType\n    Integer type of the result.",
    "out_type": "DType\n    Integer type of the result.",
    "shape": "sequence of int, or integer Tensor",
    "perm": "sequence of int, optional",
    "exclusive": "bool\n    Leave the element itself out.",
    "reverse": "bool\n    Go from the end to the start.",
    "indices": "integer Tensor",
    "labels": "Tensor or array_like",
    "logits": "Tensor or array_like\n    Of any real values; classes along the axis.",
    "features": "Tensor or array_like",
    "values": "Tensor or array_like, or a sequence of these",
    "direction": "str\n    ``'ASCENDING'`` or ``'DESCENDING'``.",
    "strides": "int or sequence of int\n    One number, or one for each spatial axis.",
    "dilations": "int or sequence of int\n    One number, or one for each spatial axis.",
    "ksize": "int or sequence of int\n    Size of the window.",
    "padding": "str or sequence of pairs\n    ``'SAME'``, ``'VALID'``, or widths before and after.",
    "epsilon": "float\n    Added where the divisor could vanish.",
    "side": "str\n    ``'left'`` or ``'right'`` of equal elements.",
    "indexing": "str\n    ``'xy'`` or ``'ij'``.",
    "lower": "bool\n    Whether the matrix is lower triangular; upper otherwise.",
    "adjoint": "bool\n    Take the transposed matrix.",
    "full_matrices": "bool\n    Complete the factors to square matrices.",
    "compute_uv": "bool\n    Whether vectors are wanted.",
    "batch_dims": "int\n    Leading axes that the operands share.",
}
"""What a parameter of this name means, unless the operation says more; others are a Tensor or array_like."""

ONE_AXIS, MANY_AXES = ("concat", "expand_dims"), ("layer_normalization",)
"""Where the default of ``axis`` does not tell whether there may be several."""

RAISES = """GraphError
    If shapes or values do not fit; the message ends with your line.
TypeError
    If element types do not fit."""

EXAMPLE = """>>> import graphc as gc
>>> with gc.Graph().as_default(), gc.Session(mode="interpret") as session:
...     print(session.run({call}))
{result}"""


def complete(label: str, body: Callable[..., Any]) -> str:
    """The docstring of an operation, with the sections that it does not have itself.

    Parameters
    ----------
    label : str
        Type of the operation.
    body : callable

    Examples
    --------
    >>> def body(x):
    ...     "Nothing."
    >>> print(complete("nothing", body).splitlines()[2:5])
    ['Parameters', '----------', 'x : Tensor or array_like']
    """
    parts = re.split(r"^(\w+)\n-+\n", inspect.cleandoc(body.__doc__ or ""), flags=re.MULTILINE)
    sections = {title: text.strip("\n") for title, text in zip(parts[1::2], parts[2::2], strict=True)}
    sections.setdefault("Parameters", _parameters(label, body))
    sections.setdefault("Returns", _returns(body))
    sections.setdefault("Raises", RAISES)
    if label in EXAMPLES:
        call, result = EXAMPLES[label]
        sections.setdefault("Examples", EXAMPLE.format(call=call, result=result))
    blocks = [f"{title}\n{'-' * len(title)}\n{sections[title]}" for title in SECTIONS if title in sections]
    return "\n\n".join([parts[0].strip(), *blocks])


def with_result(summary: str, result: str, primitive: str | None = None) -> str:
    """A docstring of a summary line, what is returned, and what the primitive's record says."""
    text = f"{summary}\n\nReturns\n-------\nTensor\n    {result}"
    if primitive is None:
        return text
    record = record_of(primitive)
    return f"{text}\n\nNotes\n-----\nPrimitive ``{primitive}``, ``{record.formula}``. {record.doc}"


def _parameters(label: str, body: Callable[..., Any]) -> str:
    code = body.__code__
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    defaults = dict(zip(reversed(names[: code.co_argcount]), reversed(body.__defaults__ or ()), strict=False))
    one_axis = isinstance(defaults.get("axis"), int) or label in ONE_AXIS
    keys = ["one axis" if n == "axis" and one_axis and label not in MANY_AXES else n for n in names]
    lines = [f"{n} : {PARAMETERS.get(key, 'Tensor or array_like')}" for n, key in zip(names, keys, strict=True)]
    return "\n".join([*lines, "name : str, optional\n    Of the operation in the graph."])


def _returns(body: Callable[..., Any]) -> str:
    kind = str(body.__annotations__.get("return", "Node"))
    return {"list[Node]": "list of Tensor", "tuple[Node, Node]": "tuple of two Tensor"}.get(kind, "Tensor")
