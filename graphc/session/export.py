"""Compiled programs as files: a standalone Numba module with the same kernels in the same order."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from graphc.codegen.source.module import ModuleNames, print_module
from graphc.codegen.source.user import ExportError
from graphc.graph.errors import GraphError
from graphc.graph.operation import Tensor
from graphc.graph.origin import user_origin
from graphc.ir.constants import Constant
from graphc.passes.pipeline import PipelineOptions, run_pipeline
from graphc.schedule.plan import ScheduleOptions, plan_program
from graphc.schedule.switches import switched_off
from graphc.session.build import call_infos
from graphc.session.failures import failure_texts

if TYPE_CHECKING:
    from graphc.session.session import Plan


def module_text(plan: Plan, ranks: tuple[int, ...]) -> str:
    """The module of a plan for feeds of these ranks.

    Raises
    ------
    GraphError
        If a part of it cannot be written as source.
    """
    import graphc

    lowered, config = plan.lowered(ranks), plan.session.config
    off = switched_off(config.disable)
    options = PipelineOptions(disabled=frozenset(config.disable) - off, extra=config.extra_passes)
    program, _ = run_pipeline(replace(lowered.program, size_bounds=()), lowered.builder, options)
    schedule = plan_program(program, ScheduleOptions(disabled=off))
    names = ModuleNames(
        f"A computation written by graphc {graphc.__version__}.",
        [tensor.op.name for tensor in plan.feeds],
        [v.array if isinstance(v, Constant) else v.op.name for v in lowered.variables],
        [fetch.name for fetch in plan.fetches if isinstance(fetch, Tensor)],
        failure_texts(lowered, call_infos(schedule, lowered)),
    )
    try:
        return print_module(schedule, program.guards, names)
    except ExportError as error:
        raise GraphError(str(error), user_origin()) from None


def write_module(text: str, path: str | os.PathLike[str]) -> Path:
    """Write a module so that the file is there as a whole or not at all."""
    compile(text, str(path), "exec")
    return write_file(text, path)


def write_file(content: str | bytes, path: str | os.PathLike[str]) -> Path:
    """Write a file, text as UTF-8, that is there as a whole or not at all."""
    target = Path(path)
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        temporary.write_bytes(content.encode() if isinstance(content, str) else content)
        os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)
    return target
