"""``theano.ifelse``: the value of one of two expressions."""

from __future__ import annotations

from typing import Any

import graphc as gc
from graphc.compat.theano.tensor._making import as_tensor_variable

__all__ = ["ifelse"]


def ifelse(condition: Any, then_branch: Any, else_branch: Any, name: str | None = None) -> Any:
    """`then_branch` where the condition is not 0, else `else_branch`; `graphc.cond`.

    Parameters
    ----------
    condition : Tensor
        Of rank 0.
    then_branch, else_branch : Tensor or list of Tensor
        Of one element type and shape.
    """
    chosen = as_tensor_variable(condition)
    several = isinstance(then_branch, list | tuple)
    one = [as_tensor_variable(v) for v in (then_branch if several else [then_branch])]
    other = [as_tensor_variable(v) for v in (else_branch if several else [else_branch])]
    found = gc.cond(gc.not_equal(chosen, 0), lambda: one, lambda: other, name=name)
    return found if several else found[0]
