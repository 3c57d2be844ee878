"""Functions of the user inside the native step, against the interpreter."""

import subprocess
import sys

import numpy as np
import pytest
from numba import njit

import graphc as gc
from graphc.codegen.cpu.numba_ir import SourceError
from graphc.ops.fingerprint import UnstableError, fingerprint


@njit
def helper(v):
    return v * 2.0 + np.exp(-v)


@njit
def weighted(x, w, y):
    for i in range(x.shape[0]):
        total = np.float32(0)
        for j in range(x.shape[1]):
            if x[i, j] > 100:
                raise ValueError("too large")
            total += x[i, j] * w[j]
        y[i] = total


def weighted_vjp(g, y, x, w):
    return g[:, None] * w, gc.matmul(x, g[:, None], transpose_a=True)[:, 0]


def weighted_op():
    return gc.custom_op(weighted, out=lambda x, w: (x.dtype, x.shape[:1]), vjp=weighted_vjp)


def both(inputs, outputs, *values):
    """Outputs in both modes, which must agree; those of native code are returned."""
    native = gc.function(inputs, outputs)(*values)
    reference = gc.function(inputs, outputs, mode="interpret")(*values)
    for have, want in zip(native, reference, strict=True):
        assert have.dtype == want.dtype
        np.testing.assert_allclose(have, want, rtol=1e-5 if have.dtype == np.float32 else 1e-12)
    return native


@pytest.fixture(autouse=True)
def own_graph():
    with gc.Graph().as_default():
        yield


def test_an_array_function_with_a_gradient_runs_at_all_sizes():
    x, w = gc.placeholder(gc.float32, [None, None]), gc.placeholder(gc.float32, [None])
    y = weighted_op()(x, w)
    loss = gc.reduce_sum(y**2)
    outputs = [y, *gc.gradients(loss, [x, w])]
    for rows, columns in [(1, 1), (7, 3), (16, 17), (0, 4)]:
        xs = np.random.default_rng(rows).normal(size=(rows, columns)).astype(np.float32)
        ws = np.arange(columns, dtype=np.float32)
        ys, gx, gw = both([x, w], outputs, xs, ws)
        np.testing.assert_allclose(ys, xs @ ws, rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(gx, 2 * np.outer(ys, ws), rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(gw, 2 * ys @ xs, rtol=1e-4, atol=1e-5)


def test_it_is_one_kernel_of_the_native_step():
    x = gc.placeholder(gc.float32, [None, 3])
    f = gc.function([x], weighted_op()(x, [1.0, 2.0, 3.0]))
    np.testing.assert_array_equal(f(np.ones((2, 3), np.float32)), [6, 6])
    report = f.report()
    assert report["kernels"]["host"] == 0
    assert [c["kind"] for c in report["calls"]].count("UserKernel") == 1


@pytest.mark.parametrize("mode", ["compile", "interpret"])
def test_an_exception_names_both_lines_and_changes_nothing(mode):
    x = gc.placeholder(gc.float32, [None, 2])
    v = gc.Variable(np.zeros(2, np.float32), name="v")
    y = weighted_op()(x, [1.0, 1.0])  # the user's line
    session = gc.Session(mode=mode)
    step = gc.assign_add(v, gc.reduce_sum(x, axis=0))
    ok = np.ones((2, 2), np.float32)
    session.run([y, step], {x: ok})
    with pytest.raises(gc.ExecutionError, match=r"too large.*test_custom\.py.*raise ValueError") as caught:
        session.run([y, step], {x: ok * 101})
    assert "# the user's line" in str(caught.value)
    np.testing.assert_array_equal(session.run(v), [2, 2])
    session.run([y, step], {x: ok})
    np.testing.assert_array_equal(session.run(v), [4, 4])


def test_an_index_out_of_range_of_a_plain_function_is_found():
    def shifted(x, y):
        for i in range(x.size):
            y[i] = x[i + 1]

    x = gc.placeholder(gc.float64, [None])
    f = gc.function([x], gc.custom_op(shifted)(x))
    with pytest.raises(gc.ExecutionError, match="out of bounds"):
        f(np.zeros(5))


def test_several_results_scalars_booleans_and_memory_of_its_own():
    def statistics(x, keep, total, ordered, count):
        total[()] = 0
        for v in x:
            total[()] += v
        ordered[:] = np.sort(x)
        for i in range(keep.size):
            count[i] = not keep[i]

    def rule(x, keep):
        return [(x.dtype, ()), x, keep]

    def vjp(g, out, x, keep):
        return g[0] + g[1] * 0.0, None

    x, keep = gc.placeholder(gc.float64, [None]), gc.placeholder(gc.bool, [None])
    op = gc.custom_op(statistics, out=rule, vjp=vjp)
    total, ordered, count = op(x, keep)
    (gx,) = gc.gradients(total * 3.0, x)
    found = both([x, keep], [total, ordered, count, gx], np.array([3.0, 1.0, 2.0]), np.array([True, False, True]))
    assert found[0] == 6
    np.testing.assert_array_equal(found[1], [1, 2, 3])
    np.testing.assert_array_equal(found[2], [False, True, False])
    np.testing.assert_array_equal(found[3], [3, 3, 3])


def test_a_scalar_function_broadcasts_and_has_gradients_and_jacobians():
    def swish(x, b):
        return x / (1 + np.exp(-b * x))

    def slope(g, y, x, b):
        s = gc.sigmoid(b * x)
        return g * (s + b * x * s * (1 - s)), g * x * x * s * (1 - s)

    op = gc.custom_op(swish, elementwise=True, vjp=slope)
    x, b = gc.placeholder(gc.float64, [None, None]), gc.placeholder(gc.float64, [None])
    y = op(x, b)
    by_hand = x * gc.sigmoid(b * x)
    outputs = [y, *gc.gradients(y**2, [x, b]), gc.jacobian(op(x[0], 2.0), x)]
    expected = [by_hand, *gc.gradients(by_hand**2, [x, b]), gc.jacobian(x[0] * gc.sigmoid(2.0 * x[0]), x)]
    values = np.random.default_rng(0).normal(size=(17, 7)), np.linspace(-1, 2, 7)
    found = both([x, b], outputs, *values)
    for have, want in zip(found, gc.function([x, b], expected)(*values), strict=True):
        np.testing.assert_allclose(have, want, rtol=1e-11, atol=1e-12)


def test_second_derivatives_where_the_rule_allows_them():
    def cube(x, y):
        for i in range(x.size):
            y[i] = x[i] ** 3

    x = gc.placeholder(gc.float64, [None])
    (first,) = gc.gradients(gc.custom_op(cube, vjp=lambda g, y, x: 3.0 * g * x**2)(x), x)
    (second,) = gc.gradients(first, x)
    np.testing.assert_allclose(both([x], [second], np.array([1.0, -2.0]))[0], [6, -12])


def test_a_scalar_function_of_another_element_type():
    def level(x):
        return int(x // 10)

    x = gc.placeholder(gc.float32, [None])
    found = both([x], [gc.custom_op(level, out=gc.int32, elementwise=True)(x)], np.array([5, 25, -1], np.float32))
    np.testing.assert_array_equal(found[0], np.array([0, 2, -1], np.int32))


def test_errors_of_use_are_clear():
    x = gc.placeholder(gc.float32, [2, 2])
    ones = np.ones((2, 2), np.float32)
    y = gc.custom_op(weighted, out=lambda x, w: (x.dtype, x.shape[:1]))(x, [1.0, 1.0])
    without = gc.function([x], gc.gradients(y, x), mode="interpret")
    with pytest.raises(gc.GraphError, match="no gradient: give custom_op a vjp"):
        without(ones)
    with pytest.raises(gc.GraphError, match="not <built-in function"):
        gc.custom_op(len)
    y = gc.custom_op(weighted, out=lambda x, w: (x.dtype, x.shape[:1]), vjp=lambda g, y, x, w: g)(x, [1.0, 1.0])
    short = gc.function([x], gc.gradients(y, x), mode="interpret")
    with pytest.raises(gc.GraphError, match="1 gradients for 2 inputs"):
        short(ones)

    def writes_its_input(x, y):
        x[0] = 1

    refused = gc.function([x], gc.custom_op(writes_its_input)(x))
    with pytest.raises(SourceError, match=r"cannot compile writes_its_input \(.*test_custom.py"):
        refused(ones)


def test_fingerprints_follow_everything_that_matters():
    def make(constant, function=helper):
        def f(x):
            return function(x) + constant

        return f

    assert fingerprint(make(1)) == fingerprint(make(1))
    assert fingerprint(make(1)) != fingerprint(make(2))
    assert fingerprint(make(1)) != fingerprint(make(1.0))
    assert fingerprint(make(1)) != fingerprint(make(1, njit(lambda v: v)))
    assert fingerprint(make(np.zeros(2))) != fingerprint(make(np.zeros(3)))
    with pytest.raises(UnstableError):
        fingerprint(make(object()))


SCRIPT = """
import sys
import numpy as np
import graphc as gc

def f(x, y):
    for i in range(x.size):
        y[i] = x[i] * {factor}

x = gc.placeholder(gc.float64, [None])
op = gc.custom_op(f, vjp=lambda g, y, x: g * {slope})
fn = gc.function([x], [op(x), *gc.gradients(op(x), x)])
print([float(v[0]) for v in fn(np.ones(2))], fn.report()["cache"], "numba" in sys.modules)
"""


def run_script(folder, **values):
    environment = {
        "GRAPHC_CACHE_DIR": str(folder),
        "PATH": "/usr/bin",
        "PYTHONPATH": ":".join(p for p in sys.path if p),
    }
    path = folder / "script.py"
    path.write_text(SCRIPT.format(**values))
    result = subprocess.run([sys.executable, path], env=environment, capture_output=True, text=True, check=True)
    return result.stdout.strip()


def test_the_disk_cache_knows_the_functions_code(tmp_path):
    assert run_script(tmp_path, factor=2, slope=2) == "[2.0, 2.0] miss True"
    assert run_script(tmp_path, factor=2, slope=2) == "[2.0, 2.0] hit False"
    assert run_script(tmp_path, factor=3, slope=2) == "[3.0, 2.0] miss True"
    assert run_script(tmp_path, factor=3, slope=3) == "[3.0, 3.0] miss True"


def test_what_another_process_could_not_run_is_not_kept():
    class Opaque:
        pass

    hidden = Opaque()

    def allocates(x, y):
        y[:] = np.sort(x)

    def unstable(g, y, x):
        return g if hidden else None

    def plain(x, y):
        for i in range(x.size):
            y[i] = x[i]

    for op in (gc.custom_op(allocates), gc.custom_op(plain, vjp=unstable)):
        for _ in range(2):
            with gc.Graph().as_default():
                x = gc.placeholder(gc.float64, [None])
                f = gc.function([x], op(x))
                np.testing.assert_array_equal(f(np.arange(3.0)), np.arange(3.0))
                assert f.report().get("cache") != "hit"
