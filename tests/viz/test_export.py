"""Graphs as data for other programs: all of it is there, and no name of a user breaks a format."""

import json
import subprocess
import sys
import xml.etree.ElementTree as ET
from io import BytesIO
from itertools import pairwise
from pathlib import Path

import networkx as nx
import pytest

import graphc as gc
from graphc.viz.describe import describe
from graphc.viz.diagram import Arrow, Box, Diagram
from graphc.viz.families import ELEMENTWISE, PLACEHOLDER, RESULT
from graphc.viz.formats import to_dot, to_graphml, to_json, to_mermaid, to_networkx
from graphc.viz.svg import render
from tests.summary.event_files import events, fields

HOSTILE = ["<script>alert(1)</script>", "quote \" and ' and \\", "Größe 数字 שלום", "two\nlines", "end]]>--&amp;\x00"]


GOLDEN = """\
%0 = input(index=0, type=float32[s0_0]) : float32[s0_0]
%1 = exp(%0) : float32[s0_0]
%2 = add(%0, %1) : float32[s0_0]
return %2"""
MAIN = "import sys; from graphc.cli.main import main; sys.exit(main())"


def hostile_diagram() -> Diagram:
    boxes = [Box(text, text, text, ELEMENTWISE, text, text.replace("/", "")) for text in HOSTILE]
    arrows = [Arrow(a, b, label=a + b) for a, b in pairwise(HOSTILE)]
    return Diagram(HOSTILE[0], boxes, arrows)


def network() -> tuple[gc.Graph, gc.Function]:
    graph = gc.Graph()
    with graph.as_default():
        x = gc.placeholder(gc.float32, [None, 4], name="x")
        with gc.name_scope("dense"):
            w = gc.Variable([[1.0, 2.0]] * 4, name="kernel")
            h = gc.matmul(x, w)
        loss = gc.reduce_sum(gc.square(h), name="loss")
        (slope,) = gc.gradients(loss, [w])
        return graph, gc.function([x], loss, updates={w: w - 0.1 * slope}, name="step")


def test_hostile_names_stay_text_in_svg() -> None:
    document = render(hostile_diagram())
    root = ET.fromstring(document)
    assert not [e for e in root.iter() if e.tag.endswith("script")]
    assert "<script" not in document
    titles = {e.text for e in root.iter("{http://www.w3.org/2000/svg}title")}
    assert set(HOSTILE[:4]) <= titles


def test_graphml_is_read_back_equal() -> None:
    graph, _ = network()
    for diagram in (describe(graph, "net", folded=False), hostile_diagram()):
        back = nx.read_graphml(BytesIO(to_graphml(diagram).encode()), force_multigraph=True)
        wanted = to_networkx(diagram)
        normal = {n: {k: v.replace("\r\n", "\n") for k, v in d.items()} for n, d in wanted.nodes(data=True)}
        assert dict(back.nodes(data=True)) == normal
        assert sorted((a, b, d["type"]) for a, b, d in back.edges(data=True)) == sorted(
            (a, b, d["type"]) for a, b, d in wanted.edges(data=True)
        )


def test_json_has_every_operation_with_its_line_and_part() -> None:
    graph, _ = network()
    found = json.loads(to_json(describe(graph, "net", folded=False)))
    assert [n["id"] for n in found["nodes"]] == [op.name for op in graph.operations]
    by_name = {n["id"]: n for n in found["nodes"]}
    assert "test_export.py:" in by_name["loss"]["line"]
    assert by_name["loss"]["part"] == "forward"
    assert {n["part"] for n in found["nodes"]} == {"forward", "gradient"}
    assert {n["id"] for n in json.loads(to_json(hostile_diagram()))["nodes"]} == set(HOSTILE)


def test_dot_quotes_every_name() -> None:
    text = to_dot(hostile_diagram())
    outside, inside, position = "", False, 0
    while position < len(text):  # what a reader of the language sees outside of strings
        if inside and text[position] == "\\":
            position += 2
            continue
        if text[position] == '"':
            inside = not inside
        elif not inside:
            outside += text[position]
        position += 1
    assert not inside
    assert "script" not in outside
    assert outside.count("->") == len(HOSTILE) - 1
    assert outside.count("{") == outside.count("}") == 1 + outside.count("subgraph")


def test_dot_is_read_by_another_parser() -> None:
    pydot = pytest.importorskip("pydot", reason="pydot is not installed")
    graph, _ = network()
    diagram = describe(graph, "net", folded=False)
    (parsed,) = pydot.graph_from_dot_data(to_dot(diagram))

    def names(part: object) -> set[str]:
        found = {n.get_name().strip('"') for n in part.get_nodes()}
        return found.union(*map(names, part.get_subgraphs()))

    assert {box.key for box in diagram.boxes} <= names(parsed)
    assert len(parsed.get_edges()) == len(diagram.arrows)
    assert pydot.graph_from_dot_data(to_dot(hostile_diagram())) is not None


def test_mermaid_has_no_character_with_a_meaning() -> None:
    lines = to_mermaid(hostile_diagram()).splitlines()
    assert lines[0] == "flowchart TD"
    assert not any("script>" in line or "&" in line for line in lines)
    assert sum("-->" in line for line in lines) == len(HOSTILE) - 1
    assert all(line.count('"') in (0, 2) for line in lines)


def test_event_file_holds_the_graph(tmp_path: Path) -> None:
    graph, step = network()
    version, event = events(gc.viz.export(step, tmp_path / "net.tfevents"))
    assert version[3] == [b"brain.Event:2"]
    nodes = [fields(node)[1][0].decode() for node in fields(event[4][0])[1]]
    assert nodes == [op.name for op in graph.operations]
    with pytest.raises(ValueError, match="holds a whole graph, not Tensor"):
        gc.viz.export(step.outputs[0], tmp_path / "loss.tfevents")


def test_png_is_a_picture(tmp_path: Path) -> None:
    pytest.importorskip("resvg_py", reason="resvg-py is not installed")
    graph, _ = network()
    assert gc.viz.export(graph, tmp_path / "net.png").read_bytes().startswith(b"\x89PNG\r\n")


def test_program_and_function_draw_themselves() -> None:
    graph, step = network()
    for text in (graph._repr_svg_(), step._repr_svg_()):
        assert ET.fromstring(text).tag == "{http://www.w3.org/2000/svg}svg"
    from graphc.session.stages import stage_programs

    last = stage_programs(step._plan, (2,))[-1].program
    diagram = describe(last, "program")
    assert sum(box.shape == RESULT for box in diagram.boxes) == len(last.results)
    assert {box.name for box in diagram.boxes if box.shape == PLACEHOLDER} == {"%0"}


def test_text_of_every_stage_is_the_same_in_another_build() -> None:
    _, first = network()
    _, second = network()
    for stage in ("lowered", "expand_gradients", "simplify", "final"):
        assert first.text(stage) == second.text(stage)
    assert "gradient(" in first.text("lowered")
    assert "gradient(" not in first.text("expand_gradients")
    with pytest.raises(ValueError, match="no stage 'fused': there are lowered, fold_shapes"):
        first.text("fused")


def test_final_text_is_the_golden_one() -> None:
    with gc.Graph().as_default():
        x = gc.placeholder(gc.float32, [None], name="x")
        step = gc.function([x], gc.log(gc.exp(x)) * 1.0 + gc.exp(x))
    assert step.text() == GOLDEN


def test_command_writes_what_a_name_holds(tmp_path: Path) -> None:
    script = tmp_path / "net.py"
    script.write_text("import graphc as gc\nx = gc.placeholder(gc.float32, [2], name='given')\ny = gc.exp(x)\n")
    command = [sys.executable, "-W", "ignore", "-c", MAIN, "viz", f"{script}:y", "-o", str(tmp_path / "y.json")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(gc.__file__).parents[1])
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "y.json").read_text())
    assert [n["op"] for n in found["nodes"]] == ["placeholder", "exp"]
    command[-3] = f"{script}:z"
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(gc.__file__).parents[1])
    assert done.returncode == 1
    assert "no global name 'z'" in done.stderr


def test_tree_shows_operands_once_and_reaches_deep(capsys: pytest.CaptureFixture[str]) -> None:
    with gc.Graph().as_default():
        start = total = gc.placeholder(gc.float32, [2], name="start")
        for i in range(1500):
            total = gc.add(total, start, name=f"n{i}")
    gc.dprint(total)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "add 'n1499:0' : float32 [2]"
    assert len(lines) == 1500 + 1 + 1499
    assert lines[1500].strip() == "placeholder 'start:0' : float32 [2]"
    with pytest.raises(TypeError, match="not 3"):
        gc.dprint(3)


@pytest.mark.parametrize("suffix", [".svg", ".json", ".dot", ".graphml"])
def test_files_say_the_line_but_not_where_the_script_lies(tmp_path, suffix):
    _, function = network()
    text = gc.viz.export(function, tmp_path / f"net{suffix}").read_text()
    assert str(Path(__file__).parent) not in text
    assert f"{Path(__file__).name}:" in text
