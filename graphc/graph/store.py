"""Stores: where the values of variables live between runs."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary, WeakSet

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

    Parameters
    ----------
    strict : bool
        Variables must be written before they are read; by default they are initialised on first use.

    Examples
    --------
    >>> import graphc as gc
    >>> with gc.Graph().as_default(), gc.Session() as s:
    ...     v = gc.Variable(1.5, name="v")
    ...     s.store.load(v)
    array(1.5, dtype=float32)
    """

    def __init__(self, strict: bool = False) -> None:
        self.strict = strict
        self.lock = threading.Condition()
        self.version = 0
        self._readers = 0
        self._writers = 0
        # Weak keys: a store lives as long as the process does, and must not keep the state of models that are gone.
        self._values: WeakKeyDictionary[Variable, np.ndarray] = WeakKeyDictionary()
        self._unset: WeakSet[Variable] = WeakSet()

    def __contains__(self, variable: object) -> bool:
        return variable in self._values and variable not in self._unset

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
            If its initial value cannot be computed, or the store is strict and nothing has been written.
        """
        found = self._values.get(variable)
        if found is None or variable in self._unset:
            with self.lock:
                self.save(variable, self._initial(variable))
                found = self._values[variable]
        return found

    def _initial(self, variable: Variable) -> Any:
        if self.strict and variable.needs_initializer:
            raise UninitializedError(
                f"Attempting to use uninitialized value {variable.op.name}: run its initializer first, for all "
                "variables at once session.run(global_variables_initializer()), made after the last of them "
                "(optimizers make some too)",
                variable.op.origin,
            )
        try:
            return variable.compute_initial_value(self)
        except RecursionError:
            raise UninitializedError(
                f"the initial value of {variable.name} depends on itself", variable.op.origin
            ) from None

    def values(
        self, slots: Sequence[Variable | Constant], overwritten: frozenset[int] = frozenset()
    ) -> list[np.ndarray]:
        """Arrays of the variables and constants of a program, by slot. Shared: do not change them.

        Variables in the slots `overwritten` get room, but no initial value: the program does not look at it.
        """
        found = []
        for slot, value in enumerate(slots):
            if isinstance(value, Constant):
                found.append(value.array)
            else:
                found.append(self._room(value) if slot in overwritten else self.array(value))
        return found

    def _room(self, variable: Variable) -> np.ndarray:
        """The array of a variable that is about to be written."""
        with self.lock:
            if variable not in self._values:
                shape = [d if isinstance(d, int) else 0 for d in variable.static_shape]
                self._values[variable] = aligned_copy(np.zeros(shape), variable.dtype.np)
                self._unset.add(variable)
            return self._values[variable]

    def settle(self, variables: Iterable[Variable]) -> None:
        """Note that a program has written variables for which it only had room."""
        self._unset.difference_update(variables)

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
            self._unset.discard(variable)
            held = self._values.get(variable)
            if held is not None and held.shape == array.shape:
                held[...] = array
            else:
                self._values[variable] = aligned_copy(array, variable.dtype.np)
                self.version += 1


_default_store = Store()


def default_store() -> Store:
    """The store that functions and shared variables use unless they are given another one."""
    return _default_store
