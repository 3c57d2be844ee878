"""Theano's names over graphc: change a script's import line to ``import graphc.compat.theano as theano``.

``docs/theano.md`` maps all names to native ones.

Examples
--------
>>> import graphc.compat.theano as theano
>>> import graphc.compat.theano.tensor as T
>>> x = T.dscalar("x")
>>> slope = theano.function([x], T.grad(x**2, x))
>>> slope(3.0)
np.float64(6.0)
"""

from __future__ import annotations

from typing import Any

from graphc.compat.theano import gradient, ifelse, printing, sandbox, tensor
from graphc.compat.theano._compile import In, Mode, Param, clone, function, shared
from graphc.compat.theano._loops import foldl, foldr, map, reduce, scan, scan_module
from graphc.compat.theano._pickling import register as _register_pickling
from graphc.compat.theano._setting import absent as _absent
from graphc.compat.theano._setting import config
from graphc.compat.theano.gradient import Lop, Rop, grad
from graphc.compat.theano.printing import pp
from graphc.compat.theano.tensor._elementwise import dot

__version__ = version = "1.0.5"

_register_pickling()

_MISSING = {
    "sparse": "use dense tensors",
    "gpuarray": "use the native device settings",
    "Op": "use gc.custom_op for operations of your own",
    "gof": "use gc.custom_op for operations of your own",
    "OpFromGraph": "call a Python function that builds the graph",
    "Apply": "use gc.custom_op for operations of your own",
    "compile": "use theano.function",
}


def __getattr__(name: str) -> Any:
    return _find(name)


_find = _absent("theano", _MISSING, lambda: globals())

__all__ = [
    "In", "Lop", "Mode", "Param", "Rop", "clone", "config", "dot", "foldl", "foldr", "function", "grad", "gradient",
    "ifelse", "map", "pp", "printing", "reduce", "sandbox", "scan", "scan_module", "shared", "tensor", "version",
]  # fmt: skip
