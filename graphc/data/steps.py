"""The steps of data sets, as generators of rows: a row is a tuple of arrays."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable, Sequence
from collections.abc import Iterator as Generator
from typing import Any

import numpy as np

from graphc.data.structure import Component, Pack, along, as_leaf, component, flatten
from graphc.graph.errors import GraphError
from graphc.graph.graph import Graph, get_default_graph
from graphc.graph.operation import Tensor
from graphc.graph.origin import user_origin

Row = tuple[np.ndarray, ...]


def rows(arrays: Sequence[np.ndarray]) -> Generator[Row]:
    """Rows of arrays of one length.

    Raises
    ------
    GraphError
        If the lengths differ.
    """
    counts = {len(a) for a in arrays}
    if len(counts) > 1:
        raise GraphError(f"the arrays have different lengths: {sorted(counts)}", user_origin())
    return (tuple(np.asarray(a[i]) for a in arrays) for i in range(counts.pop() if counts else 0))


def converted(values: Iterable[Any], types: Any, parts: Sequence[Component]) -> Generator[Row]:
    """What a generator yields, as rows of the declared types.

    Raises
    ------
    GraphError
        If the nesting or a shape is another.
    """
    for value in values:
        leaves = along(types, value)
        row = tuple(np.asarray(v, dtype=p.dtype.np) for v, p in zip(leaves, parts, strict=True))
        for array, part in zip(row, parts, strict=True):
            fits = part.shape is None or (
                len(part.shape) == array.ndim
                and all(s in (None, n) for s, n in zip(part.shape, array.shape, strict=True))
            )
            if not fits:
                raise GraphError(
                    f"the generator yields an array of shape {array.shape}, declared was {part.shape}", user_origin()
                )
        yield row


def repeated(start: Callable[[], Generator[Row]], count: int | None) -> Generator[Row]:
    """All rows several times, or without end; an empty pass ends it."""
    done = 0
    while count is None or done < count:
        empty = True
        for row in start():
            empty = False
            yield row
        if empty:
            return
        done += 1


def orders(seed: int | None, reshuffle: bool) -> Callable[[], np.random.Generator]:
    """Random generators, one per pass."""
    base = seed if seed is not None else get_default_graph().seed
    entropy = np.random.SeedSequence(base).entropy
    passes = 0

    def order() -> np.random.Generator:
        nonlocal passes
        passes += reshuffle
        return np.random.default_rng(np.random.SeedSequence(entropy, spawn_key=(passes,)))

    return order


def shuffled(source: Generator[Row], size: int, random: np.random.Generator) -> Generator[Row]:
    """Rows in random order, through a buffer."""
    buffer: list[Row] = []
    for row in source:
        if len(buffer) < size:
            buffer.append(row)
            continue
        place = int(random.integers(size))
        chosen, buffer[place] = buffer[place], row
        yield chosen
    for place in random.permutation(len(buffer)):
        yield buffer[place]


def batched(source: Generator[Row], size: int, drop: bool) -> Generator[Row]:
    """Rows in groups.

    Raises
    ------
    GraphError
        If the shapes in a group differ.
    """
    group: list[Row] = []
    for row in source:
        group.append(row)
        if len(group) == size:
            yield _stacked(group)
            group = []
    if group and not drop:
        yield _stacked(group)


def _stacked(group: list[Row]) -> Row:
    try:
        return tuple(np.stack(parts) for parts in zip(*group, strict=True))
    except ValueError:
        shapes = sorted({tuple(a.shape for a in row) for row in group})
        raise GraphError(f"elements of different shapes cannot be a batch: {shapes}", user_origin()) from None


def cached(source: Generator[Row], kept: list[Row]) -> Generator[Row]:
    """Rows that are kept once all of them have been seen."""
    if kept:
        yield from kept
        return
    seen = []
    for row in source:
        seen.append(row)
        yield row
    kept[:] = seen


def prefetched(source: Generator[Row], size: int) -> Generator[Row]:
    """Rows made by a thread, which stops when nobody waits for them any more."""
    ready: queue.Queue[tuple[Row | None, BaseException | None]] = queue.Queue(size)
    stopped = threading.Event()

    def put(item: tuple[Row | None, BaseException | None]) -> None:
        while not stopped.is_set():
            try:
                ready.put(item, timeout=0.05)
            except queue.Full:
                continue
            return

    def work() -> None:
        try:
            for row in source:
                put((row, None))
                if stopped.is_set():
                    return
            put((None, None))
        except BaseException as error:
            put((None, error))

    threading.Thread(target=work, name="graphc-prefetch", daemon=True).start()
    try:
        while True:
            row, error = ready.get()
            if error is not None:
                raise error
            if row is None:
                return
            yield row
    finally:
        stopped.set()


class GraphFunction:
    """A function of tensors, in a graph of its own, compiled on first use.

    Parameters
    ----------
    function : callable
    components : sequence of Component
        Types of its arguments.
    pack : callable
        Structure of its arguments: the parts of a tuple are passed one by one.
    """

    def __init__(self, function: Callable[..., Any], components: Sequence[Component], pack: Pack) -> None:
        from graphc.api.inputs import placeholder
        from graphc.api.shaping import constant
        from graphc.graph.store import Store
        from graphc.session.function import function as make_function

        seed = get_default_graph().seed
        graph = Graph()
        graph.seed = seed
        with graph.as_default():
            inputs = [placeholder(c.dtype, c.shape) for c in components]
            packed = pack(inputs)
            found = function(*packed) if isinstance(packed, tuple) else function(packed)
            leaves, self.pack = flatten(found, listed=True)
            values = [as_leaf(v) for v in leaves]
            tensors = [v if isinstance(v, Tensor) else constant(v) for v in values]
            self._call = make_function(inputs, tensors, store=Store())
        self.components = [component(t) for t in tensors]

    def __call__(self, row: Row) -> Row:
        """Results for one row."""
        return tuple(np.asarray(v) for v in self._call(*row))
