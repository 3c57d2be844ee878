"""What ``tf.RunMetadata`` holds after a traced run, in the structure of TensorFlow's ``StepStats``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from graphc.session.trace import Ran

DEVICE = "/job:localhost/replica:0/task:0/device:CPU:0"


@dataclass
class NodeExecStats:
    """One run of one kernel, with TensorFlow's times in nanoseconds and in microseconds.

    Attributes
    ----------
    node_name : str
        The first of the operations that the kernel computes.
    all_start_nanos : int
        Of the clock of `time.perf_counter_ns`.
    all_end_rel_nanos : int
        After that.
    timeline_label : str
        All that the kernel computes: ``"MatMul = matmul+add+relu(MatMul, add, Relu)"``.
    thread_id : int
    """

    node_name: str
    all_start_nanos: int
    all_end_rel_nanos: int
    timeline_label: str
    thread_id: int = 0

    op_start_rel_nanos: ClassVar[int] = 0
    op_start_rel_micros: ClassVar[int] = 0

    @property
    def op_end_rel_nanos(self) -> int:
        """The same as `all_end_rel_nanos`."""
        return self.all_end_rel_nanos

    @property
    def all_start_micros(self) -> int:
        """The start, rounded down."""
        return self.all_start_nanos // 1000

    @property
    def all_end_rel_micros(self) -> int:
        """The end, rounded down, after the start."""
        return (self.all_start_nanos + self.all_end_rel_nanos) // 1000 - self.all_start_micros

    @property
    def op_end_rel_micros(self) -> int:
        """The same as `all_end_rel_micros`."""
        return self.all_end_rel_micros


@dataclass
class DeviceStepStats:
    """The kernels that ran on a device, in order."""

    device: str
    node_stats: list[NodeExecStats] = field(default_factory=list)


@dataclass
class StepStats:
    """All devices of a run."""

    dev_stats: list[DeviceStepStats] = field(default_factory=list)


def step_stats(kernels: Sequence[Ran]) -> StepStats:
    """The structure for the kernels of a run."""
    return StepStats([DeviceStepStats(DEVICE, [_node(ran) for ran in kernels])])


def _node(ran: Ran) -> NodeExecStats:
    name = ran.operations[0] if ran.operations else ran.label
    return NodeExecStats(name, ran.begin, ran.end - ran.begin, f"{name} = {ran.label}({', '.join(ran.operations)})")
