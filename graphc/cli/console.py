"""Output to people: styled on a terminal, plain text elsewhere."""

import sys
from typing import Any


def console() -> Any:
    """Return a ``rich.console.Console`` on standard output; 100 columns wide where there is no terminal."""
    from rich.console import Console

    return Console(highlight=False, soft_wrap=not sys.stdout.isatty(), width=None if sys.stdout.isatty() else 100)


def pairs(rows: list[tuple[str, str]]) -> Any:
    """Return a two-column ``rich.table.Table`` of names and values."""
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in rows:
        table.add_row(name, Text(value))
    return table
