"""What starts a script may choose for all of its sessions, without touching the script."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from graphc.session.session import Plan, Step


@dataclass
class Launch:
    """Choices for a whole process.

    Attributes
    ----------
    mode : str
        The mode of sessions that are not given one.
    watch : callable, optional
        Given a plan and a step just made for it, the step to use in its place: one that also counts and measures.
    """

    mode: str = "compile"
    watch: Callable[[Plan, Step], Step] | None = None


LAUNCH = Launch()
