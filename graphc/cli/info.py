"""``graphc info``: what this installation is and what it runs on."""

import argparse
import importlib.metadata
import os
import platform
from typing import Any

from graphc import __version__

REQUIREMENTS = ("numpy", "numba", "llvmlite", "networkx", "rich", "scipy-openblas32")
FEATURES = ("avx", "avx2", "fma", "f16c", "avx512f", "avx512bw", "avx512vl", "avx512bf16", "amx-tile")


def add_parser(commands: Any) -> None:
    """Add this command to the command line."""
    parser = commands.add_parser("info", help="versions, processor, BLAS, CUDA", description=__doc__)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print everything worth knowing in a bug report."""
    from graphc.cli.console import console, pairs

    console().print(pairs(facts()))
    return 0


def facts() -> list[tuple[str, str]]:
    """Return names and values, in the order in which they are shown."""
    return [
        ("graphc", __version__),
        ("Python", f"{platform.python_version()} ({platform.python_implementation()})"),
        ("platform", f"{platform.system()} {platform.machine()}"),
        *((name, _version(name)) for name in REQUIREMENTS),
        *_processor(),
        ("threads", f"{len(os.sched_getaffinity(0))} of {os.cpu_count()} processors may be used"),
        ("CUDA", _cuda()),
    ]


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def _processor() -> list[tuple[str, str]]:
    from graphc.codegen.cpu.target import host_target

    target = host_target()
    enabled = set(target.features.split(","))
    return [
        ("processor", f"{_model_name()} (LLVM: {target.cpu})"),
        ("vectors", f"{target.isa}, {target.vector_bits} bits"),
        ("features", " ".join(name for name in FEATURES if f"+{name}" in enabled) or "none of those that matter"),
    ]


def _model_name() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            return next(line.split(":", 1)[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or "unknown"


def _cuda() -> str:
    """Say whether a GPU could be used, and if not, why."""
    import ctypes

    try:
        ctypes.CDLL("libcuda.so.1")
    except OSError:
        return "not used: this machine has no driver (libcuda.so.1 cannot be loaded)"
    return "not used: there is a driver, but this version compiles for the CPU only"
