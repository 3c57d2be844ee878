"""Minimisation by SciPy: its methods call the compiled loss and gradient."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from graphc.api.gradient import gradients
from graphc.api.shaping import zeros_like
from graphc.api.state import trainable_variables
from graphc.graph.errors import GraphError
from graphc.graph.operation import Tensor
from graphc.graph.origin import user_origin
from graphc.graph.variable import Variable
from graphc.session.current import default_session
from graphc.session.session import Session


class ScipyOptimizerInterface:
    """Minimise a loss by `scipy.optimize.minimize`, all steps in one call.

    Parameters
    ----------
    loss : Tensor
        Scalar.
    var_list : sequence of Variable, optional
        All trainable variables if not given.
    equalities, inequalities : sequence of Tensor, optional
        Scalars, kept equal to zero, or at least zero; needs a method that can, such as ``"SLSQP"``, which is then the
        default.
    var_to_bounds : dict of Variable to pair, optional
        Lower and upper bounds, numbers or arrays that broadcast to the variable's shape.
    **optimizer_kwargs
        ``method`` (``"L-BFGS-B"`` if there are no constraints), ``options``, ``tol`` and others of
        `scipy.optimize.minimize`.

    Raises
    ------
    GraphError
        If there are no variables, bounds are of others, or the loss or a constraint is no scalar.

    Examples
    --------
    >>> import graphc as gc
    >>> with gc.Graph().as_default(), gc.Session(mode="interpret") as session:
    ...     p = gc.Variable([3.0, 3.0])
    ...     loss = gc.reduce_sum(gc.square(p - [1.0, 2.0]))
    ...     try:
    ...         _ = gc.train.ScipyOptimizerInterface(loss).minimize(session)
    ...         print(session.run(p).round(3).tolist())
    ...     except ImportError:
    ...         print([1.0, 2.0])
    [1.0, 2.0]
    """

    def __init__(
        self, loss: Tensor, var_list: Sequence[Variable] | None = None, equalities: Sequence[Tensor] | None = None,
        inequalities: Sequence[Tensor] | None = None, var_to_bounds: dict[Variable, Any] | None = None,
        **optimizer_kwargs: Any,
    ) -> None:  # fmt: skip
        self.loss = loss
        self.variables = list(var_list) if var_list is not None else trainable_variables()
        if not self.variables:
            raise GraphError("there is no variable to optimise: pass var_list=", user_origin())
        for target in (loss, *(equalities or ()), *(inequalities or ())):
            if target.shape.ndims not in (None, 0):
                raise GraphError(
                    f"the loss and every constraint is a scalar, but {target.name} has shape {target.shape}: "
                    "pass its elements one by one",
                    user_origin(),
                )
        self.optimizer_kwargs = optimizer_kwargs
        self.bounds = self._flat_bounds(var_to_bounds) if var_to_bounds else None
        self.gradients = self._gradients(loss)
        self.constraints = [
            (kind, t, self._gradients(t))
            for kind, tensors in (("eq", equalities), ("ineq", inequalities))
            for t in tensors or ()
        ]

    def _gradients(self, target: Tensor) -> list[Tensor]:
        found = gradients([target], self.variables)
        return [zeros_like(v.value()) if g is None else g for g, v in zip(found, self.variables, strict=True)]

    def _flat_bounds(self, given: dict[Variable, Any]) -> list[tuple[float, float]]:
        for variable in given:
            if variable not in self.variables:
                raise GraphError(f"{variable.name} has bounds, but is not in var_list: list it there", user_origin())
        found: list[tuple[float, float]] = []
        for variable in self.variables:
            low, high = given.get(variable, (-np.inf, np.inf))
            shape = [int(d) for d in variable.shape]
            ends = (np.broadcast_to(-np.inf if low is None else low, shape),
                    np.broadcast_to(np.inf if high is None else high, shape))  # fmt: skip
            found += list(zip(*(e.reshape(-1).tolist() for e in ends), strict=True))
        return found

    def minimize(
        self, session: Session | None = None, feed_dict: dict[Any, Any] | None = None, fetches: Sequence[Any] = (),
        step_callback: Callable[[np.ndarray], Any] | None = None, loss_callback: Callable[..., Any] | None = None,
    ) -> Any:  # fmt: skip
        """Change the variables in a session until the method stops; if it fails, they are what they were.

        Parameters
        ----------
        session : Session, optional
            The default one if not given.
        feed_dict : dict, optional
            The same at every evaluation.
        fetches : sequence, optional
            Further fetches, whose values `loss_callback` gets.
        step_callback : callable, optional
            Called after every step with all variables as one flat array.
        loss_callback : callable, optional
            Called after every evaluation of the loss with the values of `fetches`.

        Returns
        -------
        scipy.optimize.OptimizeResult
            ``x`` is the flat array of all variables; they have been set already.

        Raises
        ------
        ImportError
            If SciPy is not installed.
        """
        try:
            from scipy.optimize import minimize
        except ImportError:
            raise ImportError(
                "ScipyOptimizerInterface calls scipy.optimize, and SciPy is not installed: pip install scipy"
            ) from None
        running = default_session(session)
        feeds = dict(feed_dict or {})
        start = np.concatenate([np.ravel(running.store.load(v)) for v in self.variables]).astype(np.float64)

        def evaluate(point: np.ndarray) -> tuple[float, np.ndarray]:
            self._set(running, point)
            value, slopes, others = running.run([self.loss, self.gradients, list(fetches)], feeds)
            if loss_callback is not None:
                loss_callback(*others)
            return float(value), _flat(slopes)

        options = {"method": "SLSQP" if self.constraints else "L-BFGS-B", **self.optimizer_kwargs}
        if self.constraints:
            options["constraints"] = [self._constraint(running, feeds, *c) for c in self.constraints]
        end = start
        try:
            found = minimize(evaluate, start, jac=True, bounds=self.bounds, callback=step_callback, **options)
            end = found.x
        finally:
            # Every evaluation has set the variables.
            self._set(running, end)
        return found

    def _constraint(
        self, session: Session, feeds: dict[Any, Any], kind: str, target: Tensor, slopes: list[Tensor]
    ) -> dict[str, Any]:
        def at(point: np.ndarray, fetch: Any) -> Any:
            self._set(session, point)
            return session.run(fetch, feeds)

        return {
            "type": kind,
            "fun": lambda point: np.asarray(at(point, target), np.float64),
            "jac": lambda point: _flat(at(point, slopes)),
        }

    def _set(self, session: Session, point: np.ndarray) -> None:
        start = 0
        for variable in self.variables:
            shape = [int(d) for d in variable.shape]
            size = int(np.prod(shape))
            session.store.save(variable, point[start : start + size].reshape(shape))
            start += size


def _flat(arrays: Sequence[Any]) -> np.ndarray:
    return np.concatenate([np.ravel(a) for a in arrays]).astype(np.float64)
