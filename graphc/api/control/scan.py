"""`scan`, `foldl`, `foldr` and `map_fn`: functions applied along the first axis of tensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from graphc.api.control.record import Recorder, as_tensor
from graphc.api.control.recurrence import recurrence
from graphc.api.control.steps import over_rows
from graphc.api.control.structure import Rebuild, flatten, shape_of
from graphc.api.shaping import concat, stop_gradient
from graphc.graph.errors import GraphError
from graphc.graph.operation import Tensor


def scan(
    fn: Callable[..., Any], elems: Any = None, initializer: Any = None, parallel_iterations: int = 10,
    back_prop: bool = True, swap_memory: bool = False, infer_shape: bool = True, reverse: bool = False,
    name: str | None = None, **recurrences: Any,
) -> Any:  # fmt: skip
    """Apply a function to rows one after another, and stack what it returns.

    There are two forms. ``scan(fn, elems, initializer)``: `fn` takes the accumulated value and a row, and returns the
    next accumulated value. With any of ``sequences``, ``outputs_info``, ``non_sequences``, ``n_steps``,
    ``go_backwards``: a recurrence as in Theano, see `graphc.recurrence`.

    Parameters
    ----------
    fn : callable ``(accumulated, row) -> accumulated``
        Both in the structures of `initializer` and `elems`. Variables may be assigned inside.
    elems : Tensor or structure of tensors
        Of equal first sizes.
    initializer : Tensor or structure, optional
        First accumulated value, the first row if not given.
    parallel_iterations, swap_memory, infer_shape
        Accepted: steps run one after another, in planned memory.
    back_prop : bool
        False: the results are constant to gradients.
    reverse : bool
        From the last row to the first; results stand at their row.
    name : str, optional
    **recurrences
        The arguments of `recurrence`.

    Returns
    -------
    object
        Accumulated values of all steps along a new first axis; for the second form a pair of outputs and updates.

    Raises
    ------
    GraphError
        If the accumulated value changes its structure, shapes or element types, with the line.

    Examples
    --------
    >>> import graphc as gc
    >>> with gc.Graph().as_default(), gc.Session(mode="interpret") as session:
    ...     x = gc.constant([1.0, 2.0, 3.0])
    ...     print(session.run(gc.scan(lambda total, row: total + row, x, initializer=10.0)))
    [11. 13. 16.]
    """
    if elems is None or recurrences:
        return recurrence(fn, name=name, **({} if elems is None else {"sequences": elems}), **recurrences)
    loop = _Accumulation("scan", fn, elems, initializer, reverse, name)
    return loop.finished(loop.stacked(), back_prop)


def foldl(
    fn: Callable[..., Any], elems: Any, initializer: Any = None, parallel_iterations: int = 10,
    back_prop: bool = True, swap_memory: bool = False, name: str | None = None,
) -> Any:  # fmt: skip
    """The last value that `scan` would give, from the first row to the last.

    Examples
    --------
    >>> import graphc as gc
    >>> with gc.Graph().as_default(), gc.Session(mode="interpret") as session:
    ...     print(session.run(gc.foldl(lambda a, x: a * 2 + x, [1, 0, 1])))
    5
    """
    loop = _Accumulation("foldl", fn, elems, initializer, False, name)
    return loop.finished(loop.last(), back_prop)


def foldr(
    fn: Callable[..., Any], elems: Any, initializer: Any = None, parallel_iterations: int = 10,
    back_prop: bool = True, swap_memory: bool = False, name: str | None = None,
) -> Any:  # fmt: skip
    """As `foldl`, from the last row to the first.

    Examples
    --------
    >>> import graphc as gc
    >>> with gc.Graph().as_default(), gc.Session(mode="interpret") as session:
    ...     print(session.run(gc.foldr(lambda a, x: a * 2 + x, [1, 0, 0])))
    1
    """
    loop = _Accumulation("foldr", fn, elems, initializer, True, name)
    return loop.finished(loop.last(), back_prop)


def map_fn(
    fn: Callable[..., Any], elems: Any, dtype: Any = None, parallel_iterations: int = 10, back_prop: bool = True,
    swap_memory: bool = False, infer_shape: bool = True, name: str | None = None,
) -> Any:  # fmt: skip
    """Apply a function to every row by itself, and stack the results.

    Parameters
    ----------
    fn : callable ``(row) -> structure``
    elems : Tensor or structure of tensors
    dtype : structure of DType, optional
        Accepted: element types are those that `fn` returns.
    parallel_iterations, swap_memory, infer_shape, back_prop, name
        As for `scan`.

    Returns
    -------
    object
        The structure that `fn` returns, of tensors with a new first axis.

    Examples
    --------
    >>> import graphc as gc
    >>> with gc.Graph().as_default(), gc.Session(mode="interpret") as session:
    ...     print(session.run(gc.map_fn(lambda row: gc.reduce_max(row), [[1, 5], [7, 2]])))
    [5 7]
    """
    recorder = Recorder("map_fn", name)
    data = _is_data(elems)
    leaves, rebuild = flatten((as_tensor(elems),) if data else elems)
    made: list[Rebuild] = []

    def step(number: Tensor, carried: list[Tensor], rows: list[Tensor]) -> tuple[list[Any], list[Any]]:
        whole = rebuild(rows)
        found = fn(whole[0] if data else whole)
        parts, make = flatten(found)
        made.append(make)
        return [], parts

    stacked = over_rows(recorder, step, [], [as_tensor(v) for v in leaves]).stacked
    return made[0](stacked if back_prop else [stop_gradient(t) for t in stacked])


def _is_data(elems: Any) -> bool:
    """Whether a list is an array of numbers, not a structure of tensors."""
    if not isinstance(elems, list | tuple | dict):
        return True
    leaves, _ = flatten(elems)
    return not any(hasattr(leaf, "shape") for leaf in leaves)


class _Accumulation:
    """A loop that carries one structure."""

    def __init__(
        self, kind: str, fn: Callable[..., Any], elems: Any, initializer: Any, reverse: bool, name: str | None
    ) -> None:
        self.recorder = Recorder(kind, name)
        self.fn, self.reverse = fn, reverse
        self.data = _is_data(elems)
        leaves, self.rebuild_row = flatten((as_tensor(elems),) if self.data else elems)
        self.rows = [as_tensor(v) for v in leaves]
        self.head: list[Tensor] = []
        if initializer is None:
            start = [t[-1] if reverse else t[0] for t in self.rows]
            self.head = [t[-1:] if reverse else t[:1] for t in self.rows]
            self.rows = [t[:-1] if reverse else t[1:] for t in self.rows]
            self.structure: Any = self.row(start)
        else:
            self.structure = initializer
        leaves, self.rebuild = flatten(self.structure)
        self.start = [as_tensor(v) for v in leaves]

    def row(self, tensors: list[Tensor]) -> Any:
        """One row in the structure of the elements."""
        whole = self.rebuild_row(tensors)
        return whole[0] if self.data else whole

    def _next(self, carried: list[Tensor], rows: list[Tensor]) -> list[Any]:
        found = self.fn(self.rebuild(carried), self.row(rows))
        if shape_of(found) != shape_of(self.structure):
            raise GraphError(
                f"{self.recorder.kind}: the function returns {found!r} where the accumulated value is "
                f"{self.structure!r}: the structure must stay",
                self.recorder.origin,
            )
        return flatten(found)[0]

    def stacked(self) -> list[Tensor]:
        """Accumulated values of all steps."""

        def step(number: Tensor, carried: list[Tensor], rows: list[Tensor]) -> tuple[list[Any], list[Any]]:
            found = [as_tensor(v, p.dtype) for v, p in zip(self._next(carried, rows), carried, strict=True)]
            return found, found

        stacked = over_rows(self.recorder, step, self.start, self.rows, reverse=self.reverse).stacked
        if not self.head:
            return stacked
        pairs = zip(self.head, stacked, strict=True)
        return [concat([s, h] if self.reverse else [h, s], axis=0) for h, s in pairs]

    def last(self) -> list[Tensor]:
        """The value after the last step."""

        def step(number: Tensor, carried: list[Tensor], rows: list[Tensor]) -> tuple[list[Any], list[Any]]:
            return self._next(carried, rows), []

        return over_rows(self.recorder, step, self.start, self.rows, reverse=self.reverse).last

    def finished(self, tensors: list[Tensor], back_prop: bool) -> Any:
        """The tensors in the structure of the accumulated value."""
        return self.rebuild(tensors if back_prop else [stop_gradient(t) for t in tensors])
