"""A program at every stage of compilation: as it was lowered, and after each pass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from graphc.ir.node import Node
from graphc.ir.program import Program
from graphc.passes.kind import PassReport, run_pass, size_of
from graphc.passes.pipeline import PipelineOptions
from graphc.schedule.switches import switched_off

if TYPE_CHECKING:
    from graphc.session.config import Config
    from graphc.session.lower import Lowered
    from graphc.session.session import Plan


@dataclass(frozen=True)
class Stage:
    """The program after a pass.

    Attributes
    ----------
    name : str
        Of the pass; ``"lowered"`` before all.
    doc : str
    program : Program
    report : PassReport or None
    changes : tuple of (str, Node, Node)
        Replacements by rules in their order: the rule's name, the node before and the one after.
    """

    name: str
    doc: str
    program: Program
    report: PassReport | None = None
    changes: tuple[tuple[str, Node, Node], ...] = ()


def stage_programs(plan: Plan, ranks: tuple[int, ...]) -> list[Stage]:
    """Every stage of the program of a plan, for feeds of these ranks."""
    return stages_of(plan.lowered(ranks), plan.session.config)


def stages_of(lowered: Lowered, config: Config) -> list[Stage]:
    """Every stage of a program, made by running the passes that compilation runs."""
    off = switched_off(config.disable)
    options = PipelineOptions(disabled=frozenset(config.disable) - off, extra=config.extra_passes)
    program = lowered.program
    found = [Stage("lowered", "The graph as it was written, for these fetches and feeds.", program)]
    for item in options.passes():
        journal: list[tuple[str, Node, Node]] = []
        lowered.builder.journal = journal
        try:
            program, report = run_pass(item, program, lowered.builder, size_of(program))
        finally:
            lowered.builder.journal = None
        found.append(Stage(item.name, item.doc, program, report, tuple(journal)))
    return found
