"""Penalties on weights and activities by the names of Keras."""

from __future__ import annotations

from typing import Any

from graphc.api.math import abs_, matmul, reduce_sum, square
from graphc.api.nn import l2_normalize
from graphc.keras import lookup
from graphc.keras.eager import as_floats, either
from graphc.keras.lookup import Configured, to_write


class Regularizer(Configured):
    """A function of a weight whose value is added to the loss.

    A regularizer of your own has ``__call__(x)`` and `get_config`.
    """

    def __call__(self, x: Any) -> Any:
        """The penalty: a scalar."""
        raise to_write(self, "__call__(x)")


class L1L2(Regularizer):
    """l1 * sum(abs(x)) + l2 * sum(x**2).

    Parameters
    ----------
    l1, l2 : float

    Examples
    --------
    >>> L1L2(l1=0.5, l2=0.25)([1.0, -2.0])
    np.float32(2.75)
    """

    def __init__(self, l1: float = 0.0, l2: float = 0.0) -> None:
        self.l1, self.l2 = _strength("l1", l1), _strength("l2", l2)

    def __call__(self, x: Any) -> Any:
        """The penalty."""
        return _penalty(x, self.l1, self.l2)


class L1(Regularizer):
    """l1 * sum(abs(x)).

    Parameters
    ----------
    l1 : float
    """

    def __init__(self, l1: float = 0.01) -> None:
        self.l1 = _strength("l1", l1)

    def __call__(self, x: Any) -> Any:
        """The penalty."""
        return _penalty(x, self.l1, 0.0)


class L2(Regularizer):
    """l2 * sum(x**2).

    Parameters
    ----------
    l2 : float
    """

    def __init__(self, l2: float = 0.01) -> None:
        self.l2 = _strength("l2", l2)

    def __call__(self, x: Any) -> Any:
        """The penalty."""
        return _penalty(x, 0.0, self.l2)


class OrthogonalRegularizer(Regularizer):
    """factor times the mean of abs(cosine) over the pairs of rows or columns of a matrix.

    Parameters
    ----------
    factor : float
    mode : str
        ``"rows"`` or ``"columns"``.
    """

    def __init__(self, factor: float = 0.01, mode: str = "rows") -> None:
        if mode not in ("rows", "columns"):
            raise ValueError(f"mode is 'rows' or 'columns', not {mode!r}")
        self.factor, self.mode = _strength("factor", factor), mode

    def __call__(self, x: Any) -> Any:
        """The penalty."""
        return _angles(x, self.factor, self.mode == "rows")


def _strength(name: str, value: Any) -> float:
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise ValueError(f"{name} is a number, not {value!r}")
    return float(value or 0.0)


@either
def _penalty(x: Any, l1: float, l2: float) -> Any:
    t = as_floats(x)
    terms = [s * reduce_sum(f(t)) for s, f in ((l1, abs_), (l2, square)) if s]
    return sum(terms[1:], terms[0]) if terms else reduce_sum(t) * 0.0


@either
def _angles(x: Any, factor: float, rows: bool) -> Any:
    t = as_floats(x)
    if t.shape.ndims != 2:
        raise ValueError(f"an orthogonal penalty is one of matrices, not of shape {t.shape}")
    unit = l2_normalize(t, axis=1 if rows else 0)
    cosines = matmul(unit, unit, transpose_a=not rows, transpose_b=rows)
    count = t.shape.as_list()[0 if rows else 1] or 1
    own = reduce_sum(square(unit))
    pairs = count * (count - 1) / 2
    return factor * 0.5 * (reduce_sum(abs_(cosines)) - own) / max(pairs, 1.0)


l1, l2, l1_l2 = L1, L2, L1L2
ALL: dict[str, Any] = {
    "L1": L1, "l1": L1, "L2": L2, "l2": L2, "L1L2": L1L2, "l1_l2": L1L2, "l1l2": L1L2,
    "OrthogonalRegularizer": OrthogonalRegularizer, "orthogonal_regularizer": OrthogonalRegularizer,
}  # fmt: skip


def get(identifier: Any) -> Any:
    """The regularizer of a name, configuration, class, or the callable itself; None for None.

    Raises
    ------
    ValueError
        If there is none of that name.
    """
    if identifier == "l1_l2":
        return L1L2(0.01, 0.01)
    return lookup.find("regularizer", ALL, identifier)


serialize, deserialize = lookup.serialize, lookup.reader("regularizer", ALL)
