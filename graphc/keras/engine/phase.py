"""What holds while a model is being traced: whether it trains, and which layer calls which."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_TRAINING: ContextVar[bool] = ContextVar("training", default=False)
_DEPTH: ContextVar[int] = ContextVar("depth", default=0)


def is_training() -> bool:
    """Whether layers that are called without ``training`` behave as in training."""
    return _TRAINING.get()


@contextmanager
def calling(training: bool) -> Iterator[bool]:
    """A call of a layer: calls within it inherit `training`; gives whether it is the outermost one."""
    phase, depth = _TRAINING.set(training), _DEPTH.get()
    token = _DEPTH.set(depth + 1)
    try:
        yield depth == 0
    finally:
        _TRAINING.reset(phase)
        _DEPTH.reset(token)
