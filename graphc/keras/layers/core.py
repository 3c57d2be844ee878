"""Dense layers, activations, shapes and functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from graphc.api.arrays import tile
from graphc.api.math import matmul, tensordot
from graphc.api.shaping import expand_dims, reshape, shape, transpose
from graphc.keras import activations, constraints, initializers, regularizers
from graphc.keras.eager import as_floats
from graphc.keras.engine.layer import Layer, mask_of, set_mask


class Dense(Layer):
    """activation(inputs @ kernel + bias), over the last axis.

    Parameters
    ----------
    units : int
    activation : str or callable, optional
    use_bias : bool
    kernel_initializer, bias_initializer : str, Initializer or callable
    kernel_regularizer, bias_regularizer, activity_regularizer : str, Regularizer or callable, optional
    kernel_constraint, bias_constraint : str, Constraint or callable, optional

    Examples
    --------
    >>> import numpy as np
    >>> Dense(3, kernel_initializer="ones")(np.float32([[1.0, 2.0]]))
    array([[3., 3., 3.]], dtype=float32)
    """

    supports_masking = True

    def __init__(
        self, units: int, activation: Any = None, use_bias: bool = True, kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros", kernel_regularizer: Any = None, bias_regularizer: Any = None,
        activity_regularizer: Any = None, kernel_constraint: Any = None, bias_constraint: Any = None, **options: Any,
    ) -> None:  # fmt: skip
        super().__init__(activity_regularizer=activity_regularizer, **options)
        if not isinstance(units, int | np.integer) or units < 1:
            raise ValueError(f"units is a positive integer, not {units!r}")
        self.units, self.use_bias = int(units), use_bias
        self.activation = activations.get(activation)
        self.kernel_initializer, self.bias_initializer = map(initializers.get, (kernel_initializer, bias_initializer))
        self.kernel_regularizer, self.bias_regularizer = map(regularizers.get, (kernel_regularizer, bias_regularizer))
        self.kernel_constraint, self.bias_constraint = map(constraints.get, (kernel_constraint, bias_constraint))

    def build(self, input_shape: Any) -> None:
        """Make kernel, of shape (inputs, units), and bias."""
        self.kernel = self.add_weight(
            (input_shape[-1], self.units), self.kernel_initializer, name="kernel",
            regularizer=self.kernel_regularizer, constraint=self.kernel_constraint,
        )  # fmt: skip
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(
                (self.units,), self.bias_initializer, name="bias",
                regularizer=self.bias_regularizer, constraint=self.bias_constraint,
            )  # fmt: skip

    def _check_input(self, args: tuple[Any, ...]) -> None:
        if not args:
            return
        sizes = args[0].shape.as_list() if args[0].shape.ndims is not None else None
        if sizes is not None and len(sizes) < 2:
            raise ValueError(
                f"the layer {self.name} takes inputs with a batch axis and at least one more, not of shape "
                f"{tuple(sizes)}: a vector of samples with one feature each is x[:, None]"
            )
        if self.built and sizes is not None and sizes[-1] not in (None, self.kernel.static_shape[0]):
            raise ValueError(
                f"the layer {self.name} was built for inputs whose last axis is {self.kernel.static_shape[0]}: these "
                f"have shape {tuple(sizes)}"
            )

    def call(self, inputs: Any) -> Any:
        """The outputs, of shape (..., units)."""
        x = as_floats(inputs)
        y = matmul(x, self.kernel) if x.shape.ndims == 2 else tensordot(x, self.kernel, 1)
        if self.bias is not None:
            y = y + self.bias
        return self.activation(y)


class Activation(Layer):
    """A function of each element, or of each row.

    Parameters
    ----------
    activation : str or callable
    """

    supports_masking = True

    def __init__(self, activation: Any, **options: Any) -> None:
        super().__init__(**options)
        self.activation = activations.get(activation)

    def call(self, inputs: Any) -> Any:
        """The function of the inputs."""
        return self.activation(inputs)


class Flatten(Layer):
    """All axes but the first in one.

    Parameters
    ----------
    data_format : str, optional
        ``"channels_first"`` moves the channels behind the others first.

    Examples
    --------
    >>> Flatten()(np.ones((2, 3, 4), np.float32)).shape
    (2, 12)
    """

    def __init__(self, data_format: str | None = None, **options: Any) -> None:
        super().__init__(**options)
        self.data_format = data_format or "channels_last"

    def call(self, inputs: Any) -> Any:
        """The inputs, of shape (batch, features)."""
        sizes = inputs.shape.as_list()
        if self.data_format == "channels_first" and len(sizes) > 2:
            inputs = transpose(inputs, [0, *range(2, len(sizes)), 1])
        if None in sizes[1:]:
            return reshape(inputs, [shape(inputs)[0], -1])
        return reshape(inputs, [-1, int(np.prod(sizes[1:], dtype=np.int64))])


class Reshape(Layer):
    """Another shape of each sample.

    Parameters
    ----------
    target_shape : sequence of int
        Without the batch axis; one size may be -1.
    """

    def __init__(self, target_shape: Any, **options: Any) -> None:
        super().__init__(**options)
        self.target_shape = tuple(int(n) for n in target_shape)

    def call(self, inputs: Any) -> Any:
        """The inputs in the new shape."""
        own = inputs.shape.as_list()[1:]
        wanted = list(self.target_shape)
        if None not in own and -1 in wanted:
            rest = -int(np.prod(wanted, dtype=np.int64))
            wanted[wanted.index(-1)] = int(np.prod(own, dtype=np.int64)) // max(rest, 1)
        if None not in own and np.prod(own) != np.prod(wanted):
            raise ValueError(f"{self.name}: samples of shape {tuple(own)} cannot get the shape {self.target_shape}")
        return reshape(inputs, [shape(inputs)[0] if -1 in wanted else -1, *wanted])


class Permute(Layer):
    """Axes of each sample in another order.

    Parameters
    ----------
    dims : sequence of int
        From 1: the batch axis stays.
    """

    def __init__(self, dims: Any, **options: Any) -> None:
        super().__init__(**options)
        self.dims = tuple(dims)
        if sorted(self.dims) != list(range(1, len(self.dims) + 1)):
            raise ValueError(f"dims has each of 1 to {len(self.dims)} once, not {self.dims}")

    def call(self, inputs: Any) -> Any:
        """The inputs with their axes in the new order."""
        return transpose(inputs, [0, *self.dims])


class RepeatVector(Layer):
    """Each sample, a vector, repeated as a sequence.

    Parameters
    ----------
    n : int
    """

    def __init__(self, n: int, **options: Any) -> None:
        super().__init__(**options)
        self.n = n

    def call(self, inputs: Any) -> Any:
        """The sequences, of shape (batch, n, features)."""
        return tile(expand_dims(inputs, 1), [1, self.n, 1])


class Lambda(Layer):
    """A function of tensors as a layer; it is saved by name only.

    Parameters
    ----------
    function : callable
    output_shape : object, optional
        Accepted as in Keras: shapes are found by tracing.
    mask : tensor or callable, optional
        The mask of the outputs.
    arguments : dict, optional
        Further arguments by name.

    Examples
    --------
    >>> Lambda(lambda x: x * 2.0)(np.float32([1.0]))
    array([2.], dtype=float32)
    """

    def __init__(
        self, function: Callable[..., Any], output_shape: Any = None, mask: Any = None,
        arguments: dict[str, Any] | None = None, **options: Any,
    ) -> None:  # fmt: skip
        super().__init__(**options)
        self.function, self.mask, self.arguments = function, mask, arguments or {}

    def call(self, inputs: Any) -> Any:
        """The function of the inputs."""
        return self.function(inputs, **self.arguments)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """What was given as mask."""
        return self.mask(inputs, mask) if callable(self.mask) else self.mask

    @classmethod
    def from_config(cls, config: Any) -> Any:
        """A layer of the function itself.

        Raises
        ------
        ValueError
            If only a name is there: files hold no code.
        """
        if not callable(config.get("function")):
            raise ValueError(
                f"the Lambda layer {config.get('name')!r} holds a function of Python, which a file does not: write a "
                "Layer of your own and give its class in custom_objects"
            )
        return super().from_config(config)


class Identity(Layer):
    """The inputs as they are."""

    supports_masking = True

    def call(self, inputs: Any) -> Any:
        """The inputs."""
        return inputs


class Masking(Layer):
    """Steps all of whose features have one value are left out by the layers behind.

    Parameters
    ----------
    mask_value : float
    """

    supports_masking = True

    def __init__(self, mask_value: float = 0.0, **options: Any) -> None:
        super().__init__(**options)
        self.mask_value = mask_value

    def _kept(self, inputs: Any) -> Any:
        from graphc.api.math import not_equal, reduce_any

        return reduce_any(not_equal(inputs, self.mask_value), axis=-1)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """True for steps with another value."""
        return self._kept(inputs)

    def call(self, inputs: Any) -> Any:
        """The inputs, 0 in steps that are left out."""
        from graphc.api.math import cast

        return inputs * cast(expand_dims(self._kept(inputs), -1), inputs.dtype)


__all__ = ["Activation", "Dense", "Flatten", "Identity", "Lambda", "Masking", "Permute", "RepeatVector", "Reshape",
           "mask_of", "set_mask"]  # fmt: skip
