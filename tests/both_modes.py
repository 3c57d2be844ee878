"""Running a graph interpreted and compiled, with working memory poisoned, and comparing the results."""

import numpy as np

import graphc as gc

COMPILED = gc.Config(poison=True)
INTERPRETED = gc.Config(mode="interpret")
CONFIGS = {"compile": COMPILED, "interpret": INTERPRETED}


def session(mode, graph=None, **kwargs):
    """A session in one of the two modes."""
    return gc.Session(graph, CONFIGS[mode], **kwargs)


def _leaves(value):
    if isinstance(value, dict):
        return [leaf for v in value.values() for leaf in _leaves(v)]
    if isinstance(value, list | tuple):
        return [leaf for v in value for leaf in _leaves(v)]
    return [value]


def run_both(fetches, feeds=None, rtol=1e-6, atol=1e-6):
    """Values of the fetches, compiled, after a comparison with the interpreter's."""
    found = {}
    for mode in CONFIGS:
        found[mode] = session(mode).run(fetches, feeds)
    for a, b in zip(_leaves(found["interpret"]), _leaves(found["compile"]), strict=True):
        assert (a is None) == (b is None)
        if a is not None:
            assert a.dtype == b.dtype
            assert a.shape == b.shape
            np.testing.assert_allclose(b, a, rtol=rtol, atol=atol)
    return found["compile"]
