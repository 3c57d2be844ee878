"""Direct evaluation of a program's records, to compare schedules with."""

from typing import Any

import numpy as np

from graphc.ir.program import Program
from graphc.loops.reference import concrete
from graphc.memory.check import find_faults
from graphc.ops.record import record_of
from graphc.schedule.plan import Schedule, plan_program
from graphc.schedule.reference import run_schedule


def evaluate(program: Program, feeds, variables, sizes) -> tuple[list[Any], list[Any]]:
    """Outputs, and all variables afterwards."""
    known: dict[Any, Any] = {}
    for node in program.nodes():
        if node.op == "input":
            known[node] = feeds[node.attrs["index"]]
        elif node.op == "variable":
            known[node] = variables[node.attrs["slot"]]
        else:
            attrs = {key: concrete(value, sizes) for key, value in node.attrs.items()}
            with np.errstate(all="ignore"):
                known[node] = record_of(node.op).evaluate(*(known[i] for i in node.inputs), **attrs)
    after = dict(enumerate(variables)) | {slot: known[node] for slot, node in program.updates}
    return [known[node] for node in program.outputs], [after[slot] for slot in range(len(variables))]


def check(program: Program, feeds=(), variables=(), sizes=None, schedule: Schedule | None = None) -> Schedule:
    """Plan (unless a plan is given), run, and compare with direct evaluation; returns the plan."""
    sizes = sizes or {}
    schedule = schedule or plan_program(program)
    expected, after = evaluate(program, list(feeds), list(variables), sizes)
    state = [np.array(v, order="C") for v in variables]
    assert find_faults(schedule.calls, schedule.arena, sizes) == []
    found = run_schedule(schedule, [np.ascontiguousarray(f) for f in feeds], state, sizes)
    for name, mine, theirs in [
        *((f"output {k}", a, b) for k, (a, b) in enumerate(zip(found, expected, strict=True))),
        *((f"variable {k}", a, b) for k, (a, b) in enumerate(zip(state, after, strict=True))),
    ]:
        assert mine.shape == np.shape(theirs), name
        tolerance = 0 if mine.dtype.kind != "f" else 1e-5 if mine.dtype == np.float32 else 1e-12
        np.testing.assert_allclose(mine, theirs, rtol=tolerance, atol=tolerance, err_msg=name)
    return schedule
