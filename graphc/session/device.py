"""Names of devices, and the one that sessions get which are not given any."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from graphc.graph.errors import GraphError
from graphc.graph.origin import user_origin

EMULATED = "cuda:emulated"
_DEFAULT: ContextVar[str] = ContextVar("device", default="cpu")


def default_device() -> str:
    """The device of sessions that are not given one."""
    return _DEFAULT.get()


def device_name(name: str) -> str:
    """The one spelling of a device: ``"cpu"``, ``"cuda:0"`` or ``"cuda:emulated"``.

    Raises
    ------
    GraphError
        If there is no such device, or this machine has no driver for it.

    Examples
    --------
    >>> device_name("/cpu:0"), device_name("cuda:emulated")
    ('cpu', 'cuda:emulated')
    """
    if name == EMULATED:
        return name
    match = re.fullmatch(r"(?:/device:|/)?(cpu|gpu|cuda)(?::(\d+))?", name.lower())
    if match is None:
        raise GraphError(f"device {name!r} is none of 'cpu', 'cuda', 'cuda:1', '/gpu:0', {EMULATED!r}", user_origin())
    if match[1] == "cpu":
        return "cpu"
    from graphc.runtime.cuda.libcuda import DriverMissing, load_library

    try:
        load_library()
    except DriverMissing as error:
        raise GraphError(
            f"device {name!r} cannot be used: {error}; device={EMULATED!r} runs the same kernels without a GPU, slowly",
            user_origin(),
        ) from None
    return f"cuda:{match[2] or 0}"


@contextmanager
def device(name: str) -> Iterator[None]:
    """Choose the device of sessions and functions that are made inside and not given one.

    A step runs on one device as a whole, so it does not matter where the graph is built.

    Parameters
    ----------
    name : str
        As in `Config`: ``"cpu"``, ``"cuda"``, ``"/gpu:0"``, ``"cuda:emulated"``.

    Raises
    ------
    GraphError
        If there is no such device.

    Examples
    --------
    >>> import graphc as gc
    >>> with gc.device("cuda:emulated"):
    ...     gc.Config().device
    'cuda:emulated'
    """
    token = _DEFAULT.set(device_name(name))
    try:
        yield
    finally:
        _DEFAULT.reset(token)
