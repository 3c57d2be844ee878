"""Operations that a user wrote as a function over arrays: called inside the native step, run as they are elsewhere."""

from __future__ import annotations

import itertools
import linecache
import traceback
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from graphc.ir.dims import Dim
from graphc.ir.dtypes import as_dtype
from graphc.ir.node import Node
from graphc.ir.types import TensorType, TupleType, Type
from graphc.ops.batching import with_axis
from graphc.ops.fingerprint import UnstableError, fingerprint
from graphc.ops.record import OpRecord, register

_unstable = itertools.count()


class UserFunctionError(IndexError):
    """What a user's function raised, with the place where it did."""


class UserFunction:
    """A function of the user with all that graphc must know of it; equal ones compute the same.

    Parameters
    ----------
    name : str
    function : callable
        Plain Python: ``function(*inputs, *outputs)`` over arrays; if `elementwise`, ``function(*scalars) -> scalar``.
    options : dict
        Options of ``numba.njit`` under which it is compiled.
    infer : callable ``(*types) -> tuple of TensorType``
    pull : callable ``(cotangents, results, inputs) -> sequence of Node or None``
        Cotangents of the inputs.
    elementwise : bool
    depends : tuple
        Further objects whose content decides what it computes, such as the user's rule of its gradient.

    Attributes
    ----------
    digest : str
        Names its content.
    stable : bool
        Whether `digest` means the same in another process.
    """

    def __init__(
        self, name: str, function: Callable[..., Any], options: dict[str, Any],
        infer: Callable[..., tuple[TensorType, ...]], pull: Callable[..., Sequence[Node | None]],
        elementwise: bool = False, depends: tuple[Any, ...] = (),
    ) -> None:  # fmt: skip
        self.name = name
        self.function = function
        self.options = options
        self.infer = infer
        self.pull = pull
        self.elementwise = elementwise
        content = (function, sorted(options.items()), elementwise, depends)
        try:
            self.digest, self.stable = fingerprint(content), True
        except (UnstableError, RecursionError):
            self.digest, self.stable = f"unstable{next(_unstable)}", False

    def __eq__(self, other: object) -> bool:
        return isinstance(other, UserFunction) and other.digest == self.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def __repr__(self) -> str:
        return f"<{self.name} {self.digest}>"

    def run(self, arrays: Sequence[np.ndarray]) -> tuple[np.ndarray, ...]:
        """Results as the Python function gives them.

        Raises
        ------
        UserFunctionError
            If the function raises.
        """
        types = [TensorType(as_dtype(a.dtype), a.shape) for a in arrays]
        outputs = tuple(np.empty(t.concrete({}), t.dtype.np) for t in self.infer(*types))
        views = [np.asarray(a, order="C").view() for a in arrays]
        for view in views:
            view.flags.writeable = False
        try:
            if self.elementwise:
                for place in np.ndindex(outputs[0].shape):
                    outputs[0][place] = self.function(*(v[place] for v in views))
            else:
                self.function(*views, *outputs)
        except Exception as error:
            raise UserFunctionError(f"{type(error).__name__}: {error}, raised at {_raised_at(error)}") from error
        return outputs


def _raised_at(error: Exception) -> str:
    """The innermost Python line of an exception."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    text = linecache.getline(frame.filename, frame.lineno or 0).strip()
    return f"{frame.filename}:{frame.lineno}" + (f": {text}" if text else "")


def _infer(*types: TensorType, function: UserFunction) -> Type:
    results = function.infer(*types)
    return results[0] if len(results) == 1 else TupleType(results)


def _evaluate(*arrays: Any, function: UserFunction) -> Any:
    results = function.run([np.asarray(a) for a in arrays])
    return results[0] if len(results) == 1 else results


def _vjp(g: Node | dict[int, Node], out: Node, *inputs: Node) -> Sequence[Node | None]:
    function: UserFunction = out.attrs["function"]
    if isinstance(out.type, TensorType):
        assert isinstance(g, Node)
        return function.pull((g,), (out,), inputs)
    assert isinstance(g, dict)
    results = [out.builder.emit("item", out, index=i) for i in range(len(out.type.items))]
    return function.pull(tuple(g.get(i) for i in range(len(results))), tuple(results), inputs)


def _batch(size: Dim, inputs: Sequence[Node], batched: Sequence[bool], function: UserFunction) -> Node:
    if not function.elementwise:
        raise ValueError(f"{function.name} cannot be computed for many values at once: it is not elementwise")
    operands = [with_axis(n, b, size) for n, b in zip(inputs, batched, strict=True)]
    return operands[0].builder.emit("custom", *operands, function=function)


register(
    OpRecord(
        "custom",
        "user",
        _infer,
        _evaluate,
        _vjp,
        batch=_batch,
        can_fail="the user's function raised an exception",
        doc="A function of the user over read-only arrays and preallocated results, or over scalars.",
        formula="function(*inputs, *results)",
        dtypes="biuf",
        differentiable=False,
    )
)


def _no_batch(size: Dim, inputs: Sequence[Node], batched: Sequence[bool], function: UserFunction) -> Node:
    raise ValueError("a gradient of the user's own cannot be computed for many values at once")


register(
    OpRecord(
        "override",
        "meta",
        lambda result, *inputs, function: result,
        lambda result, *inputs, function: result,
        lambda g, out, result, *inputs: (None, *out.attrs["function"].pull((g,), (out,), inputs)),
        batch=_no_batch,
        doc="The first operand, with a gradient that the user gives for the others.",
        dtypes="biuf",
        differentiable=False,
    )
)
