"""Factorizations with orthogonal factors.

Operands are turned over into LAPACK's order first, and results turned back: O(n^2) beside O(n^3), and what comes out
has the signs that NumPy's functions give.
"""

from __future__ import annotations

from graphc.codegen.cpu.irvalue import Value
from graphc.codegen.cpu.library.writer import LibraryWriter


def qr(w: LibraryWriter) -> None:
    """Operands a, q, r, turned, reflections, work; sizes rows, columns, columns of q, work."""
    f = w.f
    rows, columns, inner, length = w.sizes[1:]
    a, q, r = w.matrix(0, w.mul(rows, columns)), w.matrix(1, w.mul(rows, inner)), w.matrix(2, w.mul(inner, columns))
    turned, reflections, work = w.pointers[3:]
    w.transpose(turned, a, rows, columns)
    step, size = w.ref(w.at_least_one(rows)), w.ref(length)
    m, n, k = w.ref(rows), w.ref(columns), w.ref(inner)
    w.fortran("geqrf", m, n, turned, step, reflections, work, size, letters=0)
    w.clear(r, w.mul(inner, columns))
    with f.loop(0, columns) as j, f.loop(0, w.add(j, 1)) as i:
        f.store(f.load(w.at(turned, j, i, rows), w.dtype), w.at(r, i, j, columns))
    w.fortran("orgqr", m, k, n, turned, step, reflections, work, size, letters=0)
    w.transpose(q, turned, inner, rows)


def eigh(w: LibraryWriter) -> None:
    """Operands a, values, vectors if asked for, turned, work, integers; sizes n, work, integers; flag vectors."""
    (vectors,) = w.flags
    n, length, integers = w.sizes[1:]
    a, values = w.matrix(0, w.mul(n, n)), w.matrix(1, n)
    turned, work, own = w.pointers[-3:]
    w.transpose(turned, a, n, n)
    info = w.fortran(
        "syevd", w.char("V" if vectors else "N"), w.char("L"), w.ref(n), turned, w.ref(w.at_least_one(n)), values,
        work, w.ref(length), own, w.ref(integers), letters=2,
    )  # fmt: skip
    w.fail_if(w.f.compare("ne", info, w.integer(0)))
    if vectors:
        w.transpose(w.matrix(2, w.mul(n, n)), turned, n, n)


def svd(w: LibraryWriter) -> None:
    """Operands a, u, values, v, turned, work, integers, u and v turned (or a, values, turned, work, integers).

    Sizes rows, columns, values, columns of u, rows of v, work; flags full, vectors.
    """
    full, vectors = w.flags
    rows, columns, few, left, right, length = w.sizes[1:]
    a, values = w.matrix(0, w.mul(rows, columns)), w.matrix(2 if vectors else 1, few)
    turned, work, integers = w.pointers[4:7] if vectors else w.pointers[2:5]
    their_u, their_v = w.pointers[7:9] if vectors else (work, work)
    w.transpose(turned, a, rows, columns)

    def decompose() -> list[Value]:
        step_v = w.ref(w.at_least_one(right))
        job, step = w.char(("A" if full else "S") if vectors else "N"), w.ref(w.at_least_one(rows))
        info = w.fortran(
            "gesdd", job, w.ref(rows), w.ref(columns), turned, step, values, their_u, step, their_v, step_v, work,
            w.ref(length), integers, letters=1,
        )  # fmt: skip
        w.fail_if(w.f.compare("ne", info, w.integer(0)))
        return []

    def nothing() -> list[Value]:
        """Without elements the full factors are identities."""
        for target, size in ((their_u, left), (their_v, right)) if full and vectors else ():
            w.clear(target, w.mul(size, size))
            with w.f.loop(0, size) as i:
                w.f.store(w.number_of(1.0), w.at(target, i, i, size))
        return []

    w.f.branch(w.f.compare("gt", few, w.integer(0)), decompose, nothing)
    if vectors:
        w.transpose(w.matrix(1, w.mul(rows, left)), their_u, left, rows)
        w.transpose(w.matrix(3, w.mul(right, columns)), their_v, columns, right)


WRITERS = {"qr": qr, "eigh": eigh, "svd": svd}
