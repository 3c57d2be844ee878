"""One record describes one operation, everywhere: types, reference values, gradient, scalar code, cost, documentation.

Whoever adds an operation adds one record; builders, systematic tests and the reference page follow from it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphc.ir.dims import Dim
from graphc.ir.node import Node
from graphc.ir.types import Type
from graphc.ops.library import Library
from graphc.ops.source import Source

Infer = Callable[..., Type]
Evaluate = Callable[..., Any]
Vjp = Callable[..., Sequence["Node | None"]]
Scalar = Callable[..., Any]
SymbolicValue = Callable[..., "tuple[Dim, ...] | None"]
Batch = Callable[..., Node]


@dataclass(frozen=True)
class OpRecord:
    """Everything known about one primitive.

    Attributes
    ----------
    name : str
        Its name in programs and in the user's graph.
    kind : str
        How a backend treats it: ``"leaf"``, ``"elementwise"``, ``"view"`` (index maps: reshape, transpose, slice, ...),
        ``"reduce"``, ``"contract"`` (matmul, conv), ``"window"``, ``"irregular"`` (gather, scatter, sort, scans),
        ``"user"`` (a function of the user's own), ``"control"`` (branches and loops, which hold bodies),
        ``"library"`` (calls of LAPACK and BLAS),
        ``"meta"`` (gradient, identity and the like: gone before code is generated).
    infer : callable ``(*types, **attrs) -> Type``
        Type rule; raises `ValueError` or `TypeError` with a message for the user.
    evaluate : callable ``(*arrays, **attrs) -> array``
        NumPy reference. Dimensions in `attrs` are integers by then.
    vjp : callable ``(g, out, *inputs) -> sequence of Node or None``, optional
        Cotangent of each input from the cotangent `g` of the result `out`, in terms of nodes. Contributions may have a
        broadcast shape: the driver sums them down. None: the input has no gradient.
    scalar : callable ``(b, *values) -> value``, optional
        Code of one element over a dialect `b`, for elementwise operations.
    symbolic : callable ``(*values, **attrs) -> tuple of Dim``, optional
        Value in terms of dimensions, for shape arithmetic. Every input's value is a flat tuple of dimensions.
    batch : callable ``(axis_size, inputs, batched, **attrs) -> Node``, optional
        The operation with a new leading axis on those inputs whose `batched` flag is set.
    source : callable ``(node) -> graphc.ops.source.Source``, optional
        Numba source of a kernel over typed pointers, for irregular operations.
    library : callable ``(node) -> graphc.ops.library.Library``, optional
        Sizes and workspaces of an operation that LAPACK does.
    source_in_place : callable ``(node) -> graphc.ops.source.Source``, optional
        The kernel for when the result has the bytes of the first operand.
    effect : str
        ``"pure"``, ``"random"``, ``"state"`` or ``"host"``.
    can_fail : str, optional
        What went wrong when its kernel reports an error, as a message for the user; `evaluate` raises `IndexError` in
        the same cases, with the offending value.
    linear : bool
        Whether its result is linear in the operands jointly.
    doc : str
        One paragraph for the reference page.
    formula : str
        The formula, in NumPy notation.
    sample : tuple of (float, float), one per input
        Intervals from which test inputs are drawn.
    dtypes : str
        Kinds accepted, of ``"biuf"``.
    ulp : (int, int)
        Bound of the error of one element in units in the last place, float32 and float64.
    differentiable : bool
        Whether finite differences apply anywhere in the sampled domain.
    """

    name: str
    kind: str
    infer: Infer
    evaluate: Evaluate
    vjp: Vjp | None = None
    scalar: Scalar | None = None
    symbolic: SymbolicValue | None = None
    batch: Batch | None = None
    source: Callable[[Node], Source] | None = None
    library: Callable[[Node], Library] | None = None
    source_in_place: Callable[[Node], Source] | None = None
    effect: str = "pure"
    can_fail: str | None = None
    linear: bool = False
    doc: str = ""
    formula: str = ""
    sample: tuple[tuple[float, float], ...] = ((-3.0, 3.0),)
    dtypes: str = "f"
    ulp: tuple[int, int] = (2, 2)
    differentiable: bool = True
    flops: int = 1
    extra: dict[str, Any] = field(default_factory=dict)


REGISTRY: dict[str, OpRecord] = {}


def register(record: OpRecord) -> OpRecord:
    """Add a record; a second one of the same name is an error."""
    if record.name in REGISTRY:
        raise ValueError(f"two records for the operation {record.name!r}")
    REGISTRY[record.name] = record
    return record


def record_of(name: str) -> OpRecord:
    """The record of an operation by name.

    Raises
    ------
    KeyError
        If there is none.
    """
    return REGISTRY[name]
