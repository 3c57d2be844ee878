"""The choices of a session."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from graphc.graph.errors import GraphError
from graphc.graph.origin import user_origin
from graphc.session.device import default_device, device_name
from graphc.session.launch import LAUNCH

if TYPE_CHECKING:
    from graphc.passes.kind import Pass

MODES = ("compile", "interpret")


@dataclass(frozen=True)
class Config:
    """Choices of a session.

    Attributes
    ----------
    mode : str
        ``"compile"``: native code. ``"interpret"``: NumPy, nothing is compiled.
    disable : tuple of str
        Names of optimisations to leave out: passes, and switches in `graphc.schedule.switches.SWITCHES`.
    threads : int
        Native threads; 0 means all cores.
    strict_denormals : bool
        Keep denormal numbers instead of flushing them to zero.
    cache : bool
        Whether compiled code is kept on disk.
    extra_passes : tuple of (str, Pass)
        Passes of your own, each after the named one; programs with such are not kept on disk.
    poison : bool
        Fill working memory with NaN before every run, to show reads of what was never written.
    nan_guard : bool
        After every run, look for NaN in what was fetched and written. If there is one, written variables are set
        back (they are copied before every run) and an error names the first operation that made a NaN, and its line.
    device : str
        ``"cpu"``; ``"cuda"`` (or ``"cuda:1"``, ``"/gpu:1"``): a GPU; ``"cuda:emulated"``: CUDA kernels, whose PTX NumPy
        executes; slow, for tests. By default that of `device`, else the CPU.
    """

    mode: str = field(default_factory=lambda: LAUNCH.mode)
    disable: tuple[str, ...] = ()
    threads: int = 0
    strict_denormals: bool = False
    cache: bool = True
    poison: bool = False
    extra_passes: tuple[tuple[str, Pass], ...] = ()
    nan_guard: bool = False
    device: str = field(default_factory=default_device)

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            raise GraphError(f"mode {self.mode!r} is neither 'compile' nor 'interpret'", user_origin())
        object.__setattr__(self, "device", device_name(self.device))
        if self.disable:
            from graphc.session.switches import check_switches

            check_switches(self.disable, [item.name for _, item in self.extra_passes])


def chosen_config(config: Config | None, mode: str | None, device: str | None) -> Config:
    """The choices that a session is given: all at once, or only some of them.

    Raises
    ------
    GraphError
        If there is no such mode or device.
    """
    found = config or Config(mode=mode or LAUNCH.mode)
    return found if device is None else replace(found, device=device)
