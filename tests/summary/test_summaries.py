"""Summaries and event files, read back by a reader of their own and, where it is installed, by TensorBoard."""

import os
import struct
import sys
import time
import zlib
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from event_files import crc32c, events, fields, values

import graphc as gc
from graphc.summary import wire
from graphc.summary.message import bucket_limits


@pytest.fixture(autouse=True)
def graph():
    with gc.Graph().as_default() as g:
        yield g


@pytest.fixture(params=["compile", "interpret"])
def s(request, graph):
    return gc.Session(graph, mode=request.param)


def floats(data):
    return np.frombuffer(data, "<f8")


@pytest.mark.parametrize("length", [0, 1, 3, 4, 5, 1023, 1024, 1025, 1026, 5000])
def test_checksums(length):
    data = np.random.default_rng(length).bytes(length)
    assert wire.crc32c(data) == crc32c(data)


@pytest.mark.parametrize("value", [0, 1, 127, 128, 300, 2**31, 2**63 - 1])
def test_integers(value):
    assert fields(wire.integer(9, value)) == {9: [value]}
    assert fields(wire.integer(1, -value)) == {1: [-value % 2**64]}


def test_scalars_with_scopes_families_and_nested_fetches(s):
    x = gc.placeholder(gc.float32, [])
    with gc.name_scope("train"):
        a = gc.summary.scalar("loss (mean)", x * 2.0)
        b = gc.summary.scalar("loss (mean)", x)
    c = gc.summary.scalar("rate", gc.Variable(0.25), family="options")
    merged = gc.summary.merge_all()
    found = s.run({"all": [merged, x * 3.0], "one": (a,)}, {x: 1.5})
    assert found["all"][1] == 4.5
    read = values(found["all"][0])
    assert {tag: struct.unpack("<f", f[2][0])[0] for tag, f in read.items()} == {
        "train/loss__mean_": 3.0, "train/loss__mean__1": 1.5, "options/options/rate": 0.25
    }  # fmt: skip
    assert list(values(found["one"][0])) == ["train/loss__mean_"]
    assert list(values(s.run(gc.summary.merge([b, c]), {x: 0.0}))) == ["train/loss__mean__1", "options/options/rate"]
    assert values(b.eval({x: 2.0}, s))


def test_merge_all_of_nothing_and_of_a_collection():
    assert gc.summary.merge_all() is None
    one = gc.summary.scalar("one", 1.0, collections=["mine"])
    assert gc.summary.merge_all() is None
    assert gc.summary.merge_all("mine").parts == [one]
    gc.summary.scalar("two", 2.0)
    with pytest.raises(gc.GraphError, match="merge takes summaries"):
        gc.summary.merge([gc.constant(1.0)])


def test_histograms_count_every_element_in_its_bucket(s):
    data = np.float32([-3.0, -1e-30, 0.0, 0.0, 1e-13, 0.5, 0.5, 2.0, 1e30])
    histogram = fields(values(s.run(gc.summary.histogram("h", data)))["h"][5][0])
    low, high, num, total, squares = (struct.unpack("<d", histogram[i][0])[0] for i in range(1, 6))
    wide = data.astype(np.float64)
    assert (low, high, num) == (-3.0, wide.max(), 9.0)
    np.testing.assert_allclose([total, squares], [wide.sum(), (wide**2).sum()])
    ends, counts = floats(histogram[6][0]), floats(histogram[7][0])
    assert len(ends) == len(counts)
    assert (np.diff(ends) > 0).all()
    assert counts.sum() == 9
    for i, count in enumerate(counts):
        before = ends[i - 1] if i else -np.inf
        assert count == ((wide >= before) & (wide < ends[i])).sum()
    assert set(ends) <= set(bucket_limits())
    # Two empty buckets in a row would have been one.
    assert not ((counts[:-1] == 0) & (counts[1:] == 0)).any()


def test_histograms_of_nothing_and_of_nan(s):
    x = gc.placeholder(gc.float32, [None])
    summary = gc.summary.histogram("h", x)
    empty = fields(values(s.run(summary, {x: []}))["h"][5][0])
    assert floats(empty[7][0]).tolist() == [0.0]
    with pytest.raises(gc.ExecutionError, match=r"summary h cannot.*not finite") as error:
        s.run(summary, {x: [np.nan]})
    assert "test_summaries.py" in str(error.value)


def pixels_of(png):
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    at, chunks = 8, {}
    while at < len(png):
        (size,) = struct.unpack(">I", png[at : at + 4])
        kind, data = png[at + 4 : at + 8], png[at + 8 : at + 8 + size]
        assert struct.unpack(">I", png[at + 8 + size : at + 12 + size]) == (zlib.crc32(kind + data),)
        chunks[kind] = data
        at += 12 + size
    width, height, depth, colour, *rest = struct.unpack(">IIBBBBB", chunks[b"IHDR"])
    assert (depth, rest) == (8, [0, 0, 0])
    channels = {0: 1, 2: 3, 6: 4}[colour]
    rows = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), np.uint8).reshape(height, 1 + width * channels)
    assert not rows[:, 0].any()
    return rows[:, 1:].reshape(height, width, channels)


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_images(s, channels):
    data = np.random.default_rng(0).integers(0, 256, (5, 3, 7, channels), np.uint8)
    read = values(s.run(gc.summary.image("pictures", data)))
    assert list(read) == [f"pictures/image/{i}" for i in range(3)]
    for i, value in enumerate(read.values()):
        image = fields(value[4][0])
        assert [image[k] for k in (1, 2, 3)] == [[3], [7], [channels]]
        np.testing.assert_array_equal(pixels_of(image[4][0]), data[i])


def test_images_of_floats_are_scaled(s):
    def shown(image):
        (value,) = values(s.run(gc.summary.image("i", np.float32(image)[None], max_outputs=1))).values()
        return pixels_of(fields(value[4][0])[4][0])

    assert shown([[[0.0], [0.5], [2.0]]]).ravel().tolist() == [0, 63, 255]
    assert shown([[[-4.0], [0.0], [2.0]]]).ravel().tolist() == [1, 128, 191]
    assert shown([[[0.0], [0.0]]]).ravel().tolist() == [0, 0]
    assert shown([[[np.nan, 0.0, 1.0], [1.0, 1.0, 1.0]]]).tolist() == [[[255, 0, 0], [255, 255, 255]]]


def test_images_of_wrong_shape(s):
    with pytest.raises(gc.GraphError, match="1, 3 or 4 channels"):
        gc.summary.image("i", np.zeros((1, 2, 2, 2)))
    x = gc.placeholder(gc.float32)
    with pytest.raises(gc.ExecutionError, match="1, 3 or 4 channels"):
        s.run(gc.summary.image("i", x), {x: np.zeros((2, 2))})


def test_text(s):
    read = values(s.run(gc.summary.text("t", ["one", "zwölf"])))["t"]
    tensor = fields(read[8][0])
    assert tensor[1] == [7]
    assert [t.decode() for t in tensor[8]] == ["one", "zwölf"]
    assert fields(fields(read[9][0])[1][0]) == {1: [b"text"]}


def test_event_files(s, graph, tmp_path):
    x = gc.placeholder(gc.float32, [None, 2], name="x")
    with gc.control_dependencies([gc.no_op("first")]):
        y = gc.reduce_sum(gc.matmul(x, [[1.0], [2.0]]), name="y")
    summary = gc.summary.scalar("total", y)
    before = time.time()
    with gc.summary.FileWriter(tmp_path / "logs", graph) as writer:
        for step in (0, 5):
            writer.add_summary(s.run(summary, {x: [[1.0, step]]}), step)
        writer.add_summary(gc.summary.Summary([gc.summary.Summary.Value("hand", 2.5)]), np.int64(7))
    (name,) = os.listdir(tmp_path / "logs")
    version, drawn, *rest = events(tmp_path / "logs" / name)
    assert version[3] == [b"brain.Event:2"]
    assert before - 1 <= floats(version[1][0])[0] <= time.time()
    assert [e[2] for e in rest] == [[0], [5], [7]]
    scalars = [(tag, struct.unpack("<f", v[2][0])[0]) for e in rest for tag, v in values(e[5][0]).items()]
    assert scalars == [("total", 1.0), ("total", 11.0), ("hand", 2.5)]
    nodes = {n[1][0].decode(): n for n in map(fields, fields(drawn[4][0])[1])}
    assert set(nodes) == {op.name for op in graph.get_operations()}
    assert nodes["matmul"][3] == [b"x", b"^first"]
    attribute = fields(nodes["x"][5][0])
    dims = [fields(d)[1][0] for d in fields(fields(fields(attribute[2][0])[1][0])[7][0])[2]]
    assert dims == [2**64 - 1, 2]


def test_tensorboard_reads_it(graph, tmp_path):
    loader = pytest.importorskip(
        "tensorboard.backend.event_processing.event_accumulator",
        reason="TensorBoard is not installed: only our own reader has read the files",
    )
    gc.summary.scalar("a", 0.5)
    gc.summary.histogram("h", [1.0, 2.0])
    gc.summary.image("i", np.zeros((1, 4, 6, 3)))
    gc.summary.text("t", "words")
    with gc.summary.FileWriter(tmp_path, graph) as writer:
        writer.add_summary(gc.Session().run(gc.summary.merge_all()), 3)
    found = loader.EventAccumulator(str(tmp_path)).Reload()
    assert [(e.step, e.value) for e in found.Scalars("a")] == [(3, 0.5)]
    assert found.Histograms("h")[0].histogram_value.num == 2
    (image,) = found.Images("i/image/0")
    assert (image.height, image.width) == (4, 6)
    assert found.Tensors("t")[0].tensor_proto.string_val == [b"words"]
    assert {n.name for n in found.Graph().node} == {op.name for op in graph.get_operations()}


def test_writers(tmp_path, graph):
    writer = gc.summary.FileWriter(tmp_path, filename_suffix=".mine")
    assert writer.path.endswith(".mine")
    writer.add_summary(b"", 1)
    writer.flush()
    assert len(events(writer.path)) == 2
    writer.close()
    writer.close()
    with pytest.raises(gc.GraphError, match="closed"):
        writer.add_summary(b"")
    writer.reopen()
    with pytest.raises(gc.GraphError, match="not None"):
        writer.add_summary(None)
    with pytest.raises(gc.GraphError, match=r"session\.graph"):
        writer.add_graph("graph")
    writer.close()
    assert len(os.listdir(tmp_path)) == 2


def test_events_reach_the_disk_without_close(tmp_path):
    writer = gc.summary.FileWriter(tmp_path, flush_secs=0)
    writer.add_summary(b"", 1)
    assert len(events(writer.path)) == 2
    path = writer.path
    writer.flush_secs = 1000
    writer.add_summary(b"", 2)
    del writer
    assert len(events(path)) == 3
