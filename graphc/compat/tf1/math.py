"""``tf.math``: the functions of ``tf`` under another name."""

from __future__ import annotations

from typing import Any

from graphc.compat.tf1._binding import namespace
from graphc.compat.tf1._tables import core, nn

TABLE = (
    core.TABLE
    + """
log_softmax = nn.log_softmax LogSoftmax logits axis name dim:axis
softplus = nn.softplus Softplus features name
softsign = nn.softsign Softsign features name
l2_normalize = nn.l2_normalize l2_normalize x axis epsilon name dim:axis
top_k = top_k TopKV2 input:x k sorted name
in_top_k = nn.in_top_k InTopK predictions targets k name
zero_fraction = nn.zero_fraction zero_fraction value name
reduce_variance = reduce_variance reduce_variance input_tensor:x axis keepdims name
reduce_std = reduce_std reduce_std input_tensor:x axis keepdims name
"""
)

MISSING = {**nn.MISSING, **core.MISSING}

_find = namespace("tf.math", TABLE, ("graphc",), MISSING)


def __getattr__(name: str) -> Any:
    return _find(name)
