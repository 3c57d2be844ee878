"""The page on the optimizer lists what there is, and its example runs."""

import re
from pathlib import Path

import graphc as gc
from graphc.passes.pipeline import PASSES
from graphc.schedule.switches import SWITCHES

PAGE = (Path(gc.__file__).parents[1] / "docs" / "optimizer.md").read_text()


def test_passes_are_listed_in_order():
    table = PAGE.split("## A pass of your own")[0]
    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == [item.name for item in PASSES]


def test_switches_are_listed_with_their_meaning():
    table = PAGE.split("## Scheduling")[1].split("## What each")[0]
    assert re.findall(r"^\| `(\w+)` \| (.*) \|$", table, re.MULTILINE) == list(SWITCHES.items())


def test_the_example_runs():
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    with gc.Graph().as_default():
        exec(code, {"__name__": "example"})
