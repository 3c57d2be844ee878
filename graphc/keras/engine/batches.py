"""Where batches come from: arrays, generators, iterables of batches, data sets."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from graphc.keras.engine.structure import leaves, mapped
from graphc.keras.seeds import next_seed

Flat = tuple[Any, ...]


def standard(value: Any) -> np.ndarray:
    """An array of a value as models take it: float32 for other floats; files that are mapped stay where they are."""
    array = value if isinstance(value, np.ndarray) else np.asarray(getattr(value, "values", value))
    if array.dtype == object:
        raise ValueError(
            "the data holds objects that are no numbers, or rows of different lengths: give an array of numbers, "
            "with keras.utils.pad_sequences for sequences"
        )
    if array.dtype.kind in "US":
        raise ValueError("the data holds strings: models take numbers")
    return array


def narrowed(array: np.ndarray) -> np.ndarray:
    """A batch in the type that models take."""
    return array.astype(np.float32) if array.dtype.kind == "f" and array.dtype != np.float32 else array


def is_arrays(x: Any) -> bool:
    """Whether a value is arrays rather than something that gives batches."""
    if isinstance(x, np.ndarray) or hasattr(x, "__array__") or hasattr(x, "iloc"):
        return True
    if isinstance(x, Mapping):
        return True
    if not isinstance(x, list | tuple) or not x:
        return False
    # A list of pairs of arrays is batches, one of arrays or numbers is arrays.
    return not (isinstance(x[0], list | tuple) and any(isinstance(v, np.ndarray) and v.ndim for v in x[0]))


def arrays_of(value: Any) -> Any:
    """Arrays in the structure of what was given; a list of numbers is one array, one of arrays several."""
    if isinstance(value, Mapping):
        return {k: standard(v) for k, v in value.items()}
    if isinstance(value, list | tuple) and any(isinstance(v, np.ndarray) and v.ndim for v in value):
        return [standard(v) for v in value]
    return None if value is None else standard(value)


class Source:
    """Batches for one epoch after another.

    Attributes
    ----------
    steps : int or None
        How many batches an epoch has, None if that is not known.
    """

    steps: int | None = None

    def __iter__(self) -> Iterator[tuple[Any, Any, Any]]:
        """The batches of an epoch: inputs, labels and weights of samples."""
        raise NotImplementedError


class ArraySource(Source):
    """Batches of arrays, shuffled anew in each epoch.

    Parameters
    ----------
    x, y, weights : structure of ndarray
    batch_size : int
    shuffle : bool

    Raises
    ------
    ValueError
        If numbers of samples differ, or there are none.
    """

    def __init__(self, x: Any, y: Any, weights: Any, batch_size: int | None, shuffle: bool) -> None:
        self.data = (x, y, weights)
        self.flat: list[np.ndarray] = [a for a in leaves(self.data) if a is not None]
        counts = {len(a) for a in self.flat}
        if len(counts) != 1:
            shapes = ", ".join(f"{n} {[a.shape for a in leaves(v) if a is not None]}"
                               for n, v in zip(("x", "y", "sample_weight"), self.data, strict=True)
                               if v is not None)  # fmt: skip
            raise ValueError(f"all arrays have the same number of samples, the first size: {shapes}")
        self.count = counts.pop()
        if not self.count:
            raise ValueError("there are no samples: the arrays' first size is 0")
        if batch_size is not None and batch_size < 1:
            raise ValueError(f"batch_size is a positive integer, not {batch_size}")
        self.batch_size = min(batch_size or 32, self.count)
        self.steps = math.ceil(self.count / self.batch_size)
        self.shuffle = shuffle

    def __iter__(self) -> Iterator[tuple[Any, Any, Any]]:
        order = np.random.default_rng(next_seed()).permutation(self.count) if self.shuffle else None
        for start in range(0, self.count, self.batch_size):
            chosen = slice(start, start + self.batch_size) if order is None else order[start : start + self.batch_size]
            yield mapped(lambda a: None if a is None else narrowed(a[chosen]), self.data)  # noqa: B023


class IterableSource(Source):
    """Batches of a generator, a sequence of batches, a `gc.data.Dataset`, or any iterable.

    Parameters
    ----------
    batches : iterable
        Of x, (x, y) or (x, y, sample_weight). One that ends is begun anew in the next epoch where that is possible.
    steps : int, optional
        How many batches make an epoch.
    """

    def __init__(self, batches: Iterable[Any], steps: int | None, class_weight: Any = None) -> None:
        self.batches, self.class_weight = batches, class_weight
        length: int | None = len(batches) if hasattr(batches, "__len__") else None  # type: ignore[arg-type]
        self.steps = steps or length
        self._own_length = length
        self._running: Iterator[Any] | None = None

    def _begin(self) -> Iterator[Any]:
        if self._own_length is not None and not hasattr(self.batches, "__iter__"):
            return (self.batches[i] for i in range(self._own_length))  # type: ignore[index]
        return iter(self.batches)

    def __iter__(self) -> Iterator[tuple[Any, Any, Any]]:
        endless = self.steps is not None and self.steps != self._own_length
        running = self._running if endless and self._running is not None else self._begin()
        self._running = running if endless else None
        count = 0
        while self.steps is None or count < self.steps:
            batch = next(running, None)
            if batch is None:
                if not endless or (count and iter(self.batches) is self.batches):
                    break
                running = self._running = self._begin()
                batch = next(running, None)
                if batch is None:
                    break
            count += 1
            yield self._parts(batch)
        if hasattr(self.batches, "on_epoch_end"):
            self.batches.on_epoch_end()
        if not count:
            raise ValueError("the data gave no batch: a generator that has ended cannot be begun anew")

    def _parts(self, batch: Any) -> tuple[Any, Any, Any]:
        given = tuple(batch) if isinstance(batch, list | tuple) else (batch,)
        if len(given) > 3:
            raise ValueError(f"a batch is x, (x, y) or (x, y, sample_weight), not {len(given)} values")
        x, y, weights = (arrays_of(v) for v in (*given, None, None)[:3])
        if self.class_weight is not None:
            weights = class_weights(y, self.class_weight, weights)
        x, y, weights = mapped(lambda a: None if a is None else narrowed(a), (x, y, weights))
        return x, y, weights


def class_weights(y: Any, weight: Mapping[int, float], sample_weight: Any) -> np.ndarray:
    """Weights of samples from those of classes.

    Raises
    ------
    ValueError
        If there are several outputs, or a class has no weight.
    """
    if not isinstance(y, np.ndarray):
        raise ValueError("class_weight is for models of one output: give sample_weight")
    classes = y.argmax(-1) if y.ndim > 1 and y.shape[-1] > 1 else y.reshape(-1)
    present = np.unique(classes)
    missing = [int(c) for c in present if int(c) not in weight]
    if missing:
        raise ValueError(f"class_weight has no entry for the classes {missing}, which are among the labels")
    table = {int(c): float(weight[int(c)]) for c in present}
    found = np.array([table[int(c)] for c in classes], np.float32)
    return found if sample_weight is None else found * sample_weight


def split_off(data: tuple[Any, Any, Any], share: float) -> tuple[Any, Any]:
    """The first samples for training and the last ones for validation.

    Raises
    ------
    ValueError
        If the share is not between 0 and 1, or leaves no sample on one side.
    """
    if not 0 < share < 1:
        raise ValueError(f"validation_split is a share between 0 and 1, not {share}")
    count = len(next(a for a in leaves(data) if a is not None))
    cut = math.floor(count * (1.0 - share))
    if cut in (0, count):
        raise ValueError(f"validation_split={share} of {count} samples leaves none on one side")

    def part(chosen: slice) -> Any:
        return mapped(lambda a: None if a is None else a[chosen], data)

    return part(slice(cut)), part(slice(cut, None))


def source_of(
    x: Any, y: Any, weights: Any, batch_size: int | None, steps: int | None, shuffle: bool, class_weight: Any = None
) -> Source:
    """The batches of what a method of a model was given.

    Raises
    ------
    ValueError
        If y is given beside something that gives batches itself, or arrays do not fit each other.
    """
    if isinstance(x, Source):
        return x
    if is_arrays(x):
        x, y, weights = (arrays_of(v) for v in (x, y, weights))
        if class_weight is not None:
            weights = class_weights(y, class_weight, weights)
        source = ArraySource(x, y, weights, batch_size, shuffle)
        return source if steps is None else IterableSource(source, steps) if steps != source.steps else source
    if not hasattr(x, "__iter__") and not hasattr(x, "__getitem__"):
        raise ValueError(f"data are arrays, or something that gives batches, not {type(x).__name__}")
    if y is not None:
        raise ValueError(f"{type(x).__name__} gives batches of (x, y): y is not given beside it")
    return IterableSource(x, steps, class_weight)
