"""Tables of names: how a line of a table becomes a function with another surface's arguments.

A line reads ``name = native Operation parameters``. `native` is a path below `graphc`, or, with a leading dot, below
this package; `Operation` is the name of an operation that is given none (``-``: the native one); parameters stand in
the order of the surface, ``theirs:ours`` where the native name differs, ``theirs:`` where the value is not used. A line
without parameters takes the native object as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from types import ModuleType
from typing import Any

from graphc.compat.tf1._gradients import overridden
from graphc.compat.tf1._graph import follow_conventions

PACKAGE = "graphc.compat.tf1"


class Entry:
    """One line of a table.

    Attributes
    ----------
    name, native : str
    operation : str or None
        Default name of the operation.
    parameters : list of (str, str)
        Names of the surface, in its order, and native ones; an empty native name: not used.
    """

    __slots__ = ("name", "native", "operation", "parameters")

    def __init__(self, line: str) -> None:
        left, _, right = line.partition("=")
        native, *rest = right.split()
        self.name, self.native = left.strip(), native
        self.operation = None if not rest or rest[0] == "-" else rest[0]
        pairs = (p.partition(":") for p in rest[1:])
        self.parameters = [(theirs, ours if colon else theirs) for theirs, colon, ours in pairs]

    @property
    def path(self) -> str:
        """Full path of the native object."""
        return PACKAGE + self.native if self.native.startswith(".") else f"graphc.{self.native}"


def parse(table: str) -> dict[str, Entry]:
    """The entries of a table, by name."""
    lines = table.replace("\n    ", " ").splitlines()
    entries = (Entry(line) for line in lines if line.strip())
    return {entry.name: entry for entry in entries}


def lookup(path: str) -> Any:
    """The object at a dotted path, importing modules on the way.

    Raises
    ------
    AttributeError
        If there is none.
    """
    found: Any = import_module("graphc")
    at = "graphc"
    for part in path.split(".")[1:]:
        at = f"{at}.{part}"
        if not hasattr(found, part):
            try:
                import_module(at)
            except ModuleNotFoundError:
                raise AttributeError(f"graphc has no {path}") from None
        found = getattr(found, part)
    return found


def bind(entry: Entry, public: str) -> Any:
    """The native object of an entry, as a function with the surface's parameters where the entry lists them."""
    native = lookup(entry.path)
    if not entry.parameters:
        return native if entry.native.startswith(".") else adapted(native)
    order = [theirs for theirs, _ in entry.parameters]
    targets = dict(entry.parameters)

    def call(*args: Any, **kwargs: Any) -> Any:
        follow_conventions()
        given: dict[str, Any] = {}
        if len(args) > len(order):
            raise TypeError(f"{public} takes at most {len(order)} arguments ({', '.join(order)}), not {len(args)}")
        for theirs, value in [*zip(order, args, strict=False), *kwargs.items()]:
            if theirs not in targets:
                raise TypeError(f"{public} has no argument {theirs!r}{close(theirs, order)}; it has {', '.join(order)}")
            ours = targets[theirs]
            if not ours or (value is None and theirs != ours):
                continue
            if given.get(ours) is not None:
                if value is None:
                    continue
                raise TypeError(f"{public}: {theirs!r} says what another argument has said")
            given[ours] = value
        if entry.operation is not None and given.get("name") is None:
            given["name"] = entry.operation
        return overridden(entry.operation, native(**given))

    call.__name__ = call.__qualname__ = entry.name
    call.__doc__ = f"`{entry.path}` with the arguments {', '.join(order)}.\n\n{native.__doc__ or ''}"
    return call


def close(name: str, names: Any) -> str:
    """What may have been meant."""
    import difflib

    found = difflib.get_close_matches(name, list(names), 3)
    return f": did you mean {', '.join(found)}?" if found else ""


# Keywords of functions that are taken over under their own name, where the native function has another one.
_RENAMED = {
    "keep_dims": "keepdims", "reduction_indices": "axis", "dim": "axis", "dimension": "axis", "input": "x",
    "tensor": "x", "a": "x", "input_tensor": "x", "num_units": "units", "squeeze_dims": "axis",
}  # fmt: skip
_IGNORED = frozenset({
    "use_locking", "validate_indices", "colocate_gradients_with_ops", "gate_gradients", "aggregation_method",
    "use_cudnn_on_gpu", "parallel_iterations", "swap_memory", "back_prop", "fused", "use_resource", "caching_device",
    "partitioner", "synchronization", "aggregation", "outputs_collections", "variables_collections",
})  # fmt: skip


def adapted(native: Callable[..., Any]) -> Callable[..., Any]:
    """A native function that also takes old keywords; classes and other objects are taken as they are."""
    if isinstance(native, type) or not callable(native):
        return native
    import inspect

    body = getattr(native, "body", native)
    try:
        parameters = inspect.signature(body).parameters
    except (TypeError, ValueError):
        return native
    if any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
        return native

    def call(*args: Any, **kwargs: Any) -> Any:
        follow_conventions()
        found = {}
        for key, value in kwargs.items():
            if key in parameters or key == "name":
                found[key] = value
            elif _RENAMED.get(key) in parameters:
                found[_RENAMED[key]] = value
            elif key not in _IGNORED:
                found[key] = value
        return native(*args, **found)

    call.__name__, call.__doc__ = getattr(native, "__name__", "call"), native.__doc__
    return call


def namespace(label: str, table: str, natives: tuple[str, ...], missing: dict[str, str]) -> Callable[[str], Any]:
    """The ``__getattr__`` of a module of the surface.

    Parameters
    ----------
    label : str
        What users call it, such as ``"tf.nn"``.
    table : str
    natives : tuple of str
        Native modules whose names are taken over where the table has none.
    missing : dict of str to str
        Names that are out of scope, and what to use instead.
    """
    entries = parse(table)

    def find(name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if name in entries:
            try:
                return bind(entries[name], f"{label}.{name}")
            except AttributeError:
                raise NotImplementedError(f"{label}.{name} is not there yet in graphc ({entries[name].path})") from None
        if name in missing:
            raise NotImplementedError(f"{label}.{name} is out of graphc's scope: {missing[name]}")
        for module in natives:
            try:
                native = lookup(f"{module}.{name}")
            except AttributeError:
                continue
            if not isinstance(native, ModuleType):  # gc.ops is no tf.ops
                return adapted(native)
        raise AttributeError(
            f"graphc.compat.tf1 has no {label}.{name}{close(name, [*entries, *missing])}. "
            "docs/tf1.md lists what there is"
        )

    find.entries = entries  # type: ignore[attr-defined]
    find.missing = missing  # type: ignore[attr-defined]
    return find
