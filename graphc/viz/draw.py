"""Write the picture of a graph or of a compiled step to a file."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from graphc.viz.plan import plan_diagram
from graphc.viz.svg import render
from graphc.viz.usergraph import diagram


def draw(target: Any, path: str | os.PathLike[str], title: str | None = None) -> Path:
    """Draw a user's graph, or a compiled step, as a standalone SVG document.

    Boxes are operations, with the type and shape of each result below them; rest the pointer on one to see its whole
    name and the line of your script that made it. In graphs of more than 60 operations the largest name scopes are
    folded into one box each.

    Parameters
    ----------
    target : Graph, Tensor, Operation, Variable, or sequence of the last three; or a report
        A whole graph, or the part of it that these need. For the ``report()`` of a compiled function or session, the
        picture shows the kernel calls of the native step and what flows between them.
    path : path
        Ends in ``.svg``. An existing file is replaced once the picture is complete.
    title : str, optional
        Headline; the file's name if not given.

    Returns
    -------
    pathlib.Path
        The absolute path of the file.

    Raises
    ------
    ValueError
        If `path` does not end in ``.svg``.
    TypeError
        If `target` is something else.
    FileNotFoundError
        If the directory does not exist.

    Examples
    --------
    >>> import tempfile
    >>> import graphc as gc
    >>> with gc.Graph().as_default() as graph, tempfile.TemporaryDirectory() as folder:
    ...     x = gc.placeholder(gc.float32, [None], name="x")
    ...     y = gc.exp(x)
    ...     print(draw(y, folder + "/exp.svg").name)
    exp.svg
    """
    path = Path(path).absolute()
    if path.suffix.lower() != ".svg":
        raise ValueError(f"pictures are SVG: the path must end in '.svg', not {path.suffix!r} ({path})")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"no directory {path.parent} to write {path.name} into")
    describe = plan_diagram if isinstance(target, Mapping) else diagram
    document = render(describe(target, title or path.stem))
    with tempfile.NamedTemporaryFile("w", dir=path.parent, suffix=".svg", delete=False, encoding="utf-8") as file:
        file.write(document)
    os.chmod(file.name, 0o644)
    os.replace(file.name, path)
    return path
