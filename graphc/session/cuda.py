"""Steps as CUDA kernels: on a GPU, or on the emulated device, where NumPy executes their instructions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from graphc.graph.errors import ExecutionError
from graphc.graph.store import Store
from graphc.interp.evaluate import NodeError
from graphc.ir.constants import Constant
from graphc.loops.reference import KernelFailed
from graphc.ptx.errors import OutOfMemory
from graphc.session.compiled import with_resized_fetched
from graphc.session.interpreted import InterpretedStep
from graphc.session.lower import Lowered, bind_sizes, check_guards

if TYPE_CHECKING:
    from graphc.loops.cost import Cost
    from graphc.loops.spec import KernelCall
    from graphc.schedule.plan import Schedule
    from graphc.session.config import Config
    from graphc.session.function import Function


class CudaStep:
    """One signature as CUDA kernels.

    Parameters
    ----------
    lowered : Lowered
    store : Store
    config : Config
    """

    def __init__(self, lowered: Lowered, store: Store, config: Config) -> None:
        from graphc.passes.pipeline import PipelineOptions, run_pipeline
        from graphc.schedule.plan import ScheduleOptions, plan_program
        from graphc.schedule.switches import switched_off

        self.reference = InterpretedStep(lowered, store)
        self.lowered, self.resized = with_resized_fetched(lowered)
        self.store, self.device = store, config.device
        self.overwritten = lowered.overwritten
        off = switched_off(config.disable)
        options = PipelineOptions(disabled=frozenset(config.disable) - off, extra=config.extra_passes)
        # Sizes that are data are computed before the step: kernels are launched over sizes that the host knows.
        program = replace(self.lowered.program, size_bounds=())
        self.program, _ = run_pipeline(program, lowered.builder, options)
        self.schedule = plan_program(self.program, ScheduleOptions(disabled=off))
        self.hosted: list[str] = []

    def __call__(self, feeds: Sequence[np.ndarray]) -> list[Any]:
        """Run once: fetched arrays, in order.

        Raises
        ------
        ExecutionError
            If a kernel reports a failure; no variable has changed.
        """
        from graphc.runtime.cuda.driver import open_driver
        from graphc.runtime.cuda.executor import CudaRun
        from graphc.runtime.cuda.libcuda import CudaError, CudaOutOfMemory

        with self.store.exclusive():
            variables = self.store.values(self.lowered.variables, self.overwritten)
            try:
                bindings = bind_sizes(self.program, [*(f.shape for f in feeds), *(v.shape for v in variables)])
                self.reference.sizes.bind(feeds, variables, bindings)
                check_guards(self.lowered.program, bindings)
                run = CudaRun(self.schedule, open_driver(self.device), bindings)
                outputs = run(feeds, variables)
            except (KernelFailed, NodeError):
                self.reference.computed(feeds)  # raises in the user's terms
                raise ExecutionError("a kernel reported a failure; no variable was changed") from None
            except (CudaOutOfMemory, OutOfMemory) as error:
                raise ExecutionError(
                    f"{self.device} has no room for this step: {error}; feed smaller batches, or use device='cpu'; no "
                    "variable was changed"
                ) from None
            except CudaError as error:
                raise ExecutionError(f"{self.device}: {error}; no variable was changed") from error
            self.hosted = run.hosted
            for slot, value in zip(self.resized, outputs[len(outputs) - len(self.resized) :], strict=True):
                variable = self.lowered.variables[slot]
                assert not isinstance(variable, Constant)
                self.store.save(variable, value)
            self.store.settle(self.lowered.variables[slot] for slot in self.overwritten)  # type: ignore[misc]
        return outputs[: len(outputs) - len(self.resized)]

    def report(self) -> dict[str, Any]:
        """What runs where: kernels, and the calls of the last run that the host computed."""
        labels = [call.label for call in self.schedule.calls]
        return {"device": self.device, "kernels": labels, "host_calls": list(self.hosted)}


def device_calls(function: Function, ranks: tuple[int, ...]) -> tuple[list[tuple[KernelCall, Cost]], list[str]]:
    """Different kernels of a function that a device would run, with their costs, and labels of what the host computes.

    Parameters
    ----------
    function : Function
    ranks : tuple of int
        Of its inputs.
    """
    from graphc.loops.cost import cost_of
    from graphc.loops.flat import members
    from graphc.loops.spec import Contraction, Convolution, Nest
    from graphc.schedule.plan import parts_of

    plan = function._plan
    config = replace(plan.session.config, device="cuda:emulated")
    found: dict[Any, tuple[KernelCall, Cost]] = {}
    hosted: list[str] = []

    def visit(schedule: Schedule) -> None:
        for call in schedule.calls:
            inner = parts_of(call)
            for part in () if inner else members(call):
                if isinstance(part.spec, Nest | Contraction | Convolution):
                    found.setdefault(part.spec, (part, cost_of(part)))
                else:
                    hosted.append(part.label)
            for schedule in inner:
                visit(schedule)

    visit(CudaStep(plan.lowered(ranks), plan.session.store, config).schedule)
    return [*found.values()], hosted
