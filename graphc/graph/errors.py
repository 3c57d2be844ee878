"""Errors of graphs and runs: what was asked, where it was made, what to do."""

from __future__ import annotations

from graphc.graph.origin import Origin


class GraphError(ValueError):
    """A graph that cannot be built or run as asked.

    Parameters
    ----------
    message : str
    origin : Origin, optional
        The user's line; it becomes part of the text.
    """

    def __init__(self, message: str, origin: Origin | None = None) -> None:
        self.origin = origin
        super().__init__(message if origin is None else f"{message}\n  at {origin}")


class FeedError(GraphError):
    """Feeds that do not fit: missing, extra, of a wrong type, rank or size."""


class MissingFeedError(FeedError):
    """A placeholder that the fetches need and that was not fed."""


class FetchError(GraphError, TypeError):
    """Something that cannot be fetched."""


class UninitializedError(GraphError):
    """A variable that has no value yet."""


class ExecutionError(GraphError):
    """A failure inside a running step, such as an index out of range; no variable was changed."""


class OutOfRangeError(GraphError):
    """An iterator has no more elements; nothing ran."""


class NotANumberError(ExecutionError):
    """A NaN in the results of a step that is guarded against it; no variable was changed."""
