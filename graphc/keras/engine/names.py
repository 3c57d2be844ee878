"""Names of layers and models: ``dense``, ``dense_1``, ... in the order in which they are made."""

from __future__ import annotations

import re
from collections import Counter

from graphc.keras.lookup import snake_case

_COUNTS: Counter[str] = Counter()


def automatic_name(cls: type) -> str:
    """The next free name of a class.

    Examples
    --------
    >>> class VeryWide: pass
    >>> automatic_name(VeryWide), automatic_name(VeryWide)
    ('very_wide', 'very_wide_1')
    """
    base = snake_case(cls.__name__.lstrip("_"))
    _COUNTS[base] += 1
    return base if _COUNTS[base] == 1 else f"{base}_{_COUNTS[base] - 1}"


def checked_name(name: str, what: str) -> str:
    """A name that can stand in the names of variables and of entries of files.

    Raises
    ------
    ValueError
        If it is no string, is empty, or has a slash.
    """
    if not isinstance(name, str) or not name or "/" in name:
        raise ValueError(f"the name of a {what} is a string without '/', not {name!r}")
    return re.sub(r"[^A-Za-z0-9_.\-]", "_", name)


def clear_session() -> None:
    """Start the numbers in automatic names anew; models keep their variables."""
    _COUNTS.clear()
