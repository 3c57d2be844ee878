"""Iterators: tensors of a graph that stand for the next element of a data set in every run."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Iterator as Generator
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from graphc.api.python import result_node
from graphc.data.structure import Component, Pack, declared
from graphc.graph.errors import GraphError, OutOfRangeError
from graphc.graph.graph import get_default_graph
from graphc.graph.operation import Operation, Tensor
from graphc.graph.origin import user_origin
from graphc.graph.store import Store
from graphc.session.hosted import add_hosted

if TYPE_CHECKING:
    from graphc.data.dataset import Dataset

Row = tuple[np.ndarray, ...]


class Iterator:
    """Goes through a data set, once in every session.

    Made by `Dataset.make_one_shot_iterator`, `Dataset.make_initializable_iterator` or `Iterator.from_structure`.

    Attributes
    ----------
    components : list of Component
        Types of an element's arrays.
    """

    def __init__(
        self, components: Sequence[Component], pack: Pack, dataset: Dataset | None = None, one_shot: bool = False
    ) -> None:
        self.components = list(components)
        self.pack = pack
        self._dataset = dataset
        self._one_shot = one_shot
        self._running: weakref.WeakKeyDictionary[Store, Generator[Row]] = weakref.WeakKeyDictionary()
        self._lock = threading.Lock()
        self._initializer: Operation | None = None

    @classmethod
    def from_structure(cls, output_types: Any, output_shapes: Any = None) -> Iterator:
        """An iterator for several data sets with such elements, which `make_initializer` chooses from.

        Parameters
        ----------
        output_types : structure of DType
        output_shapes : structure of shapes, optional
        """
        return cls(*declared(output_types, output_shapes))

    @property
    def initializer(self) -> Operation:
        """The operation that starts from the first element, for an iterator made by `make_initializable_iterator`.

        Raises
        ------
        GraphError
            If it starts by itself, or has no data set.
        """
        if self._dataset is None or self._one_shot:
            raise GraphError(
                "this iterator has no initializer: a one-shot one starts by itself, one of a structure by "
                "make_initializer(dataset)",
                user_origin(),
            )
        if self._initializer is None:
            self._initializer = self.make_initializer(self._dataset)
        return self._initializer

    def make_initializer(self, dataset: Dataset, name: str | None = None) -> Operation:
        """An operation that starts from the first element of a data set; placeholders that it uses are fed to it.

        Raises
        ------
        GraphError
            If the types of its elements are others.
        """
        if [c.dtype for c in dataset.components] != [c.dtype for c in self.components]:
            have, want = ([c.dtype.name for c in p.components] for p in (dataset, self))
            raise GraphError(f"the data set has elements of types {have}, the iterator of {want}", user_origin())
        graph = get_default_graph()
        op = graph.add(
            "make_iterator", name, tuple(dataset.inputs), None, (), {"sink": _Start(self, dataset)}, []
        )  # fmt: skip
        return add_hosted(op)

    def get_next(self, name: str | None = None) -> Any:
        """The next element as tensors: every run that needs them goes on by one.

        Returns
        -------
        structure of Tensor
            In the structure of the elements. A run after the last element raises `OutOfRangeError`.
        """
        graph = get_default_graph()
        results = [(c.dtype, result_node(c.dtype, c.shape, i)) for i, c in enumerate(self.components)]
        op = graph.add("iterator_get_next", name, (), None, (), {"source": self}, results)
        return self.pack(add_hosted(op).outputs)

    def begin(self, store: Store, dataset: Dataset, values: dict[Tensor, np.ndarray]) -> None:
        """Start from the first element, with values of the placeholders that the data set uses."""
        with self._lock:
            self._running[store] = dataset.start(values)

    @property
    def in_step(self) -> bool:
        """Rows are drawn before the step."""
        return False

    def draw(self, store: Store, values: Sequence[np.ndarray] = ()) -> Row:
        """The next element.

        Raises
        ------
        OutOfRangeError
            After the last one.
        GraphError
            If the iterator has not been started.
        """
        with self._lock:
            running = self._running.get(store)
            if running is None:
                if self._dataset is None or not self._one_shot:
                    raise GraphError(
                        "the iterator has not been started in this session: run its initializer first", user_origin()
                    )
                running = self._running[store] = self._dataset.start({})
            for row in running:
                return row
        raise OutOfRangeError("end of sequence: the iterator has no more elements", user_origin())

    def __repr__(self) -> str:
        return f"<graphc.data.Iterator of {len(self.components)} components>"


class _Start:
    """What an initializer does after its run."""

    def __init__(self, iterator: Iterator, dataset: Dataset) -> None:
        self.iterator, self.dataset = iterator, dataset

    def accept(self, store: Store, values: Sequence[np.ndarray]) -> None:
        """Start with the values of the data set's tensors."""
        self.iterator.begin(store, self.dataset, dict(zip(self.dataset.inputs, values, strict=True)))
