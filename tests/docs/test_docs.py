"""What the documents show is what happens.

Their Python blocks run, and a text block right after one is its output; blocks with prompts run as doctests.
"""

import contextlib
import doctest
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import graphc as gc

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass
class Block:
    """A Python block, the line where it starts, and what it must print (None: nothing is said about that)."""

    code: str
    line: int
    shown: str | None


def python_blocks(text: str) -> Iterator[Block]:
    found = list(FENCE.finditer(text))
    for k, fence in enumerate(found):
        if fence[1] != "python":
            continue
        follower = found[k + 1] if k + 1 < len(found) else None
        shown = None
        if follower is not None and follower[1] == "text" and not text[fence.end() : follower.start()].strip():
            shown = follower[2]
        yield Block(fence[2], text.count("\n", 0, fence.start()) + 1, shown)


def _id(path: Path) -> str:
    return path.name


@pytest.mark.parametrize("path", DOCUMENTS, ids=_id)
def test_blocks_run_and_print_what_is_shown(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    namespace = {"__name__": "document"}
    agrees = doctest.OutputChecker().check_output
    with gc.Graph().as_default():
        for block in python_blocks(path.read_text()):
            if block.code.startswith(">>> "):
                session = doctest.DocTest([], namespace, path.name, path.name, block.line, None)
                session.examples = doctest.DocTestParser().get_examples(block.code, path.name)
                assert not doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(session, clear_globs=False).failed
                # A doctest runs in a copy of the names that it was given.
                namespace.update(session.globs)
                continue
            # Leading newlines put the lines of the block where they are in the document, for the messages of errors.
            code = compile("\n" * block.line + block.code, path.name, "exec")
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed):
                exec(code, namespace)
            if block.shown is not None:
                have = "".join(f"{line.rstrip()}\n" for line in printed.getvalue().splitlines())
                flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
                assert agrees(block.shown, have, flags), f"{path.name}:{block.line} prints\n{have}"


@pytest.mark.parametrize("path", DOCUMENTS, ids=_id)
def test_links_lead_somewhere(path: Path) -> None:
    links = re.findall(r"\]\((?!http)([^)#]+)\)", path.read_text())
    assert [link for link in links if not (path.parent / link).exists()] == []


def test_every_document_is_listed_in_the_index() -> None:
    index = (ROOT / "docs" / "index.md").read_text()
    missing = [p.name for p in DOCUMENTS[1:] if p.name != "index.md" and f"({p.name})" not in index]
    assert not missing


def test_the_promotion_table_is_the_printed_one() -> None:
    assert gc.promotion_table() in (ROOT / "docs" / "semantics.md").read_text()


def test_a_block_that_prints_something_else_is_noticed() -> None:
    (block,) = python_blocks("```python\nprint(1)\n```\n\n```text\n2\n```\n")
    assert (block.code, block.line, block.shown) == ("print(1)\n", 1, "2\n")
    (alone,) = python_blocks("```python\nprint(1)\n```\n\nwords\n\n```text\n2\n```\n")
    assert alone.shown is None
