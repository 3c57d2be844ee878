"""Optimizers against trajectories of Keras and against their formulas in NumPy."""

import inspect
from pathlib import Path

import numpy as np
import pytest
from both_modes import CONFIGS, session

import graphc as gc
from graphc.train import optimizer_defaults

ARRAYS = np.load(Path(__file__).parent / "keras_optimizers.npz", allow_pickle=False)
T = gc.train


def keras(optimizer, **options):
    return optimizer(**{**optimizer_defaults(optimizer, "keras"), **options})


KERAS = {
    "SGD": lambda: keras(T.GradientDescentOptimizer, learning_rate=0.1),
    "AdamAms": lambda: keras(T.AdamOptimizer, learning_rate=0.01, amsgrad=True),
    "AdamW": lambda: keras(T.AdamWOptimizer, learning_rate=0.01, weight_decay=0.05),
    "RMSprop": lambda: keras(T.RMSPropOptimizer, learning_rate=0.01),
    "RMSpropC": lambda: keras(T.RMSPropOptimizer, learning_rate=0.01, momentum=0.9, centered=True),
    "Adagrad": lambda: keras(T.AdagradOptimizer, learning_rate=0.1),
    "Adadelta": lambda: keras(T.AdadeltaOptimizer, learning_rate=1.0),
    "Nadam": lambda: keras(T.NadamOptimizer, learning_rate=0.01),
    "Ftrl": lambda: keras(T.FtrlOptimizer, learning_rate=0.1),
    "SGDGlobalClip": lambda: keras(T.GradientDescentOptimizer, learning_rate=0.1),
}


@pytest.fixture(autouse=True)
def graph():
    with gc.Graph().as_default() as g:
        yield g


@pytest.fixture(params=list(CONFIGS))
def s(request, graph):
    return session(request.param, graph)


@pytest.mark.parametrize("name", KERAS)
def test_trajectories_of_keras(name, s):
    key = f"opt_{name}"
    count = sum(f.startswith(f"{key}/p0_") for f in ARRAYS.files)
    variables = [gc.Variable(ARRAYS[f"{key}/p0_{i}"]) for i in range(count)]
    fed = [gc.placeholder(gc.float32, v.shape) for v in variables]
    gradients = gc.clip_by_global_norm(fed, 0.5)[0] if name == "SGDGlobalClip" else fed
    step = KERAS[name]().apply_gradients(list(zip(gradients, variables, strict=True)))
    for t in range(6):
        s.run(step, {f: ARRAYS[f"{key}/g{t}_{i}"] for i, f in enumerate(fed)})
        for i, variable in enumerate(variables):
            np.testing.assert_allclose(s.run(variable), ARRAYS[f"{key}/p{t + 1}_{i}"], rtol=1e-4, atol=1e-6)


def adam_tf1(p, gs, lr=0.01, b1=0.9, b2=0.999, eps=1e-8, nesterov=False):
    m = v = 0.0
    for t, g in enumerate(gs, 1):
        m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g * g
        lead = b1 * m + (1 - b1) * g if nesterov else m
        p = p - lr * np.sqrt(1 - b2**t) / (1 - b1**t) * lead / (np.sqrt(v) + eps)
    return p


def rmsprop_tf1(p, gs, lr=0.01, decay=0.9, momentum=0.5, eps=1e-10):
    ms, mom = 1.0, 0.0
    for g in gs:
        ms = decay * ms + (1 - decay) * g * g
        mom = momentum * mom + lr * g / np.sqrt(ms + eps)
        p = p - mom
    return p


def adamax(p, gs, lr=0.01, b1=0.9, b2=0.999, eps=1e-8):
    m = u = 0.0
    for t, g in enumerate(gs, 1):
        m, u = b1 * m + (1 - b1) * g, np.maximum(b2 * u, np.abs(g))
        p = p - lr / (1 - b1**t) * m / (u + eps)
    return p


def adagrad_tf1(p, gs, lr=0.1):
    a = 0.1
    for g in gs:
        a = a + g * g
        p = p - lr * g / np.sqrt(a)
    return p


def adadelta_tf1(p, gs, lr=0.5, rho=0.95, eps=1e-8):
    a = u = 0.0
    for g in gs:
        a = rho * a + (1 - rho) * g * g
        d = np.sqrt(u + eps) / np.sqrt(a + eps) * g
        u = rho * u + (1 - rho) * d * d
        p = p - lr * d
    return p


def shrink(q, lr, l1, l2):
    return np.sign(q) * np.maximum(np.abs(q) - lr * l1, 0) / (1 + lr * l2)


def proximal(p, gs, lr=0.1, l1=0.2, l2=0.3):
    for g in gs:
        p = shrink(p - lr * g, lr, l1, l2)
    return p


def proximal_adagrad(p, gs, lr=0.1, l1=0.2, l2=0.3):
    a = 0.1
    for g in gs:
        a = a + g * g
        p = shrink(p - lr / np.sqrt(a) * g, lr / np.sqrt(a), l1, l2)
    return p


def ftrl(p, gs, lr=0.1, l1=0.05, l2=0.1, shrinkage=0.02, power=-0.6):
    a, z = 0.1, 0.0
    for g in gs:
        b = a + g * g
        z = z + g + 2 * shrinkage * p - (b**-power - a**-power) / lr * p
        p = (np.clip(z, -l1, l1) - z) / (b**-power / lr + 2 * l2)
        a = b
    return p


def tf1(optimizer, **options):
    return optimizer(**{**optimizer_defaults(optimizer, "tf1"), **options})


FORMULAS = {
    "adam": (lambda: tf1(T.AdamOptimizer, learning_rate=0.01), adam_tf1),
    "nesterov adam": (
        lambda: tf1(T.AdamOptimizer, learning_rate=0.01, use_nesterov=True),
        lambda p, gs: adam_tf1(p, gs, nesterov=True),
    ),
    "rmsprop": (lambda: tf1(T.RMSPropOptimizer, learning_rate=0.01, momentum=0.5), rmsprop_tf1),
    "adamax": (lambda: tf1(T.AdamaxOptimizer, learning_rate=0.01), adamax),
    "adagrad": (lambda: tf1(T.AdagradOptimizer, learning_rate=0.1), adagrad_tf1),
    "adadelta": (lambda: tf1(T.AdadeltaOptimizer, learning_rate=0.5), adadelta_tf1),
    "proximal": (lambda: T.ProximalGradientDescentOptimizer(0.1, 0.2, 0.3), proximal),
    "proximal adagrad": (lambda: T.ProximalAdagradOptimizer(0.1, 0.1, 0.2, 0.3), proximal_adagrad),
    "ftrl": (lambda: T.FtrlOptimizer(0.1, -0.6, 0.1, 0.05, 0.1, l2_shrinkage_regularization_strength=0.02), ftrl),
}


@pytest.mark.parametrize("name", FORMULAS)
def test_formulas(name, s):
    make, formula = FORMULAS[name]
    rng = np.random.default_rng(3)
    start, gs = rng.normal(size=(7,)), rng.normal(size=(5, 7)) * [1e-4, 1, 1, 1, 10, 0.1, 1]
    variable, fed = gc.Variable(start), gc.placeholder(gc.float64, [7])
    step = make().apply_gradients([(fed, variable)])
    for g in gs:
        s.run(step, {fed: g})
    np.testing.assert_allclose(s.run(variable), formula(start, gs), rtol=1e-9, atol=1e-12)


def test_momentum_of_steps_and_of_gradients_differ_when_the_rate_changes(s):
    a, b, rate = gc.Variable(0.0), gc.Variable(0.0), gc.placeholder(gc.float32, [])
    one = gc.constant(1.0)
    steps = [
        T.MomentumOptimizer(rate, 0.5).apply_gradients([(one, a)]),
        T.MomentumOptimizer(rate, 0.5, accumulate_steps=True).apply_gradients([(one, b)]),
    ]
    for value in (1.0, 10.0):
        s.run(steps, {rate: value})
    assert s.run([a, b]) == [-16.0, -11.5]


@pytest.mark.parametrize("surface", ["native", "tf1", "keras"])
def test_defaults_are_arguments_of_the_constructors(surface):
    classes = [v for n, v in vars(T).items() if n.endswith("Optimizer") and n != "Optimizer"]
    assert len(classes) == 12
    for optimizer in classes:
        parameters = inspect.signature(optimizer).parameters
        found = optimizer_defaults(optimizer, surface)
        assert set(found) <= set(parameters)
        if surface == "native":
            assert found == {k: p.default for k, p in parameters.items() if k in found}
    with pytest.raises(ValueError, match="native, tf1, keras"):
        optimizer_defaults(T.AdamOptimizer, "torch")


def test_rate_of_another_type_as_variable_and_as_function(s):
    rate = gc.Variable(np.float64(0.5), trainable=False)
    p, q = gc.Variable(1.0), gc.Variable(1.0)
    steps = [T.GradientDescentOptimizer(rate).minimize(p * 2.0, var_list=[p]),
             T.AdamOptimizer(lambda: rate).minimize(q * 2.0, var_list=[q])]  # fmt: skip
    s.run(steps)
    np.testing.assert_allclose(s.run([p, q]), [0.0, 0.5], atol=1e-6)


def test_only_listed_variables_change_and_slots_are_found(s):
    a, b = gc.Variable([1.0, 2.0], name="a"), gc.Variable(1.0, name="b")
    optimizer = T.AdamOptimizer(0.1)
    count = gc.Variable(0, trainable=False)
    s.run(optimizer.minimize(gc.reduce_sum(a * a) * b, count, [a]))
    assert s.run(b) == 1.0
    assert s.run(count) == 1
    assert optimizer.get_slot_names() == ["m", "v"]
    assert optimizer.get_slot(b, "m") is None
    np.testing.assert_allclose(s.run(optimizer.get_slot(a, "m")), [0.2, 0.4], rtol=1e-6)
    names = {v.op.name for v in optimizer.variables()}
    assert names == {"adam/beta1_power", "adam/beta2_power", "a/adam/m", "a/adam/v"}
