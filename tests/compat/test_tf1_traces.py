"""Traced runs: they are the run itself, and ``RunMetadata`` lists its kernels."""

import json

import numpy as np
import pytest

import graphc as gc
import graphc.compat.tf1 as tf
from graphc.compat.imports import Alias, resolve
from graphc.compat.tf1.python.client import timeline

FULL = {"options": tf.RunOptions(trace_level=tf.RunOptions.FULL_TRACE)}


def test_a_traced_run_counts_once_and_lists_its_kernels(tmp_path):
    with gc.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, [None, 4])
        w = tf.Variable(tf.ones([4, 3]), name="w")
        steps = tf.Variable(0, name="steps")
        loss = tf.reduce_mean(tf.square(tf.matmul(x, w)))
        train = tf.train.GradientDescentOptimizer(0.1).minimize(loss, global_step=steps)
        session.run(tf.global_variables_initializer())
        metadata = tf.RunMetadata()
        feeds = {x: np.ones((5, 4), np.float32)}
        values = [session.run([loss, train], feeds, run_metadata=metadata, **FULL)[0] for _ in range(3)]
        assert session.run(steps) == 3
        assert values == sorted(values, reverse=True)
        assert session.run([loss, train], feeds)[0] < values[-1]
        report = session.report([loss, train], feeds)
    (device,) = metadata.step_stats.dev_stats
    labels = [node.timeline_label.partition(" = ")[2].partition("(")[0] for node in device.node_stats]
    assert labels == [call["label"] for call in report["calls"]]
    assert any("MatMul" in node.node_name for node in device.node_stats)
    ends = [node.all_start_micros + node.op_end_rel_micros for node in device.node_stats]
    assert ends == sorted(ends)
    trace = json.loads(timeline.Timeline(metadata.step_stats).generate_chrome_trace_format())
    assert [event["name"] for event in trace["traceEvents"] if event["ph"] == "X"] == labels


def test_no_trace_is_no_trace():
    with gc.Graph().as_default(), tf.Session() as session:
        metadata = tf.RunMetadata()
        options = tf.RunOptions(trace_level=tf.RunOptions.NO_TRACE)
        assert session.run(tf.constant(2.0) * 3.0, options=options, run_metadata=metadata) == 6.0
        with pytest.raises(ValueError, match="FULL_TRACE"):
            timeline.Timeline(metadata.step_stats)


def test_what_fails_in_a_traced_run_fails_as_ever():
    with gc.Graph().as_default(), tf.Session() as session:
        v = tf.Variable(1.0)
        with pytest.raises(tf.errors.FailedPreconditionError):
            session.run(v * 2.0, run_metadata=tf.RunMetadata(), **FULL)
        session.run(tf.global_variables_initializer(), run_metadata=tf.RunMetadata(), **FULL)
        assert session.run(v * 2.0, run_metadata=tf.RunMetadata(), **FULL) == 2.0


@pytest.mark.parametrize(("module", "name"), [("client.timeline", "Timeline"), ("client", "timeline")])
def test_scripts_find_the_time_line_where_it_was(module, name):
    full = f"tensorflow.python.{module}"
    assert getattr(Alias(full, resolve(full)), name) in (timeline, timeline.Timeline)
