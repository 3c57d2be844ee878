"""Data sets: rows of elements, made by a chain of steps, read by a loop or by the tensors of an iterator."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from collections.abc import Iterator as Generator
from typing import Any

import numpy as np

from graphc.data import steps
from graphc.data.iterator import Iterator, Row
from graphc.data.structure import Component, Pack, as_leaf, component, declared, flatten
from graphc.graph.errors import GraphError
from graphc.graph.operation import Tensor
from graphc.graph.origin import user_origin
from graphc.graph.shape import TensorShape
from graphc.ir.dtypes import int64

Start = Callable[[dict[Tensor, np.ndarray]], Generator[Row]]


class Dataset:
    """A row of elements, each a structure of arrays.

    Methods return new data sets; nothing is computed before elements are asked for.

    Attributes
    ----------
    components : list of Component
        Types of an element's arrays.
    inputs : list of Tensor
        Tensors whose values are taken when an iterator starts.

    Examples
    --------
    >>> import numpy as np, graphc as gc
    >>> data = gc.data.Dataset.from_tensor_slices((np.arange(5), np.arange(5) * 10.0))
    >>> for numbers, tens in data.shuffle(5, seed=1).repeat(2).batch(4, drop_remainder=True):
    ...     print(len(numbers), (tens == numbers * 10).all())
    4 True
    4 True
    """

    def __init__(
        self, components: Sequence[Component], pack: Pack, start: Start, inputs: Iterable[Tensor] = ()
    ) -> None:
        self.components = list(components)
        self.pack = pack
        self.start = start
        self.inputs = list(dict.fromkeys(inputs))

    @staticmethod
    def from_tensors(tensors: Any) -> Dataset:
        """One element: the arrays or tensors themselves."""
        leaves, pack = flatten(tensors)
        values = [as_leaf(v) for v in leaves]
        inputs = [v for v in values if isinstance(v, Tensor)]
        return Dataset(
            [component(v) for v in values], pack, lambda given: iter([tuple(_value(v, given) for v in values)]), inputs
        )

    @staticmethod
    def from_tensor_slices(tensors: Any) -> Dataset:
        """One element per index of the first axis of arrays or tensors, which must be of one length.

        Raises
        ------
        GraphError
            If the lengths differ, or there is no first axis.
        """
        leaves, pack = flatten(tensors)
        values = [as_leaf(v) for v in leaves]
        parts = [component(v) for v in values]
        if any(p.shape == () for p in parts):
            raise GraphError("from_tensor_slices cuts along the first axis, which a scalar has not", user_origin())
        counts = {p.shape[0] for p in parts if p.shape is not None and p.shape[0] is not None}
        if len(counts) > 1:
            raise GraphError(f"the arrays have different lengths: {sorted(counts)}", user_origin())
        rows = [Component(p.dtype, None if p.shape is None else p.shape[1:]) for p in parts]
        inputs = [v for v in values if isinstance(v, Tensor)]
        return Dataset(rows, pack, lambda given: steps.rows([_value(v, given) for v in values]), inputs)

    @staticmethod
    def from_generator(
        generator: Callable[..., Iterable[Any]], output_types: Any, output_shapes: Any = None, args: Sequence[Any] = ()
    ) -> Dataset:
        """What a function yields, called anew for every pass.

        Parameters
        ----------
        generator : callable
        output_types : structure of DType
            Of the elements; what is yielded is converted.
        output_shapes : structure of shapes, optional
        args : sequence
            Arguments of the function.
        """
        if not callable(generator):
            raise GraphError(f"from_generator takes a function that returns an iterable, not {generator!r}",
                             user_origin())  # fmt: skip
        parts, pack = declared(output_types, output_shapes)
        return Dataset(parts, pack, lambda _: steps.converted(generator(*args), output_types, parts))

    @staticmethod
    def range(*args: int) -> Dataset:
        """The integers of Python's ``range(*args)``, as int64."""
        numbers = range(*args)
        rows = [Component(int64, ())]
        return Dataset(rows, lambda v: v[0], lambda _: ((np.asarray(n, np.int64),) for n in numbers))

    @staticmethod
    def zip(datasets: Any) -> Dataset:
        """Elements made of those of several data sets (a nested tuple of them), as many as the shortest has."""
        leaves, outer = flatten(datasets)
        bounds = list(itertools.accumulate((len(d.components) for d in leaves), initial=0))

        def pack(values: Sequence[Any]) -> Any:
            ends = zip(leaves, itertools.pairwise(bounds), strict=True)
            return outer([d.pack(values[a:b]) for d, (a, b) in ends])

        def start(given: dict[Tensor, np.ndarray]) -> Generator[Row]:
            running = [d.start(given) for d in leaves]
            return (tuple(itertools.chain(*rows)) for rows in zip(*running, strict=False))

        parts = [c for d in leaves for c in d.components]
        return Dataset(parts, pack, start, [t for d in leaves for t in d.inputs])

    def _then(self, step: Callable[[Generator[Row]], Generator[Row]]) -> Dataset:
        """The same elements, some of them, or in another order."""
        return Dataset(self.components, self.pack, lambda given: step(self.start(given)), self.inputs)

    def concatenate(self, dataset: Dataset) -> Dataset:
        """These elements, then those of another data set."""
        if [c.dtype for c in dataset.components] != [c.dtype for c in self.components]:
            raise GraphError("the elements of both data sets must be of the same types", user_origin())
        parts = [_merged(a, b) for a, b in zip(self.components, dataset.components, strict=True)]
        return Dataset(
            parts, self.pack, lambda given: itertools.chain(self.start(given), dataset.start(given)),
            [*self.inputs, *dataset.inputs],
        )  # fmt: skip

    def take(self, count: int) -> Dataset:
        """The first elements; all of them if `count` is -1."""
        return self if count < 0 else self._then(lambda rows: itertools.islice(rows, count))

    def skip(self, count: int) -> Dataset:
        """All but the first elements; none if `count` is -1."""
        return self.take(0) if count < 0 else self._then(lambda rows: itertools.islice(rows, count, None))

    def shard(self, num_shards: int, index: int) -> Dataset:
        """Every `num_shards`-th element, from number `index` on."""
        return self._then(lambda rows: itertools.islice(rows, index, None, num_shards))

    def repeat(self, count: int | None = None) -> Dataset:
        """All elements `count` times; without end if it is None or -1."""
        endless = count is None or count < 0
        return Dataset(
            self.components, self.pack,
            lambda given: steps.repeated(lambda: self.start(given), None if endless else count), self.inputs,
        )  # fmt: skip

    def shuffle(self, buffer_size: int, seed: int | None = None, reshuffle_each_iteration: bool = True) -> Dataset:
        """In random order: each element is drawn from the next `buffer_size` ones.

        Parameters
        ----------
        buffer_size : int
            At least the number of elements for a uniform order.
        seed : int, optional
            Without one, that of the default graph; without that, another order every time.
        reshuffle_each_iteration : bool
            Another order in every pass.
        """
        if buffer_size < 1:
            raise GraphError(f"shuffle needs a buffer of at least one element, not {buffer_size}", user_origin())
        order = steps.orders(seed, reshuffle_each_iteration)
        return self._then(lambda rows: steps.shuffled(rows, int(buffer_size), order()))

    def batch(self, batch_size: int, drop_remainder: bool = False) -> Dataset:
        """Elements in groups, stacked along a new first axis.

        Parameters
        ----------
        batch_size : int
        drop_remainder : bool
            Leave out a last group that is smaller; then the size of the axis is known.
        """
        if batch_size < 1:
            raise GraphError(f"a batch needs at least one element, not {batch_size}", user_origin())
        size = int(batch_size) if drop_remainder else None
        parts = [Component(c.dtype, None if c.shape is None else (size, *c.shape)) for c in self.components]
        return Dataset(
            parts, self.pack, lambda given: steps.batched(self.start(given), int(batch_size), drop_remainder),
            self.inputs,
        )  # fmt: skip

    def map(self, map_func: Callable[..., Any], num_parallel_calls: int | None = None) -> Dataset:
        """Every element through a function of tensors, which is compiled once.

        Parameters
        ----------
        map_func : callable
            Gets the parts of an element (a tuple's one by one) as tensors of a graph of its own; returns tensors.
        num_parallel_calls : int, optional
            Accepted; elements are computed one after the other.
        """
        compiled = steps.GraphFunction(map_func, self.components, self.pack)
        return Dataset(
            compiled.components, compiled.pack, lambda given: (compiled(row) for row in self.start(given)), self.inputs
        )

    def filter(self, predicate: Callable[..., Any]) -> Dataset:
        """The elements for which a function of tensors, compiled once, gives True."""
        compiled = steps.GraphFunction(predicate, self.components, self.pack)
        if len(compiled.components) != 1 or not compiled.components[0].dtype.is_bool:
            raise GraphError("the function of filter must return one boolean", user_origin())
        return self._then(lambda rows: (row for row in rows if compiled(row)[0].item()))

    def prefetch(self, buffer_size: int) -> Dataset:
        """The same elements, made ahead of their use by a thread, up to `buffer_size` of them."""
        return self._then(lambda rows: steps.prefetched(rows, max(1, int(buffer_size))))

    def cache(self) -> Dataset:
        """The same elements, kept in memory after the first whole pass (data sets without tensors only)."""
        kept: list[Row] = []
        return self if self.inputs else self._then(lambda rows: steps.cached(rows, kept))

    def apply(self, transformation_func: Callable[[Dataset], Dataset]) -> Dataset:
        """A function of data sets, on this one."""
        return transformation_func(self)

    def make_one_shot_iterator(self) -> Iterator:
        """An iterator that starts by itself.

        Raises
        ------
        GraphError
            If the data set uses placeholders.
        """
        self._need_no_feeds()
        return Iterator(self.components, self.pack, self, one_shot=True)

    def _need_no_feeds(self) -> None:
        if any(t.op.type == "placeholder" for t in self.inputs):
            raise GraphError("the data set uses placeholders: take make_initializable_iterator", user_origin())

    def make_initializable_iterator(self) -> Iterator:
        """An iterator that starts when its `initializer` is run."""
        return Iterator(self.components, self.pack, self)

    @property
    def output_types(self) -> Any:
        """Element types, in the structure of an element."""
        return self.pack([c.dtype for c in self.components])

    @property
    def output_shapes(self) -> Any:
        """Shapes, in the structure of an element."""
        return self.pack([TensorShape(c.shape) for c in self.components])

    def __iter__(self) -> Generator[Any]:
        self._need_no_feeds()
        return (self.pack(row) for row in self.start({}))

    def __repr__(self) -> str:
        return f"<graphc.data.Dataset types={self.output_types} shapes={self.output_shapes}>"


def _value(leaf: np.ndarray | Tensor, given: dict[Tensor, np.ndarray]) -> np.ndarray:
    if not isinstance(leaf, Tensor):
        return leaf
    if leaf in given:
        return given[leaf]
    from graphc.graph.store import Store
    from graphc.session.initial import evaluate_initial

    return evaluate_initial(leaf, Store())


def _merged(a: Component, b: Component) -> Component:
    if a.shape is None or b.shape is None or len(a.shape) != len(b.shape):
        return Component(a.dtype, None)
    return Component(a.dtype, tuple(x if x == y else None for x, y in zip(a.shape, b.shape, strict=True)))
