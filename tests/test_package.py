"""The package as a whole: what importing it costs and offers."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import graphc as gc
from graphc.bench.figures import LAZY


def test_import_loads_nothing_heavy() -> None:
    code = "import json, sys, graphc; print(json.dumps(sorted(sys.modules)))"
    environment = {**os.environ, "PYTHONPATH": str(Path(gc.__file__).parents[1])}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    loaded = set(json.loads(done.stdout))
    assert "numpy" in loaded
    assert loaded.isdisjoint({*LAZY, "urllib.request", "email", "graphc.viz", "graphc.data"})


def test_libraries_load_on_first_use() -> None:
    assert gc.data.digits()[0].shape == (1797, 64)
    assert callable(gc.viz.export)


def test_unknown_attribute_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'graphc' has no attribute 'visualise'"):
        gc.visualise  # noqa: B018
