"""Shared variables: state of functions, read and set from outside without a session."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphc.graph.errors import GraphError
from graphc.graph.origin import user_origin
from graphc.graph.store import default_store
from graphc.graph.variable import Variable


class SharedVariable(Variable):
    """A variable whose value is that in the store which functions share; made by `shared`."""

    def get_value(self, borrow: bool = False, return_internal_type: bool = False) -> np.ndarray:
        """Its value.

        Parameters
        ----------
        borrow : bool
            True: the array that functions use itself, which later calls may change; else a copy.
        return_internal_type : bool
            Accepted: there is one kind of array.
        """
        return default_store().array(self) if borrow else default_store().load(self)

    def set_value(self, new_value: Any, borrow: bool = False) -> None:
        """Set its value; it is copied, whatever `borrow` says.

        Raises
        ------
        GraphError
            If the shape is another one and `shared` was not told that it may change.
        """
        value = np.asarray(new_value)
        if self.validate_shape and value.shape != self.static_shape:
            raise GraphError(
                f"the shared variable {self.name} has shape {self.static_shape}: a value of shape {value.shape} "
                "cannot be set. If its shape is to change, make it with shared(..., fixed_shape=False)",
                user_origin(),
            )
        default_store().save(self, value)

    def eval(self, session: Any = None) -> Any:
        """Its value in the given session, or in the shared store."""
        return self.get_value() if session is None else super().eval(session)


def shared(value: Any, name: str | None = None, borrow: bool = False, fixed_shape: bool = True) -> SharedVariable:
    """A variable for the updates of functions, with `get_value` and `set_value`.

    Parameters
    ----------
    value : array_like
        NumPy arrays keep their element type; Python floats are float32, integers int32.
    name : str, optional
    borrow : bool
        Accepted: the value is always copied.
    fixed_shape : bool
        Whether every value has the shape of the first one, only the rank otherwise. Code for a fixed shape is faster.

    Returns
    -------
    SharedVariable

    Examples
    --------
    >>> import graphc as gc
    >>> with gc.Graph().as_default():
    ...     count = gc.shared(0, "count")
    ...     step = gc.function([], count, updates=[(count, count + 1)], mode="interpret")
    >>> step(), step(), count.get_value()
    (np.int32(0), np.int32(1), array(2, dtype=int32))
    >>> count.set_value(10)
    >>> step()
    np.int32(10)
    """
    return SharedVariable(value, trainable=False, name=name or "shared", validate_shape=fixed_shape)
