"""Calls of layers on inputs without values: what the functional interface of Keras is made of.

A `KerasTensor` belongs to no graph. It knows the call that gave it, and a model replays those calls in whatever graph
it is used in.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from graphc.ir.dtypes import as_dtype

if TYPE_CHECKING:
    from graphc.keras.engine.layer import Layer

_COUNTER = itertools.count()


class Node:
    """One recorded call of a layer.

    Attributes
    ----------
    layer : Layer or None
        None for an input.
    args, kwargs : structure
        With `KerasTensor` where values come from other calls.
    outputs : structure of KerasTensor
    order : int
        Grows from call to call.
    """

    def __init__(self, layer: Layer | None, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.layer, self.args, self.kwargs = layer, args, kwargs
        self.outputs: Any = None
        self.order = next(_COUNTER)


def _operator(name: str, swapped: bool = False) -> Callable[..., Any]:
    def apply(self: KerasTensor, *others: Any) -> Any:
        from graphc.keras.layers.operation import Operation

        return Operation(name, swapped=swapped)(self, *others)

    return apply


class KerasTensor:
    """What a layer gives for inputs without values: a shape, an element type, and how it is computed.

    Attributes
    ----------
    shape : tuple
        None where the size is not known; the first axis is the batch.
    dtype : str
    name : str
    node : Node
        The call that gives it.
    """

    __array_ufunc__ = None

    def __init__(self, shape: Sequence[int | None], dtype: Any, node: Node, name: str) -> None:
        self.shape: tuple[int | None, ...] = tuple(shape)
        self.dtype = as_dtype(dtype).name
        self.node, self.name = node, name

    @property
    def ndim(self) -> int:
        """How many axes it has."""
        return len(self.shape)

    def get_shape(self) -> tuple[int | None, ...]:
        """Its shape."""
        return self.shape

    __add__, __radd__ = _operator("add"), _operator("add", True)
    __sub__, __rsub__ = _operator("sub"), _operator("sub", True)
    __mul__, __rmul__ = _operator("mul"), _operator("mul", True)
    __truediv__, __rtruediv__ = _operator("truediv"), _operator("truediv", True)
    __pow__, __rpow__ = _operator("pow"), _operator("pow", True)
    __matmul__, __rmatmul__ = _operator("matmul"), _operator("matmul", True)
    __lt__, __le__ = _operator("lt"), _operator("le")
    __gt__, __ge__ = _operator("gt"), _operator("ge")
    __neg__, __abs__ = _operator("neg"), _operator("abs")

    def __getitem__(self, key: Any) -> Any:
        from graphc.keras.layers.operation import GetItem

        return GetItem(key)(self)

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        raise TypeError(
            f"{self.name} is an input or output of layers without a value: functions of arrays and of graphs do not "
            "take it. Put the computation into a Layer or a Lambda, or use a function of keras.ops"
        )

    def __bool__(self) -> bool:
        raise TypeError(f"{self.name} has no value while a model is being described: it is neither true nor false")

    def __iter__(self) -> Any:
        raise TypeError(f"{self.name} has no value while a model is being described: it cannot be iterated over")

    def __repr__(self) -> str:
        return f"<KerasTensor {self.name!r} shape={self.shape} dtype={self.dtype}>"


def Input(
    shape: Any = None, batch_size: int | None = None, dtype: Any = None, sparse: bool = False,
    batch_shape: Any = None, name: str | None = None, tensor: Any = None, optional: bool = False,
) -> Any:  # fmt: skip
    """An input of a model.

    Parameters
    ----------
    shape : sequence of int or None
        Without the batch axis; None for a size that is not known.
    batch_size : int, optional
    dtype : DType, optional
        float32 if not given.
    batch_shape : sequence of int or None, optional
        The shape with the batch axis, instead of `shape`.
    name : str, optional

    Returns
    -------
    KerasTensor

    Raises
    ------
    ValueError
        If neither shape is given, or a size is no number.

    Examples
    --------
    >>> Input((28, 28), name="image").shape
    (None, 28, 28)
    """
    from graphc.keras.layers.input import InputLayer

    if sparse or tensor is not None:
        raise ValueError("Input: sparse= and tensor= are not there: give a shape, and dense arrays to fit")
    layer = InputLayer(shape=shape, batch_size=batch_size, dtype=dtype, batch_shape=batch_shape, name=name)
    return layer.output


def input_tensor(layer: Layer, shape: Sequence[int | None], dtype: Any) -> KerasTensor:
    """The output of an input layer."""
    node = Node(layer, (), {})
    made = KerasTensor(shape, dtype, node, layer.name)
    node.outputs = made
    return made


def sizes(shape: Any, what: str) -> tuple[int | None, ...]:
    """A shape as a tuple of sizes.

    Raises
    ------
    ValueError
        If it is none.
    """
    try:
        listed = [shape] if isinstance(shape, int) else list(shape)
        found = tuple(None if n is None else int(n) for n in listed)
    except (TypeError, ValueError):
        raise ValueError(f"{what} is a tuple of sizes, None where one is not known, not {shape!r}") from None
    if any(n is not None and n < 0 for n in found):
        raise ValueError(f"{what} has no negative sizes: {found}; None stands for one that is not known")
    return found
