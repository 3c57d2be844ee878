"""A lowered program as a diagram: its nodes, by their numbers in the program's text."""

from __future__ import annotations

from graphc.ir.program import Program, numbered
from graphc.viz.diagram import Arrow, Box, Diagram
from graphc.viz.families import RESULT, primitive


def program_diagram(program: Program, title: str) -> Diagram:
    """Describe the picture of a program; boxes are its nodes, ``%3`` is the name of number 3 in ``to_text()``."""
    numbers = numbered(program)
    lines = {line.split(" = ", 1)[0]: line for line in program.to_text().splitlines() if line.startswith("%")}
    boxes = [
        Box(f"%{i}", node.op, f"%{i}", primitive(node.op), lines.get(f"%{i}", node.op)) for node, i in numbers.items()
    ]
    arrows = [
        Arrow(f"%{numbers[source]}", f"%{i}", label=repr(source.type))
        for node, i in numbers.items()
        for source in dict.fromkeys(node.inputs)
    ]
    results = [(f"output {i}", "output", n) for i, n in enumerate(program.outputs)]
    results += [(f"variable {slot}", "update", n) for slot, n in program.updates]
    for key, headline, node in results:
        boxes.append(Box(key, headline, key, RESULT, f"{key} of type {node.type!r}"))
        arrows.append(Arrow(f"%{numbers[node]}", key, label=repr(node.type)))
    return Diagram(title, boxes, arrows)
