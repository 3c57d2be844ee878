"""Tests of the runtime use a cache of their own."""

import pytest


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory):
    patch = pytest.MonkeyPatch()
    patch.setenv("GRAPHC_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
    yield
    patch.undo()
