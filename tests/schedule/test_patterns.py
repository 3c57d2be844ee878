"""What important patterns become, and that they compute what the interpreter does."""

import numpy as np
import pytest

from graphc.ir.dims import symbol
from graphc.ir.dtypes import float32, float64, int32
from graphc.ir.program import Program
from graphc.ir.types import TensorType
from graphc.ops.builder import Builder
from graphc.schedule.plan import plan_program
from tests.schedule.oracle import check, kinds

N = symbol("n")


def floats(*shape, seed=0, dtype=np.float64):
    return np.random.default_rng(seed).normal(size=shape).astype(dtype)


def inputs(b, *shapes, dtype=float64):
    return [b.input(i, TensorType(dtype, shape)) for i, shape in enumerate(shapes)]


def total(b, x, *axes, keepdims=True):
    return b.emit("sum", x, axes=axes, keepdims=keepdims)


def layer_norm(b, x, g):
    """Value and gradient with respect to x, as the vjps give it."""
    d = float(x.shape[-1])
    mean = total(b, x, 1) / d
    centred = x - mean
    inverse = b.emit("rsqrt", total(b, centred * centred, 1) / d + 1e-5)
    y = centred * inverse
    back = (g - total(b, g, 1) / d - y * (total(b, g * y, 1) / d)) * inverse
    return y, back


def test_layer_norm_and_its_gradient_are_one_kernel():
    b = Builder()
    x, g = inputs(b, (N, 6), (N, 6))
    program = Program((x, g), layer_norm(b, x, g))
    schedule = plan_program(program)
    assert kinds(schedule) == ["Nest"]
    for n in (0, 1, 5):
        check(program, [floats(n, 6), floats(n, 6, seed=1)], sizes={"n": n}, schedule=schedule)


@pytest.mark.parametrize("axes", [(0,), (1,), (2,), (0, 1), (1, 2), (0, 2), (0, 1, 2)])
@pytest.mark.parametrize("keepdims", [False, True])
def test_reductions_over_any_axes_join_their_producers(axes, keepdims):
    b = Builder()
    (x,) = inputs(b, (2, 3, 4))
    y = b.emit("max", b.emit("exp", x * 0.5), axes=axes, keepdims=keepdims)
    assert kinds(check(Program((x,), (y * 2.0,)), [floats(2, 3, 4)])) == ["Nest"]


def test_batch_statistics_and_their_use_are_one_kernel():
    b = Builder()
    (x,) = inputs(b, (N, 3, 3, 4))
    count = b.emit("cast", b.emit("dim", value=N * 9, dtype=int32), dtype=float64)
    centred = x - total(b, x, 0, 1, 2) / count
    y = centred * b.emit("rsqrt", total(b, centred * centred, 0, 1, 2) / count + 1e-3)
    assert kinds(check(Program((x,), (y,)), [floats(2, 3, 3, 4)], sizes={"n": 2})) == ["Nest"]


def test_rows_and_columns_of_the_same_data_are_two_kernels_with_a_reason():
    b = Builder()
    (x,) = inputs(b, (4, 5))
    y = b.emit("exp", x)
    program = Program((x,), (total(b, y, 0), total(b, y, 1)))
    schedule = check(program, [floats(4, 5)])
    assert kinds(schedule) == ["Nest", "Nest"]
    assert [reason for _, _, reason in schedule.unfused] == ["the kernels reduce over different axes"]


def test_broadcasting_chain_is_one_kernel_and_scalars_are_code():
    b = Builder()
    x, row, column = inputs(b, (N, 5), (5,), (N, 1))
    y = b.emit("tanh", (x + row) * column) + b.emit("broadcast_to", b.constant(2.0), shape=(N, 5))
    schedule = check(Program((x, row, column), (y,)), [floats(3, 5), floats(5), floats(3, 1)], sizes={"n": 3})
    assert kinds(schedule) == ["Nest"]
    assert schedule.constants == []


@pytest.mark.parametrize("fetch", [False, True])
def test_views_fold_into_index_maps(fetch):
    b = Builder()
    (x,) = inputs(b, (4, 6))
    t = b.emit("transpose", x, perm=(1, 0))
    s = b.emit("slice", t, start=(1, 0), stop=(6, 4), step=(2, 3))
    r = b.emit("reverse", s, axes=(0,))
    result = r if fetch else b.emit("exp", r)
    assert kinds(check(Program((x,), (result,)), [floats(4, 6)])) == ["Nest"]


@pytest.mark.parametrize(
    ("low", "high", "interior"),
    [((1, 2), (0, 3), (0, 0)), ((-1, 0), (2, -2), (0, 0)), ((1, -1), (0, 1), (1, 2))],
)
def test_pad_is_a_guard(low, high, interior):
    b = Builder()
    (x,) = inputs(b, (3, 4))
    y = b.emit("pad", x, b.constant(7.0), low=low, high=high, interior=interior)
    assert kinds(check(Program((x,), (b.emit("exp", y * 0.1),)), [floats(3, 4)])) == ["Nest"]


def test_concat_of_symbolic_parts():
    b = Builder()
    x, y = inputs(b, (N, 2), (symbol("m"), 2))
    joined = b.emit("concat", x, b.emit("exp", y), x, axis=0)
    program = Program((x, y), (joined * 2.0,))
    schedule = plan_program(program)
    for n, m in ((1, 3), (4, 0), (0, 2)):
        check(program, [floats(n, 2), floats(m, 2)], sizes={"n": n, "m": m}, schedule=schedule)


@pytest.mark.parametrize("shape", [(24,), (2, 12), (6, 4), (2, 3, 2, 2), (1, 24, 1), (4, 6), (3, 8)])
def test_reshape_between_elementwise_operations(shape):
    b = Builder()
    x, c = inputs(b, (6, 4), shape)
    y = b.emit("exp", b.emit("reshape", b.emit("tanh", x), shape=shape) + c)
    back = b.emit("reshape", y, shape=(6, 4)) * x
    check(Program((x, c), (back, b.emit("reshape", x, shape=shape))), [floats(6, 4), floats(*shape)])


def test_reshape_that_merges_a_symbolic_batch_needs_no_copy():
    b = Builder()
    x, w = inputs(b, (N, 3, 4), (4, 5))
    flat = b.emit("reshape", x, shape=(N * 3, 4))
    y = b.emit("matmul", flat, w, transpose_x=False, transpose_y=False)
    out = b.emit("relu", b.emit("reshape", y, shape=(N, 3, 5)))
    program = Program((x, w), (out,))
    schedule = plan_program(program)
    for n in (1, 4):
        check(program, [floats(n, 3, 4), floats(4, 5)], sizes={"n": n}, schedule=schedule)


def test_attention_reads_and_writes_split_heads_by_strides():
    b = Builder()
    (x,) = inputs(b, (2, 3, 8))
    heads = b.emit("transpose", b.emit("reshape", x, shape=(2, 3, 2, 4)), perm=(0, 2, 1, 3))
    scores = b.emit("matmul", heads, heads, transpose_x=False, transpose_y=True) * 0.5
    top = b.emit("max", scores, axes=(3,), keepdims=True)
    weights = b.emit("exp", scores - top)
    weights = weights / total(b, weights, 3)
    mixed = b.emit("matmul", weights, heads, transpose_x=False, transpose_y=False)
    joined = b.emit("reshape", b.emit("transpose", mixed, perm=(0, 2, 1, 3)), shape=(2, 3, 8))
    schedule = check(Program((x,), (joined,)), [floats(2, 3, 8)])
    assert kinds(schedule) == ["Contraction", "Nest", "Contraction"]


def test_epilogue_that_only_a_row_kernel_needs_moves_there():
    b = Builder()
    x, w, p, r = inputs(b, (N, 4), (4, 5), (N, 5), (N, 1))
    product = b.emit("matmul", x, w, transpose_x=False, transpose_y=False)
    one, two = b.emit("tanh", product * p), b.emit("sin", product * r)
    y = b.emit("exp", one - total(b, two, 1))
    feeds = [floats(*s, seed=k) for k, s in enumerate(((3, 4), (4, 5), (3, 5), (3, 1)))]
    schedule = check(Program((x, w, p, r), (y,)), feeds, sizes={"n": 3})
    assert [len(call.spec.stores) for call in schedule.calls] == [1, 1]


def test_transposed_fetch_of_a_computed_value_is_written_in_its_place():
    b = Builder()
    (x,) = inputs(b, (2, 3, 4))
    y = b.emit("exp", x)
    schedule = check(Program((x,), (b.emit("transpose", y, perm=(1, 0, 2)), y)), [floats(2, 3, 4)])
    assert len(schedule.calls) == 1


@pytest.mark.parametrize("transpose_x", [False, True])
@pytest.mark.parametrize("transpose_y", [False, True])
@pytest.mark.parametrize("shapes", [((3, 4), (4, 5)), ((2, 1, 3, 4), (5, 4, 1)), ((4, 1), (1, 4)), ((1, 6), (6, 1))])
def test_matrix_products_by_strides(transpose_x, transpose_y, shapes):
    b = Builder()
    swapped = [s[:-2] + s[:-3:-1] if t else s for s, t in zip(shapes, (transpose_x, transpose_y), strict=True)]
    x, y = inputs(b, *swapped)
    z = b.emit("relu", b.emit("matmul", x, y, transpose_x=transpose_x, transpose_y=transpose_y) + 0.5)
    assert kinds(check(Program((x, y), (z,)), [floats(*swapped[0]), floats(*swapped[1])])) == ["Contraction"]


def test_matrix_product_of_a_value_with_itself_and_of_a_broadcast_constant():
    b = Builder()
    (x,) = inputs(b, (3, 4))
    gram = b.emit("matmul", x, x, transpose_x=True, transpose_y=False)
    ones = b.emit("broadcast_to", b.constant(1.0), shape=(2, 3))
    sums = b.emit("matmul", ones, x, transpose_x=False, transpose_y=False)
    check(Program((x,), (gram, sums)), [floats(3, 4)])


def test_convolution_takes_its_epilogue_and_its_gradients_read_by_strides():
    b = Builder()
    x, w, bias, g = inputs(b, (2, 5, 6, 3), (3, 2, 3, 4), (4,), (2, 3, 3, 4))
    attrs = {"strides": (2, 2), "low": (1, 0), "high": (1, 0), "image_dilation": (1, 1), "window_dilation": (1, 1)}
    y = b.emit("conv", x, w, **attrs, groups=1, batch_groups=1)
    out = b.emit("relu", y + bias)
    from graphc.ops.record import record_of

    dx, dw = record_of("conv").vjp(g, y, x, w)
    schedule = check(
        Program((x, w, bias, g), (out, dx, dw)), [floats(2, 5, 6, 3), floats(3, 2, 3, 4), floats(4), floats(2, 3, 3, 4)]
    )
    assert kinds(schedule).count("Convolution") == 3


@pytest.mark.parametrize("op", ["window_sum", "window_max", "window_argmax"])
@pytest.mark.parametrize("low", [(0, 0, 0, 0), (0, 1, 1, 0)])
def test_windows_are_nests_and_rows_join_them(op, low):
    b = Builder()
    (x,) = inputs(b, (2, 5, 6, 3))
    y = b.emit(op, x, window=(1, 3, 2, 1), strides=(1, 2, 2, 1), low=low, high=low)
    data = np.round(floats(2, 5, 6, 3))
    data[0, 0, 0] = -np.inf
    data[0, :2, :2, 1] = np.nan
    schedule = check(Program((x,), (y + y,)), [data])
    assert kinds(schedule) == ["Nest"]


def test_irregular_operations_are_source_kernels():
    b = Builder()
    (x,) = inputs(b, (7, 3))
    y = b.emit("sort", b.emit("exp", x), axis=0)
    assert kinds(check(Program((x,), (y + 1.0,)), [floats(7, 3)])) == ["Nest", "SourceKernel", "Nest"]


def test_softmax_over_a_stored_product_and_cheap_values_computed_again():
    b = Builder()
    x, w = inputs(b, (N, 4), (4, 5), dtype=float32)
    logits = b.emit("matmul", x, w, transpose_x=False, transpose_y=False)
    positive = b.emit("gt", logits, 0)
    rows = total(b, b.emit("cast", positive, dtype=float32), 1)
    columns = total(b, b.emit("cast", positive, dtype=float32), 0)
    schedule = check(
        Program((x, w), (rows, columns)),
        [floats(3, 4, dtype=np.float32), floats(4, 5, dtype=np.float32)],
        sizes={"n": 3},
    )
    assert kinds(schedule) == ["Contraction", "Nest", "Nest"]
    assert all(buffer.dtype != "bool" for buffer in schedule.buffers)


def test_fetches_of_leaves_constants_and_the_same_value_twice():
    b = Builder()
    (x,) = inputs(b, (2, 3))
    y = b.emit("exp", x)
    array = b.constant(np.arange(4.0))
    size = b.emit("dim", value=7, dtype=int32)
    outputs = (
        x,
        y,
        y,
        b.emit("reshape", y, shape=(6,)),
        array,
        b.constant(3.0),
        size,
        b.emit("iota", size=3, dtype=int32),
    )
    check(Program((x,), outputs), [floats(2, 3)])


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (1, 1), ()])
def test_zero_size_and_size_one(shape):
    b = Builder()
    (x,) = inputs(b, shape)
    y = b.emit("exp", x) * 2.0
    axes = tuple(range(len(shape)))
    check(Program((x,), (y, total(b, y, *axes, keepdims=False))), [floats(*shape)])


def test_groups_stay_acyclic_where_an_early_member_is_read():
    b = Builder()
    x, z = inputs(b, (N, 4), (4, 4))
    early = b.emit("tanh", x)
    product = b.emit("matmul", early, x, transpose_x=True, transpose_y=False)
    product = b.emit("matmul", product, z, transpose_x=False, transpose_y=False)
    source = b.emit("exp", z)
    late = early * total(b, source, 0)
    # In the kernel of `source` it would need the products, they the kernel of `early`, which makes `late` of `source`.
    result = source + product
    schedule = check(Program((x, z), (late, result)), [floats(3, 4), floats(4, 4)], sizes={"n": 3})
    assert len(schedule.calls) == 4


def test_one_element_of_what_a_kernel_by_itself_computes():
    """The scalar kernel has no axes, like the group of an opaque kernel; what it reads has some."""
    b = Builder()
    (x,) = inputs(b, (N,))
    sums = b.emit("cumsum", x, axis=0, exclusive=False, reverse=False)
    second = b.emit("reshape", b.emit("slice", sums, start=(1,), stop=(2,), step=(1,)), shape=())
    check(Program((x,), (second,)), [floats(5)], sizes={"n": 5})
