"""``theano.tensor.shared_randomstreams``: random tensors from a seed."""

from __future__ import annotations

from typing import Any

import numpy as np

import graphc as gc
from graphc.compat.theano._setting import config, follow_conventions
from graphc.compat.theano.tensor._making import as_tensor_variable, sizes

__all__ = ["RandomStreams"]


class RandomStreams:
    """Makes random tensors that differ from one another, from run to run, and by the seed.

    Parameters
    ----------
    seed : int, optional
        A stream of the same seed gives the same numbers again.
    """

    def __init__(self, seed: Any = None, **ignored: Any) -> None:
        self.seed(seed)

    def seed(self, seed: Any = None) -> None:
        """Start again with a seed; tensors made before keep theirs."""
        state = np.random.SeedSequence(None if seed is None else [int(s) for s in np.ravel(seed)])
        self._seeds = np.random.Generator(np.random.PCG64(state))

    def _next(self) -> int:
        follow_conventions()
        return int(self._seeds.integers(2**31))

    @staticmethod
    def _size(size: Any, *parameters: Any) -> Any:
        """The shape that is asked for, or that of the parameters together."""
        if size is not None:
            return sizes(size)
        shapes = [p for p in parameters if isinstance(p, gc.Tensor | gc.Variable | np.ndarray)]
        if not shapes:
            return []
        total = shapes[0]
        for other in shapes[1:]:
            total = total + other
        return gc.shape(total)

    def uniform(
        self, size: Any = None, low: Any = 0.0, high: Any = 1.0, ndim: Any = None, dtype: Any = None, **ignored: Any
    ) -> gc.Tensor:
        """Uniform numbers between `low` and `high`."""
        shape = self._size(size, low, high)
        return gc.random_uniform(shape, low, high, dtype=dtype or config.floatX, seed=self._next())

    def normal(
        self, size: Any = None, avg: Any = 0.0, std: Any = 1.0, ndim: Any = None, dtype: Any = None, **ignored: Any
    ) -> gc.Tensor:
        """Normal numbers of a mean and standard deviation."""
        shape = self._size(size, avg, std)
        return gc.random_normal(shape, avg, std, dtype=dtype or config.floatX, seed=self._next())

    def binomial(
        self, size: Any = None, n: int = 1, p: Any = 0.5, ndim: Any = None, dtype: Any = "int64", prob: Any = None,
        **ignored: Any,
    ) -> gc.Tensor:  # fmt: skip
        """How many of `n` trials of probability `p` succeed."""
        chance = p if prob is None else prob
        total: gc.Tensor | None = None
        for _ in range(int(n)):
            unit = gc.random_uniform(self._size(size, chance), dtype=config.floatX, seed=self._next())
            hit = gc.cast(gc.less(unit, chance), dtype)
            total = hit if total is None else total + hit
        if total is None:
            raise ValueError("binomial: n must be at least 1")
        return total

    def random_integers(
        self, size: Any = None, low: Any = 0, high: Any = 1, ndim: Any = None, dtype: Any = "int64", **ignored: Any
    ) -> gc.Tensor:
        """Integers from `low` to `high`, both included."""
        return gc.random_uniform(self._size(size, low, high), low, high + 1, dtype=dtype, seed=self._next())

    def multinomial(
        self, size: Any = None, n: int = 1, pvals: Any = None, ndim: Any = None, dtype: Any = "int64", **ignored: Any
    ) -> gc.Tensor:
        """One of the classes of each row of probabilities, as a row with a single 1."""
        if n != 1:
            raise NotImplementedError("multinomial: only n=1; add up several draws")
        p = as_tensor_variable(pvals)
        rows = gc.shape(p)[:-1]
        unit = gc.expand_dims(gc.random_uniform(rows, dtype=p.dtype, seed=self._next()), -1)
        below = gc.cast(gc.greater_equal(unit, gc.cumsum(p, axis=-1)[..., :-1]), "int64")
        chosen: gc.Tensor = gc.equal(gc.reduce_sum(below, axis=-1, keepdims=True), gc.range(p.shape[-1], dtype="int64"))
        found: gc.Tensor = gc.cast(chosen, dtype)
        return found

    def permutation(self, size: Any = None, n: int = 1, dtype: Any = "int64", **ignored: Any) -> gc.Tensor:
        """The numbers below `n` in random order; `size` is the shape of several permutations."""
        keys = gc.random_uniform([*sizes(size or []), int(n)], dtype="float64", seed=self._next())
        found: gc.Tensor = gc.argsort(keys, axis=-1, output_type=dtype)
        return found

    def choice(
        self, size: Any = None, a: Any = 2, replace: bool = True, p: Any = None, dtype: Any = "int64", **ignored: Any
    ) -> gc.Tensor:
        """Numbers below `a`, all equally likely.

        Raises
        ------
        NotImplementedError
            Without replacement, or with probabilities: use `permutation` or `multinomial`.
        """
        if not replace or p is not None:
            raise NotImplementedError("choice: only with replacement, equally likely; see permutation and multinomial")
        return gc.random_uniform(self._size(size), 0, a, dtype=dtype, seed=self._next())
