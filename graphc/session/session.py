"""Sessions: run parts of a graph against a store of variables."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np

from graphc.graph.context import check_fetchable
from graphc.graph.errors import FeedError, GraphError
from graphc.graph.graph import Graph, get_default_graph
from graphc.graph.operation import Operation, Tensor
from graphc.graph.origin import user_origin
from graphc.graph.store import Store
from graphc.graph.variable import Variable
from graphc.ir.dims import dim_max
from graphc.session.config import Config, chosen_config
from graphc.session.current import SESSIONS
from graphc.session.feeds import feed_array
from graphc.session.growth import GrowthWatch
from graphc.session.launch import LAUNCH
from graphc.session.lower import Feed, Lowered, SizeMismatch, lower
from graphc.session.report import Report
from graphc.session.structure import all_of, flat_feeds, flatten, only_one, structure_key

if TYPE_CHECKING:
    from graphc.session.profile import Profile

# The collection of operations that Python does before or after a step.
HOSTED = "hosted_operations"


class Step(Protocol):
    """One signature, ready to run."""

    def __call__(self, feeds: Sequence[np.ndarray]) -> list[Any]:
        """Run once on checked feeds; fetched values in order."""
        ...


@runtime_checkable
class FastStep(Step, Protocol):
    """A step that can check its own feeds."""

    def attempt(self, values: Sequence[Any]) -> list[Any] | None:
        """Run on unchecked values if they are exactly such arrays as the last run had, else return None."""
        ...


class Plan:
    """All compiled forms of one set of fetches and feeds: one per ranks of the feeds."""

    def __init__(self, session: Session, fetches: Sequence[Tensor | Operation], feeds: Sequence[Tensor]) -> None:
        self.session = session
        self.fetches = tuple(fetches)
        self.targets = self.fetches
        self.feeds = tuple(feeds)
        self.steps: dict[tuple[Any, ...], Step] = {}
        self.ones: set[tuple[tuple[int, int], ...]] = set()
        self.lock = threading.Lock()
        self.last: FastStep | None = None
        self.instead: Callable[[Step], Step] | None = None

    def step(self, arrays: Sequence[np.ndarray]) -> Step:
        """The step for the ranks of these arrays, made on first use; while it is traced, the one with clocks."""
        found = self._step(self._key(arrays))
        return found if self.instead is None else self.instead(found)

    def _step(self, key: tuple[Any, ...]) -> Step:
        found = self.steps.get(key)
        if found is None:
            with self.lock:
                found = self.steps.get(key)
                if found is None:
                    found = self.session.make_step(self.lowered(*key))
                    found = self.steps[key] = LAUNCH.watch(self, found) if LAUNCH.watch else found
        return found

    def _key(self, arrays: Sequence[np.ndarray]) -> tuple[Any, ...]:
        ranks = tuple(a.ndim for a in arrays)
        pattern = next((p for p in self.ones if all(arrays[i].shape[axis] == 1 for i, axis in p)), ())
        return ranks, pattern

    def specialized(self, ranks: tuple[int, ...]) -> Step:
        """The step for feeds of these ranks, made on first use."""
        return self._step((ranks, ()))

    def lowered(self, ranks: tuple[int, ...], pattern: tuple[tuple[int, int], ...] = ()) -> Lowered:
        """The program for feeds of these ranks, of which those axes are 1."""
        feeds = [
            Feed(tensor, rank, tuple(axis for j, axis in pattern if j == i))
            for i, (tensor, rank) in enumerate(zip(self.feeds, ranks, strict=True))
        ]
        return lower(self.targets, feeds)

    def run(self, values: Sequence[Any]) -> list[Any]:
        """Run on values of the feeds, in order: fetched values, without those of operations.

        Arrays exactly like those of the last run go straight to the native step; all others are checked first.
        """
        if self.last is not None:
            found = self.last.attempt(values)
            if found is not None:
                return found
        return self.run_checked([feed_array(t, v) for t, v in zip(self.feeds, values, strict=True)])

    def run_checked(self, arrays: Sequence[np.ndarray]) -> list[Any]:
        """Run on checked arrays; where sizes assumed equal turn out to be 1, that case is specialised once."""
        try:
            step = self.step(arrays)
            found = step(arrays)
            self.last = step if isinstance(step, FastStep) else None
            return found
        except SizeMismatch as mismatch:
            self.narrow(mismatch, arrays)
        return self.run_checked(arrays)

    def narrow(self, mismatch: SizeMismatch, arrays: Sequence[np.ndarray]) -> None:
        """Remember that axes of these arrays are 1 where sizes were assumed equal, or raise if that is not why."""
        pattern = self._broadcast_pattern(mismatch, arrays)
        if pattern is None or pattern in self.ones:
            raise self._size_error(mismatch, arrays) from None
        self.ones.add(pattern)

    def fed(self, values: Sequence[Any]) -> list[Any]:
        """Values of all feeds, from those that a run is given."""
        return [*values]

    def report(self) -> Report:
        """What the compiler did for the signature made last.

        Raises
        ------
        GraphError
            If there is none yet, or the interpreter runs it.
        """
        made = [step for step in self.steps.values() if hasattr(step, "report")]
        if not made:
            raise GraphError("nothing has been compiled yet: call it once, in mode 'compile'", user_origin())
        return Report.of(made[-1].report())  # type: ignore[attr-defined]

    def _broadcast_pattern(
        self, mismatch: SizeMismatch, arrays: Sequence[np.ndarray]
    ) -> tuple[tuple[int, int], ...] | None:
        """The unknown axes of size 1, if the mismatch is one of broadcasting."""
        if 1 not in (mismatch.left, mismatch.right):
            return None
        found = []
        for i, (tensor, array) in enumerate(zip(self.feeds, arrays, strict=True)):
            known = tensor.shape.dims or (None,) * array.ndim
            found += [(i, a) for a, d in enumerate(known) if not isinstance(d, int) and array.shape[a] == 1]
        return tuple(found) or None

    def _size_error(self, mismatch: SizeMismatch, arrays: Sequence[np.ndarray]) -> FeedError:
        shapes = ", ".join(f"{t.name} {a.shape}" for t, a in zip(self.feeds, arrays, strict=True))
        made = "".join(f"\n  {t.name} was made at {t.op.origin}" for t in self.feeds)
        guard = mismatch.guard
        if guard.right == dim_max(guard.left, 1):
            what = "an axis that must not be empty has size 0"
        elif guard.right == dim_max(guard.left, 0):
            what = f"a size would be {mismatch.left}"
        else:
            what = f"sizes {mismatch.left} and {mismatch.right} do not fit together"
        return FeedError(f"{what} in {guard.reason}\n  feeds: {shapes}{made}")


def make_plan(session: Session, fetches: Sequence[Tensor | Operation], feeds: Sequence[Tensor]) -> Plan:
    """The plan of fetches and feeds; graphs with operations that Python does before or after a step need more."""
    if not session.graph.get_collection(HOSTED):
        return Plan(session, fetches, feeds)
    from graphc.session.hosted import HostedPlan

    return HostedPlan(session, fetches, feeds)


class Session:
    """Runs a graph.

    Parameters
    ----------
    graph : Graph, optional
        The default graph if not given.
    config : Config, optional
    mode : str, optional
        Short for ``config=Config(mode=mode)``.
    store : Store, optional
        Where variables live; a new one if not given.
    device : str, optional
        Short for ``config=Config(device=device)``.

    Examples
    --------
    >>> import graphc as gc
    >>> with gc.Graph().as_default():
    ...     x = gc.placeholder(gc.float32, [None])
    ...     with gc.Session(mode="interpret") as session:
    ...         print(session.run(x * 2.0, {x: [1.0, 2.0]}))
    [2. 4.]
    """

    def __init__(
        self, graph: Graph | None = None, config: Config | None = None, mode: str | None = None,
        store: Store | None = None, device: str | None = None,
    ) -> None:  # fmt: skip
        self.graph = graph if graph is not None else get_default_graph()
        self._config = chosen_config(config, mode, device)
        self.store = store if store is not None else Store()
        self._plans: dict[Any, Plan] = {}
        self._calls: dict[Any, tuple[Plan, Callable[[list[Any]], Any]]] = {}
        self._growth = GrowthWatch(self.graph)
        self._closed = False

    @property
    def config(self) -> Config:
        """Its choices; what runs after they are changed is made anew."""
        return self._config

    @config.setter
    def config(self, config: Config) -> None:
        self._config = config
        self._plans, self._calls = {}, {}

    def make_step(self, lowered: Any) -> Step:
        """Compile a specialised program, or prepare it for the interpreter; initialisation is not worth compiling."""
        step: Step
        if self.config.mode == "interpret" or lowered.only_initializes:
            from graphc.session.interpreted import InterpretedStep

            step = InterpretedStep(lowered, self.store)
        else:
            from graphc.session.compiled import compile_step

            step = compile_step(lowered, self.store, self.config)
        if self.config.nan_guard:
            from graphc.session.nan_guard import GuardedStep

            return GuardedStep(step, lowered, self.store)
        return step

    def run(self, fetches: Any, feed_dict: dict[Any, Any] | None = None) -> Any:
        """Run what the fetches need, once.

        Parameters
        ----------
        fetches : Tensor, Operation, Variable, name, or a structure of these
        feed_dict : dict, optional
            Values for tensors, by tensor or name.

        Returns
        -------
        object
            Values in the structure of the fetches; None for operations.

        Raises
        ------
        FetchError, FeedError
            Before anything runs.
        ExecutionError
            If the running step fails; no variable has changed then.
        """
        feeds = feed_dict or {}
        key = structure_key(fetches, feeds)
        found = self._calls.get(key) if key is not None else None
        if found is None:
            if any(isinstance(feed, tuple) for feed in feeds):
                return self.run(fetches, dict(flat_feeds(feeds)))
            self._growth.check()
            found = self._prepare(fetches, feeds)
            # A graph only grows, so what a key means stays: tensors, variables and names are never given to others.
            if key is not None:
                self._calls[key] = found
        plan, rebuild = found
        return rebuild(plan.run([*feeds.values()]))

    def make_callable(self, fetches: Any, feed_list: Sequence[Any] = ()) -> Callable[..., Any]:
        """A function of the values of `feed_list`, in order, that runs the fetches with least overhead."""
        plan, rebuild = self._prepare(fetches, feed_list)
        count = len(feed_list)

        def call(*values: Any) -> Any:
            if len(values) != count:
                raise FeedError(f"{count} values are needed, {len(values)} were given", user_origin())
            return rebuild(plan.run(values))

        return call

    def report(self, fetches: Any, feed_dict: Any = ()) -> Report:
        """What the compiler did for fetches and feeds that have been run; printing it gives tables.

        Raises
        ------
        GraphError
            If they have not been run yet, or the interpreter runs them.
        """
        flat, _ = flatten(self.graph, fetches)
        return self._plan(flat, [self._fed_tensor(key) for key in feed_dict]).report()

    def profile(self, fetches: Any, feed_dict: dict[Any, Any] | None = None, *, seconds: float = 1.0) -> Profile:
        """Time every kernel of a step on these feeds; see `Function.profile`."""
        from graphc.session.timed import profile_plan

        feeds = dict(flat_feeds(feed_dict or {}))
        return profile_plan(self._prepare(fetches, feeds)[0], [*feeds.values()], seconds)

    def _prepare(self, fetches: Any, feeds: Iterable[Any]) -> tuple[Plan, Callable[[list[Any]], Any]]:
        """The plan of fetches and feeds, and what makes the structure of the fetches of its results."""
        self._check_open()
        tensors = [self._fed_tensor(key) for key in feeds]
        flat, rebuild = flatten(self.graph, fetches)
        plan = self._plan(flat, tensors)
        if type(fetches) is Tensor:
            return plan, only_one
        if type(fetches) is list and all(type(f) is Tensor for f in fetches):
            return plan, all_of
        return plan, lambda found: rebuild(scattered(plan.fetches, found))

    def _plan(self, fetches: Sequence[Tensor | Operation], feeds: Sequence[Tensor]) -> Plan:
        key = (tuple(fetches), tuple(feeds))
        plan = self._plans.get(key)
        if plan is None:
            if len(set(feeds)) != len(feeds):
                raise FeedError("a tensor is fed twice", user_origin())
            plan = self._plans[key] = make_plan(self, fetches, feeds)
        return plan

    def _fed_tensor(self, key: Any) -> Tensor:
        if isinstance(key, str):
            try:
                key = self.graph.get_tensor_by_name(key)
            except (KeyError, ValueError) as error:
                raise FeedError(f"cannot feed {key!r}: {error.args[0]}", user_origin()) from None
        if isinstance(key, Variable):
            key = key.op.outputs[0]
        if not isinstance(key, Tensor):
            raise FeedError(
                f"cannot feed {key!r} of type {type(key).__name__}: feed tensors or their names", user_origin()
            )
        check_fetchable(key.op, "fed", user_origin())
        if key.graph is not self.graph:
            raise FeedError(
                f"cannot feed {key.name}: it belongs to another graph than this session's; it was made at "
                f"{key.op.origin}",
                user_origin(),
            )
        return key

    def _check_open(self) -> None:
        if self._closed:
            raise GraphError("the session is closed", user_origin())

    def close(self) -> None:
        """Give compiled code and variables back; the session cannot be used afterwards."""
        self._closed = True
        self._plans, self._calls = {}, {}

    @contextmanager
    def as_default(self) -> Iterator[Session]:
        """Make this the default session, and its graph the default graph; the session stays open afterwards."""
        with self.graph.as_default():
            SESSIONS.stack.append(self)
            try:
                yield self
            finally:
                SESSIONS.stack.remove(self)

    def __enter__(self) -> Session:
        self._entered = self.graph.as_default()
        self._entered.__enter__()
        SESSIONS.stack.append(self)
        return self

    def __exit__(self, *details: Any) -> None:
        SESSIONS.stack.remove(self)
        self._entered.__exit__(*details)


def scattered(fetches: Sequence[Tensor | Operation], values: Sequence[Any]) -> list[Any]:
    """Values by fetch: None for operations, NumPy scalars for rank 0."""
    results = iter(values)
    out: list[Any] = []
    for fetch in fetches:
        if isinstance(fetch, Operation):
            out.append(None)
        else:
            value = next(results)
            out.append(value[()] if value.ndim == 0 else value)
    return out
