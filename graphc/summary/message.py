"""Summaries as messages: values with tags, as TensorBoard reads them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from graphc.summary.png import encode_png, to_pixels
from graphc.summary.wire import block, double, doubles, integer, single

# Numbers of the fields in tensorflow/core/framework/summary.proto.
_TAG, _SIMPLE, _IMAGE, _HISTOGRAM, _TENSOR, _METADATA = 1, 2, 4, 5, 8, 9
_STRING_TYPE = 7


class SummaryValue:
    """One value of a summary.

    Parameters
    ----------
    tag : str
    simple_value : float, optional
        A scalar.
    field : bytes
        Any other value as an encoded field.
    """

    def __init__(self, tag: str, simple_value: float | None = None, field: bytes = b"") -> None:
        self.tag = tag
        self.simple_value = simple_value
        self.field = field

    def encode(self) -> bytes:
        """The message."""
        own = b"" if self.simple_value is None else single(_SIMPLE, float(self.simple_value))
        return block(_TAG, self.tag) + own + self.field


class _Values(list[SummaryValue]):
    def add(self, **fields: Any) -> SummaryValue:
        """Append a value."""
        self.append(SummaryValue(**fields))
        return self[-1]


class Summary:
    """Values with tags, made by hand.

    Parameters
    ----------
    value : iterable of Summary.Value

    Examples
    --------
    >>> import graphc as gc
    >>> s = gc.summary.Summary(value=[gc.summary.Summary.Value(tag="loss", simple_value=0.5)])
    >>> _ = s.value.add(tag="accuracy", simple_value=0.75)
    >>> len(s.SerializeToString())
    30
    """

    Value = SummaryValue

    def __init__(self, value: Iterable[SummaryValue] = ()) -> None:
        self.value = _Values(value)

    def SerializeToString(self) -> bytes:
        """The message, as `FileWriter.add_summary` takes it too."""
        return b"".join(block(1, v.encode()) for v in self.value)


def scalar_field(value: Any) -> bytes:
    """A scalar."""
    return single(_SIMPLE, float(value))


@lru_cache(maxsize=1)
def bucket_limits() -> np.ndarray:
    """Upper ends of the buckets of a histogram: 0, and both ways from 1e-12 by factors of 1.1 to 1e20, and the end."""
    positive = [1e-12]
    while positive[-1] * 1.1 < 1e20:
        positive.append(positive[-1] * 1.1)
    ends = [*positive, float(np.finfo(np.float64).max)]
    return np.array([-e for e in reversed(ends)] + [0.0] + ends)


def histogram_field(values: np.ndarray) -> bytes:
    """A histogram of all elements.

    Raises
    ------
    ValueError
        If an element is not finite.
    """
    flat = np.asarray(values, np.float64).reshape(-1)
    if not np.isfinite(flat).all():
        raise ValueError("it has elements that are not finite")
    limits = bucket_limits()
    counts = np.bincount(np.searchsorted(limits, flat, side="right"), minlength=len(limits)).astype(np.float64)
    # Of a run of empty buckets only the last one's end is kept.
    kept = (counts > 0) | np.append(counts[1:] > 0, True)
    stats = (flat.min(), flat.max(), flat.size, flat.sum(), np.square(flat).sum()) if flat.size else (0.0,) * 5
    message = b"".join(double(i, float(s)) for i, s in enumerate(stats, 1))
    return block(_HISTOGRAM, message + doubles(6, limits[kept]) + doubles(7, counts[kept]))


def image_field(image: np.ndarray) -> bytes:
    """An image [height, width, channels]."""
    pixels = to_pixels(image)
    height, width, channels = pixels.shape
    sizes = integer(1, height) + integer(2, width) + integer(3, channels)
    return block(_IMAGE, sizes + block(4, encode_png(pixels)))


def text_field(texts: Sequence[str] | str) -> bytes:
    """Text, which the text plugin shows as Markdown."""
    single_text = isinstance(texts, str)
    listed = [texts] if isinstance(texts, str) else [str(t) for t in texts]
    shape = b"" if single_text else block(2, block(2, integer(1, len(listed))))
    tensor = integer(1, _STRING_TYPE) + shape + b"".join(block(8, t) for t in listed)
    return block(_TENSOR, tensor) + block(_METADATA, block(1, block(1, "text")))
