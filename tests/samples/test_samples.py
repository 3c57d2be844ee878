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


def test_lesson_of_regression_gives_its_numbers() -> None:
    losses, w, b, whole = run("lesson_regression.py")
    assert losses == pytest.approx(
        [94.5247, 9.3428, 1.4166, 0.5224, 0.3807, 0.3495, 0.3413, 0.3390, 0.3384, 0.3382], abs=5.1e-5
    )
    assert (w, b) == pytest.approx((1.8616779, 1.0710956), abs=5.1e-8)
    assert whole == pytest.approx(
        [173.4585, 13.8459, 4.5407, 3.7364, 3.4334, 3.1790, 2.9458, 2.7311, 2.5332, 2.3508], abs=5.1e-5
    )


def test_lesson_of_regression_draws_its_line(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="pictures of the lesson need Matplotlib")
    run("lesson_regression.py", str(tmp_path / "line.png"))
    assert (tmp_path / "line.png").read_bytes()[:4] == b"\x89PNG"


def test_lesson_of_classes_separates_them_in_every_form() -> None:
    found = run("lesson_classes.py", 30)
    assert len(found) == 6
    assert min(found.values()) > 0.85


def test_lesson_of_overfitting_shows_it_and_its_cures() -> None:
    found = run("lesson_overfitting.py")
    assert all(found[cure] < 0.8 * found["plain"] for cure in ("early stopping", "dropout", "L2"))


def test_lesson_of_iris_tells_the_species() -> None:
    found = run("lesson_iris.py", 60)
    assert min(found.values()) > 0.85


def test_keras_model_reads_digits() -> None:
    assert run("keras_digits.py", 8) > 0.93
