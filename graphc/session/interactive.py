"""A session for the prompt: the default one without a ``with`` block."""

from __future__ import annotations

from typing import Any

from graphc.session.current import SESSIONS
from graphc.session.session import Session


class InteractiveSession(Session):
    """A session that is the default one from when it is made until it is closed.

    Examples
    --------
    >>> import graphc as gc
    >>> with gc.Graph().as_default():
    ...     session = gc.InteractiveSession(mode="interpret")
    ...     print(gc.constant([1.0, 2.0]).eval())
    ...     session.close()
    [1. 2.]
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        SESSIONS.stack.append(self)

    def close(self) -> None:
        """Give compiled code back, and make the session before it the default one again."""
        if self in SESSIONS.stack:
            SESSIONS.stack.remove(self)
        super().close()
