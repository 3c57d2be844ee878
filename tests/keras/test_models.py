"""Models: recorded, sequential and written as classes; training, evaluation, prediction, files and mistakes."""

from __future__ import annotations

import gc as garbage
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphc as gc
from graphc import keras
from graphc.keras import layers


def data(count: int = 64) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.RandomState(0)
    x = random.randn(count, 4).astype(np.float32)
    return x, (x[:, 0] > x[:, 1]).astype(np.int32)


def classifier() -> Any:
    model = keras.Sequential([keras.Input((4,)), layers.Dense(8, "tanh"), layers.Dense(2, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def test_thirty_steps_of_gradient_descent_are_those_of_numpy() -> None:
    x, y = data(32)
    y = y.astype(np.float32)[:, None]
    model = keras.Sequential([keras.Input((4,)), layers.Dense(5, "tanh"), layers.Dense(1)])
    a, b, c, d = (w.astype(np.float64) for w in model.get_weights())
    model.compile(keras.optimizers.SGD(0.1), "mse")
    found = [model.train_on_batch(x, y) for _ in range(30)]
    expected = []
    for _ in range(30):
        h = np.tanh(x @ a + b)
        error = h @ c + d - y
        expected.append((error**2).mean())
        e = 2 * error / error.size
        s = (e @ c.T) * (1 - h**2)
        a, b, c, d = a - 0.1 * x.T @ s, b - 0.1 * s.sum(0), c - 0.1 * h.T @ e, d - 0.1 * e.sum(0)
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    for own, other in zip(model.get_weights(), (a, b, c, d), strict=True):
        np.testing.assert_allclose(own, other, rtol=1e-4, atol=1e-6)


def test_fit_gives_the_history_of_all_epochs_and_learns() -> None:
    x, y = data(256)
    keras.utils.set_random_seed(3)
    model = classifier()
    history = model.fit(x, y, batch_size=16, epochs=30, validation_split=0.25, verbose=0)
    assert history.epoch == list(range(30))
    assert set(history.history) == {"loss", "accuracy", "val_loss", "val_accuracy"}
    assert history.history["accuracy"][-1] > 0.9 > history.history["accuracy"][0]
    loss, accuracy = model.evaluate(x, y, verbose=0)
    predicted = model.predict(x, batch_size=50, verbose=0)
    assert predicted.shape == (256, 2)
    assert accuracy == pytest.approx((predicted.argmax(1) == y).mean())
    assert loss == pytest.approx(-np.log(predicted[np.arange(256), y]).mean(), rel=1e-5)


def test_the_loss_of_an_epoch_weighs_batches_by_their_samples() -> None:
    x, y = data(10)
    model = keras.Sequential([keras.Input((4,)), layers.Dense(1)])
    model.compile(keras.optimizers.SGD(0.0), "mse")
    logs = model.fit(x, y.astype(np.float32)[:, None], batch_size=8, verbose=0).history["loss"][0]
    assert logs == pytest.approx(((model.predict(x, verbose=0)[:, 0] - y) ** 2).mean(), rel=1e-5)


def test_several_outputs_have_losses_weights_and_metrics_by_name() -> None:
    x, y = data()
    inputs = keras.Input((4,))
    shared = layers.Dense(6, "relu")(inputs)
    one, two = layers.Dense(1, name="one")(shared), layers.Dense(2, "softmax", name="two")(shared)
    model = keras.Model(inputs, {"one": one, "two": two})
    model.compile("sgd", {"one": "mse", "two": "sparse_categorical_crossentropy"}, {"two": ["accuracy"]},
                  loss_weights={"one": 0.5, "two": 2.0})  # fmt: skip
    logs = model.evaluate(x, {"one": x[:, :1], "two": y}, verbose=0, return_dict=True)
    assert set(logs) == {"loss", "one_loss", "two_loss", "two_accuracy"}
    assert logs["loss"] == pytest.approx(0.5 * logs["one_loss"] + 2.0 * logs["two_loss"], rel=1e-5)
    with pytest.raises(ValueError, match="three"):
        model.evaluate(x, {"one": x[:, :1], "three": y}, verbose=0)


def test_shared_layers_nested_models_and_operators_have_one_set_of_weights() -> None:
    inner = keras.Sequential([keras.Input((3,)), layers.Dense(2, use_bias=False)], name="inner")
    left, right = keras.Input((3,)), keras.Input((3,))
    model = keras.Model([left, right], (inner(left) - inner(right)) * 2.0 + 1.0)
    a, b = np.float32([[1, 2, 3]]), np.float32([[3, 1, 0]])
    assert len(model.weights) == 1
    np.testing.assert_allclose(model([a, b]), (a - b) @ inner.get_weights()[0] * 2 + 1, rtol=1e-5)


def test_a_model_is_used_in_a_graph_and_trained_by_hand() -> None:
    x, y = data()
    model = keras.Sequential([keras.Input((4,)), layers.Dense(1)])
    with gc.Graph().as_default():
        fed, wanted = gc.placeholder(gc.float32, [None, 4]), gc.placeholder(gc.float32, [None])
        loss = gc.reduce_mean(gc.square(model(fed)[:, 0] - wanted))
        train = gc.train.GradientDescentOptimizer(0.1).minimize(loss, var_list=model.trainable_variables)
        step = gc.function([fed, wanted], loss, updates=[train])
        values = [step(x, y.astype(np.float32)) for _ in range(50)]
    assert values[-1] < 0.5 * values[0]
    assert np.mean((model.predict(x, verbose=0)[:, 0] - y) ** 2) <= values[-1]


def test_frozen_layers_keep_their_weights_as_they_were_compiled() -> None:
    x, y = data()
    model = classifier()
    model.layers[0].trainable = False
    model.compile("sgd", "sparse_categorical_crossentropy")
    before = model.get_weights()
    model.train_on_batch(x, y)
    changed = [bool((a != b).any()) for a, b in zip(before, model.get_weights(), strict=True)]
    assert changed == [False, False, True, True]
    model.layers[0].trainable = True
    assert len(model.trainable_weights) == 4


def test_a_discriminator_that_is_frozen_in_another_model_still_trains_itself() -> None:
    x, y = data()
    discriminator = keras.Sequential([keras.Input((4,)), layers.Dense(1, "sigmoid")])
    discriminator.compile("sgd", "binary_crossentropy")
    discriminator.trainable = False
    generator = keras.Sequential([keras.Input((4,)), layers.Dense(4)])
    both = keras.Sequential([keras.Input((4,)), generator, discriminator])
    both.compile("sgd", "binary_crossentropy")
    judge, maker = discriminator.get_weights(), generator.get_weights()
    both.train_on_batch(x, y.astype(np.float32))
    assert all((a == b).all() for a, b in zip(judge, discriminator.get_weights(), strict=True))
    assert any((a != b).any() for a, b in zip(maker, generator.get_weights(), strict=True))
    discriminator.train_on_batch(x, y.astype(np.float32))
    assert any((a != b).any() for a, b in zip(judge, discriminator.get_weights(), strict=True))


class Two(keras.Model):
    def __init__(self, units: int = 3) -> None:
        super().__init__()
        self.units = units
        self.stack = [layers.Dense(units, "relu"), layers.Dense(1)]
        self.seen = self.add_weight((), "zeros", trainable=False, name="seen")

    def call(self, x: Any, training: bool = False) -> Any:
        if training:
            self.seen.assign_add(1.0)
        for layer in self.stack:
            x = layer(x)
        return x


def test_a_model_written_as_a_class_trains_counts_and_is_saved(tmp_path: Path) -> None:
    x, y = data()
    model = Two()
    model.compile("sgd", "mse")
    model.fit(x, y.astype(np.float32), batch_size=32, epochs=2, verbose=0)
    assert float(model.seen) == 4.0
    model.predict(x, verbose=0)
    assert float(model.seen) == 4.0
    model.save_weights(tmp_path / "two.safetensors")
    other = Two()
    other(x)
    other.load_weights(tmp_path / "two.safetensors")
    np.testing.assert_array_equal(other.predict(x, verbose=0), model.predict(x, verbose=0))


class Weighted(keras.Model):
    def train_step(self, batch: Any) -> Any:
        x, y, _ = batch
        loss = gc.reduce_mean(gc.square(self(x, training=True) - y)) * 10.0
        slopes = gc.gradients(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(slopes, self.trainable_variables, strict=True))
        return {"ten_times": loss}


def test_an_own_training_step_is_one_native_call() -> None:
    x, y = data()
    inputs = keras.Input((4,))
    model = Weighted(inputs, layers.Dense(1)(inputs))
    model.compile(keras.optimizers.SGD(0.01))
    history = model.fit(x, y.astype(np.float32)[:, None], batch_size=64, epochs=20, verbose=0).history
    assert history["ten_times"][-1] < 0.7 * history["ten_times"][0]


def test_training_goes_on_from_a_file_bit_for_bit(tmp_path: Path) -> None:
    x, y = data()
    model = classifier()
    model.fit(x, y, epochs=2, shuffle=False, verbose=0)
    model.save(tmp_path / "m.keras")
    other = keras.models.load_model(tmp_path / "m.keras")
    histories = [m.fit(x, y, epochs=3, shuffle=False, verbose=0).history for m in (model, other)]
    assert histories[0] == histories[1]
    for a, b in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_files_that_do_not_fit_change_nothing(tmp_path: Path) -> None:
    model = classifier()
    model.save_weights(tmp_path / "w")
    other = keras.Sequential([keras.Input((4,)), layers.Dense(9, name="wide"), layers.Dense(2)])
    before = other.get_weights()
    with pytest.raises(ValueError, match=r"does not fit.*wide/kernel \(4, 9\)"):
        other.load_weights(tmp_path / "w")
    assert all((a == b).all() for a, b in zip(before, other.get_weights(), strict=True))
    (tmp_path / "broken.keras").write_bytes(b"PK no archive")
    with pytest.raises(ValueError, match="damaged"):
        keras.models.load_model(tmp_path / "broken.keras")


def test_a_network_is_rebuilt_from_its_configuration() -> None:
    first, second = keras.Input((4,), name="first"), keras.Input((4,), name="second")
    both = layers.Dense(3, "relu")
    model = keras.Model([first, second], [both(first) + both(second), layers.Flatten()(both(first))])
    other = keras.models.model_from_json(model.to_json())
    other.set_weights(model.get_weights())
    x = data()[0]
    for a, b in zip(model.predict([x, x], verbose=0), other.predict([x, x], verbose=0), strict=True):
        np.testing.assert_array_equal(a, b)


def test_generators_batches_and_memory_mapped_files_train(tmp_path: Path) -> None:
    x, y = data()
    model = classifier()

    def endless() -> Any:
        while True:
            yield x[:8], y[:8]

    assert len(model.fit(endless(), steps_per_epoch=3, epochs=2, verbose=0).epoch) == 2
    model.fit([(x[:8], y[:8]), (x[8:11], y[8:11])], epochs=2, verbose=0)
    model.fit(gc.data.Dataset.from_tensor_slices((x, y)).batch(16), epochs=2, verbose=0)
    np.save(tmp_path / "x.npy", x.astype(np.float64))
    model.fit(np.load(tmp_path / "x.npy", mmap_mode="r"), y, epochs=1, verbose=0)


def test_weights_of_samples_and_classes_are_those_of_repeated_samples() -> None:
    x, y = data(8)
    model = classifier()
    weights = np.where(y == 1, 3.0, 1.0).astype(np.float32)
    by_sample = model.test_on_batch(x, y, sample_weight=weights)[0]
    losses = -np.log(model.predict_on_batch(x)[np.arange(8), y])
    assert by_sample == pytest.approx((losses * weights).mean(), rel=1e-5)
    with pytest.raises(ValueError, match="class_weight has no entry"):
        model.fit(x, y, class_weight={0: 1.0}, verbose=0)


def test_mistakes_are_named_before_anything_is_trained() -> None:
    x, y = data()
    model = classifier()
    before = model.get_weights()
    with pytest.raises(ValueError, match=r"shape \(None, 4\).*\(None, 3\)"):
        model.fit(x[:, :3], y, verbose=0)
    with pytest.raises(ValueError, match="y holds 2"):
        model.fit(x, y + 1, verbose=0)
    with pytest.raises(ValueError, match="same number of samples"):
        model.fit(x, y[:-1], verbose=0)
    with pytest.raises(RuntimeError, match="compile"):
        keras.Sequential([keras.Input((4,)), layers.Dense(1)]).fit(x, y)
    with pytest.raises(ValueError, match="run_eagerly"):
        model.compile("sgd", "mse", run_eagerly=True)
    model.compile("sgd", "categorical_crossentrop")
    with pytest.raises(ValueError, match="did you mean"):
        model.train_on_batch(x, y)
    assert all((a == b).all() for a, b in zip(before, model.get_weights(), strict=True))


def test_warnings_of_nan_and_of_an_activation_that_the_loss_does_not_expect() -> None:
    x, y = data()
    bad = x.copy()
    bad[3, 1] = np.nan
    with pytest.warns(UserWarning, match=r"NaN or infinite.*\(3, 1\)"):
        classifier().fit(bad, y, verbose=0)
    model = classifier()
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    with pytest.warns(UserWarning, match="probabilities already"):
        model.train_on_batch(x, y)


def test_models_that_are_no_longer_used_are_freed() -> None:
    x, y = data()
    model = classifier()
    model.fit(x, y, verbose=0)
    held = [weakref.ref(v) for v in model.weights]
    del model
    garbage.collect()
    assert not any(r() is not None for r in held)


def test_summary_counts_weights(capsys: pytest.CaptureFixture[str]) -> None:
    classifier().summary()
    text = capsys.readouterr().out
    assert "(None, 8)" in text
    assert "Trainable params: 58" in text
