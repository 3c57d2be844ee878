"""``theano.tensor.signal.pool``: largest elements, sums and means of windows over the last two axes."""

from __future__ import annotations

from typing import Any

import graphc as gc
from graphc.api.convert import as_node, builder
from graphc.api.define import operation
from graphc.compat.theano.tensor._making import as_tensor_variable
from graphc.ir.dims import Dim, dim_max, product
from graphc.ir.node import Node

__all__ = ["pool_2d"]

MODES = ("max", "sum", "average_inc_pad", "average_exc_pad")


def pool_2d(
    input: Any, ws: Any = None, ignore_border: bool | None = None, stride: Any = None, pad: Any = (0, 0),
    mode: str = "max", ds: Any = None, st: Any = None, padding: Any = None,
) -> gc.Tensor:  # fmt: skip
    """One value for each window over the last two axes.

    Parameters
    ----------
    input : Tensor
    ws : int or pair of int
        Size of the windows; ``ds`` is its old name.
    ignore_border : bool
        Whether windows that go over the edge are left out; False if not given.
    stride : int or pair of int, optional
        Distance of the windows, their size if not given; ``st`` is its old name.
    pad : int or pair of int
        How far the image is grown on each side; ``padding`` is its old name.
    mode : str
        ``"max"``, ``"sum"``, ``"average_inc_pad"`` (what was grown counts as zeros), ``"average_exc_pad"``.

    Raises
    ------
    ValueError
        If the mode is none of these, or there is no window.
    """
    window = ws if ws is not None else ds
    if window is None or mode not in MODES:
        raise ValueError(f"pool_2d needs ws=, the size of the windows, and a mode among {', '.join(MODES)}")
    step = stride if stride is not None else st
    width = padding if padding is not None else pad
    found: gc.Tensor = _pool(
        as_tensor_variable(input), _pair(window), _pair(window if step is None else step), _pair(width),
        bool(ignore_border), mode, name="pool_2d",
    )  # fmt: skip
    return found


def _pair(value: Any) -> tuple[int, int]:
    first, second = (value, value) if isinstance(value, int) else value
    return int(first), int(second)


def _after(size: Dim, k: int, s: int, p: int) -> Dim:
    """How much is missing behind the image for a last window that begins inside."""
    whole = size + 2 * p
    windows = (whole - 1) // s + 1 if s >= k else dim_max((whole - 1 - k + s) // s, 0) + 1
    return dim_max((windows - 1) * s + k - whole, 0) + p


@operation("pool_2d")
def _pool(
    x: Any, window: tuple[int, int], step: tuple[int, int], width: tuple[int, int], ignore_border: bool, mode: str
) -> Node:
    node = as_node(x)
    emit = builder().emit
    planes = emit("reshape", node, shape=(product(node.shape[:-2]), *node.shape[-2:], 1))
    high = [p if ignore_border else _after(n, k, s, p)
            for n, k, s, p in zip(node.shape[-2:], window, step, width, strict=True)]  # fmt: skip
    pairs = list(zip(width, high, strict=True))
    if mode == "max":
        out: Node = gc.nn.max_pool(planes, list(window), list(step), pairs)
    elif mode == "average_exc_pad":
        out = gc.nn.avg_pool(planes, list(window), list(step), pairs)
    else:
        grown = gc.pad(planes, [(0, 0), *pairs, (0, 0)])
        out = gc.nn.avg_pool(grown, list(window), list(step))
        if mode == "sum":
            out = out * (window[0] * window[1])
    return emit("reshape", out, shape=(*node.shape[:-2], *out.shape[1:3]))
