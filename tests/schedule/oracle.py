"""Plans a program, runs the plan with the reference executor, and compares with the interpreter."""

import numpy as np

from graphc.interp.evaluate import interpret
from graphc.ir.program import Program
from graphc.memory.check import find_faults
from graphc.schedule.plan import Schedule, plan_program
from graphc.schedule.reference import run_schedule


def check(program: Program, feeds=(), variables=(), sizes=None, schedule: Schedule | None = None) -> Schedule:
    """Plan (unless a plan is given), run, and compare; returns the plan."""
    sizes = sizes or {}
    schedule = schedule or plan_program(program)
    feeds = [np.array(feed, order="C") for feed in feeds]
    state = [np.array(v, order="C") for v in variables]
    expected, updates = interpret(program, feeds, [v.copy() for v in state], sizes)
    after = dict(enumerate(v.copy() for v in state)) | updates
    assert find_faults(schedule.calls, schedule.arena, sizes) == []
    found = run_schedule(schedule, feeds, state, sizes)
    named = [(f"output {k}", a, b) for k, (a, b) in enumerate(zip(found, expected, strict=True))]
    named += [(f"variable {k}", a, after[k]) for k, a in enumerate(state)]
    for name, mine, theirs in named:
        assert mine.shape == np.shape(theirs), name
        tolerance = 0 if mine.dtype.kind != "f" else 1e-5 if mine.dtype == np.float32 else 1e-11
        np.testing.assert_allclose(mine, theirs, rtol=tolerance, atol=tolerance, err_msg=name)
    return schedule


def kinds(schedule: Schedule) -> list[str]:
    """Kinds of the kernels in order."""
    return [type(call.spec).__name__ for call in schedule.calls]
