"""Output to people: styled on a terminal, plain text elsewhere."""

import sys
from collections.abc import Sequence
from typing import Any


def console() -> Any:
    """Return a ``rich.console.Console`` on standard output; lines are not wrapped where there is no terminal."""
    from rich.console import Console

    terminal = sys.stdout.isatty()
    return Console(highlight=False, soft_wrap=not terminal, width=None if terminal else 100)


def print_pairs(rows: Sequence[tuple[str, str]]) -> None:
    """Print names and values in two columns, a pair on each line; a terminal folds long values within their column."""
    out = console()
    if not out.is_terminal:
        wide = max(len(name) for name, _ in rows)
        print("\n".join(f"{name:{wide}}  {value}" for name, value in rows))
        return
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in rows:
        table.add_row(name, Text(value))
    out.print(table)
