"""Updates of variables that change nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from graphc.ir.program import Program
from graphc.ops.builder import Builder


def drop_idle_updates(program: Program, builder: Builder) -> tuple[Program, Mapping[str, int]]:
    """Remove updates that write a variable's own value back."""
    kept = tuple((slot, node) for slot, node in program.updates if node.op != "variable" or node.attrs["slot"] != slot)
    dropped = len(program.updates) - len(kept)
    return (replace(program, updates=kept), {"updates dropped": dropped}) if dropped else (program, {})
