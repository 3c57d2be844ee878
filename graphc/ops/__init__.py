"""Every operation, one record each; importing this package registers them all."""

from graphc.ops import contract, leaves, reductions, views
from graphc.ops.elementwise import arithmetic, exponential, logic

__all__ = ["arithmetic", "contract", "exponential", "leaves", "logic", "reductions", "views"]
