"""Mistakes in data that training would hide: values that are no numbers, labels that no class has."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from graphc.keras.engine.structure import leaves
from graphc.keras.losses import SparseCategoricalCrossentropy, sparse_categorical_crossentropy


def check_arrays(model: Any, data: tuple[Any, Any, Any]) -> None:
    """Look at the arrays given to `fit` before anything is trained.

    Raises
    ------
    ValueError
        If labels are no classes of the output.

    Warns
    -----
    UserWarning
        If a value is NaN or infinite.
    """
    for name, part in zip(("x", "y", "sample_weight"), data, strict=True):
        for array in leaves(part):
            if isinstance(array, np.ndarray) and not isinstance(array, np.memmap) and array.dtype.kind == "f":
                _check_finite(name, array)
    _check_labels(model, data[1])


def _check_finite(name: str, array: np.ndarray) -> None:
    with np.errstate(all="ignore"):
        if np.isfinite(array.sum()):
            return
    bad = np.argwhere(~np.isfinite(array))
    if len(bad):
        place = tuple(int(i) for i in bad[0])
        warnings.warn(
            f"{name} holds {len(bad)} values that are NaN or infinite, the first, {array[place]}, at {place}: "
            "losses will be NaN. Remove these samples, or replace the values with numpy.nan_to_num",
            stacklevel=4,
        )


def _check_labels(model: Any, labels: Any) -> None:
    loss = model.loss
    sparse = isinstance(loss, SparseCategoricalCrossentropy) or loss in (
        "sparse_categorical_crossentropy", sparse_categorical_crossentropy
    )  # fmt: skip
    network = getattr(model, "network", None)
    if not sparse or not isinstance(labels, np.ndarray) or network is None or len(network.flat_outputs) != 1:
        return
    classes = network.flat_outputs[0].shape[-1]
    if classes is None or not labels.size:
        return
    low, high = labels.min(), labels.max()
    if low < 0 or high >= classes:
        raise ValueError(
            f"labels are numbers of classes from 0 to {classes - 1}, as the model {model.name} has {classes} outputs: "
            f"y holds {low if low < 0 else high}. Number classes from 0, or give the last layer more units"
        )
