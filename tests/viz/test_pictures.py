"""Pictures: nothing overlaps, everything is there, files are written whole."""

import doctest
import importlib
import random
import re
import xml.etree.ElementTree as ET
from itertools import pairwise
from pathlib import Path

import networkx as nx
import pytest

import graphc as gc
from graphc.viz import export
from graphc.viz.diagram import Arrow, Box, Diagram, Shape
from graphc.viz.layers import count_crossings, layer
from graphc.viz.positions import horizontal
from graphc.viz.svg import render
from graphc.viz.text import elide, width
from graphc.viz.usergraph import MOST_BOXES

SVG = "{http://www.w3.org/2000/svg}"
PLAIN = Shape("plain", "#fff", "#000")


def random_dag(nodes: int, seed: int) -> nx.DiGraph:
    source = random.Random(seed)
    graph = nx.DiGraph()
    for node in range(nodes):
        graph.add_node(node)
        for before in source.sample(range(max(0, node - 12), node), min(node, source.choice([0, 1, 1, 2, 3]))):
            graph.add_edge(before, node)
    return graph


def as_diagram(graph: nx.DiGraph) -> Diagram:
    boxes = [Box(str(n), "op" + "x" * (n * 7 % 13), f"scope{n % 5}/n{n}", PLAIN, "", f"scope{n % 5}") for n in graph]
    return Diagram("random", boxes, [Arrow(str(a), str(b), label="float32 [?, 128]") for a, b in graph.edges])


def rectangles(document: str) -> list[tuple[float, float, float, float]]:
    """Left, top, right and bottom of every box."""
    root = ET.fromstring(document)
    found = [g.find(f"{SVG}rect") for g in root.iter(f"{SVG}g")]
    return [
        (float(r.get("x", "")), float(r.get("y", "")), float(r.get("width", "")), float(r.get("height", "")))
        for r in found
        if r is not None
    ]


@pytest.mark.parametrize("seed", range(4))
def test_no_two_boxes_of_a_large_graph_overlap(seed: int) -> None:
    graph = random_dag(110, seed)
    boxes = rectangles(render(as_diagram(graph)))
    assert len(boxes) == 110
    for i, (x, y, w, h) in enumerate(boxes):
        for x2, y2, w2, h2 in boxes[i + 1 :]:
            assert x + w <= x2 or x2 + w2 <= x or y + h <= y2 or y2 + h2 <= y


@pytest.mark.parametrize("seed", range(4))
def test_arrows_pass_no_box(seed: int) -> None:
    """An edge's dummies keep clear of the boxes of their row, so its curve does."""
    graph = random_dag(110, seed)
    layers = layer(graph, {})
    widths = dict.fromkeys(graph, 100.0)
    x = horizontal(layers, widths, 20.0)
    for row in layers.rows:
        for left, right in pairwise(row):
            assert x[right] - x[left] >= (widths.get(left, 0) + widths.get(right, 0)) / 2 + 20 - 1e-6


def test_picture_lies_within_its_canvas() -> None:
    document = render(as_diagram(random_dag(60, 9)))
    root = ET.fromstring(document)
    right, bottom = float(root.get("width", "")), float(root.get("height", ""))
    for x, y, w, h in rectangles(document):
        assert x >= 0
        assert y >= 0
        assert x + w <= right
        assert y + h <= bottom


def test_rows_go_down_and_chains_follow_edges() -> None:
    graph = random_dag(80, 1)
    layers = layer(graph, {})
    row_of = {vertex: row for row, vertices in enumerate(layers.rows) for vertex in vertices}
    for edge in graph.edges:
        rows = [row_of[vertex] for vertex in layers.chains[edge]]
        assert rows == list(range(rows[0], rows[0] + len(rows)))
        assert len(rows) >= 2


def test_crossings_that_can_be_avoided_are() -> None:
    graph = nx.DiGraph([("a", "z"), ("b", "y"), ("c", "x"), ("r", "a"), ("r", "b"), ("r", "c")])
    assert count_crossings(layer(graph, {})) == 0


def test_count_crossings_counts() -> None:
    every_pair = nx.DiGraph([(i, 3 + j) for i in range(3) for j in range(3)])
    assert count_crossings(layer(every_pair, {})) == 9


def test_source_sits_just_above_its_reader() -> None:
    layers = layer(nx.DiGraph([("a", "b"), ("b", "c"), ("w", "c")]), {})
    assert sorted(map(str, layers.rows[1])) == ["b", "w"]


def test_cycle_is_refused() -> None:
    boxes = [Box("a", "a", "", PLAIN, ""), Box("b", "b", "", PLAIN, "")]
    with pytest.raises(ValueError, match="form a cycle"):
        render(Diagram("loop", boxes, [Arrow("a", "b"), Arrow("b", "a")]))


def test_diagram_checks_its_keys() -> None:
    box = Box("a", "a", "", PLAIN, "")
    with pytest.raises(ValueError, match="same key"):
        Diagram("twice", [box, box])
    with pytest.raises(ValueError, match="a -> b leads to a box"):
        Diagram("missing", [box], [Arrow("a", "b")])


@pytest.mark.parametrize("limit", [0, 10, 40, 90])
def test_elided_text_fits(limit: float) -> None:
    short = elide("a_very_long_name/of_an_operation", 10, limit)
    assert short == "…" or width(short, 10) <= limit


def classifier() -> tuple[gc.Graph, gc.Tensor]:
    graph = gc.Graph()
    with graph.as_default():
        x = gc.placeholder(gc.float32, [None, 4], name="x")
        labels = gc.placeholder(gc.int32, [None], name="labels")
        with gc.name_scope("dense_1"):
            w = gc.Variable([[0.0, 1.0]] * 4, name="kernel")
            logits = gc.matmul(x, w)
        loss = gc.reduce_mean(gc.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits), name="loss")
        gc.train.AdamOptimizer(0.1).minimize(loss)
    return graph, loss


def test_graph_shows_every_operation_with_its_line(tmp_path: Path) -> None:
    graph, _ = classifier()
    path = export(graph, tmp_path / "all.svg", "A <classifier>")
    root = ET.fromstring(path.read_text())
    titles = [element.text or "" for element in root.iter(f"{SVG}title")]
    assert titles[0] == "A <classifier>"
    for op in graph.operations:
        assert any(title.startswith(op.name + "\n") for title in titles)
    assert any("test_pictures.py" in title for title in titles)
    assert "float32 [?, 4]" in [text.text for text in root.iter(f"{SVG}text")]


def test_part_of_a_graph_shows_only_what_is_needed(tmp_path: Path) -> None:
    _, loss = classifier()
    text = export([loss], tmp_path / "loss.svg").read_text()
    assert "labels" in text
    assert "gradients" not in text


def test_large_scopes_are_folded(tmp_path: Path) -> None:
    graph = gc.Graph()
    with graph.as_default():
        total = gc.placeholder(gc.float32, [], name="start")
        with gc.name_scope("chain"):
            for _ in range(MOST_BOXES + 20):
                total = gc.exp(total)
        gc.log(total, name="end")
    text = export(graph, tmp_path / "folded.svg").read_text()
    assert f"{MOST_BOXES + 20} operations" in text
    assert len(rectangles(text)) == 3


def test_scopes_that_cannot_be_folded_without_a_cycle_stay(tmp_path: Path) -> None:
    graph = gc.Graph()
    with graph.as_default():
        total = gc.placeholder(gc.float32, [], name="start")
        for _ in range(MOST_BOXES):
            with gc.name_scope(None):
                total = gc.exp(total, name="inside/exp")
            total = gc.log(total, name="outside")
    assert len(rectangles(export(graph, tmp_path / "cycle.svg").read_text())) == 2 * MOST_BOXES + 1


def test_compiled_step_shows_its_kernel_calls(tmp_path: Path) -> None:
    graph = gc.Graph()
    with graph.as_default(), gc.Session(config=gc.Config(cache=False)) as session:
        x = gc.placeholder(gc.float32, [None, 4])
        w = gc.Variable([[1.0, 2.0]] * 4)
        loss = gc.reduce_sum(gc.square(gc.matmul(x, w)))
        train = gc.train.GradientDescentOptimizer(0.1).minimize(loss)
        session.run([loss, train], {x: [[1.0, 2.0, 3.0, 4.0]]})
        report = session.report([loss, train], [x])
    text = export(report, tmp_path / "plan.svg").read_text()
    calls = len(report["calls"])
    assert calls > 1
    assert len(rectangles(text)) == calls + 2  # the feed and the loss
    assert text.count("updates 1 variable<") == 1


@pytest.mark.parametrize("name", ["graph.pdf", "graph", "graph.svg.gz"])
def test_other_suffixes_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match=r"must end in one of .*\.svg"):
        export(gc.Graph(), tmp_path / name)


def test_failed_picture_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "old.svg"
    path.write_text("old")
    with pytest.raises(TypeError, match="not 3 of type int"):
        export([3], path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_missing_directory_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=re.escape(str(tmp_path / "none"))):
        export(gc.Graph(), tmp_path / "none" / "a.svg")


def test_empty_graph_is_an_empty_picture(tmp_path: Path) -> None:
    assert rectangles(export(gc.Graph(), tmp_path / "empty.svg").read_text()) == []


@pytest.mark.parametrize("name", ["export", "formats", "positions", "text"])
def test_examples_in_docstrings(name: str) -> None:
    result = doctest.testmod(importlib.import_module(f"graphc.viz.{name}"))
    assert result.attempted > 0
    assert result.failed == 0
