"""Draw a diagram as a standalone SVG document."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise

from graphc.viz.diagram import Arrow, Box, Diagram, Shape
from graphc.viz.layers import Layers, Vertex, layer
from graphc.viz.positions import horizontal
from graphc.viz.text import elide, escape, width

_HEAD, _NAME, _LABEL, _TITLE = 13, 11, 10, 17  # font sizes in pixels
_BOX_HEIGHT, _BOX_MIN, _BOX_MAX = 44, 72, 220
_GAP_X, _GAP_Y, _MARGIN = 26, 58, 32
_INK, _SOFT, _LINE = "#1f2933", "#52606d", "#9aa5b1"
_STYLE = f"""
  text {{ font-family: "DejaVu Sans", Verdana, "Segoe UI", Helvetica, Arial, sans-serif; fill: {_INK}; }}
  .head {{ font-size: {_HEAD}px; font-weight: 600; text-anchor: middle; }}
  .name {{ font-size: {_NAME}px; fill: {_SOFT}; text-anchor: middle; }}
  .label {{ font-size: {_LABEL}px; fill: {_SOFT}; text-anchor: middle;
    stroke: #fff; stroke-width: 4px; paint-order: stroke; }}
  .scope {{ font-size: {_LABEL}px; fill: {_SOFT}; }}
  .title {{ font-size: {_TITLE}px; font-weight: 600; }}
  .legend {{ font-size: {_NAME}px; }}
  .edge {{ fill: none; stroke: {_LINE}; stroke-width: 1.4; }}
  .edge:hover {{ stroke: #d64545; stroke-width: 2.4; }}
  .frame {{ fill: #7b8794; fill-opacity: 0.06; stroke: #cbd2d9; stroke-dasharray: 5 4; }}
  .sheet {{ fill: #fff; }}
  @media (prefers-color-scheme: dark) {{
    .sheet {{ fill: #16191d; }}
    .title, .legend, .label, .scope {{ fill: #d8dee6; }}
    .label {{ stroke: #16191d; }}
    .frame {{ fill-opacity: 0.16; stroke: #52606d; }}
  }}
"""


@dataclass(frozen=True, slots=True)
class _Placed:
    """A box and its rectangle."""

    box: Box
    x: float
    y: float
    width: float

    @property
    def right(self) -> float:
        return self.x + self.width

    @property
    def bottom(self) -> float:
        return self.y + _BOX_HEIGHT


def render(diagram: Diagram) -> str:
    """Return the SVG document of a diagram, rows from top to bottom in the direction of the arrows.

    Raises
    ------
    ValueError
        If the arrows form a cycle.
    """
    import networkx as nx

    graph = nx.DiGraph()
    graph.add_nodes_from(box.key for box in diagram.boxes)
    graph.add_edges_from((arrow.source, arrow.target) for arrow in diagram.arrows)
    if not nx.is_directed_acyclic_graph(graph):
        raise ValueError(f"the arrows of {diagram.title!r} form a cycle: {nx.find_cycle(graph)}")
    labels = _output_labels(diagram.arrows)
    widths: dict[Vertex, float] = {box.key: _box_width(box, labels.get(box.key, {})) for box in diagram.boxes}
    layers = layer(graph, {box.key: box.scope for box in diagram.boxes})
    x = horizontal(layers, widths, _GAP_X)
    left = min((x[key] - widths[key] / 2 for key in widths), default=0.0)
    left = min(left, min(x.values(), default=0.0)) - _MARGIN
    x = {vertex: place - left for vertex, place in x.items()}
    legend = _legend(diagram.boxes)
    top = _MARGIN + _TITLE + 52
    row_of = {vertex: row for row, vertices in enumerate(layers.rows) for vertex in vertices}
    y = {vertex: top + row * (_BOX_HEIGHT + _GAP_Y) for vertex, row in row_of.items()}
    placed = {b.key: _Placed(b, x[b.key] - widths[b.key] / 2, y[b.key], widths[b.key]) for b in diagram.boxes}
    total_width = max([box.right for box in placed.values()] + list(x.values()) + [legend[1]], default=0.0) + _MARGIN
    total_width = max(total_width, width(diagram.title, _TITLE) * 1.1 + 2 * _MARGIN)
    total_height = top + max(len(layers.rows), 1) * (_BOX_HEIGHT + _GAP_Y) - _GAP_Y + _MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{total_width:.0f}" height="{total_height:.0f}" '
        f'viewBox="0 0 {total_width:.0f} {total_height:.0f}" role="img">',
        f"<title>{escape(diagram.title)}</title>",
        f"<style>{_STYLE}</style>",
        f'<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        f'<path d="M0 0.8 L8 4 L0 7.2 z" fill="{_LINE}"/></marker></defs>',
        '<rect class="sheet" width="100%" height="100%"/>',
        f'<text class="title" x="{_MARGIN}" y="{_MARGIN + 8}">{escape(diagram.title)}</text>',
        legend[0],
        *_frames(placed.values()),
        *_edges(diagram.arrows, placed, layers, x, y),
        *(_box(box) for box in placed.values()),
        *_labels(placed, labels),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _output_labels(arrows: Iterable[Arrow]) -> dict[str, dict[int, str]]:
    """The text below a box for each of its outputs that is read."""
    labels: dict[str, dict[int, str]] = {}
    for arrow in arrows:
        if arrow.label:
            labels.setdefault(arrow.source, {})[arrow.output] = arrow.label
    return labels


def _box_width(box: Box, labels: Mapping[int, str]) -> float:
    wanted = max(width(box.headline, _HEAD) * 1.08, width(box.name, _NAME)) + 22
    below = sum(width(label, _LABEL) + 12 for label in labels.values())
    return max(min(max(wanted, _BOX_MIN), _BOX_MAX), below)


def _port(box: _Placed, index: int, count: int) -> float:
    """The x of one of several outputs of a box."""
    return box.x + box.width * (index + 0.5) / count


def _entry(box: _Placed, index: int, count: int) -> float:
    """The x where one of several arrows ends on a box."""
    spread = min(box.width * 0.7, 26.0 * (count - 1))
    return box.x + box.width / 2 + (spread * (index / (count - 1) - 0.5) if count > 1 else 0.0)


def _edges(
    arrows: Iterable[Arrow],
    placed: Mapping[str, _Placed],
    layers: Layers,
    x: Mapping[Vertex, float],
    y: Mapping[Vertex, float],
) -> Iterable[str]:
    """One curve per arrow; ends on a box are spread in the order in which the curves arrive."""
    arrows = list(arrows)
    arriving: dict[str, list[Arrow]] = {}
    outputs: dict[str, set[int]] = {}
    for arrow in arrows:
        arriving.setdefault(arrow.target, []).append(arrow)
        outputs.setdefault(arrow.source, set()).add(arrow.output)
    for into in arriving.values():
        into.sort(key=lambda arrow: x[layers.chains[arrow.source, arrow.target][-2]])
    for arrow in arrows:
        source, target = placed[arrow.source], placed[arrow.target]
        used = sorted(outputs[arrow.source])
        start = (_port(source, used.index(arrow.output), len(used)), source.bottom)
        into = arriving[arrow.target]
        end = (_entry(target, into.index(arrow), len(into)), target.y)
        stops = [start]
        for dummy in layers.chains[arrow.source, arrow.target][1:-1]:
            stops += [(x[dummy], y[dummy]), (x[dummy], y[dummy] + _BOX_HEIGHT)]
        stops.append(end)
        dash = ' stroke-dasharray="4 4"' if arrow.dashed else ""
        tip = escape(f"{source.box.name or source.box.headline} → {target.box.name or target.box.headline}")
        text = f"{tip}: {escape(arrow.label)}" if arrow.label else tip
        yield f'<path class="edge" d="{_curve(stops)}" marker-end="url(#tip)"{dash}><title>{text}</title></path>'


def _curve(stops: list[tuple[float, float]]) -> str:
    """A path that leaves and enters every row vertically."""
    path = [f"M{stops[0][0]:.1f} {stops[0][1]:.1f}"]
    for (x0, y0), (x1, y1) in pairwise(stops):
        if abs(x0 - x1) < 0.5:
            path.append(f"L{x1:.1f} {y1:.1f}")
        else:
            middle = (y0 + y1) / 2
            path.append(f"C{x0:.1f} {middle:.1f} {x1:.1f} {middle:.1f} {x1:.1f} {y1:.1f}")
    return " ".join(path)


def _box(placed: _Placed) -> str:
    box, shape = placed.box, placed.box.shape
    name = elide(box.name, _NAME, placed.width - 14)
    centre = placed.x + placed.width / 2
    lines = [f"<g><title>{escape(box.tooltip)}</title>", _outline(placed, shape)]
    head_y = placed.y + (19 if name else 27)
    lines.append(f'<text class="head" x="{centre:.1f}" y="{head_y:.1f}">{_short(box.headline, placed.width)}</text>')
    if name:
        lines.append(f'<text class="name" x="{centre:.1f}" y="{placed.y + 35:.1f}">{escape(name)}</text>')
    return "".join(lines) + "</g>"


def _short(headline: str, limit: float) -> str:
    return escape(elide(headline, _HEAD * 1.08, limit - 14))


def _outline(placed: _Placed, shape: Shape) -> str:
    x, y, w, h = placed.x, placed.y, placed.width, _BOX_HEIGHT
    paint = f'fill="{shape.fill}" stroke="{shape.stroke}" stroke-width="{2.6 if placed.box.emphasis else 1.3}"'
    radius = {"pill": h / 2, "box": 7, "store": 3, "note": 7, "stack": 7}[shape.outline]
    dash = ' stroke-dasharray="3 3"' if shape.outline == "note" else ""
    rect = f'<rect x="{x:.1f}" y="{y:.1f}" width="{w:.1f}" height="{h}" rx="{radius}" {paint}{dash}/>'
    if shape.outline == "stack":  # a second sheet behind the first
        rect = f'<rect x="{x + 4:.1f}" y="{y + 4:.1f}" width="{w:.1f}" height="{h}" rx="{radius}" {paint}/>{rect}'
    if shape.outline == "store":  # two lines at the sides, as a memory is drawn in a flow chart
        rect += "".join(
            f'<path d="M{side:.1f} {y:.1f} v{h}" stroke="{shape.stroke}" stroke-width="1.3"/>'
            for side in (x + 5, x + w - 5)
        )
    return rect


def _labels(placed: Mapping[str, _Placed], labels: Mapping[str, Mapping[int, str]]) -> Iterable[str]:
    """Type and shape of each output, just below its box."""
    for key, outputs in labels.items():
        box = placed[key]
        for place, output in enumerate(sorted(outputs)):
            centre = _port(box, place, len(outputs))
            yield f'<text class="label" x="{centre:.1f}" y="{box.bottom + 13:.1f}">{escape(outputs[output])}</text>'


def _legend(boxes: Iterable[Box]) -> tuple[str, float]:
    """One swatch for each family in the picture, and the x where they end."""
    shapes = dict.fromkeys(box.shape for box in boxes)
    x, y, parts = float(_MARGIN), _MARGIN + _TITLE + 8, []
    for shape in shapes:
        swatch = (
            f'<rect x="{x:.1f}" y="{y}" width="16" height="12" rx="3" fill="{shape.fill}" stroke="{shape.stroke}"/>'
        )
        parts.append(f'{swatch}<text class="legend" x="{x + 21:.1f}" y="{y + 10}">{escape(shape.name)}</text>')
        x += 21 + width(shape.name, _NAME) + 14
    return "".join(parts), x


def _frames(placed: Iterable[_Placed]) -> Iterable[str]:
    """A frame around each name scope that has a rectangle of its own in the picture."""
    everything = list(placed)
    scopes: dict[str, list[_Placed]] = {}
    for box in everything:
        parts = box.box.scope.split("/") if box.box.scope else []
        for depth in range(1, len(parts) + 1):
            scopes.setdefault("/".join(parts[:depth]), []).append(box)
    deepest = max((scope.count("/") for scope in scopes), default=0)
    for scope, members in sorted(scopes.items()):
        if len(members) < 2:
            continue
        pad = 7 + 3 * min(deepest - scope.count("/"), 2)
        x, y = min(b.x for b in members) - pad, min(b.y for b in members) - pad - 11
        right, bottom = max(b.right for b in members) + pad, max(b.bottom for b in members) + pad + 11
        inside = set(map(id, members))
        if any(
            b.x < right and x < b.right and b.y < bottom and y < b.bottom for b in everything if id(b) not in inside
        ):
            continue
        name = escape(elide(scope, _LABEL, right - x - 16))
        yield (
            f'<rect class="frame" x="{x:.1f}" y="{y:.1f}" width="{right - x:.1f}" height="{bottom - y:.1f}" rx="10"/>'
            f'<text class="scope" x="{x + 8:.1f}" y="{y + 12:.1f}">{name}</text>'
        )
