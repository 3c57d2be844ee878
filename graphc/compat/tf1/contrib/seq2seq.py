"""``tf.contrib.seq2seq``: the loss of sequences."""

from __future__ import annotations

from typing import Any

import graphc as gc
from graphc.compat.tf1._binding import namespace
from graphc.compat.tf1._graph import follow_conventions

_ATTENTION = "write attention with tf.matmul and tf.nn.softmax"
_DECODER = "write the decoder with tf.while_loop or tf.scan"
MISSING = {
    "LuongAttention": _ATTENTION,
    "BahdanauAttention": _ATTENTION,
    "AttentionWrapper": _ATTENTION,
    "BasicDecoder": _DECODER,
    "BeamSearchDecoder": _DECODER,
    "TrainingHelper": _DECODER,
    "GreedyEmbeddingHelper": _DECODER,
    "dynamic_decode": _DECODER,
    "tile_batch": "use tf.tile",
}

_find = namespace("tf.contrib.seq2seq", "", (), MISSING)


def sequence_loss(
    logits: Any, targets: Any, weights: Any, average_across_timesteps: bool = True, average_across_batch: bool = True,
    softmax_loss_function: Any = None, name: str | None = None,
) -> Any:  # fmt: skip
    """Weighted cross entropy of class numbers.

    Parameters
    ----------
    logits : Tensor
        [batch, time, classes].
    targets, weights : Tensor
        [batch, time]: class numbers, and how much each one counts.
    average_across_timesteps, average_across_batch : bool
        Divide by the sum of the weights along these axes.
    softmax_loss_function : callable, optional
        ``f(labels=, logits=)`` instead of the sparse cross entropy.
    name : str, optional
    """
    follow_conventions()
    cross = softmax_loss_function or gc.nn.sparse_softmax_cross_entropy_with_logits
    losses = gc.multiply(cross(labels=targets, logits=logits), weights)
    axes = [axis for axis, on in enumerate((average_across_batch, average_across_timesteps)) if on]
    if not axes:
        return losses
    total = gc.reduce_sum(losses, axis=axes)
    return gc.divide(total, gc.add(gc.reduce_sum(weights, axis=axes), 1e-12), name=name or "sequence_loss")


def __getattr__(name: str) -> Any:
    return _find(name)
