"""A graph as the message that TensorBoard draws."""

from __future__ import annotations

from graphc.graph.graph import Graph
from graphc.graph.operation import Operation, Tensor
from graphc.summary.wire import block, integer

# The oldest version of the format that readers of today accept without conversion.
_PRODUCER = 24


def encode_graph(graph: Graph) -> bytes:
    """The message GraphDef (tensorflow/core/framework/graph.proto): nodes with inputs and shapes, no values."""
    nodes = b"".join(block(1, _node(op)) for op in graph.get_operations())
    return nodes + block(4, integer(1, _PRODUCER))


def _node(op: Operation) -> bytes:
    inputs = [t.op.name if t.index == 0 else t.name for t in op.inputs]
    inputs += [f"^{c.name}" for c in op.control_inputs]
    shapes = b"".join(block(7, _shape(t)) for t in op.outputs)
    attribute = block(5, block(1, "_output_shapes") + block(2, block(1, shapes)))
    return block(1, op.name) + block(2, op.type) + b"".join(block(3, i) for i in inputs) + attribute


def _shape(tensor: Tensor) -> bytes:
    dims = tensor.shape.dims
    if dims is None:
        return integer(3, 1)
    return b"".join(block(2, integer(1, d if isinstance(d, int) else -1)) for d in dims)
