"""``tf.test``: what scripts ask about the machine."""

from __future__ import annotations

from typing import Any
from unittest import TestCase, main

__all__ = ["TestCase", "gpu_device_name", "is_built_with_cuda", "is_gpu_available", "main"]


def is_gpu_available(*args: Any, **kwargs: Any) -> bool:
    """False: sessions compute on the CPU."""
    return False


is_built_with_cuda = is_gpu_available


def gpu_device_name() -> str:
    """Empty: sessions compute on the CPU."""
    return ""
