"""The layer that an input of a model is."""

from __future__ import annotations

from typing import Any

from graphc.keras.engine.layer import Layer
from graphc.keras.engine.recorded import KerasTensor, input_tensor, sizes


class InputLayer(Layer):
    """An input of a model; `keras.Input` makes one and returns its output.

    Parameters
    ----------
    shape : sequence of int or None
        Without the batch axis.
    batch_size : int, optional
    dtype : DType, optional
        float32 if not given.
    batch_shape : sequence of int or None, optional
        With the batch axis, instead of `shape`.
    name : str, optional

    Raises
    ------
    ValueError
        If there is no shape.
    """

    def __init__(
        self, shape: Any = None, batch_size: int | None = None, dtype: Any = None, batch_shape: Any = None,
        name: str | None = None, input_shape: Any = None, batch_input_shape: Any = None, **options: Any,
    ) -> None:  # fmt: skip
        super().__init__(name=name, dtype=dtype, trainable=options.pop("trainable", True), **options)
        shape = input_shape if shape is None else shape
        batch_shape = batch_input_shape if batch_shape is None else batch_shape
        if (shape is None) == (batch_shape is None):
            raise ValueError("an input has shape=, without the batch axis, or batch_shape=, with it: give one of both")
        whole = (batch_size, *sizes(shape, "shape")) if batch_shape is None else sizes(batch_shape, "batch_shape")
        self.batch_shape = whole
        self.built = True
        self._recorded = input_tensor(self, whole, self.dtype)
        self._nodes.append(self._recorded.node)

    @property
    def output(self) -> KerasTensor:
        """The input as layers are called on it."""
        return self._recorded

    def call(self, inputs: Any) -> Any:
        """The inputs."""
        return inputs

    def get_config(self) -> dict[str, Any]:
        """The arguments with which an equal input is made."""
        return {"batch_shape": list(self.batch_shape), "dtype": self.dtype, "name": self.name}
