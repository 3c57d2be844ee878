"""How a contraction is cut into tiles: decided once per spec, from what is known of its sizes."""

from __future__ import annotations

from dataclasses import dataclass, replace

from graphc.codegen.cpu.target import HostTarget
from graphc.codegen.dialect import BITS
from graphc.ir.dims import Dim
from graphc.loops.expr import Affine, Expr
from graphc.loops.spec import Contraction, Store

ROWS = {"avx512": 8, "avx2": 4, "generic": 4}
"""Rows of the largest tile: with three vectors of columns all registers are taken."""

DEPTH_BLOCK = 256
"""Depth of a packed panel."""

ROW_BLOCK = 256
"""Rows that share one packed panel."""


FAR = 1 << 20
"""Elements from the first to the last row of a right operand, from which on it is packed."""

USUAL = 512
"""What a size that is known only at run time is taken for where a choice depends on it."""


@dataclass(frozen=True, slots=True)
class Panels:
    """`count` neighbouring panels of `vectors` vectors; see `tile_function` for `masks`.

    A count of None stands for as many as the columns take; the last of them may be filled in part.
    """

    vectors: int
    count: int | None
    masks: str


@dataclass(frozen=True, slots=True)
class Plan:
    """Choices for one contraction.

    Attributes
    ----------
    lanes : int
        Elements of a vector.
    heights : tuple of int
        Rows of the tiles, the usual one first; the last one takes remainders that fit it.
    panels : tuple of Panels
    pack : str
        Order of the right operand that is packed (see `pack_function`), or ``""``: it is read in place.
    products : int
        If not 0: single rows by this many columns as inner products, `lanes` deep; there are no tiles then.
    """

    lanes: int
    heights: tuple[int, ...]
    panels: tuple[Panels, ...]
    pack: str
    products: int = 0


def make_plan(spec: Contraction, target: HostTarget) -> Plan:
    """Choose tiles for a contraction."""
    if spec.left.coefficients[-1] == 1 == spec.right.coefficients[-1] and spec.rows in (1, 2) and spec.depth != 1:
        lanes = choose_lanes(spec.depth, spec.dtype, target)
        return Plan(lanes, (1,), (), "", 1 if spec.columns == 1 else min(lanes, 8))
    lanes = choose_lanes(spec.columns, spec.dtype, target)
    heights = choose_heights(spec.rows, ROWS[target.isa])
    return Plan(lanes, heights, choose_panels(spec.columns, lanes, 4 if heights[0] <= 2 else 3), choose_pack(spec))


def choose_lanes(columns: Dim, dtype: str, target: HostTarget) -> int:
    """A full register, or less for a few columns."""
    lanes = target.vector_bits // max(BITS[dtype], 32)
    while isinstance(columns, int) and lanes > 4 and columns <= lanes // 2:
        lanes //= 2
    return lanes


def choose_heights(rows: Dim, most: int) -> tuple[int, ...]:
    """Rows per tile: known sizes are divided with the least waste, others get a smaller tile for the remainder."""
    if not isinstance(rows, int):
        return (most, most // 2)
    if rows <= most:
        return (max(rows, 1),)
    return (min(range(most, most // 2, -1), key=lambda h: -(-rows // h) * h),)


def choose_panels(columns: Dim, lanes: int, most: int) -> tuple[Panels, ...]:
    """Vectors per panel: few kinds of panels, all of them wide."""
    if not isinstance(columns, int):
        return (Panels(most, None, "all"),)
    total = -(-columns // lanes)
    masked = "last" if columns % lanes else "none"
    kinds = [vectors for vectors in range(most, 1, -1) if total % vectors == 0]
    if total <= most:
        cut = [total] if total else []
    elif kinds:
        cut = [kinds[0]] * (total // kinds[0])
    else:
        twos = {0: 0, 2: 1, 1: 2}[total % 3]
        cut = [3] * ((total - 2 * twos) // 3) + [2] * twos
    runs: list[Panels] = []
    for position, vectors in enumerate(cut):
        masks = masked if position == len(cut) - 1 else "none"
        if runs and (runs[-1].vectors, runs[-1].masks) == (vectors, masks):
            runs[-1] = replace(runs[-1], count=(runs[-1].count or 0) + 1)
        else:
            runs.append(Panels(vectors, 1, masks))
    return tuple(runs)


def choose_pack(spec: Contraction) -> str:
    """Whether the right operand must be rearranged, and from what."""
    columns, depth = spec.right.coefficients[-2:]
    if spec.columns == 1:
        return ""
    if columns == 1:
        return "columns" if far_apart(spec) else ""
    return "depth" if depth == 1 else "nothing"


def far_apart(spec: Contraction) -> bool:
    """Whether the right operand has so many rows, so far apart, that a panel read in place evicts itself."""
    sizes = (spec.depth, spec.right.coefficients[-1])
    depth, stride = (size if isinstance(size, int) else USUAL for size in sizes)
    few_rows = isinstance(spec.rows, int) and spec.rows < 2 * max(ROWS.values())
    return not few_rows and depth * stride >= FAR


def exchanged(spec: Contraction) -> Contraction:
    """The same contraction with rows and columns exchanged: ``C' = B' A'``. Operands keep their positions."""

    def swap(offset: Affine) -> Affine:
        *batch, rows, columns = offset.coefficients[: len(spec.batch) + 2]
        return Affine(offset.base, (*batch, columns, rows, *offset.coefficients[len(spec.batch) + 2 :]))

    done: dict[Expr, Expr] = {}

    def rewrite(expr: Expr) -> Expr:
        if expr not in done:
            payload = expr.payload
            if expr.op == "load":
                payload = (payload[0], swap(payload[1]))
            elif expr.op == "index" and payload >= len(spec.batch):
                payload = 2 * len(spec.batch) + 1 - payload
            args = tuple(None if arg is None else rewrite(arg) for arg in expr.args)
            done[expr] = Expr(expr.op, args, expr.dtype, payload)
        return done[expr]

    stores = tuple(Store(s.operand, swap(s.offset), rewrite(s.expr), s.over_reduction) for s in spec.stores)
    return replace(
        spec, rows=spec.columns, columns=spec.rows, left=swap(spec.right), right=swap(spec.left), stores=stores
    )
