"""Steps run by the NumPy interpreter: no compilation, the same meaning."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from graphc.graph.errors import ExecutionError
from graphc.graph.store import Store
from graphc.interp.evaluate import NodeError, interpret
from graphc.ir.constants import Constant
from graphc.ir.program import Program
from graphc.session.lower import Lowered, bind_sizes, check_guards
from graphc.session.sizes import DataSizes


def prepared(lowered: Lowered) -> Program:
    """The program as the interpreter runs it: stabilised, with gradients expanded."""
    from graphc.passes.pipeline import PipelineOptions, run_pipeline

    program, _ = run_pipeline(lowered.program, lowered.builder, PipelineOptions(until="stabilize_gradients"))
    return program


class InterpretedStep:
    """One signature, run node by node.

    Parameters
    ----------
    lowered : Lowered
    store : Store
    """

    def __init__(self, lowered: Lowered, store: Store) -> None:
        self.lowered = lowered
        self.program = prepared(lowered)
        self.sizes = DataSizes(self.program, lowered.program)
        self.store = store
        self.overwritten = lowered.overwritten

    def __call__(self, feeds: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Run once: fetched arrays, in order; variables are updated together at the end."""
        with self.store.exclusive():
            outputs, updates = self.computed(feeds)
            for slot, value in updates.items():
                variable = self.lowered.variables[slot]
                assert not isinstance(variable, Constant)
                self.store.save(variable, value)
        return outputs

    def computed(self, feeds: Sequence[np.ndarray]) -> tuple[list[np.ndarray], dict[int, np.ndarray]]:
        """What a run fetches, and new values by slot of variable, which are not written.

        Raises
        ------
        ExecutionError
            If an operation fails.
        """
        variables = self.store.values(self.lowered.variables, self.overwritten)
        bindings = bind_sizes(self.program, [a.shape for a in (*feeds, *variables)])
        try:
            self.sizes.bind(feeds, variables, bindings)
            check_guards(self.program, bindings)
            return interpret(self.program, feeds, variables, bindings)
        except NodeError as error:
            raise self._failure(error) from error.__cause__

    def _failure(self, error: NodeError) -> ExecutionError:
        """A failure in the user's terms."""
        origins = sorted(self.lowered.builder.origins.get(error.node, ()))
        where = self.lowered.operations[origins[0]].origin if origins else None
        return ExecutionError(f"{error}; no variable was changed", where)
