"""``tf.contrib``: the parts that scripts use."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from graphc.compat.tf1._binding import close

_MODULES = ("framework", "layers", "opt", "rnn", "seq2seq", "slim")
MISSING = {
    "distributions": "write the density with tf.lgamma and the like, and draw with tf.random_normal and its relatives",
    "learn": "write the loop with tf.Session; graphc.data has small data sets",
    "legacy_seq2seq": "use tf.nn.static_rnn and tf.nn.dynamic_rnn",
    "lookup": "map strings to numbers in Python",
    "estimator": "write the loop with tf.Session",
    "summary": "use tf.summary",
    "data": "use tf.data",
    "image": "prepare images with NumPy before they are fed",
    "metrics": "use tf.metrics",
    "losses": "use tf.losses",
    "crf": "write the recursion with tf.scan",
    "eager": "graphs are defined, then run: use tf.gradients and tf.Session",
    "cudnn_rnn": "use tf.nn.dynamic_rnn",
    "factorization": "write the steps with tf.matmul and tf.argmin",
    "tensor_forest": "only differentiable models are built here",
    "quantize": "there is no quantisation",
    "tpu": "one CPU or GPU computes",
}


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(f"{__name__}.{name}")
    if name in MISSING:
        raise NotImplementedError(f"tf.contrib.{name} is out of graphc's scope: {MISSING[name]}")
    raise AttributeError(f"graphc.compat.tf1 has no tf.contrib.{name}{close(name, [*_MODULES, *MISSING])}")
