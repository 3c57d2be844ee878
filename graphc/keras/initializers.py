"""First values of weights by the names of Keras; the numbers are those of `graphc.initializers`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from graphc import initializers as native
from graphc.graph.operation import Tensor
from graphc.ir.dtypes import as_dtype
from graphc.keras import lookup
from graphc.keras.eager import computed, is_tracing
from graphc.keras.lookup import Configured, to_write
from graphc.keras.seeds import next_seed


class Initializer(Configured):
    """What gives a weight its first value.

    An initializer of your own has ``__call__(shape, dtype=None)``, which returns an array, and `get_config`.
    """

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        """An array of a shape, or a tensor while a graph is being built."""
        raise to_write(self, "__call__(shape, dtype=None)")


class _Native(Initializer):
    """One of `graphc.initializers`, called at once unless a graph is being built."""

    def native(self) -> Any:
        """The object that does it."""
        raise to_write(self, "native()")

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        """An array of a shape, or a tensor while a graph is being built."""
        shape, dtype = tuple(int(n) for n in shape), dtype or "float32"
        made = self.native()
        return made(shape, dtype) if is_tracing() else computed(made, shape, dtype)


class _Random(_Native):
    """Draws numbers: the same ones in every call if it has a seed."""

    seed: int | None = None

    def drawn(self) -> int:
        """The seed to draw with: its own, or a fresh one."""
        return next_seed() if self.seed is None else int(self.seed)


class Zeros(Initializer):
    """All elements 0."""

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        """Zeros of a shape."""
        return np.zeros(tuple(shape), as_dtype(dtype or "float32").np)


class Ones(Initializer):
    """All elements 1."""

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        """Ones of a shape."""
        return np.ones(tuple(shape), as_dtype(dtype or "float32").np)


class Constant(Initializer):
    """All elements a number, or those of an array of the weight's shape.

    Parameters
    ----------
    value : float or array_like
    """

    def __init__(self, value: Any = 0.0) -> None:
        self.value = value

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        """The value, in a shape."""
        return np.broadcast_to(np.asarray(self.value, as_dtype(dtype or "float32").np), tuple(shape)).copy()


class Identity(_Native):
    """A multiple of the identity matrix.

    Parameters
    ----------
    gain : float
    """

    def __init__(self, gain: float = 1.0) -> None:
        self.gain = gain

    def native(self) -> Any:
        """The object that does it."""
        return native.Identity(self.gain)


class RandomNormal(_Random):
    """Normal numbers.

    Parameters
    ----------
    mean, stddev : float
    seed : int, optional
    """

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: int | None = None) -> None:
        self.mean, self.stddev, self.seed = mean, stddev, seed

    def native(self) -> Any:
        """The object that does it."""
        return native.RandomNormal(self.mean, self.stddev, self.drawn())


class TruncatedNormal(RandomNormal):
    """Normal numbers within two standard deviations of the mean.

    Parameters
    ----------
    mean, stddev : float
        Of the law before it is cut.
    seed : int, optional
    """

    def native(self) -> Any:
        """The object that does it."""
        return native.TruncatedNormal(self.mean, self.stddev, self.drawn())


class RandomUniform(_Random):
    """Uniform numbers.

    Parameters
    ----------
    minval, maxval : float
    seed : int, optional
    """

    def __init__(self, minval: float = -0.05, maxval: float = 0.05, seed: int | None = None) -> None:
        self.minval, self.maxval, self.seed = minval, maxval, seed

    def native(self) -> Any:
        """The object that does it."""
        return native.RandomUniform(self.minval, self.maxval, self.drawn())


class Orthogonal(_Random):
    """A matrix of orthonormal rows or columns (Saxe et al., 2014).

    Parameters
    ----------
    gain : float
    seed : int, optional
    """

    def __init__(self, gain: float = 1.0, seed: int | None = None) -> None:
        self.gain, self.seed = gain, seed

    def native(self) -> Any:
        """The object that does it."""
        return native.Orthogonal(self.gain, self.drawn())


class VarianceScaling(_Random):
    """Random numbers of variance scale / n, n the inputs of an output, its outputs, or their mean.

    Parameters
    ----------
    scale : float
    mode : str
        ``"fan_in"``, ``"fan_out"`` or ``"fan_avg"``.
    distribution : str
        ``"truncated_normal"``, ``"untruncated_normal"`` or ``"uniform"``.
    seed : int, optional
    """

    def __init__(
        self, scale: float = 1.0, mode: str = "fan_in", distribution: str = "truncated_normal", seed: int | None = None
    ) -> None:
        self.scale, self.mode, self.distribution, self.seed = scale, mode, distribution, seed

    def native(self) -> Any:
        """The object that does it."""
        return native.VarianceScaling(self.scale, self.mode, self.distribution, self.drawn())


class _Scaled(_Random):
    kind: Callable[..., Any]

    def __init__(self, seed: int | None = None) -> None:
        self.seed = seed

    def native(self) -> Any:
        """The object that does it."""
        return type(self).kind(self.drawn())


class GlorotUniform(_Scaled):
    """Uniform, variance 2 / (inputs + outputs) (Glorot and Bengio, 2010)."""

    kind = native.GlorotUniform


class GlorotNormal(_Scaled):
    """Truncated normal, variance 2 / (inputs + outputs) (Glorot and Bengio, 2010)."""

    kind = native.GlorotNormal


class HeUniform(_Scaled):
    """Uniform, variance 2 / inputs (He et al., 2015)."""

    kind = native.HeUniform


class HeNormal(_Scaled):
    """Truncated normal, variance 2 / inputs (He et al., 2015)."""

    kind = native.HeNormal


class LecunUniform(_Scaled):
    """Uniform, variance 1 / inputs (LeCun et al., 1998)."""

    kind = native.LecunUniform


class LecunNormal(_Scaled):
    """Truncated normal, variance 1 / inputs (LeCun et al., 1998)."""

    kind = native.LecunNormal


_CLASSES = (
    Zeros, Ones, Constant, Identity, RandomNormal, TruncatedNormal, RandomUniform, Orthogonal, VarianceScaling,
    GlorotUniform, GlorotNormal, HeUniform, HeNormal, LecunUniform, LecunNormal,
)  # fmt: skip
_OTHER_NAMES = {
    "zero": Zeros, "one": Ones, "normal": RandomNormal, "uniform": RandomUniform, "identity_initializer": Identity,
    "IdentityInitializer": Identity, "OrthogonalInitializer": Orthogonal, "eye": Identity,
}  # fmt: skip
ALL: dict[str, Any] = {n: c for c in _CLASSES for n in (c.__name__, lookup.snake_case(c.__name__))} | _OTHER_NAMES


def get(identifier: Any) -> Any:
    """The initializer of a name, configuration, class, array, or the callable itself; None for None.

    Raises
    ------
    ValueError
        If there is none of that name.

    Examples
    --------
    >>> get("ones")((2,))
    array([1., 1.], dtype=float32)
    """
    if isinstance(identifier, np.ndarray | Tensor | float):
        return Constant(identifier)
    return lookup.find("initializer", ALL, identifier)


serialize, deserialize = lookup.serialize, lookup.reader("initializer", ALL)
