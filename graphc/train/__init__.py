"""Optimizers, learning rates, moving averages, and checkpoints."""

from typing import TYPE_CHECKING as _TYPE_CHECKING
from typing import Any as _Any

from graphc.train.adam import AdamaxOptimizer, AdamOptimizer, AdamWOptimizer, NadamOptimizer
from graphc.train.averages import ExponentialMovingAverage
from graphc.train.defaults import optimizer_defaults
from graphc.train.external import ScipyOptimizerInterface
from graphc.train.optimizer import Optimizer
from graphc.train.optimizers import (
    AdadeltaOptimizer,
    AdagradOptimizer,
    FtrlOptimizer,
    GradientDescentOptimizer,
    MomentumOptimizer,
    ProximalAdagradOptimizer,
    ProximalGradientDescentOptimizer,
    RMSPropOptimizer,
)
from graphc.train.schedules import (
    cosine_decay,
    cosine_decay_restarts,
    exponential_decay,
    inverse_time_decay,
    linear_cosine_decay,
    natural_exp_decay,
    noisy_linear_cosine_decay,
    piecewise_constant,
    polynomial_decay,
)

if _TYPE_CHECKING:
    from graphc.checkpoint import (
        RestoreError,
        Saver,
        export_meta_graph,
        get_checkpoint_state,
        import_meta_graph,
        latest_checkpoint,
    )

__all__ = [
    "AdadeltaOptimizer",
    "AdagradOptimizer",
    "AdamOptimizer",
    "AdamWOptimizer",
    "AdamaxOptimizer",
    "ExponentialMovingAverage",
    "FtrlOptimizer",
    "GradientDescentOptimizer",
    "MomentumOptimizer",
    "NadamOptimizer",
    "Optimizer",
    "ProximalAdagradOptimizer",
    "ProximalGradientDescentOptimizer",
    "RMSPropOptimizer",
    "RestoreError",
    "Saver",
    "ScipyOptimizerInterface",
    "cosine_decay",
    "cosine_decay_restarts",
    "exponential_decay",
    "export_meta_graph",
    "get_checkpoint_state",
    "import_meta_graph",
    "inverse_time_decay",
    "latest_checkpoint",
    "linear_cosine_decay",
    "natural_exp_decay",
    "noisy_linear_cosine_decay",
    "optimizer_defaults",
    "piecewise_constant",
    "polynomial_decay",
]

_CHECKPOINTS = frozenset(
    {
        "RestoreError",
        "Saver",
        "export_meta_graph",
        "get_checkpoint_state",
        "import_meta_graph",
        "latest_checkpoint",
    }
)


def __getattr__(name: str) -> _Any:
    """Load the part for checkpoints on first use: few scripts save anything."""
    if name in _CHECKPOINTS:
        from graphc import checkpoint

        return getattr(checkpoint, name)
    raise AttributeError(f"module 'graphc.train' has no attribute {name!r}")
