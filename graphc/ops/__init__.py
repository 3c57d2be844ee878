"""Every operation, one record each; importing this package registers them all."""

from graphc.ops import (
    contract,
    convolution,
    cumulative,
    gather,
    leaves,
    reductions,
    scatter,
    segments,
    sorting,
    views,
    window,
)
from graphc.ops.elementwise import (
    arithmetic,
    exponential,
    logic,
    philox,
    powers,
    rounding,
    shifts,
    special,
    trigonometric,
)

__all__ = [
    "arithmetic",
    "contract",
    "convolution",
    "cumulative",
    "exponential",
    "gather",
    "leaves",
    "logic",
    "philox",
    "powers",
    "reductions",
    "rounding",
    "scatter",
    "segments",
    "shifts",
    "sorting",
    "special",
    "trigonometric",
    "views",
    "window",
]
