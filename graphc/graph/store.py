"""Stores: where the values of variables live between runs."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from graphc.graph.errors import UninitializedError
from graphc.ir.constants import Constant

if TYPE_CHECKING:
    from graphc.graph.variable import Variable


def aligned_copy(value: Any, dtype: np.dtype[Any], alignment: int = 64) -> np.ndarray:
    """A C-contiguous copy whose data starts at a multiple of `alignment` bytes."""
    source = np.asarray(value, dtype=dtype)
    raw = np.empty(source.nbytes + alignment, np.uint8)
    start = -raw.ctypes.data % alignment
    result = raw[start : start + source.nbytes].view(dtype).reshape(source.shape)
    result[...] = source
    return result


class Store:
    """Values of variables, at addresses that do not change while shape and type stay.

    Examples
    --------
    >>> import graphc as gc
    >>> with gc.Graph().as_default(), gc.Session() as s:
    ...     v = gc.Variable(1.5, name="v")
    ...     s.store.load(v)
    array(1.5, dtype=float32)
    """

    def __init__(self) -> None:
        self.lock = threading.Condition()
        self.version = 0
        self._readers = 0
        self._writers = 0
        self._values: dict[Variable, np.ndarray] = {}

    def __contains__(self, variable: object) -> bool:
        return variable in self._values

    def begin_read(self) -> None:
        """Enter a run that only reads: such runs go together, and keep writers out until `end_read`.

        A writer that waits goes first: a steady stream of readers must not keep it out for ever.
        """
        with self.lock:
            while self._writers:
                self.lock.wait()
            self._readers += 1

    def end_read(self) -> None:
        """Leave a run that only reads."""
        with self.lock:
            self._readers -= 1
            if not self._readers:
                self.lock.notify_all()

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Keep all other runs out, for one that writes."""
        with self.lock:
            self._writers += 1
            try:
                while self._readers:
                    self.lock.wait()
                yield
            finally:
                self._writers -= 1
                self.lock.notify_all()

    def array(self, variable: Variable) -> np.ndarray:
        """The array that holds the variable, initialised on first use. Shared: do not change it.

        Raises
        ------
        UninitializedError
            If its initial value cannot be computed.
        """
        found = self._values.get(variable)
        if found is None:
            with self.lock:
                self.save(variable, self._initial(variable))
                found = self._values[variable]
        return found

    def _initial(self, variable: Variable) -> Any:
        try:
            return variable.compute_initial_value(self)
        except RecursionError:
            raise UninitializedError(
                f"the initial value of {variable.name} depends on itself", variable.op.origin
            ) from None

    def values(self, slots: Iterable[Variable | Constant]) -> list[np.ndarray]:
        """Arrays of the variables and constants of a program, by slot. Shared: do not change them."""
        return [s.array if isinstance(s, Constant) else self.array(s) for s in slots]

    def load(self, variable: Variable) -> np.ndarray:
        """A copy of the variable's value."""
        with self.lock:
            return np.array(self.array(variable))

    def save(self, variable: Variable, value: Any) -> None:
        """Set a variable, in place when it is held with this shape already.

        Raises
        ------
        ValueError
            If the shape does not fit the variable's; nothing is changed.
        """
        array = np.asarray(value, dtype=variable.dtype.np)
        variable.check_shape(array.shape)
        with self.exclusive():
            held = self._values.get(variable)
            if held is not None and held.shape == array.shape:
                held[...] = array
            else:
                self._values[variable] = aligned_copy(array, variable.dtype.np)
                self.version += 1
