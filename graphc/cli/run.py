"""``graphc run script.py [arguments]``: run a TensorFlow 1 or Theano script as it stands, or any script, on graphc."""

from __future__ import annotations

import argparse
import os
import sys
import traceback
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from graphc.cli.watch import Watch

_PACKAGE = str(Path(__file__).parents[1]) + os.sep
_PYTHON_2_SYNTAX = (
    "Missing parentheses in call to 'print'",
    "Missing parentheses in call to 'exec'",
    "multiple exception types must be parenthesized",
    "leading zeros in decimal integer literals",
    "inconsistent use of tabs",
)
_PYTHON_2_NAMES = {"xrange", "raw_input", "unicode", "basestring", "reduce", "unichr", "long", "execfile"}
_PYTHON_2_MODULES = {"cPickle", "urllib2", "Queue", "StringIO", "ConfigParser", "urlparse", "Tkinter", "commands"}


def add_parser(commands: Any) -> None:
    """Add this command to the command line."""
    parser = commands.add_parser(
        "run",
        help="run a TensorFlow 1 or Theano script as it stands",
        description="Run a script; its imports of tensorflow and theano get graphc's names. Options stand before it.",
    )
    parser.add_argument(
        "--explain", type=Path, metavar="FILE", help="write pictures of the compiled steps (.html/.svg)"
    )
    parser.add_argument("--profile", action="store_true", help="at the end, print where the time of the steps went")
    parser.add_argument("--device", type=_device, default="cpu", help="where to compute: cpu")
    parser.add_argument("--interpret", action="store_true", help="run in NumPy; nothing is compiled")
    parser.add_argument("--data", type=_directory, metavar="DIR", help="where the four files of MNIST are")
    parser.add_argument("script", type=_file, help="the script")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help="what the script finds in sys.argv")
    parser.set_defaults(run=run)


def _device(text: str) -> str:
    if text != "cpu":
        raise argparse.ArgumentTypeError(f"{text!r} is not available: this version computes on the cpu")
    return text


def _directory(text: str) -> Path:
    if not Path(text).is_dir():
        raise argparse.ArgumentTypeError(f"there is no directory {text}")
    return Path(text).absolute()


def _file(text: str) -> str:
    if not Path(text).is_file():
        raise argparse.ArgumentTypeError(f"there is no file {text}")
    return text


def run(options: argparse.Namespace) -> int:
    """Run the script as ``python script.py`` would; 1 if it failed.

    Raises
    ------
    SystemExit
        Where the script raises it.
    """
    from graphc.compat import imports
    from graphc.session.launch import LAUNCH

    watch: Watch | None = None
    if options.explain is not None or options.profile:
        from graphc.cli.watch import Watch, check_path

        if options.explain is not None:
            options.explain = check_path(options.explain)
        LAUNCH.watch = watch = Watch()
    if options.interpret:
        LAUNCH.mode = "interpret"
    if options.data is not None:
        os.environ["GRAPHC_MNIST"] = str(options.data)
    imports.install()
    plots = _prepare_plots()
    try:
        return execute(options.script, options.arguments)
    finally:
        if plots:
            _finish_plots()
        if watch is not None:
            watch.finish(options.script, options.explain, options.profile)


def execute(script: str, arguments: list[str]) -> int:
    """Run a file as the main module of this process; 0, or 1 after printing why it failed."""
    path = os.path.abspath(script)
    main = ModuleType("__main__")
    main.__dict__.update(__file__=path, __builtins__=__builtins__, __cached__=None, __package__=None, __spec__=None)
    sys.modules["__main__"] = main
    sys.argv = [script, *arguments]
    sys.path[0] = os.path.dirname(os.path.realpath(script))
    try:
        code = compile(Path(path).read_bytes(), path, "exec", dont_inherit=True)
        exec(code, main.__dict__)
    except Exception as error:
        sys.stdout.flush()
        line = one_line(error)
        if line is None:
            trace = error.__traceback__
            sys.excepthook(type(error), error.with_traceback(trace.tb_next if trace else None), error.__traceback__)
        else:
            print(f"graphc: {line}", file=sys.stderr)
        return 1
    return 0


def one_line(error: Exception) -> str | None:
    """What to say of a failure that is a limit of graphc, or of Python 3, and not the script's: its line, and why.

    None for all other failures.
    """
    if isinstance(error, SyntaxError):
        if error.msg.startswith(_PYTHON_2_SYNTAX):
            return f"{_shown(error.filename)}:{error.lineno}: this is Python 2 ({error.msg}); convert it, as 2to3 does"
        return None
    frames = list(traceback.walk_tb(error.__traceback__))
    inner = frames[-1][0].f_code.co_filename
    users = [(f, line) for f, line in frames if not f.f_code.co_filename.startswith((_PACKAGE, "<frozen importlib"))]
    if not users:
        return None
    frame, line = users[-1]
    where = f"{_shown(frame.f_code.co_filename)}:{line}"
    name = getattr(error, "name", None)
    if (isinstance(error, NameError) and name in _PYTHON_2_NAMES) or (
        isinstance(error, ModuleNotFoundError) and name in _PYTHON_2_MODULES
    ):
        return f"{where}: this is Python 2 ({error}); convert it, as 2to3 does"
    if _is_limit(error, inner):
        text = " ".join(part.strip() for part in str(error).split("\n  at ")[0].splitlines())
        return f"{where}: {text}"
    return None


def _is_limit(error: Exception, raised_in: str) -> bool:
    from graphc.compat.imports import OutOfScope

    if isinstance(error, OutOfScope):
        return True
    if isinstance(error, NotImplementedError):
        return raised_in.startswith(_PACKAGE)
    return isinstance(error, AttributeError | TypeError) and raised_in.startswith(_PACKAGE + "compat" + os.sep)


def _shown(file: str | None) -> str:
    """A path as a person would write it."""
    if file is None:
        return "?"
    near = os.path.relpath(file)
    return file if near.startswith("..") else near


def _prepare_plots() -> bool:
    """Let plots go to files where there is no display; whether files will be written."""
    from importlib.util import find_spec

    if find_spec("matplotlib") is None:
        from graphc.compat.plot_stub import StubFinder

        sys.meta_path.insert(0, StubFinder())  # type: ignore[arg-type]
        return False
    display = sys.platform in ("win32", "darwin") or any(map(os.environ.get, ("DISPLAY", "WAYLAND_DISPLAY")))
    if display or "MPLBACKEND" in os.environ:
        return False
    os.environ["MPLBACKEND"] = "module://graphc.compat.plot_files"
    return True


def _finish_plots() -> None:
    backend = sys.modules.get("graphc.compat.plot_files")
    if backend is not None:
        backend.finish()
