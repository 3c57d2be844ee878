"""A compiled step as a diagram: its kernel calls, and what flows between them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graphc.viz.diagram import Arrow, Box, Diagram, Shape
from graphc.viz.families import PLACEHOLDER, RESULT

_KERNELS = {
    "MultiNest": Shape("loop nest over a table of arrays", "#d5f0e6", "#00795a"),
    "Nest": Shape("loop nest", "#d5f0e6", "#00795a"),
    "Contraction": Shape("matrix product", "#c9d0ee", "#2e3f94"),
    "Convolution": Shape("convolution", "#c9d0ee", "#2e3f94"),
    "SourceKernel": Shape("source kernel", "#e9efc0", "#6b7400"),
    "LibraryKernel": Shape("LAPACK", "#aab4e0", "#1b2766"),
    "ControlKernel": Shape("branch or loop", "#f8d2bd", "#b34700"),
    "HostKernel": Shape("NumPy, by callback", "#fbe3b5", "#a86b00", "note"),
}


def plan_diagram(report: Mapping[str, Any], title: str) -> Diagram:
    """Describe the picture of a compiled step.

    Kernel calls, feeds and results are boxes. Variables and constants are not: they would be arrows from everywhere to
    everywhere. A box says how many variables it updates in place; its tooltip lists all that the call reads and writes.

    Parameters
    ----------
    report : mapping
        What ``report()`` of a compiled function or session gives.
    title : str
    """
    boxes: dict[str, Box] = {}
    arrows: list[Arrow] = []
    made: dict[str, tuple[str, int]] = {}  # the box and output that wrote a buffer last
    for number, call in enumerate(report["calls"]):
        if call["within"]:
            continue
        key = f"call {number}"
        boxes[key] = _call_box(key, number, call)
        for buffer in call["reads"]:
            source = made.get(buffer["name"])
            if source is None and buffer["kind"] == "feed":
                source = made[buffer["name"]] = (f"feed {buffer['name']}", 0)
                boxes[source[0]] = Box(source[0], buffer["name"], "feed", PLACEHOLDER, _type(buffer))
            if source is not None:
                arrows.append(Arrow(source[0], key, source[1], _type(buffer)))
        for output, buffer in enumerate(call["writes"]):
            made[buffer["name"]] = (key, output)
            if buffer["kind"] == "fetch":
                result = f"fetch {buffer['name']}"
                boxes[result] = Box(result, buffer["name"], "result", RESULT, _type(buffer))
                arrows.append(Arrow(key, result, output, _type(buffer)))
    return Diagram(title, list(boxes.values()), list(dict.fromkeys(arrows)))


def _call_box(key: str, number: int, call: Mapping[str, Any]) -> Box:
    updated = sum(buffer["kind"] == "variable" for buffer in call["writes"])
    below = f"call {number}"
    if updated:
        below += f", updates {updated} variable{'s' if updated > 1 else ''}"
    lines = [f"{number}: {call['label']}", f"{call['kind']}, {call['bytes']} bytes, {call['flops']} flops"]
    lines += [f"reads {buffer['name']}: {_type(buffer)}" for buffer in call["reads"]]
    lines += [f"writes {buffer['name']}: {_type(buffer)}" for buffer in call["writes"]]
    return Box(key, call["label"], below, _KERNELS[call["kind"]], "\n".join(lines))


def _type(buffer: Mapping[str, str]) -> str:
    return f"{buffer['dtype']} {buffer['shape']}"
