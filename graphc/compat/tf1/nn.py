"""``tf.nn``: activations, convolutions, losses, recurrent networks."""

from __future__ import annotations

from typing import Any

from graphc.compat.tf1._binding import namespace
from graphc.compat.tf1._tables.nn import MISSING, TABLE

_find = namespace("tf.nn", TABLE, ("graphc.nn", "graphc.rnn"), MISSING)


def __getattr__(name: str) -> Any:
    if name == "rnn_cell":
        from importlib import import_module

        return import_module("graphc.compat.tf1.rnn_cell")
    return _find(name)
