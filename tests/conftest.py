"""Settings of the whole test run."""

from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session", autouse=True)
def private_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep compiled programs of the tests apart from the user's, and start without any."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRAPHC_CACHE_DIR", str(tmp_path_factory.mktemp("graphc-cache")))
        # The test processes share the processors; what needs several threads asks for them.
        patch.setenv("GRAPHC_THREADS", "1")
        yield
