"""Initial weights with orthogonal rows or columns."""

from __future__ import annotations

import math
from typing import Any

from graphc.api.arrays import diag_part
from graphc.api.math import sign
from graphc.api.random import random_normal
from graphc.api.shaping import reshape, transpose
from graphc.graph.errors import GraphError
from graphc.graph.operation import Tensor
from graphc.graph.origin import user_origin
from graphc.initializers.constants import Initializer
from graphc.ir.dtypes import DType


class Orthogonal(Initializer):
    """A random matrix with orthonormal columns, or rows where there are fewer of them.

    Parameters
    ----------
    gain : float
        Factor of all elements.
    seed : int, optional
        Makes the values independent of the variable's name.
    dtype : DType

    Notes
    -----
    Saxe, McClelland and Ganguli, Exact solutions to the nonlinear dynamics of learning in deep linear neural networks,
    2014. Filters [..., in, out] are taken as a matrix of out columns. The factor Q of a normal matrix, with the signs
    of R's diagonal, is uniform over the orthogonal matrices (Mezzadri, 2007).

    Examples
    --------
    >>> import graphc as gc
    >>> with gc.Graph().as_default(), gc.Session(mode="interpret") as session:
    ...     w = gc.initializers.Orthogonal(seed=1)([4, 3])
    ...     gap = gc.reduce_max(gc.abs(gc.matmul(w, w, transpose_a=True) - gc.eye(3)))
    ...     print(session.run(gap) < 1e-6)
    True
    """

    def __init__(self, gain: float = 1.0, seed: int | None = None, dtype: Any = "float32") -> None:
        super().__init__(dtype)
        self.gain, self.seed = gain, seed

    def value(self, shape: list[int], dtype: DType) -> Tensor:
        """The weights.

        Raises
        ------
        GraphError
            If there are fewer than two axes.
        """
        if len(shape) < 2:
            raise GraphError(f"orthogonal weights need at least two axes, not the shape {shape}", user_origin())
        rows, columns = math.prod(shape[:-1]), shape[-1]
        tall = (max(rows, columns), min(rows, columns))
        q = _orthonormal(random_normal(tall, dtype=dtype, seed=self.seed))
        found: Tensor = reshape(transpose(q) if rows < columns else q, shape) * self.gain
        return found


def _orthonormal(a: Tensor) -> Tensor:
    from graphc.linalg import qr

    q, r = qr(a)
    found: Tensor = q * sign(diag_part(r))
    return found
