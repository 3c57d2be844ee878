"""``graphc demo``, the main job: accuracy, times, pictures."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import graphc
from graphc.cli import demo_model
from graphc.cli.main import main


def test_demo_reaches_the_promised_accuracy(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture = tmp_path / "digits.svg"
    assert main(["demo", "--picture", str(picture)]) == 0
    shown = capsys.readouterr().out
    medians = re.search(r"median\W+([\d.]+)\W+([\d.]+)\W+([\d.]+)", shown)
    assert medians is not None
    assert float(medians[1]) > float(medians[3]) >= 0.97
    assert re.search(r"[\d.]+ us compiled .* NumPy arrays in, loss out", shown)
    assert re.search(r"[\d.]+ us in the NumPy interpreter", shown)
    for path in (picture, tmp_path / "digits-compiled.svg"):
        assert str(path) in shown
        assert path.read_text().startswith("<svg")


def test_demo_runs_as_a_program(tmp_path: Path) -> None:
    code = "import sys; from graphc.cli.main import main; sys.exit(main(['demo', '--seeds', '1', '--epochs', '1']))"
    environment = {**os.environ, "PYTHONPATH": str(Path(graphc.__file__).parents[1])}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert "\x1b" not in done.stdout  # no styling where there is no terminal
    assert (tmp_path / "graphc-digits.svg").exists()


def test_parts_of_the_data_are_disjoint() -> None:
    data = demo_model.load()
    sizes = [len(labels) for _, labels in (data.train, data.validation, data.test)]
    assert sum(sizes) == 1797
    assert sizes[0] > 4 * sizes[1]


def test_augmented_images_are_moved_by_at_most_one_pixel() -> None:
    image = np.zeros((1, 8, 8), np.float32)
    image[0, 3, 4] = 1
    many = demo_model.augmented(np.repeat(image.reshape(1, 64), 500, 0), np.random.default_rng(0))
    assert many.shape == (500, 64)
    places = {divmod(int(place), 8) for place in many.argmax(1)}
    assert places == {(row, column) for row in (2, 3, 4) for column in (3, 4, 5)}
    stayed = (many.argmax(1) == 3 * 8 + 4).mean()
    assert 0.45 < stayed < 0.65  # half of them, and one in nine of the others
