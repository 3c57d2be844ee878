"""The page on the optimizer lists what there is, and its example runs."""

import importlib
import pkgutil
import re
from pathlib import Path

import graphc as gc
from graphc.passes.pipeline import PASSES
from graphc.rewrite import rules
from graphc.rewrite.rule import Rule
from graphc.schedule.switches import SWITCHES

PAGE = (Path(gc.__file__).parents[1] / "docs" / "optimizer.md").read_text()


def test_passes_are_listed_in_order():
    table = PAGE.split("## A pass of your own")[0]
    assert re.findall(r"^\| `(\w+)` \| \D", table, re.MULTILINE) == [item.name for item in PASSES]


def test_rules_are_counted_by_subject():
    subjects = {}
    for info in pkgutil.iter_modules(rules.__path__):
        module = importlib.import_module(f"{rules.__name__}.{info.name}")
        listed = [r for value in vars(module).values() for r in (value if isinstance(value, tuple) else (value,))]
        count = len({id(r) for r in listed if isinstance(r, Rule)} & set(map(id, rules.ALL)))
        subjects[info.name] = (str(count), module.__doc__.splitlines()[0])
    table = PAGE.split("| subject |")[1].split("## A pass of your own")[0]
    assert {n: (c, d) for n, c, d in re.findall(r"^\| `(\w+)` \| (\d+) \| (.*) \|$", table, re.MULTILINE)} == subjects
    assert sum(int(count) for count, _ in subjects.values()) == len(rules.ALL)


def test_switches_are_listed_with_their_meaning():
    table = PAGE.split("## Scheduling")[1].split("## What each")[0]
    assert re.findall(r"^\| `(\w+)` \| (.*) \|$", table, re.MULTILINE) == list(SWITCHES.items())


def test_the_example_runs():
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    with gc.Graph().as_default():
        exec(code, {"__name__": "example"})
