"""What reports say is readable: labels of kernels that compute nothing, bytes of long plans."""

import re

import numpy as np

import graphc as gc


def test_kernels_that_only_move_or_fill_have_names_and_the_arena_a_size():
    with gc.Graph().as_default(), gc.Session() as session:
        x = gc.placeholder(gc.float32, [None, 7, 3])
        _, state = gc.rnn.dynamic_rnn(gc.rnn.GRUCell(8), x, dtype=gc.float32)
        loss = gc.reduce_mean(gc.square(state))
        step = gc.train.GradientDescentOptimizer(0.1).minimize(loss)
        session.run([loss, step], {x: np.ones((4, 7, 3))})
        report = session.report([loss, step], [x])
        assert all(call["label"] for call in report["calls"])
        assert any(call["label"] == "transpose" for call in report["calls"])
        assert "@" not in report["arena_bytes"]
        assert re.search(rf"arena of .* bytes, {report['held_bytes']} of them held", str(report))
        assert report["held_bytes"] > 0
