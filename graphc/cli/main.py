"""The command line: ``graphc COMMAND``."""

import argparse
import os
import sys
from collections.abc import Sequence

from graphc import __version__
from graphc.cli import bench, cache, cuda, demo, info, run, viz

COMMANDS = (run, demo, bench, info, cache, viz, cuda)


def parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line; every command adds its own part."""
    top = argparse.ArgumentParser(
        prog="graphc", description="A static-graph compiler for Python: the whole step as one native call."
    )
    top.add_argument("--version", action="version", version=f"graphc {__version__}")
    commands = top.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in COMMANDS:
        command.add_parser(commands)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Parameters
    ----------
    arguments : sequence of str, optional
        Those of the process if not given.

    Returns
    -------
    int
        0 for success, 1 for an error, 130 when interrupted; wrong usage exits with 2.
    """
    options = parser().parse_args(arguments)
    try:
        status: int = options.run(options)
        sys.stdout.flush()
        return status
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nothing more to flush at exit
        return 1
    except KeyboardInterrupt:
        print("graphc: interrupted", file=sys.stderr)
        return 130
    except (ValueError, OSError) as error:
        print(f"graphc: error: {error}", file=sys.stderr)
        return 1
