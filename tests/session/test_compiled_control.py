"""Branches and loops in sessions: one call, reports, cache, errors that name the line, calls from Numba."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphc as gc
from graphc.api.convert import as_node, builder
from graphc.api.define import operation
from graphc.graph.errors import ExecutionError, GraphError
from graphc.ir.body import Body
from graphc.ir.dtypes import bool_, int32, int64
from graphc.ir.types import TensorType


def body(types: list[TensorType], make: Any) -> Body:
    parameters = tuple(builder().parameter(i, t) for i, t in enumerate(types))
    return Body(parameters, tuple(make(*parameters)))


@operation("running_sums")
def running_sums(table: Any, indices: Any) -> Any:
    """Sums of chosen rows of a table, by a scan over the choices."""
    b, table, indices = builder(), as_node(table), as_node(indices)
    row = table.tensor.with_shape(table.shape[1:])
    zero = b.full(0.0, table.dtype, row.shape)

    def step(t: Any, total: Any, i: Any, table: Any) -> Any:
        place = b.emit("check_index", i, size=table.shape[0])
        total = total + b.emit("gather", table, place, axis=0, batch_dims=0)
        return total, total

    types = [TensorType(int64, ()), row, TensorType(int32, ()), table.tensor]
    node = b.emit(
        "scan", zero, indices, table, carried=1, sequences=1, length=indices.shape[0], reverse=False,
        body=body(types, step),
    )  # fmt: skip
    return b.emit("item", node, index=1)


@operation("halvings")
def halvings(x: Any, limit: Any) -> Any:
    """How often each value is halved until the largest is below the limit."""
    b, x, limit = builder(), as_node(x), as_node(limit)
    types = [x.tensor, TensorType(int32, ()), limit.tensor]

    def test(x: Any, k: Any, limit: Any) -> Any:
        return [b.emit("gt", b.emit("max", x, axes=(0,), keepdims=False), limit)]

    node = b.emit(
        "while_loop", x, b.constant(np.int32(0)), limit, carried=2, test=body(types, test),
        body=body(types, lambda x, k, limit: (x * 0.5, k + 1)),
    )  # fmt: skip
    return b.emit("item", node, index=1)


@operation("by_callback")
def by_callback(x: Any, flag: Any) -> Any:
    """A host operation in one branch, nothing in the other."""
    b, x, flag = builder(), as_node(x), as_node(flag)
    assert flag.tensor == TensorType(bool_, ())
    node = b.emit(
        "cond", flag, x, then=body([x.tensor], lambda x: (b.emit("exp", x),)),
        orelse=body([x.tensor], lambda x: (x,)),
    )  # fmt: skip
    return b.emit("item", node, index=0)


def inputs() -> tuple[gc.Tensor, gc.Tensor]:
    return gc.placeholder(gc.float32, [None, 3], name="table"), gc.placeholder(gc.int32, [None], name="indices")


TABLE = np.arange(12, dtype=np.float32).reshape(4, 3)


def sums(indices: list[int]) -> np.ndarray:
    return np.cumsum(TABLE[indices], axis=0)


def test_one_compilation_serves_all_lengths() -> None:
    with gc.Graph().as_default():
        table, indices = inputs()
        y = running_sums(table, indices) * 2.0
        with gc.Session(config=gc.Config(cache=False, poison=True)) as session:
            for choice in ([0, 3, 3, 1], [2], [1, 1]):
                np.testing.assert_array_equal(session.run(y, {table: TABLE, indices: choice}), 2 * sums(choice))
            assert len(session._plans) == 1


def test_report_counts_calls_inside_loops() -> None:
    with gc.Graph().as_default():
        table, indices = inputs()
        y = running_sums(table, indices)
        with gc.Session(config=gc.Config(cache=False)) as session:
            session.run(y, {table: TABLE, indices: [0]})
            report = session.report([y], [table, indices])
    inside = [c for c in report["calls"] if c["within"] == ["scan"] and "gather" in c["label"]]
    assert [c["times"] for c in inside] == ["s1_0"]
    assert "scan" in [c["label"] for c in report["calls"] if not c["within"]]
    assert "gather" in str(report)
    assert report["graph"]["kernels"] == len([c for c in report["calls"] if not c["within"]])


def test_error_inside_a_loop_names_the_line_and_leaves_variables() -> None:
    with gc.Graph().as_default():
        table, indices = inputs()
        v = gc.Variable(np.zeros(3, np.float32), name="v")
        last = gc.reduce_sum(running_sums(table, indices), axis=0)
        for mode in ("compile", "interpret"):
            with gc.Session(config=gc.Config(mode=mode, cache=False)) as session:
                update = v.assign_add(last)
                session.run(update, {table: TABLE, indices: [1, 2]})
                before = session.run(v)
                with pytest.raises(ExecutionError, match="no variable was changed") as caught:
                    session.run(update, {table: TABLE, indices: [1, 4]})
                assert Path(__file__).name in str(caught.value)
                np.testing.assert_array_equal(session.run(v), before)


def test_while_loop_and_branches_in_both_modes() -> None:
    with gc.Graph().as_default():
        x, limit, flag = gc.placeholder(gc.float32, [None]), gc.placeholder(gc.float32, []), gc.placeholder(gc.bool, [])
        fetches = [halvings(x, limit), by_callback(x, flag)]
        feeds = [{x: [1.0, 9.0], limit: 0.5, flag: True}, {x: [0.1], limit: 0.5, flag: False}]
        results = []
        for mode in ("compile", "interpret"):
            with gc.Session(config=gc.Config(mode=mode, cache=False)) as session:
                results.append([session.run(fetches, feed) for feed in feeds])
    for mine, theirs in zip(*results, strict=True):
        for a, b in zip(mine, theirs, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-6)
    assert [r[0] for r in results[0]] == [5, 0]


def test_a_warm_start_takes_the_loop_from_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from graphc.session import build

    monkeypatch.setenv("GRAPHC_CACHE_DIR", str(tmp_path))
    found = []
    for _ in range(2):
        with gc.Graph().as_default():
            table, indices = inputs()
            y = running_sums(table, indices)
            with gc.Session() as session:
                found.append(session.run(y, {table: TABLE, indices: [3, 0]}))
                assert session.report([y], [table, indices])["cache"] == ("hit" if len(found) == 2 else "miss")
                with pytest.raises(ExecutionError, match="running_sums"):
                    session.run(y, {table: TABLE, indices: [9]})
        monkeypatch.setattr(build, "compile_program", None)
    np.testing.assert_array_equal(*found)


def test_loops_are_called_from_numba() -> None:
    with gc.Graph().as_default():
        table, indices = inputs()
        compiled = gc.function([table, indices], running_sums(table, indices)).njit()
        out = np.empty((3, 3), np.float32)
        compiled(TABLE, np.array([0, 2, 1], np.int32), out)
    np.testing.assert_array_equal(out, sums([0, 2, 1]))


def test_export_refuses_control_flow(tmp_path: Path) -> None:
    with gc.Graph().as_default():
        table, indices = inputs()
        f = gc.function([table, indices], running_sums(table, indices))
        with pytest.raises(GraphError, match="control flow cannot be exported as source: the program has a scan"):
            f.export_source(tmp_path / "step.py")
