"""``graphc run``: scripts run as under python, with graphc in the place of TensorFlow and Theano."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

import graphc

LAUNCH = "import sys; from graphc.cli.main import main; sys.exit(main())"
TRAINING = """
import tensorflow as tf
from tensorflow.python.framework import ops

x = tf.placeholder("float", [None, 2])
w = tf.Variable(tf.zeros([2, 1]))
loss = tf.reduce_mean(tf.square(tf.matmul(x, w) - 1.0))
train = tf.train.GradientDescentOptimizer(0.1).minimize(loss)
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    for step in range(5):
        _, value = sess.run([train, loss], feed_dict={x: [[1.0, 0.0], [0.0, 1.0]]})
    print("loss %.4f" % value)
"""


def start(program: list[str], folder: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    paths = os.pathsep.join([str(Path(graphc.__file__).parents[1]), environment.pop("PYTHONPATH", "")])
    kept = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY", "MPLBACKEND")}
    return subprocess.run(
        [sys.executable, *program], cwd=folder, env={**kept, **environment, "PYTHONPATH": paths}, capture_output=True,
        text=True, check=False,
    )  # fmt: skip


def graphc_run(folder: Path, code: str, *words: str, options: tuple[str, ...] = (), **environment: str):
    """Run the code as ``old.py`` in a folder, by ``graphc run``."""
    (folder / "old.py").write_text(code)
    return start(["-c", LAUNCH, "run", *options, "old.py", *words], folder, **environment)


@pytest.mark.parametrize(
    "code",
    [
        "import sys, os; print(sys.argv, __name__, __file__, sys.path[0], __package__, __doc__)\n"
        "import pickle, __main__\nclass A: pass\n"
        "print(type(pickle.loads(pickle.dumps(A()))) is A, __main__.A is A)",
        "import helper; print(helper.__file__, helper.WHAT)",
        "import sys; print('out'); sys.exit(3)",
        "import sys; sys.exit('a reason')",
        "import atexit; atexit.register(print, 'at the end'); quit()",
        "def broken():\n    return {}['key']\n\nprint('before')\nbroken()",
        "raise ValueError('mine')",
        "print('one'\n",
        "import nothing_of_this_name",
    ],
    ids=["facts", "neighbour", "status", "reason", "atexit", "key", "value", "syntax", "import"],
)
def test_as_under_python(code: str, tmp_path: Path) -> None:
    (tmp_path / "helper.py").write_text("WHAT = __name__")
    found = graphc_run(tmp_path, code, "--steps", "3", "-x")
    wanted = start(["old.py", "--steps", "3", "-x"], tmp_path)
    assert (found.returncode, found.stdout) == (wanted.returncode, wanted.stdout)
    assert found.stderr == wanted.stderr.replace('File "old.py"', f'File "{tmp_path}/old.py"')


def test_a_tensorflow_script_runs_and_no_installed_one_is_loaded(tmp_path: Path) -> None:
    (tmp_path / "site" / "tensorflow").mkdir(parents=True)
    (tmp_path / "site" / "tensorflow" / "__init__.py").write_text("raise SystemExit('the installed one')")
    done = graphc_run(tmp_path, TRAINING, PYTHONPATH=str(tmp_path / "site"))
    assert (done.returncode, done.stdout, done.stderr) == (0, "loss 0.4305\n", "")


def test_profile_and_page(tmp_path: Path) -> None:
    done = graphc_run(tmp_path, TRAINING, options=("--profile", "--explain", "steps.html"))
    assert done.stdout == "loss 0.4305\n"
    assert "steps by time" in done.stderr
    row = next(line for line in done.stderr.splitlines() if "Mean:0 from Placeholder:0" in line)
    assert row.split()[0] == "5"
    assert "kernel calls" in done.stderr
    page = (tmp_path / "steps.html").read_text()
    assert page.count("<svg") == 3  # as built and as compiled, and the initialisation, which NumPy runs
    assert "Run by NumPy" in page


def test_interpreted_nothing_is_compiled(tmp_path: Path) -> None:
    options = ("--interpret", "--profile", "--explain", "step.svg")
    done = graphc_run(tmp_path, TRAINING, options=options)
    assert done.stdout == "loss 0.4305\n"
    assert "kernel calls" not in done.stderr
    assert "NumPy" in done.stderr
    assert (tmp_path / "step.svg").read_text().startswith("<svg")


def test_a_failed_script_is_profiled_too(tmp_path: Path) -> None:
    done = graphc_run(tmp_path, TRAINING + "raise SystemExit(4)", options=("--profile",))
    assert done.returncode == 4
    assert "steps by time" in done.stderr


@pytest.mark.parametrize(
    ("code", "line", "said"),
    [
        ("import tensorflow as tf\n\nq = tf.FIFOQueue(3, [tf.float32])", 3, "tf.FIFOQueue is out of graphc's scope"),
        ("from tensorflow.contrib import learn", 1, "tf.contrib.learn is out of graphc's scope"),
        ("import tensorflow.contrib.crf as crf", 1, "tensorflow.contrib.crf is out of graphc's scope"),
        ("import tensorflow as tf\ntf.matmull(1, 2)", 2, "tf.matmull: did you mean matmul"),
        ("import tensorflow as tf\ntf.Session('grpc://host:1')", 2, "in this process only"),
        ("x = 1\nprint 'text'", 2, "this is Python 2"),
        ("try:\n    pass\nexcept ValueError, e:\n    pass", 3, "this is Python 2"),
        ("for i in xrange(3):\n    pass", 1, "this is Python 2"),
        ("import cPickle", 1, "this is Python 2"),
    ],
)
def test_what_is_out_of_scope_is_one_line(code: str, line: int, said: str, tmp_path: Path) -> None:
    done = graphc_run(tmp_path, code)
    assert done.returncode == 1
    assert done.stderr.startswith(f"graphc: old.py:{line}: ")
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--device", "cuda", "old.py"], "computes on the cpu"),
        (["--data", "nowhere", "old.py"], "no directory nowhere"),
        (["nowhere.py"], "no file nowhere.py"),
    ],
)
def test_wrong_options(words: list[str], said: str, tmp_path: Path) -> None:
    (tmp_path / "old.py").write_text("")
    done = start(["-c", LAUNCH, "run", *words], tmp_path)
    assert done.returncode == 2
    assert said in done.stderr


def test_wrong_picture(tmp_path: Path) -> None:
    done = graphc_run(tmp_path, "print('ran')", options=("--explain", "steps.png"))
    assert (done.returncode, done.stdout) == (1, "")
    assert ".html or .svg" in done.stderr


def test_directory_of_mnist_reaches_the_script(tmp_path: Path) -> None:
    code = "import os; print(os.environ['GRAPHC_MNIST'])"
    assert graphc_run(tmp_path, code, options=("--data", ".", "--device", "cpu")).stdout == f"{tmp_path}\n"


PLOTS = "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()\nplt.ion()\nplt.plot([2, 1])\nplt.pause(1)"


@pytest.mark.skipif(find_spec("matplotlib") is None, reason="Matplotlib is not installed")
def test_plots_become_files(tmp_path: Path) -> None:
    done = graphc_run(tmp_path, PLOTS)
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in tmp_path.glob("*.png")) == ["old-figure-1.png", "old-figure-2.png"]
    assert "figure saved as old-figure-1.png" in done.stderr


@pytest.mark.skipif(find_spec("matplotlib") is not None, reason="Matplotlib is installed")
def test_without_matplotlib_scripts_go_on(tmp_path: Path) -> None:
    done = graphc_run(tmp_path, PLOTS)
    assert done.returncode == 0, done.stderr
    assert "not drawn: plot" in done.stderr
