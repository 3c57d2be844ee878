"""Images as PNG files, by zlib alone (W3C, Portable Network Graphics specification)."""

from __future__ import annotations

import struct
import zlib

import numpy as np

# Channels to colour type: grey, grey with alpha, RGB, RGB with alpha.
_COLOURS = {1: 0, 2: 4, 3: 2, 4: 6}


def encode_png(pixels: np.ndarray) -> bytes:
    """A PNG file.

    Parameters
    ----------
    pixels : ndarray of uint8 [height, width, channels]
        1 to 4 channels.
    """
    height, width, channels = pixels.shape
    header = struct.pack(">IIBBBBB", width, height, 8, _COLOURS[channels], 0, 0, 0)
    # Every row starts with its filter: 0, none.
    rows = np.zeros((height, 1 + width * channels), np.uint8)
    rows[:, 1:] = pixels.reshape(height, -1)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows.tobytes())), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def to_pixels(image: np.ndarray) -> np.ndarray:
    """An image of any type as bytes.

    Parameters
    ----------
    image : ndarray [height, width, channels]
        uint8 stays. Floats of which none is negative are scaled so that the largest becomes 255; others so that 0
        becomes 128 and the farthest from it 1 or 255. What is not finite becomes red, or white without colours.
    """
    if image.dtype == np.uint8:
        return image
    values = image.astype(np.float64)
    finite = np.isfinite(values)
    low, high = np.min(values, initial=0.0, where=finite), np.max(values, initial=0.0, where=finite)
    offset, largest, top = (128.0, max(-low, high), 127.0) if low < 0 else (0.0, high, 255.0)
    scale = top / largest if largest > 1e-6 else 0.0
    pixels = (np.where(finite, values, 0.0) * scale + offset).astype(np.uint8)
    bad = ~finite.all(axis=2)
    colours = image.shape[2]
    pixels[bad] = [255, 0, 0, 255][:colours] if colours > 2 else 255
    return pixels
