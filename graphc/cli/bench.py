"""``graphc bench``: which compiler runs a model best on this machine."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from graphc.bench.suite.results import Results
    from graphc.bench.suite.tables import Table


def add_parser(commands: Any) -> None:
    """Add this command to the command line."""
    parser = commands.add_parser(
        "bench",
        help="measure workloads, or a model of your own, beside other frameworks",
        description="Measure workloads in graphc and in other frameworks, in turn, after comparing their outputs.",
    )
    parser.add_argument(
        "workloads",
        nargs="*",
        metavar="WORKLOAD",
        help="names of the suite (all by default), or path/to/script.py:build",
    )
    parser.add_argument(
        "--against", default="", metavar="NAMES", help="jax,torch,tensorflow,pytensor,onnxruntime,numpy"
    )
    parser.add_argument("--threads", type=_counts, default=[0], metavar="N,...", help="processors to use (all)")
    parser.add_argument("--rounds", type=int, default=10, help="times that each is measured, in turn (10)")
    parser.add_argument("--seconds", type=float, default=0.2, help="for each in a round (0.2)")
    parser.add_argument(
        "--python", action="append", default=[], metavar="NAME=FILE", help="the interpreter that has a framework"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all results")
    parser.add_argument("--write", type=Path, action="append", default=[], metavar="PAGE", help="fill a page's tables")
    parser.add_argument("--read", type=Path, metavar="FILE", help="take results from a file instead of measuring")
    parser.add_argument("--compare", type=Path, nargs=2, metavar=("OLD", "NEW"), help="compare two files of results")
    parser.add_argument("--ablate", action="store_true", help="measure what each optimisation is worth")
    parser.add_argument("--curves", action="store_true", help="measure cost over sizes of graphs and batches")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw the curves (needs matplotlib)")
    parser.add_argument("--list", action="store_true", help="list the workloads")
    parser.set_defaults(run=run)


def _counts(text: str) -> list[int]:
    try:
        counts = [int(part) for part in text.split(",")]
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no list of numbers such as 1,2") from None
    if any(count < 1 for count in counts):
        raise argparse.ArgumentTypeError("there is no work without a processor")
    return counts


def run(options: argparse.Namespace) -> int:
    """Measure, or show what was measured; 1 if outputs differ or something got slower."""
    if options.list:
        return _list()
    if options.compare:
        return _compare(*options.compare)
    if options.curves:
        return _curves(options.plot)
    names = _checked(options.workloads)
    if options.ablate:
        return _ablate(names, options)
    from graphc.bench.suite.results import Results

    results = Results.load(options.read) if options.read else _measured(names, options)
    if options.json:
        results.save(options.json)
    for page in options.write:
        from graphc.bench.suite.tables import fill

        print(f"{page}: {fill(page, results)} tables")
    _show(results)
    return 1 if results.errors else 0


def _list() -> int:
    from graphc.bench.suite.data import WORKLOADS
    from graphc.cli.console import print_pairs

    print_pairs([(w.name, w.doc) for w in WORKLOADS.values()])
    return 0


def _checked(names: Sequence[str]) -> list[str]:
    """The workloads that are meant.

    Raises
    ------
    ValueError
        For a name that is none.
    """
    from graphc.bench.suite.data import WORKLOADS

    for name in names:
        path, colon, builder = name.rpartition(":")
        if colon and not (Path(path).is_file() and builder.isidentifier()):
            raise ValueError(f"{name}: there is no file {path} with a function {builder}")
        if not colon and name not in WORKLOADS:
            raise ValueError(f"there is no workload {name!r}: choose from {', '.join(WORKLOADS)}, or script.py:build")
    return list(names) or list(WORKLOADS)


def _measured(names: Sequence[str], options: argparse.Namespace) -> Results:
    """Measure everything; what fails becomes an error of the results, not a row."""
    from graphc.bench.suite.frameworks import FRAMEWORKS, chosen
    from graphc.bench.suite.results import Results, machine_facts
    from graphc.bench.suite.runner import Options, measure

    peers = chosen(options.against)
    pythons = {name: path for text in options.python for name, path in _python(text).items()}
    results = Results(machine=machine_facts())
    for threads in options.threads:
        how = Options(options.rounds, options.seconds, threads, pythons, _tell)
        for name in names:
            interpreter = FRAMEWORKS["interpreter"]
            others = [interpreter, *peers] if ":" in name and interpreter not in peers else peers
            try:
                found = measure(name, others, how)
            except RuntimeError as error:
                results.errors.append(str(error))
                continue
            results.rows += found.rows
            results.skipped += found.skipped
            results.errors += found.errors
            if options.json:
                results.save(options.json)
    _tell("")
    return results


def _python(text: str) -> dict[str, str]:
    """Interpreters by framework, from NAME=FILE; a library's name stands for all its ways."""
    from graphc.bench.suite.frameworks import chosen

    names, _, path = text.partition("=")
    if not Path(path).is_file():
        raise ValueError(f"--python {text}: write NAME=FILE with the file of an interpreter")
    return {framework.name: path for framework in chosen(names)}


def _tell(line: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\x1b[K{line[:100]}", end="", file=sys.stderr, flush=True)


def _show(results: Results) -> None:
    from graphc.bench.suite import tables

    for title, made in (
        ("Microseconds of a run", tables.steps),
        ("Fastest of the others", tables.summary),
        ("Seconds to the first result: empty caches / full ones", tables.starts),
        ("Megabytes", tables.memory),
    ):
        _print(title, made(results))
    for skip in dict.fromkeys((s.framework, s.workload, s.reason) for s in results.skipped):
        print("skipped: {} on {}: {}".format(*skip))
    for error in results.errors:
        print(f"error: {error}")


def _print(title: str, table: Table) -> None:
    from rich.table import Table as RichTable

    from graphc.cli.console import console

    heads, rows = table
    shown = RichTable(title=title, title_justify="left", box=None, header_style="bold")
    for number, head in enumerate(heads):
        shown.add_column(head, justify="right" if number else "left", no_wrap=True)
    for row in rows:
        shown.add_row(*row)
    out = console()
    if not out.is_terminal:
        out.width = 250
    out.print(shown)
    out.print()


def _compare(old: Path, new: Path) -> int:
    from graphc.bench.suite.results import Results, changes
    from graphc.bench.suite.tables import compared

    found = changes(Results.load(old), Results.load(new))
    if not found:
        raise ValueError(f"{old} and {new} have no row in common")
    _print(f"{old.name} and {new.name}", compared(found))
    slower = [c for c in found if c.verdict == "slower" and c.framework == "graphc"]
    for c in slower:
        print(f"slower: {c.workload} with {c.threads} threads, {c.ratio:.2f} times as long as before")
    return 1 if slower else 0


def _ablate(names: Sequence[str], options: argparse.Namespace) -> int:
    import graphc as gc
    from graphc.bench.models import Model
    from graphc.bench.suite.ablate import ablated, ablation_table
    from graphc.bench.suite.data import WORKLOADS
    from graphc.bench.suite.models.ours import MODELS

    for threads in options.threads:
        for name in names:
            with gc.Graph().as_default() as graph:
                if ":" in name:
                    import runpy

                    path, _, builder = name.rpartition(":")
                    fetches, feeds = runpy.run_path(path)[builder]()
                    model = Model(graph, list(fetches), list(feeds), list(feeds.values()), [])
                else:
                    model = MODELS[name](WORKLOADS[name].make())
            forms = ablated(model, options.rounds, min(options.seconds, 0.05), threads)
            _print(f"{name}: one optimisation off", ablation_table(forms))
    return 0


def _curves(plot: Path | None) -> int:
    from graphc.bench.suite.curves import batch_curves, compile_curves, curve_table, plot_curves

    compiled, ran = compile_curves(), batch_curves()
    _print("Compilation", curve_table(compiled, "node"))
    _print("Classifier 64-128-10, one compilation for all batches", curve_table(ran, "row"))
    if plot is not None:
        print(plot_curves(compiled, ran, plot))
    return 0
