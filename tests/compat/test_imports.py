"""Imports of tensorflow and theano are answered by graphc's modules, and only while this is asked for."""

import importlib
import sys
from collections.abc import Iterator
from importlib.machinery import ModuleSpec

import pytest

from graphc.compat import imports
from graphc.compat.plot_stub import StubFinder


@pytest.fixture
def answered() -> Iterator[None]:
    kept = {name: m for name, m in sys.modules.items() if name.partition(".")[0] in imports.ROOTS}
    for name in kept:
        del sys.modules[name]
    finder = imports.install()
    yield
    imports.remove(finder)
    sys.modules.update(kept)


FORMS = {
    "import tensorflow as tf; found = tf.matmul": "tf.matmul",
    "import tensorflow.compat.v1 as tf; tf.disable_v2_behavior(); found = tf.matmul": "tf.matmul",
    "from tensorflow.compat import v1 as tf; found = tf.matmul": "tf.matmul",
    "from tensorflow.python.framework import ops; found = ops.reset_default_graph": "tf.reset_default_graph",
    "from tensorflow.python.framework.ops import convert_to_tensor as found": "tf.convert_to_tensor",
    "from tensorflow.python.ops import math_ops; found = math_ops.matmul": "tf.matmul",
    "from tensorflow.python.ops import nn_ops; found = nn_ops.relu": "tf.nn.relu",
    "from tensorflow.python.ops import array_ops; found = array_ops.concat": "tf.concat",
    "from tensorflow.contrib.layers import sum_regularizer as found": "tf.contrib.layers.sum_regularizer",
    "from tensorflow.contrib.layers.python.layers import sum_regularizer as found":
        "tf.contrib.layers.sum_regularizer",
    "import tensorflow.contrib.layers as layers; found = layers.apply_regularization":
        "tf.contrib.layers.apply_regularization",
    "from tensorflow.python.training import training_util as m; found = m.get_global_step":
        "tf.train.get_global_step",
    "import tensorflow.examples.tutorials.mnist.input_data as i; found = i.read_data_sets":
        "tf.examples.tutorials.mnist.input_data.read_data_sets",
    "from tensorflow.examples.tutorials.mnist import input_data; found = input_data.read_data_sets":
        "tf.examples.tutorials.mnist.input_data.read_data_sets",
    "from tensorflow.python.platform import gfile; found = gfile.Exists": "tf.gfile.Exists",
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_forms_of_imports(form: str, answered: None) -> None:
    names: dict[str, object] = {}
    exec(form, names)
    at: object = importlib.import_module("graphc.compat.tf1")
    for part in FORMS[form].split(".")[1:]:
        at = getattr(at, part)
    found = names["found"]
    assert (found.__module__, found.__qualname__) == (at.__module__, at.__qualname__)  # type: ignore[attr-defined]


def test_everything_of_a_module(answered: None) -> None:
    names: dict[str, object] = {}
    exec("from tensorflow.python.framework.dtypes import *", names)
    assert str(names["float32"]) == str(importlib.import_module("graphc.compat.tf1").float32)


def test_dir_and_version(answered: None) -> None:
    tf = importlib.import_module("tensorflow")
    assert tf.__version__.startswith("1.")
    assert tf.__name__ == "tensorflow"
    assert {"matmul", "Session", "nn"} <= set(dir(tf))


@pytest.mark.parametrize("name", ["tensorflow.nonsense", "tensorflow.contrib.learn", "tensorflow.contrib.nonsense"])
def test_what_is_out_of_scope_is_named(name: str, answered: None) -> None:
    with pytest.raises(imports.OutOfScope, match=f"{name}.* out of graphc's scope") as failure:
        importlib.import_module(name)
    assert isinstance(failure.value, ImportError)  # scripts try imports


def test_other_imports_are_left_alone(answered: None) -> None:
    assert imports.Finder().find_spec("tensorflow_probability") is None
    assert imports.Finder().find_spec("json") is None


def test_removed_it_leaves_nothing() -> None:
    before = {name for name in sys.modules if name.startswith("tensorflow")}
    finder = imports.install()
    importlib.import_module("tensorflow.contrib.layers")
    imports.remove(finder)
    assert {name for name in sys.modules if name.startswith("tensorflow")} == before
    assert not any(isinstance(f, imports.Finder) for f in sys.meta_path)


def test_stub_of_plots_says_what_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    assert StubFinder().find_spec("json") is None
    plt = StubFinder().create_module(ModuleSpec("matplotlib.pyplot", None))
    figure, axes = plt.subplots(2, 3)
    axes[1, 2].imshow([[0.0]])
    _, single = plt.subplots(figsize=(4, 3))
    (line,) = single.plot([1, 2], "r-")
    line.set_ydata([2, 1])
    counts, edges, _ = plt.hist([1, 2, 2])
    assert len(edges) == len(counts) + 1
    with plt.style.context("x"):
        plt.title("Loss by epoch")
    figure.savefig("nowhere.png")
    plt.show()
    shown = capsys.readouterr().err
    for what in ("not installed", "imshow", "plot", "hist", "title 'Loss by epoch'"):
        assert what in shown
    plt.show()
    assert "an empty figure" in capsys.readouterr().err
