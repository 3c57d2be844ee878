"""Pictures and data of graphs as files, by the ending of the file's name."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from graphc.graph.graph import Graph
from graphc.session.export import write_file
from graphc.session.function import Function
from graphc.viz.describe import describe
from graphc.viz.diagram import Diagram
from graphc.viz.formats import to_dot, to_graphml, to_json, to_mermaid
from graphc.viz.svg import render

_TEXTS: Mapping[str, Callable[[Diagram], str]] = {
    ".dot": to_dot, ".gv": to_dot, ".json": to_json, ".graphml": to_graphml, ".mmd": to_mermaid, ".mermaid": to_mermaid,
}  # fmt: skip
FORMATS = (*_TEXTS, ".svg", ".png", ".html", ".tfevents")


def export(target: Any, path: str | os.PathLike[str], title: str | None = None) -> Path:
    """Write a graph, function, program or compiled step to a file.

    Boxes are operations, with the type and shape of each result on the edges; in SVG, rest the pointer on one to see
    its whole name and the line of your script that made it. In pictures of more than 60 operations the largest name
    scopes are folded into one box each; the formats for other programs have every operation.

    Parameters
    ----------
    target : Graph, Tensor, Operation, Variable, or sequence of the last three; Function; Program; or a report
        A whole graph, or the part of it that these need. For the ``report()`` of a compiled function or session, the
        kernel calls of the native step and what flows between them.
    path : path
        Its ending says what is written: ``.svg``; ``.html``, one page in
        which name scopes open and fold; ``.png`` (with the extra ``graphc[viz]``); ``.dot`` or ``.gv``
        (Graphviz); ``.graphml`` (networkx, graph editors); ``.mmd`` or ``.mermaid``; ``.json``; ``.tfevents``, of which
        TensorBoard shows the graph. An existing file is replaced once the new one is complete.
    title : str, optional
        Headline; the file's name if not given.

    Returns
    -------
    pathlib.Path
        The absolute path of the file.

    Raises
    ------
    ValueError
        If the ending is none of these, or what is drawn has no such form.
    TypeError
        If `target` is something else.
    FileNotFoundError
        If the directory does not exist.
    ImportError
        If the package that makes PNG files is missing.

    Examples
    --------
    >>> import tempfile
    >>> import graphc as gc
    >>> with gc.Graph().as_default() as graph, tempfile.TemporaryDirectory() as folder:
    ...     x = gc.placeholder(gc.float32, [None], name="x")
    ...     y = gc.exp(x, name="y")
    ...     print(gc.viz.export(y, folder + "/exp.mmd").read_text().splitlines()[3])
      n0 -->|"float32 #91;#63;#93;"| n1
    """
    path = Path(path).absolute()
    suffix = path.suffix.lower()
    if suffix not in FORMATS:
        raise ValueError(f"the path must end in one of {', '.join(FORMATS)}, not {path.suffix!r} ({path})")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"no directory {path.parent} to write {path.name} into")
    return write_file(_content(target, suffix, title or path.stem), path)


def as_svg(target: Any, title: str) -> str:
    """The picture as an SVG document."""
    return render(describe(target, title))


def _content(target: Any, suffix: str, title: str) -> bytes:
    if suffix == ".tfevents":
        return _event_file(target)
    if suffix == ".svg":
        return as_svg(target, title).encode()
    if suffix == ".html":
        from graphc.viz.explain import page_of
        from graphc.viz.page_data import page_data

        return page_of(page_data(describe(target, title, folded=False)), title).encode()
    if suffix == ".png":
        return _png(as_svg(target, title))
    return _TEXTS[suffix](describe(target, title, folded=False)).encode()


def _png(document: str) -> bytes:
    try:
        from resvg_py import svg_to_bytes
    except ImportError:
        raise ImportError("PNG files are made by resvg: install graphc[viz], or write .svg") from None
    return bytes(svg_to_bytes(svg_string=document))


def _event_file(target: Any) -> bytes:
    """A file that TensorBoard's reader takes: the version, then the graph."""
    from graphc.summary.graphdef import encode_graph
    from graphc.summary.wire import block, double, record

    graph = target.session.graph if isinstance(target, Function) else target
    if not isinstance(graph, Graph):
        raise ValueError(f"an event file holds a whole graph, not {type(target).__name__}")
    now = double(1, time.time())
    return bytes(record(now + block(3, "brain.Event:2")) + record(now + block(4, encode_graph(graph))))
