"""Steps on the emulated CUDA device: the kernels that a device would get, executed instruction by instruction."""

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
from graphc.session.compiled import with_resized_fetched
from graphc.session.interpreted import InterpretedStep
from graphc.session.lower import Lowered, bind_sizes, check_guards

if TYPE_CHECKING:
    from graphc.session.session import Config


class EmulatedStep:
    """One signature as CUDA kernels on the emulated device.

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
        self.store = store
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
        from graphc.runtime.cuda.driver import EmulatedDriver
        from graphc.runtime.cuda.executor import CudaRun

        with self.store.exclusive():
            variables = self.store.values(self.lowered.variables, self.overwritten)
            try:
                bindings = bind_sizes(self.program, [*(f.shape for f in feeds), *(v.shape for v in variables)])
                self.reference.sizes.bind(feeds, variables, bindings)
                check_guards(self.lowered.program, bindings)
                run = CudaRun(self.schedule, EmulatedDriver(), bindings)
                outputs = run(feeds, variables)
            except (KernelFailed, NodeError):
                self.reference.computed(feeds)  # raises in the user's terms
                raise ExecutionError("a kernel reported a failure; no variable was changed") from None
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
        return {"device": "cuda:emulated", "kernels": labels, "host_calls": list(self.hosted)}
