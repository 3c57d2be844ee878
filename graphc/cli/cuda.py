"""``graphc cuda compile script.py:name -o folder``: the CUDA kernels of a function, and what they need; no GPU."""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path
from typing import Any

HEADERS = ("kernel", "arch", "registers", "shared", "stack", "spills", "occupancy", "bytes", "flops")


def add_parser(commands: Any) -> None:
    """Add this command to the command line."""
    parser = commands.add_parser("cuda", help="compile a function to CUDA kernels, without a GPU")
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    compiling = actions.add_parser(
        "compile",
        help="write the kernels of a function that a script makes",
        description="Run a script, and write PTX, and with ptxas also machine code, for every kernel of a function; "
        "a table says what each needs. Nothing is run on a GPU.",
    )
    compiling.add_argument("target", metavar="script.py:name", help="the script, and the name of a function in it")
    compiling.add_argument("--arch", default="sm_80", metavar="sm_80,sm_90", help="kinds of GPU (%(default)s)")
    compiling.add_argument("-o", "--output", required=True, metavar="FOLDER")
    compiling.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Run the script, and write the kernels; 1 if the script failed.

    Raises
    ------
    ValueError
        If there is no such script or function, or its kernels cannot be compiled here.
    """
    from graphc.cli.run import execute
    from graphc.session.function import Function

    archs = [_capability(text) for text in options.arch.split(",")]
    script, _, name = options.target.rpartition(":")
    if not script:
        raise ValueError(f"{options.target} names no function: say script.py:name")
    try:
        status = execute(script, [])
    except FileNotFoundError:
        raise ValueError(f"there is no file {script}") from None
    if status:
        return status
    function = vars(sys.modules["__main__"]).get(name)
    if not isinstance(function, Function):
        raise ValueError(f"{script} has no function {name!r} made by graphc.function")
    try:
        rows, hosted = write_kernels(function, archs, Path(options.output))
    except ImportError as error:
        raise ValueError(f"{error}: pip install graphc[cuda]") from None
    table = [HEADERS, *rows]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for row in table:
        print("  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip())
    if hosted:
        print("computed by the host: " + ", ".join(hosted))
    return 0


def _capability(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"sm_(\d+)(\d)", text.strip())
    if match is None:
        raise ValueError(f"{text!r} is no kind of GPU, as sm_80 is")
    return int(match[1]), int(match[2])


def write_kernels(function: Any, archs: list[tuple[int, int]], folder: Path) -> tuple[list[tuple[str, ...]], list[str]]:
    """Write the kernels of a function; rows of the table, and what the host computes."""
    from graphc.codegen.cuda.compile import kernel_ptx
    from graphc.ir.dims import to_text
    from graphc.loops.spec import Contraction, Convolution, Nest
    from graphc.runtime.cuda.executor import BLOCK
    from graphc.session.cuda import device_calls
    from graphc.session.njit import ranks_of

    folder.mkdir(parents=True, exist_ok=True)
    rows: list[tuple[str, ...]] = []
    calls, hosted = device_calls(function, ranks_of(function.inputs, ()))
    for number, (call, cost) in enumerate(calls):
        stem = f"{number:03d}-{re.sub(r'[^a-z0-9]+', '-', call.label.lower())[:40]}"
        assert isinstance(call.spec, Nest | Contraction | Convolution)
        for arch in archs:
            kind = f"sm_{arch[0]}{arch[1]}"
            ptx = kernel_ptx(call.spec, arch)
            (folder / f"{stem}.{kind}.ptx").write_text(ptx)
            needs = _assembled(ptx, arch, BLOCK, folder / f"{stem}.{kind}")
            rows.append((call.label, kind, *needs, to_text(cost.bytes), to_text(cost.flops)))
    return rows, hosted


def _assembled(ptx: str, arch: tuple[int, int], block: int, place: Path) -> tuple[str, ...]:
    """What a kernel needs, if there is an assembler; machine code and its text go to files."""
    from graphc.codegen.cuda.toolkit import assemble, disassembled

    try:
        made = assemble(ptx, arch)
    except FileNotFoundError:
        return ("no ptxas",) + ("-",) * 4
    place.with_name(place.name + ".cubin").write_bytes(made.image)
    text = disassembled(made.image)
    if text is not None:
        place.with_name(place.name + ".sass").write_text(text)
    return (*map(str, (made.registers, made.shared, made.stack, made.spills)), f"{made.occupancy(block):.0%}")
