"""Attention: outputs are means of values, weighed by how well keys fit queries."""

from __future__ import annotations

import math
from typing import Any

from graphc.api.arrays import range_
from graphc.api.einsum import einsum
from graphc.api.math import greater_equal, logical_and, matmul, reduce_sum, tanh, where
from graphc.api.nn import softmax
from graphc.api.random import dropout
from graphc.api.shaping import expand_dims, shape, transpose
from graphc.keras import constraints, initializers, regularizers
from graphc.keras.eager import untraced
from graphc.keras.engine.abstract import static_shape
from graphc.keras.engine.layer import Layer, mask_of

FAR = -1e9
"""What scores are where the mask is False: their share is 0."""


def causal(queries: Any, keys: Any) -> Any:
    """True where a key is not behind the query, of shape [queries, keys]."""
    rows, columns = range_(shape(queries)[1]), range_(shape(keys)[1])
    return greater_equal(expand_dims(rows, 1), expand_dims(columns, 0))


class MultiHeadAttention(Layer):
    """Attention by several heads.

    Parameters
    ----------
    num_heads : int
    key_dim : int
        Size of queries and keys of a head.
    value_dim : int, optional
        Size of values of a head; `key_dim` if not given.
    dropout : float
        Share of the weights of values that is dropped in training.
    use_bias : bool
    output_shape : int, optional
        Size of the outputs; that of the queries if not given.
    kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer, kernel_constraint, bias_constraint
    seed : int, optional

    Notes
    -----
    Vaswani et al., Attention is all you need, 2017.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.zeros((2, 5, 8), np.float32)
    >>> MultiHeadAttention(num_heads=2, key_dim=4)(x, x).shape
    (2, 5, 8)
    """

    supports_masking = True

    def __init__(
        self, num_heads: int, key_dim: int, value_dim: int | None = None, dropout: float = 0.0, use_bias: bool = True,
        output_shape: Any = None, attention_axes: Any = None, kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros", kernel_regularizer: Any = None, bias_regularizer: Any = None,
        activity_regularizer: Any = None, kernel_constraint: Any = None, bias_constraint: Any = None,
        seed: int | None = None, **options: Any,
    ) -> None:  # fmt: skip
        super().__init__(activity_regularizer=activity_regularizer, **options)
        if attention_axes not in (None, 1, [1], (1,)):
            raise ValueError("attention_axes= is not there: attention goes along axis 1, [batch, steps, features]")
        self.num_heads, self.key_dim, self.value_dim = num_heads, key_dim, value_dim or key_dim
        self.dropout, self.use_bias, self.seed = dropout, use_bias, seed
        self.size_of_output = output_shape[0] if isinstance(output_shape, list | tuple) else output_shape
        self.kernel_initializer, self.bias_initializer = map(initializers.get, (kernel_initializer, bias_initializer))
        self.kernel_regularizer, self.bias_regularizer = map(regularizers.get, (kernel_regularizer, bias_regularizer))
        self.kernel_constraint, self.bias_constraint = map(constraints.get, (kernel_constraint, bias_constraint))

    def get_config(self) -> dict[str, Any]:
        """The arguments with which an equal layer is made."""
        return super().get_config() | {"output_shape": self.size_of_output}

    def _build(self, args: Any, kwargs: dict[str, Any]) -> None:
        given = dict(zip(("query", "value", "key"), args, strict=False)) | kwargs
        query, value = given["query"], given["value"]
        sizes = [static_shape(v)[-1] for v in (query, value, value if given.get("key") is None else given["key"])]
        with untraced():
            self.build_for(*sizes)
        self.built, self.built_shape = True, static_shape(query)

    def build(self, query_shape: Any, value_shape: Any = None, key_shape: Any = None) -> None:
        """Make the weights for inputs of shapes."""
        value_shape = query_shape if value_shape is None else value_shape
        key_shape = value_shape if key_shape is None else key_shape
        self.build_for(query_shape[-1], value_shape[-1], key_shape[-1])
        self.built = True

    def build_for(self, query: int, value: int, key: int) -> None:
        """Make the weights for inputs of sizes: kernels of shape (size, heads, size of a head)."""
        heads, own = self.num_heads, {"query": (query, self.key_dim), "key": (key, self.key_dim),
                                      "value": (value, self.value_dim)}  # fmt: skip
        made: dict[str, Any] = {}
        for name, (size, width) in own.items():
            made[name] = self._pair(name, (size, heads, width), (heads, width))
        out = int(self.size_of_output or query)
        made["attention_output"] = self._pair("attention_output", (heads, self.value_dim, out), (out,))
        self._parts = made

    def _pair(self, name: str, kernel: tuple[int, ...], bias: tuple[int, ...]) -> tuple[Any, Any]:
        return (
            self.add_weight(kernel, self.kernel_initializer, name=f"{name}/kernel",
                            regularizer=self.kernel_regularizer, constraint=self.kernel_constraint),
            self.add_weight(bias, self.bias_initializer, name=f"{name}/bias", regularizer=self.bias_regularizer,
                            constraint=self.bias_constraint) if self.use_bias else None,
        )  # fmt: skip

    def _projected(self, name: str, x: Any, equation: str = "btd,dhk->bthk") -> Any:
        kernel, bias = self._parts[name]
        y = einsum(equation, x, kernel.value())
        return y if bias is None else y + bias.value()

    def call(
        self, query: Any, value: Any, key: Any = None, query_mask: Any = None, value_mask: Any = None,
        key_mask: Any = None, attention_mask: Any = None, return_attention_scores: bool = False, training: Any = None,
        use_causal_mask: bool = False,
    ) -> Any:  # fmt: skip
        """The outputs, [batch, queries, size], and the weights of values if asked for."""
        key = value if key is None else key
        q, k, v = (self._projected(n, x) for n, x in (("query", query), ("key", key), ("value", value)))
        scores = einsum("bqhk,bshk->bhqs", q * (1.0 / math.sqrt(self.key_dim)), k)
        mask = self._mask(query, key, query_mask, value_mask, key_mask, attention_mask, use_causal_mask)
        if mask is not None:
            scores = where(mask, scores, FAR)
        shares = softmax(scores)
        kept = dropout(shares, rate=self.dropout, seed=self.seed) if training and self.dropout else shares
        found = self._projected("attention_output", einsum("bhqs,bshk->bqhk", kept, v), "bqhk,hko->bqo")
        return (found, shares) if return_attention_scores else found

    def _mask(
        self, query: Any, key: Any, query_mask: Any, value_mask: Any, key_mask: Any, given: Any, before_only: bool
    ) -> Any:
        """True where a key counts for a query, broadcast to [batch, heads, queries, keys]."""
        parts: list[Any] = []
        query_mask = mask_of(query) if query_mask is None else query_mask
        if query_mask is not None:
            parts.append(expand_dims(expand_dims(query_mask, 1), 3))
        for mask in (value_mask, mask_of(key) if key_mask is None else key_mask):
            if mask is not None:
                parts.append(expand_dims(expand_dims(mask, 1), 1))
        if before_only:
            parts.append(expand_dims(expand_dims(causal(query, key), 0), 0))
        if given is not None:
            mask = given if given.dtype.name == "bool" else greater_equal(given, 1)
            parts.append(expand_dims(mask, 1) if mask.shape.ndims == 3 else mask)
        found = None
        for part in parts:
            found = part if found is None else logical_and(found, part)
        return found


class Attention(Layer):
    """Means of values, weighed by the products of queries and keys; called on [query, value] or [query, value, key].

    Parameters
    ----------
    use_scale : bool
        Whether products are multiplied by a weight.
    score_mode : str
        ``"dot"`` or ``"concat"``.
    dropout : float
    seed : int, optional
    """

    def __init__(
        self, use_scale: bool = False, score_mode: str = "dot", dropout: float = 0.0, seed: int | None = None,
        **options: Any,
    ) -> None:  # fmt: skip
        super().__init__(**options)
        if score_mode not in ("dot", "concat"):
            raise ValueError(f"score_mode is 'dot' or 'concat', not {score_mode!r}")
        self.use_scale, self.score_mode, self.dropout, self.seed = use_scale, score_mode, dropout, seed

    def build(self, input_shape: Any) -> None:
        """Make the scale."""
        self.scale = self.add_weight((), "ones", name="scale") if self.use_scale else None
        self.concat_score_weight = None
        if self.score_mode == "concat":
            self.concat_score_weight = self.add_weight((), "ones", name="concat_score_weight")

    def scores(self, query: Any, key: Any) -> Any:
        """How well keys fit queries, [batch, queries, keys]."""
        if self.concat_score_weight is None:
            found = matmul(query, transpose(key, [0, 2, 1]))
            return found if self.scale is None else found * self.scale.value()
        total = expand_dims(query, 2) + expand_dims(key, 1)
        if self.scale is not None:
            total = total * self.scale.value()
        return reduce_sum(tanh(total), axis=-1) * self.concat_score_weight.value()

    def call(
        self, inputs: Any, mask: Any = None, training: Any = None, return_attention_scores: bool = False,
        use_causal_mask: bool = False,
    ) -> Any:  # fmt: skip
        """The outputs, and the weights of values if asked for."""
        query, value = inputs[0], inputs[1]
        key = inputs[2] if len(inputs) > 2 else value
        scores = self.scores(query, key)
        masks = list(mask) if isinstance(mask, list | tuple) else [None, mask]
        if len(masks) > 1 and masks[1] is not None:
            scores = where(expand_dims(masks[1], 1), scores, FAR)
        if use_causal_mask:
            scores = where(expand_dims(causal(query, key), 0), scores, FAR)
        shares = softmax(scores)
        kept = dropout(shares, rate=self.dropout, seed=self.seed) if training and self.dropout else shares
        found = matmul(kept, value)
        return (found, shares) if return_attention_scores else found

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """The mask of the queries."""
        return mask[0] if isinstance(mask, list | tuple) else None


class AdditiveAttention(Attention):
    """Means of values, weighed by sums over tanh(query + key).

    Parameters
    ----------
    use_scale : bool
        Whether the sum has weights.
    dropout : float

    Notes
    -----
    Bahdanau, Cho and Bengio, Neural machine translation by jointly learning to align and translate, 2015.
    """

    def __init__(self, use_scale: bool = True, dropout: float = 0.0, **options: Any) -> None:
        super().__init__(use_scale, "dot", dropout, **options)

    def build(self, input_shape: Any) -> None:
        """Make the weights of the sum."""
        size = input_shape[0][-1]
        self.scale = self.add_weight((size,), "glorot_uniform", name="scale") if self.use_scale else None

    def scores(self, query: Any, key: Any) -> Any:
        """How well keys fit queries."""
        terms = tanh(expand_dims(query, 2) + expand_dims(key, 1))
        return reduce_sum(terms if self.scale is None else terms * self.scale.value(), axis=-1)
