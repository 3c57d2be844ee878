"""The disk cache: what comes back, what is refused, and what happens when the directory is unusable."""

import multiprocessing
import os
import warnings

import pytest

from graphc.runtime.cache import Cache, CacheWarning, default_cache, default_directory, key_of

KEY = key_of("program", "options")


@pytest.fixture
def cache(tmp_path):
    return Cache(tmp_path / "cache")


def the_file(cache):
    (path,) = cache.directory.glob("*.entry")
    return path


def test_what_is_stored_comes_back(cache):
    assert cache.load(KEY) is None
    assert cache.store(KEY, {"name": "ε", "sizes": [1, 2]}, {"object": b"\0\1", "empty": b""})
    assert cache.load(KEY) == ({"name": "ε", "sizes": [1, 2]}, {"object": b"\0\1", "empty": b""})
    assert cache.load(key_of("another")) is None


def test_the_directory_and_its_files_are_private(cache):
    cache.store(KEY, {}, {})
    assert cache.directory.stat().st_mode & 0o777 == 0o700
    assert the_file(cache).stat().st_mode & 0o077 == 0


def test_every_damaged_byte_is_noticed_and_the_entry_dropped(cache):
    cache.store(KEY, {"a": 1}, {"object": b"machine code"})
    path = the_file(cache)
    good = path.read_bytes()
    for position in range(len(good)):
        path.write_bytes(good[:position] + bytes([good[position] ^ 0x41]) + good[position + 1 :])
        assert cache.load(KEY) is None
        assert not path.exists()
    path.write_bytes(good)
    assert cache.load(KEY) == ({"a": 1}, {"object": b"machine code"})


@pytest.mark.parametrize("length", [0, 1, 14, 20, 46, 60, -1])
def test_a_truncated_entry_is_dropped(cache, length):
    cache.store(KEY, {"a": 1}, {"object": b"machine code"})
    path = the_file(cache)
    path.write_bytes(path.read_bytes()[:length])
    assert cache.load(KEY) is None
    assert not path.exists()


def test_an_entry_of_another_key_is_dropped(cache):
    cache.store(KEY, {}, {"object": b"a"})
    other = key_of("other")
    the_file(cache).rename(cache.directory / f"{other}.entry")
    assert cache.load(other) is None
    assert cache.info().entries == 0


def test_a_symbolic_link_is_not_followed(cache, tmp_path):
    cache.store(KEY, {}, {"object": b"a"})
    path = the_file(cache)
    outside = tmp_path / "outside"
    path.rename(outside)
    path.symlink_to(outside)
    assert cache.load(KEY) is None
    assert outside.exists()


@pytest.mark.parametrize("key", ["", "../" * 10, "A" * 64, "0" * 63])
def test_a_malformed_key_is_an_error(cache, key):
    with pytest.raises(ValueError, match="SHA-256"):
        cache.load(key)


def assert_works_without(cache, reason):
    with pytest.warns(CacheWarning, match=reason) as caught:
        assert not cache.store(KEY, {}, {})
    assert len(caught) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert cache.load(KEY) is None
        assert not cache.store(KEY, {}, {})
        info = cache.info()
    assert info.problem is not None
    assert info.entries == 0


def test_a_file_in_place_of_the_directory(tmp_path):
    (tmp_path / "cache").write_text("")
    assert_works_without(Cache(tmp_path / "cache"), "cannot be made|not a directory")


def test_a_directory_that_others_may_write_to(tmp_path):
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache").chmod(0o777)
    assert_works_without(Cache(tmp_path / "cache"), "others may write to it")


def test_a_directory_of_another_user(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "getuid", lambda: 123456)
    assert_works_without(Cache(tmp_path / "cache"), "belongs to user")


def test_a_directory_that_may_not_be_written(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda *_: False)  # the superuser may write anywhere: modes alone do not test it
    assert_works_without(Cache(tmp_path / "cache"), "may not be written to")


def test_a_full_disk_turns_the_cache_off(cache, monkeypatch):
    assert cache.store(KEY, {}, {})

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.warns(CacheWarning, match="No space left"):
        assert not cache.store(key_of("second"), {}, {})
    assert not list(cache.directory.glob("*.partial"))


def test_the_least_recently_used_entries_go_first(tmp_path):
    cache = Cache(tmp_path / "cache", limit=4000)
    keys = [key_of(str(i)) for i in range(3)]
    for age, key in zip((300, 200, 100), keys, strict=True):
        cache.store(key, {}, {"object": bytes(1000)})
        path = cache.directory / f"{key}.entry"
        os.utime(path, (path.stat().st_atime, path.stat().st_mtime - age))
    assert cache.load(keys[0]) is not None  # now the most recently used
    cache.store(key_of("new"), {}, {"object": bytes(1000)})
    assert [cache.load(key) is not None for key in keys] == [True, False, True]
    assert cache.info().bytes <= 4000


def test_an_entry_beyond_the_limit_is_not_stored(tmp_path):
    cache = Cache(tmp_path / "cache", limit=100)
    assert not cache.store(KEY, {}, {"object": bytes(1000)})
    assert cache.info().entries == 0


def test_clear_deletes_entries_and_nothing_else(cache):
    cache.store(KEY, {}, {})
    (cache.directory / "notes.txt").write_text("mine")
    assert cache.info().entries == 1
    assert cache.clear() == 1
    assert cache.info().entries == 0
    assert (cache.directory / "notes.txt").exists()


def _write_and_read(directory, start, wrong):
    cache = Cache(directory)
    start.wait()
    for _ in range(100):
        cache.store(KEY, {"writer": 0}, {"object": b"same" * 5000})
        found = cache.load(KEY)
        if found is not None and found[1]["object"] != b"same" * 5000:
            wrong.value += 1


def test_concurrent_writers_never_show_half_an_entry(tmp_path):
    context = multiprocessing.get_context("spawn")
    start, wrong = context.Barrier(2), context.Value("i", 0)
    workers = [context.Process(target=_write_and_read, args=(tmp_path / "c", start, wrong)) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0, 0]
    assert wrong.value == 0
    assert Cache(tmp_path / "c").load(KEY) is not None
    assert not list((tmp_path / "c").glob("*.partial"))


def test_the_environment_chooses_the_directory(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    monkeypatch.delenv("GRAPHC_CACHE_DIR", raising=False)
    assert default_directory() == tmp_path / "xdg" / "graphc"
    monkeypatch.setenv("GRAPHC_CACHE_DIR", str(tmp_path / "own"))
    assert default_directory() == tmp_path / "own"
    assert default_cache() is default_cache()
