"""A directory of results that are expensive to make, found by the hash of everything they depend on.

An entry is a JSON header and named blobs, behind a digest of all of it. Whatever cannot be read back exactly (cut
short, altered, another format, another's file) is deleted and counts as absent. A directory that cannot be used safely
means working without a cache, with one warning. Writers never meet: each writes a file of its own and renames it.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import threading
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graphc.runtime.plan import PlanFormatError, pack, unpack

__all__ = ["Cache", "CacheInfo", "CacheWarning", "default_cache", "default_directory", "key_of"]

#: Bytes that a cache may hold.
DEFAULT_LIMIT = 512 * 2**20

_MARK = b"graphc-cache-1\n"  # changes when the format does: older entries then count as damaged
_DIGEST_BYTES = 32
_SUFFIX = ".entry"
_TEMPORARY = ".partial"


class CacheWarning(UserWarning):
    """The cache directory cannot be used; everything still works, and is compiled in every process."""


@dataclass(frozen=True)
class CacheInfo:
    """What `graphc cache info` shows.

    Attributes
    ----------
    directory : Path
    problem : str or None
        Why the directory is not used.
    entries : int
    bytes : int
    limit : int
        Bytes at which the least recently used entries go.
    """

    directory: Path
    problem: str | None
    entries: int
    bytes: int
    limit: int


def key_of(*parts: str | bytes) -> str:
    """Return the SHA-256 of `parts`, in hexadecimal; each part is preceded by its length.

    Examples
    --------
    >>> key_of("ab", "c") == key_of("a", "bc")
    False
    """
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "little"))
        digest.update(data)
    return digest.hexdigest()


def default_directory() -> Path:
    """``$GRAPHC_CACHE_DIR``, else ``graphc`` in ``$XDG_CACHE_HOME`` or ``~/.cache``."""
    chosen = os.environ.get("GRAPHC_CACHE_DIR")
    if chosen:
        return Path(chosen)
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return Path(base) / "graphc"


class Cache:
    """Entries in a private directory.

    Parameters
    ----------
    directory : Path
        Made (mode 0700) when first used. It must belong to the user and nobody else may write to it: its entries are
        machine code.
    limit : int
        Bytes to keep; beyond them the least recently used entries are deleted.
    """

    def __init__(self, directory: Path, limit: int = DEFAULT_LIMIT) -> None:
        self.directory = directory
        self.limit = limit
        self._lock = threading.Lock()
        self._checked = False
        self._problem: str | None = None

    @property
    def problem(self) -> str | None:
        """Why the directory is not used, or None. Warns when it finds out."""
        with self._lock:
            if not self._checked:
                self._checked = True
                self._problem = _prepare(self.directory)
                if self._problem:
                    self._warn()
            return self._problem

    def load(self, key: str) -> tuple[dict[str, Any], dict[str, bytes]] | None:
        """Return the header and blobs stored under `key`, or None. A damaged entry is deleted."""
        if self.problem:
            return None
        path = self._path(key)
        try:
            data = _read_own_file(path)
            header, blobs = _open_entry(data, key)
        except FileNotFoundError:
            return None
        except (OSError, PlanFormatError):
            with contextlib.suppress(OSError):
                path.unlink()
            return None
        with contextlib.suppress(OSError):
            os.utime(path)  # the time of last use: what `_trim` goes by
        return header, blobs

    def store(self, key: str, header: Mapping[str, Any], blobs: Mapping[str, bytes]) -> bool:
        """Store JSON values and blobs under `key`; return whether they are there now.

        A full disk or a directory that has become unwritable turns the cache off, with a warning.
        """
        if self.problem:
            return False
        data = _seal_entry(key, header, blobs)
        if len(data) > self.limit:
            return False
        try:
            # Writers of one process differ by thread; `tempfile` would add 5 ms of imports to every warm start.
            name = f"{key[:16]}.{os.getpid()}.{threading.get_ident()}{_TEMPORARY}"
            temporary = self.directory / name
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_NOFOLLOW", 0)
            handle = os.open(temporary, flags, 0o600)
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(data)
                os.replace(temporary, self._path(key))
            except BaseException:
                with contextlib.suppress(OSError):
                    temporary.unlink()
                raise
        except OSError as error:
            with self._lock:
                self._problem = f"cannot write to it: {error.strerror}"
                self._warn()
            return False
        self._trim()
        return True

    def info(self) -> CacheInfo:
        """Count what is there."""
        problem = self.problem
        sizes = [size for _, size, _ in self._entries()]
        return CacheInfo(self.directory, problem, len(sizes), sum(sizes), self.limit)

    def clear(self) -> int:
        """Delete all entries and return how many there were. Other files are left alone."""
        entries = list(self._entries())
        for _, _, path in entries:
            with contextlib.suppress(OSError):
                path.unlink()
        return len(entries)

    def _path(self, key: str) -> Path:
        if len(key) != 64 or not set(key) <= set("0123456789abcdef"):
            raise ValueError(f"a cache key is a SHA-256 in hexadecimal, not {key!r}")
        return self.directory / (key + _SUFFIX)

    def _entries(self) -> Iterator[tuple[float, int, Path]]:
        """Time of last use, size and path of each entry; also of files that a killed writer left behind."""
        with contextlib.suppress(OSError), os.scandir(self.directory) as files:
            for file in files:
                if file.name.endswith((_SUFFIX, _TEMPORARY)):
                    with contextlib.suppress(OSError):
                        facts = file.stat(follow_symlinks=False)
                        yield facts.st_mtime, facts.st_size, Path(file.path)

    def _trim(self) -> None:
        """Delete the least recently used entries beyond the limit."""
        entries = sorted(self._entries())
        total = sum(size for _, size, _ in entries)
        for _, size, path in entries:
            if total <= self.limit:
                break
            with contextlib.suppress(OSError):
                path.unlink()
            total -= size

    def _warn(self) -> None:
        warnings.warn(
            f"graphc works without its cache {self.directory}: {self._problem}. Set GRAPHC_CACHE_DIR to a directory "
            "of yours that others cannot write to.",
            CacheWarning,
            stacklevel=4,
        )


_default: dict[Path, Cache] = {}


def default_cache() -> Cache:
    """The cache in `default_directory`, one object per directory."""
    directory = default_directory()
    return _default.setdefault(directory, Cache(directory))


def _prepare(directory: Path) -> str | None:
    """Make the directory if it is not there; say what is wrong with it."""
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        facts = os.stat(directory)
    except OSError as error:
        return f"it cannot be made ({error.strerror})"
    if not stat.S_ISDIR(facts.st_mode):
        return "it is not a directory"
    if hasattr(os, "getuid") and facts.st_uid != os.getuid():
        return f"it belongs to user {facts.st_uid}"
    if facts.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        return f"others may write to it (mode {stat.S_IMODE(facts.st_mode):o})"
    if not os.access(directory, os.R_OK | os.W_OK | os.X_OK):
        return "it may not be written to"
    return None


def _read_own_file(path: Path) -> bytes:
    """Read a regular file of this user; never through a symbolic link."""
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0))
    with os.fdopen(handle, "rb") as file:
        facts = os.fstat(handle)
        if not stat.S_ISREG(facts.st_mode):
            raise PlanFormatError("not a regular file")
        if hasattr(os, "getuid") and facts.st_uid != os.getuid():
            raise PlanFormatError("another user's file")
        return file.read()


def _seal_entry(key: str, header: Mapping[str, Any], blobs: Mapping[str, bytes]) -> bytes:
    body = pack({"key": key, "header": dict(header)}, blobs)
    return _MARK + hashlib.sha256(body).digest() + body


def _open_entry(data: bytes, key: str) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Verify format, digest and key; the lengths of the blobs are verified by `unpack`."""
    start = len(_MARK) + _DIGEST_BYTES
    body = data[start:]
    if data[: len(_MARK)] != _MARK or hashlib.sha256(body).digest() != data[len(_MARK) : start]:
        raise PlanFormatError("damaged, or of another version")
    header, blobs = unpack(body)
    if header.get("key") != key:
        raise PlanFormatError("stored under another key")
    return header["header"], blobs
