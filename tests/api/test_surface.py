"""Every public function of the api layer is reachable from the package."""

from __future__ import annotations

import importlib

import pytest

import graphc as gc


@pytest.mark.parametrize("module", ["math", "arrays", "shaping", "random", "state"])
def test_functions_are_exported(module: str) -> None:
    found = importlib.import_module(f"graphc.api.{module}")
    own = [
        name
        for name, value in vars(found).items()
        if callable(value) and getattr(value, "__module__", "") == found.__name__ and not name.startswith("_")
    ]
    missing = [n for n in own if not hasattr(gc, n.rstrip("_")) and not hasattr(gc.nn, n.rstrip("_"))]
    internal = {"graph_seed"}
    assert set(missing) <= internal
