"""Random graphs through the public interface; `python -m graphc.testing.random_graphs` runs more of them."""

from hypothesis import given, settings
from hypothesis import strategies as st

from graphc.testing.random_graphs import RandomGraph, check, main


@settings(max_examples=6, deadline=None, derandomize=True, database=None)
@given(st.integers(0, 2**32))
def test_optimized_unoptimized_and_interpreted_agree(seed):
    check(seed)


def test_a_seed_determines_its_graph():
    assert RandomGraph(3).describe() == RandomGraph(3).describe()
    assert RandomGraph(3).describe() != RandomGraph(4).describe()


def test_the_campaign_says_what_it_did(capsys):
    main(["--seconds", "0.01", "--seed", "5"])
    assert "1 graphs" in capsys.readouterr().out
