"""In which modes the tests of control flow run: interpreted, and compiled where loops can be compiled."""

from __future__ import annotations

from typing import Any

import pytest

import graphc as gc

MODES = ("interpret", "compile")
every_mode = pytest.mark.parametrize("mode", MODES)


def session(mode: str) -> gc.Session:
    """A session with working memory poisoned."""
    return gc.Session(config=gc.Config(mode=mode, poison=mode == "compile"))


def run(mode: str, fetches: Any, feeds: Any = None) -> Any:
    """Values of fetches in a session of their own."""
    with session(mode) as s:
        return s.run(fetches, feeds)
