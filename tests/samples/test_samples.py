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


def test_logistic_regression_separates_the_clouds() -> None:
    assert run("logistic_regression.py", 100) > 0.95


@pytest.mark.filterwarnings("ignore:THIS IS NOT MNIST")
def test_neural_network_reads_digits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GRAPHC_MNIST", raising=False)
    assert run("neural_network.py", 3, str(tmp_path)) > 0.85


def test_convolutional_network_reads_digits() -> None:
    assert run("convolutional_network.py", 3) > 0.92


def test_autoencoder_draws_better_than_the_mean() -> None:
    error, of_the_mean = run("autoencoder.py", 15)
    assert error < of_the_mean / 2


def test_gan_forges_numbers_of_the_right_mean_and_spread() -> None:
    mean, spread = run("gan.py", 1500)
    assert mean == pytest.approx(4, abs=0.3)
    assert spread == pytest.approx(0.5, abs=0.25)


def test_physics_informed_network_solves_its_equation() -> None:
    assert run("physics_informed.py", 600, 100) < 0.1


def test_gaussian_process_finds_the_noise() -> None:
    noise, inside = run("gaussian_process.py", 80)
    assert noise == pytest.approx(0.2, abs=0.05)
    assert inside > 0.7


def test_k_means_finds_the_centres() -> None:
    assert run("k_means.py") < 0.1


def test_policy_gradient_balances_longer() -> None:
    assert run("policy_gradient.py", 15, 6) > 40  # pushes at random last for about 20 steps


def test_char_rnn_learns_its_text() -> None:
    cross_entropy, written = run("char_rnn.py", 100)
    assert cross_entropy < 0.5
    assert "sea shells" in written


def test_theano_style_learns_parity() -> None:
    assert run("theano_style.py", 40) > 0.95


def test_every_sample_is_tested() -> None:
    tested = Path(__file__).read_text()
    assert [path.name for path in SAMPLES.glob("*.py") if f'"{path.name}"' not in tested] == []
