"""Runs whose kernels are written down one by one: a single run, the real one, with what it fetches and changes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from graphc.session.timed import TimedStep, compiled_within, operations_of, timed_step

if TYPE_CHECKING:
    from graphc.session.session import Plan, Step


@dataclass(frozen=True)
class Ran:
    """One run of one kernel.

    Attributes
    ----------
    number : int
        Place among the calls of the report.
    label : str
    operations : tuple of str
        Names of the user's operations behind it.
    begin, end : int
        Nanoseconds of `time.perf_counter_ns`.
    """

    number: int
    label: str
    operations: tuple[str, ...]
    begin: int
    end: int


# A step that is traced again is not compiled again.
_timed: WeakKeyDictionary[Step, tuple[TimedStep, list[tuple[str, ...]]]] = WeakKeyDictionary()


@contextmanager
def traced(plan: Plan) -> Iterator[list[Ran]]:
    """Runs of a plan within this block write down their kernels.

    Yields
    ------
    list of Ran
        Filled when the block ends, with the kernels of the last run; it stays empty if NumPy runs the step.
    """
    from graphc.schedule.flat import flat_calls

    found: list[Ran] = []
    used: list[Step] = []

    def instead(step: Step) -> Step:
        compiled = compiled_within(step)
        if compiled is None:
            return step
        if compiled not in _timed:
            timed, schedule = timed_step(compiled, plan.session.config)
            calls = [entry.call for entry in flat_calls(schedule)]
            _timed[compiled] = timed, [tuple(op.name for op in operations_of(timed.lowered, call)) for call in calls]
        used[:] = [compiled]
        _timed[compiled][0].log.reset()
        return _timed[compiled][0]

    plan.last, plan.instead = None, instead
    try:
        yield found
    finally:
        plan.last, plan.instead = None, None
        for step in used:
            timed, operations = _timed[step]
            for number, begin, end in timed.log.events().tolist():
                found.append(Ran(number, timed.built.calls[number].label, operations[number], begin, end))
