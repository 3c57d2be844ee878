"""Layers as objects: made once, applied several times with the same variables."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from graphc.graph.errors import GraphError
from graphc.graph.operation import Tensor
from graphc.graph.origin import user_origin
from graphc.graph.scopes import VariableScope, variable_scope
from graphc.graph.variable import Variable
from graphc.layers.convolutional import conv1d, conv2d, conv2d_transpose
from graphc.layers.core import dense, dropout, flatten
from graphc.layers.normalization import batch_normalization
from graphc.layers.pooling import max_pooling2d


class Layer:
    """A layer's function with its arguments; the first call makes the variables.

    Parameters
    ----------
    *args, **options
        Arguments of the function, without the input.
    name : str, optional
        Scope of the variables.
    """

    function: ClassVar[Callable[..., Tensor]]
    shares: ClassVar[bool] = True

    def __init__(self, *args: Any, name: str | None = None, **options: Any) -> None:
        self.args, self.options, self.given_name = args, options, name
        self.scope: VariableScope | None = None

    def __call__(self, inputs: Any, **options: Any) -> Tensor:
        """The layer's result, [batch, ...].

        Parameters
        ----------
        inputs : Tensor
        **options
            Further arguments of the function, such as ``training``.
        """
        shared = {"reuse": True} if self.shares and self.scope is not None else {}
        if self.scope is None:
            default = type(self).function.__name__
            with variable_scope(self.given_name, default, auxiliary_name_scope=False) as self.scope:
                pass
        return type(self).function(inputs, *self.args, **self.options, **options, **shared, name=self.scope)

    apply = __call__

    @property
    def name(self) -> str:
        """Its scope, once it has been applied, else the name given."""
        return self.scope.name if self.scope is not None else self.given_name or ""

    @property
    def variables(self) -> list[Variable]:
        """Its variables; none before the first call."""
        return self.scope.global_variables() if self.scope is not None else []

    @property
    def trainable_variables(self) -> list[Variable]:
        """Its variables that optimizers change."""
        return self.scope.trainable_variables() if self.scope is not None else []

    def variable(self, name: str) -> Variable:
        """One of its variables by its name within the layer.

        Raises
        ------
        GraphError
            If there is none.
        """
        for found in self.variables:
            if found.name == f"{self.name}/{name}:0":
                return found
        raise GraphError(
            f"the layer {type(self).__name__} {self.name!r} has no variable {name!r}: variables are made when it is "
            "first applied",
            user_origin(),
        )

    @property
    def kernel(self) -> Variable:
        """Its weights."""
        return self.variable("kernel")

    @property
    def bias(self) -> Variable:
        """Its bias."""
        return self.variable("bias")


class Dense(Layer):
    """`graphc.layers.dense` as an object.

    Examples
    --------
    >>> import graphc as gc
    >>> with gc.Graph().as_default():
    ...     layer = gc.layers.Dense(3)
    ...     a, b = layer(gc.zeros([2, 4])), layer(gc.ones([5, 4]))
    ...     print(b.shape, [v.name for v in layer.variables])
    (5, 3) ['dense/kernel:0', 'dense/bias:0']
    """

    function = staticmethod(dense)


class Conv1D(Layer):
    """`graphc.layers.conv1d` as an object."""

    function = staticmethod(conv1d)


class Conv2D(Layer):
    """`graphc.layers.conv2d` as an object."""

    function = staticmethod(conv2d)


class Conv2DTranspose(Layer):
    """`graphc.layers.conv2d_transpose` as an object."""

    function = staticmethod(conv2d_transpose)


class BatchNormalization(Layer):
    """`graphc.layers.batch_normalization` as an object; ``training`` is an argument of the call."""

    function = staticmethod(batch_normalization)


class Dropout(Layer):
    """`graphc.layers.dropout` as an object; ``training`` is an argument of the call."""

    function = staticmethod(dropout)
    shares = False


class Flatten(Layer):
    """`graphc.layers.flatten` as an object."""

    function = staticmethod(flatten)
    shares = False


class MaxPooling2D(Layer):
    """`graphc.layers.max_pooling2d` as an object."""

    function = staticmethod(max_pooling2d)
    shares = False
