"""``graphc info``: what this installation is and what it runs on."""

import argparse
import importlib.metadata
import os
import platform
from typing import Any

from graphc import __version__

REQUIREMENTS = ("numpy", "numba", "llvmlite", "networkx", "rich", "scipy-openblas32")
CUDA_PARTS = ("numba-cuda", "cuda-bindings", "nvidia-nvvm", "nvidia-cuda-nvrtc")
FEATURES = ("avx", "avx2", "fma", "f16c", "avx512f", "avx512bw", "avx512vl", "avx512bf16", "amx-tile")


def add_parser(commands: Any) -> None:
    """Add this command to the command line."""
    parser = commands.add_parser("info", help="versions, processor, BLAS, cache, CUDA", description=__doc__)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print everything worth knowing in a bug report."""
    from graphc.cli.console import print_pairs

    print_pairs(facts())
    return 0


def facts() -> list[tuple[str, str]]:
    """Return names and values, in the order in which they are shown."""
    return [
        ("graphc", __version__),
        ("Python", f"{platform.python_version()} ({platform.python_implementation()})"),
        ("platform", f"{platform.system()} {platform.machine()}"),
        *((name, _version(name)) for name in REQUIREMENTS),
        *_processor(),
        ("BLAS", _blas()),
        ("cache", _cache()),
        *_cuda(),
    ]


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def _processor() -> list[tuple[str, str]]:
    from graphc.runtime.cpu import cpu_info

    cpu = cpu_info()
    enabled = set(cpu.features.split(","))
    features = [name for name in FEATURES if f"+{name}" in enabled]
    return [
        ("processor", f"{cpu.model} (LLVM: {cpu.name})"),
        ("vectors", f"{cpu.isa}, {cpu.vector_bits} bits"),
        ("features", " ".join(features) or "none of those that matter"),
        ("threads", f"{cpu.cores} of {os.cpu_count()} processors may be used"),
        ("denormals", "flushed to zero within a step" if cpu.flushes_denormals else "kept"),
    ]


def _blas() -> str:
    from graphc.runtime.blas import BlasNotFoundError, find_blas

    try:
        blas = find_blas()
    except BlasNotFoundError as error:
        return f"none: {error}"
    return f"{blas.config} ({blas.path})"


def _cache() -> str:
    from graphc.cli.cache import size
    from graphc.runtime.cache import default_cache

    found = default_cache().info()
    if found.problem:
        return f"{found.directory}, not used: {found.problem}"
    return f"{found.directory}, {found.entries} entries, {size(found.bytes)} of at most {size(found.limit)}"


def _cuda() -> list[tuple[str, str]]:
    """What there is of CUDA: driver and GPU, the compiler's parts, the assembler."""
    from graphc.codegen.cuda.toolkit import find_tool
    from graphc.runtime.cuda.libcuda import CudaDriver, CudaError, DriverMissing

    try:
        driver = CudaDriver()
        gpu = f"{driver.name}, capability {driver.capability[0]}.{driver.capability[1]}"
        driver.close()
    except DriverMissing as error:
        gpu = f"not used: {error}"
    except CudaError as error:
        gpu = f"not used: there is a driver, but {error}"
    return [
        ("CUDA", gpu),
        *((f"  {name}", _version(name)) for name in CUDA_PARTS),
        *((f"  {name}", str(find_tool(name) or "not found")) for name in ("ptxas", "cuobjdump")),
    ]
