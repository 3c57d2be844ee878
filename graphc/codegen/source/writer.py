"""Lines of Python with indentation; variables that are used once are written where they are used."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

_NAME = re.compile(r"\bv\d+\b")
WIDTH = 88


class Writer:
    """Collects the body of one function.

    Straight-line assignments wait in a buffer until something that is not one of them is written; then those whose
    variable is used once, in the buffer, are put in its place.
    """

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._indent = 1
        self._waiting: list[tuple[str, str]] = []
        self._count = 0

    def assign(self, text: str, dtype: str = "") -> str:
        """Assign an expression to a new variable."""
        self._count += 1
        name = f"v{self._count}"
        self._waiting.append((name, text))
        return name

    def variable(self, stem: str) -> str:
        """A new name that nothing is assigned to yet."""
        self._count += 1
        return f"{stem}{self._count}"

    def line(self, text: str) -> None:
        """Write a statement after everything before it."""
        self._waiting.append(("", text))

    def flush(self) -> None:
        """Write what waits; its variables may be used later."""
        self._write(keep=None)

    @contextmanager
    def block(self, head: str) -> Iterator[None]:
        """Write ``head:`` and indent what follows; variables made inside are not used after it."""
        self.flush()
        self.lines.append("    " * self._indent + head + ":")
        self._indent += 1
        start = len(self.lines)
        yield
        self._write(keep=set())
        if len(self.lines) == start:
            self.lines.append("    " * self._indent + "pass")
        self._indent -= 1

    def _write(self, keep: set[str] | None) -> None:
        """Write the buffer; `keep` are the variables needed after it (None: any may be)."""
        waiting, self._waiting = self._waiting, []
        uses = Counter(name for _, text in waiting for name in _NAME.findall(text))
        statements = sum(1 for name, _ in waiting if not name)
        inline: dict[str, str] = {}
        for name, text in waiting:
            used = _NAME.sub(lambda match: inline.pop(match.group(), match.group()), text)
            moves = statements <= 1 or "[" not in used  # a load must stay before other statements
            if name and keep is not None and uses[name] == 1 and len(used) <= WIDTH and moves:
                inline[name] = used if _is_atom(used) else f"({used})"
            elif name and keep is not None and not uses[name]:
                continue
            else:
                self.lines.append("    " * self._indent + _tidy(f"{name} = {used}" if name else used))


def _closing(text: str, start: int) -> int:
    """Where the bracket that opens at `start` closes."""
    depth = 0
    for place in range(start, len(text)):
        depth += (text[place] in "([") - (text[place] in ")]")
        if depth == 0:
            return place
    return len(text)


def _is_atom(text: str) -> bool:
    """Whether the text is a name, a literal, a call or a subscript."""
    match = re.match(r"[\w.]+", text)
    if match is None:
        return False
    end = match.end()
    return end == len(text) or (text[end] in "([" and _closing(text, end) == len(text) - 1)


def _tidy(text: str) -> str:
    """Without parentheses around a whole right side or a whole argument."""
    start = text.find("((")
    while start >= 0:
        if _closing(text, start) == _closing(text, start + 1) + 1:
            end = _closing(text, start + 1)
            text = text[: start + 1] + text[start + 2 : end] + text[end + 1 :]
        start = text.find("((", start + 1)
    left, equals, right = text.partition(" = ")
    if equals and right.startswith("(") and _closing(right, 0) == len(right) - 1:
        return f"{left} = {right[1:-1]}"
    return text
