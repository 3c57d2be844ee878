"""What is made small and what is measured: losses and metrics, matched to the outputs of a model."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

from graphc.api.math import add_n, cast
from graphc.api.shaping import shape
from graphc.graph.operation import Tensor
from graphc.keras import losses as loss_kinds
from graphc.keras import metrics as metric_kinds
from graphc.keras.eager import as_tensor, untraced
from graphc.keras.engine.layer import mask_of
from graphc.keras.engine.structure import leaves
from graphc.keras.losses.loss import FunctionLoss, Loss
from graphc.keras.metrics.metric import Mean, MeanMetricWrapper, Metric


def flat_outputs(value: Any) -> list[Any]:
    """Outputs of a model in order."""
    return [v for v in leaves(value) if v is not None]


def names_of(value: Any, known: Sequence[str]) -> list[str]:
    """Names of a model's outputs: keys, those of layers, or numbers."""
    if isinstance(value, Mapping):
        return [*value]
    count = len(flat_outputs(value))
    return [*known] if len(known) == count else [f"output_{i + 1}" for i in range(count)]


def matched(given: Any, names: Sequence[str], what: str, shared: bool = False) -> list[Any]:
    """What belongs to each output, of a value, a list, or a dictionary by the names of outputs.

    Parameters
    ----------
    given : object
    names : sequence of str
        Of the outputs.
    what : str
        What is given, for messages.
    shared : bool
        Whether one value stands for all outputs.

    Raises
    ------
    ValueError
        If number or names do not fit.
    """
    if given is None:
        return [None] * len(names)
    if isinstance(given, Mapping):
        unknown = [k for k in given if k not in names]
        if unknown:
            raise ValueError(f"{what} names {', '.join(unknown)}: the outputs of the model are {', '.join(names)}")
        return [given.get(n) for n in names]
    if isinstance(given, list | tuple):
        if len(given) != len(names):
            raise ValueError(f"{what} has {len(given)} entries: the model has {len(names)} outputs, {', '.join(names)}")
        return list(given)
    if len(names) > 1 and not shared:
        raise ValueError(f"{what} is one value: the model has {len(names)} outputs, {', '.join(names)}")
    return [given] * len(names)


class Objective:
    """Losses and metrics of a compiled model.

    Parameters
    ----------
    loss, loss_weights, metrics, weighted_metrics
        As `Model.compile` takes them.
    """

    def __init__(self, loss: Any, loss_weights: Any, metrics: Any, weighted_metrics: Any) -> None:
        self.loss, self.loss_weights = loss, loss_weights
        self.given_metrics = {"metrics": metrics, "weighted_metrics": weighted_metrics}
        self.tracker = Mean(name="loss")
        self._losses: list[Loss | None] | None = None
        self._trackers: list[Mean] = []
        self._metrics: list[tuple[int, bool, str, Metric]] | None = None
        self._warned = False

    def named_metrics(self) -> dict[str, Metric]:
        """All that is measured, by the names of the logs."""
        found: dict[str, Metric] = {"loss": self.tracker}
        found.update({t.name: t for t in self._trackers})
        return found | {name: m for _, _, name, m in self._metrics or ()}

    def total(self, outputs: Any, known: Sequence[str], labels: Any, weights: Any, owner: Any) -> Tensor:
        """The weighted sum of the losses of all outputs; notes what they are for the logs.

        Raises
        ------
        ValueError
            If losses, labels or weights do not fit the outputs.
        """
        names, values = names_of(outputs, known), flat_outputs(outputs)
        if self._losses is None:
            listed = matched(_alone(self.loss, names), names, "loss", shared=True)
            self._losses = [None if e is None else _as_loss(e) for e in listed]
        chosen = matched(_alone(labels, names), names, "y")
        scales = matched(_alone(weights, names), names, "sample_weight", shared=True)
        factors = matched(_alone(self.loss_weights, names), names, "loss_weights")
        if not self._trackers and len(names) > 1:
            with untraced():
                self._trackers = [
                    Mean(name=f"{n}_loss") for n, e in zip(names, self._losses, strict=True) if e is not None
                ]
        terms, trackers = [], iter(self._trackers)
        for value, loss, y, scale, factor in zip(values, self._losses, chosen, scales, factors, strict=True):
            if loss is None:
                continue
            if y is None:
                raise ValueError("the model has a loss of its outputs: give y, what they should be")
            self._check(loss, owner, y, value)
            term = loss(y, value, sample_weight=scale, mask=mask_of(value))
            if len(self._losses) > 1:
                next(trackers).update_state(term, sample_weight=_count(value))
            terms.append(term if factor is None else term * float(factor))
        if not terms:
            raise ValueError("no output has a loss: compile(loss=...) names one, or the model adds one with add_loss")
        total: Tensor = terms[0] if len(terms) == 1 else add_n(terms)
        return total

    def has_loss(self) -> bool:
        """Whether a loss of outputs was given."""
        return self.loss is not None

    def measure(self, outputs: Any, known: Sequence[str], labels: Any, weights: Any) -> None:
        """Add a batch to the metrics."""
        names, values = names_of(outputs, known), flat_outputs(outputs)
        chosen = matched(_alone(labels, names), names, "y") if labels is not None else [None] * len(names)
        scales = matched(_alone(weights, names), names, "sample_weight", shared=True)
        if self._metrics is None:
            with untraced():
                self._metrics = self._resolved(names, values, chosen)
        for index, weighted, _, metric in self._metrics:
            options: dict[str, Any] = {}
            if isinstance(metric, MeanMetricWrapper) and mask_of(values[index]) is not None:
                options["mask"] = mask_of(values[index])
            if weighted and scales[index] is not None:
                options["sample_weight"] = scales[index]
            if chosen[index] is not None:
                metric.update_state(chosen[index], values[index], **options)

    def _resolved(self, names: Sequence[str], values: Sequence[Any], labels: Sequence[Any]) -> Any:
        found: list[tuple[int, bool, str, Metric]] = []
        for kind, given in self.given_metrics.items():
            for index, entry in enumerate(_metrics_by_output(given, names, kind)):
                for one in entry if isinstance(entry, list | tuple) else [entry]:
                    if one is None:
                        continue
                    loss = self._losses[index] if self._losses else None
                    metric = _as_metric(one, labels[index], values[index], loss)
                    name = metric.name if len(names) == 1 else f"{names[index]}_{metric.name}"
                    taken = [n for _, _, n, _ in found]
                    found.append((index, kind != "metrics", _free(name, taken), metric))
        return found

    def _check(self, loss: Loss, owner: Any, labels: Any, value: Any) -> None:
        """Warn once where the loss expects other numbers than the last layer gives."""
        if self._warned or not hasattr(loss, "options") or "from_logits" not in loss.options:
            return
        self._warned = True
        logits = loss.options["from_logits"]
        last = _last_activation(owner)
        if logits and last in ("softmax", "sigmoid"):
            warnings.warn(
                f"{loss.name} was made with from_logits=True, but the last layer ends in {last}: its outputs are "
                f"probabilities already. Leave the activation out, or say from_logits=False",
                stacklevel=2,
            )
        if not logits and last == "linear":
            warnings.warn(
                f"{loss.name} expects probabilities, but the last layer has no activation: give it "
                "softmax or sigmoid, or make the loss with from_logits=True",
                stacklevel=2,
            )


def _last_activation(model: Any) -> str | None:
    layers = getattr(model, "layers", None)
    last = layers[-1] if layers else None
    return getattr(getattr(last, "activation", None), "__name__", None)


def _count(value: Any) -> Any:
    return cast(shape(value)[0], "float32")


def _alone(given: Any, names: Sequence[str]) -> Any:
    """The only entry of a list for a model of one output."""
    if len(names) == 1 and isinstance(given, list | tuple) and len(given) == 1:
        return given[0]
    return given


def _as_loss(given: Any) -> Loss:
    found = loss_kinds.get(given)
    if isinstance(found, Loss):
        return found
    # A function that has a class becomes an object of it: that knows its options.
    name = getattr(found, "__name__", "").replace("_", "")
    same = [c for n, c in loss_kinds.CLASSES.items() if n.lower() == name and found in loss_kinds.FUNCTIONS.values()]
    return same[0]() if same else FunctionLoss(found)


def _metrics_by_output(given: Any, names: Sequence[str], kind: str) -> list[Any]:
    if given is None:
        return [None] * len(names)
    if len(names) == 1 and not isinstance(given, Mapping):
        flat = given if isinstance(given, list | tuple) else [given]
        return [[m for e in flat for m in (e if isinstance(e, list | tuple) else [e])]]
    alone = isinstance(given, str) or callable(given) or isinstance(given, Metric)
    if alone or (isinstance(given, list | tuple) and len(given) != len(names)):
        raise ValueError(
            f"{kind} of a model with {len(names)} outputs is a list of a list for each, or a dictionary by their "
            f"names {', '.join(names)}"
        )
    return matched(given, names, kind, shared=True)


def _as_metric(given: Any, labels: Any, value: Any, loss: Any) -> Metric:
    if isinstance(given, Metric):
        return given
    if given in ("accuracy", "acc", "crossentropy", "ce"):
        return _by_shape(given, labels, value, loss)
    found = metric_kinds.get(given)
    if isinstance(found, Metric):
        if isinstance(given, str):
            found.name = given
        return found
    return MeanMetricWrapper(found, name=given if isinstance(given, str) else None)


def _by_shape(name: str, labels: Any, value: Any, loss: Any) -> Metric:
    """Accuracy or cross-entropy of the kind that labels and outputs have."""
    sizes = value.shape.as_list()
    labels_shape = [] if labels is None else as_tensor(labels).shape.as_list()
    binary = sizes[-1] == 1 or (loss is not None and "binary" in loss.name)
    sparse = len(labels_shape) < len(sizes) or labels_shape[-1:] == [1]
    cross = name in ("crossentropy", "ce")
    kind = "Binary" if binary else "SparseCategorical" if sparse else "Categorical"
    found: Metric = getattr(metric_kinds, f"{kind}{'Crossentropy' if cross else 'Accuracy'}")(name=name)
    return found


def _free(name: str, taken: Sequence[str]) -> str:
    number, found = 1, name
    while found in taken:
        found, number = f"{name}_{number}", number + 1
    return found
