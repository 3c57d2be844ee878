"""What `Config(disable=...)` may name."""

from __future__ import annotations

from collections.abc import Sequence

from graphc.graph.errors import GraphError
from graphc.graph.origin import user_origin
from graphc.passes.pipeline import PASSES, REQUIRED
from graphc.schedule.switches import SWITCHES


def check_switches(disable: Sequence[str], extra: Sequence[str] = ()) -> None:
    """Refuse names that belong to no optimisation.

    Parameters
    ----------
    disable : sequence of str
    extra : sequence of str
        Names of the user's own passes.

    Raises
    ------
    GraphError
        With all names there are, or because a pass cannot be left out.

    Examples
    --------
    >>> check_switches(("fusion", "simplify"))
    """
    if isinstance(disable, str):
        raise GraphError(f"disable is a tuple of names: write disable=({disable!r},)", user_origin())
    passes = [item.name for item in PASSES]
    for name in disable:
        if name in REQUIRED:
            raise GraphError(f"the pass {name!r} cannot be switched off: programs do not run without it", user_origin())
        if name not in SWITCHES and name not in passes and name not in extra:
            known = [n for n in (*passes, *extra) if n not in REQUIRED]
            raise GraphError(
                f"no optimisation {name!r}: the passes are {', '.join(known)}; the back end's switches are "
                f"{', '.join(SWITCHES)}",
                user_origin(),
            )
