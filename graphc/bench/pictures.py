"""How long pictures take, and how large pages are: ``python -m graphc.bench.pictures``."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

import graphc as gc


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
    """A training step of LeNet-5."""
    with gc.Graph().as_default():
        images = gc.placeholder(gc.float32, [None, 28, 28, 1], name="images")
        labels = gc.placeholder(gc.int32, [None], name="labels")
        h = gc.layers.conv2d(images, 6, 5, padding="same", activation=gc.nn.relu)
        h = gc.layers.max_pooling2d(h, 2, 2)
        h = gc.layers.conv2d(h, 16, 5, activation=gc.nn.relu)
        h = gc.layers.flatten(gc.layers.max_pooling2d(h, 2, 2))
        for units in (120, 84):
            h = gc.layers.dense(h, units, activation=gc.nn.relu)
        logits = gc.layers.dense(h, 10)
        loss = gc.reduce_mean(gc.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits))
        train = gc.train.MomentumOptimizer(0.01, 0.9).minimize(loss)
        return gc.function([images, labels], loss, updates=[train], name="LeNet-5 step")


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
