"""Names of TensorFlow 1: every one works or says what to do, and the page about them is fresh."""

import importlib
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import graphc as gc
import graphc.compat.tf1 as tf
from graphc.compat.tf1._binding import lookup
from graphc.testing import tf1_names

ROOT = Path(__file__).parents[2]

# Names by the number of public scripts that use them.
USED = [
    "placeholder", "Session", "global_variables_initializer", "reduce_mean", "Variable", "matmul",
    "train.AdamOptimizer", "nn.relu", "cast", "reduce_sum", "variable_scope", "reshape", "random_normal", "argmax",
    "square", "equal", "constant", "zeros", "layers.dense", "train.Saver", "get_variable", "nn.softmax", "sigmoid",
    "train.GradientDescentOptimizer", "summary.FileWriter", "set_random_seed",
    "nn.softmax_cross_entropy_with_logits", "shape", "log", "reset_default_graph", "sqrt", "concat", "tanh",
    "gradients", "transpose", "summary.scalar", "name_scope", "squeeze", "get_collection", "random_uniform",
    "assign", "nn.conv2d", "train.RMSPropOptimizer", "exp", "expand_dims", "InteractiveSession", "Graph",
    "clip_by_value", "one_hot", "nn.sigmoid_cross_entropy_with_logits", "truncated_normal", "nn.max_pool",
    "nn.softplus", "nn.dropout", "stack", "nn.sparse_softmax_cross_entropy_with_logits", "nn.embedding_lookup",
    "nn.bias_add", "control_dependencies", "group", "gather", "nn.dynamic_rnn", "stop_gradient",
    "nn.rnn_cell.BasicLSTMCell", "layers.conv2d", "split", "range", "cond", "tile", "nn.rnn_cell.MultiRNNCell",
    "clip_by_global_norm", "add_n", "where", "train.MomentumOptimizer", "linalg.cholesky", "diag", "unstack",
    "nn.rnn_cell.GRUCell", "layers.batch_normalization", "nn.moments", "placeholder_with_default", "multinomial",
    "linalg.triangular_solve", "scan", "tensordot", "nn.conv2d_transpose", "gather_nd", "while_loop", "nn.top_k",
]  # fmt: skip


def resolved(find):
    """What looking a name up gives, or the text of the error that says what is missing."""
    try:
        return find()
    except NotImplementedError as error:
        return str(error)


@pytest.mark.parametrize("name", USED)
def test_names_in_use_are_there_or_say_what_is_missing(name):
    found = tf
    for part in name.split("."):
        holder = found
        found = resolved(lambda holder=holder, part=part: getattr(holder, part))
    assert callable(found) or (name in found and "not there yet" in found)


@pytest.mark.parametrize("label", [label for label, _ in tf1_names.sections()])
def test_every_entry_of_a_table_resolves_or_is_named_as_missing(label):
    find = dict(tf1_names.sections())[label]
    for name, entry in find.entries.items():
        found = resolved(lambda name=name: find(name))
        # Element types are strings too; other strings are what the error says.
        assert entry.path in found if type(found) is str else found is not None
    for name, instead in find.missing.items():
        assert instead in resolved(lambda name=name: find(name))


def test_unknown_names_are_told_with_near_ones():
    with pytest.raises(AttributeError, match="reduce_mean"):
        tf.reduce_maen  # noqa: B018
    with pytest.raises(TypeError, match="keep_dims"):
        tf.reduce_sum(tf.constant([1.0]), keep_dim=True)
    with pytest.raises(NotImplementedError, match="feed_dict"):
        tf.FIFOQueue(3)
    assert not hasattr(tf, "nothing_of_the_kind")


def test_the_page_of_names_is_fresh():
    text = (ROOT / "docs/tf1.md").read_text()
    assert text == tf1_names.page(), "run: python -m graphc.testing.tf1_names docs/tf1.md"


def test_importing_the_surface_loads_no_library():
    code = "import graphc, sys; before = set(sys.modules); import graphc.compat.tf1 as tf; tf.placeholder; "
    code += "print(sorted(m for m in set(sys.modules) - before if not m.startswith('graphc.compat')))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT).stdout
    assert out.strip() == "[]"


def test_modules_import_by_their_dotted_names():
    for name in ("contrib.rnn", "contrib.layers", "examples.tutorials.mnist.input_data", "python.framework.ops", "app"):
        assert importlib.import_module(f"graphc.compat.tf1.{name}")
    assert tf.compat.v1.placeholder is tf.placeholder
    assert tf.compat.as_bytes("a") == b"a"
    assert tf.__version__.startswith("1.")
    assert tf.float32 is gc.float32
    assert tf.as_dtype("float") == tf.float32


@pytest.mark.parametrize("label", [label for label, _ in tf1_names.sections()])
def test_parameters_of_tables_are_those_of_the_native_functions(label):
    wrong = []
    for entry in dict(tf1_names.sections())[label].entries.values():
        try:
            native = lookup(entry.path)
        except AttributeError:
            continue
        parameters = inspect.signature(getattr(native, "body", native)).parameters if entry.parameters else {}
        if any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
            continue
        allowed = {*parameters, "name"} if hasattr(native, "body") else set(parameters)
        wrong += [f"{label}.{entry.name}: {ours}" for _, ours in entry.parameters if ours and ours not in allowed]
    assert not wrong
