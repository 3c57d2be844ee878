"""Imports of other libraries' names, answered by this package: for one process, and only when asked to.

A finder in front of Python's own answers ``import tensorflow`` and ``import theano`` and everything below them, so that
an installed library of that name is not loaded. What has no counterpart raises `OutOfScope`.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType
from typing import Any

ROOTS = {"tensorflow": "graphc.compat.tf1", "theano": "graphc.compat.theano", "keras": "graphc.keras"}
"""Packages that are answered, and what answers them."""

# Modules inside of TensorFlow and Theano that scripts import, and the public modules that hold their names.
_TF_INNER: dict[str, tuple[str, ...]] = {
    "python.framework": ("",),
    "python.ops": ("", "nn"),
    "python.ops.nn": ("nn", ""),
    "python.ops.rnn": ("nn", ""),
    "python.ops.rnn_cell": ("nn.rnn_cell",),
    "python.ops.rnn_cell_impl": ("nn.rnn_cell",),
    "python.ops.losses": ("losses",),
    "python.ops.init_ops": ("initializers", ""),
    "python.ops.linalg_ops": ("linalg", ""),
    "python.layers": ("layers",),
    "python.training": ("train",),
    "python.platform": ("",),
    "python.platform.app": ("app",),
    "python.platform.flags": ("flags",),
    "python.platform.gfile": ("gfile",),
    "python.platform.tf_logging": ("logging",),
    "python.client": ("",),
    "python.summary": ("summary",),
    "contrib.layers.python": ("contrib.layers",),
    "contrib.rnn.python": ("contrib.rnn",),
    "contrib.framework.python": ("contrib.framework",),
}
_THEANO_INNER: dict[str, tuple[str, ...]] = {
    "tensor.shared_randomstreams": ("sandbox.rng_mrg",),
    "tensor.raw_random": ("tensor",),
    "tensor.basic": ("tensor",),
    "tensor.signal.downsample": ("tensor.signal.pool",),
    "tensor.nnet.conv": ("tensor.nnet",),
    "tensor.nnet.nnet": ("tensor.nnet",),
    "compile.sharedvalue": ("",),
}
_INNER = {"tensorflow": _TF_INNER, "theano": _THEANO_INNER}


class OutOfScope(ModuleNotFoundError):
    """A module that nothing here stands for."""


class Alias(ModuleType):
    """A module under another library's name: its attributes are those of one or more modules of this package."""

    def __init__(self, name: str, targets: Sequence[Any]) -> None:
        super().__init__(name, getattr(targets[0], "__doc__", None))
        self.__dict__["_targets"] = tuple(targets)

    def __getattr__(self, name: str) -> Any:
        if name in ("__path__", "__file__", "__wrapped__"):
            raise AttributeError(name)
        if name == "__all__":
            return [each for each in dir(self) if not each.startswith("_") and self._has(each)]
        failures: list[Exception] = []
        for target in self._targets:
            try:
                return getattr(target, name)
            except (AttributeError, NotImplementedError) as failure:
                failures.append(failure)
        # What is out of scope says more than what is unknown.
        raise next((f for f in failures if isinstance(f, NotImplementedError)), failures[0])

    def __dir__(self) -> list[str]:
        return sorted({name for target in self._targets for name in dir(target)})

    def _has(self, name: str) -> bool:
        try:
            getattr(self, name)
        except (AttributeError, NotImplementedError):
            return False
        return True


class Finder:
    """Answers imports of `ROOTS` and of all modules below them (an import system "meta path finder" and "loader")."""

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """The specification of a module that is answered here, or None."""
        if fullname.partition(".")[0] not in ROOTS:
            return None
        resolve(fullname)  # what is out of scope is refused before anything is loaded
        return ModuleSpec(fullname, self, is_package=True)  # type: ignore[arg-type]

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """The module itself."""
        return Alias(spec.name, resolve(spec.name))

    def exec_module(self, module: ModuleType) -> None:
        """Nothing is left to run."""


def resolve(fullname: str) -> list[Any]:
    """The modules of this package that stand for a module of another library.

    Parameters
    ----------
    fullname : str
        Such as ``"tensorflow.contrib.layers"``.

    Raises
    ------
    OutOfScope
        If there are none.

    Examples
    --------
    >>> [module.__name__ for module in resolve("tensorflow.contrib.layers")]
    ['graphc.compat.tf1.contrib.layers']
    """
    root, _, inner = fullname.partition(".")
    base = ROOTS[root]
    if find_spec(base) is None:
        raise OutOfScope(f"{fullname}: this version of graphc has no {base}", name=fullname)
    found, reason = [], ": there is no module for it"
    for name in (*_inner(root, inner), inner):
        try:
            found.append(_walk(fullname, base, name))
        except NotImplementedError as failure:
            reason = f": {failure}"
        except AttributeError:
            continue
    if not found:
        raise OutOfScope(f"{fullname} is out of graphc's scope{reason}", name=fullname)
    return found


def _inner(root: str, inner: str) -> tuple[str, ...]:
    """The public modules that hold the names of an inner one: by the longest path that the table has."""
    table = _INNER.get(root, {})
    while inner and inner not in table:
        inner = inner.rpartition(".")[0]
    return table.get(inner, ())


def _walk(fullname: str, base: str, inner: str) -> Any:
    """The module or class at a path below a module."""
    at: Any = import_module(base)
    for part in filter(None, inner.split(".")):
        try:
            at = getattr(at, part)
        except AttributeError:
            name = f"{getattr(at, '__name__', fullname)}.{part}"
            if not hasattr(at, "__path__") or find_spec(name) is None:
                raise
            at = import_module(name)
    return at


def install() -> Finder:
    """Answer imports from now on, in this process.

    Returns
    -------
    Finder
        For `remove`.
    """
    finder = Finder()
    sys.meta_path.insert(0, finder)  # type: ignore[arg-type]
    return finder


def remove(finder: Finder) -> None:
    """Answer them no longer, and forget what was imported."""
    sys.meta_path.remove(finder)  # type: ignore[arg-type]
    for name in [name for name, module in sys.modules.items() if isinstance(module, Alias)]:
        del sys.modules[name]
