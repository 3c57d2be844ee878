"""A step without control flow has no driver: its segment is the entry."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = """
import sys
import numpy as np
import graphc as gc

x = gc.placeholder(gc.float32, [None])
session = gc.Session(config=gc.Config(cache=False))
assert session.run(gc.reduce_sum(x * 2.0), {x: np.ones(5, np.float32)}) == 10
assert "numba" not in sys.modules
index = gc.placeholder(gc.int32, [None])
assert session.run(gc.sort(index), {index: np.array([3, 1, 2], np.int32)}).tolist() == [1, 2, 3]
assert "numba" in sys.modules
"""


def test_numba_is_imported_for_source_kernels_only() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
