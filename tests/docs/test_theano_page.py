"""The page of Theano's names: all of them are there, exist, and stand beside native names that exist."""

import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import graphc as gc
import graphc.compat.theano as theano
import graphc.compat.theano.tensor as T
from graphc.compat.theano.tensor._making import input_types

PAGE = (Path(__file__).parents[2] / "docs" / "theano.md").read_text()
ROWS = [line.split(" | ") for line in PAGE.splitlines() if line.startswith(("| `T.", "| `theano."))]
MODULES = (T, T.nnet, T.signal.pool, T.signal.downsample, T.nlinalg, T.slinalg, T.extra_ops)
# Classes for isinstance, and what belongs to another row.
APART = {"TensorVariable", "Variable", "TensorSharedVariable", "SharedVariable"}


def quoted(cell: str) -> list[str]:
    return re.findall(r"`((?:T|theano|gc)\.[\w.]+)`", cell)


def found(path: str) -> Any:
    value: Any = {"T": T, "theano": theano, "gc": gc}[path.split(".")[0]]
    for part in path.split(".")[1:]:
        value = getattr(value, part)
    return value


def test_both_sides_of_every_row_exist() -> None:
    assert len(ROWS) > 80
    for theirs, ours in ROWS:
        assert quoted(theirs), theirs
        assert quoted(ours), ours
        for path in quoted(theirs) + quoted(ours):
            assert found(path) is not None, path


def public() -> Iterator[str]:
    for module in MODULES:
        prefix = module.__name__.replace("graphc.compat.theano.tensor", "T")
        for name in module.__all__:
            value = getattr(module, name)
            if not isinstance(value, ModuleType) and not (module is T and name in {*input_types(), *APART}):
                yield f"{prefix}.{name}"


def test_every_name_has_a_row() -> None:
    named = {path for theirs, _ in ROWS for path in quoted(theirs)}
    assert sorted(set(public()) - named) == []
