"""Variables: in place where every other reader runs before, through a shadow where not; failing kernels first."""

import numpy as np
import pytest

from graphc.ir.dtypes import float64, int32
from graphc.ir.program import Program
from graphc.ir.types import TensorType
from graphc.loops.spec import SourceKernel
from graphc.ops.builder import Builder
from graphc.schedule.calls import written
from tests.schedule.oracle import check, kinds

MATRIX = TensorType(float64, (3, 3))


def values(count):
    rng = np.random.default_rng(count)
    return [rng.normal(size=(3, 3)) for _ in range(count)]


def product(b, x, y):
    return b.emit("matmul", x, y, transpose_x=False, transpose_y=False)


def test_old_value_is_fetched_while_the_variable_is_updated_in_place():
    b = Builder()
    w = b.variable(0, MATRIX)
    schedule = check(Program((), (w,), ((0, w - w * 0.5),), (MATRIX,)), [], values(1))
    assert schedule.arena.size == 0


def test_new_value_is_fetched_and_used_further():
    b = Builder()
    w = b.variable(0, MATRIX)
    new = b.emit("exp", w)
    schedule = check(Program((), (new, product(b, new, new)), ((0, new),), (MATRIX,)), [], values(1))
    assert schedule.arena.size == 0


def test_swap_needs_one_shadow():
    b = Builder()
    v, w = b.variable(0, MATRIX), b.variable(1, MATRIX)
    check(Program((), (), ((0, w), (1, v)), (MATRIX, MATRIX)), [], values(2))


def test_update_that_reads_other_elements_goes_through_a_shadow():
    b = Builder()
    w = b.variable(0, MATRIX)
    flipped = b.emit("transpose", w, perm=(1, 0)) * 2.0
    schedule = check(Program((), (), ((0, flipped),), (MATRIX,)), [], values(1))
    assert [call.label for call in schedule.calls] == ["mul", "copy"]


def test_factor_of_a_product_that_updates_it():
    b = Builder()
    w = b.variable(0, MATRIX)
    schedule = check(Program((), (), ((0, w - product(b, w, w)),), (MATRIX,)), [], values(1))
    assert kinds(schedule) == ["Contraction", "Nest"]


def test_gradient_update_accumulates_in_place_after_the_other_reader():
    b = Builder()
    x = b.input(0, MATRIX)
    w = b.variable(0, MATRIX)
    y = product(b, x, w)
    schedule = check(
        Program((x,), (product(b, y, w),), ((0, w - product(b, x, y) * 0.1),), (MATRIX,)), values(1), values(1)
    )
    assert kinds(schedule) == ["Contraction"] * 3
    assert schedule.variables[0] in written(schedule.calls[-1])
    assert schedule.commit == 2


def test_reader_that_depends_on_the_update_forces_a_shadow():
    b = Builder()
    w = b.variable(0, MATRIX)
    new = b.emit("exp", w)
    later = product(b, product(b, new, new), w)
    check(Program((), (later,), ((0, new),), (MATRIX,)), [], values(1))


@pytest.mark.parametrize("depends", [False, True])
def test_kernels_that_can_fail_come_before_the_first_write(depends):
    b = Builder()
    index = b.input(0, TensorType(int32, (2,)))
    w = b.variable(0, MATRIX)
    new = b.emit("exp", w)
    picked = b.emit("gather", new if depends else b.emit("sin", w), index, axis=0, batch_dims=0)
    schedule = check(Program((index,), (picked,), ((0, new),), (MATRIX,)), [np.array([2, 0], np.int32)], values(1))
    failing = [k for k, call in enumerate(schedule.calls) if isinstance(call.spec, SourceKernel) and call.spec.can_fail]
    assert max(failing) < schedule.commit
    writes = [k for k, call in enumerate(schedule.calls) if schedule.variables[0] in written(call)]
    assert min(writes) >= schedule.commit


def test_adam_of_one_variable_is_one_kernel():
    b = Builder()
    g = b.input(0, MATRIX)
    w, m, v = (b.variable(k, MATRIX) for k in range(3))
    m1, v1 = m * 0.9 + g * 0.1, v * 0.99 + g * g * 0.01
    w1 = w - m1 / (b.emit("sqrt", v1) + 1e-8) * 0.01
    schedule = check(
        Program((g,), (), ((0, w1), (1, m1), (2, v1)), (MATRIX,) * 3), values(1), [np.abs(x) for x in values(3)]
    )
    assert kinds(schedule) == ["Nest"]
    assert schedule.arena.size == 0
