"""Layers by expectations in NumPy: what the stored reference does not cover."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import graphc as gc
from graphc import keras
from graphc.keras import layers

RANDOM = np.random.RandomState(0)


def floats(*shape: int) -> np.ndarray:
    return RANDOM.randn(*shape).astype(np.float32)


SHAPES = [
    (layers.Permute((2, 1)), (4, 3), (3, 4)), (layers.RepeatVector(5), (3,), (5, 3)),
    (layers.Reshape((-1, 2)), (4, 3), (6, 2)), (layers.UpSampling1D(3), (2, 4), (6, 4)),
    (layers.ZeroPadding1D((1, 2)), (4, 2), (7, 2)), (layers.Cropping1D((1, 2)), (6, 2), (3, 2)),
    (layers.Conv1D(5, 3, padding="causal"), (7, 2), (7, 5)), (layers.SeparableConv1D(5, 3), (7, 2), (5, 5)),
    (layers.DepthwiseConv1D(3, strides=2), (7, 2), (3, 2)), (layers.Conv1DTranspose(5, 3, strides=2), (4, 2), (9, 5)),
    (layers.Conv2D(4, 3, groups=2, strides=2), (7, 7, 6), (3, 3, 4)), (layers.Conv3D(2, 2), (3, 4, 5, 2), (2, 3, 4, 2)),
    (layers.Conv2D(4, 3, data_format="channels_first"), (2, 7, 7), (4, 5, 5)),
    (layers.UpSampling2D(2, interpolation="bilinear"), (3, 3, 1), (6, 6, 1)),
    (layers.GlobalAveragePooling2D(keepdims=True), (3, 3, 2), (1, 1, 2)), (layers.GlobalMaxPooling1D(), (3, 2), (2,)),
    (layers.AveragePooling1D(2), (6, 2), (3, 2)), (layers.RMSNormalization(), (3,), (3,)),
    (layers.GRU(4, return_sequences=True), (5, 3), (5, 4)), (layers.Bidirectional(layers.LSTM(4)), (5, 3), (8,)),
    (layers.TimeDistributed(layers.Dense(2)), (5, 3), (5, 2)), (layers.Embedding(9, 4), (6,), (6, 4)),
]  # fmt: skip


@pytest.mark.parametrize(("layer", "given", "expected"), SHAPES, ids=lambda v: getattr(v, "name", str(v)))
def test_shapes_recorded_and_computed_and_configurations(layer: Any, given: Any, expected: Any) -> None:
    assert layer(keras.Input(given)).shape == (None, *expected)
    x = np.abs(floats(2, *given))
    y = layer(x)
    assert y.shape == (2, *expected)
    again = type(layer).from_config(layer.get_config())
    again(x)
    again.set_weights(layer.get_weights())
    np.testing.assert_array_equal(again(x), y)


def test_layer_normalization_over_several_axes() -> None:
    x = floats(3, 4, 5)
    y = layers.LayerNormalization(axis=(1, 2), epsilon=1e-3)(x)
    expected = (x - x.mean((1, 2), keepdims=True)) / np.sqrt(x.var((1, 2), keepdims=True) + 1e-3)
    np.testing.assert_allclose(y, expected, atol=1e-5)


def test_batch_normalization_trains_its_averages_only_when_it_is_trainable() -> None:
    x = floats(32, 3) * 2 + 1
    layer = layers.BatchNormalization(momentum=0.5)
    np.testing.assert_allclose(layer(x, training=True).mean(0), 0, atol=1e-5)
    np.testing.assert_allclose(layer.moving_mean.numpy(), 0.5 * x.mean(0), rtol=1e-4)
    np.testing.assert_allclose(layer.moving_variance.numpy(), 0.5 + 0.5 * x.var(0), rtol=1e-4)
    layer.trainable = False
    before = layer.get_weights()
    frozen = layer(x, training=True)
    expected = (x - before[2]) / np.sqrt(before[3] + 1e-3)
    np.testing.assert_allclose(frozen, expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(layer.get_weights()[2], before[2])


def test_normalization_adapts_and_inverts() -> None:
    x = floats(50, 3) * 4 + 2
    layer = layers.Normalization()
    layer.adapt(x)
    y = layer(x)
    np.testing.assert_allclose([y.mean(0), y.std(0)], [[0] * 3, [1] * 3], atol=1e-5)
    back = layers.Normalization(mean=x.mean(0), variance=x.var(0), invert=True)
    np.testing.assert_allclose(back(y), x, rtol=1e-4, atol=1e-4)


def test_merging_broadcasts_and_names_wrong_sizes() -> None:
    a, b = floats(2, 3, 4), floats(2, 4)
    np.testing.assert_allclose(layers.Add()([a, b]), a + b[:, None], rtol=1e-6)
    np.testing.assert_allclose(layers.average([a, a + 2]), a + 1, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(layers.Maximum()([a, -a]), np.abs(a))
    np.testing.assert_allclose(layers.Dot(axes=(2, 1))([a, b]), np.einsum("abc,ac->ab", a, b), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(layers.Dot(axes=-1, normalize=True)([b, b]), np.ones((2, 1)), rtol=1e-5)
    assert layers.Concatenate(axis=1)([a, a]).shape == (2, 6, 4)
    with pytest.raises(ValueError, match="other sizes are equal"):
        layers.Concatenate(axis=1)([a, a[..., :2]])


def test_dropout_keeps_the_mean_and_does_nothing_outside_of_training() -> None:
    x = np.ones((200, 100), np.float32)
    layer = layers.Dropout(0.25)
    np.testing.assert_array_equal(layer(x), x)
    y = layer(x, training=True)
    assert set(np.unique(y).round(5)) == {0.0, np.float32(1.33333)}
    assert abs(y.mean() - 1) < 0.02
    z = layers.SpatialDropout1D(0.5)(np.ones((20, 7, 10), np.float32), training=True)
    assert all(len(set(z[i, :, c])) == 1 for i in range(20) for c in range(10))


def test_dropout_draws_anew_in_every_step_of_fit() -> None:
    seen: list[float] = []
    inputs = keras.Input((50,))
    dropped = layers.Dropout(0.5)(inputs)
    model = keras.Model(inputs, layers.Lambda(lambda t: gc.reduce_sum(t, 1, keepdims=True))(dropped) * 1.0)
    bias = keras.Sequential([model, layers.Dense(1, kernel_initializer="ones")])
    bias.compile(keras.optimizers.SGD(0.0), "mse")
    for _ in range(4):
        seen.append(bias.train_on_batch(np.ones((1, 50), np.float32), np.zeros((1, 1), np.float32)))
    assert len(set(seen)) > 1


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


@pytest.mark.parametrize("reset_after", [True, False])
def test_gru_steps(reset_after: bool) -> None:
    x, u = floats(2, 4, 3), 5
    layer = layers.GRU(u, return_sequences=True, reset_after=reset_after)
    layer(x)
    layer.set_weights([floats(*w.shape) * 0.5 for w in layer.get_weights()])
    kernel, recurrent, bias = layer.get_weights()
    first, second = (bias[0], bias[1]) if reset_after else (bias, np.zeros(3 * u, np.float32))
    h, expected = np.zeros((2, u)), []
    for t in range(4):
        xs = np.split(x[:, t] @ kernel + first, 3, axis=1)
        hs = np.split(h @ recurrent + second, 3, axis=1)
        z, r = sigmoid(xs[0] + hs[0]), sigmoid(xs[1] + hs[1])
        inner = r * hs[2] if reset_after else (r * h) @ recurrent[:, 2 * u :]
        h = z * h + (1 - z) * np.tanh(xs[2] + inner)
        expected.append(h)
    np.testing.assert_allclose(layer(x), np.stack(expected, 1), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kind", [layers.SimpleRNN, layers.LSTM, layers.GRU])
def test_masked_steps_are_as_if_they_were_not_there(kind: Any) -> None:
    x = floats(2, 5, 3)
    x[0, 2:] = 0
    layer = kind(4, return_sequences=True, return_state=True)
    model_input = keras.Input((5, 3))
    outputs = layer(layers.Masking()(model_input))
    whole = keras.Model(model_input, outputs).predict(x, verbose=0)
    short = layer(x[:1, :2])
    np.testing.assert_allclose(whole[0][0, :2], short[0][0], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(whole[0][0, 4], short[0][0, 1], rtol=1e-5, atol=1e-6)
    for state, expected in zip(whole[1:], short[1:], strict=True):
        np.testing.assert_allclose(state[0], expected[0], rtol=1e-5, atol=1e-6)


def test_a_stateful_layer_goes_on_where_it_was() -> None:
    x = floats(2, 6, 3)
    whole = layers.LSTM(4)
    expected = whole(x)
    inputs = keras.Input(batch_shape=(2, 3, 3))
    layer = layers.LSTM(4, stateful=True)
    model = keras.Model(inputs, layer(inputs))
    for variable, value in zip(layer.trainable_weights, whole.get_weights(), strict=True):
        variable.assign(value)
    model.predict(x[:, :3], verbose=0)
    np.testing.assert_allclose(model.predict(x[:, 3:], verbose=0), expected, rtol=1e-4, atol=1e-6)
    layer.reset_states()
    np.testing.assert_allclose(model.predict(x[:, :3], verbose=0), whole(x[:, :3]), rtol=1e-4, atol=1e-6)


def test_a_layer_in_both_directions() -> None:
    x = floats(2, 5, 3)
    layer = layers.Bidirectional(layers.SimpleRNN(4, return_sequences=True), merge_mode=None)
    there, back = layer(x)
    np.testing.assert_allclose(there, layer.forward_layer(x), rtol=1e-6)
    np.testing.assert_allclose(back, layer.backward_layer(x)[:, ::-1], rtol=1e-6)
    turned = layers.SimpleRNN(4, return_sequences=True)
    turned(x)
    turned.set_weights(layer.backward_layer.get_weights())
    np.testing.assert_allclose(back[:, ::-1], turned(x[:, ::-1].copy()), rtol=1e-5, atol=1e-6)


class Decay(layers.Layer):
    state_size = 3

    def build(self, shape: Any) -> None:
        self.rate = self.add_weight((3,), "ones", name="rate")

    def call(self, inputs: Any, states: Any) -> Any:
        state = states * 0.5 * self.rate.value() + inputs
        return state, state


def test_cells_of_ones_own_and_stacked_cells() -> None:
    x = floats(2, 4, 3)
    expected = sum(x[:, t] * 0.5 ** (3 - t) for t in range(4))
    np.testing.assert_allclose(layers.RNN(Decay())(x), expected, rtol=1e-5, atol=1e-6)
    stacked = layers.RNN([layers.LSTMCell(4), layers.GRUCell(2)], return_sequences=True)
    assert stacked(x).shape == (2, 4, 2)
    assert len(stacked.weights) == 6


def test_attention_by_heads_with_masks() -> None:
    x, y = floats(2, 3, 4), floats(2, 5, 4)
    layer = layers.MultiHeadAttention(num_heads=2, key_dim=3)
    mask = np.array([[1, 1, 0, 1, 0], [1, 0, 1, 1, 1]], bool)
    found, shares = layer(x, y, value_mask=mask, return_attention_scores=True)
    assert [w.shape for w in layer.get_weights()] == [
        (4, 2, 3), (2, 3), (4, 2, 3), (2, 3), (4, 2, 3), (2, 3), (2, 3, 4), (4,)
    ]  # fmt: skip
    q, k, v, o = layer.get_weights()[0::2]
    qs, ks, vs = (np.einsum("btd,dhk->bhtk", a, w) for a, w in ((x, q), (y, k), (y, v)))
    scores = np.einsum("bhqk,bhsk->bhqs", qs, ks) / np.sqrt(3)
    scores = np.where(mask[:, None, None], scores, -np.inf)
    expected = np.exp(scores - scores.max(-1, keepdims=True))
    expected /= expected.sum(-1, keepdims=True)
    np.testing.assert_allclose(shares, expected, rtol=1e-4, atol=1e-6)
    heads = np.einsum("bhqs,bhsk->bqhk", expected, vs)
    np.testing.assert_allclose(found, np.einsum("bqhk,hko->bqo", heads, o), rtol=1e-4, atol=1e-5)
    causal = layer(x, x, use_causal_mask=True)
    np.testing.assert_allclose(causal[:, :1], layer(x[:, :1], x[:, :1]), rtol=1e-4, atol=1e-5)


def test_attention_by_products_and_sums() -> None:
    q, v = floats(2, 3, 4), floats(2, 5, 4)

    def expected(scores: np.ndarray) -> np.ndarray:
        shares = np.exp(scores - scores.max(-1, keepdims=True))
        return (shares / shares.sum(-1, keepdims=True)) @ v

    np.testing.assert_allclose(layers.Attention()([q, v]), expected(q @ v.transpose(0, 2, 1)), rtol=1e-4, atol=1e-5)
    layer = layers.AdditiveAttention()
    found = layer([q, v])
    scores = (np.tanh(q[:, :, None] + v[:, None]) * layer.get_weights()[0]).sum(-1)
    np.testing.assert_allclose(found, expected(scores), rtol=1e-4, atol=1e-5)


def test_an_embedding_masks_zeros_for_the_layers_behind() -> None:
    words = np.int32([[3, 1, 0, 0], [2, 2, 2, 2]])
    embedding, lstm = layers.Embedding(5, 3, mask_zero=True), layers.LSTM(2)
    model = keras.Sequential([keras.Input((4,), dtype="int32"), embedding, lstm])
    np.testing.assert_allclose(
        model.predict(words, verbose=0)[:1], lstm(embedding(words[:1, :2])), rtol=1e-5, atol=1e-6
    )


def test_old_argument_names_of_keras_2() -> None:
    model = keras.Sequential()
    model.add(layers.Dense(4, input_dim=3, activation="relu"))
    model.add(layers.LeakyReLU(alpha=0.1))
    model.add(layers.Dense(1))
    assert model.input_shape == (None, 3)
    words = keras.Sequential([layers.Embedding(10, 4, input_length=6), layers.LSTM(3)])
    assert words.output_shape == (None, 3)
    optimizer = keras.optimizers.Adam(lr=0.5)
    assert float(optimizer.learning_rate) == 0.5


def test_mistakes_name_layer_and_shapes() -> None:
    with pytest.raises(ValueError, match=r"conv_here.*\[batch, height, width, channels\].*\(2, 8, 8\)"):
        layers.Conv2D(3, 3, name="conv_here")(floats(2, 8, 8))
    with pytest.raises(ValueError, match=r"3 axes, \[batch, steps, features\]"):
        layers.LSTM(3)(floats(2, 8))
    with pytest.raises(ValueError, match="cannot get the shape"):
        layers.Reshape((5,))(floats(2, 8))
    with pytest.raises(TypeError, match="has no argument unit"):
        layers.Dense(3, unit=4)
    with pytest.raises(ValueError, match="did you mean"):
        layers.Dense(3, activation="rellu")
