"""Recurrences as in Theano's scan: sequences with taps, outputs that feed back, a number of steps, a condition."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from graphc.api.control.record import Recorder, as_tensor
from graphc.api.control.steps import over_rows
from graphc.api.shaping import shape
from graphc.api.state import assign
from graphc.graph.errors import GraphError
from graphc.graph.operation import Tensor
from graphc.graph.origin import user_origin
from graphc.graph.variable import Variable


@dataclass(frozen=True)
class until:
    """The condition, among what the function of a recurrence returns, after which no further step is made."""

    condition: Any


def recurrence(
    fn: Callable[..., Any], sequences: Any = None, outputs_info: Any = None, non_sequences: Any = None,
    n_steps: Any = None, go_backwards: bool = False, truncate_gradient: int = -1, mode: Any = None,
    name: str | None = None, profile: Any = False, allow_gc: Any = None, strict: bool = False,
    return_list: bool = False,
) -> tuple[Any, dict[Variable, Tensor]]:  # fmt: skip
    """A recurrence: each step gets rows of sequences and earlier outputs.

    Parameters
    ----------
    fn : callable
        Takes, in this order, the rows of each sequence by its taps, the earlier values of each output by its taps, and
        the non-sequences. Returns an output or a list of them; a dictionary of new values of variables may follow, and
        ``until(condition)`` as the last.
    sequences : Tensor, dict, or list of these, optional
        As dict: ``input`` and ``taps``, offsets from the step, ``[0]`` by default.
    outputs_info : list, optional
        One per output: None where it does not feed back, its first value, or a dict of ``initial`` and ``taps``:
        negative offsets, ``[-1]`` by default. For several taps `initial` has the earlier values as rows, the oldest
        first.
    non_sequences : list, optional
        Further arguments of `fn`; what it uses from outside needs no mention.
    n_steps : int or Tensor, optional
        The length of the sequences if not given.
    go_backwards : bool
        Read sequences from the end; outputs stand in the order of the steps.
    truncate_gradient : int
        Must be -1: gradients go through all steps.
    name : str, optional
    mode, profile, allow_gc, strict
        Accepted without effect.
    return_list : bool
        Whether a single output comes in a list, too.

    Returns
    -------
    outputs : Tensor or list of Tensor
        Values of all steps along a new first axis.
    updates : dict of Variable to Tensor
        Values of variables after the last step, for `graphc.function`.

    Raises
    ------
    GraphError
        If the arguments do not fit together.

    Examples
    --------
    >>> import graphc as gc
    >>> with gc.Graph().as_default(), gc.Session(mode="interpret") as session:
    ...     powers, _ = gc.scan(lambda p, a: p * a, outputs_info=[1.0], non_sequences=[2.0], n_steps=4)
    ...     print(session.run(powers))
    [ 2.  4.  8. 16.]
    """
    recorder = Recorder("scan", name)
    if truncate_gradient != -1:
        raise GraphError("scan: truncate_gradient is not supported: gradients go through all steps", recorder.origin)
    rows = [_Sequence(s, go_backwards) for s in _listed(sequences)]
    infos = [_Feedback(i) for i in _listed(outputs_info, keep_none=True)]
    if n_steps is None and not rows:
        raise GraphError("scan: n_steps is needed where there are no sequences", recorder.origin)
    loop = _Recurrence(recorder, fn, rows, infos, [_known(v) for v in _listed(non_sequences)])
    return loop.run(n_steps, return_list)


def _listed(value: Any, keep_none: bool = False) -> list[Any]:
    if value is None:
        return []
    if isinstance(value, list | tuple):
        return list(value) if keep_none else [v for v in value if v is not None]
    return [value]


def _known(value: Any) -> Any:
    return value if isinstance(value, Tensor | Variable) else as_tensor(value)


class _Sequence:
    """A sequence with the offsets at which it is read."""

    def __init__(self, given: Any, backwards: bool) -> None:
        taps = [0]
        if isinstance(given, Mapping):
            taps = _listed(given.get("taps", [0])) or [0]
            given = given["input"]
        whole = as_tensor(given)
        self.whole: Tensor = whole[::-1] if backwards else whole
        self.taps = [int(t) for t in taps]
        self.low, self.high = min(0, *self.taps), max(0, *self.taps)

    def rows(self, steps: Any) -> list[Tensor]:
        """The sequence from where each tap starts, cut to the number of steps."""
        if steps is None and self.low == self.high:
            return [self.whole] * len(self.taps)
        count = self.length() if steps is None else steps
        return [self.whole[t - self.low : t - self.low + count] for t in self.taps]

    def length(self) -> Any:
        """Number of steps for which every tap has a row."""
        first = self.whole.shape.dims
        size = first[0] if first and isinstance(first[0], int) else shape(self.whole)[0]
        return size - (self.high - self.low)


class _Feedback:
    """What earlier values of an output feed back, the oldest first in `start`."""

    def __init__(self, given: Any) -> None:
        self.taps = [-1]
        initial = given
        if isinstance(given, Mapping):
            initial = given.get("initial")
            self.taps = [int(t) for t in _listed(given.get("taps", [-1])) or [-1]]
        if any(t >= 0 for t in self.taps):
            raise GraphError(f"scan: taps of outputs must be negative, not {self.taps}", user_origin())
        self.start: list[Tensor] = []
        if initial is None:
            self.taps = []
        elif self.taps == [-1]:
            self.start = [as_tensor(initial)]
        else:
            rows = as_tensor(initial)
            self.start = [rows[i] for i in range(-min(self.taps))]


@dataclass
class _Recurrence:
    recorder: Recorder
    fn: Callable[..., Any]
    sequences: list[_Sequence]
    infos: list[_Feedback]
    fixed: list[Any]

    def run(self, n_steps: Any, return_list: bool) -> tuple[Any, dict[Variable, Tensor]]:
        """Append the loop."""
        rows = [t for s in self.sequences for t in s.rows(n_steps)]
        start = [t for i in self.infos for t in i.start]
        handed: list[Variable] = []
        stop: list[Tensor] = []
        single: list[bool] = []

        def step(number: Tensor, carried: list[Tensor], rows: list[Tensor]) -> tuple[list[Any], list[Any]]:
            found = self.fn(*rows, *self._earlier(carried), *self.fixed)
            outputs, updates, condition, alone = _taken_apart(found)
            handed.extend(updates)
            for variable, value in updates.items():
                effects.append(assign(variable, value).op)
            stop.extend(condition)
            single.append(alone)
            return self._shifted(carried, outputs)

        effects: list[Any] = []
        loop = over_rows(
            self.recorder, step, start, rows, n_steps if n_steps is not None else None,
            effects=effects, handed=handed, stop=stop,
        )  # fmt: skip
        outputs = loop.stacked
        alone = single[0] and len(outputs) == 1 and not return_list
        return (outputs[0] if alone else outputs), loop.handed

    def _earlier(self, carried: list[Tensor]) -> list[Tensor]:
        """Arguments for earlier outputs: the carried values are the last ones of each, the oldest first."""
        found, first = [], 0
        for info in self.infos:
            kept = carried[first : first + len(info.start)]
            found += [kept[t] for t in info.taps]
            first += len(info.start)
        return found

    def _shifted(self, carried: list[Tensor], outputs: list[Any]) -> tuple[list[Any], list[Any]]:
        infos = self.infos or [_Feedback(None) for _ in outputs]
        if len(infos) != len(outputs):
            raise GraphError(
                f"scan: the function returns {len(outputs)} outputs, outputs_info has {len(infos)} entries",
                self.recorder.origin,
            )
        after: list[Any] = []
        results: list[Any] = []
        first = 0
        for info, output in zip(infos, outputs, strict=True):
            kept = carried[first : first + len(info.start)]
            first += len(kept)
            value = as_tensor(output, kept[-1].dtype if kept else None)
            after += [*kept[1:], value] if kept else []
            results.append(value)
        return after, results


def _taken_apart(found: Any) -> tuple[list[Any], dict[Variable, Any], list[Tensor], bool]:
    """Outputs, updates, the stopping condition, and whether there is a single output by itself."""
    parts = list(found) if isinstance(found, tuple | list) else [found]
    condition = [as_tensor(p.condition) for p in parts if isinstance(p, until)]
    parts = [p for p in parts if not isinstance(p, until)]
    updates: dict[Variable, Any] = {}
    for part in [p for p in parts if isinstance(p, Mapping) or _is_pairs(p)]:
        updates.update(part)
    parts = [p for p in parts if not (isinstance(p, Mapping) or _is_pairs(p))]
    if len(parts) == 1 and isinstance(parts[0], list | tuple):
        return list(parts[0]), updates, condition, False
    alone = not isinstance(found, list) and len(parts) == 1
    return parts, updates, condition, alone


def _is_pairs(value: Any) -> bool:
    """Whether this is a list of updates: pairs of variable and value."""
    pairs = isinstance(value, list) and all(isinstance(p, tuple) and len(p) == 2 for p in value)
    return pairs and all(isinstance(p[0], Variable) for p in value)
