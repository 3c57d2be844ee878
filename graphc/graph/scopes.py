"""Variable scopes: names under which variables are made once and found again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from graphc.graph.errors import GraphError
from graphc.graph.graph import Graph, get_default_graph
from graphc.graph.origin import user_origin

if TYPE_CHECKING:
    from graphc.graph.variable import Variable


class _AutoReuse:
    """Make a variable where there is none of its name, else take the one there is."""

    def __repr__(self) -> str:
        return "AUTO_REUSE"


AUTO_REUSE = _AutoReuse()


@dataclass
class VariableScope:
    """Where `get_variable` puts names, and what it does by default.

    Attributes
    ----------
    name : str
        Full name, without a closing slash.
    reuse : bool or AUTO_REUSE
        False: make new variables. True: find those there are.
    initializer, regularizer, dtype
        Used by `get_variable` where it is given none.
    original_name_scope : str
        The name scope that was opened with it.
    """

    name: str = ""
    reuse: Any = False
    initializer: Any = None
    regularizer: Any = None
    dtype: Any = None
    original_name_scope: str = ""

    def reuse_variables(self) -> None:
        """Find variables instead of making them from here on."""
        self.reuse = True

    def set_initializer(self, initializer: Any) -> None:
        """What gives variables their values where no initializer is given."""
        self.initializer = initializer

    def set_regularizer(self, regularizer: Any) -> None:
        """The penalty of variables where no regularizer is given."""
        self.regularizer = regularizer

    def global_variables(self) -> list[Any]:
        """The variables whose names lie under this scope."""
        return get_default_graph().get_collection("variables", self.name and f"{self.name}/")

    def trainable_variables(self) -> list[Any]:
        """The trainable variables whose names lie under this scope."""
        return get_default_graph().get_collection("trainable_variables", self.name and f"{self.name}/")

    def get_variable(self, name: str, **options: Any) -> Any:
        """`graphc.get_variable` within this scope, whatever scope is open."""
        from graphc.api.scopes import get_variable

        with variable_scope(self, auxiliary_name_scope=False):
            return get_variable(name, **options)


@dataclass
class ScopeState:
    """The scope in force in a graph, its named variables, and how often each scope was opened."""

    current: VariableScope = field(default_factory=VariableScope)
    variables: dict[str, Variable] = field(default_factory=dict)
    opened: dict[str, int] = field(default_factory=dict)

    def unique(self, prefix: str) -> str:
        """`prefix` with the first number under which no scope has been opened here."""

        def taken(name: str) -> bool:
            return bool(self.opened.get(join(self.current.name, name)))

        if not taken(prefix):
            return prefix
        number = 1
        while taken(f"{prefix}_{number}"):
            number += 1
        return f"{prefix}_{number}"

    def forget_inner(self, name: str) -> None:
        """Count the scopes inside of `name` from the start again: it may be entered again to reuse them."""
        for inner in self.opened:
            if inner.startswith(name + "/"):
                self.opened[inner] = 0


_states: WeakKeyDictionary[Graph, ScopeState] = WeakKeyDictionary()


def join(outer: str, inner: str) -> str:
    """A name below another."""
    return f"{outer}/{inner}" if outer and inner else outer or inner


def scope_state(graph: Graph) -> ScopeState:
    """The variable scopes of a graph."""
    return _states.setdefault(graph, ScopeState())


def get_variable_scope() -> VariableScope:
    """The variable scope in force."""
    return scope_state(get_default_graph()).current


@contextmanager
def variable_scope(
    name_or_scope: str | VariableScope | None = None, default_name: str | None = None, values: Any = None,
    initializer: Any = None, regularizer: Any = None, reuse: Any = None, dtype: Any = None,
    auxiliary_name_scope: bool = True,
) -> Iterator[VariableScope]:  # fmt: skip
    """A context in which `get_variable` puts its names below a scope; it opens a name scope too.

    Parameters
    ----------
    name_or_scope : str, VariableScope or None
        A scope is entered again under its full name. None: `default_name`, numbered if it was used here before.
    default_name : str, optional
    values : sequence of Tensor, optional
        Accepted and not needed.
    initializer, regularizer, dtype : optional
        What `get_variable` uses inside where it is given none.
    reuse : bool or AUTO_REUSE, optional
        True: variables must exist. AUTO_REUSE: they are made if they do not. By default as outside; once True it holds
        for all scopes inside.
    auxiliary_name_scope : bool
        Whether to open a name scope.

    Raises
    ------
    GraphError
        If neither a name nor a default name is given.

    Examples
    --------
    >>> import graphc as gc
    >>> with gc.Graph().as_default():
    ...     with gc.variable_scope("layer"):
    ...         w = gc.get_variable("w", [2, 3])
    ...     with gc.variable_scope("layer", reuse=True):
    ...         print(gc.get_variable("w") is w, w.name)
    True layer/w:0
    """
    graph = get_default_graph()
    state = scope_state(graph)
    outer, counts = state.current, dict(state.opened)
    if name_or_scope is None:
        if default_name is None:
            raise GraphError("variable_scope needs a name, or a default_name", user_origin())
        own = state.unique(default_name)
        base = replace(outer, name=join(outer.name, own))
    elif isinstance(name_or_scope, VariableScope):
        base, own = replace(name_or_scope), name_or_scope.name.split("/")[-1]
    else:
        own = name_or_scope.rstrip("/")
        base = replace(outer, name=join(outer.name, own))
    base.reuse = reuse or outer.reuse or base.reuse
    for key, value in (("initializer", initializer), ("regularizer", regularizer), ("dtype", dtype)):
        if value is not None:
            setattr(base, key, value)
    state.opened[base.name] = state.opened.get(base.name, 0) + 1
    state.current = base
    try:
        if auxiliary_name_scope and own:
            with graph.name_scope(own) as scope:
                base.original_name_scope = scope
                yield base
        else:
            yield base
    finally:
        state.forget_inner(base.name)
        state.current = outer
        if isinstance(name_or_scope, VariableScope):
            state.opened.update(counts)
