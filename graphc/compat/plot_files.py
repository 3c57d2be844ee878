"""A Matplotlib backend without a display: what would be shown is saved as PNG files in the working directory.

Used as ``MPLBACKEND=module://graphc.compat.plot_files``.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any


def show(*, block: bool | None = None) -> None:
    """Save all figures and close them, as if their windows had been shown and closed.

    With ``block=False``, or in interactive mode, figures stay open to be drawn on, and are saved by `finish`.
    """
    import matplotlib

    figures = _figures()
    if block is False or (block is None and matplotlib.is_interactive()):
        _waiting.update(figures.figs)
        return
    for number in list(figures.figs):
        _save(number)


def finish() -> None:
    """Save the figures that were shown without waiting and are still open."""
    for number in sorted(_waiting & set(_figures().figs)):
        _save(number)


_waiting: set[int] = set()
_saved: list[Path] = []


def _figures() -> Any:
    from matplotlib.backend_bases import Gcf

    return Gcf


def _save(number: int) -> None:
    script = Path(sys.argv[0]).stem or "figure"
    path = Path(f"{script}-figure-{len(_saved) + 1}.png")
    _saved.append(path)
    figures = _figures()
    figures.figs[number].canvas.figure.savefig(path)
    figures.destroy(number)
    print(f"graphc: figure saved as {path}", file=sys.stderr)


def _classes() -> dict[str, type]:
    """The classes that Matplotlib asks a backend for."""
    from matplotlib.backend_bases import FigureManagerBase
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    class FigureManager(FigureManagerBase):  # type: ignore[misc]
        """A figure that has no window."""

        def show(self) -> None:
            _waiting.add(int(self.num))

        @classmethod
        def pyplot_show(cls, *, block: bool | None = None) -> None:
            show(block=block)

    class FigureCanvas(FigureCanvasAgg):  # type: ignore[misc]
        """Pixels in memory; nobody is there to click, so nothing waits for events."""

        manager_class = FigureManager

        def start_event_loop(self, timeout: float = 0) -> None:
            return None

    return {"FigureManager": FigureManager, "FigureCanvas": FigureCanvas}


# Matplotlib reads the names of a backend from its module's dictionary; without Matplotlib nobody does.
if find_spec("matplotlib") is not None:
    globals().update(_classes())
