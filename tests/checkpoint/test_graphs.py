"""Graphs in files: what comes back computes the same; nothing of a file is executed."""

import inspect
import json

import numpy as np
import pytest

import graphc as gc
from graphc.checkpoint.graphs import add_graph, graph_to_dict
from graphc.checkpoint.safetensors import CheckpointFileError
from graphc.checkpoint.values import decode_function, encode_function


@pytest.fixture(autouse=True)
def graph():
    with gc.Graph().as_default() as g:
        yield g


def interpreted():
    return gc.Session(mode="interpret")


def copied(graph):
    """The same graph by way of text, with its variables."""
    text = json.dumps(graph_to_dict(graph))
    other = gc.Graph()
    with other.as_default():
        variables = add_graph(json.loads(text))
    return other, variables


def test_training_goes_on_from_files_alone(tmp_path):
    gc.set_random_seed(3)
    x = gc.placeholder(gc.float32, [None, 4], name="x")
    with gc.name_scope("layer"):
        w = gc.Variable(gc.truncated_normal([4, 3], stddev=0.5), name="w")
        h = gc.nn.dropout(gc.nn.relu(gc.matmul(x, w)), keep_prob=0.5)
    step = gc.Variable(0, trainable=False, name="step")
    loss = gc.reduce_mean(gc.square(h - gc.random_normal([3])), name="loss")
    rate = gc.train.exponential_decay(0.1, step, 10, 0.9)
    train = gc.train.AdamOptimizer(rate).minimize(loss, global_step=step, name="train")
    assert train.name == "train"
    data = np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32)
    session = gc.Session()
    session.run(train, {x: data})
    path = gc.train.Saver().save(session, tmp_path / "model", global_step=step)
    want = [session.run([train, loss], {x: data})[1] for _ in range(3)]
    with gc.Graph().as_default() as other:
        saver = gc.train.import_meta_graph(path + ".meta")
        assert [op.name for op in other.get_operations()] == [op.name for op in x.graph.get_operations()]
        assert [v.op.name for v in gc.trainable_variables()] == ["layer/w"]
        later = gc.Session()
        saver.restore(later, path)
        have = [later.run(["train", "loss:0"], {"x:0": data})[1] for _ in range(3)]
        np.testing.assert_array_equal(have, want)
        assert later.run("step:0") == 4


CASES = {
    "indexing": lambda x: x[1:, ::-1, None][..., 0] + x[-1],
    "arrays": lambda x: x * np.float64([1.0, np.inf, -0.0]) + np.float32(2.0),
    "shapes": lambda x: gc.reshape(x, [-1, gc.shape(x)[0]]),
    "several results": lambda x: gc.concat(gc.split(x, 3, axis=1)[::-1], axis=1),
    "gradients": lambda x: gc.gradients(gc.reduce_sum(gc.exp(x)), x)[0],
    "jacobian": lambda x: gc.jacobian(gc.reduce_sum(x * x, axis=1), x),
    "casts": lambda x: gc.cast(gc.argmax(x, axis=1), gc.float64),
    "einsum": lambda x: gc.einsum("ij,kj->ik", x, x),
    "linear algebra": lambda x: gc.linalg.solve(gc.matmul(x, x, transpose_b=True), x),
    "random": lambda x: x + gc.random_uniform([], dtype=gc.float64, seed=1),
    "gamma": lambda x: x + gc.random_gamma([], 2.0, dtype=gc.float64, seed=4),
}


@pytest.mark.parametrize("name", CASES)
def test_operations_come_back(graph, name):
    gc.set_random_seed(2)
    x = gc.placeholder(gc.float64, [None, 3], name="x")
    y = gc.identity(CASES[name](x), name="result")
    other, _ = copied(graph)
    value = np.random.default_rng(1).normal(size=(2, 3))
    for session in (interpreted(), gc.Session(other, mode="interpret")):
        if session.graph is graph:
            want = session.run(y, {x: value})
        else:
            np.testing.assert_array_equal(session.run("result:0", {"x:0": value}), want)
    back = other.get_tensor_by_name("result:0")
    assert (back.dtype, back.shape.dims is None) == (y.dtype, y.shape.dims is None)


def test_writes_and_their_order(graph):
    v = gc.Variable([1.0, 2.0], name="v")
    with gc.control_dependencies([gc.assign_add(v, [10.0, 10.0], name="add")]):
        after = gc.identity(v.read_value(), name="after")
        gc.group(gc.scatter_update(v, [0], [5.0]), after, name="all")
    other, variables = copied(graph)
    session = gc.Session(other)
    assert session.run(["after:0", "all"])[0].tolist() == [11.0, 12.0]
    assert session.run(variables["v"]).tolist() == [5.0, 12.0]


def test_set_shapes_and_unknown_ranks(graph):
    x = gc.placeholder(gc.float32, name="x")
    y = gc.identity(x * 2.0, name="y")
    y.set_shape([None, 2])
    other, _ = copied(graph)
    assert other.get_tensor_by_name("x:0").shape.dims is None
    assert other.get_tensor_by_name("y:0").shape.as_list() == [None, 2]


def test_a_prefix_and_a_graph_that_is_not_empty(tmp_path, graph):
    w = gc.Variable(2.0, name="w")
    gc.multiply(w, 3.0, name="y")
    gc.train.export_meta_graph(tmp_path / "graph.json")
    gc.train.Saver().save(interpreted(), tmp_path / "model")
    with gc.Graph().as_default() as other:
        gc.Variable(1.0, name="w")
        assert gc.train.import_meta_graph(tmp_path / "graph.json") is None
        saver = gc.train.import_meta_graph(tmp_path / "model.meta", import_scope="old")
        assert [v.op.name for v in gc.global_variables()] == ["w", "w_1", "old/w"]
        session = gc.Session(other, mode="interpret")
        saver.restore(session, tmp_path / "model")
        assert session.run(["y:0", "old/y:0"]) == [6.0, 6.0]


def test_what_cannot_be_written_is_named_with_its_line(tmp_path):
    x = gc.placeholder(gc.float32, [2], name="x")
    gc.custom_op(lambda a, b: None, name="mine")(x)
    v = gc.Variable(1.0)
    with pytest.raises(gc.GraphError, match=r"mine.*cannot be written") as error:
        gc.train.export_meta_graph(tmp_path / "graph.json")
    assert "test_graphs.py" in str(error.value)
    saver = gc.train.Saver([v])
    saver.save(interpreted(), tmp_path / "model")
    assert not (tmp_path / "model.meta").exists()
    with pytest.raises(gc.GraphError, match="cannot be written"):
        saver.save(interpreted(), tmp_path / "model", write_meta_graph=True)


def test_loops_and_iterators_cannot_be_written(tmp_path):
    for make in (lambda: gc.cond(gc.constant(True), lambda: gc.constant(1.0), lambda: gc.constant(2.0)),
                 lambda: gc.data.Dataset.range(3).make_one_shot_iterator().get_next()):  # fmt: skip
        with gc.Graph().as_default() as g:
            make()
            with pytest.raises(gc.GraphError, match="cannot be written"):
                graph_to_dict(g)


@pytest.mark.parametrize(
    "name",
    ["os:system", "builtins:eval", "graphc.api.custom:custom_op", "graphc.api.state:group", "graphc.api.math:np",
     "graphc.api.nothing:x", "graphc.api.random:draw", "graphc.api.random:draw.<locals>.body",
     "graphc.checkpoint.saver:read_checkpoint", "graphc.api.math:exp.<locals>.body"],
)  # fmt: skip
def test_only_operations_are_found_by_name(graph, name):
    gc.exp([1.0])
    form = graph_to_dict(graph)
    form["operations"][-1]["body"]["name"] = name
    with gc.Graph().as_default(), pytest.raises(CheckpointFileError, match="cannot be read"):
        add_graph(form)


def test_every_operation_has_a_name_of_its_own():
    public = [getattr(m, n) for m in (gc, gc.nn, gc.linalg) for n in dir(m)]
    bodies = [f.body for f in public if inspect.isfunction(f) and hasattr(f, "body")]
    assert len(bodies) > 150
    for body in bodies:
        assert decode_function(encode_function(body), {}) is body


def test_damaged_files(tmp_path):
    with pytest.raises(gc.GraphError, match="no graph file"):
        gc.train.import_meta_graph(tmp_path / "none.meta")
    (tmp_path / "bad").write_text("{}")
    with pytest.raises(CheckpointFileError, match="no graph file of this version"):
        gc.train.import_meta_graph(tmp_path / "bad")
    gc.exp(gc.constant([1.0]))
    form = graph_to_dict(gc.get_default_graph())
    for change in (lambda f: f["operations"].pop(0), lambda f: f["operations"][-1].update(args={"what": 1}),
                   lambda f: f["operations"][-1].pop("static")):  # fmt: skip
        damaged = json.loads(json.dumps(form))
        change(damaged)
        with gc.Graph().as_default(), pytest.raises(CheckpointFileError, match="cannot be read"):
            add_graph(damaged)


def test_a_script_in_the_manner_of_tensorflow_goes_on_from_its_files(tmp_path):
    import graphc.compat.tf1 as tf

    data = np.random.default_rng(0).normal(size=(6, 3)).astype(np.float32)
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, [None, 3], name="x")
        h = tf.nn.relu(tf.matmul(x, tf.Variable(tf.random_normal([3, 4]), name="w")))
        y = tf.reduce_mean(h / 2, axis=1, name="y")
        train = tf.train.AdamOptimizer(0.1).minimize(tf.reduce_sum(tf.square(y)), name="train")
        tf.summary.scalar("first", y[0])
        session.run(tf.global_variables_initializer())
        session.run(train, {x: data})
        path = tf.train.Saver().save(session, str(tmp_path / "model.ckpt"), global_step=1)
        want = session.run(y, {x: data})
    with tf.Graph().as_default(), tf.Session() as session:
        tf.train.import_meta_graph(path + ".meta").restore(session, tf.train.latest_checkpoint(str(tmp_path)))
        np.testing.assert_array_equal(session.run("y:0", {"x:0": data}), want)
        session.run("train", {"x:0": data})
