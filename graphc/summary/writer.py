"""Event files: summaries and graphs with their time and step, for TensorBoard."""

from __future__ import annotations

import itertools
import os
import socket
import threading
import time
import weakref
from typing import Any

from graphc.graph.errors import GraphError
from graphc.graph.graph import Graph
from graphc.graph.origin import user_origin
from graphc.summary.graphdef import encode_graph
from graphc.summary.message import Summary
from graphc.summary.wire import block, double, integer, record

_numbers = itertools.count()


class FileWriter:
    """Writes summaries to a file of a directory, which TensorBoard watches.

    Parameters
    ----------
    logdir : path-like
        Made if it does not exist; every writer makes a new file there.
    graph : Graph, optional
        Written first.
    flush_secs : float
        Events reach the disk after so many seconds at the latest, if more are added.
    filename_suffix : str, optional

    Examples
    --------
    >>> import os, tempfile, graphc as gc
    >>> with gc.Graph().as_default() as graph, tempfile.TemporaryDirectory() as folder:
    ...     x = gc.placeholder(gc.float32, [])
    ...     summary = gc.summary.scalar("x", x)
    ...     with gc.Session(mode="interpret") as session, gc.summary.FileWriter(folder, graph) as writer:
    ...         for step in range(3):
    ...             writer.add_summary(session.run(summary, {x: step / 2}), step)
    ...     print(os.listdir(folder)[0][:20])
    events.out.tfevents.
    """

    def __init__(
        self, logdir: str | os.PathLike[str], graph: Graph | None = None, flush_secs: float = 120,
        filename_suffix: str | None = None,
    ) -> None:  # fmt: skip
        self.logdir = os.fspath(logdir)
        self.flush_secs = flush_secs
        self._suffix = filename_suffix or ""
        self._lock = threading.Lock()
        self._open()
        if graph is not None:
            self.add_graph(graph)

    def _open(self) -> None:
        os.makedirs(self.logdir, exist_ok=True)
        name = f"events.out.tfevents.{int(time.time()):010d}.{socket.gethostname()}.{os.getpid()}.{next(_numbers)}"
        self.path = os.path.join(self.logdir, name + self._suffix)
        self._file = open(self.path, "wb")  # noqa: SIM115
        self._closer = weakref.finalize(self, self._file.close)
        self._flushed = time.monotonic()
        self.add_event(block(3, "brain.Event:2"))
        self.flush()

    def get_logdir(self) -> str:
        """The directory."""
        return self.logdir

    def add_summary(self, summary: bytes | Summary, global_step: Any = None) -> None:
        """Write a summary.

        Parameters
        ----------
        summary : bytes or Summary
            What a session's `run` gave for a summary.
        global_step : int, optional

        Raises
        ------
        GraphError
            If it is none.
        """
        data = summary.SerializeToString() if isinstance(summary, Summary) else summary
        if not isinstance(data, bytes):
            raise GraphError(
                f"add_summary takes the bytes that session.run gives for a summary, not {data!r}", user_origin()
            )
        self.add_event(block(5, data), global_step)

    def add_graph(self, graph: Graph, global_step: Any = None) -> None:
        """Write a graph: TensorBoard draws it."""
        if not isinstance(graph, Graph):
            raise GraphError(f"add_graph takes a graph, such as session.graph, not {graph!r}", user_origin())
        self.add_event(block(4, encode_graph(graph)), global_step)

    def add_event(self, fields: bytes, global_step: Any = None) -> None:
        """Write an event with encoded fields; time and step are added."""
        step = b"" if global_step is None else integer(2, int(global_step))
        with self._lock:
            if self._file.closed:
                raise GraphError(f"the writer of {self.path} is closed: reopen() starts a new file", user_origin())
            self._file.write(record(double(1, time.time()) + step + fields))
            if time.monotonic() - self._flushed > self.flush_secs:
                self._file.flush()
                self._flushed = time.monotonic()

    def flush(self) -> None:
        """Hand everything to the operating system."""
        with self._lock:
            if not self._file.closed:
                self._file.flush()
                self._flushed = time.monotonic()

    def close(self) -> None:
        """Flush and close the file."""
        with self._lock:
            self._closer()

    def reopen(self) -> None:
        """Start a new file after `close`."""
        if self._file.closed:
            self._open()

    def __enter__(self) -> FileWriter:
        return self

    def __exit__(self, *details: Any) -> None:
        self.close()
