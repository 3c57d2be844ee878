"""``tf.Session``: variables must be initialised, failures come as `tf.errors`, feeds are cast as TensorFlow 1 does."""

from __future__ import annotations

from typing import Any

import numpy as np

import graphc as gc
from graphc.compat.tf1._graph import follow_conventions
from graphc.compat.tf1._host import STATUS, HostValue, with_hosted, without_hosted
from graphc.compat.tf1.errors import translated
from graphc.graph.origin import user_origin


class _Options:
    """Options by name, as scripts set them; none of them changes what is computed."""

    def __init__(self, *args: Any, **options: Any) -> None:
        self.__dict__.update(options)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        made = self.__dict__[name] = _Options()
        return made


class ConfigProto(_Options):
    """Options of a session. ``intra_op_parallelism_threads`` is the number of native threads; others are accepted."""


class GPUOptions(_Options):
    """Accepted: there is no memory of a GPU to divide."""


class GraphOptions(_Options):
    """Accepted: the compiler has options of its own, `graphc.Config`."""


class OptimizerOptions(_Options):
    """Accepted: the compiler has options of its own, `graphc.Config`."""

    L0, L1, OFF, ON_1, ON_2 = -1, 0, -1, 1, 2


class RunOptions(_Options):
    """Options of a run: a ``trace_level`` other than ``NO_TRACE`` fills its `RunMetadata`; others are accepted."""

    NO_TRACE, SOFTWARE_TRACE, HARDWARE_TRACE, FULL_TRACE = range(4)


class RunMetadata(_Options):
    """What a traced run reports: in ``step_stats.dev_stats[0].node_stats`` every kernel that ran, with its times."""


def _native_config(config: Any) -> gc.Config | None:
    threads = getattr(config, "__dict__", {}).get("intra_op_parallelism_threads")
    return gc.Config(threads=threads) if isinstance(threads, int) and threads > 0 else None


class Session(gc.Session):
    """Runs a graph; variables must be given their values by an initializer first.

    Parameters
    ----------
    target : str
        Must be empty: there are no remote sessions.
    graph : Graph, optional
        The default graph if not given.
    config : ConfigProto, optional
    """

    def __init__(self, target: str = "", graph: gc.Graph | None = None, config: Any = None) -> None:
        if target:
            raise NotImplementedError(f"sessions run in this process only, not at {target!r}\n  at {user_origin()}")
        follow_conventions()
        native = config if isinstance(config, gc.Config) else _native_config(config)
        super().__init__(graph, native, store=gc.Store(strict=True))

    def run(self, fetches: Any, feed_dict: Any = None, options: Any = None, run_metadata: Any = None) -> Any:
        """Run what the fetches need, once; see `graphc.Session.run`.

        Raises
        ------
        graphc.compat.tf1.errors.OpError
            If the run fails: a missing feed, a variable without a value, an operand out of range.
        """
        feeds = self._castable(feed_dict or {})
        try:
            if run_metadata is not None and getattr(options, "__dict__", {}).get("trace_level"):
                return self._traced(fetches, feeds, run_metadata)
            return self._run(fetches, feeds)
        except (gc.GraphError, StopIteration) as error:
            failure = translated(error)
            if failure is error:
                raise
            raise failure from None

    def _traced(self, fetches: Any, feeds: Any, metadata: Any) -> Any:
        """Run once, with every kernel written down."""
        from graphc.compat.tf1._trace import step_stats
        from graphc.session.trace import traced

        with traced(self._prepare(fetches, feeds)[0]) as kernels:
            found = self._run(fetches, feeds)
        metadata.step_stats = step_stats(kernels)
        return found

    def _run(self, fetches: Any, feeds: Any) -> Any:
        status: dict[Any, Any] = self.graph.collections.get(STATUS, {})  # type: ignore[assignment]
        if status:
            feeds = feeds | {tensor: read(self) for tensor, read in status.items()}
        try:
            return super().run(fetches, feeds)
        except gc.FetchError:
            hosted: list[HostValue] = []
            rest = without_hosted(fetches, hosted)
            if not hosted:
                raise
        return with_hosted(super().run(rest, feeds), fetches, self)

    def _castable(self, feeds: Any) -> Any:
        """The feeds, with whole numbers in floating arrays as integers where a placeholder holds integers."""
        changed = None
        for key, value in feeds.items():
            if type(key) is gc.Tensor and not key.dtype.is_floating and type(value) is not int:
                array = np.asarray(value)
                if array.dtype.kind == "f" and key.dtype.is_integer and np.array_equal(array, np.trunc(array)):
                    changed = dict(feeds) if changed is None else changed
                    changed[key] = array.astype(np.int64)
        return feeds if changed is None else changed

    def list_devices(self) -> list[str]:
        """The one device of the session."""
        return ["/job:localhost/replica:0/task:0/device:CPU:0"]

    @property
    def graph_def(self) -> Any:
        """Not available: there are no protocol buffers here."""
        raise NotImplementedError("graphs have no GraphDef here: tf.train.export_meta_graph writes a graph to a file")

    def __exit__(self, *details: Any) -> None:
        super().__exit__(*details)
        self.close()


class InteractiveSession(Session, gc.InteractiveSession):
    """A session that is the default one from when it is made until it is closed."""

    def __exit__(self, *details: Any) -> None:
        gc.Session.__exit__(self, *details)
        self.close()


def get_default_session() -> gc.Session | None:
    """The innermost session in use, or None."""
    return gc.get_default_session()
