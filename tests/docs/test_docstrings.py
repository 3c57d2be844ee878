"""Docstrings of the public functions: sections of numpydoc, and examples that run."""

import doctest
import inspect
import sys

import pytest

import graphc as gc
from graphc.api.examples import EXAMPLES

LIBRARIES = {"gc": gc, "gc.nn": gc.nn, "gc.linalg": gc.linalg, "gc.train": gc.train}
FUNCTIONS = {
    f"{prefix}.{name}": value
    for prefix, library in LIBRARIES.items()
    for name, value in vars(library).items()
    if not name.startswith("_") and callable(value) and getattr(value, "__module__", "").startswith("graphc.")
}
WITH_EXAMPLE = [name for name, value in FUNCTIONS.items() if ">>> " in (value.__doc__ or "")]
OPERATIONS = [name for name, value in FUNCTIONS.items() if inspect.isfunction(value) and hasattr(value, "body")]


@pytest.mark.parametrize("name", WITH_EXAMPLE)
def test_example(name: str) -> None:
    value = FUNCTIONS[name]
    parsed = doctest.DocTestParser().get_doctest(
        value.__doc__, dict(vars(sys.modules[value.__module__])), name, None, 0
    )
    with gc.Graph().as_default():
        result = doctest.DocTestRunner().run(parsed)
    assert result.attempted
    assert not result.failed


@pytest.mark.parametrize("name", OPERATIONS)
def test_operations_have_every_section(name: str) -> None:
    text = FUNCTIONS[name].__doc__
    assert [s for s in ("Parameters", "Returns", "Raises", "Examples") if f"\n{s}\n---" not in text] == []


def test_every_example_belongs_to_a_public_function() -> None:
    shown = "".join(FUNCTIONS[name].__doc__ for name in WITH_EXAMPLE)
    assert [call for call, _ in EXAMPLES.values() if call not in shown] == []
