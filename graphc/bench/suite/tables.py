"""Results as Markdown, for people and for pages."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from graphc.bench.suite.frameworks import FRAMEWORKS
from graphc.bench.suite.results import Change, Results, Row, ratio

Table = tuple[list[str], list[list[str]]]
"""Heads and rows of cells."""


def duration(seconds: float) -> str:
    """Microseconds with three digits.

    Examples
    --------
    >>> duration(1.2345e-6), duration(0.012345), duration(0.00023456)
    ('1.23', '12,345', '235')
    """
    value = seconds * 1e6
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _title(workload: str, threads: int, many: bool) -> str:
    return f"{workload}, {threads} threads" if many else workload


def _many_threads(results: Results) -> bool:
    return len({row.threads for row in results.rows}) > 1


def _peers(results: Results) -> list[str]:
    """The names of all that was measured beside graphc, in the order of the list of frameworks."""
    there = {row.framework for row in results.rows}
    return [name for name in FRAMEWORKS if name in there and name != "graphc"]


def fastest(rows: Sequence[Row]) -> Row | None:
    """The fastest framework beside graphc; the interpreter is graphc's own."""
    others = [row for row in rows if row.framework not in ("graphc", "interpreter")]
    return min(others, key=lambda row: row.step[1], default=None)


def summary(results: Results) -> Table:
    """graphc beside the fastest other framework of each workload, with the ratio of their times and its spread."""
    many = _many_threads(results)
    table: list[list[str]] = []
    for (workload, threads), rows in results.groups().items():
        best = fastest(rows)
        cells = ["", "", ""]
        if best is not None:
            first, middle, last = ratio(best, rows[0])
            cells = [best.framework, duration(best.step[1]), f"{middle:.2f} ({first:.2f} to {last:.2f})"]
        table.append([_title(workload, threads, many), duration(rows[0].step[1]), *cells])
    return ["workload", "graphc, us", "fastest other", "us", "times as long"], table


def steps(results: Results) -> Table:
    """Median microseconds of a run by framework."""
    peers, many = _peers(results), _many_threads(results)
    table = []
    for (workload, threads), rows in results.groups().items():
        found = {row.framework: duration(row.step[1]) for row in rows}
        quartiles = " to ".join(duration(rows[0].step[k]) for k in (0, 2))
        cells = [f"{found['graphc']} ({quartiles})", *(found.get(name, "") for name in peers)]
        table.append([_title(workload, threads, many), *cells])
    return ["workload", "graphc (quartiles)", *peers], table


def starts(results: Results) -> Table:
    """Seconds from the start of a process to its first result: with empty caches, and with full ones."""
    return _pairs(results, lambda row: f"{row.cold:.2f} / {row.warm:.2f}")


def memory(results: Results) -> Table:
    """Megabytes: the largest resident size of each process, and graphc's working memory."""
    heads, table = _pairs(results, lambda row: f"{row.peak_bytes / 1e6:,.0f}")
    arenas = [rows[0].arena_bytes for rows in results.groups().values()]
    cells = ["" if arena is None else f"{arena / 1e6:,.1f}" for arena in arenas]
    return [*heads, "graphc's arena"], [[*row, cell] for row, cell in zip(table, cells, strict=True)]


def _pairs(results: Results, shown: Callable[[Row], str]) -> Table:
    peers, many = _peers(results), _many_threads(results)
    table = []
    for (workload, threads), rows in results.groups().items():
        found = {row.framework: shown(row) for row in rows}
        table.append([_title(workload, threads, many), *(found.get(name, "") for name in ("graphc", *peers))])
    return ["workload", "graphc", *peers], table


def compared(found: Sequence[Change]) -> Table:
    """Two results beside each other."""
    return ["workload", "framework", "threads", "old, us", "new, us", "new / old", "noise", ""], [
        [
            c.workload, c.framework, str(c.threads), duration(c.old), duration(c.new), f"{c.ratio:.3f}",
            f"{c.noise:.1%}", c.verdict if c.verdict != "same" else "",
        ]
        for c in found
    ]  # fmt: skip


def markdown(table: Table) -> str:
    """A table in Markdown.

    Examples
    --------
    >>> print(markdown((["a", "b"], [["1", "2"]])))
    | a | b |
    |---|---|
    | 1 | 2 |
    """
    heads, rows = table
    lines = [f"| {' | '.join(row)} |" for row in (heads, *rows)]
    return "\n".join([lines[0], f"|{'---|' * len(heads)}", *lines[1:]])


LOUD = 0.05
"""Part of the processors' time above which it is said that others took it."""


def described(results: Results) -> str:
    """One sentence about where results come from."""
    machine = results.machine
    versions: dict[str, str] = {}
    for row in results.rows:
        versions |= {name: v for name, v in row.versions.items() if v != "?"}
    names = ", ".join(f"{name} {version}" for name, version in sorted(versions.items()))
    cores = sorted({row.threads for row in results.rows})
    loud = {row.workload: row.others for row in results.rows if row.others > LOUD}
    noise = "".join(f" {name}: other processes took {share:.0%} of the processors." for name, share in loud.items())
    return (
        f"{machine['processor']} ({machine['isa']}), {' and '.join(map(str, cores))} "
        f"thread{'s' if cores != [1] else ''}, Python {machine['python']}, {names}, graphc {machine['graphc']} "
        f"at commit {machine['commit'][:10] or 'unknown'}.{noise}"
    )


PAGES: dict[str, Callable[[Results], str]] = {
    "summary": lambda results: f"{markdown(summary(results))}\n\n{described(results)}",
    "steps": lambda results: markdown(steps(results)),
    "starts": lambda results: markdown(starts(results)),
    "memory": lambda results: markdown(memory(results)),
}
"""Parts of a page that results fill: each stands between ``<!-- bench NAME -->`` and ``<!-- end -->``."""


def fill(path: Path, results: Results) -> int:
    """Replace the tables of a page; how many there were.

    Raises
    ------
    ValueError
        If the page has no place for any.
    """
    text = path.read_text(encoding="utf-8")
    count = 0
    for name, made in PAGES.items():
        # Marks belong to the pattern: it matches something even where nothing stands between them.
        pattern = rf"(?s)(<!-- bench {name} -->\n).*?(<!-- end -->)"
        inside = f"{made(results)}\n".replace("\\", r"\\")
        text, times = re.subn(pattern, rf"\g<1>{inside}\g<2>", text)
        count += times
    if not count:
        raise ValueError(f"{path} has no '<!-- bench {'|'.join(PAGES)} -->' and '<!-- end -->' to write between")
    path.write_text(text, encoding="utf-8")
    return count
