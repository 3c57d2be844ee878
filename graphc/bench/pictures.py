"""How long pictures take, and how large pages are: ``python -m graphc.bench.pictures``."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

import graphc as gc
from graphc.bench.suite.data import WORKLOADS
from graphc.bench.suite.models.ours import MODELS


def chain(operations: int, wide: int = 6) -> gc.Function:
    """A function of about so many operations: layers of products and activations over a few columns."""
    with gc.Graph().as_default():
        x = gc.placeholder(gc.float32, [None, 8], name="x")
        columns: list[Any] = [x] * wide
        layer = 0
        while (layer + 1) * 2 * wide < operations:
            with gc.name_scope(f"layer_{layer}"):
                mixed = [columns[i] + columns[(i + 1 + layer) % wide] for i in range(wide)]
                columns = [gc.tanh(m) for m in mixed]
            layer += 1
        return gc.function([x], columns, name=f"{operations} operations")


def lenet() -> gc.Function:
    """The training step of the suite."""
    with gc.Graph().as_default():
        model = MODELS["lenet"](WORKLOADS["lenet"].make())
        return gc.function(model.feeds, model.fetches, name="LeNet step")


def main() -> None:
    """Print seconds and bytes of some pictures and pages."""
    with tempfile.TemporaryDirectory() as folder:
        pictures = [("picture", gc.viz.export, chain(300), "a.svg"), ("data", gc.viz.export, chain(5000), "b.json"),
                    ("page", gc.explain, lenet(), "c.html"), ("page", gc.explain, chain(300), "d.html"),
                    ("page", gc.explain, chain(5000), "e.html")]  # fmt: skip
        for what, write, function, name in pictures:
            start = time.perf_counter()
            size = write(function, Path(folder) / name).stat().st_size
            print(f"{function.name:16} {what:8} {time.perf_counter() - start:7.2f} s {size:10,} bytes", flush=True)


if __name__ == "__main__":
    main()
