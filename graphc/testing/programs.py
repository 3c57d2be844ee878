"""Run hand-built programs as native code: what a session does, without a graph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from graphc.ir.dims import symbol
from graphc.ir.program import Program
from graphc.runtime.executable import Executable
from graphc.schedule.plan import Schedule, plan_program


class NativeProgram:
    """Machine code of a program whose sizes are those of its inputs.

    Parameters
    ----------
    program : Program
        As it is: no pass runs.
    variables : sequence of ndarray
        One per slot; updated in place.
    schedule : Schedule, optional
        Planned from the program if None.
    threads : int
    poison : bool
        Fill the temporaries with NaN before every run.

    Attributes
    ----------
    executable : Executable
    schedule : Schedule
    """

    def __init__(
        self,
        program: Program,
        variables: Sequence[np.ndarray] = (),
        schedule: Schedule | None = None,
        threads: int = 1,
        poison: bool = True,
    ) -> None:
        from graphc.codegen.cpu.assemble import assemble
        from graphc.codegen.cpu.segment import POOL_RUN
        from graphc.runtime.pool import pool_symbols
        from graphc.session.encode import Formulas, encode_program

        self.schedule = schedule or plan_program(program)
        formulas = Formulas(program)
        assembled = assemble(self.schedule, tuple(symbol(name) for name in formulas.names), threads=threads)
        self.assembled = assembled
        code = encode_program(program, program, self.schedule, assembled, formulas, False)
        externals = pool_symbols(threads) if POOL_RUN in assembled.externals else {}
        self.executable = Executable(code, variables, externals, poison=poison)

    def __call__(self, *feeds: Any) -> list[np.ndarray]:
        """Run once."""
        return self.executable(*feeds)
