"""What `compile` makes of a model: optimizer, losses, metrics, and the steps made so far."""

from __future__ import annotations

from typing import Any

from graphc.graph.graph import Graph
from graphc.keras import optimizers
from graphc.keras.eager import tracing
from graphc.keras.engine.objective import Objective
from graphc.keras.engine.steps import Batch, make_step, signature
from graphc.session.function import Function, function


class Compiled:
    """The state of a model's training.

    Parameters
    ----------
    model : Model
    optimizer, loss, metrics, loss_weights, weighted_metrics, steps_per_execution
        As `Model.compile` takes them.
    """

    def __init__(
        self, model: Any, optimizer: Any, loss: Any, metrics: Any, loss_weights: Any, weighted_metrics: Any,
        steps_per_execution: int,
    ) -> None:  # fmt: skip
        self.optimizer = optimizers.get(optimizer)
        self.given = {"loss": loss, "metrics": metrics, "loss_weights": loss_weights,
                      "weighted_metrics": weighted_metrics}  # fmt: skip
        self.objective = Objective(loss, loss_weights, metrics, weighted_metrics)
        self.steps_per_execution = int(steps_per_execution)
        # What training changes is settled now: freezing a layer afterwards asks for another compile.
        self.frozen_choice = list(model.trainable_weights) if model.built else None
        self.steps: dict[Any, tuple[Function, Any]] = {}
        self._reader: tuple[list[str], Function] | None = None
        self.last: dict[str, Any] = {}

    def trained(self, model: Any) -> list[Any]:
        """The weights that training changes."""
        if self.frozen_choice is None:
            self.frozen_choice = list(model.trainable_weights)
        return self.frozen_choice

    def step(self, model: Any, kind: str, batch: Batch) -> tuple[Function, Any]:
        """The native step of a kind for batches like this one.

        Parameters
        ----------
        model : Model
        kind : str
            ``"train"``, ``"test"`` or ``"predict"``.
        batch : tuple
        """
        key = (kind, signature(batch))
        found = self.steps.get(key)
        if found is None:
            found = self.steps[key] = make_step(model, getattr(model, f"{kind}_step"), batch, outputs=True)
        return found

    def results(self) -> dict[str, float]:
        """What has been measured since the metrics were reset."""
        named = self.objective.named_metrics()
        if self._reader is None or self._reader[0] != [*named]:
            with Graph().as_default(), tracing():
                self._reader = ([*named], function([], [m.result() for m in named.values()]))
        names, read = self._reader
        values = dict(zip(names, read(), strict=True))
        return {n: float(v) if getattr(v, "ndim", 0) == 0 else v for n, v in values.items()} | self.last

    def reset(self) -> None:
        """Start measuring anew."""
        self.last = {}
        for metric in self.objective.named_metrics().values():
            metric.reset_state()


def predictor(model: Any, batch: Batch) -> tuple[Function, Any]:
    """The prediction step of a model that need not be compiled."""
    cache = model.__dict__.setdefault("_predictors", {})
    key = signature(batch)
    if key not in cache:
        cache[key] = make_step(model, model.predict_step, batch, outputs=True)
    found: tuple[Function, Any] = cache[key]
    return found
