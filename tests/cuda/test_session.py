"""Whole training steps on the emulated device against the CPU."""

import numpy as np
import pytest

import graphc as gc


def test_a_device_that_cannot_be_used_is_refused():
    with pytest.raises(gc.GraphError, match="cuda:emulated"):
        gc.Config(device="tpu")


def test_a_missing_driver_is_named(monkeypatch):
    from graphc.runtime.cuda import libcuda

    def missing():
        raise libcuda.DriverMissing("no driver here")

    monkeypatch.setattr(libcuda, "load_library", missing)
    for name in ("cuda", "/gpu:0", "cuda:1"):
        with pytest.raises(gc.GraphError, match=r"no driver here.*cuda:emulated"):
            gc.Session(gc.Graph(), device=name)


def test_the_device_of_what_is_made_inside():
    with gc.Graph().as_default():
        x = gc.placeholder(gc.float32, [])
        with gc.device("cuda:emulated"):
            inner = gc.function([x], x + 1.0)
            assert gc.Session(device="cpu").config.device == "cpu"
        assert inner.session.config.device == "cuda:emulated"
        assert gc.Session().config.device == gc.Session(device="/cpu:0").config.device == "cpu"
        assert gc.function([x], x + 1.0, device="cuda:emulated").session.config.device == "cuda:emulated"


def losses(device, build, feeds, steps):
    with gc.Graph().as_default():
        gc.set_random_seed(1)
        inputs, loss = build()
        train = gc.train.GradientDescentOptimizer(0.1).minimize(loss)
        with gc.Session(config=gc.Config(device=device, cache=False), store=gc.Store()) as session:
            session.run(gc.global_variables_initializer())
            values = dict(zip(inputs, feeds, strict=True))
            return [session.run([loss, train], values)[0] for _ in range(steps)]


def mlp():
    x, y = gc.placeholder(gc.float32, [None, 6]), gc.placeholder(gc.float32, [None, 3])
    r = np.random.default_rng(0)
    w, v = (gc.Variable(r.normal(size=s).astype(np.float32)) for s in ((6, 8), (8, 3)))
    b = gc.Variable(np.zeros(8, np.float32))
    logits = gc.matmul(gc.nn.relu(gc.matmul(x, w) + b), v)
    return (x, y), gc.reduce_mean(gc.nn.softmax_cross_entropy_with_logits(labels=y, logits=logits))


def test_mlp_trains_as_on_the_cpu():
    pytest.importorskip("cuda.bindings", reason="needs the CUDA wheels: pip install graphc[cuda]")
    r = np.random.default_rng(2)
    feeds = [r.normal(size=(5, 6)).astype(np.float32), np.eye(3, dtype=np.float32)[r.integers(0, 3, 5)]]
    cpu, cuda = (losses(device, mlp, feeds, 5) for device in ("cpu", "cuda:emulated"))
    assert cpu[-1] < cpu[0]
    np.testing.assert_allclose(cuda, cpu, rtol=1e-5)


def test_a_failure_that_only_the_device_reports_leaves_variables_alone(monkeypatch):
    pytest.importorskip("cuda.bindings", reason="needs the CUDA wheels: pip install graphc[cuda]")
    from graphc.loops.reference import KernelFailed
    from graphc.runtime.cuda.executor import CudaRun

    def failing(self, feeds, variables):
        raise KernelFailed(1)

    monkeypatch.setattr(CudaRun, "__call__", failing)
    with gc.Graph().as_default(), gc.Session(config=gc.Config(device="cuda:emulated")) as session:
        v = gc.Variable(1.0)
        with pytest.raises(gc.ExecutionError, match="no variable was changed"):
            session.run(gc.assign_add(v, 1.0))
        assert session.store.load(v) == 1.0
