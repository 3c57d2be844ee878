"""A diagram as text of other tools: Graphviz, Mermaid, GraphML, JSON."""

from __future__ import annotations

import json
from io import BytesIO
from typing import Any

from graphc.viz.diagram import Arrow, Box, Diagram
from graphc.viz.text import plain

_DOT_SHAPES = {"pill": "ellipse", "store": "cylinder", "note": "note", "stack": "box3d", "box": "box"}
_MERMAID_SHAPES = {"pill": '(["{}"])', "store": '[("{}")]', "note": '>"{}"]', "stack": '[["{}"]]', "box": '["{}"]'}


def scopes_of(diagram: Diagram) -> dict[str, list[Box]]:
    """Boxes by the name scope in which they stand, parents before their children; ``""`` is outside of all."""
    found: dict[str, list[Box]] = {"": []}
    for box in diagram.boxes:
        parts = box.scope.split("/") if box.scope else []
        for depth in range(1, len(parts) + 1):
            found.setdefault("/".join(parts[:depth]), [])
        found[box.scope].append(box)
    return found


def _quoted(text: str) -> str:
    escaped = plain(text).replace("\\", "\\\\").replace('"', '\\"')
    return '"' + escaped.replace("\r", "").replace("\n", "\\n") + '"'


def to_dot(diagram: Diagram) -> str:
    """The diagram in the language of Graphviz; name scopes are nested clusters.

    Examples
    --------
    >>> print(to_dot(Diagram("nothing", [])))
    digraph "nothing" {
      graph [label="nothing", labelloc=t, fontname="Helvetica"];
      node [style=filled, fontname="Helvetica"];
    }
    <BLANKLINE>
    """
    lines = [f"digraph {_quoted(diagram.title)} {{"]
    lines.append(f'  graph [label={_quoted(diagram.title)}, labelloc=t, fontname="Helvetica"];')
    lines.append('  node [style=filled, fontname="Helvetica"];')
    _clusters(scopes_of(diagram), "", "  ", lines)
    for arrow in diagram.arrows:
        style = ", style=dashed" if arrow.dashed else ""
        lines.append(
            f"  {_quoted(arrow.source)} -> {_quoted(arrow.target)} [label={_quoted(arrow.label)}, fontsize=10{style}];"
        )
    return "\n".join([*lines, "}"]) + "\n"


def _clusters(scopes: dict[str, list[Box]], scope: str, indent: str, lines: list[str]) -> None:
    for box in scopes[scope]:
        label = "\n".join(part for part in (box.headline, box.name) if part)
        lines.append(
            f"{indent}{_quoted(box.key)} [label={_quoted(label)}, tooltip={_quoted(box.tooltip)}, "
            f'shape={_DOT_SHAPES[box.shape.outline]}, fillcolor="{box.shape.fill}", color="{box.shape.stroke}"];'
        )
    for child in [s for s in scopes if s and s.rpartition("/")[0] == scope]:
        lines.append(f"{indent}subgraph {_quoted('cluster_' + child)} {{")
        lines.append(f"{indent}  label={_quoted(child.rpartition('/')[2])};")
        _clusters(scopes, child, indent + "  ", lines)
        lines.append(indent + "}")


def to_mermaid(diagram: Diagram) -> str:
    """The diagram as a Mermaid flow chart; boxes are numbered, because keys may hold what Mermaid reads as syntax."""
    numbers = {box.key: f"n{i}" for i, box in enumerate(diagram.boxes)}
    lines = ["flowchart TD"]
    for box in diagram.boxes:
        label = "\n".join(part for part in (box.headline, box.name) if part)
        lines.append(f"  {numbers[box.key]}{_MERMAID_SHAPES[box.shape.outline].format(_entities(label))}")
    for arrow in diagram.arrows:
        line = "-.->" if arrow.dashed else "-->"
        label = f'|"{_entities(arrow.label)}"|' if arrow.label else ""
        lines.append(f"  {numbers[arrow.source]} {line}{label} {numbers[arrow.target]}")
    for shape in dict.fromkeys(box.shape for box in diagram.boxes):
        members = ",".join(numbers[box.key] for box in diagram.boxes if box.shape == shape)
        lines.append(f"  class {members} {_class(shape.name)}")
        lines.append(f"  classDef {_class(shape.name)} fill:{shape.fill},stroke:{shape.stroke},color:#1f2933")
    return "\n".join(lines) + "\n"


def _class(name: str) -> str:
    return "kind_" + "".join(c if c.isalnum() and c.isascii() else "_" for c in name)


def _entities(text: str) -> str:
    """Everything but plain words as the numbered entities that Mermaid decodes after parsing."""
    return "".join(
        c if c.isascii() and (c.isalnum() or c in " _-.,/:") else "<br>" if c == "\n" else f"#{ord(c)};"
        for c in plain(text)
    )


def to_json(diagram: Diagram) -> str:
    """The diagram as a JSON object with ``title``, ``nodes`` and ``edges``."""
    nodes = [{"id": box.key, **_facts(box)} for box in diagram.boxes]
    edges = [{"source": a.source, "target": a.target, **_edge_facts(a)} for a in diagram.arrows]
    return json.dumps({"title": diagram.title, "nodes": nodes, "edges": edges}, indent=1) + "\n"


def _facts(box: Box) -> dict[str, Any]:
    return {
        "op": box.headline, "name": box.name, "kind": box.shape.name, "scope": box.scope, "part": box.part,
        "line": box.line, "details": box.tooltip,
    }  # fmt: skip


def _edge_facts(arrow: Arrow) -> dict[str, Any]:
    return {"output": arrow.output, "type": arrow.label, "control": arrow.dashed}


def to_networkx(diagram: Diagram) -> Any:
    """A ``networkx.MultiDiGraph`` with the facts of the JSON form as attributes."""
    import networkx as nx

    graph = nx.MultiDiGraph(title=plain(diagram.title))
    for box in diagram.boxes:
        graph.add_node(plain(box.key), **{k: plain(str(v)) for k, v in _facts(box).items()})
    for arrow in diagram.arrows:
        facts = {**_edge_facts(arrow), "type": plain(arrow.label)}
        graph.add_edge(plain(arrow.source), plain(arrow.target), **facts)
    return graph


def to_graphml(diagram: Diagram) -> str:
    """The diagram as GraphML, as networkx and graph editors read it."""
    import networkx as nx

    file = BytesIO()
    nx.write_graphml_xml(to_networkx(diagram), file)
    return file.getvalue().decode()
