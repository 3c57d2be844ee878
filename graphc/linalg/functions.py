"""Functions of matrices: powers, the exponential, the pseudo-inverse."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphc.api.convert import as_floating, builder, dim_node
from graphc.api.define import operation
from graphc.ir.dims import dim_max
from graphc.ir.dtypes import int64
from graphc.ir.node import Node
from graphc.linalg.factor import svd
from graphc.linalg.matrices import identity
from graphc.linalg.solve import inv, solve
from graphc.ops.linalg.nodes import identity_like, matmul, row, scalars, square, transposed

#: Coefficients of the Pade approximant of degree 13 of exp, and the norm up to which it is accurate in float64.
PADE = (
    64764752532480000.0, 32382376266240000.0, 7771770303897600.0, 1187353796428800.0, 129060195264000.0,
    10559470521600.0, 670442572800.0, 33522128640.0, 1323241920.0, 40840800.0, 960960.0, 16380.0, 182.0, 1.0,
)  # fmt: skip
PADE_NORM = 5.371920351148152
MOST_SQUARINGS = 16


@operation("matrix_power")
def matrix_power(a: Any, n: int) -> Node:
    """The n-th power of square matrices, by repeated squaring; negative powers are those of the inverse.

    Parameters
    ----------
    a : Tensor or array_like
    n : int
    name : str, optional
        Of the operation in the graph.
    """
    x = as_floating(a)
    square("matrix_power", x.tensor)
    if not isinstance(n, int):
        raise TypeError(f"matrix_power: the power is an integer, not {n!r}")
    if n == 0:
        return identity_like(x)
    base, left, found = (inv(x) if n < 0 else x), abs(n), None
    while left:
        if left & 1:
            found = base if found is None else matmul(found, base)
        left >>= 1
        base = matmul(base, base) if left else base
    assert found is not None
    return found


@operation("expm")
def expm(a: Any) -> Node:
    """The exponential of square matrices, by scaling and squaring with a Pade approximant of degree 13.

    Notes
    -----
    N. J. Higham, "The scaling and squaring method for the matrix exponential revisited", SIAM J. Matrix Anal. Appl. 26,
    2005. Sixteen squarings are computed of which as many are used as the norm asks for; for matrices of a 1-norm above
    350,000 the result is NaN.
    """
    x = as_floating(a)
    square("expm", x.tensor)
    emit = builder().emit
    sums = emit("sum", emit("abs", emit("stop_gradient", x)), axes=(x.rank - 2,), keepdims=False)
    size = emit("max", sums, axes=(x.rank - 2,), keepdims=False)
    steps = emit("maximum", emit("ceil", emit("log2", size / PADE_NORM)), 0.0)
    steps = scalars(steps)
    x = x * emit("exp2", -steps)
    found = _pade(x)
    for k in range(MOST_SQUARINGS):
        found = emit("select", emit("gt", steps, float(k)), matmul(found, found), found)
    return emit("select", emit("le", steps, float(MOST_SQUARINGS)), found, float("nan"))


def _pade(x: Node) -> Node:
    """Numerator over denominator, by even powers."""
    one = identity(x.shape[-1], x.dtype)
    powers = [one, matmul(x, x)]
    for _ in range(2):
        powers.append(matmul(powers[-1], powers[1]))

    def combined(first: int) -> Node:
        low = sum((powers[k] * PADE[2 * k + first] for k in range(1, 4)), powers[0] * PADE[first])
        high = sum((powers[k] * PADE[2 * k + 6 + first] for k in range(2, 4)), powers[1] * PADE[8 + first])
        return low + matmul(powers[3], high)

    odd, even = matmul(x, combined(1)), combined(0)
    return solve(even - odd, even + odd)  # type: ignore[no-any-return]


@operation("pinv")
def pinv(a: Any, rcond: float | None = None) -> Node:
    """The Moore-Penrose inverse, by singular values.

    Parameters
    ----------
    a : Tensor or array_like
    rcond : float, optional
        Singular values up to `rcond` times the largest count as 0. By default ten times the larger size times the
        distance of 1 to the next number.
    name : str, optional
        Of the operation in the graph.
    """
    x = as_floating(a)
    emit = builder().emit
    s, u, v = svd(x)
    share: Any = rcond
    if rcond is None:
        longer = dim_node(dim_max(*x.shape[-2:]), int64)
        share = emit("cast", longer, dtype=x.dtype) * (10.0 * float(np.finfo(x.dtype.np).eps))
    limit = emit("max", s, axes=(s.rank - 1,), keepdims=True) * share
    kept = emit("gt", s, limit)
    inverse = emit("select", kept, 1.0 / emit("select", kept, s, 1.0), 0.0)
    return matmul(v * row(inverse), transposed(u))
