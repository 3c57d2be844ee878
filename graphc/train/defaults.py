"""Default hyperparameters of the optimizers as other frameworks have them: one table for all surfaces.

The native defaults are those of the constructors; the table holds where TensorFlow 1 and Keras differ from them.
"""

from __future__ import annotations

import inspect
from typing import Any

from graphc.train.adam import AdamaxOptimizer, AdamOptimizer, AdamWOptimizer
from graphc.train.optimizer import Optimizer
from graphc.train.optimizers import (
    AdadeltaOptimizer,
    AdagradOptimizer,
    FtrlOptimizer,
    GradientDescentOptimizer,
    MomentumOptimizer,
    RMSPropOptimizer,
)

DIFFERENCES: dict[str, dict[type[Optimizer], dict[str, Any]]] = {
    "native": {},
    "tf1": {
        AdadeltaOptimizer: {"epsilon": 1e-8},
        AdagradOptimizer: {"epsilon": 0.0},
        AdamOptimizer: {"epsilon": 1e-8, "epsilon_hat": True},
        AdamaxOptimizer: {"epsilon": 1e-8},
        # tf.contrib.opt.NadamOptimizer is Adam with a constant momentum: AdamOptimizer(use_nesterov=True).
        RMSPropOptimizer: {"epsilon": 1e-10, "initial_rms": 1.0},
    },
    "keras": {
        AdagradOptimizer: {"learning_rate": 0.001},
        AdamOptimizer: {"epsilon_hat": True},
        AdamWOptimizer: {"epsilon_hat": True},
        FtrlOptimizer: {"learning_rate": 0.001},
        GradientDescentOptimizer: {"learning_rate": 0.01},
        MomentumOptimizer: {"learning_rate": 0.01, "accumulate_steps": True},
        RMSPropOptimizer: {"learning_rate": 0.001},
    },
}


def optimizer_defaults(optimizer: type[Optimizer], surface: str = "native") -> dict[str, Any]:
    """Keyword arguments with which an optimizer is what a surface's default one is.

    Parameters
    ----------
    optimizer : type
        A class of `graphc.train`.
    surface : str
        ``"native"``, ``"tf1"`` or ``"keras"``.

    Returns
    -------
    dict
        All arguments that have a default there, but ``name``.

    Examples
    --------
    >>> import graphc as gc
    >>> gc.train.optimizer_defaults(gc.train.RMSPropOptimizer, "tf1")
    {'decay': 0.9, 'momentum': 0.0, 'epsilon': 1e-10, 'centered': False, 'initial_rms': 1.0}
    """
    if surface not in DIFFERENCES:
        raise ValueError(f"{surface!r} is no surface: there are {', '.join(DIFFERENCES)}")
    parameters = inspect.signature(optimizer).parameters
    own = {p.name: p.default for p in parameters.values() if p.default is not p.empty and p.name != "name"}
    return own | DIFFERENCES[surface].get(optimizer, {})
