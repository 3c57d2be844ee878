"""Sequences of different lengths in one batch: steps behind the end change nothing."""

from __future__ import annotations

from typing import Any

from graphc.api.control.record import as_tensor
from graphc.api.control.structure import flatten
from graphc.api.math import cast, less, where
from graphc.api.shaping import expand_dims, zeros_like
from graphc.graph.errors import GraphError
from graphc.graph.operation import Tensor
from graphc.graph.origin import user_origin
from graphc.ir.dtypes import int64


def as_lengths(sequence_length: Any) -> Tensor | None:
    """Lengths as a tensor [batch].

    Raises
    ------
    GraphError
        If they are no integers, or no vector.
    """
    if sequence_length is None:
        return None
    lengths = as_tensor(sequence_length)
    if not lengths.dtype.is_integer or lengths.shape.ndims not in (None, 1):
        raise GraphError(
            f"sequence_length must be a vector of integers, not {lengths.dtype.name} of shape {lengths.shape}",
            user_origin(),
        )
    found: Tensor = cast(lengths, int64)
    return found


def masked(number: Any, lengths: Tensor | None, output: Any, after: Any, before: Any) -> tuple[Any, Any]:
    """The output, 0 where the sequence has ended, and the state, the former one there."""
    if lengths is None:
        return output, after
    going = less(number, lengths)

    def chosen(new: Any, old: Any) -> Any:
        rank = len(new.shape)
        return where(expand_dims(going, list(range(1, rank))) if rank > 1 else going, new, old)

    outputs, make_output = flatten(output)
    news, make_state = flatten(after)
    olds = flatten(before)[0]
    kept = make_output([chosen(o, zeros_like(o)) for o in outputs])
    return kept, make_state([chosen(n, o) for n, o in zip(news, olds, strict=True)])
