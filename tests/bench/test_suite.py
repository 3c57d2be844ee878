"""The suite: models that compute the same, processes that answer, results that tell noise from change."""

import io
import json
import sys

import numpy as np
import pytest

import graphc as gc
from graphc.bench.suite import runner, tables, worker
from graphc.bench.suite.ablate import Form, ablated, ablation_table, optimisations
from graphc.bench.suite.curves import Point, batch_curves, curve_table
from graphc.bench.suite.data import WORKLOADS
from graphc.bench.suite.frameworks import FRAMEWORKS, chosen
from graphc.bench.suite.models.ours import MODELS
from graphc.bench.suite.models.with_numpy import Numpy
from graphc.bench.suite.quiet import Others
from graphc.bench.suite.results import Change, Results, Row, Skipped, changes, machine_facts, ratio
from graphc.cli.main import main

LIGHT = ("softmax_xent", "layernorm_gelu", "mlp_small", "logreg_call", "gp_logp")
ROSENBROCK = ("rosenbrock_value", "rosenbrock_gradient", "rosenbrock_hessian")


def _smaller(name, data):
    """The first rows of what is large and only data."""
    if name in ("softmax_xent", "layernorm_gelu"):
        return {key: a[:50] if len(a) == 4096 else a for key, a in data.items()}
    return {key: a[:60] if key in "Xy" else a for key, a in data.items()} if name == "gp_logp" else data


def test_there_is_a_model_for_every_workload():
    assert set(MODELS) == set(WORKLOADS)


def test_data_are_always_the_same():
    for name in ("lenet", "gp_logp"):
        first, second = (WORKLOADS[name].make() for _ in range(2))
        for key in first:
            np.testing.assert_equal(first[key], second[key])


@pytest.mark.parametrize("name", [*LIGHT, *ROSENBROCK])
def test_models_agree_with_numpy_by_hand(name):
    if name in ("layernorm_gelu", "gp_logp"):
        pytest.importorskip("scipy", reason="NumPy's version of this model takes erf and Cholesky solves from SciPy")
    data = _smaller(name, WORKLOADS[name].make())
    with gc.Graph().as_default() as graph:
        model = MODELS[name](data)
        call = gc.Session(graph=graph).make_callable(model.fetches, model.feeds)
    by_hand = getattr(Numpy(), name)(data)
    for run in range(2):
        ours = [value for value in call(*model.values) if value is not None]
        for number, (a, b) in enumerate(zip(ours, by_hand(), strict=True)):
            runner.difference(name, "numpy", f"{run}_{number}", np.asarray(a), np.asarray(b), WORKLOADS[name].tolerance)


def test_names_of_libraries_stand_for_all_their_ways():
    assert [f.name for f in chosen("tensorflow, jax,xla")] == ["tensorflow", "xla", "jax"]
    with pytest.raises(ValueError, match="no peer 'theano'"):
        chosen("theano")
    with pytest.raises(ValueError, match="no peer"):
        chosen("graphc")


def test_every_peer_has_models_that_are_workloads():
    for framework in FRAMEWORKS.values():
        if framework.ours:
            continue
        module, _, name = framework.models.partition(":")
        path = f"graphc.bench.suite.models.{module}"
        kind = getattr(__import__(path, fromlist=[name]), name)
        methods = {m for m in dir(kind) if not m.startswith("_")}
        assert methods <= set(WORKLOADS)
        assert methods


def _served(name, workload, *commands):
    answers = io.StringIO()
    worker.serve(name, workload, io.StringIO("".join(json.dumps(c) + "\n" for c in commands)), answers)
    return [json.loads(line) for line in answers.getvalue().splitlines()]


def test_a_worker_runs_saves_times_and_tells_its_memory(tmp_path):
    path = str(tmp_path / "out.npz")
    moment, outputs, timed, facts = _served(
        "numpy", "rosenbrock_gradient", ["outputs", path], ["time", 0.01], ["facts"]
    )
    assert moment["moment"] > 1e9
    assert outputs == {"outputs": 1}
    assert 0 < min(timed["seconds"]) < 0.01
    assert facts["peak_bytes"] > 1e6
    assert facts["arena_bytes"] is None
    with np.load(path) as found:
        assert found["0_0"].shape == found["1_0"].shape == (100,)


def test_a_worker_says_what_is_missing(monkeypatch):
    assert _served("numpy", "resblock") == [{"missing": "there is no resblock for it"}]
    monkeypatch.setattr("graphc.bench.suite.frameworks.find_spec", lambda name: None)
    assert _served("jax", "lenet") == [{"missing": "jax cannot be imported"}]


def test_a_model_that_needs_more_than_its_library_says_what(monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy.linalg", None)
    (found,) = _served("numpy", "gp_logp")
    assert found["missing"].startswith("scipy")


def test_a_worker_reports_failures(capsys):
    (found,) = _served("graphc", "/no/such/file.py:build")
    assert found["error"].startswith("FileNotFoundError")
    assert "Traceback" in capsys.readouterr().err


SCRIPT = """
import numpy as np
import graphc as gc

def build():
    x = gc.placeholder(gc.float32, [None])
    return [gc.exp(x) * 2.0], {x: np.ones(5, np.float32)}

def build_numpy():
    return lambda: [np.exp(np.ones(5, np.float32)) * FACTOR]
"""


@pytest.fixture
def quick(monkeypatch, tmp_path):
    monkeypatch.setattr(runner, "REPEATED_STARTS", 1)

    def script(factor):
        path = tmp_path / f"model{factor}.py"
        path.write_text(SCRIPT.replace("FACTOR", str(factor)))
        return f"{path}:build"

    return script


def test_a_script_is_measured_beside_its_peers(quick, tmp_path, capsys):
    results = tmp_path / "results.json"
    command = ["bench", quick(2), "--against", "numpy,jax", "--rounds", "2", "--seconds", "0.01", "--threads", "1"]
    assert main([*command, "--json", str(results)]) == 0
    printed = capsys.readouterr().out
    assert "skipped: jax" in printed
    found = Results.load(results)
    assert [row.framework for row in found.rows] == ["graphc", "interpreter", "numpy"]
    for row in found.rows:
        assert row.threads == 1
        assert len(row.rounds) == 2
        assert 0 < row.step[0] <= row.step[1] <= row.step[2]
        assert row.cold > 0 < row.warm
        assert row.peak_bytes > 1e7
        assert row.difference < 1e-6
    assert found.rows[0].arena_bytes is not None
    assert found.machine["cores"] >= 1


def test_outputs_that_differ_are_an_error_and_no_row(quick, capsys):
    assert main(["bench", quick(3), "--against", "numpy", "--rounds", "1", "--seconds", "0.01"]) == 1
    printed = capsys.readouterr().out
    assert "error: " in printed
    assert "output 0 of the first run differs between graphc and numpy by 5.0e-01" in printed


@pytest.mark.parametrize(
    ("ours", "theirs", "message"),
    [
        (np.ones(3), np.ones(4), "shape"),
        (np.ones(3), np.array([1, 1, np.nan]), "differs"),
        (np.ones(3), np.array([1, 1, 1.1]), "differs"),
    ],
)
def test_differences_that_matter_are_found(ours, theirs, message):
    with pytest.raises(runner.MismatchError, match=message):
        runner.difference("w", "peer", "1_0", ours, theirs, 1e-3)
    assert runner.difference("w", "peer", "1_0", ours, ours + 1e-5, 1e-3) == pytest.approx(1e-5)


def _row(workload, framework, rounds, **more):
    row = Row(workload, framework, 2, 0.5, 0.25, **more)
    for middle in rounds:
        row.add_round([middle * 0.9, middle, middle * 1.1])
    row.peak_bytes = 100_000_000
    return row


@pytest.fixture
def results():
    rows = [
        _row("lenet", "graphc", [1e-3, 1.1e-3, 1.2e-3], arena_bytes=5_000_000, versions={"numpy": "2.0"}),
        _row("lenet", "jax", [2e-3, 2.2e-3, 2.4e-3], versions={"jax": "0.9"}),
        _row("lenet", "numpy", [9e-3, 9e-3, 9e-3]),
        _row("lstm", "graphc", [3e-3, 3e-3, 3e-3]),
    ]
    return Results(rows, [Skipped("lstm", "jax", 2, "not there")], [], machine_facts())


def test_ratios_are_taken_round_by_round(results):
    assert ratio(results.rows[1], results.rows[0]) == pytest.approx((2.0, 2.0, 2.0))


def test_files_hold_everything(results, tmp_path):
    path = tmp_path / "r.json"
    results.save(path)
    again = Results.load(path)
    assert again.machine == results.machine
    assert again.skipped == results.skipped
    assert [row.to_dict() for row in again.rows] == [row.to_dict() for row in results.rows]
    (tmp_path / "other.json").write_text("{}")
    with pytest.raises(ValueError, match="no results"):
        Results.load(tmp_path / "other.json")


def test_tables_show_the_fastest_other_and_leave_gaps(results):
    _, summary = tables.summary(results)
    assert summary[0] == ["lenet", "1,100", "jax", "2,200", "2.00 (2.00 to 2.00)"]
    assert summary[1] == ["lstm", "3,000", "", "", ""]
    heads, steps = tables.steps(results)
    assert heads == ["workload", "graphc (quartiles)", "numpy", "jax"]
    assert steps[0][2:] == ["9,000", "2,200"]
    assert steps[1][2:] == ["", ""]
    assert tables.starts(results)[1][0][1] == "0.50 / 0.25"
    assert tables.memory(results)[1][0][-1] == "5.0"
    assert "jax 0.9, numpy 2.0" in tables.described(results)


def test_work_of_other_processes_is_noticed():
    import subprocess
    import sys
    import time

    code = "import sys, time\nprint('on', flush=True)\nstop = time.time() + 30\nwhile time.time() < stop: pass"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as busy:
        busy.stdout.read(2)
        foreign, own = Others([]), Others([busy.pid])
        time.sleep(0.5)
        shares = foreign.share(), own.share()
        busy.kill()
    assert shares[0] > shares[1]
    assert 0 <= shares[1] <= 1


def test_disturbed_rounds_are_repeated_and_the_quiet_ones_count(monkeypatch):
    class Fake:
        def __init__(self, processes):
            self.shares = iter([0.0, 0.0, 0.0, 0.0, 0.9, 0.0, 0.0])

        def share(self):
            return next(self.shares)

    class Process:
        process = type("", (), {"pid": 1})
        count = 0

        def ask(self, command, *arguments):
            if command == "facts":
                return {"peak_bytes": 1, "arena_bytes": None, "versions": {}}
            self.count += 1
            return {"seconds": [float(self.count)]}

    monkeypatch.setattr(runner, "Others", Fake)
    row = Row("w", "graphc", 1, 0.0, 0.0)
    runner._take_turns("w", {"graphc": Process()}, {"graphc": row}, runner.Options(rounds=2))
    assert row.rounds == [2.0, 4.0]
    assert row.others == 0.0


def test_pages_are_filled_between_their_marks(results, tmp_path):
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- bench summary -->\n<!-- end -->\nbetween\n<!-- bench starts -->\nold\n<!-- end -->\n")
    for _ in range(2):
        assert tables.fill(page, results) == 2
    text = page.read_text()
    assert "old" not in text
    assert text.count("| lenet | 1,100 |") == text.count("| lenet | 0.50 / 0.25 |") == 1
    assert text.startswith("before\n<!-- bench summary -->\n| workload |")
    assert text.count("<!-- end -->") == 2
    assert "between" in text
    (tmp_path / "bare.md").write_text("nothing")
    with pytest.raises(ValueError, match="no '<!-- bench"):
        tables.fill(tmp_path / "bare.md", results)


@pytest.mark.parametrize(
    ("old", "new", "verdict"),
    [
        ([1.0, 1.0, 1.0], [1.02, 1.02, 1.02], "same"),
        ([1.0, 1.0, 1.0], [1.2, 1.2, 1.2], "slower"),
        ([1.0, 1.0, 1.0], [0.8, 0.8, 0.8], "faster"),
        ([0.6, 1.0, 1.4], [1.2, 1.2, 1.2], "same"),
    ],
)
def test_changes_within_the_noise_are_none(old, new, verdict):
    (change,) = changes(Results([_row("w", "graphc", old)]), Results([_row("w", "graphc", new)]))
    assert change.verdict == verdict


def test_compare_fails_when_graphc_got_slower(results, tmp_path, capsys):
    old, new = tmp_path / "old.json", tmp_path / "new.json"
    results.save(old)
    Results([_row("lenet", "graphc", [5e-3] * 3), _row("lenet", "jax", [9e-3] * 3)], machine=results.machine).save(new)
    assert main(["bench", "--compare", str(old), str(old)]) == 0
    assert main(["bench", "--compare", str(old), str(new)]) == 1
    assert "slower: lenet with 2 threads, 4.55 times as long" in capsys.readouterr().out
    assert Change("w", "graphc", 1, 2.0, 1.0, 0.1).ratio == 0.5


def test_ablation_switches_each_optimisation_off():
    with gc.Graph().as_default():
        model = MODELS["rosenbrock_gradient"](WORKLOADS["rosenbrock_gradient"].make())
        forms = ablated(model, rounds=2, seconds=0.0, threads=1)
    assert [form.off for form in forms] == ["", *optimisations()]
    by_name = {form.off: form for form in forms}
    assert by_name["fusion"].kernels > forms[0].kernels
    assert forms[0].ratio == (1.0, 1.0, 1.0)


def test_ablation_table_leaves_out_what_changes_nothing():
    forms = [
        Form("", 3, 10, 1.0, (1, 1, 1)),
        Form("idle", 3, 10, 1.0, (0.9, 1.0, 1.1)),
        Form("x", 5, 10, 2.0, (2, 2, 2)),
    ]
    assert [row[0] for row in ablation_table(forms)[1]] == ["(all 2 on)", "x"]


def test_curves_over_batches_use_one_compilation():
    points = batch_curves((1, 20), repeats=2)
    assert [(p.curve, p.size) for p in points] == [
        ("loss", 1), ("loss", 20), ("training step", 1), ("training step", 20),
    ]  # fmt: skip
    assert curve_table([Point("loss", 20, 40e-6)], "row")[1] == [["loss", "20", "40.0", "2.00"]]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nothing"], "no workload 'nothing'"),
        (["missing.py:build"], "no file missing.py"),
        (["lenet", "--python", "jax=/no/python"], "NAME=FILE"),
    ],
)
def test_wrong_arguments_say_what_would_be_right(arguments, message, capsys):
    assert main(["bench", *arguments]) == 1
    assert message in capsys.readouterr().err


def test_the_list_names_every_workload(capsys):
    assert main(["bench", "--list"]) == 0
    printed = capsys.readouterr().out
    assert [name for name in WORKLOADS if name not in printed] == []
