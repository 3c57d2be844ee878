"""``tf.train``: optimizers, schedules, checkpoints."""

from __future__ import annotations

from typing import Any

from graphc.compat.tf1 import _train
from graphc.compat.tf1._binding import namespace
from graphc.compat.tf1._tables.core import FILES, QUEUES

TABLE = """
Optimizer = train.Optimizer
Saver = train.Saver
latest_checkpoint = train.latest_checkpoint
get_checkpoint_state = train.get_checkpoint_state
ExponentialMovingAverage = train.ExponentialMovingAverage
SummaryWriter = summary.FileWriter
export_meta_graph = checkpoint.export_meta_graph
import_meta_graph = checkpoint.import_meta_graph
get_global_step = ._train.get_global_step
get_or_create_global_step = ._train.get_or_create_global_step
create_global_step = ._train.create_global_step
global_step = ._train.global_step
assert_global_step = ._train.assert_global_step
Coordinator = ._train.Coordinator
start_queue_runners = ._train.start_queue_runners
exponential_decay = train.exponential_decay ExponentialDecay learning_rate global_step decay_steps decay_rate
    staircase name
natural_exp_decay = train.natural_exp_decay NaturalExpDecay learning_rate global_step decay_steps decay_rate
    staircase name
inverse_time_decay = train.inverse_time_decay InverseTimeDecay learning_rate global_step decay_steps
    decay_rate staircase name
polynomial_decay = train.polynomial_decay PolynomialDecay learning_rate global_step decay_steps
    end_learning_rate power cycle name
piecewise_constant = train.piecewise_constant PiecewiseConstant x boundaries values name
cosine_decay = train.cosine_decay CosineDecay learning_rate global_step decay_steps alpha name
"""

_WRITTEN = "write the loop with tf.Session and tf.train.Saver"
_CLUSTER = "one process computes; there are no clusters"
MISSING = {
    **dict.fromkeys(
        ("batch", "shuffle_batch", "batch_join", "shuffle_batch_join", "string_input_producer", "slice_input_producer",
         "input_producer", "range_input_producer", "limit_epochs", "QueueRunner", "add_queue_runner", "maybe_batch"),
        QUEUES,
    ),
    **dict.fromkeys(
        ("Example", "Features", "Feature", "Int64List", "FloatList", "BytesList", "SequenceExample"), FILES
    ),
    **dict.fromkeys(
        ("MonitoredTrainingSession", "MonitoredSession", "SingularMonitoredSession", "Supervisor", "SessionManager",
         "Scaffold", "SessionRunHook", "LoggingTensorHook", "StopAtStepHook",
         "CheckpointSaverHook", "SummarySaverHook"),
        _WRITTEN,
    ),
    **dict.fromkeys(
        ("Server", "ClusterSpec", "ServerDef", "replica_device_setter", "SyncReplicasOptimizer"), _CLUSTER
    ),
    "write_graph": "tf.train.export_meta_graph writes a graph to a file",
    "NewCheckpointReader": "use graphc.checkpoint.read_checkpoint",
    "AdagradDAOptimizer": "use tf.train.AdagradOptimizer",
}  # fmt: skip

_find = namespace("tf.train", TABLE, ("graphc.train", "graphc.checkpoint"), MISSING)


def __getattr__(name: str) -> Any:
    if name in _train.KINDS:
        return _train.optimizer_class(name)
    return _find(name)
