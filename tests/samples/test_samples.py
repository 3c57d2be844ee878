"""Every sample runs, in shortened form, and reaches what it promises."""

import runpy
from pathlib import Path
from typing import Any

import pytest

SAMPLES = Path(__file__).parents[2] / "samples"


def run(name: str, *arguments: Any) -> Any:
    return runpy.run_path(str(SAMPLES / name))["main"](*arguments)


def test_linear_regression_finds_the_line() -> None:
    slope, intercept = run("linear_regression.py", 100)
    assert slope == pytest.approx(3, abs=0.05)
    assert intercept == pytest.approx(2, abs=0.05)


def test_softmax_regression_learns_the_digits() -> None:
    assert run("softmax_digits.py", 5) > 0.92


def test_newton_finds_the_minimum_of_rosenbrock() -> None:
    assert run("newton.py") == pytest.approx([1, 1], abs=1e-10)


def test_custom_loop_fits_a_sine() -> None:
    assert run("custom_loop.py", 400) < 0.1


def test_every_sample_is_tested() -> None:
    tested = Path(__file__).read_text()
    assert [path.name for path in SAMPLES.glob("*.py") if f'"{path.name}"' not in tested] == []
