"""Optimizers and learning rate schedules by the names of Keras."""

from __future__ import annotations

from typing import Any

from graphc.keras import lookup
from graphc.keras.optimizers import schedules
from graphc.keras.optimizers.adam import Adam, Adamax, AdamW, Nadam
from graphc.keras.optimizers.adaptive import Adadelta, Adagrad, Ftrl, RMSprop
from graphc.keras.optimizers.momentum import SGD, Lion
from graphc.keras.optimizers.optimizer import Optimizer

CLASSES: tuple[type[Optimizer], ...] = (
    SGD, Adam, AdamW, RMSprop, Adagrad, Adadelta, Adamax, Nadam, Ftrl, Lion,
)  # fmt: skip
ALL: dict[str, Any] = {n: c for c in CLASSES for n in (c.__name__, c.__name__.lower())}


def get(identifier: Any) -> Any:
    """The optimizer of a name, configuration or class, or the object itself.

    Raises
    ------
    ValueError
        If there is none of that name.

    Examples
    --------
    >>> float(get("sgd").learning_rate)
    0.009999999776482582
    """
    return lookup.find("optimizer", ALL, identifier)


serialize, deserialize = lookup.serialize, lookup.reader("optimizer", ALL)


__all__ = [
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Ftrl",
    "Lion",
    "Nadam",
    "Optimizer",
    "RMSprop",
    "deserialize",
    "get",
    "schedules",
    "serialize",
]
