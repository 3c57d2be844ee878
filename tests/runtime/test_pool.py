"""Kernels divided over threads: the same bits on any number, failures seen, forks and exits survived."""

from __future__ import annotations

import subprocess
import sys
import threading

import numpy as np
import pytest

import graphc as gc
from graphc.runtime.entry import native_entry_problem

pytestmark = pytest.mark.skipif(native_entry_problem() is not None, reason=f"no native pool: {native_entry_problem()}")

ROWS = 3000


def _model(threads: int) -> tuple[gc.Session, list[gc.Tensor], dict[gc.Tensor, np.ndarray], gc.Operation]:
    """A step with products, rows, columns and elementwise work, all long enough to be divided."""
    rng = np.random.default_rng(0)
    x = gc.placeholder(gc.float32, [None, 100])
    labels = gc.placeholder(gc.int32, [None])
    w = gc.Variable(rng.normal(size=(100, 70)).astype(np.float32))
    h = gc.tanh(gc.matmul(x, w))
    loss = gc.reduce_mean(gc.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=h))
    step = gc.train.GradientDescentOptimizer(0.5).minimize(loss)
    session = gc.Session(config=gc.Config(threads=threads, poison=True))
    feeds = {
        x: rng.normal(size=(ROWS, 100)).astype(np.float32),
        labels: rng.integers(0, 70, ROWS).astype(np.int32),
    }
    return session, [loss, gc.reduce_sum(h, 0), gc.exp(h), w], feeds, step


def _run(threads: int) -> list[np.ndarray]:
    with gc.Graph().as_default():
        session, fetches, feeds, step = _model(threads)
        session.run(step, feeds)
        return session.run(fetches, feeds)


def test_results_do_not_depend_on_the_number_of_threads() -> None:
    alone = _run(1)
    for threads in (2, 3, 5):
        for a, b in zip(_run(threads), alone, strict=True):
            np.testing.assert_array_equal(a, b)


def test_a_failure_in_any_part_is_seen() -> None:
    with gc.Graph().as_default():
        session, fetches, feeds, step = _model(2)
        before = session.run(fetches[3])
        (labels,) = (t for t in feeds if t.dtype == gc.int32)
        for place in (0, ROWS // 2, ROWS - 1):
            wrong = feeds[labels].copy()
            wrong[place] = 70
            with pytest.raises(gc.ExecutionError, match=rf"value 70 at position \[{place}\]"):
                session.run(step, {**feeds, labels: wrong})
        np.testing.assert_array_equal(session.run(fetches[3]), before)


def test_several_python_threads_share_the_pool() -> None:
    with gc.Graph().as_default():
        session, fetches, feeds, _ = _model(2)
        expected = session.run(fetches, feeds)
        wrong: list[str] = []

        def work() -> None:
            for _ in range(20):
                for a, b in zip(session.run(fetches, feeds), expected, strict=True):
                    if not np.array_equal(a, b):
                        wrong.append("differs")

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert not wrong


FORKED = """
import os
import numpy as np
import graphc as gc

x = gc.placeholder(gc.float32, [None, 200])
f = gc.function([x], gc.reduce_sum(gc.exp(gc.matmul(x, x, transpose_b=True) * 0.001)), config=gc.Config(threads=2))
data = np.ones((500, 200), np.float32)
first = f(data)
child = os.fork()
if child == 0:
    same = f(data) == first and f(data[:400]) > 0
    os._exit(0 if same else 1)
_, status = os.waitpid(child, 0)
assert os.waitstatus_to_exitcode(status) == 0
assert f(data) == first
print("done")
"""


def test_forked_children_run_and_processes_end() -> None:
    done = subprocess.run([sys.executable, "-c", FORKED], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "done\n"
