"""What README shows is what happens."""

import re
from pathlib import Path

import pytest

README = (Path(__file__).parents[1] / "README.md").read_text()


def block(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", README, re.DOTALL)
    assert found is not None
    return found[1]


def test_first_script_prints_the_report_that_readme_shows(capsys: pytest.CaptureFixture[str]) -> None:
    exec(compile(block("python"), "README.md", "exec"), {"__name__": "readme"})
    printed = capsys.readouterr().out
    loss = re.match(r"loss ([\d.]+)\n", printed)
    assert loss is not None
    assert float(loss[1]) < 0.3
    shown = [line.split() for line in block("text").splitlines()]
    assert shown == [line.split() for line in printed.splitlines() if re.match(r"#  kernel|\d+  ", line)]


def test_commands_are_the_promised_ones() -> None:
    commands = [line.strip() for line in README.splitlines() if line.startswith("    python3")]
    assert commands == [
        "python3 -m venv .venv && .venv/bin/pip install . && .venv/bin/graphc demo",
        "python3 -m venv .venv && .venv/bin/pip install '.[test]' && .venv/bin/python -m pytest",
    ]


def test_links_lead_somewhere() -> None:
    links = re.findall(r"\]\((?!http)([^)#]+)\)", README)
    assert links
    assert [link for link in links if not (Path(__file__).parents[1] / link).exists()] == []
