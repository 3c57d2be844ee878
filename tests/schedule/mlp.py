"""The SGD step of a classifier with three layers, gradients by hand as the vjps of the records give them."""

from itertools import pairwise

from graphc.ir.dims import symbol
from graphc.ir.dtypes import float32, int32
from graphc.ir.program import Program
from graphc.ir.types import TensorType
from graphc.ops.builder import Builder


def mlp_step(sizes=(12, 8, 7, 5), batch=None, fetch_loss=True, rate=0.1):
    """Inputs: images [n, sizes[0]], labels [n]; variables: weights and biases, alternating."""
    b = Builder()
    n = symbol("n") if batch is None else batch
    x = b.input(0, TensorType(float32, (n, sizes[0])))
    labels = b.input(1, TensorType(int32, (n,)))
    types = [t for i, o in pairwise(sizes) for t in ((i, o), (o,))]
    variables = tuple(TensorType(float32, shape) for shape in types)
    weights = [b.variable(slot, type) for slot, type in enumerate(variables)]
    activations, layers = [x], len(sizes) - 1
    for layer in range(layers):
        product = b.emit("matmul", activations[-1], weights[2 * layer], transpose_x=False, transpose_y=False)
        total = product + weights[2 * layer + 1]
        activations.append(b.emit("relu", total) if layer < layers - 1 else total)
    loss, grad = _cross_entropy(b, activations.pop(), labels, n, sizes[-1])
    updates = []
    for layer in reversed(range(layers)):
        weight, bias = weights[2 * layer], weights[2 * layer + 1]
        dw = b.emit("matmul", activations[layer], grad, transpose_x=True, transpose_y=False)
        db = b.emit("sum", grad, axes=(0,), keepdims=False)
        updates += [(2 * layer, weight - dw * rate), (2 * layer + 1, bias - db * rate)]
        if layer:
            back = b.emit("matmul", grad, weight, transpose_x=False, transpose_y=True)
            grad = b.emit("select", b.emit("gt", activations[layer], 0), back, b.constant(0, float32))
    outputs = (loss,) if fetch_loss else ()
    return Program((x, labels), outputs, tuple(sorted(updates, key=lambda u: u[0])), variables)


def _cross_entropy(b, logits, labels, n, classes):
    top = b.emit("max", logits, axes=(1,), keepdims=True)
    shifted = logits - top
    total = b.emit("sum", b.emit("exp", shifted), axes=(1,), keepdims=True)
    logs = shifted - b.emit("log", total)
    column = b.emit("reshape", labels, shape=(n, 1))
    hot = b.emit("cast", b.emit("eq", b.emit("iota", size=classes, dtype=labels.dtype), column), dtype=float32)
    rows = b.emit("sum", hot * logs, axes=(1,), keepdims=False)
    count = b.emit("cast", b.emit("dim", value=n, dtype=labels.dtype), dtype=float32)
    loss = -b.emit("sum", rows, axes=(0,), keepdims=False) / count
    return loss, (b.emit("exp", logs) - hot) / count
