"""The MNIST reader, on small idx files made here."""

import gzip
import hashlib
import importlib
import struct
from pathlib import Path

import numpy as np
import pytest

from graphc.data import mnist
from graphc.data.mnist import parse_idx

module = importlib.import_module("graphc.data.mnist")


def idx(array: np.ndarray, code: int = 8) -> bytes:
    return struct.pack(f">BBBB{array.ndim}I", 0, 0, code, array.ndim, *array.shape) + array.tobytes()


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with a tiny MNIST whose digests the module takes for the published ones."""
    random = np.random.default_rng(0)
    digests = {}
    for part, count in (("train", 6), ("t10k", 4)):
        contents = {
            f"{part}-images-idx3-ubyte": idx(random.integers(0, 256, (count, 28, 28), np.uint8)),
            f"{part}-labels-idx1-ubyte": idx(random.integers(0, 10, count, np.uint8)),
        }
        for name, content in contents.items():
            (tmp_path / f"{name}.gz").write_bytes(gzip.compress(content))
            digests[name] = hashlib.sha256(content).hexdigest()
    monkeypatch.setattr(module, "SHA256", digests)
    return tmp_path


def test_reads_compressed_files(small: Path) -> None:
    data = mnist(small)
    assert data.train_images.shape == (6, 784)
    assert data.test_images.shape == (4, 784)
    assert data.train_images.dtype == np.float32
    assert data.train_labels.dtype == np.int32
    raw = parse_idx(gzip.decompress((small / "t10k-images-idx3-ubyte.gz").read_bytes()))
    np.testing.assert_array_equal(data.test_images, raw.reshape(4, 784).astype(np.float32) / np.float32(255))


def test_reads_uncompressed_files_and_pictures(small: Path) -> None:
    expected = mnist(small)
    for path in list(small.glob("*.gz")):
        path.with_suffix("").write_bytes(gzip.decompress(path.read_bytes()))
        path.unlink()
    data = mnist(small, flat=False)
    assert data.train_images.shape == (6, 28, 28, 1)
    np.testing.assert_array_equal(data.train_images.reshape(6, 784), expected.train_images)


def test_missing_file_says_what_to_do(small: Path) -> None:
    (small / "t10k-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(FileNotFoundError, match=r"no t10k-labels-idx1-ubyte\.gz in .*download=True"):
        mnist(small)


def test_other_content_is_refused(small: Path) -> None:
    path = small / "train-labels-idx1-ubyte.gz"
    path.write_bytes(gzip.compress(idx(np.zeros(6, np.uint8))))
    with pytest.raises(ValueError, match="is not MNIST's train-labels-idx1-ubyte"):
        mnist(small)


@pytest.mark.parametrize("damage", [lambda c: c[:-9], lambda c: b"<html>" + c, lambda c: c[:20] + b"\xff" * 9 + c[29:]])
def test_damaged_archive_is_refused(small: Path, damage: object) -> None:
    path = small / "train-images-idx3-ubyte.gz"
    path.write_bytes(damage(path.read_bytes()))  # type: ignore[operator]
    with pytest.raises(ValueError, match="is damaged"):
        mnist(small)


def test_download_fetches_only_what_is_missing_and_keeps_it(
    small: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    mirror, target = tmp_path_factory.mktemp("mirror"), tmp_path_factory.mktemp("target") / "new"
    for path in small.glob("*.gz"):
        (mirror / path.name).write_bytes(path.read_bytes())
    monkeypatch.setattr(module, "MIRROR", mirror.as_uri() + "/")
    first = mnist(target, download=True)
    assert sorted(path.name for path in target.iterdir()) == sorted(path.name for path in small.iterdir())
    monkeypatch.setattr(module, "MIRROR", (mirror / "gone").as_uri() + "/")
    np.testing.assert_array_equal(mnist(target, download=True).train_images, first.train_images)


def test_download_of_wrong_content_leaves_no_file(
    small: Path, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path_factory.mktemp("target")
    (small / "train-images-idx3-ubyte.gz").write_bytes(gzip.compress(b"something else"))
    monkeypatch.setattr(module, "MIRROR", small.as_uri() + "/")
    with pytest.raises(ValueError, match="sent is not MNIST's train-images"):
        mnist(target, download=True)
    assert list(target.iterdir()) == []


def test_offline_error_names_the_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MIRROR", (tmp_path / "nowhere").as_uri() + "/")
    with pytest.raises(ConnectionError, match=r"cannot download file:.*nowhere/train-images.*without network"):
        mnist(tmp_path, download=True)


CODES = [(8, ">u1"), (9, ">i1"), (11, ">i2"), (12, ">i4"), (13, ">f4"), (14, ">f8")]


@pytest.mark.parametrize(("code", "dtype"), CODES)
def test_parse_idx_decodes_every_type(code: int, dtype: str) -> None:
    array = np.arange(-3 if dtype != ">u1" else 0, 9).astype(dtype)[:6].reshape(2, 3)
    parsed = parse_idx(idx(array, code))
    np.testing.assert_array_equal(parsed, array)
    assert parsed.dtype.isnative


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not an idx file"),
        (b"\x1f\x8b\x08\x01", "not an idx file"),
        (b"\0\0\x07\x01\0\0\0\1a", "not an idx file"),
        (b"\0\0\x08\x03\0\0\0\1", "ends within its header of 16 bytes"),
        (b"\0\0\x08\x01\0\0\0\2a", r"shape \(2,\) must have 10 bytes, not 9"),
        (b"\0\0\x08\x01\xff\xff\xff\xff", "must have 4294967303 bytes"),
    ],
)
def test_parse_idx_refuses_malformed_content(content: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_idx(content)
