"""Operations that a library routine does: what the back end must know to call it."""

from __future__ import annotations

from dataclasses import dataclass

from graphc.ir.dims import Dim


@dataclass(frozen=True)
class Library:
    """One operation as calls of LAPACK and BLAS.

    Attributes
    ----------
    sizes : tuple of Dim
        The number of matrices, then the sizes that the operation's writer in `graphc.codegen.cpu.library` asks for.
    scratch : tuple of (str, Dim)
        Element type and number of elements of each temporary: workspaces are planned, nothing is allocated.
    flags : tuple of bool
        Variants of the operation, as its writer asks for them.
    """

    sizes: tuple[Dim, ...]
    scratch: tuple[tuple[str, Dim], ...] = ()
    flags: tuple[bool, ...] = ()
