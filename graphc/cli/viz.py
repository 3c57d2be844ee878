"""``graphc viz script.py:name -o picture.svg``: the picture of a graph, function or tensor that a script makes."""

from __future__ import annotations

import argparse
import sys
from typing import Any


def add_parser(commands: Any) -> None:
    """Add this command to the command line."""
    parser = commands.add_parser(
        "viz",
        help="write the picture of a graph or function that a script makes",
        description="Run a script, and write what one of its names holds to a file; its ending says as what.",
    )
    parser.add_argument("target", metavar="script.py[:name]", help="the script, and a global name in it (its graph)")
    parser.add_argument("-o", "--output", required=True, metavar="FILE", help=".svg .png .dot .graphml .mmd .json ...")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Run the script, and write the picture; 1 if the script failed.

    Raises
    ------
    ValueError
        If there is no such script or name, or it cannot be drawn.
    """
    from graphc.cli.run import execute
    from graphc.compat import imports
    from graphc.graph.graph import get_default_graph
    from graphc.viz import export

    script, name = options.target, ""
    if not script.endswith(".py"):
        script, _, name = options.target.rpartition(":")
    imports.install()
    try:
        status = execute(script, [])
    except FileNotFoundError:
        raise ValueError(f"there is no file {script}: say script.py, or script.py:name") from None
    if status:
        return status
    names = vars(sys.modules["__main__"])
    if name and name not in names:
        raise ValueError(f"{script} has no global name {name!r}")
    try:
        print(export(names[name] if name else get_default_graph(), options.output))
    except TypeError as error:
        raise ValueError(str(error)) from None
    return 0
