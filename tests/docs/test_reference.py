"""The reference page is what its command writes now."""

import subprocess
import sys
from pathlib import Path

import graphc as gc
from graphc.ops.record import REGISTRY

PAGE = (Path(__file__).parents[2] / "docs" / "reference.md").read_text()


def test_page_is_fresh(tmp_path: Path) -> None:
    # In a process of its own: tests register records too.
    page = tmp_path / "reference.md"
    subprocess.run([sys.executable, "-m", "graphc.testing.reference", str(page)], check=True)
    assert page.read_text() == PAGE, "run: python -m graphc.testing.reference docs/reference.md"


def test_every_public_function_and_record_is_there() -> None:
    functions = [n for n, v in vars(gc).items() if not n.startswith("_") and callable(v)]
    assert [n for n in functions if f"`gc.{n}" not in PAGE] == []
    assert [n for n in REGISTRY if f"| `{n}` |" not in PAGE] == []
