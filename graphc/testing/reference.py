"""``python -m graphc.testing.reference docs/reference.md``: the reference page, from docstrings and op records."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import graphc as gc
from graphc.ops.record import REGISTRY, OpRecord

HEAD = """# Reference

Every public function and class with its first line; `help(gc.NAME)` has parameters, errors and examples. Written by
`python -m graphc.testing.reference docs/reference.md` from the docstrings and records themselves.

Wherever a tensor is wanted, numbers, lists and NumPy arrays will do.
"""

RECORDS = """
## Primitives

What the functions above are made of: one record each, under `graphc.ops`. *Types* are the kinds accepted (b boolean, i
signed, u unsigned, f floating). *Gradient*: whether there is a rule; where an operand is not differentiable, its own
gradient is None. *ulp*: the bound of the error of one element, in float32 and float64, in units in the last place.
"""


def reference() -> str:
    """Return the whole page."""
    parts = [HEAD]
    for prefix, module in (
        ("gc", gc),
        ("gc.nn", gc.nn),
        ("gc.linalg", gc.linalg),
        ("gc.train", gc.train),
        ("gc.losses", gc.losses),
        ("gc.metrics", gc.metrics),
        ("gc.checkpoint", gc.checkpoint),
        ("gc.summary", gc.summary),
        ("gc.viz", gc.viz),
        ("gc.data", gc.data),
    ):
        parts += _library(prefix, module)
    parts.append(RECORDS)
    for kind in dict.fromkeys(record.kind for record in REGISTRY.values()):
        parts += _primitives(kind, [r for r in REGISTRY.values() if r.kind == kind])
    return "\n".join(parts) + "\n"


def _library(prefix: str, module: ModuleType) -> Iterator[str]:
    yield f"\n## {prefix}"
    groups: dict[str, list[tuple[str, Any]]] = {}
    for name in sorted(_public(module)):
        value = getattr(module, name)
        groups.setdefault(inspect.getmodule(value).__name__, []).append((name, value))  # type: ignore[union-attr]
    for source in sorted(groups):
        yield f"\n### {_summary(sys.modules[source]).rstrip('.')}\n\n| | |\n|---|---|"
        for name, value in groups[source]:
            yield f"| `{prefix}.{name}{_signature(value)}` | {_cell(_summary(value))} |"
            if inspect.isclass(value):
                for method, function in _methods(value):
                    yield f"| `.{method}{_signature(function, bound=True)}` | {_cell(_summary(function))} |"


def _public(module: ModuleType) -> Iterator[str]:
    for name in getattr(module, "__all__", vars(module)):
        value = getattr(module, name)
        if not name.startswith("_") and callable(value) and getattr(value, "__module__", "").startswith("graphc."):
            yield name


def _methods(owner: type) -> Iterator[tuple[str, Callable[..., Any]]]:
    for name, value in vars(owner).items():
        if not name.startswith("_") and inspect.isfunction(value):
            yield name, value


def _signature(value: Any, bound: bool = False) -> str:
    if inspect.isclass(value) and issubclass(value, Exception):
        return ""
    parameters = list(inspect.signature(value).parameters.values())[1 if bound else 0 :]
    if hasattr(value, "body") and "name" not in (p.name for p in parameters):
        name = inspect.Parameter("name", inspect.Parameter.KEYWORD_ONLY, default=None)
        parameters.append(name)
    bare = [p.replace(annotation=inspect.Parameter.empty) for p in parameters]
    return str(inspect.Signature(bare))


def _summary(value: Any) -> str:
    paragraph = (inspect.getdoc(value) or "").split("\n\n")[0]
    return " ".join(paragraph.split())


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _primitives(kind: str, records: list[OpRecord]) -> Iterator[str]:
    yield f"\n### {kind}\n\n| name | value | formula | types | gradient | ulp |\n|---|---|---|---|---|---|"
    for record in sorted(records, key=lambda r: r.name):
        formula = f"`{_cell(record.formula)}`" if record.formula else ""
        gradient = "yes" if record.vjp else ""
        ulp = "{}, {}".format(*record.ulp) if kind == "elementwise" and "f" in record.dtypes else ""
        yield f"| `{record.name}` | {_cell(record.doc)} | {formula} | {record.dtypes} | {gradient} | {ulp} |"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(reference())
