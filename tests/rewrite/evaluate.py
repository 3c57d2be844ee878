"""A small evaluator of programs over the records, in any precision: the oracle of the rewriting tests."""

import numpy as np

from graphc.interp.evaluate import concrete
from graphc.ir.program import reachable
from graphc.ops.record import record_of

# What symbols of the examples stand for.
SIZES = {"n": 4, "m": 4}


def evaluate(results, feeds, wide=None):
    """Values of nodes from arrays by index of the input; floats in `wide` precision if it is given."""
    values = {}
    for node in reachable(results):
        if node.op in ("input", "variable"):
            value = np.asarray(feeds[node.attrs["index"]])
        else:
            attrs = {key: concrete(value, SIZES) for key, value in node.attrs.items()}
            with np.errstate(all="ignore"):
                value = record_of(node.op).evaluate(*(values[i] for i in node.inputs), **attrs)
            if not isinstance(value, tuple):
                value = np.asarray(value)
        if wide is not None and not isinstance(value, tuple) and value.dtype.kind == "f":
            value = value.astype(wide)
        values[node] = value
    return [values[node] for node in results]


def program_inputs(results):
    """Input nodes by index."""
    found = {n.attrs["index"]: n for n in reachable(results) if n.op == "input"}
    return [found[i] for i in sorted(found)]


def draw(node, rng, interval=None):
    """An array for an input node."""
    dtype, shape = node.dtype, concrete(tuple(node.shape), SIZES)
    if dtype.is_bool:
        return rng.random(shape) < 0.5
    low, high = interval or (-3.0, 3.0)
    if dtype.is_integer:
        return rng.integers(0 if dtype.kind == "u" else int(low), int(high) + 1, shape).astype(dtype.np)
    return rng.uniform(low, high, shape).astype(dtype.np)
