"""A stand-in for Matplotlib where it is not installed: scripts go on, and are told what they would have drawn."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

import numpy as np

ROOTS = ("matplotlib", "mpl_toolkits", "pylab", "seaborn")
_drawn: Counter[str] = Counter()
_SILENT = {"figure", "subplots", "subplot", "close", "pause", "ion", "ioff", "draw", "clf", "cla", "use", "show"}


class Drawing:
    """Anything of Matplotlib: may be called, indexed, and asked for any attribute; all of it draws nothing."""

    def __init__(self, name: str) -> None:
        self.__dict__["_name"] = name

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Drawing(name)

    def __setattr__(self, name: str, value: Any) -> None:
        return None

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return called(self._name, *args, **kwargs)

    def __getitem__(self, key: Any) -> Drawing:
        return Drawing(self._name)

    def __setitem__(self, key: Any, value: Any) -> None:
        return None

    def __iter__(self) -> Iterator[Any]:
        return iter(())

    def __len__(self) -> int:
        return 0

    def __enter__(self) -> Drawing:
        return self

    def __exit__(self, *details: Any) -> None:
        return None


def called(name: str, *args: Any, **kwargs: Any) -> Any:
    """Note a call, and return what has the form of its result."""
    if name == "show":
        tell()
        return None
    if name not in _SILENT:
        text = next((a for a in args if isinstance(a, str) and len(a) > 2), None)
        _drawn[f"{name} {text!r}" if text and ("title" in name or "label" in name) else name] += 1
    if name == "subplots":
        rows, columns = [*args, *(kwargs.get(k, 1) for k in ("nrows", "ncols")[len(args) :])][:2]
        axes = np.empty((rows, columns), dtype=object)
        axes.fill(Drawing("axes"))
        return Drawing("figure"), axes.squeeze()[()]
    if name in ("plot", "semilogy", "semilogx", "loglog", "fill"):
        return [Drawing("line")]
    if name == "hist":
        return np.zeros(10), np.zeros(11), Drawing("patches")
    return Drawing(name)


def tell() -> None:
    """Say what the current figure would have held, and start a new one."""
    what = ", ".join(f"{name} x{count}" if count > 1 else name for name, count in _drawn.items())
    _drawn.clear()
    print(f"graphc: matplotlib is not installed; not drawn: {what or 'an empty figure'}", file=sys.stderr)


class StubModule(ModuleType):
    """A module of Matplotlib."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Drawing(name)


class StubFinder:
    """Answers imports of Matplotlib and all modules below it (a "meta path finder" and "loader")."""

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """The specification of a module that is answered here, or None."""
        answered = fullname.partition(".")[0] in ROOTS
        return ModuleSpec(fullname, self, is_package=True) if answered else None  # type: ignore[arg-type]

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """The module itself."""
        return StubModule(spec.name, "A stand-in that draws nothing.")

    def exec_module(self, module: ModuleType) -> None:
        """Nothing is left to run."""
