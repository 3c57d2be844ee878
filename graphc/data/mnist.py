"""The MNIST handwritten digits, read from their original idx files."""

import gzip
import hashlib
import os
import struct
import tempfile
import zlib
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

MIRROR = "https://storage.googleapis.com/cvdf-datasets/mnist/"
"""Where ``download=True`` takes the four files from."""

SHA256 = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}
"""Digest of each file *uncompressed*: copies of MNIST differ in how they were compressed, not in content."""


class MNIST(NamedTuple):
    """The 60,000 training and 10,000 test images with their labels."""

    train_images: npt.NDArray[np.float32]
    train_labels: npt.NDArray[np.int32]
    test_images: npt.NDArray[np.float32]
    test_labels: npt.NDArray[np.int32]


def mnist(directory: str | os.PathLike[str], *, download: bool = False, flat: bool = True) -> MNIST:
    """Read MNIST (LeCun, Cortes and Burges) from the four ``*-ubyte.gz`` files in a directory.

    Parameters
    ----------
    directory : path
        Holds ``train-images-idx3-ubyte.gz`` and the other three; files may also be uncompressed, without ``.gz``.
    download : bool
        Fetch files that are not there (11 MB in all) and keep them in ``directory``.
    flat : bool
        True gives each image as a row of 784 numbers, False as height, width and one channel.

    Returns
    -------
    MNIST
        Images float32, [n, 784] or [n, 28, 28, 1], from 0 to 1; labels int32 [n].

    Raises
    ------
    FileNotFoundError
        If a file is missing and ``download`` is false.
    ConnectionError
        If a file cannot be fetched.
    ValueError
        If a file is damaged: its digest is not the published one.
    """
    folder = Path(directory)
    images, labels = [], []
    for part in ("train", "t10k"):
        pixels = _verified(folder, f"{part}-images-idx3-ubyte", download)
        count = pixels.shape[0]
        shape = (count, pixels[0].size) if flat else (*pixels.shape, 1)
        images.append((pixels.astype(np.float32) / np.float32(255)).reshape(shape))
        labels.append(_verified(folder, f"{part}-labels-idx1-ubyte", download).astype(np.int32))
    return MNIST(images[0], labels[0], images[1], labels[1])


def parse_idx(content: bytes) -> npt.NDArray[Any]:
    """Decode an idx file: two zero bytes, type code, rank, big-endian sizes, then the elements.

    Raises
    ------
    ValueError
        If the header is not that of an idx file or the length is not what the header says.

    Examples
    --------
    >>> parse_idx(bytes([0, 0, 8, 1, 0, 0, 0, 3, 7, 8, 9])).tolist()
    [7, 8, 9]
    """
    codes = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
    if len(content) < 4 or content[:2] != b"\0\0" or content[2] not in codes:
        raise ValueError(f"not an idx file: it starts with {content[:4].hex(' ')}, not with 00 00 and a type code")
    dtype, rank = np.dtype(codes[content[2]]), content[3]
    header = 4 + 4 * rank
    if len(content) < header:
        raise ValueError(f"idx file ends within its header of {header} bytes")
    shape = struct.unpack(f">{rank}I", content[4:header])
    expected = header + int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
    if len(content) != expected:
        raise ValueError(f"idx file of shape {shape} must have {expected} bytes, not {len(content)}")
    return np.frombuffer(content, dtype, offset=header).reshape(shape).astype(dtype.newbyteorder("="))


def _verified(folder: Path, name: str, download: bool) -> npt.NDArray[Any]:
    """Return the array of one file, fetched if it is allowed and needed, after checking its digest."""
    path = folder / f"{name}.gz"
    if (folder / name).exists():
        path = folder / name
        content = path.read_bytes()
    elif path.exists():
        content = _decompress(path.read_bytes(), str(path))
    elif download:
        compressed = _fetch(f"{MIRROR}{path.name}")
        content = _decompress(compressed, f"{MIRROR}{path.name}")
        _check_digest(content, name, f"what {MIRROR}{path.name} sent")
        _write(path, compressed)
    else:
        raise FileNotFoundError(
            f"no {path.name} in {folder}. Put the four files from {MIRROR} there, "
            "or call mnist(directory, download=True)"
        )
    _check_digest(content, name, str(path))
    return parse_idx(content)


def _decompress(content: bytes, where: str) -> bytes:
    try:
        return gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(f"{where} is damaged: {error}. Remove it and get it again") from error


def _check_digest(content: bytes, name: str, where: str) -> None:
    digest = hashlib.sha256(content).hexdigest()
    if digest != SHA256[name]:
        raise ValueError(
            f"{where} is not MNIST's {name}: sha256 of its content is {digest}, "
            f"published is {SHA256[name]}. Remove it and get it again"
        )


def _fetch(url: str) -> bytes:
    import urllib.request  # 30 ms, and needed only here

    try:
        with urllib.request.urlopen(url, timeout=30) as answer:
            content: bytes = answer.read()
            return content
    except OSError as error:  # URLError is one
        raise ConnectionError(
            f"cannot download {url}: {getattr(error, 'reason', error)}. "
            "On a machine without network, copy the file into the directory yourself"
        ) from error


def _write(path: Path, content: bytes) -> None:
    """Write whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
        file.write(content)
    os.replace(file.name, path)
