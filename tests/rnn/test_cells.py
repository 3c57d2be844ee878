"""Single steps of the cells against their formulas in NumPy, and the names of their variables."""

import numpy as np
import pytest
from both_modes import run_both, session

import graphc as gc
from graphc import rnn

RNG = np.random.default_rng(3)
BATCH, DEPTH, UNITS = 3, 4, 5


@pytest.fixture(autouse=True)
def graph():
    with gc.Graph().as_default() as g:
        gc.set_random_seed(7)
        yield g


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def step(cell, *sizes):
    """Output and state of one step from random values; the values, and those of the variables by name."""
    x = RNG.normal(size=(BATCH, DEPTH)).astype("f4")
    states = [RNG.normal(size=(BATCH, n)).astype("f4") for n in sizes]
    with gc.variable_scope("net", initializer=gc.initializers.RandomNormal()):
        given = states[0] if len(states) == 1 else rnn.LSTMStateTuple(*map(gc.constant, states))
        found = cell(gc.constant(x), gc.constant(given) if len(states) == 1 else given)
    values = {v.name.removeprefix("net/")[:-2]: v for v in gc.global_variables()}
    found, values = run_both([found, values], rtol=1e-5, atol=1e-5)
    return found, x, states, values


def test_basic_rnn():
    (output, state), x, (h,), v = step(rnn.BasicRNNCell(UNITS), UNITS)
    assert list(v) == ["basic_rnn_cell/kernel", "basic_rnn_cell/bias"]
    want = np.tanh(np.concatenate([x, h], 1) @ v["basic_rnn_cell/kernel"] + v["basic_rnn_cell/bias"])
    np.testing.assert_allclose(output, want, rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(output, state)


def test_gru():
    (output, state), x, (h,), v = step(rnn.GRUCell(UNITS), UNITS)
    assert list(v) == [f"gru_cell/{part}/{name}" for part in ("gates", "candidate") for name in ("kernel", "bias")]
    np.testing.assert_array_equal(v["gru_cell/gates/bias"], np.ones(2 * UNITS))
    r, u = np.split(sigmoid(np.concatenate([x, h], 1) @ v["gru_cell/gates/kernel"] + 1), 2, 1)
    new = np.tanh(np.concatenate([x, r * h], 1) @ v["gru_cell/candidate/kernel"])
    np.testing.assert_allclose(output, u * h + (1 - u) * new, rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(output, state)


@pytest.mark.parametrize("forget_bias", [0.0, 1.0])
@pytest.mark.parametrize("tuples", [False, True])
def test_basic_lstm(forget_bias, tuples):
    cell = rnn.BasicLSTMCell(UNITS, forget_bias, state_is_tuple=tuples)
    (output, state), x, states, v = step(cell, *([UNITS, UNITS] if tuples else [2 * UNITS]))
    c, h = states if tuples else np.split(states[0], 2, 1)
    assert list(v) == ["basic_lstm_cell/kernel", "basic_lstm_cell/bias"]
    i, j, f, o = np.split(np.concatenate([x, h], 1) @ v["basic_lstm_cell/kernel"], 4, 1)
    c = c * sigmoid(f + forget_bias) + sigmoid(i) * np.tanh(j)
    h = np.tanh(c) * sigmoid(o)
    np.testing.assert_allclose(output, h, rtol=1e-4, atol=1e-5)
    found = (state.c, state.h) if tuples else np.split(state, 2, 1)
    np.testing.assert_allclose(found, (c, h), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("peepholes", [False, True])
@pytest.mark.parametrize("projection", [None, 2])
def test_lstm(peepholes, projection):
    cell = rnn.LSTMCell(UNITS, peepholes, 0.9, num_proj=projection, proj_clip=projection and 0.3, forget_bias=0.5)
    assert cell.output_size == (projection or UNITS)
    (output, state), x, (c, h), v = step(cell, UNITS, projection or UNITS)
    v = {name.removeprefix("lstm_cell/"): value for name, value in v.items()}
    expected = ["kernel", "bias", *(["w_f_diag", "w_i_diag", "w_o_diag"] if peepholes else [])]
    assert list(v) == expected + (["projection/kernel"] if projection else [])
    wf, wi, wo = (v.get(f"w_{k}_diag", 0) for k in "fio")
    i, j, f, o = np.split(np.concatenate([x, h], 1) @ v["kernel"], 4, 1)
    c = sigmoid(f + 0.5 + wf * c) * c + sigmoid(i + wi * c) * np.tanh(j)
    c = np.clip(c, -0.9, 0.9)
    h = sigmoid(o + wo * c) * np.tanh(c)
    if projection:
        h = np.clip(h @ v["projection/kernel"], -0.3, 0.3)
    np.testing.assert_allclose(output, h, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(state.c, c, rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(state.h, output)


def test_a_cell_keeps_its_variables():
    cell = rnn.GRUCell(UNITS)
    state = cell.zero_state(2, gc.float32)
    for _ in range(3):
        _, state = cell(gc.ones([2, DEPTH]), state)
    assert len(gc.global_variables()) == 4 == len(cell.variables) == len(cell.trainable_variables)
    with pytest.raises(gc.GraphError, match=r"do not fit the variable gru_cell/gates/kernel") as caught:
        cell(gc.ones([2, DEPTH + 1]), state)
    assert "test_cells.py" in str(caught.value)


def test_scopes_and_reuse():
    x, h = gc.ones([2, DEPTH]), gc.zeros([2, UNITS])
    rnn.BasicRNNCell(UNITS)(x, h, scope="own")
    rnn.BasicRNNCell(UNITS, name="named")(x, h)
    rnn.BasicRNNCell(UNITS, name="named", reuse=True)(x, h)
    with gc.variable_scope("a"):
        rnn.BasicRNNCell(UNITS)(x, h)
    with gc.variable_scope("a", reuse=True):
        rnn.BasicRNNCell(UNITS)(x, h)
    kernels = [v.name for v in gc.global_variables() if "kernel" in v.name]
    assert kernels == ["own/kernel:0", "named/kernel:0", "a/basic_rnn_cell/kernel:0"]


def test_multi():
    cell = rnn.MultiRNNCell([rnn.BasicLSTMCell(3), rnn.GRUCell(2)])
    assert cell.state_size == (rnn.LSTMStateTuple(3, 3), 2)
    zero = cell.zero_state(BATCH, "float32")
    output, state = cell(gc.ones([BATCH, DEPTH]), zero)
    assert output.shape.as_list() == [BATCH, 2]
    assert isinstance(state[0], rnn.LSTMStateTuple)
    assert [v.name for v in cell.variables][::2] == [
        "multi_rnn_cell/cell_0/basic_lstm_cell/kernel:0",
        "multi_rnn_cell/cell_1/gru_cell/gates/kernel:0",
        "multi_rnn_cell/cell_1/gru_cell/candidate/kernel:0",
    ]
    values = session("interpret").run([output, state])
    np.testing.assert_array_equal(values[0], values[1][1])


def test_multi_of_one_cell_makes_several():
    one = rnn.DropoutWrapper(rnn.BasicLSTMCell(3), output_keep_prob=0.5)
    cell = rnn.MultiRNNCell([one] * 2)
    cell(gc.ones([BATCH, DEPTH]), cell.zero_state(BATCH))
    assert [v.shape.as_list() for v in cell.variables if "kernel" in v.name] == [[DEPTH + 3, 12], [6, 12]]


def test_multi_with_joined_states():
    cell = rnn.MultiRNNCell([rnn.GRUCell(3), rnn.BasicLSTMCell(2, state_is_tuple=False)], state_is_tuple=False)
    output, state = cell(gc.ones([BATCH, DEPTH]), cell.zero_state(BATCH))
    assert (output.shape.as_list(), state.shape.as_list()) == ([BATCH, 2], [BATCH, 7])
    with pytest.raises(gc.GraphError, match="states are tuples"):
        rnn.MultiRNNCell([rnn.BasicLSTMCell(2)], state_is_tuple=False)
    with pytest.raises(gc.GraphError, match="list of cells"):
        rnn.MultiRNNCell([])


class Same(rnn.RNNCell):
    """A cell that passes its inputs on."""

    state_size = output_size = 500

    def call(self, inputs, state):
        return inputs, inputs


def test_dropout():
    keep = gc.placeholder(gc.float32, [])
    cell = rnn.DropoutWrapper(Same(), 0.5, output_keep_prob=keep, state_keep_prob=0.8)
    found = run_both(cell(gc.ones([4, 500]), cell.zero_state(4)), {keep: 0.9})
    for value, kept, scale in zip(found, (0.5 * 0.9, 0.5 * 0.8), (0.5 * 0.9, 0.5 * 0.8), strict=True):
        assert abs((value != 0).mean() - kept) < 0.05
        np.testing.assert_allclose(value[value != 0], 1 / scale, rtol=1e-5)


def test_dropout_leaves_the_memory():
    cell = rnn.DropoutWrapper(rnn.BasicLSTMCell(200), state_keep_prob=0.5)
    _, state = session("interpret").run(cell(gc.ones([4, 3]), cell.zero_state(4)))
    assert (state.c != 0).all()
    assert abs((state.h == 0).mean() - 0.5) < 0.1


def test_variational_dropout_repeats_its_choice():
    cell = rnn.DropoutWrapper(Same(), 0.5, variational_recurrent=True, input_size=500)
    state = cell.zero_state(4)
    steps = [cell(gc.ones([4, 500]), state)[0] for _ in range(2)]
    a, b = session("interpret").run(steps)
    np.testing.assert_array_equal(a, b)
    assert abs((a == 0).mean() - 0.5) < 0.1
    with pytest.raises(gc.GraphError, match="input_size"):
        rnn.DropoutWrapper(Same(), 0.5, variational_recurrent=True)
    with pytest.raises(gc.GraphError, match="probability"):
        rnn.DropoutWrapper(Same(), 1.5)


def test_residual():
    x = RNG.normal(size=(BATCH, UNITS)).astype("f4")
    inner = rnn.BasicRNNCell(UNITS)
    cell = rnn.ResidualWrapper(inner)
    h = cell.zero_state(BATCH)
    with_sum, own, product = (
        c(gc.constant(x), h)[0] for c in (cell, inner, rnn.ResidualWrapper(inner, lambda a, b: a * b))
    )
    found = run_both([with_sum, own, product])
    np.testing.assert_allclose(found[0], found[1] + x, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(found[2], found[1] * x, rtol=1e-5, atol=1e-6)
    with pytest.raises(gc.GraphError, match="sizes must be equal"):
        rnn.ResidualWrapper(rnn.GRUCell(2))(gc.ones([BATCH, 3]), gc.zeros([BATCH, 2]))
