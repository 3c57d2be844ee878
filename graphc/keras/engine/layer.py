"""The base of all layers: weights made on the first call, and one call for recorded inputs, graphs and arrays."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from graphc.api.math import cast
from graphc.api.state import group
from graphc.graph.graph import Graph, get_default_graph
from graphc.graph.operation import Tensor
from graphc.graph.variable import Variable as NativeVariable
from graphc.ir.dtypes import as_dtype
from graphc.keras import constraints, initializers, regularizers
from graphc.keras.eager import as_tensor, computed, is_symbolic, is_tracing, tracing, untraced
from graphc.keras.engine.abstract import recorded_call, static_shape
from graphc.keras.engine.configuration import arguments_of, configuration, read_configuration
from graphc.keras.engine.names import automatic_name, checked_name
from graphc.keras.engine.phase import calling, is_training
from graphc.keras.engine.recorded import KerasTensor, Node
from graphc.keras.engine.structure import first_leaf, leaves, mapped
from graphc.keras.engine.tracking import sublayers
from graphc.keras.metrics.metric import WRITES
from graphc.keras.variables import Variable
from graphc.layers.normalization import UPDATE_OPS

LOSSES = "keras_losses"
"""The collection of a graph with pairs of a layer and a loss that it added."""

OLD_ARGUMENTS = (
    "input_shape",
    "input_dim",
    "batch_input_shape",
    "batch_size",
    "input_length",
    "weights",
    "input_dtype",
)


class Layer:
    """A function with weights.

    A layer of your own makes its weights in `build` with `add_weight` (or in its constructor) and computes in `call`
    with any functions of graphs. It may be called on inputs of a model, on tensors of a graph, and on arrays, for
    which it computes at once.

    Parameters
    ----------
    name : str, optional
    trainable : bool
    dtype : DType, optional
        Element type of the weights; inputs of other float types are converted to it.
    activity_regularizer : str, Regularizer or callable, optional
        Its value for the outputs is added to the loss, divided by the number of samples.

    Examples
    --------
    >>> import graphc as gc
    >>> class Affine(Layer):
    ...     def __init__(self, units, **options):
    ...         super().__init__(**options)
    ...         self.units = units
    ...     def build(self, input_shape):
    ...         self.w = self.add_weight((input_shape[-1], self.units), "ones")
    ...         self.b = self.add_weight((self.units,), "zeros")
    ...     def call(self, inputs):
    ...         return gc.matmul(inputs, self.w) + self.b
    >>> Affine(2)(np.float32([[1.0, 2.0]]))
    array([[3., 3.]], dtype=float32)
    """

    supports_masking = False
    autocast = True
    _arguments: dict[str, Any]

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        self = object.__new__(cls)
        self._arguments = arguments_of(cls, args, kwargs)
        return self

    def __init__(
        self, *, name: str | None = None, trainable: bool = True, dtype: Any = None, activity_regularizer: Any = None,
        **old: Any,
    ) -> None:  # fmt: skip
        unknown = [k for k in old if k not in (*OLD_ARGUMENTS, "autocast", "implementation")]
        if unknown:
            raise TypeError(f"{type(self).__name__} has no argument {', '.join(unknown)}")
        self.name = automatic_name(type(self)) if name is None else checked_name(name, "layer")
        self.built = False
        self.dtype = as_dtype(_dtype_name(dtype)).name
        self.activity_regularizer = regularizers.get(activity_regularizer)
        self._trainable = bool(trainable)
        self._own: list[Variable] = []
        self._old = {k: v for k, v in old.items() if k in OLD_ARGUMENTS}
        self._nodes: list[Node] = []
        self.built_shape: Any = None
        if "autocast" in old:
            self.autocast = bool(old["autocast"])

    # Weights

    def build(self, input_shape: Any) -> None:
        """Make the weights; called once, before the first call.

        Parameters
        ----------
        input_shape : tuple, or structure of tuples
            As the first argument of the call, None where a size is not known.
        """
        self.built = True

    def add_weight(
        self, shape: Any = None, initializer: Any = None, dtype: Any = None, trainable: bool = True,
        regularizer: Any = None, constraint: Any = None, name: str | None = None, **old: Any,
    ) -> Variable:  # fmt: skip
        """Make a weight.

        Parameters
        ----------
        shape : sequence of int
        initializer : str, Initializer or callable, optional
            ``"glorot_uniform"`` for floats if not given, zeros otherwise.
        dtype : DType, optional
            The layer's if not given.
        trainable : bool
            Whether training changes it by gradients.
        regularizer, constraint : str, object or callable, optional
        name : str, optional

        Raises
        ------
        ValueError
            If a size is not known.
        """
        if isinstance(shape, str):  # the order of Keras 1 and 2
            shape, name = initializer, shape
            initializer = old.pop("initializer", None)
        shape = () if shape is None else (shape,) if isinstance(shape, int) else tuple(shape)
        if any(n is None for n in shape):
            raise ValueError(
                f"the layer {self.name} cannot make a weight of shape {shape}: the size of an axis of its input is not "
                "known. Give it in Input(shape)"
            )
        element = as_dtype(dtype or self.dtype)
        start = initializers.get(initializer or ("glorot_uniform" if element.is_floating else "zeros"))
        with untraced():
            value = np.asarray(start(shape, element.name), element.np)
        if value.shape != shape:
            raise ValueError(f"the initializer {start!r} gave shape {value.shape} for a weight of shape {shape}")
        made = Variable(
            value, trainable, f"{self.name}/{name or f'variable_{len(self._own)}'}", element,
            constraints.get(constraint), regularizers.get(regularizer),
        )  # fmt: skip
        made.trainable = trainable and self._trainable
        self._own.append(made)
        return made

    add_variable = add_weight

    @property
    def trainable(self) -> bool:
        """Whether training changes its weights; a model that is compiled already goes on as it was compiled."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self._trainable = bool(value)
        for variable in self._variables_here():
            variable.trainable = self._trainable and variable.meant_to_train
        for layer in sublayers(self):
            layer.trainable = value

    def _variables_here(self) -> list[Variable]:
        """Weights of this layer itself: those it added, and variables that are its attributes."""
        listed = [v for v in leaves([*vars(self).values()]) if isinstance(v, Variable)]
        found = [*dict.fromkeys([*self._own, *listed])]
        return sorted(found, key=lambda v: not v.meant_to_train)

    @property
    def weights(self) -> list[Variable]:
        """All weights: of a layer itself, those that train first, then of the layers in it."""
        found = self._variables_here()
        for layer in sublayers(self):
            found += layer.weights
        return [*dict.fromkeys(found)]

    @property
    def variables(self) -> list[Variable]:
        """All weights."""
        return self.weights

    @property
    def trainable_weights(self) -> list[Variable]:
        """Weights that training changes."""
        return [v for v in self.weights if v.trainable]

    @property
    def non_trainable_weights(self) -> list[Variable]:
        """Weights that training leaves, or changes other than by gradients."""
        return [v for v in self.weights if not v.trainable]

    @property
    def trainable_variables(self) -> list[Variable]:
        """Weights that training changes."""
        return self.trainable_weights

    @property
    def non_trainable_variables(self) -> list[Variable]:
        """Weights that training leaves, or changes other than by gradients."""
        return self.non_trainable_weights

    def get_weights(self) -> list[np.ndarray]:
        """Copies of the weights' values, in the order of `weights`."""
        return [v.numpy() for v in self.weights]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Set the weights, in the order of `weights`.

        Raises
        ------
        ValueError
            If number or shapes differ; nothing is changed.
        """
        own, given = self.weights, [np.asarray(w) for w in weights]
        if not own and given and not self.built:
            raise ValueError(f"{self.name} has no weights yet: call it once, or build it, before set_weights")
        if [v.static_shape for v in own] != [g.shape for g in given]:
            raise ValueError(
                f"{self.name} has weights of shapes {[v.static_shape for v in own]}: "
                f"{[g.shape for g in given]} were given"
            )
        for variable, value in zip(own, given, strict=True):
            variable.assign(value)

    def count_params(self) -> int:
        """How many numbers its weights hold."""
        return sum(v.element_count for v in self.weights)

    # Losses

    def add_loss(self, loss: Any) -> None:
        """Add a scalar, or a sequence of scalars, to what training makes small; to be called in `call`."""
        for value in loss if isinstance(loss, list | tuple) else [loss]:
            get_default_graph().add_to_collection(LOSSES, (self, as_tensor(value)))

    @property
    def losses(self) -> list[Any]:
        """Penalties on weights, and in a graph what layers added there: tensors in a graph, numbers elsewhere."""
        penalties = [functools.partial(_penalty, v) for v in self.trainable_weights if v.regularizer is not None]
        inside = {id(layer) for layer in self._flatten_layers()}
        added = [t for layer, t in get_default_graph().get_collection(LOSSES) if id(layer) in inside]
        return [p() if is_tracing() or added else computed(p) for p in penalties] + added

    def _flatten_layers(self) -> list[Layer]:
        found = [self]
        for layer in sublayers(self):
            found += [f for f in layer._flatten_layers() if f not in found]
        return found

    # Calls

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """What the layer computes; written by subclasses."""
        raise NotImplementedError(f"{type(self).__name__} has no method call: write call(self, inputs) in your class")

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """The mask of the outputs: that of the inputs for layers that keep steps in their places, else None."""
        return mask if self.supports_masking else None

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape of the output for a shape of the input, None where a size is not known."""
        from graphc.keras.engine.abstract import output_shape

        return output_shape(self, input_shape)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Apply the layer.

        Parameters
        ----------
        *args, **kwargs
            Arguments of `call`. Recorded inputs give recorded outputs, tensors give tensors, arrays are computed at
            once. ``training`` and ``mask`` are passed on where `call` takes them.
        """
        given = [v for v in leaves([args, kwargs]) if v is not None]
        if any(isinstance(v, KerasTensor) for v in given):
            return recorded_call(self, args, kwargs)
        if is_symbolic(*given):
            with tracing():
                return self._traced(args, kwargs)
        return computed(self._computed, args, kwargs)[0]

    def _computed(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, Any]:
        """The call in a graph of its own, with its writes."""
        if self.needs_build(args):
            with untraced():
                self._build(args, kwargs)
        found = self._traced(mapped(_as_input, args), kwargs)
        return found, group(*get_default_graph().get_collection(UPDATE_OPS))

    def needs_build(self, args: Any) -> bool:
        """Whether `build` has not been called yet."""
        return not self.built

    def _build(self, args: Any, kwargs: dict[str, Any]) -> None:
        inputs = args[0] if args else first_leaf(kwargs)
        shape = mapped(static_shape, inputs)
        with untraced(), Graph().as_default():
            self.build(shape)
        self.built, self.built_shape = True, shape
        if "weights" in self._old:
            self.set_weights(self._old.pop("weights"))

    def _traced(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        self._check_input(args)
        if self.autocast:
            args = mapped(self._cast, args)
        if self.needs_build(args):
            self._build(args, kwargs)
        known = _parameters(type(self).call)
        asked = kwargs.pop("training", None) if "training" not in known else kwargs.get("training")
        training = is_training() if asked is None else asked
        if "training" in known and len(args) <= known.index("training"):
            kwargs = kwargs | {"training": training}
        masks = mapped(mask_of, args[0]) if args else None
        if "mask" in known and kwargs.get("mask") is None and any(m is not None for m in leaves(masks)):
            kwargs = kwargs | {"mask": masks}
        graph = get_default_graph()
        first = len(graph.operations)
        with calling(training) as outermost, graph.name_scope(f"{self.name}"):
            found = self.call(*args, **kwargs)
            self._add_activity(found)
            self._set_masks(args, masks if kwargs.get("mask") is None else kwargs["mask"], found)
        if outermost:
            for op in graph.operations[first:]:
                if op.type in WRITES and op.context is None:
                    graph.add_to_collection(UPDATE_OPS, op)
        return found

    def _check_input(self, args: tuple[Any, ...]) -> None:
        """Refuse inputs of a shape that the layer cannot take; layers that care override it."""

    def _cast(self, value: Any) -> Any:
        """Float inputs in the layer's own type."""
        if isinstance(value, NativeVariable):
            value = value.value()
        wanted = as_dtype(self.dtype)
        if isinstance(value, Tensor) and value.dtype.is_floating and wanted.is_floating and value.dtype != wanted:
            mask, value = mask_of(value), cast(value, wanted)
            set_mask(value, mask)
        return value

    def _add_activity(self, outputs: Any) -> None:
        if self.activity_regularizer is None:
            return
        from graphc.api.shaping import shape

        for value in leaves(outputs):
            self.add_loss(self.activity_regularizer(value) / cast(shape(value)[0], value.dtype))

    def _set_masks(self, args: tuple[Any, ...], masks: Any, outputs: Any) -> None:
        if not args or (all(m is None for m in leaves(masks)) and type(self).compute_mask is Layer.compute_mask):
            return
        found = self.compute_mask(args[0], masks)
        if isinstance(outputs, Tensor):
            set_mask(outputs, found if not isinstance(found, list | tuple) else first_leaf(found))
        elif isinstance(found, list | tuple) and isinstance(outputs, list | tuple):
            for value, mask in zip(outputs, found, strict=False):
                set_mask(value, mask)

    # What was recorded

    @property
    def input(self) -> Any:
        """The inputs of its only recorded call."""
        return self._only_node().args[0]

    @property
    def output(self) -> Any:
        """The outputs of its only recorded call."""
        return self._only_node().outputs

    @property
    def input_shape(self) -> Any:
        """The shape of the inputs of its recorded call."""
        return mapped(lambda t: t.shape, self.input)

    @property
    def output_shape(self) -> Any:
        """The shape of the outputs of its recorded call."""
        return mapped(lambda t: t.shape, self.output)

    def _only_node(self) -> Node:
        if not self._nodes:
            raise AttributeError(f"the layer {self.name} has not been called on inputs of a model: it has no output")
        return self._nodes[0]

    # Configurations

    def get_config(self) -> dict[str, Any]:
        """The arguments with which an equal layer is made."""
        return configuration(self)

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Any:
        """A layer with the arguments that `get_config` returned, here or in Keras 3."""
        return cls(**read_configuration(cls, config))

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}, built={self.built}>"


@functools.cache
def _parameters(call: Callable[..., Any]) -> tuple[str, ...]:
    """Names of the arguments of `call`, without self."""
    return tuple(inspect.signature(call).parameters)[1:]


def _dtype_name(dtype: Any) -> Any:
    """A dtype that may be a policy, as Keras 3 writes it."""
    if isinstance(dtype, Mapping):
        dtype = dtype["config"]["name"]
    return dtype or "float32"


def _penalty(variable: Variable) -> Any:
    return variable.regularizer(variable.value())


def _as_input(value: Any) -> Any:
    """Arrays, lists' numbers and variables as tensors of the graph; flags and None as they are."""
    if value is None or isinstance(value, bool | str | Tensor):
        return value
    return as_tensor(value)


def mask_of(value: Any) -> Any:
    """The mask that a layer gave a tensor, or None."""
    return getattr(value._tag, "keras_mask", None) if isinstance(value, Tensor) and value._tag is not None else None


def set_mask(value: Any, mask: Any) -> None:
    """Give a tensor a mask."""
    if isinstance(value, Tensor) and mask is not None:
        value.tag.keras_mask = mask
