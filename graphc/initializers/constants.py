"""Initial values that are not drawn."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphc.api.arrays import eye
from graphc.api.shaping import ones, zeros
from graphc.graph.errors import GraphError
from graphc.graph.operation import Tensor
from graphc.graph.origin import user_origin
from graphc.graph.shape import TensorShape
from graphc.graph.variable import default_array
from graphc.ir.dtypes import DType, as_dtype


def sizes_of(shape: Any) -> list[int]:
    """A fully known shape as a list.

    Raises
    ------
    GraphError
        If a size is unknown.
    """
    dims = TensorShape(shape).as_list()
    if None in dims:
        raise GraphError(f"an initial value needs a fully known shape, not {TensorShape(shape)}", user_origin())
    return [int(d) for d in dims if d is not None]


class Initializer:
    """What gives a variable its first value.

    Parameters
    ----------
    dtype : DType
        Element type where the call names none.
    """

    def __init__(self, dtype: Any = "float32") -> None:
        self.dtype: DType = as_dtype(dtype)

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        """The value.

        Parameters
        ----------
        shape : sequence of int
        dtype : DType, optional

        Returns
        -------
        Tensor or numpy.ndarray
        """
        return self.value(sizes_of(shape), self.dtype if dtype is None else as_dtype(dtype))

    def value(self, shape: list[int], dtype: DType) -> Any:
        """The value for a known shape and element type."""
        raise NotImplementedError(f"{type(self).__name__}.value")


class Zeros(Initializer):
    """All elements 0.

    Examples
    --------
    >>> import graphc as gc
    >>> with gc.Graph().as_default(), gc.Session(mode="interpret") as session:
    ...     print(session.run(gc.get_variable("b", [3], initializer=gc.initializers.Zeros())))
    [0. 0. 0.]
    """

    def value(self, shape: list[int], dtype: DType) -> Tensor:
        """Zeros."""
        found: Tensor = zeros(shape, dtype=dtype)
        return found


class Ones(Initializer):
    """All elements 1."""

    def value(self, shape: list[int], dtype: DType) -> Tensor:
        """Ones."""
        found: Tensor = ones(shape, dtype=dtype)
        return found


class Constant(Initializer):
    """A number, or an array's elements in their order.

    Parameters
    ----------
    value : array_like
        Fewer elements than the variable has: the last one is repeated.
    dtype : DType, optional

    Examples
    --------
    >>> import graphc as gc
    >>> gc.initializers.Constant([1, 2, 3])([2, 2])
    array([[1., 2.],
           [3., 3.]], dtype=float32)
    """

    def __init__(self, value: Any = 0, dtype: Any = "float32") -> None:
        super().__init__(dtype)
        self.elements = default_array(value)

    def value(self, shape: list[int], dtype: DType) -> np.ndarray:
        """The elements in this shape.

        Raises
        ------
        GraphError
            If there are more elements than places, or none for some.
        """
        flat, count = self.elements.ravel().astype(dtype.np), int(np.prod(shape))
        if flat.size > count or (flat.size == 0 and count):
            raise GraphError(f"{flat.size} initial values do not fill a variable of shape {shape}", user_origin())
        return np.concatenate([flat, np.repeat(flat[-1:], count - flat.size)]).reshape(shape)


class Identity(Initializer):
    """A multiple of the identity matrix.

    Parameters
    ----------
    gain : float
    dtype : DType
    """

    def __init__(self, gain: float = 1.0, dtype: Any = "float32") -> None:
        super().__init__(dtype)
        self.gain = gain

    def value(self, shape: list[int], dtype: DType) -> Tensor:
        """The matrix.

        Raises
        ------
        GraphError
            If the shape has not two axes.
        """
        if len(shape) != 2:
            raise GraphError(f"the identity is a matrix: it cannot have the shape {shape}", user_origin())
        found: Tensor = eye(*shape, dtype=dtype) * self.gain
        return found
