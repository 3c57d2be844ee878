"""A diagram as the data of a page: one stage, without kernels."""

from __future__ import annotations

from typing import Any

from graphc.viz.diagram import Arrow, Diagram


def page_data(diagram: Diagram) -> dict[str, Any]:
    """What the page shows of a diagram; ids are ``b0``, ``b1`` and so on, in the order of the boxes."""
    key_of = {box.key: f"b{i}" for i, box in enumerate(diagram.boxes)}
    shapes = {shape: i for i, shape in enumerate(dict.fromkeys(box.shape for box in diagram.boxes))}
    arriving: dict[str, list[Arrow]] = {}
    leaving: dict[str, list[str]] = {}
    for arrow in diagram.arrows:
        arriving.setdefault(arrow.target, []).append(arrow)
        if arrow.label and arrow.label not in leaving.setdefault(arrow.source, []):
            leaving[arrow.source].append(arrow.label)
    nodes, lines = {}, {}  # type: dict[str, Any], dict[str, list[str]]
    for box in diagram.boxes:
        into = arriving.get(box.key, [])
        made = ", ".join(leaving.get(box.key, [])[:3]) or box.name
        facts: dict[str, Any] = {
            "op": box.headline, "type": made, "kind": shapes[box.shape], "text": box.tooltip or box.name,
            "inputs": [key_of[a.source] for a in into], "labels": [a.label for a in into],
        }  # fmt: skip
        nodes[key_of[box.key]] = facts | {"scope": box.scope} | ({"part": box.part} if box.part != "forward" else {})
        if box.line:
            lines.setdefault(box.line, []).append(key_of[box.key])
    kinds = [{"name": s.name, "colours": [s.fill, s.stroke], "outline": s.outline} for s in shapes]
    order = list(nodes)
    stage = {"name": "graph", "doc": diagram.title, "rules": {}, "added": order, "removed": [], "order": order,
             "changes": []}  # fmt: skip
    listed = [
        {"file": file, "line": number, "text": "", "nodes": found}
        for file, _, number in [line.rpartition(":") for line in lines]
        for found in [lines[f"{file}:{number}"]]
    ]
    return {"lines": listed, "nodes": nodes, "kinds": kinds, "stages": [stage], "unfused": []}
