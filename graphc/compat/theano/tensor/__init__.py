"""``theano.tensor``: symbolic inputs, functions of tensors, and modules of these.

Examples
--------
>>> import graphc.compat.theano.tensor as T
>>> x = T.dvector("x")
>>> T.sum(T.sqr(x)).eval({x: [3.0, 4.0]})
np.float64(25.0)
"""

from __future__ import annotations

from typing import Any

import graphc as gc
from graphc.compat.theano._setting import absent as _absent
from graphc.compat.theano.gradient import Lop, Rop, grad, hessian, jacobian
from graphc.compat.theano.tensor import extra_ops, nlinalg, nnet, shared_randomstreams, signal, slinalg
from graphc.compat.theano.tensor._elementwise import (
    allclose,
    argmax,
    argmin,
    batched_dot,
    cast,
    clip,
    dot,
    logsumexp,
    max_and_argmax,
    outer,
    ptp,
    tensordot,
)
from graphc.compat.theano.tensor._elementwise import functions as _functions
from graphc.compat.theano.tensor._elementwise import reductions as _reductions
from graphc.compat.theano.tensor._making import (
    TensorType,
    alloc,
    arange,
    as_tensor,
    as_tensor_variable,
    constant,
    eye,
    fill,
    identity_like,
    ones,
    ones_like,
    zeros,
    zeros_like,
)
from graphc.compat.theano.tensor._making import input_types as _input_types
from graphc.compat.theano.tensor._shaping import (
    addbroadcast,
    argsort,
    concatenate,
    diag,
    flatten,
    horizontal_stack,
    inc_subtensor,
    join,
    nonzero,
    nonzero_values,
    patternbroadcast,
    repeat,
    reshape,
    roll,
    set_subtensor,
    shape,
    shape_padaxis,
    shape_padleft,
    shape_padright,
    sort,
    split,
    squeeze,
    stack,
    stacklists,
    swapaxes,
    take,
    tile,
    trace,
    transpose,
    tril,
    triu,
    unbroadcast,
    vertical_stack,
)
from graphc.compat.theano.tensor.extra_ops import cumprod, cumsum

# What scripts test with isinstance.
TensorVariable = Variable = gc.Tensor
TensorSharedVariable = SharedVariable = gc.SharedVariable

_BY_TABLE = {**_input_types(), **_functions(), **_reductions()}
_MISSING = {
    "mgrid": "use gc.meshgrid",
    "ogrid": "use gc.meshgrid",
    "choose": "use T.switch, or an index tensor",
    "real": "tensors are real",
    "imag": "tensors are real",
    "complex": "tensors are real",
    "fft": "there is no native Fourier transform",
    "opt": "graphc has its own passes",
    "raw_random": "use T.shared_randomstreams",
}
_find = _absent("tensor", _MISSING, lambda: {**globals(), **_BY_TABLE})


def __getattr__(name: str) -> Any:
    if name in _BY_TABLE:
        return _BY_TABLE[name]
    return _find(name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_BY_TABLE})


__all__ = [n for n in __dir__() if not n.startswith("_") and n not in ("Any", "annotations", "gc")]
