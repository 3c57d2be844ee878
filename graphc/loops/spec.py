"""What a kernel is, before a backend chooses instructions: index space, index maps, scalar expressions.

A spec speaks of *operands* by position; a `KernelCall` binds them to buffers. Calls with equal specs share one kernel.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from graphc.ir.dims import Dim
from graphc.loops.expr import Affine, Expr


@dataclass(frozen=True, slots=True)
class Axis:
    """One loop: its size, and whether the nest reduces over it."""

    size: Dim
    reduce: bool = False


@dataclass(frozen=True, slots=True)
class Operand:
    """A pointer that the kernel gets.

    Attributes
    ----------
    dtype : str
    access : str
        ``"in"``, ``"out"`` or ``"inout"``. No two operands of a call overlap unless both are only read. An ``"inout"``
        operand is read and written at the same index map: an element is stored after its last read (in the last phase
        of a nest with reductions).
    """

    dtype: str
    access: str


@dataclass(frozen=True, slots=True)
class Store:
    """Write of one expression; of full shape, or once per outer index when `expr` does not vary along the reduction."""

    operand: int
    offset: Affine
    expr: Expr
    over_reduction: bool


@dataclass(frozen=True, slots=True)
class Check:
    """A boolean expression that must hold everywhere; otherwise the kernel returns `status` and the call fails."""

    expr: Expr
    status: int


@dataclass(frozen=True, slots=True)
class Nest:
    """Loops over parallel axes, then reduction axes; elementwise work, reductions, and rows that mix both.

    Attributes
    ----------
    axes : tuple of Axis
        Parallel axes first (outermost first), then reduction axes.
    operands : tuple of Operand
    stores : tuple of Store
    checks : tuple of Check
    """

    axes: tuple[Axis, ...]
    operands: tuple[Operand, ...]
    stores: tuple[Store, ...]
    checks: tuple[Check, ...] = ()


@dataclass(frozen=True, slots=True)
class MultiNest:
    """One elementwise nest over several sets of arrays: a table with a row of pointers and a length for each.

    Attributes
    ----------
    nest : Nest
        Over one contiguous axis of open length (see `graphc.loops.flat.open_form`), without checks.
    lengths : tuple of Dim
        Elements of every row. No row writes what another one touches.
    """

    nest: Nest
    lengths: tuple[Dim, ...]

    @property
    def operands(self) -> tuple[Operand, ...]:
        """Those of the first row, then those of the second, and so on."""
        return self.nest.operands * len(self.lengths)


@dataclass(frozen=True, slots=True)
class Contraction:
    """``C[b, i, j] = epilogue(sum_k A[b, i, k] * B[b, k, j])``, operands by strides.

    Axes are numbered batch axes first, then i, then j: index maps of `left` and `right` have one more, for k.

    Attributes
    ----------
    batch : tuple of Dim
    rows, columns, depth : Dim
    left, right : Affine
        Offsets over (batch..., i, j, k); `left` does not depend on j, `right` not on i.
    operands : tuple of Operand
        The first is A, the second B, then those of the epilogue.
    stores : tuple of Store
        Over (batch..., i, j); their expressions contain ``accumulator``.
    dtype : str
    """

    batch: tuple[Dim, ...]
    rows: Dim
    columns: Dim
    depth: Dim
    left: Affine
    right: Affine
    operands: tuple[Operand, ...]
    stores: tuple[Store, ...]
    dtype: str


@dataclass(frozen=True, slots=True)
class Convolution:
    """N-dimensional convolution: x[n, *spatial, c], w[*window, c / groups, o], y[n, *spatial, o], operands by strides.

    Attributes
    ----------
    batch, channels, features : Dim
        Of x, x and y; y has ``batch / batch_groups`` images.
    image, window, output : tuple of Dim
        Spatial sizes.
    strides, window_dilation, image_dilation : tuple of int
    low : tuple of Dim
        Padding before each spatial axis (may be negative).
    groups : int
    batch_groups : int
    left : Affine
        Offsets of x over (n, *spatial, c).
    right : Affine
        Offsets of w over (*window, c, o); fast where o has coefficient 1.
    operands, stores
        As in `Contraction`; axes of the stores are (n, *spatial, o).
    dtype : str
    """

    batch: Dim
    channels: Dim
    features: Dim
    image: tuple[Dim, ...]
    window: tuple[Dim, ...]
    output: tuple[Dim, ...]
    strides: tuple[int, ...]
    window_dilation: tuple[int, ...]
    image_dilation: tuple[int, ...]
    low: tuple[Dim, ...]
    groups: int
    batch_groups: int
    left: Affine
    right: Affine
    operands: tuple[Operand, ...]
    stores: tuple[Store, ...]
    dtype: str


@dataclass(frozen=True, slots=True)
class SourceKernel:
    """An irregular operation as Numba source.

    Attributes
    ----------
    name : str
        The record's name.
    source : str
        ``def kernel(args, begin, end): ...`` over a table of 64-bit words: a pointer per operand, then the sizes.
    operands : tuple of Operand
        Operands, results, then temporaries (``"out"``, their contents mean nothing afterwards).
    sizes : tuple of Dim
        Integers passed after the pointers.
    can_fail : bool
    """

    name: str
    source: str
    operands: tuple[Operand, ...]
    sizes: tuple[Dim, ...]
    can_fail: bool = False


@dataclass(frozen=True, slots=True)
class LibraryKernel:
    """An operation that LAPACK does.

    Attributes
    ----------
    name : str
        The record's name.
    flags : tuple of bool
        Variants of the operation.
    operands : tuple of Operand
        Operands, results, then workspaces (``"out"``).
    sizes : tuple of Dim
        The number of matrices, then the operation's own.
    can_fail : bool
    """

    name: str
    flags: tuple[bool, ...]
    operands: tuple[Operand, ...]
    sizes: tuple[Dim, ...]
    can_fail: bool = False


@dataclass(frozen=True, slots=True)
class UserKernel:
    """A function that a user wrote.

    Attributes
    ----------
    function : graphc.ops.custom.UserFunction
    operands : tuple of Operand
        Inputs, then results.
    shapes : tuple of tuple of Dim
        Of every operand.
    """

    function: Any
    operands: tuple[Operand, ...]
    shapes: tuple[tuple[Dim, ...], ...]


@dataclass(frozen=True, slots=True)
class HostKernel:
    """A node without native code: the NumPy reference runs on views of the buffers, through a callback."""

    node: Any
    operands: tuple[Operand, ...]


@dataclass(frozen=True, slots=True)
class SizesKernel:
    """Makes sizes that are data known: what runs after it may depend on them.

    Attributes
    ----------
    names : tuple of str
        Symbols.
    operands : tuple of Operand
        A number for each.
    """

    names: tuple[str, ...]
    operands: tuple[Operand, ...]


@dataclass(frozen=True, eq=False)
class Turn:
    """A carried value in two blocks that take turns: one step reads one and writes the other.

    Attributes
    ----------
    currents : tuple of Buffer
        What the parts of a loop call the value before a step.
    following : Buffer
        What the body calls the value after it.
    initial, result, spare : Buffer
        Where the first value is, where the last one has to be, and the other block.
    settle : KernelCall
        The copy from the first of `currents` to `result`, for when the last value is elsewhere.
    """

    currents: tuple[Buffer, ...]
    following: Buffer
    initial: Buffer
    result: Buffer
    spare: Buffer
    settle: KernelCall


@dataclass(frozen=True, eq=False)
class ControlKernel:
    """Kernels of a branch or of a loop, run as often as data and sizes say.

    Attributes
    ----------
    op : str
        ``"cond"``, ``"while_loop"`` or ``"scan"``.
    operands : tuple of Operand
        Operands of the node, its results, then temporaries.
    parts : tuple of graphc.schedule.plan.Schedule
        Then and else; test and body; body.
    fixed : tuple of (Buffer, Buffer)
        Buffers of the parts and those outside whose bytes they are.
    sliced : tuple of (Buffer, Buffer)
        Buffers of the body that are one step of those outside, along the leading axis.
    turned : tuple of Turn
    starts : tuple of KernelCall
        What runs before the first step: copies of values that are updated in place.
    step : Buffer, optional
        Where the body finds the number of the step.
    decision : Buffer, optional
        The bool that chooses the branch, or that the test leaves.
    length : Dim
        Steps of a scan.
    reverse : bool
        Whether a scan begins with its last step.
    workspace : Buffer, optional
        Bytes in which the parts have their temporaries.
    """

    op: str
    operands: tuple[Operand, ...]
    parts: tuple[Any, ...]
    fixed: tuple[tuple[Buffer, Buffer], ...]
    sliced: tuple[tuple[Buffer, Buffer], ...] = ()
    turned: tuple[Turn, ...] = ()
    starts: tuple[KernelCall, ...] = ()
    step: Buffer | None = None
    decision: Buffer | None = None
    length: Dim = 0
    reverse: bool = False
    workspace: Buffer | None = None


KernelSpec = (
    Nest
    | MultiNest
    | Contraction
    | Convolution
    | SourceKernel
    | LibraryKernel
    | UserKernel
    | HostKernel
    | SizesKernel
    | ControlKernel
)


@dataclass(frozen=True, eq=False)
class Buffer:
    """A dense row-major block.

    Attributes
    ----------
    name : str
    dtype : str
    shape : tuple of Dim
    kind : str
        ``"feed"`` (payload: input index), ``"variable"`` (slot), ``"const"`` (array), ``"fetch"`` (position),
        ``"arena"``, ``"alias"`` (payload: the buffer whose bytes it is, dense and from its start), ``"local"`` (of a
        branch or loop: it stands for another buffer, see `ControlKernel`).
    payload : object
    """

    name: str
    dtype: str
    shape: tuple[Dim, ...]
    kind: str
    payload: Any = None


@dataclass(frozen=True, eq=False)
class KernelCall:
    """A kernel with its buffers, in execution order.

    Attributes
    ----------
    spec : KernelSpec
    buffers : tuple of Buffer
        One per operand of the spec.
    label : str
        For reports: the operations it covers.
    nodes : tuple
        Program nodes that it computes (for origins and errors).
    """

    spec: KernelSpec
    buffers: tuple[Buffer, ...]
    label: str
    nodes: tuple[Any, ...] = ()
