"""Every test of control flow has a graph of its own."""

from collections.abc import Iterator

import pytest

import graphc as gc


@pytest.fixture(autouse=True)
def graph() -> Iterator[gc.Graph]:
    with gc.Graph().as_default() as g:
        yield g
