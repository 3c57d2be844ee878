"""How a convolution is cut into tiles: rows are outputs along one axis, columns are features."""

from __future__ import annotations

from dataclasses import dataclass

from graphc.codegen.cpu.gemm.plan import ROWS, Panels, choose_heights, choose_lanes, choose_panels
from graphc.codegen.cpu.target import HostTarget
from graphc.ir.dims import Dim, ceildiv, floordiv, product
from graphc.loops.spec import Convolution

ZEROS = 1024
"""Elements of the block that rows outside the image read; also the channels that are summed at a time."""

PANEL_BYTES = 1 << 21
"""Most that packed weights may take of the stack."""


@dataclass(frozen=True, slots=True)
class ConvolutionPlan:
    """Choices for one convolution.

    Axes are numbered as in `Convolution.left`: 0 is the batch, then the spatial axes.

    Attributes
    ----------
    lanes : int
    height : int
        Rows of a tile.
    panels : tuple of Panels
        How the features of a group are cut, or the groups themselves if `across`.
    row_axis : int
        The axis along which the rows of a tile lie.
    row_step : int
        Distance of neighbouring rows: with a dilated image those rows go together that read the same window places.
    across : bool
        Whether vectors run across groups of one feature each.
    inner_window : bool
        Whether the innermost loop runs along the last axis of the window, and that over channels is the outermost:
        for images whose channels are far apart, such as those of a weight gradient.
    pack : str
        Order of the weights that are copied to the stack (see `pack_function`), or ``""``: they are read in place.
    checked : tuple of bool
        For every spatial axis whether a window may reach outside the image or between its elements.
    """

    lanes: int
    height: int
    panels: tuple[Panels, ...]
    row_axis: int
    row_step: int
    across: bool
    inner_window: bool
    pack: str
    checked: tuple[bool, ...]

    @property
    def row_checked(self) -> bool:
        """Whether rows of one tile may differ in what part of the window lies in the image."""
        return self.row_axis > 0 and self.checked[self.row_axis - 1]


def group_count(spec: Convolution) -> int:
    """Groups of features, whatever they divide: channels or the batch."""
    return spec.groups * spec.batch_groups


def group_sizes(spec: Convolution) -> tuple[Dim, Dim, Dim]:
    """Images, channels and features of one group."""
    images, channels = floordiv(spec.batch, spec.batch_groups), floordiv(spec.channels, spec.groups)
    return images, channels, floordiv(spec.features, group_count(spec))


def group_stride(spec: Convolution) -> Dim:
    """How far apart the images of neighbouring groups are."""
    images, channels, _ = group_sizes(spec)
    first, last = spec.left.coefficients[0], spec.left.coefficients[-1]
    return channels * last if spec.batch_groups == 1 else images * first


def make_plan(spec: Convolution, target: HostTarget) -> ConvolutionPlan:
    """Choose tiles for a convolution."""
    images, channels, features = group_sizes(spec)
    contiguous = spec.right.coefficients[-1] == 1
    across = group_count(spec) > 1 and features == 1 and group_stride(spec) == 1 and contiguous
    columns: Dim = group_count(spec) if across else features
    lanes = choose_lanes(columns, spec.dtype, target)
    checked = tuple(_reaches_outside(spec, axis) for axis in range(len(spec.image)))
    row_axis = _row_axis(spec, images)
    step = spec.image_dilation[row_axis - 1] if row_axis else 1
    most = ROWS[target.isa] // 2 if across else ROWS[target.isa]
    rows = ceildiv(images if row_axis == 0 else spec.output[row_axis - 1], step)
    height = choose_heights(rows, most)[0]
    far = spec.left.coefficients[-1] != 1 and channels != 1
    if row_axis and checked[row_axis - 1] and far:
        height = 1  # rows outside the image are skipped, not read from the block of zeros
    inner_window = far and row_axis == 0 and spec.image_dilation[-1] == 1
    panels = choose_panels(columns, lanes, 2 if across else 3)
    return ConvolutionPlan(lanes, height, panels, row_axis, step, across, inner_window, choose_pack(spec), checked)


def choose_pack(spec: Convolution) -> str:
    """Whether a panel of weights is copied so that features are contiguous; unknown or very large ones are not."""
    channels, features = spec.right.coefficients[-2:]
    depth = product(spec.window) * group_sizes(spec)[1]
    if 1 in (features, group_sizes(spec)[2]) or not isinstance(depth, int) or depth * 256 > PANEL_BYTES:
        return ""
    return "depth" if channels == 1 else "nothing"


def _row_axis(spec: Convolution, images: Dim) -> int:
    """The last spatial axis, or the batch where that is contiguous or the outputs along the axis are few."""
    last = spec.output[-1]
    few = isinstance(last, int) and last < 4 and (not isinstance(images, int) or images > last)
    return 0 if spec.left.coefficients[0] == 1 or few else len(spec.output)


def _reaches_outside(spec: Convolution, axis: int) -> bool:
    sizes = (spec.low[axis], spec.image[axis], spec.window[axis], spec.output[axis])
    low, image, window, output = sizes
    if not all(isinstance(size, int) for size in sizes) or spec.image_dilation[axis] != 1:
        return True
    last = (output - 1) * spec.strides[axis] + (window - 1) * spec.window_dilation[axis] - low
    return not (low <= 0 and last < image)  # type: ignore[operator]
