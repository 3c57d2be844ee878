"""Nested fetches: any structure of lists, tuples, named tuples and dictionaries comes back in the same form."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from typing import Any

from graphc.graph.context import check_fetchable
from graphc.graph.errors import FeedError, FetchError
from graphc.graph.graph import Graph
from graphc.graph.operation import Operation, Tensor
from graphc.graph.origin import user_origin
from graphc.graph.variable import Variable


class HostValue:
    """A value that Python makes after the step from fetched ones, such as the bytes of a summary.

    Parameters
    ----------
    graph : Graph
    name : str
    parts : list
        What is fetched for it: tensors, or further values of this kind.
    """

    def __init__(self, graph: Graph, name: str, parts: list[Any]) -> None:
        self.graph = graph
        self.name = name
        self.parts = parts

    def finish(self, values: list[Any]) -> Any:
        """The value, from those of the parts."""
        raise NotImplementedError

    def eval(self, feed_dict: dict[Any, Any] | None = None, session: Any = None) -> Any:
        """Its value in the given or the default session."""
        from graphc.session.current import default_session

        return default_session(session).run(self, feed_dict)

    def __repr__(self) -> str:
        return f"<graphc.{type(self).__name__.strip('_')} {self.name!r}>"


def resolve(graph: Graph, fetch: Any) -> Tensor | Operation:
    """What a single fetch means: a tensor, an operation, a variable, or the name of one.

    Raises
    ------
    FetchError
        If it is nothing of the kind, or belongs to another graph.
    """
    if isinstance(fetch, str):
        try:
            found: Any = graph.get_tensor_by_name(fetch) if ":" in fetch else graph.get_operation_by_name(fetch)
        except KeyError as error:
            raise FetchError(f"cannot fetch {fetch!r}: {error.args[0]}", user_origin()) from None
    else:
        found = fetch
    if isinstance(found, Variable):
        with graph.as_default(), graph.control_dependencies(None):
            found = found.value()
    if not isinstance(found, Tensor | Operation):
        hint = " (a gradient is None where nothing depends differentiably on the variable)" if fetch is None else ""
        raise FetchError(
            f"cannot fetch {fetch!r} of type {type(fetch).__name__}: fetch tensors, operations or their names{hint}",
            user_origin(),
        )
    op = found if isinstance(found, Operation) else found.op
    check_fetchable(op, "fetched", user_origin())
    if found.graph is not graph:
        raise FetchError(
            f"cannot fetch {found.name}: it belongs to another graph than this session's; it was made at {op.origin}\n"
            "make the session for that graph, Session(graph=x.graph), or build everything in one graph",
            user_origin(),
        )
    return found


def flat_feeds(feeds: Mapping[Any, Any]) -> Iterator[tuple[Any, Any]]:
    """Feeds one by one: a tuple of tensors, such as a state, takes a structure of values of the same form.

    Raises
    ------
    FeedError
        If a structure has another number of values.
    """
    for key, value in feeds.items():
        if not isinstance(key, tuple):
            yield key, value
            continue
        parts = list(value)
        if len(parts) != len(key):
            raise FeedError(f"{len(key)} tensors are fed as one, with {len(parts)} values", user_origin())
        for inner, part in zip(key, parts, strict=True):
            yield from flat_feeds({inner: part})


_SINGLE = frozenset((Tensor, Operation, Variable, str))


def structure_key(fetches: Any, feeds: Mapping[Any, Any]) -> Hashable | None:
    """A key under which to keep what fetches and the keys of feeds mean; None if they have none that is quick to find.

    It holds tensors, operations, variables and names themselves: equal keys ask for the same in the same form.
    """
    kind = type(fetches)
    if kind in _SINGLE or isinstance(fetches, HostValue):
        return fetches, *feeds
    if kind is not list and kind is not tuple:
        return None
    for fetch in fetches:
        if type(fetch) not in _SINGLE and not isinstance(fetch, HostValue):
            return None
    return kind, *fetches, None, *feeds


def flatten(graph: Graph, fetches: Any) -> tuple[list[Tensor | Operation], Callable[[Sequence[Any]], Any]]:
    """The single fetches of a structure, and the function that puts their values back into it."""
    flat: list[Tensor | Operation] = []

    def visit(fetch: Any) -> Callable[[Sequence[Any]], Any]:
        if isinstance(fetch, dict):
            parts = {key: visit(value) for key, value in fetch.items()}
            return lambda values: {key: part(values) for key, part in parts.items()}
        if isinstance(fetch, list | tuple):
            items = [visit(f) for f in fetch]
            if hasattr(fetch, "_fields"):
                return lambda values: type(fetch)(*(item(values) for item in items))
            return lambda values: type(fetch)(item(values) for item in items)
        if isinstance(fetch, HostValue):
            inner = visit(fetch.parts)
            return lambda values: fetch.finish(inner(values))
        index = len(flat)
        flat.append(resolve(graph, fetch))
        return lambda values: values[index]

    rebuild = visit(fetches)
    return flat, rebuild


def only_one(values: list[Any]) -> Any:
    """The value of a single tensor, a NumPy scalar for rank 0."""
    (value,) = values
    return value if value.ndim else value[()]


def all_of(values: list[Any]) -> list[Any]:
    """The values of a list of tensors, NumPy scalars for rank 0."""
    return [value if value.ndim else value[()] for value in values]
