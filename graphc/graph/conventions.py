"""What differs between front ends that build graphs: default names, and which operands meet without a cast."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Conventions:
    """How operations are named and checked in a graph.

    Attributes
    ----------
    names : mapping of str to str
        The name of an operation that is given none, by its type; the type itself where it is not listed.
    equal_types : frozenset of str
        Types of operations whose operands must be of one element type; elsewhere they are promoted.
    explicit_initialization : bool
        Variables are not initialised on first use.
    functional : bool
        Shapes are integer tensors, also where sizes are unknown, and values can be asked for without a session: they
        are those in the store that functions share.
    """

    names: Mapping[str, str] = field(default_factory=dict)
    equal_types: frozenset[str] = frozenset()
    explicit_initialization: bool = False
    functional: bool = False


NATIVE = Conventions()
