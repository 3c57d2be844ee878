"""One kernel for nests that differ only in the length of their one loop.

An optimizer updates many variables in the same way: flattened, its nests are equal up to the number of elements. They
share one kernel that reads the number at run time, so that code does not grow with the number of variables.
"""

from __future__ import annotations

from collections.abc import Iterable

from graphc.ir.dims import Dim
from graphc.loops.flat import open_form
from graphc.loops.spec import KernelSpec, Nest


def shared_forms(specs: Iterable[KernelSpec]) -> dict[KernelSpec, tuple[Nest, Dim]]:
    """Nests that become one kernel, each with its form of open length and its length.

    Only forms in which at least two different nests meet are listed.
    """
    forms: dict[Nest, dict[KernelSpec, Dim]] = {}
    for spec in dict.fromkeys(specs):
        found = open_form(spec) if isinstance(spec, Nest) else None
        if found is not None:
            forms.setdefault(found[0], {})[spec] = found[1]
    return {spec: (form, size) for form, of in forms.items() if len(of) > 1 for spec, size in of.items()}
