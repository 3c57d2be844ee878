"""Profiles: every kernel with its time, work, line and bound; variables as before; files that other tools open."""

import json

import numpy as np
import pytest

import graphc as gc
from graphc.session.machine import Machine
from graphc.session.profile import KernelProfile, Profile

MACHINE = Machine("example", 1, ((1 << 14, 50e9), (1 << 20, 10e9)), {"float32": 100e9, "float64": 50e9}, 1e-8)


def _sgd_step():
    x = gc.placeholder(gc.float32, [None, 8], name="x")
    w = gc.Variable(np.ones((8, 4), np.float32), name="w")
    loss = gc.reduce_mean(gc.square(gc.nn.relu(gc.matmul(x, w))))
    return x, w, loss, gc.train.GradientDescentOptimizer(0.1).minimize(loss)


def test_variables_and_results_are_as_without_a_profile():
    with gc.Graph().as_default(), gc.Session() as session:
        x, w, loss, train = _sgd_step()
        feeds = {x: np.ones((5, 8), np.float32)}
        first = session.run([loss, train], feeds)[0]
        held = session.run(w)
        session.profile([loss, train], feeds, seconds=0.0)
        np.testing.assert_array_equal(session.run(w), held)
        assert session.run([loss, train], feeds)[0] < first


def test_a_variable_that_was_never_set_stays_unset():
    with gc.Graph().as_default(), gc.Session(store=gc.Store(strict=True)) as session:
        v = gc.Variable(1.0, name="v")
        with pytest.raises(gc.GraphError, match="uninitialized"):
            session.profile(v + 1.0, seconds=0.0)


def test_kernels_name_their_lines_and_count_their_work():
    with gc.Graph().as_default(), gc.Session() as session:
        x, _, loss, train = _sgd_step()
        profile = session.profile([loss, train], {x: np.ones((5, 8), np.float32)}, seconds=0.0)
        report = session.report([loss, train], [x]) if session.run([loss, train], {x: np.ones((5, 8))}) else None
    assert [k.label for k in profile.kernels] == [call["label"] for call in report["calls"]]
    assert [k.number for k in profile.kernels] == list(range(len(profile.kernels)))
    products = [k for k in profile.kernels if k.kind == "Contraction"]
    assert products
    for kernel in products:
        assert kernel.flops >= 2 * 5 * 8 * 4
        assert kernel.runs == 1
        assert "matmul" in kernel.operations
        assert any(line.startswith(__file__) for line in kernel.lines)
    assert profile.sizes == dict.fromkeys(profile.sizes, 5)
    assert 0 < profile.kernel_seconds <= profile.step_seconds[1] + profile.overhead_seconds
    assert profile.repeats >= 3


def test_loops_count_their_steps_and_branches_what_was_taken():
    with gc.Graph().as_default(), gc.Session() as session:
        x = gc.placeholder(gc.float32, [None, 3])
        total = gc.scan(lambda a, row: gc.tanh(a + row), x, initializer=gc.zeros([3]))
        chosen = gc.cond(gc.reduce_sum(x) > 0.0, lambda: gc.exp(total), lambda: gc.sin(total))
        profile = session.profile(chosen, {x: np.ones((17, 3), np.float32)}, seconds=0.0)
    loop = next(k for k in profile.kernels if k.label == "scan")
    inside = [k for k in profile.kernels if k.within[:1] == ("scan",)]
    assert max(k.runs for k in inside) == 17
    assert loop.seconds[1] == pytest.approx(sum(k.seconds[1] for k in inside))
    assert loop not in profile.timed
    runs = {k.label: k.runs for k in profile.kernels if k.within[:1] and k.within[0].startswith("cond")}
    assert runs["exp"] == 1
    assert runs["sin"] == 0
    assert "sin" not in [k.label for k in profile.timed]
    assert len(profile.events) == sum(k.runs for k in profile.kernels)


def test_lines_of_gradients_survive_where_they_stop():
    with gc.Graph().as_default(), gc.Session() as session:
        x = gc.placeholder(gc.float32, [None, 4])
        w = gc.Variable(np.ones((4, 2), np.float32))
        hidden = gc.tanh(gc.matmul(x, w))
        slope = gc.gradients(gc.reduce_sum(hidden * gc.stop_gradient(hidden)), w)[0]
        profile = session.profile(slope, {x: np.ones((5, 4), np.float32)}, seconds=0.0)
    assert all(kernel.lines for kernel in profile.kernels)


def test_functions_take_feeds_in_order_or_by_name():
    with gc.Graph().as_default():
        x, y = (gc.placeholder(gc.float64, [None], name=name) for name in "xy")
        f = gc.function([x, y], gc.exp(x) * y)
    a, b = np.ones(6), np.ones(6)
    assert [k.label for k in f.profile([a, b], seconds=0.0).kernels] == ["exp+mul"]
    assert [k.label for k in f.profile({"y": b, "x": a}, seconds=0.0).kernels] == ["exp+mul"]
    with pytest.raises(gc.FeedError):
        f.profile([a], seconds=0.0)


def test_sizes_assumed_equal_that_are_one_are_profiled_as_they_run():
    with gc.Graph().as_default():
        x, y = (gc.placeholder(gc.float32, [None], name=name) for name in "xy")
        f = gc.function([x, y], x * y)
    profile = f.profile([np.ones(4, np.float32), np.ones(1, np.float32)], seconds=0.0)
    assert [k.label for k in profile.kernels] == ["mul"]


def test_a_bound_is_that_of_the_element_type_of_the_work():
    with gc.Graph().as_default(), gc.Session() as session:
        x = gc.placeholder(gc.float32, [None, 200])
        scale = gc.cast(gc.placeholder(gc.float64, []), gc.float32)
        y = gc.matmul(x, x, transpose_b=True) * scale
        feeds = {x: np.ones((200, 200), np.float32), scale.op.inputs[0]: np.float64(2.0)}
        profile = session.profile(y, feeds, seconds=0.0)
    (kernel,) = (k for k in profile.kernels if k.kind == "Contraction")
    assert kernel.bound_seconds == pytest.approx(kernel.flops / profile.machine.flops["float32"])


def test_interpreted_steps_have_no_kernels():
    with gc.Graph().as_default(), gc.Session(mode="interpret") as session:
        x = gc.placeholder(gc.float32, [None])
        with pytest.raises(gc.GraphError, match="mode 'compile'"):
            session.profile(x + 1.0, {x: [1.0]})


def test_failing_steps_fail_and_change_nothing():
    with gc.Graph().as_default(), gc.Session() as session:
        v = gc.Variable(np.zeros(3, np.float32), name="v")
        i = gc.placeholder(gc.int32, [None])
        update = v.assign_add(gc.gather(gc.constant([1.0, 2.0, 3.0]), i))
        with pytest.raises(gc.ExecutionError):
            session.profile(update, {i: np.array([0, 1, 9], np.int32)})
        assert session.run(v).tolist() == [0, 0, 0]


def test_data_drawn_before_the_step_is_drawn_for_a_profile_too():
    with gc.Graph().as_default(), gc.Session() as session:
        x = gc.placeholder(gc.float32, [None])
        y = gc.py_func(lambda a: a * 2, [x], gc.float32)
        y.set_shape([None])
        profile = session.profile(gc.exp(y), {x: np.ones(4, np.float32)}, seconds=0.0)
    assert "exp" in [k.label for k in profile.kernels]


def _kernel(number=0, label="mul", seconds=1e-6, moved=10_000, flops=2_000, limit="memory", runs=2):
    bound = MACHINE.bound(moved, flops, "float32")[0]
    times = (seconds * 0.9, seconds, seconds * 1.1)
    lines = ("/tmp/model.py:3", "/tmp/model.py:4")
    return KernelProfile(number, label, "Nest", (), (0,), ("mul",), lines, runs, times, moved, flops, bound, limit)


@pytest.fixture
def profile():
    kernels = (_kernel(), _kernel(1, 'a, "quoted" label', 3e-6, 1_000_000, 64, "memory", 1))
    events = ((0, 1000, 1500), (0, 1600, 2100), (1, 2200, 5200))
    return Profile(kernels, (4e-6, 5e-6, 6e-6), 10, 1, {"n": 5}, MACHINE, events, 4096)


def test_table_shows_the_longest_first(profile):
    lines = str(profile).splitlines()
    assert "step 5.00 us" in lines[0]
    assert "4,096 bytes" in lines[0]
    assert lines[4].split()[0] == "1"
    assert lines[5].split()[:4] == ["0", "mul", "model.py:3", "+1"]
    assert profile.overhead_seconds == pytest.approx(1e-6)


def test_achieved_rates_and_the_fraction_of_the_bound(profile):
    kernel = profile.kernels[0]
    assert kernel.gbytes_per_second == pytest.approx(10.0)
    assert kernel.gflops_per_second == pytest.approx(2.0)
    assert kernel.fraction == pytest.approx(10_000 / 50e9 / 1e-6)


def test_rich_table_has_a_row_for_every_kernel(profile):
    from rich.console import Console

    out = Console(width=200, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    out.print(profile)
    text = out.export_text()
    assert "model.py:3 +1" in text
    assert "memory" in text


def test_json_holds_everything(profile, tmp_path):
    data = json.loads(profile.to_json(tmp_path / "p.json"))
    assert json.loads((tmp_path / "p.json").read_text()) == data
    assert data["kernels"][1]["label"] == 'a, "quoted" label'
    assert data["kernels"][0]["gbytes_per_second"] == pytest.approx(10.0)
    assert data["machine"]["flops"]["float64"] == 50e9
    assert data["kernel_seconds"] == pytest.approx(4e-6)


def test_trace_is_in_the_trace_event_format(profile, tmp_path):
    trace = json.loads(profile.chrome_trace(tmp_path / "trace.json").read_text())
    events = [e for e in trace["traceEvents"] if e["ph"] == "X"]
    assert [(e["name"], e["ts"], e["dur"]) for e in events][:2] == [("mul", 0.0, 0.5), ("mul", 0.6, 0.5)]
    assert events[0]["args"]["bytes"] == 5_000
    assert events[0]["args"]["lines"] == ["/tmp/model.py:3", "/tmp/model.py:4"]
    assert {e["ph"] for e in trace["traceEvents"]} == {"M", "X"}


def test_plot_without_matplotlib_says_what_to_install(profile, tmp_path, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    monkeypatch.setitem(sys.modules, "matplotlib.backends.backend_agg", None)
    with pytest.raises(gc.GraphError, match=r"graphc\[plot\]"):
        profile.plot(tmp_path / "p.png")


@pytest.mark.parametrize("ending", ["png", "svg"])
def test_plot_writes_a_picture(profile, tmp_path, ending):
    pytest.importorskip("matplotlib", reason="plots need matplotlib, which is an extra")
    path = profile.plot(tmp_path / f"p.{ending}")
    assert path.read_bytes()[:5] in (b"\x89PNG\r", b"<?xml")


def test_bandwidth_is_that_of_the_level_the_data_fits_in():
    assert MACHINE.bytes_per_second(1000) == 50e9
    assert MACHINE.bytes_per_second(1 << 19) == 50e9
    assert MACHINE.bytes_per_second(1 << 24) == 10e9
