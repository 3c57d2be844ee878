"""Initial values of variables, computed by the interpreter."""

from __future__ import annotations

import numpy as np

from graphc.graph.operation import Tensor
from graphc.graph.store import Store
from graphc.session.interpreted import InterpretedStep
from graphc.session.lower import lower


def evaluate_initial(value: Tensor, store: Store) -> np.ndarray:
    """The value of a tensor that initialises a variable; other variables it reads are initialised first."""
    return InterpretedStep(lower([value], []), store)([])[0]
