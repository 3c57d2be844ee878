"""Functions: a piece of a graph with its inputs, outputs and updates, called like any Python function."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from graphc.api.replace import graph_replace
from graphc.graph.errors import FeedError, GraphError
from graphc.graph.operation import Operation, Tensor
from graphc.graph.origin import user_origin
from graphc.graph.store import Store, default_store
from graphc.graph.variable import Variable
from graphc.session.config import Config, chosen_config
from graphc.session.report import Report
from graphc.session.session import Session, make_plan, scattered
from graphc.session.structure import flatten
from graphc.session.targets import check_used, graph_of, update_operations

if TYPE_CHECKING:
    from graphc.session.profile import Profile

UNUSED = ("raise", "warn", "ignore")


@dataclass(frozen=True)
class In:
    """An input of a function with a default value or a name of its own.

    Attributes
    ----------
    variable : Tensor
    value : array_like, optional
        What it is when a call does not say.
    name : str, optional
        The keyword by which calls pass it.
    """

    variable: Any
    value: Any = None
    name: str | None = None


class Function:
    """A compiled piece of a graph; made by `function`.

    Attributes
    ----------
    inputs : tuple of Tensor
    outputs : tuple of Tensor or Operation
        The single ones of their structure.
    session : Session
    name : str or None
    """

    def __init__(
        self, session: Session, inputs: Sequence[In], outputs: Any, updates: Sequence[Operation],
        name: str | None = None, downcast: bool = False,
    ) -> None:  # fmt: skip
        self.session = session
        self.name = name
        self.inputs: tuple[Tensor, ...] = tuple(i.variable for i in inputs)
        self._downcast = downcast
        flat, self._rebuild = flatten(session.graph, outputs)
        self._count = len(flat)
        self.outputs = tuple(flat)
        self._plan = make_plan(session, [*flat, *updates], self.inputs)
        # By far the most common structure gets the shortest way out.
        self._single = isinstance(outputs, Tensor | Variable)
        self._names = _keywords(inputs)
        self._order = [*dict.fromkeys(self._names.values())]
        self._defaults = {n: i.value for n, i in zip(self._order, inputs, strict=True) if i.value is not None}

    def __call__(self, *values: Any, **named: Any) -> Any:
        """Run once.

        Parameters
        ----------
        *values : array_like
            In the order of the inputs.
        **named : array_like
            The remaining inputs: by the name that `In` gives, the label, or the name of the placeholder.

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
        if self._downcast:
            values = tuple(np.asarray(v).astype(t.dtype.np) for t, v in zip(self.inputs, values, strict=True))
        found = self._plan.run(values)
        if self._single:
            value = found[0]
            return value[()] if value.ndim == 0 else value
        return self._rebuild(scattered(self._plan.fetches, found)[: self._count])

    def _ordered(self, values: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, ...]:
        names = self._order
        given = dict(zip(names, values, strict=False))
        known = {self._names.get(n, n): v for n, v in named.items()}
        twice = [n for n in known if n in given]
        unknown = [n for n in known if n not in names]
        if twice or unknown or len(values) > len(names):
            raise FeedError(f"this function takes {', '.join(names) or 'nothing'}: {len(values)} values were given by "
                            f"position, and by name {', '.join(named) or 'none'}", user_origin())  # fmt: skip
        given = {**self._defaults, **given, **known}
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

    @property
    def targets(self) -> tuple[Tensor | Operation, ...]:
        """All that a call computes: outputs, then updates."""
        return self._plan.targets

    def _repr_svg_(self) -> str:
        from graphc.viz.export import as_svg

        return as_svg(self, self.name or "function")

    def text(self, stage: str = "final", *types: Any) -> str:
        """The program at a stage of compilation, as text: equal from run to run, so that two can be compared.

        Parameters
        ----------
        stage : str
            ``"lowered"``, the name of a pass (see `graphc.passes.pipeline.PASSES`) for the program after it, or
            ``"final"`` for the one that is scheduled.
        *types : numba.types.Array or ndarray
            One per input; only needed if the rank of an input is not known.

        Raises
        ------
        ValueError
            If there is no such stage.

        Examples
        --------
        >>> import graphc as gc
        >>> with gc.Graph().as_default():
        ...     x = gc.placeholder(gc.float32, [3], name="x")
        ...     double = gc.function([x], x * 1.0 + x)
        >>> print(double.text("final"))
        %0 = input(index=0, type=float32[3]) : float32[3]
        %1 = const(value=2.0) : float32[]
        %2 = mul(%0, %1) : float32[3]
        return %2
        """
        from graphc.session.njit import ranks_of
        from graphc.session.stages import stage_programs

        found = {s.name: s.program for s in stage_programs(self._plan, ranks_of(self.inputs, types))}
        if stage == "final":
            return [*found.values()][-1].to_text()
        if stage not in found:
            raise ValueError(f"no stage {stage!r}: there are {', '.join(found)}, final")
        return found[stage].to_text()

    def report(self) -> Report:
        """What the compiler did for the signature used last; printing it gives tables.

        Returns
        -------
        Report
            A dictionary: ``seconds`` by stage, ``kernels`` (emitted, called, host), ``calls`` (label, kind, bytes,
            flops of each), ``bytes`` and ``flops`` in all, ``arena_bytes`` (a formula; a number
            where that would be long), ``held_bytes``
            (of idle arenas at the sizes seen), ``object_bytes``, ``passes`` (nodes and
            edges before and after, rules that fired), ``unfused`` (producer, consumer, reason), ``cache``.

        Raises
        ------
        GraphError
            If nothing has been compiled yet.
        """
        return self._plan.report()

    def profile(self, feeds: Mapping[str, Any] | Sequence[Any] = (), *, seconds: float = 1.0) -> Profile:
        """Time every kernel of a call, and say how far each is from what this machine can do.

        The step is compiled a second time with a clock around each kernel, and both forms run in turn. Variables are
        as before afterwards; functions of Python within the step are called in every run.

        Parameters
        ----------
        feeds : sequence or mapping
            Values of the inputs in order, or by name.
        seconds : float
            How long to measure, about.

        Returns
        -------
        Profile
            Printing it gives a table; it has `to_json`, `chrome_trace` (for Perfetto) and `plot` (a roofline).

        Raises
        ------
        GraphError
            If the interpreter runs it.
        FeedError, ExecutionError
            As when it is called.

        Examples
        --------
        >>> import numpy as np, graphc as gc
        >>> with gc.Graph().as_default():
        ...     x = gc.placeholder(gc.float32, [None, 64])
        ...     double = gc.function([x], gc.reduce_sum(gc.exp(x), 1))
        >>> (kernel,) = double.profile([np.ones((1000, 64), np.float32)], seconds=0.01).timed
        >>> kernel.label, kernel.bytes, kernel.limit
        ('exp+sum', 260000, 'arithmetic')
        """
        from graphc.session.timed import profile_plan

        named = feeds if isinstance(feeds, Mapping) else {}
        values = self._ordered(() if named else tuple(feeds), dict(named))
        return profile_plan(self._plan, values, seconds)


def function(
    inputs: Sequence[Any], outputs: Any = (), updates: Any = None, givens: Any = None, *, mode: str | None = None,
    config: Config | None = None, store: Store | None = None, name: str | None = None,
    on_unused_input: str = "ignore", allow_input_downcast: bool | None = None, device: str | None = None,
) -> Function:  # fmt: skip
    """Make a callable of a piece of a graph.

    Parameters
    ----------
    inputs : sequence of Tensor or In
        Fed by position, or by name.
    outputs : structure of Tensor, Variable or Operation
        What a call returns.
    updates : mapping of Variable to Tensor, or sequence of pairs or operations, optional
        New values of variables. All are computed from the values before the call. Element types that fit without loss
        are converted.
    givens : mapping of Tensor to Tensor or array, or sequence of pairs, optional
        Replacements, by `graph_replace`: wherever the outputs and updates use the first, they get the second.
    mode : str, optional
        ``"interpret"`` runs in NumPy, nothing is compiled.
    config : Config, optional
    store : Store, optional
        Where variables live; functions share one store by default.
    name : str, optional
        For you; the function keeps it.
    on_unused_input : str
        What to do when nothing depends on an input: ``"raise"``, ``"warn"`` or ``"ignore"``.
    allow_input_downcast : bool, optional
        Convert every value to the element type of its input, also where digits are lost.
    device : str, optional
        Short for ``config=Config(device=device)``.

    Returns
    -------
    Function

    Raises
    ------
    GraphError
        If an input is no tensor or not used (unless allowed), or an update's variable or type does not fit.

    Examples
    --------
    >>> import graphc as gc
    >>> with gc.Graph().as_default():
    ...     x = gc.placeholder(gc.float32, [], name="x")
    ...     total = gc.Variable(0.0, name="total")
    ...     add = gc.function([gc.In(x, 1.0)], total, updates={total: total + x}, mode="interpret")
    >>> add(2.0), add(x=3.0), add(), add(0.0)
    (np.float32(0.0), np.float32(2.0), np.float32(5.0), np.float32(6.0))
    """
    listed = [_input(i) for i in inputs]
    if on_unused_input not in UNUSED:
        raise GraphError(f"on_unused_input is one of {', '.join(UNUSED)}, not {on_unused_input!r}", user_origin())
    graph = graph_of([i.variable for i in listed], outputs, updates)
    with graph.as_default(), graph.control_dependencies(None):
        writes = update_operations(updates)
        if givens:
            outputs, writes = graph_replace((outputs, writes), givens)
    if on_unused_input != "ignore":
        check_used(graph, [i.variable for i in listed], (outputs, writes), on_unused_input)
    session = Session(graph, chosen_config(config, mode, device), store=store or default_store())
    return Function(session, listed, outputs, writes, name, bool(allow_input_downcast))


def _input(given: Any) -> In:
    found = given if isinstance(given, In) else In(given)
    tensor = found.variable.op.outputs[0] if isinstance(found.variable, Variable) else found.variable
    if not isinstance(tensor, Tensor):
        raise GraphError(f"inputs of a function are tensors, not {tensor!r}", user_origin())
    return In(tensor, found.value, found.name)


def _keywords(inputs: Sequence[In]) -> dict[str, str]:
    """Names by which calls may pass an input, with the name that messages use, one of each in the order of inputs.

    A name that only the graph's naming made unique may also be passed as it was given, where one input has it.
    """
    own = [i.name or i.variable.label or i.variable.op.name for i in inputs]
    own = [n if own.count(n) == 1 else i.variable.op.name for n, i in zip(own, inputs, strict=True)]
    short = [re.sub(r"_\d+$", "", n.rsplit("/", 1)[-1]) for n in own]
    found = {n: n for n in own}
    found.update({s: n for s, n in zip(short, own, strict=True) if short.count(s) == 1 and s not in found})
    return found
