"""Layered drawing, second half: coordinates."""

from collections.abc import Mapping, Sequence

from graphc.viz.layers import Layers, Vertex

_STRAIGHT = 8.0  # pull between two dummies: long edges should be straight before short ones are


def horizontal(layers: Layers, widths: Mapping[Vertex, float], gap: float, rounds: int = 24) -> dict[Vertex, float]:
    """Return the x of every vertex's centre, so that edges are as upright as the order within the rows allows.

    Rows are moved in turn, downwards and upwards: each vertex wants to be where its neighbours are; the nearest
    positions (least absolute deviation, which keeps long edges straight) that respect order and distance are an
    isotonic regression, found by pooling adjacent violators (Ayer et al. 1955).

    Parameters
    ----------
    widths : mapping
        Width of each vertex in pixels; vertices that are not listed (dummies) have none.
    gap : float
        Pixels between neighbours in a row.
    """
    x: dict[Vertex, float] = {}
    for row in layers.rows:
        offsets = _offsets(row, widths, gap)
        shift = offsets[-1] / 2 if offsets else 0.0
        x.update((vertex, offset - shift) for vertex, offset in zip(row, offsets, strict=True))
    for turn in range(rounds):
        down, both = turn % 2 == 0, turn >= rounds // 2
        sides = (layers.above, layers.below) if both else (layers.above if down else layers.below,)
        for row in layers.rows if down else layers.rows[::-1]:
            offsets = _offsets(row, widths, gap)
            wishes = [
                [(want - offset, weight) for want, weight in _wishes(vertex, sides, x, widths)]
                for vertex, offset in zip(row, offsets, strict=True)
            ]
            fitted = isotonic(wishes)
            x.update((vertex, fit + offset) for vertex, fit, offset in zip(row, fitted, offsets, strict=True))
    return x


def _wishes(
    vertex: Vertex,
    sides: Sequence[Mapping[Vertex, list[Vertex]]],
    x: Mapping[Vertex, float],
    widths: Mapping[Vertex, float],
) -> list[tuple[float, float]]:
    """Where a vertex wants to be, and how strongly."""
    wishes = [(x[vertex], 0.05)]
    for side in sides:
        for other in side.get(vertex, ()):
            strength = _STRAIGHT if vertex not in widths and other not in widths else 1.0
            wishes.append((x[other], strength))
    return wishes


def _offsets(row: list[Vertex], widths: Mapping[Vertex, float], gap: float) -> list[float]:
    """Centres of a row packed as closely as allowed, the first at 0."""
    offsets: list[float] = []
    for index, vertex in enumerate(row):
        if index == 0:
            offsets.append(0.0)
        else:
            half = (widths.get(row[index - 1], 0.0) + widths.get(vertex, 0.0)) / 2
            offsets.append(offsets[-1] + half + gap)
    return offsets


def isotonic(wishes: Sequence[Sequence[tuple[float, float]]]) -> list[float]:
    """Return a nondecreasing sequence near to wished values, in weighted absolute deviation.

    Parameters
    ----------
    wishes : sequence of sequences of (value, weight)
        The wishes for each place; at least one for each.

    Examples
    --------
    >>> isotonic([[(1.0, 1.0)], [(3.0, 1.0)], [(2.0, 9.0)], [(4.0, 1.0)]])
    [1.0, 2.0, 2.0, 4.0]
    """
    blocks: list[tuple[float, list[tuple[float, float]], int]] = []  # median, wishes, length
    for wish in wishes:
        pool, length = list(wish), 1
        median = _weighted_median(pool)
        while blocks and blocks[-1][0] > median:
            _, other, other_length = blocks.pop()
            pool, length = other + pool, length + other_length
            median = _weighted_median(pool)
        blocks.append((median, pool, length))
    return [median for median, _, length in blocks for _ in range(length)]


def _weighted_median(wishes: Sequence[tuple[float, float]]) -> float:
    """The middle of the interval of medians."""
    ordered = sorted(wishes)
    half = sum(weight for _, weight in ordered) / 2
    below = 0.0
    for index, (value, weight) in enumerate(ordered):
        below += weight
        if below > half + 1e-9:
            return value
        if below > half - 1e-9 and index + 1 < len(ordered):
            return (value + ordered[index + 1][0]) / 2
    return ordered[-1][0]
