"""The examples of docs/interop.md are run."""

import doctest
import re
from pathlib import Path

import graphc as gc

PAGE = Path(__file__).parents[2] / "docs" / "interop.md"


def test_every_example_prints_what_the_page_shows() -> None:
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert len(blocks) == 6
    example = doctest.DocTestParser().get_doctest("\n".join(blocks), {}, "interop.md", str(PAGE), 0)
    with gc.Graph().as_default():
        result = doctest.DocTestRunner().run(example)
    assert result.attempted > 25
    assert result.failed == 0
