"""Functions: a piece of a graph with its inputs, outputs and updates, called like any Python function."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from graphc.api.state import assign
from graphc.graph.errors import FeedError, GraphError
from graphc.graph.graph import Graph
from graphc.graph.operation import Operation, Tensor
from graphc.graph.origin import user_origin
from graphc.graph.store import Store
from graphc.graph.variable import Variable, read_of
from graphc.session.launch import LAUNCH
from graphc.session.report import Report
from graphc.session.session import Config, Session, make_plan, scattered
from graphc.session.structure import flatten

_default_store = Store()


def default_store() -> Store:
    """The store that functions share unless they are given another one."""
    return _default_store


class Function:
    """A compiled piece of a graph; made by `function`.

    Attributes
    ----------
    inputs : tuple of Tensor
    session : Session
    """

    def __init__(self, session: Session, inputs: Sequence[Tensor], outputs: Any, updates: Sequence[Operation]) -> None:
        self.session = session
        self.inputs = tuple(inputs)
        flat, self._rebuild = flatten(session.graph, outputs)
        self._count = len(flat)
        self._plan = make_plan(session, [*flat, *updates], self.inputs)
        # By far the most common structure gets the shortest way out.
        self._single = isinstance(outputs, Tensor | Variable)
        self._names = {t.op.name: i for i, t in enumerate(self.inputs)}

    def __call__(self, *values: Any, **named: Any) -> Any:
        """Run once.

        Parameters
        ----------
        *values : array_like
            In the order of the inputs.
        **named : array_like
            The remaining inputs, by name of their placeholder.

        Returns
        -------
        object
            Values in the structure of the outputs.

        Raises
        ------
        FeedError
            If values are missing, too many, or do not fit.
        ExecutionError
            If the step fails; no variable has changed.
        """
        if named or len(values) != len(self.inputs):
            values = self._ordered(values, named)
        found = self._plan.run(values)
        if self._single:
            value = found[0]
            return value[()] if value.ndim == 0 else value
        return self._rebuild(scattered(self._plan.fetches, found)[: self._count])

    def _ordered(self, values: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, ...]:
        names = list(self._names)
        given = dict(zip(names, values, strict=False))
        twice = [n for n in named if n in given]
        unknown = [n for n in named if n not in self._names]
        if twice or unknown or len(values) > len(names):
            raise FeedError(f"this function takes {', '.join(names) or 'nothing'}: {len(values)} values were given by "
                            f"position, and by name {', '.join(named) or 'none'}", user_origin())  # fmt: skip
        given.update(named)
        missing = [n for n in names if n not in given]
        if missing:
            raise FeedError(f"values are missing for {', '.join(missing)}", user_origin())
        return tuple(given[n] for n in names)

    def njit(self, *types: Any) -> Any:
        """A function of the same step for your own Numba code.

        Parameters
        ----------
        *types : numba.types.Array or ndarray
            One per input; only needed if the rank of an input is not known.

        Returns
        -------
        numba dispatcher
            ``compiled(*inputs, *outputs)``: C-contiguous arrays, the outputs preallocated; scalars are arrays of rank
            0. Sizes are checked at every call; arrays that do not fit raise `ValueError`, a failing step
            `RuntimeError`, and no variable is changed then. It shares the variables of this function, but does not
            keep other threads from running at the same time. The code stays loaded as long as the process runs.

        Raises
        ------
        GraphError
            If a rank is not known, the function is interpreted, or its sizes depend on data.

        Examples
        --------
        >>> import numpy as np, numba, graphc as gc
        >>> with gc.Graph().as_default():
        ...     x = gc.placeholder(gc.float64, [None])
        ...     total = gc.function([x], gc.reduce_sum(x * x)).njit()
        >>> @numba.njit
        ... def norms(rows):
        ...     out, one = np.empty(len(rows)), np.empty(())
        ...     for i in range(len(rows)):
        ...         total(rows[i], one)
        ...         out[i] = one[()]
        ...     return out
        >>> norms(np.ones((2, 3)))
        array([3., 3.])
        """
        from graphc.session.njit import njit_function, ranks_of

        return njit_function(self._plan, ranks_of(self.inputs, types))

    def export_source(self, path: str | os.PathLike[str], *types: Any) -> Path:
        """Write the whole computation as a Python module that needs only NumPy and Numba.

        The module has ``step(*inputs, *variables)``: variables are arrays, updated in place; its docstring says which.
        It runs the kernels of this function in their order, printed as loops, and gives the same results up to
        rounding. Results are a single array or a tuple of arrays, in the order of the flattened outputs.

        Parameters
        ----------
        path : path-like
            The file; it is replaced as a whole or not at all.
        *types : numba.types.Array or ndarray
            One per input; only needed if the rank of an input is not known.

        Returns
        -------
        Path

        Raises
        ------
        GraphError
            If a rank is not known, a size depends on data, or an operation has no source.
        """
        from graphc.session.export import module_text, write_module
        from graphc.session.njit import ranks_of

        return write_module(module_text(self._plan, ranks_of(self.inputs, types)), path)

    def report(self) -> Report:
        """What the compiler did for the signature used last; printing it gives tables.

        Returns
        -------
        Report
            A dictionary: ``seconds`` by stage, ``kernels`` (emitted, called, host), ``calls`` (label, kind, bytes,
            flops of each), ``bytes`` and ``flops`` in all, ``arena_bytes`` (a formula), ``held_bytes``
            (of idle arenas at the sizes seen), ``object_bytes``, ``passes`` (nodes and
            edges before and after, rules that fired), ``unfused`` (producer, consumer, reason), ``cache``.

        Raises
        ------
        GraphError
            If nothing has been compiled yet.
        """
        return self._plan.report()


def function(
    inputs: Sequence[Any], outputs: Any = (), updates: Any = None, givens: Any = None, *, mode: str | None = None,
    config: Config | None = None, store: Store | None = None,
) -> Function:  # fmt: skip
    """Make a callable of a piece of a graph.

    Parameters
    ----------
    inputs : sequence of Tensor
        Fed by position, or by the name of their placeholder.
    outputs : structure of Tensor, Variable or Operation
        What a call returns.
    updates : mapping of Variable to Tensor, or sequence of pairs or operations, optional
        New values of variables. All are computed from the values before the call.
    givens : mapping of Tensor to Tensor or array, or sequence of pairs, optional
        Replacements: wherever the outputs and updates use the first, they get the second.
    mode : str, optional
        ``"interpret"`` runs in NumPy, nothing is compiled.
    config : Config, optional
    store : Store, optional
        Where variables live; functions share one store by default.

    Returns
    -------
    Function

    Raises
    ------
    GraphError
        If an input is no tensor, or an update's variable or type does not fit.

    Examples
    --------
    >>> import graphc as gc
    >>> with gc.Graph().as_default():
    ...     x = gc.placeholder(gc.float32, [], name="x")
    ...     total = gc.Variable(0.0, name="total")
    ...     add = gc.function([x], total, updates={total: total + x}, mode="interpret")
    >>> add(2.0), add(x=3.0), add(0.0)
    (np.float32(0.0), np.float32(2.0), np.float32(5.0))
    """
    feeds = [i.op.outputs[0] if isinstance(i, Variable) else i for i in inputs]
    for feed in feeds:
        if not isinstance(feed, Tensor):
            raise GraphError(f"inputs of a function are tensors, not {feed!r}", user_origin())
    graph = _graph_of(feeds, outputs, updates)
    with graph.as_default(), graph.control_dependencies(None):
        writes = _updates(updates)
        if givens:
            outputs, writes = _replaced(graph, outputs, writes, givens)
    session = Session(graph, config or Config(mode=mode or LAUNCH.mode), store=store or default_store())
    return Function(session, feeds, outputs, writes)


def _graph_of(feeds: Sequence[Tensor], outputs: Any, updates: Any) -> Graph:
    from graphc.graph.graph import get_default_graph

    found: list[Graph] = [f.graph for f in feeds]

    def visit(value: Any) -> None:
        if isinstance(value, Tensor | Operation | Variable):
            found.append(value.graph)
        elif isinstance(value, Mapping):
            for key, item in value.items():
                visit(key)
                visit(item)
        elif isinstance(value, list | tuple):
            for item in value:
                visit(item)

    visit(outputs)
    visit(updates)
    return found[0] if found else get_default_graph()


def _pairs(value: Any) -> list[Any]:
    return list(value.items()) if isinstance(value, Mapping) else list(value or ())


def _updates(updates: Any) -> list[Operation]:
    writes: list[Operation] = []
    for update in _pairs(updates):
        if isinstance(update, Operation):
            writes.append(update)
        elif isinstance(update, Tensor):
            writes.append(update.op)
        else:
            variable, value = update
            writes.append(assign(variable, value).op)
    return writes


def _replaced(graph: Graph, outputs: Any, writes: list[Operation], givens: Any) -> tuple[Any, list[Operation]]:
    """Copies of everything between the replaced tensors and the results."""
    new: dict[Tensor, Tensor] = {}
    for old, value in _pairs(givens):
        key = old.op.outputs[0] if isinstance(old, Variable) else old
        new[key] = _as_tensor(value, key)
    copies: dict[Operation, Operation] = {}
    flat, rebuild = flatten(graph, outputs)
    targets = [f.op if isinstance(f, Tensor) else f for f in flat] + writes
    for op in _between(targets, set(new)):
        if op.type == "placeholder" or (read_of(op) is not None):
            continue
        inputs = tuple(new.get(t, t) for t in op.inputs)
        control = tuple(copies.get(c, c) for c in op.control_inputs)
        if inputs == op.inputs and control == op.control_inputs:
            continue
        results = [(t.dtype, None if t.node is None else t.node.inputs[0]) for t in op.outputs]
        copy = graph.add(op.type, op.name.rsplit("/", 1)[-1], inputs, op.body, op.args, op.kwargs, results, control)
        copies[op] = copy
        new.update({t: c for t, c in zip(op.outputs, copy.outputs, strict=True) if t not in new})
    values = [new.get(f, f) if isinstance(f, Tensor) else copies.get(f, f) for f in flat]
    return rebuild(values), [copies.get(w, w) for w in writes]


def _between(targets: Sequence[Operation], replaced: set[Tensor]) -> list[Operation]:
    from graphc.session.passage import needed_operations

    return needed_operations(targets, replaced)


def _as_tensor(value: Any, like: Tensor) -> Tensor:
    from graphc.api.shaping import constant

    if isinstance(value, Variable):
        return value.value()
    if isinstance(value, Tensor):
        if value.dtype != like.dtype:
            raise GraphError(
                f"{like.name} is {like.dtype.name}: it cannot be replaced by {value.name} of {value.dtype.name}",
                user_origin(),
            )
        return value
    replaced: Tensor = constant(value, dtype=like.dtype)
    return replaced
