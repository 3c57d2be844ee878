"""Where in the user's files something was made."""

from __future__ import annotations

import linecache
import os
import sys
from dataclasses import dataclass

PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep


@dataclass(frozen=True, slots=True)
class Origin:
    """A line of a user's file.

    Attributes
    ----------
    file : str
    line : int
    """

    file: str
    line: int

    @property
    def text(self) -> str:
        """The line itself; empty if the file cannot be read."""
        return linecache.getline(self.file, self.line).strip()

    @property
    def place(self) -> str:
        """The file's name and the line, for pictures: where the file lies is nobody else's business."""
        return f"{os.path.basename(self.file)}:{self.line}"

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" + (f": {self.text}" if self.text else "")


# Parts that only carry out what their caller wrote.
_TRANSPARENT = tuple(PACKAGE + name + os.sep for name in ("api", "graph", "compat"))


def from_library() -> bool:
    """Whether a library of graphc, such as an optimizer, makes the operation, and not the user's code."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_TRANSPARENT):
        frame = frame.f_back
    return frame.f_code.co_filename.startswith(PACKAGE)


def user_origin() -> Origin:
    """The innermost line of the call stack that is not part of graphc.

    Examples
    --------
    >>> isinstance(user_origin().line, int)
    True
    """
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(PACKAGE):
        frame = frame.f_back
    return Origin(frame.f_code.co_filename, frame.f_lineno)
