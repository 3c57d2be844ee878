"""``graphc cache``: what it shows and deletes."""

import doctest
from pathlib import Path

import pytest

from graphc.cli import cache as command
from graphc.cli.main import main
from graphc.runtime.cache import Cache, key_of


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GRAPHC_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_info_counts_entries(directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Cache(directory).store(key_of("a"), {}, {"blob": bytes(5000)})
    assert main(["cache", "info"]) == 0
    shown = dict(line.split(None, 1) for line in capsys.readouterr().out.splitlines())
    assert shown["directory"].strip() == str(directory)
    assert shown["entries"].strip() == "1"
    assert shown["size"].startswith("5.")
    assert "KiB of at most 512.0 MiB" in shown["size"]


def test_clear_deletes_entries_only(directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = Cache(directory)
    store.store(key_of("a"), {}, {})
    store.store(key_of("b"), {}, {})
    (directory / "notes.txt").write_text("mine")
    assert main(["cache", "clear"]) == 0
    assert capsys.readouterr().out == f"2 entries deleted from {directory}\n"
    assert [path.name for path in directory.iterdir()] == ["notes.txt"]


@pytest.mark.filterwarnings("ignore::graphc.runtime.cache.CacheWarning")
def test_directory_that_others_may_write_to_is_reported(directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    directory.mkdir()
    directory.chmod(0o777)
    assert main(["cache", "info"]) == 1
    assert "others may write to it" in capsys.readouterr().out
    assert main(["cache", "clear"]) == 1
    assert capsys.readouterr().err.startswith(f"graphc: error: the cache {directory} cannot be used: others may")


@pytest.mark.filterwarnings("ignore::graphc.runtime.cache.CacheWarning")
def test_info_command_says_so_too(directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    directory.mkdir()
    directory.chmod(0o777)
    assert main(["info"]) == 0
    assert f"{directory}, not used: others may write to it" in capsys.readouterr().out


def test_example_of_size() -> None:
    result = doctest.testmod(command)
    assert result.attempted > 0
    assert result.failed == 0
