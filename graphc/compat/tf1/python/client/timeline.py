"""``tensorflow.python.client.timeline``: a traced run as a Chrome trace."""

from __future__ import annotations

import json
from typing import Any

from graphc.compat.tf1._trace import StepStats

__all__ = ["Timeline"]


class Timeline:
    """A run on a time line.

    Parameters
    ----------
    step_stats : StepStats
        Of a `RunMetadata` that was given to a run with ``trace_level=tf.RunOptions.FULL_TRACE``.
    graph : object, optional
        Accepted.

    Raises
    ------
    ValueError
        If the run was not traced.
    """

    def __init__(self, step_stats: Any, graph: Any = None) -> None:
        if not isinstance(step_stats, StepStats):
            raise ValueError(
                "this RunMetadata holds no trace: give it to session.run together with "
                "options=tf.RunOptions(trace_level=tf.RunOptions.FULL_TRACE)"
            )
        self._stats = step_stats

    def generate_chrome_trace_format(
        self, show_dataflow: bool = True, show_memory: bool = False, op_time: str = "schedule"
    ) -> str:
        """The text of a trace file, for Perfetto and chrome://tracing: an event for each kernel that ran."""
        events: list[dict[str, Any]] = []
        for process, device in enumerate(self._stats.dev_stats):
            events.append({"name": "process_name", "ph": "M", "pid": process, "args": {"name": device.device}})
            for node in device.node_stats:
                operation = node.timeline_label.partition(" = ")[2].partition("(")[0]
                events.append({
                    "ph": "X", "cat": "Op", "name": operation, "pid": process, "tid": node.thread_id,
                    "ts": node.all_start_nanos * 1e-3, "dur": node.all_end_rel_nanos * 1e-3,
                    "args": {"name": node.node_name, "op": operation},
                })  # fmt: skip
        return json.dumps({"traceEvents": events}, indent=1)
