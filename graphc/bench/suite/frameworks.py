"""What can be measured, and how a process gets it."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from typing import Any


@dataclass(frozen=True)
class Framework:
    """One way to run the workloads.

    Attributes
    ----------
    name : str
    needs : tuple of str
        Modules that must be there.
    models : str
        ``module:class`` with the workloads, below `graphc.bench.suite.models`; empty for graphc itself.
    options : dict
        For that class.
    script_suffix : str
        A user's script has the peer under the name of its builder and this.
    caches : dict of str to str
        Environment variables that say where it keeps compiled code, with ``{}`` for the directory.
    """

    name: str
    needs: tuple[str, ...]
    models: str = ""
    options: dict[str, Any] = field(default_factory=dict)
    script_suffix: str = ""
    caches: dict[str, str] = field(default_factory=dict)

    @property
    def ours(self) -> bool:
        """Whether graphc runs it."""
        return not self.models

    def missing(self) -> list[str]:
        """Modules that this process does not find."""
        return [name for name in self.needs if find_spec(name) is None]

    def builders(self) -> Any:
        """An object with a method for each workload."""
        module, _, name = self.models.partition(":")
        return getattr(import_module(f"graphc.bench.suite.models.{module}"), name)(**self.options)


_TORCH = {"TORCHINDUCTOR_CACHE_DIR": "{}"}

FRAMEWORKS = {
    f.name: f
    for f in (
        Framework("graphc", (), caches={"GRAPHC_CACHE_DIR": "{}"}),
        Framework("interpreter", (), caches={"GRAPHC_CACHE_DIR": "{}"}),
        Framework("numpy", ("numpy",), "with_numpy:Numpy", script_suffix="_numpy"),
        Framework("jax", ("jax",), "with_jax:Jax", script_suffix="_jax"),
        Framework("torch", ("torch",), "with_torch:Torch", script_suffix="_torch"),
        Framework("torch.compile", ("torch",), "with_torch:Torch", {"compiled": True}, "_torch_compile", _TORCH),
        Framework("tensorflow", ("tensorflow",), "with_tensorflow:Tensorflow", script_suffix="_tensorflow"),
        Framework("xla", ("tensorflow",), "with_tensorflow:Tensorflow", {"xla": True}, "_xla"),
        Framework(
            "pytensor", ("pytensor",), "with_pytensor:Pytensor", {}, "_pytensor",
            {"PYTENSOR_FLAGS": "base_compiledir={}", "NUMBA_CACHE_DIR": "{}"},
        ),
        Framework("onnxruntime", ("onnxruntime", "onnx"), "with_onnxruntime:Onnxruntime", script_suffix="_onnxruntime"),
    )
}  # fmt: skip

FAMILIES = {"torch": ("torch", "torch.compile"), "tensorflow": ("tensorflow", "xla")}
"""What a library's name stands for in ``--against``."""


def chosen(names: str) -> list[Framework]:
    """The frameworks of a list of names with commas.

    Raises
    ------
    ValueError
        For a name that is none, with those that there are.

    Examples
    --------
    >>> [framework.name for framework in chosen("jax,torch")]
    ['jax', 'torch', 'torch.compile']
    """
    found: dict[str, Framework] = {}
    for name in filter(None, (part.strip() for part in names.split(","))):
        for each in FAMILIES.get(name, (name,)):
            if each not in FRAMEWORKS or each == "graphc":
                known = ", ".join(n for n in FRAMEWORKS if n != "graphc")
                raise ValueError(f"there is no peer {name!r}: choose from {known}")
            found[each] = FRAMEWORKS[each]
    return list(found.values())
