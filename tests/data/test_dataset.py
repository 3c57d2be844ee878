"""Data sets: every step against Python; iterators in sessions."""

import itertools
import threading
import time

import numpy as np
import pytest

import graphc as gc

D = gc.data.Dataset


@pytest.fixture(autouse=True)
def graph():
    with gc.Graph().as_default() as g:
        yield g


@pytest.fixture(params=["compile", "interpret"])
def s(request, graph):
    return gc.Session(graph, mode=request.param)


def listed(dataset):
    return [np.asarray(v).tolist() for v in dataset]


def drain(session, fetches):
    """Values of all runs until the end of the sequence."""
    found = []
    try:
        while True:
            found.append(session.run(fetches))
    except gc.OutOfRangeError:
        return found


def test_sources():
    assert listed(D.range(2, 9, 3)) == [2, 5, 8]
    assert listed(D.from_tensor_slices([[1, 2], [3, 4]])) == [[1, 2], [3, 4]]
    assert listed(D.from_tensors([[1, 2], [3, 4]])) == [[[1, 2], [3, 4]]]
    pairs = list(D.from_tensor_slices({"a": np.arange(2), "b": (np.ones(2), [5, 6])}))
    assert [(p["a"], p["b"][0], p["b"][1]) for p in pairs] == [(0, 1.0, 5), (1, 1.0, 6)]
    one = D.range(3)
    zipped = list(D.zip((one, (one.skip(1), one.map(lambda v: v * 2)))))
    assert [(int(a), (int(b), int(c))) for a, (b, c) in zipped] == [(0, (1, 0)), (1, (2, 2))]


def test_generators():
    def pairs(n):
        for i in range(n):
            yield [i] * 2, i / 2

    data = D.from_generator(pairs, (gc.int64, gc.float32), ([2], []), args=[3])
    assert data.output_types == (gc.int64, gc.float32)
    assert data.output_shapes[0].as_list() == [2]
    for _ in range(2):
        assert [(a.tolist(), float(b)) for a, b in data] == [([0, 0], 0.0), ([1, 1], 0.5), ([2, 2], 1.0)]
    assert next(iter(data))[1].dtype == np.float32
    with pytest.raises(gc.GraphError, match=r"shape \(2,\), declared was \(3,\)"):
        list(D.from_generator(lambda: pairs(1), (gc.int64, gc.float32), ([3], [])))
    with pytest.raises(gc.GraphError, match="3 parts are needed"):
        list(D.from_generator(lambda: pairs(1), (gc.int64, gc.int64, gc.int64)))


def test_steps():
    n = D.range(7)
    assert listed(n.take(3)) == [0, 1, 2]
    assert listed(n.take(-1)) == list(range(7))
    assert listed(n.skip(5)) == [5, 6]
    assert listed(n.skip(-1)) == []
    assert listed(n.shard(3, 1)) == [1, 4]
    assert listed(n.take(2).concatenate(n.skip(6))) == [0, 1, 6]
    assert listed(n.take(2).repeat(2)) == [0, 1, 0, 1]
    assert listed(n.batch(3)) == [[0, 1, 2], [3, 4, 5], [6]]
    assert listed(n.batch(3, drop_remainder=True)) == [[0, 1, 2], [3, 4, 5]]
    assert list(itertools.islice(map(int, n.repeat()), 9)) == [0, 1, 2, 3, 4, 5, 6, 0, 1]
    assert listed(n.take(0).repeat()) == []
    assert listed(n.map(lambda v: v * v).filter(lambda v: v % 2 < 1)) == [0, 4, 16, 36]
    assert listed(n.apply(lambda d: d.take(1))) == [0]
    assert listed(n.prefetch(2).batch(7)) == [list(range(7))]
    assert n.batch(3).output_shapes.as_list() == [None]
    assert n.batch(3, True).output_shapes.as_list() == [3]


def test_functions_of_structures():
    data = D.from_tensor_slices({"x": np.float32([1, 2])}).map(lambda d: (d["x"] + 1.0, {"y": d["x"]}))
    assert [(float(a), float(b["y"])) for a, b in data] == [(2.0, 1.0), (3.0, 2.0)]
    pairs = D.from_tensor_slices((np.arange(3), np.arange(3))).map(lambda a, b: a * 10 + b)
    assert listed(pairs) == [0, 11, 22]
    with pytest.raises(gc.GraphError, match="one boolean"):
        D.range(3).filter(lambda v: v)
    outside = gc.constant(1)
    with pytest.raises(gc.GraphError, match="another graph"):
        D.range(3).map(lambda v: v + gc.cast(outside, gc.int64))


def test_a_function_is_built_once():
    calls = []
    data = D.range(5).map(lambda v: calls.append(v) or v + 1)
    assert listed(data) == listed(data) == [1, 2, 3, 4, 5]
    assert len(calls) == 1


def test_shuffling():
    n = D.range(50)
    order = listed(n.shuffle(50, seed=3))
    assert sorted(order) == list(range(50))
    assert order != list(range(50))
    assert listed(n.shuffle(50, seed=3)) == order
    twice = n.shuffle(50, seed=3).repeat(2)
    both = listed(twice)
    assert sorted(both[:50]) == sorted(both[50:])
    assert both[:50] != both[50:]
    same = listed(n.shuffle(50, seed=3, reshuffle_each_iteration=False).repeat(2))
    assert same[:50] == same[50:]
    near = listed(n.shuffle(4, seed=0))
    assert all(value <= place + 3 for place, value in enumerate(near))
    gc.set_random_seed(1)
    assert listed(n.shuffle(50)) == listed(n.shuffle(50))
    # Uniform: each element in each place about as often.
    counts = np.zeros((3, 3))
    shuffled = D.range(3).shuffle(3, seed=5)
    for _ in range(600):
        counts[np.arange(3), listed(shuffled)] += 1
    assert abs(counts - 200).max() < 60


def test_prefetching_runs_ahead_passes_errors_on_and_stops():
    seen = []

    def numbers():
        for i in range(100):
            seen.append(i)
            yield i
            if i == 5:
                raise RuntimeError("broken")

    rows = iter(D.from_generator(numbers, gc.int64, []).prefetch(3))
    assert next(rows) == 0
    deadline = time.monotonic() + 5
    while len(seen) < 4 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert 4 <= len(seen) <= 6
    with pytest.raises(RuntimeError, match="broken"):
        list(rows)
    endless = iter(D.range(10).repeat().prefetch(2))
    next(endless)
    endless.close()
    deadline = time.monotonic() + 5
    while any(t.name == "graphc-prefetch" for t in threading.enumerate()) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not any(t.name == "graphc-prefetch" for t in threading.enumerate())


def test_caching():
    passes = []

    def numbers():
        passes.append(1)
        yield from range(3)

    data = D.from_generator(numbers, gc.int64, []).cache().repeat(3)
    assert listed(data) == [0, 1, 2] * 3
    assert len(passes) == 1


def test_errors():
    with pytest.raises(gc.GraphError, match=r"different lengths: \[2, 3\]"):
        D.from_tensor_slices((np.zeros(2), np.zeros(3)))
    with pytest.raises(gc.GraphError, match="scalar"):
        D.from_tensor_slices(3.0)
    with pytest.raises(gc.GraphError, match="arrays of numbers"):
        D.from_tensor_slices(["a", "b"])
    ragged = D.from_generator(lambda: ([1] * n for n in (1, 2)), gc.int64, [None])
    with pytest.raises(gc.GraphError, match="different shapes cannot be a batch"):
        list(ragged.batch(2))
    with pytest.raises(gc.GraphError, match="same types"):
        D.range(2).concatenate(D.from_tensor_slices([1.0]))
    for wrong in (lambda: D.range(2).batch(0), lambda: D.range(2).shuffle(0)):
        with pytest.raises(gc.GraphError, match="at least one element"):
            wrong()


def test_one_shot_iterator(s):
    x, y = D.from_tensor_slices((np.float32([1, 2, 3]), [10, 20, 30])).batch(2).make_one_shot_iterator().get_next()
    assert x.shape.as_list() == [None]
    total = gc.reduce_sum(x)
    first = s.run([x, y, total])
    assert [v.tolist() for v in first] == [[1, 2], [10, 20], 3.0]
    # One run, one element, whichever parts are used.
    assert s.run(y).tolist() == [30]
    for _ in range(2):
        with pytest.raises(gc.OutOfRangeError, match="end of sequence"):
            s.run(total)
    assert gc.Session().run(total) == 3.0


def test_training_on_an_iterator(s):
    x = np.linspace(-1, 1, 40, dtype=np.float32)
    data = D.from_tensor_slices((x, 3 * x + 1)).shuffle(40, seed=0).repeat(30).batch(8).prefetch(2)
    inputs, targets = data.make_one_shot_iterator().get_next()
    w, b = gc.Variable(0.0), gc.Variable(0.0)
    step = gc.Variable(0, trainable=False)
    loss = gc.reduce_mean(gc.square(w * inputs + b - targets))
    train = gc.train.GradientDescentOptimizer(0.2).minimize(loss, step)
    drain(s, [train, loss])
    np.testing.assert_allclose(s.run([w, b]), [3.0, 1.0], atol=1e-3)
    assert s.run(step) == 150


def test_initializable_iterator_takes_placeholders(s):
    values, size = gc.placeholder(gc.float32, [None, 2]), gc.placeholder(gc.float32, [None])
    data = D.from_tensor_slices((values, size)).map(lambda v, n: v * n).batch(2)
    iterator = data.make_initializable_iterator()
    element = iterator.get_next()
    assert element.shape.as_list() == [None, 2]
    with pytest.raises(gc.GraphError, match="run its initializer"):
        s.run(element)
    for scale in (1.0, 10.0):
        s.run(gc.group(iterator.initializer), {values: [[1, 2], [3, 4], [5, 6]], size: [scale] * 3})
        assert s.run(element * 1.0).tolist() == [[scale, 2 * scale], [3 * scale, 4 * scale]]
        assert s.run(element).shape == (1, 2)
        with pytest.raises(gc.OutOfRangeError):
            s.run(element)
    with pytest.raises(gc.FeedError, match="has shape"):
        s.run(iterator.initializer, {values: [1.0], size: [1.0]})
    with pytest.raises(gc.GraphError, match="make_initializable_iterator"):
        data.make_one_shot_iterator()


def test_switching_between_data_sets(s):
    train, test = D.range(3), D.range(100, 102)
    iterator = gc.data.Iterator.from_structure(train.output_types, train.output_shapes)
    element = iterator.get_next()
    starts = [iterator.make_initializer(d) for d in (train, test)]
    found = []
    for start in starts:
        s.run(start)
        found += map(int, drain(s, element))
    assert found == [0, 1, 2, 100, 101]
    with pytest.raises(gc.GraphError, match="float32"):
        iterator.make_initializer(D.from_tensor_slices([1.0]))
    with pytest.raises(gc.GraphError, match="make_initializer"):
        iterator.initializer  # noqa: B018


def test_elements_can_be_fed_instead(s):
    x, y = D.from_tensor_slices(([1.0, 2.0], [5.0, 6.0])).make_one_shot_iterator().get_next()
    assert s.run(x + y, {x: 100.0, y: 1.0}) == 101.0
    assert s.run(x + y, {x: 100.0}) == 105.0
    assert s.run(x + y) == 8.0
    call = s.make_callable(x * 2.0, [x])
    assert call(4.0) == 8.0


def test_functions_draw_too(graph):
    x = D.range(3).make_one_shot_iterator().get_next()
    scale = gc.placeholder(gc.int64, [])
    call = gc.function([scale], x * scale, store=gc.Store())
    assert [int(call(10)) for _ in range(3)] == [0, 10, 20]
    with pytest.raises(gc.OutOfRangeError):
        call(10)


def test_two_reads_of_one_iterator_are_two_elements(s):
    iterator = D.range(4).make_one_shot_iterator()
    a, b = iterator.get_next(), iterator.get_next()
    assert s.run([a, b]) == [0, 1]
    assert s.run([a, a]) == [2, 2]
