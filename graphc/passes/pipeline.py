"""The ordered list of passes, and how it is run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from graphc.autodiff.expand import expand_gradients
from graphc.ir.dims import Dim
from graphc.ir.program import Guard, Program
from graphc.ops.assume import collect_assumptions
from graphc.ops.builder import Builder
from graphc.passes import factoring, hoisting, loops, rewriting, shapes, sharing, sinking, variables
from graphc.passes.inside import inside
from graphc.passes.kind import Apply, Pass, PassReport, run_pass, size_of


def _named(function: Apply, apply: Apply | None = None) -> Pass:
    doc = (function.__doc__ or "").splitlines()[0]
    return Pass(function.__name__, apply or function, doc)  # type: ignore[attr-defined]


def _inside(function: Apply, outer_first: bool = False) -> Pass:
    return _named(function, inside(function, outer_first))


PASSES = (
    _inside(shapes.fold_shapes),
    _inside(rewriting.fold_constants),
    _inside(rewriting.canonicalize),
    _inside(rewriting.stabilize),
    _named(expand_gradients),
    _inside(loops.share_loops),
    _inside(loops.drop_unused, outer_first=True),
    _inside(rewriting.stabilize_gradients),
    _inside(rewriting.simplify),
    _inside(hoisting.hoist),
    _inside(sinking.sink),
    _inside(factoring.factor_out),
    _inside(sharing.share),
    _named(variables.drop_idle_updates),
)
"""Every pass, in order."""

REQUIRED = ("expand_gradients",)
"""Passes without which a program cannot be run."""


@dataclass(frozen=True)
class PipelineOptions:
    """Which passes run.

    Attributes
    ----------
    disabled : frozenset of str
        Names of passes to leave out.
    until : str, optional
        The last pass to run: ``"stabilize_gradients"`` gives what the interpreter runs.
    extra : tuple of (str, Pass)
        Further passes, each after the named one.
    """

    disabled: frozenset[str] = frozenset()
    until: str | None = None
    extra: tuple[tuple[str, Pass], ...] = ()

    def passes(self) -> tuple[Pass, ...]:
        """The passes to run, in order.

        Raises
        ------
        ValueError
            If a name is unknown, given to two passes, or belongs to a pass that cannot be left out.
        """
        listed = list(PASSES)
        for after, item in self.extra:
            names = [p.name for p in listed]
            _check(names, [after])
            if item.name in names:
                raise ValueError(f"there is a pass {item.name!r} already: give yours another name")
            listed.insert(names.index(after) + 1, item)
        names = [p.name for p in listed]
        _check(names, self.disabled)
        _check(names, [] if self.until is None else [self.until])
        needed = sorted(self.disabled.intersection(REQUIRED))
        if needed:
            raise ValueError(f"the pass {needed[0]!r} cannot be switched off: programs do not run without it")
        last = len(names) if self.until is None else names.index(self.until) + 1
        return tuple(p for p in listed[:last] if p.name not in self.disabled)


def _check(known: list[str], names: Iterable[str]) -> None:
    for name in names:
        if name not in known:
            raise ValueError(f"no pass {name!r}: there are {', '.join(known)}")


def run_pipeline(
    program: Program, builder: Builder, options: PipelineOptions | None = None
) -> tuple[Program, list[PassReport]]:
    """Run the passes one after another.

    Sizes that a pass newly takes to be equal become guards of the program.

    Parameters
    ----------
    program : Program
        Its nodes belong to `builder`.
    builder : Builder
        Makes the new nodes.
    options : PipelineOptions, optional
        Switches; by default every pass runs.

    Returns
    -------
    (Program, list of PassReport)

    Raises
    ------
    ValueError
        From the options.
    """
    passes = (options or PipelineOptions()).passes()
    reports: list[PassReport] = []
    # What was noted before belongs to whoever made the program, or to one that could not be made.
    collect_assumptions()
    size = size_of(program)
    for item in passes:
        program, report = run_pass(item, program, builder, size)
        size = (report.nodes_after, report.edges_after)
        reports.append(report)
    return _with_guards(program, collect_assumptions()), reports


def _with_guards(program: Program, pairs: list[tuple[Dim, Dim]]) -> Program:
    """The program with a guard for every pair of sizes, one each; the user's own come first, for their reasons."""
    found: dict[frozenset[Dim], Guard] = {}
    needed = [Guard(left, right, "sizes that an operation needs to be equal") for left, right in pairs]
    for guard in (*program.guards, *needed):
        found.setdefault(frozenset((guard.left, guard.right)), guard)
    guards = tuple(found.values())
    return program if guards == program.guards else replace(program, guards=guards)
