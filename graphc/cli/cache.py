"""``graphc cache info|clear``: the compiled programs that are kept on disk."""

import argparse
from typing import Any


def add_parser(commands: Any) -> None:
    """Add this command to the command line."""
    parser = commands.add_parser("cache", help="show or empty the cache of compiled programs", description=__doc__)
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    actions.add_parser("info", help="directory, entries and size").set_defaults(run=show)
    actions.add_parser("clear", help="delete all entries").set_defaults(run=clear)


def show(options: argparse.Namespace) -> int:
    """Print where the cache is and what it holds; exit code 1 if it cannot be used."""
    from graphc.cli.console import print_pairs
    from graphc.runtime.cache import default_cache

    found = default_cache().info()
    rows = [
        ("directory", str(found.directory)),
        ("entries", str(found.entries)),
        ("size", f"{size(found.bytes)} of at most {size(found.limit)}"),
    ]
    if found.problem:
        rows.append(("not used", found.problem))
    print_pairs(rows)
    return 1 if found.problem else 0


def clear(options: argparse.Namespace) -> int:
    """Delete all entries and say how many there were."""
    from graphc.cli.console import console
    from graphc.runtime.cache import default_cache

    cache = default_cache()
    if cache.problem:
        raise OSError(f"the cache {cache.directory} cannot be used: {cache.problem}")
    count = cache.clear()
    console().print(f"{count} {'entry' if count == 1 else 'entries'} deleted from {cache.directory}")
    return 0


def size(count: int) -> str:
    """Return a number of bytes in the unit in which it is easiest to read.

    Examples
    --------
    >>> size(0), size(1023), size(2048), size(3 * 2**20)
    ('0 bytes', '1023 bytes', '2.0 KiB', '3.0 MiB')
    """
    if count < 1024:
        return f"{count} bytes"
    return f"{count / 2**10:.1f} KiB" if count < 2**20 else f"{count / 2**20:.1f} MiB"
