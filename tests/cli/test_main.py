"""The command line as a person meets it: output, errors, exit codes."""

import argparse
import os
import subprocess
import sys
from importlib.metadata import version

import pytest

import graphc
from graphc.cli import info
from graphc.cli.main import main


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["--version"])
    assert stop.value.code == 0
    assert capsys.readouterr().out == f"graphc {graphc.__version__}\n"


@pytest.mark.parametrize("arguments", [[], ["nonsense"], ["demo", "--seeds", "0"], ["demo", "--epochs", "few"]])
def test_wrong_usage_exits_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    assert "usage: graphc" in capsys.readouterr().err


def test_info_names_versions_and_processor(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info"]) == 0
    shown = dict(line.split(None, 1) for line in capsys.readouterr().out.splitlines())
    assert shown["graphc"].strip() == graphc.__version__
    assert shown["numpy"].strip() == version("numpy")
    assert "bits" in shown["vectors"]
    assert shown["CUDA"].startswith("not used: ")


def test_missing_requirement_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(info, "REQUIREMENTS", ("no-such-distribution",))
    assert ("no-such-distribution", "not installed") in info.facts()


def test_error_is_one_line_and_exit_code_1(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--picture", "demo.pdf"]) == 1
    captured = capsys.readouterr()
    assert captured.err.startswith("graphc: error: the path must end in one of .dot, ")
    assert captured.err.count("\n") == 1


def test_interrupt_is_exit_code_130(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted(options: argparse.Namespace) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(info, "run", interrupted)
    assert main(["info"]) == 130
    assert capsys.readouterr().err == "graphc: interrupted\n"


def test_closed_pipe_is_no_traceback() -> None:
    read, write = os.pipe()
    os.close(read)
    code = "import sys; from graphc.cli.main import main; sys.exit(main(['info']))"
    process = subprocess.run([sys.executable, "-c", code], stdout=write, stderr=subprocess.PIPE, text=True, check=False)
    os.close(write)
    assert process.returncode == 1
    assert process.stderr == ""
