"""Cells along sequences: loops and lists of steps against NumPy and Keras, lengths, directions, gradients, errors."""

from pathlib import Path

import numpy as np
import pytest
from both_modes import CONFIGS, run_both, session

import graphc as gc
from graphc import rnn

RNG = np.random.default_rng(4)
KERAS = np.load(Path(__file__).parent / "keras_recurrent.npz", allow_pickle=False)


@pytest.fixture(autouse=True)
def graph():
    with gc.Graph().as_default() as g:
        gc.set_random_seed(7)
        yield g


def case(name):
    return {k.split("/")[1]: KERAS[k] for k in KERAS.files if k.startswith(f"{name}/")}


def keras_weights(data, order):
    """Keras's weights as those of a cell: input and recurrent kernels joined, gates in the order given."""
    parts = [np.split(data[w], len(order), axis=-1) for w in ("w0", "w1", "w2")]
    kernel, recurrent, bias = (np.concatenate([p[i] for i in order], -1) for p in parts)
    return np.concatenate([kernel, recurrent]), bias


@pytest.mark.parametrize(
    "name", ["SimpleRNN_seq0", "SimpleRNN_seq1", "LSTM_seq0", "LSTM_seq1", "LSTM_back0", "LSTM_back1", "LSTM_state"]
)
def test_values_and_gradients_of_keras(name):
    data = case(name)
    simple = name.startswith("Simple")
    # Keras has i, f, j, o; and no further bias of the forget gate.
    kernel, bias = keras_weights(data, [0] if simple else [0, 2, 1, 3])
    cell = rnn.BasicRNNCell(4) if simple else rnn.BasicLSTMCell(4, forget_bias=0.0)
    x = gc.placeholder(gc.float32, [None, None, 3])
    steps = gc.reverse(x, 1) if "back" in name else x
    outputs, state = rnn.dynamic_rnn(cell, steps)
    last = outputs[:, -1]
    results = [outputs] if name.endswith("1") else [last, state.h, state.c] if name == "LSTM_state" else [last]
    loss = gc.add_n([gc.reduce_sum(r * data[f"ct{i}"]) for i, r in enumerate(results)])
    fetches = [*results, *gc.gradients(loss, [x, cell.kernel, cell.bias])]
    g_kernel, g_bias = keras_weights({f"w{i}": data[f"gw{i}"] for i in range(3)}, [0] if simple else [0, 2, 1, 3])
    want = [*(data[f"y{i}"] for i in range(len(results))), data["gx"], g_kernel, g_bias]
    for mode in CONFIGS:
        s = session(mode)
        cell.kernel.load(kernel, s)
        cell.bias.load(bias, s)
        for found, expected in zip(s.run(fetches, {x: data["x"]}), want, strict=True):
            np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kind", [rnn.BasicRNNCell, rnn.GRUCell, rnn.BasicLSTMCell, rnn.LSTMCell])
@pytest.mark.parametrize("lengths", [None, [4, 0, 2]])
def test_loops_and_lists_agree(kind, lengths):
    x = gc.placeholder(gc.float32, [None, 4, 3])
    cell = kind(5)
    with gc.variable_scope("same"):
        outputs, state = rnn.dynamic_rnn(cell, x, lengths)
        listed, last = rnn.static_rnn(cell, gc.unstack(x, 4, axis=1), dtype="float32", sequence_length=lengths)
    weights = RNG.normal(size=(3, 4, 5)).astype("f4")
    stacked = gc.stack(listed, axis=1)
    first, second = (
        gc.gradients(gc.reduce_sum(o * weights) + gc.reduce_sum(gc.square(s[0] if isinstance(s, tuple) else s)),
                     [x, *cell.variables])
        for o, s in ((outputs, state), (stacked, last))
    )  # fmt: skip
    data = {x: RNG.normal(size=(3, 4, 3))}
    one, two = run_both([[outputs, state, first], [stacked, last, second]], data, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(one[0], two[0], rtol=1e-4, atol=1e-5)
    for a, b in zip(one[2], two[2], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-4)
    if lengths:
        assert not one[0][1].any()
        assert not one[0][2, 2:].any()
        end = one[1].h if isinstance(one[1], tuple) else one[1]
        np.testing.assert_array_equal(end[0], one[0][0, 3])
        np.testing.assert_array_equal(end[2], one[0][2, 1])
        assert not end[1].any()


@pytest.mark.parametrize("kind", [rnn.GRUCell, rnn.LSTMCell])
def test_gradients_against_differences(kind):
    x = gc.placeholder(gc.float64, [2, None, 3])
    cell = kind(2, **({"use_peepholes": True} if kind is rnn.LSTMCell else {}))
    with gc.variable_scope("net", dtype="float64"):
        outputs, _ = rnn.dynamic_rnn(cell, x, [3, 2])
    loss = gc.reduce_sum(gc.square(outputs))
    data, h = RNG.normal(size=(2, 3, 3)), 1e-5
    found = run_both(gc.gradients(loss, x)[0], {x: data}, rtol=1e-9, atol=1e-9)
    s = session("interpret")
    want = np.zeros_like(data)
    for at in np.ndindex(data.shape):
        move = np.zeros_like(data)
        move[at] = h
        want[at] = (s.run(loss, {x: data + move}) - s.run(loss, {x: data - move})) / (2 * h)
    np.testing.assert_allclose(found, want, rtol=1e-6, atol=1e-8)
    assert not found[1, 2].any()


def test_layouts_names_and_state_sizes():
    x = gc.placeholder(gc.float32, [None, None, 3])
    cell = rnn.MultiRNNCell([rnn.BasicLSTMCell(4), rnn.BasicLSTMCell(2)])
    outputs, state = rnn.dynamic_rnn(cell, x, dtype=gc.float32)
    assert outputs.shape.as_list() == [None, None, 2]
    assert state[1].c.shape.as_list() == [None, 2]
    assert [v.name for v in gc.trainable_variables()] == [
        f"rnn/multi_rnn_cell/cell_{i}/basic_lstm_cell/{v}:0" for i in (0, 1) for v in ("kernel", "bias")
    ]
    turned = gc.transpose(x, [1, 0, 2])
    again, _ = rnn.dynamic_rnn(cell, turned, time_major=True)
    a, b = run_both([outputs, again], {x: RNG.normal(size=(2, 5, 3))})
    np.testing.assert_allclose(a, b.transpose(1, 0, 2), rtol=1e-6, atol=1e-6)
    with pytest.raises(gc.GraphError, match="already exists"):
        rnn.dynamic_rnn(rnn.MultiRNNCell([rnn.BasicLSTMCell(4)]), x)


@pytest.mark.parametrize("static", [False, True])
def test_both_directions(static):
    x = gc.placeholder(gc.float32, [None, 4, 3])
    lengths = gc.placeholder(gc.int32, [None])
    fw, bw = rnn.GRUCell(2), rnn.GRUCell(2)
    if static:
        joined, last, first = rnn.static_bidirectional_rnn(fw, bw, gc.unstack(x, 4, axis=1), sequence_length=lengths)
        outputs = gc.split(gc.stack(joined, axis=1), 2, axis=2)
    else:
        outputs, (last, first) = rnn.bidirectional_dynamic_rnn(fw, bw, x, lengths)
    assert bw.variables[0].name == "bidirectional_rnn/bw/gru_cell/gates/kernel:0"
    assert fw.variables[0].name == "bidirectional_rnn/fw/gru_cell/gates/kernel:0"
    data = RNG.normal(size=(2, 4, 3)).astype("f4")
    # The same cell forwards along the reversed first three steps.
    turned = gc.unstack(gc.reverse(x[:, :3], 1), 3, axis=1)
    want, end = rnn.static_rnn(bw, turned)
    found = run_both([outputs, last, first, want, end], {x: data, lengths: [3, 3]}, rtol=1e-5, atol=1e-5)
    (ahead, back), last, first, want, end = found
    np.testing.assert_allclose(back[:, :3][:, ::-1], np.stack(want, 1), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(first, end, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(last, ahead[:, 2], rtol=1e-6)
    assert not back[:, 3].any()


@pytest.mark.parametrize("mode", list(CONFIGS))
def test_a_state_is_fed_and_fetched(mode, graph):
    x = gc.placeholder(gc.float32, [2, None, 3])
    cell = rnn.MultiRNNCell([rnn.BasicLSTMCell(4), rnn.GRUCell(3)])
    start = cell.zero_state(2)
    outputs, state = rnn.dynamic_rnn(cell, x, initial_state=start)
    data = RNG.normal(size=(2, 6, 3))
    s = session(mode, graph)
    whole, end = s.run([outputs, state], {x: data})
    held = s.run(start)
    parts = []
    for half in (data[:, :3], data[:, 3:]):
        part, held = s.run([outputs, state], {x: half, start: held})
        parts.append(part)
    np.testing.assert_allclose(np.concatenate(parts, 1), whole, rtol=1e-5, atol=1e-6)
    assert isinstance(held[0], rnn.LSTMStateTuple)
    np.testing.assert_allclose(held[0].c, end[0].c, rtol=1e-5, atol=1e-6)


def test_the_batch_size_may_be_a_tensor():
    x = gc.placeholder(gc.float32, [None, 3, 2])
    batch = gc.placeholder(gc.int32, [])
    cell = rnn.BasicLSTMCell(4)
    outputs, _ = rnn.dynamic_rnn(cell, x, initial_state=cell.zero_state(batch, gc.float32))
    assert run_both(outputs, {x: np.ones((5, 3, 2)), batch: 5}, rtol=1e-5).shape == (5, 3, 4)


class Own(rnn.RNNCell):
    """A cell in the style of the first versions, which overrides the call."""

    @property
    def state_size(self):
        return 2

    @property
    def output_size(self):
        return 2

    def __init__(self):
        pass

    def __call__(self, inputs, state, scope=None):
        with gc.variable_scope(scope or "own"):
            w = gc.get_variable("w", [5, 2], initializer=gc.initializers.RandomNormal(seed=1))
        new = gc.tanh(gc.matmul(gc.concat([inputs, state], 1), w))
        return new, new


def test_cells_of_ones_own():
    x = gc.placeholder(gc.float32, [None, 3, 3])
    outputs, _ = rnn.dynamic_rnn(Own(), x)
    with gc.variable_scope("rnn", reuse=True):
        listed, _ = rnn.static_rnn(Own(), gc.unstack(x, 3, axis=1), scope=gc.get_variable_scope())
    assert [v.name for v in gc.trainable_variables()] == ["rnn/own/w:0"]
    a, b = run_both([outputs, gc.stack(listed, 1)], {x: RNG.normal(size=(2, 3, 3))}, rtol=1e-5)
    np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def test_dropout_differs_from_step_to_step():
    cell = rnn.DropoutWrapper(rnn.BasicRNNCell(200), output_keep_prob=0.5)
    outputs, _ = rnn.dynamic_rnn(cell, gc.ones([1, 3, 2]))
    for mode in CONFIGS:
        value = session(mode).run(outputs)[0]
        assert abs((value == 0).mean() - 0.5) < 0.1
        assert ((value[0] == 0) != (value[1] == 0)).any()


@pytest.mark.parametrize("mode", list(CONFIGS))
def test_a_network_learns_to_remember(mode, graph):
    x, t = gc.placeholder(gc.float32, [None, None, 2]), gc.placeholder(gc.float32, [None, 1])
    _, state = rnn.dynamic_rnn(rnn.GRUCell(8), x)
    loss = gc.reduce_mean(gc.square(gc.layers.dense(state, 1) - t))
    step = gc.train.AdamOptimizer(0.02).minimize(loss)
    data = RNG.choice([-1.0, 1.0], size=(32, 5, 2)).astype("f4")
    feeds = {x: data, t: data[:, 0, :1]}
    s = session(mode, graph)
    before = s.run(loss, feeds)
    for _ in range(60):
        s.run(step, feeds)
    assert s.run(loss, feeds) < 0.2 * before


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda c: rnn.dynamic_rnn(c, gc.placeholder(gc.float32, [None, 3, None])), "last size of its input"),
        (lambda c: rnn.dynamic_rnn(c, gc.placeholder(gc.float32)), "batch, time, features"),
        (lambda c: rnn.dynamic_rnn(c, gc.ones([2, 3, 4]), initial_state=gc.zeros([2, 5])), "initial_state"),
        (lambda c: rnn.dynamic_rnn(c, gc.ones([2, 3, 4]), [1.0, 2.0]), "vector of integers"),
        (lambda c: rnn.static_rnn(c, gc.ones([2, 3, 4])), "list of tensors"),
    ],
)
def test_errors_name_the_line(call, words):
    with pytest.raises(gc.GraphError, match=words) as caught:
        call(rnn.BasicLSTMCell(5))
    assert "test_sequences.py" in str(caught.value)
