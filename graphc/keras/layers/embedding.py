"""Vectors for whole numbers, and scaling of inputs."""

from __future__ import annotations

from typing import Any

from graphc.api.arrays import gather
from graphc.api.math import cast, not_equal
from graphc.keras import constraints, initializers, regularizers
from graphc.keras.eager import as_floats
from graphc.keras.engine.layer import Layer


class Embedding(Layer):
    """A vector for each whole number.

    Parameters
    ----------
    input_dim : int
        How many numbers there are, from 0.
    output_dim : int
        Length of the vectors.
    embeddings_initializer, embeddings_regularizer, embeddings_constraint
    mask_zero : bool
        Whether 0 stands for no step: layers behind leave it out.
    weights : list of array, optional
        The vectors, of shape (input_dim, output_dim).
    """

    autocast = False

    def __init__(
        self, input_dim: int, output_dim: int, embeddings_initializer: Any = "uniform",
        embeddings_regularizer: Any = None, embeddings_constraint: Any = None, mask_zero: bool = False,
        weights: Any = None, **options: Any,
    ) -> None:  # fmt: skip
        if weights is not None:
            options["weights"] = [weights] if not isinstance(weights, list | tuple) else list(weights)
        super().__init__(**options)
        self.input_dim, self.output_dim, self.mask_zero = int(input_dim), int(output_dim), mask_zero
        self.embeddings_initializer = initializers.get(embeddings_initializer)
        self.embeddings_regularizer = regularizers.get(embeddings_regularizer)
        self.embeddings_constraint = constraints.get(embeddings_constraint)

    def build(self, input_shape: Any) -> None:
        """Make the vectors."""
        self.embeddings = self.add_weight(
            (self.input_dim, self.output_dim), self.embeddings_initializer, name="embeddings",
            regularizer=self.embeddings_regularizer, constraint=self.embeddings_constraint,
        )  # fmt: skip

    def call(self, inputs: Any) -> Any:
        """The vectors of the numbers, along a new last axis."""
        return gather(self.embeddings.value(), cast(inputs, "int32"))

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """True where the number is not 0, if 0 stands for no step."""
        return not_equal(inputs, 0) if self.mask_zero else None


class Rescaling(Layer):
    """inputs * scale + offset.

    Parameters
    ----------
    scale : float or array_like
    offset : float or array_like
    """

    def __init__(self, scale: Any, offset: Any = 0.0, **options: Any) -> None:
        super().__init__(**options)
        self.scale, self.offset = scale, offset

    def call(self, inputs: Any) -> Any:
        """The scaled inputs."""
        import numpy as np

        return as_floats(inputs) * np.float32(self.scale) + np.float32(self.offset)
