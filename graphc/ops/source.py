"""Irregular kernels as plain Python source, which Numba compiles and an exported program shows as it is."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass

from graphc.ir.dims import Dim
from graphc.ir.node import Node
from graphc.ir.types import TensorType


@dataclass(frozen=True)
class Source:
    """One irregular operation as a function over flat typed pointers and integer sizes.

    Every pointer is indexed like a one-dimensional array of the dense row-major elements (booleans are bytes); only
    operators and ``np`` scalar types are used (built-in functions such as ``min`` would be calls of functions that the
    object lacks), and nothing is allocated. The function returns 0, or
    1 when an operand's value is not allowed; the record's reference raises `IndexError` in exactly those cases, so that
    whoever sees a 1 evaluates the reference on the same operands to get the message.

    Attributes
    ----------
    parameters : tuple of str
        Names in the order of the arguments: a pointer for each operand, the result and each temporary, then sizes.
    dtypes : tuple of str
        Element types of the pointers.
    body : str
        Statements, not indented.
    sizes : tuple of Dim
        Values of the last parameters.
    scratch : tuple of (str, Dim)
        Element type and number of elements of each temporary.
    """

    parameters: tuple[str, ...]
    dtypes: tuple[str, ...]
    body: str
    sizes: tuple[Dim, ...]
    scratch: tuple[tuple[str, Dim], ...] = ()

    def function(self, name: str = "kernel") -> str:
        """Source of ``def name(pointers..., sizes...)``; its arguments may be one-dimensional arrays and integers."""
        return f"def {name}({', '.join(self.parameters)}):\n{textwrap.indent(self.body, '    ')}"

    def kernel(self, name: str) -> str:
        """Source of ``def name(args, begin, end)`` where `args` is the address of 64-bit words, one per parameter.

        It reads them with ``ptr_<dtype>(args, position)`` and ``word(args, position)``, as source kernels are given to
        the CPU back end.
        """
        lines = [
            f"{p} = ptr_{t}(args, {i})" for i, (p, t) in enumerate(zip(self.parameters, self.dtypes, strict=False))
        ]
        lines += [f"{p} = word(args, {i})" for i, p in enumerate(self.parameters) if i >= len(self.dtypes)]
        return f"def {name}(args, begin, end):\n" + textwrap.indent("\n".join(lines) + "\n" + self.body, "    ")


def source_of(
    node: Node, pointers: str, sizes: dict[str, Dim], body: str, scratch: dict[str, tuple[str, Dim]] | None = None
) -> Source:
    """A `Source` for a node.

    Parameters
    ----------
    node : Node
    pointers : str
        Names of operands and result, separated by spaces.
    sizes : dict of str to Dim
    body : str
        Statements, indented alike; ``return 0`` is added at the end.
    scratch : dict of str to (str, Dim), optional
        Temporaries by name.
    """
    types = [t for t in (*(n.type for n in node.inputs), node.type) if isinstance(t, TensorType)]
    temporaries = scratch or {}
    return Source(
        (*pointers.split(), *temporaries, *sizes),
        (*(t.dtype.name for t in types), *(t for t, _ in temporaries.values())),
        textwrap.dedent(body).strip("\n") + "\nreturn 0\n",
        tuple(sizes.values()),
        tuple(temporaries.values()),
    )


def pointee(dtype: str) -> str:
    """The scalar type of a pointer's elements, as source: booleans are bytes."""
    return "np.uint8" if dtype == "bool" else f"np.{dtype}"


def nested(text: str, levels: int) -> str:
    """Statements moved to the right by so many levels, to be placed in a body."""
    return textwrap.indent(textwrap.dedent(text).strip("\n"), "    " * levels)
