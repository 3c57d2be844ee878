"""Compiled programs on disk: what is found again, what is not, and what a damaged file does."""

import pytest

import graphc as gc


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("GRAPHC_CACHE_DIR", str(tmp_path))
    return tmp_path


def _run(rate=0.3, factor=7.0, config=None):
    with gc.Graph().as_default():
        w = gc.Variable([1.0, 2.0], name="w")
        x = gc.placeholder(gc.float32, [2], name="x")
        train = gc.train.GradientDescentOptimizer(rate).minimize(gc.reduce_sum(w * x * factor))
        s = gc.Session(config=config or gc.Config())
        s.run(train, {x: [1.0, 1.0]})
        return s.report(train, [x])["cache"], s.run(w).tolist()


def test_hits_misses_and_damage(folder):
    first, value = _run()
    again, same = _run()
    assert (first, again) == ("miss", "hit")
    assert value == same
    assert _run(rate=0.7)[0] == "hit"
    assert _run(factor=11.0)[0] == "hit"
    assert _run(rate=0.7)[1] != value
    assert _run(config=gc.Config(disable=("simplify",)))[0] == "miss"
    for path in folder.rglob("*"):
        if path.is_file():
            path.write_bytes(path.read_bytes()[:-7])
    assert _run() == ("miss", value)
    assert _run() == ("hit", value)
