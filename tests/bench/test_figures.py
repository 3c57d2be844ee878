"""The figures script: its table tells the truth."""

import pytest

from graphc.bench.figures import Figure, table


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
