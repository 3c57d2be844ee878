"""Passes inside of branches and loops: what is done to a program is done to the bodies that its nodes hold as well."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from graphc.ir.program import Program
from graphc.ops.builder import Builder
from graphc.ops.control import with_changed_bodies
from graphc.passes.kind import Apply


def inside(apply: Apply, outer_first: bool = False) -> Apply:
    """The pass, applied to the innermost bodies first and to the program itself last, or the other way round."""

    def everywhere(program: Program, builder: Builder) -> tuple[Program, Mapping[str, int]]:
        counts: Counter[str] = Counter()

        def run(part: Program) -> Program:
            if not outer_first:
                part = with_changed_bodies(part, builder, run)
            applied = apply(part, builder)
            result, found = applied if isinstance(applied, tuple) else (applied, {})
            counts.update(found)
            return with_changed_bodies(result, builder, run) if outer_first else result

        return run(program), dict(counts)

    return everywhere
