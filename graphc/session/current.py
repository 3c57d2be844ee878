"""The sessions that are entered: which one is asked for values by default."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from graphc.graph.errors import GraphError
from graphc.graph.origin import user_origin
from graphc.graph.store import default_store

if TYPE_CHECKING:
    from graphc.graph.graph import Graph
    from graphc.session.session import Session


class _Sessions(threading.local):
    def __init__(self) -> None:
        self.stack: list[Session] = []


SESSIONS = _Sessions()


def default_session(session: Session | None = None, graph: Graph | None = None) -> Session:
    """The given session, or the innermost one entered by ``with``; functional graphs have one of their own.

    Raises
    ------
    GraphError
        If there is none.
    """
    if session is not None:
        return session
    if not SESSIONS.stack:
        if graph is not None and graph.conventions.functional:
            from graphc.session.session import Session

            if graph.evaluator is None:
                graph.evaluator = Session(graph, store=default_store())
            evaluator: Session = graph.evaluator
            return evaluator
        raise GraphError("there is no default session: use `with gc.Session():`, or pass session=", user_origin())
    return SESSIONS.stack[-1]


def get_default_session() -> Session | None:
    """The innermost session entered by ``with``, or None."""
    return SESSIONS.stack[-1] if SESSIONS.stack else None
