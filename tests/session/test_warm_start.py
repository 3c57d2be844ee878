"""Programs found on disk: the script that runs them is named, not the one that compiled them."""

import runpy

import pytest

import graphc as gc

SCRIPT = """
import numpy as np
import graphc as gc
with gc.Graph().as_default(), gc.Session(config=gc.Config(cache=True)) as session:
    table = gc.placeholder(gc.float32, [None, 3])
    rows = gc.placeholder(gc.int32, [None])
    chosen = gc.gather(table, rows) * 2.0
    given = {table: np.ones((4, 3), np.float32), rows: np.array([ROW], np.int32)}
    found = session.run(chosen, given)
    cache = session.report(chosen, given)["cache"]
"""


def test_an_error_names_the_line_of_the_script_that_runs(tmp_path, monkeypatch):
    monkeypatch.setenv("GRAPHC_CACHE_DIR", str(tmp_path / "cache"))
    first, second = tmp_path / "first.py", tmp_path / "second.py"
    first.write_text(SCRIPT.replace("ROW", "2"))
    assert runpy.run_path(str(first))["cache"] == "miss"
    assert runpy.run_path(str(first))["cache"] == "hit"
    second.write_text("# Another file.\n" * 10 + SCRIPT.replace("ROW", "9"))
    with pytest.raises(gc.ExecutionError, match=rf"9(.|\n)*{second}:17: chosen = gc.gather") as caught:
        runpy.run_path(str(second))
    assert str(first) not in str(caught.value)
