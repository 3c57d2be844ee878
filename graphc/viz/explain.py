"""One page that shows a compiled function from the script's lines to its kernels, memory and times."""

from __future__ import annotations

import base64
import gzip
import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphc.session.function import Function
from graphc.session.profile import Profile
from graphc.viz.text import escape

if TYPE_CHECKING:
    from graphc.session.session import Plan

_PAGE = Path(__file__).parent / "page"


def explain(
    function: Function, path: str | os.PathLike[str], *types: Any, profile: Profile | None = None,
    title: str | None = None,
) -> Path:  # fmt: skip
    """Write a page that explains a function: a single HTML file that needs neither a server nor the network.

    It shows the lines of your script, the graph after every pass with each change by a rule, before and after, the
    kernels with their loops, LLVM and assembly and why they are not one, the memory of temporaries over time, and with
    a profile the times. Whatever you click lights up in all views. Keys: arrows go through the stages, ``/`` searches,
    ``+``, ``-`` and ``0`` zoom, Escape clears. The address holds what is selected.

    Parameters
    ----------
    function : Function
    path : path
        Ends in ``.html``.
    *types : numba.types.Array or ndarray
        One per input; only needed if the rank of an input is not known.
    profile : Profile, optional
        What ``function.profile(feeds)`` measured; its sizes are also those at which memory is shown.
    title : str, optional

    Returns
    -------
    pathlib.Path

    Raises
    ------
    ValueError
        If `path` does not end in ``.html``.
    GraphError
        If a rank is not known.

    Examples
    --------
    >>> import tempfile
    >>> import graphc as gc
    >>> with gc.Graph().as_default(), tempfile.TemporaryDirectory() as folder:
    ...     x = gc.placeholder(gc.float32, [None], name="x")
    ...     step = gc.function([x], gc.reduce_sum(gc.exp(x)))
    ...     print(gc.viz.explain(step, folder + "/step.html").name)
    step.html
    """
    from graphc.session.export import write_file
    from graphc.session.njit import ranks_of

    path = Path(path).absolute()
    if path.suffix.lower() != ".html":
        raise ValueError(f"the explanation is a page: the path must end in '.html', not {path.suffix!r} ({path})")
    text = page(function._plan, ranks_of(function.inputs, types), title or function.name or path.stem, profile)
    return write_file(text, path)


def page(plan: Plan, ranks: tuple[int, ...], title: str, profile: Profile | None = None) -> str:
    """The page of a plan for feeds of these ranks."""
    from graphc.viz.payload import payload

    return page_of(payload(plan, ranks, profile), title)


def page_of(data: dict[str, Any], title: str) -> str:
    """The page around some data."""
    packed = gzip.compress(json.dumps(data, separators=(",", ":")).encode(), 9, mtime=0)
    parts = {
        "@TITLE@": escape(title),
        "@CSS@": (_PAGE / "page.css").read_text(encoding="utf-8"),
        "@JS@": "".join((_PAGE / name).read_text(encoding="utf-8") for name in ("layout.js", "page.js")),
        "@PAYLOAD@": base64.b64encode(packed).decode(),
    }
    text = (_PAGE / "page.html").read_text(encoding="utf-8")
    # One scan: what a part holds is never searched for the names of others.
    return re.sub("@[A-Z]+@", lambda match: parts[match.group()], text)
