"""``theano.scan`` and the loops made of it."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np

import graphc as gc
from graphc.compat.theano._setting import config, follow_conventions
from graphc.compat.theano.tensor._making import as_tensor_variable


def _typed(value: Any) -> Any:
    """Python numbers and arrays as Theano types them; tensors and the rest as they are."""
    if isinstance(value, dict):
        return {key: _typed(v) if key in ("initial", "input") else v for key, v in value.items()}
    if isinstance(value, bool | int | np.ndarray | np.generic):
        return np.asarray(value)
    return np.asarray(value, config.floatX) if isinstance(value, float) else value


def _all_typed(values: Any) -> Any:
    return [_typed(v) for v in values] if isinstance(values, list | tuple) else _typed(values)


def _length(sequence: Any) -> Any:
    """Number of steps for which a sequence has values at all of its taps."""
    taps = [0]
    if isinstance(sequence, dict):
        given = sequence.get("taps", 0)
        taps = [0, *(given if isinstance(given, list | tuple) else [given])]
        sequence = sequence["input"]
    tensor = as_tensor_variable(sequence)
    known = tensor.shape.dims
    size = known[0] if known and isinstance(known[0], int) else gc.shape(tensor, "int64")[0]
    return size - (max(taps) - min(taps))


def _shortest(sequences: list[Any]) -> Any:
    """The number of steps where there are several sequences; None where their lengths need not be compared."""
    lengths = [_length(s) for s in sequences if s is not None]
    known = [n for n in lengths if isinstance(n, int)]
    if len(lengths) < 2 or (len(known) == len(lengths) and len(set(known)) == 1):
        return None
    steps = min(known) if known else None
    for length in lengths:
        if not isinstance(length, int):
            steps = length if steps is None else gc.minimum(length, steps)
    return steps


def scan(
    fn: Callable[..., Any], sequences: Any = None, outputs_info: Any = None, non_sequences: Any = None,
    n_steps: Any = None, **options: Any,
) -> tuple[Any, dict[gc.Variable, gc.Tensor]]:  # fmt: skip
    """A recurrence, `graphc.recurrence`: outputs of all steps, and updates for `function`.

    Of sequences of different lengths the shortest one says how many steps there are.
    """
    follow_conventions()
    rows = _all_typed(sequences)
    steps = _shortest(rows) if n_steps is None and isinstance(rows, list) else _typed(n_steps)
    found: tuple[Any, dict[gc.Variable, gc.Tensor]] = gc.recurrence(
        fn, rows, _all_typed(outputs_info), _all_typed(non_sequences), steps, **options
    )
    return found


def map(
    fn: Callable[..., Any], sequences: Any, non_sequences: Any = None, go_backwards: bool = False, **options: Any
) -> Any:
    """A function of every row of the sequences."""
    return scan(fn, sequences, None, non_sequences, go_backwards=go_backwards, **options)


def reduce(
    fn: Callable[..., Any], sequences: Any, outputs_info: Any, non_sequences: Any = None, go_backwards: bool = False,
    **options: Any,
) -> Any:  # fmt: skip
    """What is left after the last step of a recurrence."""
    outputs, updates = scan(fn, sequences, outputs_info, non_sequences, go_backwards=go_backwards, **options)
    return ([o[-1] for o in outputs] if isinstance(outputs, list) else outputs[-1]), updates


def foldl(fn: Callable[..., Any], sequences: Any, outputs_info: Any, non_sequences: Any = None, **options: Any) -> Any:
    """`reduce` from the first row to the last."""
    return reduce(fn, sequences, outputs_info, non_sequences, **options)


def foldr(fn: Callable[..., Any], sequences: Any, outputs_info: Any, non_sequences: Any = None, **options: Any) -> Any:
    """`reduce` from the last row to the first."""
    return reduce(fn, sequences, outputs_info, non_sequences, go_backwards=True, **options)


scan_module = SimpleNamespace(until=gc.until, scan=scan)
