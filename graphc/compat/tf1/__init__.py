"""TensorFlow 1's names over graphc: change a script's import line to ``import graphc.compat.tf1 as tf``.

Variables need their initializer here, element types do not mix, integers divide as they did, and errors come in the
classes of ``tf.errors``. ``docs/tf1.md`` lists all names.

Examples
--------
>>> import graphc.compat.tf1 as tf
>>> x = tf.placeholder("float", [None])
>>> with tf.Session() as session:
...     print(session.run(tf.reduce_sum(x), feed_dict={x: [1.0, 2.0]}))
3.0
"""

from __future__ import annotations

import math as _math
from importlib import import_module as _import_module
from typing import Any

from graphc.compat.tf1._binding import namespace as _namespace
from graphc.compat.tf1._tables.core import MISSING as _MISSING
from graphc.compat.tf1._tables.core import TABLE as _TABLE

__version__ = VERSION = "1.15.0"
GIT_VERSION = "graphc"
newaxis = None
pi = _math.pi

# Loaded on first use: importing a script's ``tf`` costs next to nothing.
_MODULES = (
    "app", "compat", "contrib", "data", "errors", "examples", "flags", "gfile", "initializers", "keras", "layers",
    "linalg", "logging", "losses", "math", "metrics", "nn", "python", "random", "summary", "test", "train",
)  # fmt: skip

_find = _namespace("tf", _TABLE, ("graphc",), _MISSING)


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return _import_module(f"{__name__}.{name}")
    found = _find(name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULES, *_find.entries})  # type: ignore[attr-defined]
