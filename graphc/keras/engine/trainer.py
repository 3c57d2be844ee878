"""compile, fit, evaluate and predict."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from graphc.api.gradient import gradients
from graphc.api.math import add_n, cast
from graphc.api.shaping import shape
from graphc.keras.engine import checks
from graphc.keras.engine.batches import ArraySource, Source, arrays_of, class_weights, narrowed, source_of, split_off
from graphc.keras.engine.compiled import Compiled, predictor
from graphc.keras.engine.steps import flat_arrays
from graphc.keras.engine.structure import first_leaf, leaves, mapped

if TYPE_CHECKING:
    from graphc.keras.callbacks.callback import CallbackList, History

Logs = dict[str, float]


class Trainer:
    """The methods of a model that train and use it; `Model` has them."""

    _trainer: Compiled | None
    stop_training: bool
    name: str

    def compile(
        self, optimizer: Any = "rmsprop", loss: Any = None, metrics: Any = None, loss_weights: Any = None,
        weighted_metrics: Any = None, run_eagerly: bool = False, steps_per_execution: int = 1,
        jit_compile: Any = "auto", auto_scale_loss: bool = True, **old: Any,
    ) -> None:  # fmt: skip
        """Say how the model is trained.

        Parameters
        ----------
        optimizer : str or Optimizer
        loss : str, Loss, callable, or list or dictionary of them by outputs
        metrics, weighted_metrics : list of str, Metric or callable, or a list or dictionary of lists by outputs
        loss_weights : list or dict of float, optional
        run_eagerly : bool
            Must be False: a step is one compiled call.
        steps_per_execution : int
            How many batches there are between two calls of the callbacks' methods for batches.
        jit_compile : object
            Accepted as in Keras: everything is compiled.

        Raises
        ------
        ValueError
            If a name is not known, or `run_eagerly` is asked for.
        """
        if run_eagerly:
            raise ValueError(
                "run_eagerly=True: a model's step is one native call, nothing runs line by line. To look inside, call "
                "the model or a layer on arrays, or put gc.Print into call"
            )
        unknown = [k for k in old if k not in ("sample_weight_mode", "target_tensors", "auto_scale_loss")]
        if unknown:
            raise TypeError(f"compile has no argument {', '.join(unknown)}")
        self._trainer = Compiled(self, optimizer, loss, metrics, loss_weights, weighted_metrics, steps_per_execution)

    @property
    def compiled(self) -> bool:
        """Whether `compile` was called."""
        return self._trainer is not None

    @property
    def optimizer(self) -> Any:
        """The optimizer given to `compile`."""
        return self._state("optimizer").optimizer

    @property
    def loss(self) -> Any:
        """The loss given to `compile`."""
        return self._state("loss").given["loss"]

    @property
    def metrics(self) -> list[Any]:
        """What is measured: the loss, and the metrics once a batch has been seen."""
        return [*self._state("metrics").objective.named_metrics().values()] if self._trainer else []

    @property
    def metrics_names(self) -> list[str]:
        """The names of what is measured."""
        return [*self._state("metrics_names").objective.named_metrics()]

    def _state(self, what: str) -> Compiled:
        if self._trainer is None:
            raise RuntimeError(
                f"{what}: the model {self.name} has not been compiled: call compile(optimizer, loss) first"
            )
        return self._trainer

    # One step, as operations of a graph; to be overridden

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Any:
        """The loss of a batch: those of the outputs, penalties on weights, and what layers added."""
        me: Any = self
        state = self._state("compute_loss")
        terms = list(me.losses)
        if state.objective.has_loss():
            terms.insert(0, state.objective.total(y_pred, me.output_names, y, sample_weight, self))
        if not terms:
            raise ValueError(
                f"the model {self.name} has nothing to make small: compile it with loss=..., or call add_loss in it"
            )
        return terms[0] if len(terms) == 1 else add_n(terms)

    def train_step(self, data: Any) -> Any:
        """One training step; may be overridden with functions of graphs.

        Parameters
        ----------
        data : tuple of tensors
            Inputs, labels and weights of samples, None where there are none.

        Returns
        -------
        dict
            Further values for the logs, by name.
        """
        me: Any = self
        state = self._state("fit")
        x, y, weights = data
        outputs = me(x, training=True)
        loss = self.compute_loss(x, y, outputs, weights, training=True)
        variables = state.trained(self)
        if not variables:
            raise ValueError(f"the model {self.name} has no weight that training may change: all are frozen")
        slopes = gradients(state.optimizer.scale_loss(loss), variables)
        state.optimizer.apply(slopes, variables)
        self._measure(x, y, outputs, weights, loss)
        return {}

    def test_step(self, data: Any) -> Any:
        """One step of `evaluate`; may be overridden with functions of graphs."""
        me: Any = self
        x, y, weights = data
        outputs = me(x, training=False)
        loss = None
        if y is not None or not self._state("evaluate").objective.has_loss():
            loss = self.compute_loss(x, y, outputs, weights, training=False)
        self._measure(x, y, outputs, weights, loss)
        return {}

    def predict_step(self, data: Any) -> Any:
        """One step of `predict`; may be overridden with functions of graphs."""
        me: Any = self
        return me(data[0], training=False)

    def _measure(self, x: Any, y: Any, outputs: Any, weights: Any, loss: Any) -> None:
        me: Any = self
        objective = self._state("fit").objective
        if loss is not None:
            objective.tracker.update_state(loss, sample_weight=cast(shape(first_leaf(x))[0], "float32"))
        objective.measure(outputs, me.output_names, y, weights)

    # Batches of arrays

    def _run(self, kind: str, batch: Any) -> Any:
        state = self._state("fit")
        step, _ = state.step(self, kind, batch)
        found = step(*flat_arrays(batch))
        if found:
            state.last = {n: float(np.asarray(v)) for n, v in found.items()}
        return found

    def _batch(self, x: Any, y: Any, weights: Any, class_weight: Any = None) -> Any:
        x, y, weights = (arrays_of(v) for v in (x, y, weights))
        if class_weight is not None:
            weights = class_weights(y, class_weight, weights)
        source = ArraySource(x, y, weights, None, False)
        return mapped(lambda a: None if a is None else narrowed(a), source.data)

    def train_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, class_weight: Any = None, return_dict: bool = False,
        reset_metrics: bool = True,
    ) -> Any:  # fmt: skip
        """One step of training.

        Returns
        -------
        float, list or dict
            Loss, and metrics if there are any, of this batch; with ``reset_metrics=False`` since the last reset.
        """
        state = self._state("train_on_batch")
        if reset_metrics:
            state.reset()
        self._run("train", self._batch(x, y, sample_weight, class_weight))
        return _given(state.results(), return_dict)

    def test_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False, reset_metrics: bool = True
    ) -> Any:
        """Loss and metrics of one batch."""
        state = self._state("test_on_batch")
        if reset_metrics:
            state.reset()
        self._run("test", self._batch(x, y, sample_weight))
        return _given(state.results(), return_dict)

    def predict_on_batch(self, x: Any) -> Any:
        """The outputs for one batch of inputs."""
        given = mapped(narrowed, arrays_of(x))
        batch = (given, None, None)
        return predictor(self, batch)[0](*flat_arrays(batch))

    def get_metrics_result(self) -> Logs:
        """Loss and metrics since they were reset."""
        return self._state("get_metrics_result").results()

    def reset_metrics(self) -> None:
        """Start measuring anew."""
        self._state("reset_metrics").reset()

    # Many batches

    def fit(
        self, x: Any = None, y: Any = None, batch_size: int | None = None, epochs: int = 1, verbose: Any = "auto",
        callbacks: Any = None, validation_split: float = 0.0, validation_data: Any = None, shuffle: bool = True,
        class_weight: Any = None, sample_weight: Any = None, initial_epoch: int = 0,
        steps_per_epoch: int | None = None, validation_steps: int | None = None,
        validation_batch_size: int | None = None, validation_freq: Any = 1, **old: Any,
    ) -> History:  # fmt: skip
        """Train.

        Parameters
        ----------
        x, y : array, list or dict of arrays
            `x` may also give batches: a generator, an iterable, a sequence of batches, a `gc.data.Dataset`.
        batch_size : int, optional
            32 if not given.
        epochs : int
            The number of the last epoch.
        verbose : int or "auto"
            0: silent, 1: a progress bar, 2: a line for each epoch.
        callbacks : list of Callback, optional
        validation_split : float
            The share of samples, taken from the end, that is kept for validation.
        validation_data : tuple or batches, optional
        shuffle : bool
        class_weight : dict, optional
            The weight of each class's samples.
        sample_weight : array, optional
        initial_epoch : int
        steps_per_epoch, validation_steps : int, optional
        validation_batch_size : int, optional
        validation_freq : int or list of int

        Returns
        -------
        History
            ``history`` has a list of values, one for each epoch, by the names of the logs.

        Raises
        ------
        ValueError
            If arrays, labels, losses and outputs do not fit; nothing has been trained.
        """
        state = self._state("fit")
        epochs = old.pop("nb_epoch", epochs)
        ignored = [k for k in old if k not in ("workers", "use_multiprocessing", "max_queue_size")]
        if ignored:
            raise TypeError(f"fit has no argument {', '.join(ignored)}")
        if validation_split and validation_data is None:
            whole = source_of(x, y, sample_weight, batch_size, None, False, class_weight)
            if not isinstance(whole, ArraySource):
                raise ValueError("validation_split takes samples of arrays: give validation_data beside batches")
            (x, y, sample_weight), validation_data = split_off(whole.data, validation_split)
            class_weight = None
        source = source_of(x, y, sample_weight, batch_size, steps_per_epoch, shuffle, class_weight)
        checked: Any = source.data if isinstance(source, ArraySource) else None
        if checked is not None:
            checks.check_arrays(self, checked)
        held = _validation(validation_data, validation_batch_size or batch_size, validation_steps)
        listed = _listed(self, callbacks, verbose, epochs, source.steps)
        return _Fitting(self, state, source, held, listed, validation_freq).run(initial_epoch, epochs)

    def fit_generator(self, generator: Any, steps_per_epoch: Any = None, epochs: int = 1, **options: Any) -> History:
        """`fit`, by its old name for generators."""
        return self.fit(generator, steps_per_epoch=steps_per_epoch, epochs=epochs, **options)

    def evaluate(
        self, x: Any = None, y: Any = None, batch_size: int | None = None, verbose: Any = "auto",
        sample_weight: Any = None, steps: int | None = None, callbacks: Any = None, return_dict: bool = False,
        **old: Any,
    ) -> Any:  # fmt: skip
        """Loss and metrics of data, in test mode.

        Returns
        -------
        float, list or dict
            The loss alone if there are no metrics.
        """
        state = self._state("evaluate")
        source = source_of(x, y, sample_weight, batch_size, steps, False)
        listed = _listed(self, callbacks, verbose, 1, source.steps, training=False)
        logs = _evaluated(self, state, source, listed)
        return _given(logs, return_dict)

    def predict(
        self, x: Any, batch_size: int | None = None, verbose: Any = "auto", steps: int | None = None,
        callbacks: Any = None, **old: Any,
    ) -> Any:  # fmt: skip
        """The outputs for inputs, computed in batches.

        Returns
        -------
        ndarray, or structure of them
        """
        source = source_of(x, None, None, batch_size, steps, False)
        listed = _listed(self, callbacks, verbose, 1, source.steps, training=False)
        listed.on_predict_begin()
        parts: list[Any] = []
        for number, batch in enumerate(source):
            listed.on_predict_batch_begin(number)
            given = (batch[0], None, None)
            parts.append(predictor(self, given)[0](*flat_arrays(given)))
            listed.on_predict_batch_end(number)
        listed.on_predict_end()
        return _joined(parts)


class _Fitting:
    """One call of `fit`."""

    def __init__(
        self,
        model: Any,
        state: Compiled,
        source: Source,
        validation: Source | None,
        callbacks: CallbackList,
        often: Any,
    ) -> None:
        self.model, self.state, self.source = model, state, source
        self.validation, self.callbacks, self.often = validation, callbacks, often

    def run(self, first: int, epochs: int) -> History:
        model, callbacks = self.model, self.callbacks
        model.stop_training = False
        callbacks.on_train_begin()
        # A callback that restores an interrupted training says with which epoch it goes on.
        first = max(first, model.__dict__.pop("resume_from", 0))
        logs: Logs = {}
        for epoch in range(first, epochs):
            self.state.reset()
            callbacks.on_epoch_begin(epoch)
            self._epoch()
            logs = self.state.results()
            if self.validation is not None and self._due(epoch + 1):
                held = _evaluated(model, self.state, self.validation, callbacks)
                logs |= {f"val_{n}": v for n, v in held.items()}
            callbacks.on_epoch_end(epoch, logs)
            if model.stop_training:
                break
        self.state.optimizer.finalize_variable_values(self.state.trained(model))
        callbacks.on_train_end(logs)
        found: History = callbacks.history
        return found

    def _epoch(self) -> None:
        model, callbacks, every = self.model, self.callbacks, self.state.steps_per_execution
        last = None if self.source.steps is None else self.source.steps - 1
        for number, batch in enumerate(self.source):
            if number % every == 0:
                callbacks.on_train_batch_begin(number)
            model._run("train", batch)
            if (number + 1) % every == 0 or number == last:
                callbacks.on_train_batch_end(number)
            if model.stop_training:
                break

    def _due(self, epoch: int) -> bool:
        return epoch % self.often == 0 if isinstance(self.often, int) else epoch in self.often


def _evaluated(model: Any, state: Compiled, source: Source, callbacks: CallbackList) -> Logs:
    state.reset()
    callbacks.on_test_begin()
    for number, batch in enumerate(source):
        callbacks.on_test_batch_begin(number)
        model._run("test", batch)
        callbacks.on_test_batch_end(number)
    logs = state.results()
    callbacks.on_test_end(logs)
    return logs


def _validation(data: Any, batch_size: int | None, steps: int | None) -> Source | None:
    if data is None:
        return None
    if isinstance(data, tuple | list) and len(data) in (2, 3):
        x, y, weights = (*data, None)[:3]
        return source_of(x, y, weights, batch_size, steps, False)
    return source_of(data, None, None, batch_size, steps, False)


def _listed(
    model: Any, callbacks: Any, verbose: Any, epochs: int, steps: int | None, training: bool = True
) -> CallbackList:
    from graphc.keras.callbacks.callback import CallbackList

    return CallbackList(callbacks, model, verbose=verbose, epochs=epochs, steps=steps, training=training)


def _given(logs: Mapping[str, float], as_dict: bool) -> Any:
    if as_dict:
        return dict(logs)
    values = [*logs.values()]
    return values[0] if len(values) == 1 else values


def _joined(parts: list[Any]) -> Any:
    """The outputs of all batches behind each other."""
    if len(parts) == 1:
        return parts[0]
    joined = iter([np.concatenate(c) for c in zip(*([*leaves(p)] for p in parts), strict=True)])
    return mapped(lambda _: next(joined), parts[0])
