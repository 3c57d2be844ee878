"""Optimizers: trajectories computed by Keras 3 in float32, and what surrounds an update."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphc as gc
from graphc.keras import Variable, optimizers
from graphc.keras.optimizers import schedules

DATA = Path(__file__).parent.parent / "data"
STORED = [
    (c["name"], c["optimizer"], c["config"], np.load(DATA / "keras_reference.npz", allow_pickle=False))
    for c in json.loads((DATA / "keras_reference.json").read_text())
    if "optimizer" in c
]
MORE = np.load(DATA / "keras_optimizers.npz", allow_pickle=False)
STORED += [(c["name"], c["cls"], c["config"], MORE) for c in json.loads((DATA / "keras_optimizers.json").read_text())]


def trajectory(name: str, cls: str, config: dict[str, Any], arrays: Any, mode: str) -> None:
    optimizer = optimizers.deserialize({"class_name": cls, "config": config})
    count = sum(k.startswith(f"{name}/p0_") for k in arrays.files)
    steps = sum(k.startswith(f"{name}/g") and k.endswith("_0") for k in arrays.files)
    variables = [Variable(arrays[f"{name}/p0_{i}"]) for i in range(count)]
    with gc.Graph().as_default():
        fed = [gc.placeholder(gc.float32, v.static_shape) for v in variables]
        step = gc.function(fed, [], updates=[optimizer.apply(fed, variables)], mode=mode)
    for t in range(steps):
        step(*(arrays[f"{name}/g{t}_{i}"] for i in range(count)))
        for i, v in enumerate(variables):
            np.testing.assert_allclose(v.numpy(), arrays[f"{name}/p{t + 1}_{i}"], rtol=2e-5, atol=2e-6)
    assert int(optimizer.iterations) == steps


@pytest.mark.parametrize("mode", ["interpret", None])
@pytest.mark.parametrize(("name", "cls", "config", "arrays"), STORED, ids=[s[0] for s in STORED])
def test_trajectory(name: str, cls: str, config: dict[str, Any], arrays: Any, mode: str | None) -> None:
    trajectory(name, cls, config, arrays, mode)


@pytest.mark.parametrize("name", sorted(k for k in MORE.files if k.startswith("schedule")))
def test_schedule(name: str) -> None:
    _, cls, number = name.split("/")
    config = SCHEDULES[cls][int(number)]
    made = schedules.deserialize({"class_name": cls, "config": config})
    np.testing.assert_allclose([made(s) for s in range(0, 50, 3)], MORE[name], rtol=2e-6)
    assert made.get_config() | config == made.get_config()


SCHEDULES: dict[str, list[dict[str, Any]]] = json.loads((DATA / "keras_schedules.json").read_text())


def test_a_schedule_moves_with_the_steps() -> None:
    v = Variable([1.0])
    optimizer = optimizers.SGD(schedules.ExponentialDecay(1.0, 1, 0.5))
    for _ in range(3):
        optimizer.apply([[1.0]], [v])
    assert v.numpy()[0] == 1.0 - 1.0 - 0.5 - 0.25
    assert optimizer.learning_rate == 0.125


def test_the_rate_can_be_set_without_building_anew() -> None:
    v, optimizer = Variable([1.0]), optimizers.SGD(1.0)
    with gc.Graph().as_default():
        g = gc.placeholder(gc.float32, [1])
        step = gc.function([g], [], updates=[optimizer.apply([g], [v])])
    step([1.0])
    optimizer.learning_rate = 0.25
    step([1.0])
    assert v.numpy()[0] == -0.25
    assert float(optimizer.learning_rate) == 0.25


def test_constraints_hold_after_the_step() -> None:
    from graphc.keras import constraints

    v = Variable([0.1, 1.0], constraint=constraints.NonNeg())
    optimizers.SGD(1.0).apply([[1.0, 0.5]], [v])
    assert v.numpy().tolist() == [0.0, 0.5]


def test_state_is_read_and_set_in_the_order_of_keras() -> None:
    v, w = Variable(np.ones(2, np.float32), name="v"), Variable(np.ones(3, np.float32), name="w")
    optimizer = optimizers.Adam(0.5)
    optimizer.apply([np.ones(2), np.ones(3)], [v, w])
    assert [a.shape for a in optimizer.get_weights()] == [(), (), (2,), (2,), (3,), (3,)]
    other = optimizers.Adam.from_config(optimizer.get_config())
    other.build([v, w])
    other.set_weights(optimizer.get_weights())
    assert all((a == b).all() for a, b in zip(other.get_weights(), optimizer.get_weights(), strict=True))


def test_mistakes_are_named() -> None:
    with pytest.raises(ValueError, match="only one of"):
        optimizers.SGD(0.1, clipnorm=1.0, clipvalue=1.0)
    with pytest.raises(ValueError, match="did you mean 'adam'"):
        optimizers.get("adamm")
    with pytest.raises(ValueError, match="no argument momentun"):
        optimizers.SGD(0.1, momentun=0.9)
    optimizer = optimizers.SGD(0.1)
    optimizer.apply([[1.0]], [Variable([1.0])])
    with pytest.raises(ValueError, match="built for other variables"):
        optimizer.apply([[1.0]], [Variable([1.0], name="late")])
    with pytest.raises(ValueError, match="no variable has a gradient"):
        optimizers.SGD(0.1).apply([None], [Variable([1.0])])


def test_decay_of_old_scripts_is_inverse_time():
    optimizer = optimizers.SGD(lr=0.5, decay=0.25)
    rates = []
    for step in range(3):
        optimizer.iterations.assign(step)
        rates.append(float(optimizer.learning_rate))
    np.testing.assert_allclose(rates, [0.5 / (1 + 0.25 * step) for step in range(3)], rtol=1e-6)
    with pytest.raises(ValueError, match="a schedule has its own"):
        optimizers.SGD(optimizers.schedules.InverseTimeDecay(0.5, 1, 0.1), decay=0.25)
