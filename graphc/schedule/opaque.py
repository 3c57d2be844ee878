"""Calls for nodes that are a kernel by themselves: generated source where there is some, else the NumPy reference."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from graphc.ir.dims import Dim
from graphc.ir.node import Node
from graphc.ir.types import TensorType, TupleType
from graphc.loops.spec import Buffer, HostKernel, KernelCall, LibraryKernel, Operand, SourceKernel, UserKernel
from graphc.memory.lifetimes import base_of
from graphc.ops.record import record_of
from graphc.schedule.control import PlanBody, control_call


def opaque_call(
    node: Node,
    dense: Callable[[Node], Buffer],
    targets: Mapping[Node, Sequence[Buffer]],
    plan_body: PlanBody,
    lapack: bool = True,
) -> KernelCall:
    """The call of one node over dense operands.

    Parameters
    ----------
    node : Node
    dense : callable
        The buffer that holds an operand's elements in row-major order.
    targets : Mapping
        Buffers of its value, or of the items of its value; the first of each is written.
    plan_body : callable
        Plans a body of control flow.
    lapack : bool
        Whether there is a library for operations that LAPACK does.
    """
    inputs = [_shaped(dense(operand), operand.tensor) for operand in node.inputs]
    results = _results(node, targets)
    record = record_of(node.op)
    if record.kind == "control":
        return control_call(node, inputs, results, plan_body)
    if node.op == "custom":
        buffers = (*inputs, *results)
        user = UserKernel(node.attrs["function"], _operands(inputs, results), tuple(b.shape for b in buffers))
        return KernelCall(user, buffers, user.function.name, (node,))
    if record.library is not None and lapack:
        library = record.library(node)
        written = [*results, *_temporaries(node, library.scratch)]
        can_fail = record.can_fail is not None
        routine = LibraryKernel(node.op, library.flags, _operands(inputs, written), library.sizes, can_fail)
        return KernelCall(routine, (*inputs, *written), node.op, (node,))
    if record.source is None:
        operands = _operands(inputs, results)
        return KernelCall(HostKernel(node, operands), (*inputs, *results), node.op, (node,))
    same = bool(inputs) and base_of(inputs[0]) is base_of(results[0])
    in_place = record.source_in_place if same else None
    source = (in_place or record.source)(node)
    written = [*results, *_temporaries(node, source.scratch)]
    spec = SourceKernel(
        node.op, source.kernel("kernel"), _operands(inputs, written), source.sizes, record.can_fail is not None
    )
    return KernelCall(spec, (*inputs, *written), node.op, (node,))


def _temporaries(node: Node, scratch: Sequence[tuple[str, Dim]]) -> list[Buffer]:
    return [Buffer(f"v{node.id}_scratch{k}", dtype, (size,), "arena") for k, (dtype, size) in enumerate(scratch)]


def _operands(inputs: Sequence[Buffer], results: Sequence[Buffer]) -> tuple[Operand, ...]:
    return (*(Operand(b.dtype, "in") for b in inputs), *(Operand(b.dtype, "out") for b in results))


def _shaped(buffer: Buffer, type: TensorType) -> Buffer:
    """The buffer under the shape that the node knows it by."""
    if buffer.shape == type.shape:
        return buffer
    return Buffer(f"{buffer.name}_as", buffer.dtype, type.shape, "alias", buffer)


def _results(node: Node, targets: Mapping[Node, Sequence[Buffer]]) -> list[Buffer]:
    """One buffer per value of a node; values that nobody uses get one as well."""
    if isinstance(node.type, TensorType):
        return [_shaped(targets[node][0], node.type)]
    assert isinstance(node.type, TupleType)
    by_index = {item.attrs["index"]: item for item in targets}
    return [
        _shaped(targets[by_index[index]][0], type)
        if index in by_index
        else Buffer(f"v{node.id}_{index}", type.dtype.name, type.shape, "arena")
        for index, type in enumerate(node.type.items)
    ]
