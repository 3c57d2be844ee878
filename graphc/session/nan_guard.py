"""Runs that are searched for NaN, and repeated operation by operation to find where the first came from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from graphc.graph.errors import GraphError, NotANumberError
from graphc.graph.origin import user_origin
from graphc.graph.store import Store
from graphc.graph.variable import Variable
from graphc.interp.evaluate import evaluate_nodes
from graphc.ir.constants import Constant
from graphc.ir.node import Node
from graphc.ir.program import Program
from graphc.passes.pipeline import PipelineOptions, run_pipeline
from graphc.session.compiled import CompiledStep
from graphc.session.failures import origin_of
from graphc.session.interpreted import prepared
from graphc.session.lower import Lowered, bind_sizes
from graphc.session.sizes import DataSizes

if TYPE_CHECKING:
    from graphc.session.session import Step


def has_nan(value: Any) -> bool:
    """Whether a value, or an item of a tuple of values, holds a NaN."""
    if isinstance(value, tuple):
        return any(has_nan(item) for item in value)
    array = np.asarray(value)
    return array.dtype.kind == "f" and bool(np.isnan(array).any())


class GuardedStep:
    """A step whose results must not be NaN.

    Parameters
    ----------
    step : Step
        What runs.
    lowered : Lowered
        What it computes.
    store : Store
    """

    def __init__(self, step: Step, lowered: Lowered, store: Store) -> None:
        self.step = step
        self.lowered = lowered
        self.store = store
        slots = [slot for slot, _ in lowered.program.updates]
        self.written = [v for v in (lowered.variables[slot] for slot in slots) if not isinstance(v, Constant)]

    def report(self) -> dict[str, Any]:
        """What the compiler did for the step that is guarded.

        Raises
        ------
        GraphError
            If the interpreter runs it.
        """
        if not isinstance(self.step, CompiledStep):
            raise GraphError("nothing has been compiled: the interpreter runs this step", user_origin())
        return self.step.report()

    def __call__(self, feeds: Sequence[np.ndarray]) -> list[Any]:
        """Run once.

        Raises
        ------
        NotANumberError
            If a fetched value or a new value of a variable is NaN; no variable has changed then.
        """
        with self._alone():
            before = {v: self.store.load(v) for v in self.written if v in self.store or not self.store.strict}
            results = self.step(feeds)
            after = [self.store.load(v) for v in before]
            if not has_nan((*results, *after)):
                return results
            for variable, value in before.items():
                self.store.save(variable, value)
            raise self._explained(feeds)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep other runs out while variables are written; one that only reads needs no such care."""
        if not self.written:
            yield
            return
        with self.store.exclusive():
            yield

    def _explained(self, feeds: Sequence[np.ndarray]) -> NotANumberError:
        """Repeat the run with the same feeds, variables and random numbers, without any fusion."""
        program = prepared(self.lowered)
        variables = self.store.values(self.lowered.variables, self.lowered.overwritten)
        bindings = bind_sizes(program, [*(f.shape for f in feeds), *(v.shape for v in variables)])
        DataSizes(program, self.lowered.program).bind(feeds, variables, bindings)
        values = evaluate_nodes(program.roots, feeds, variables, bindings)
        first = next((n for n in sorted(values, key=lambda n: n.id) if self._starts(n, values)), None)
        if first is None:
            return NotANumberError(
                "a result is NaN in the compiled step, but not when its operations run one by one: an intermediate "
                "value is at the edge of the range; no variable was changed"
            )
        return NotANumberError(self._text(first, values, program), origin_of(self.lowered, [first]))

    @staticmethod
    def _starts(node: Node, values: dict[Node, Any]) -> bool:
        return has_nan(values[node]) and not any(has_nan(values[n]) for n in node.inputs)

    def _text(self, node: Node, values: dict[Node, Any], program: Program) -> str:
        kind = {"input": "a feed holds NaN", "variable": "a variable holds NaN", "const": "a constant holds NaN"}
        if node.op in kind:
            name = self._variable_name(node)
            return f"{kind[node.op]}{name} before the step; no variable was changed"
        flat = np.argwhere(np.isnan(np.asarray(values[node])))
        place = [int(i) for i in flat[0]] if len(flat) else []
        operands = "".join(f"\n  operand {i}: {_summary(values[n])}" for i, n in enumerate(node.inputs))
        where = "" if node in self._forward() else " of the gradient"
        return (
            f"the first NaN of this run is made by {node.op}{where}, {len(flat)} of "
            f"{np.asarray(values[node]).size} elements, the first at {place}; no variable was changed{operands}"
        )

    def _variable_name(self, node: Node) -> str:
        if node.op != "variable":
            return ""
        variable = self.lowered.variables[node.attrs["slot"]]
        return f" ({variable.name})" if isinstance(variable, Variable) else ""

    def _forward(self) -> set[Node]:
        """Nodes that the program has before gradients are expanded."""
        options = PipelineOptions(until="stabilize")
        before, _ = run_pipeline(self.lowered.program, self.lowered.builder, options)
        return {*before.nodes(), *self.lowered.program.nodes()}


def _summary(value: Any) -> str:
    if isinstance(value, tuple):
        return "several values"
    array = np.asarray(value)
    text = f"{array.dtype.name}{list(array.shape)}"
    if not array.size:
        return f"{text}, empty"
    if array.size == 1:
        return f"{text} = {array.reshape(())}"
    return f"{text}, from {array.min()} to {array.max()}"
