"""The figures script: its workload is the same for every framework, and its table tells the truth."""

import numpy as np
import pytest

from graphc.bench import mlp
from graphc.bench.figures import Figure, table


def test_compiled_step_and_numpy_by_hand_agree() -> None:
    compiled, by_hand = mlp.graphc_step(), mlp.numpy_step()
    data = mlp.batches(20)
    np.testing.assert_allclose(
        [float(compiled(*batch)) for batch in data], [float(by_hand(*batch)) for batch in data], rtol=1e-4
    )


def test_training_lowers_the_loss_on_one_batch() -> None:
    step, (batch, *_) = mlp.numpy_step(), mlp.batches(1)
    losses = [float(step(*batch)) for _ in range(30)]
    assert losses[-1] < 0.5 * losses[0]


@pytest.mark.parametrize(
    ("value", "limit", "reached"), [(1.0, 2.0, True), (2.0, 2.0, True), (2.1, 2.0, False), (9.0, None, True)]
)
def test_reached_means_within_the_limit(value: float, limit: float | None, reached: bool) -> None:
    assert Figure("x", value, "s", limit).reached is reached


def test_table_shows_missed_limits() -> None:
    lines = table([Figure("fast", 1.0, "us", 3), Figure("slow", 4.0, "us", 3, "of old"), Figure("  other", 5.0, "s")])
    assert lines.splitlines()[2:] == [
        "| fast | 1 us | 3 us | reached |",
        "| slow | 4 us | 3 us | missed, of old |",
        "| other | 5 s |  |  |",
    ]
