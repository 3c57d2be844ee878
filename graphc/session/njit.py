"""Compiled graphs as functions of a user's own Numba code: a wrapper in Numba around the same native step."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from graphc.graph.errors import GraphError
from graphc.graph.operation import Tensor
from graphc.graph.origin import user_origin
from graphc.runtime.executable import ALIGNMENT, ERROR_WORDS
from graphc.runtime.trampoline import FLUSH_DENORMALS
from graphc.session.compiled import CompiledStep

if TYPE_CHECKING:
    from graphc.session.session import Plan

# Other compiled code may hold addresses of a step that was made callable from it, so such steps stay loaded.
_alive: list[Any] = []


def ranks_of(inputs: Sequence[Tensor], given: Sequence[Any]) -> tuple[int, ...]:
    """Ranks of the inputs: from their placeholders, or from what the user says they are.

    Parameters
    ----------
    inputs : sequence of Tensor
    given : sequence of numba.types.Array or array
        None at all, or one for each input.

    Raises
    ------
    GraphError
        If a rank is not known, or what was given does not fit.
    """
    if given and len(given) != len(inputs):
        raise GraphError(f"the function has {len(inputs)} inputs, {len(given)} types were given", user_origin())
    ranks = []
    for i, tensor in enumerate(inputs):
        known = tensor.shape.dims
        rank = getattr(given[i], "ndim", None) if given else None if known is None else len(known)
        if rank is None:
            raise GraphError(
                f"the rank of {tensor.name} is not known: give a numba.types.Array or an example array for every input",
                tensor.op.origin,
            )
        dtype = str(given[i].dtype) if given else tensor.dtype.name
        if dtype != tensor.dtype.name or (known is not None and len(known) != rank):
            raise GraphError(
                f"{tensor.name} is {tensor.dtype.name} of shape {tensor.shape}: an array of {dtype} and rank {rank} "
                "cannot be fed",
                tensor.op.origin,
            )
        ranks.append(rank)
    return tuple(ranks)


def njit_function(plan: Plan, ranks: tuple[int, ...]) -> Any:
    """A Numba function ``compiled(*inputs, *outputs)`` that runs a plan.

    Raises
    ------
    GraphError
        If the plan is interpreted, or has sizes that do not follow from those of its inputs.
    """
    from numba import njit, types
    from numba.np.numpy_support import from_dtype

    step = plan.specialized(ranks)
    if not isinstance(step, CompiledStep):
        raise GraphError(
            "the interpreter runs this function: only compiled ones can be called from Numba", user_origin()
        )
    code = step.built.code
    if any(feed < 0 for feed, _ in code.symbols):
        raise GraphError("sizes that are data, or those of variables, cannot be planned inside Numba", user_origin())
    names = [t.name for t in plan.feeds], [t.name for t in plan.fetches if isinstance(t, Tensor)]
    source = _source(step, *names)
    _alive.append(step)
    namespace = {"np": np, "STEP": step.executable.step_address, "call": _call_intrinsic(not code.keep_denormals)}
    exec(compile(source, f"<graphc {' '.join(names[1])}>", "exec"), namespace)
    arguments = [
        types.Array(from_dtype(np.dtype(spec.dtype)), len(spec.shape), "C", readonly=kind == "feed")
        for kind in ("feed", "fetch")
        for _, spec in code.of_kind(kind)
    ]
    return njit(types.void(*arguments), error_model="numpy")(namespace["compiled"])


def _source(step: CompiledStep, feeds: Sequence[str], fetches: Sequence[str]) -> str:
    """Source of the wrapper: sizes from shapes, checks, the table of pointers, one call."""
    code = step.built.code
    arrays = [(f"in{i}", n, s, w) for i, (n, (w, s)) in enumerate(zip(feeds, code.of_kind("feed"), strict=True))]
    arrays += [(f"out{i}", n, s, w) for i, (n, (w, s)) in enumerate(zip(fetches, code.of_kind("fetch"), strict=True))]
    body = []
    if code.symbols:
        body.append(f"d = ({', '.join(f'in{feed}.shape[{axis}]' for feed, axis in code.symbols)},)")
    body += [f"f{i} = {formula}" for i, formula in enumerate(code.formulas)]
    for variable, name, spec, _ in arrays:
        for axis, formula in enumerate(spec.shape):
            body.append(f"if {variable}.shape[{axis}] != f{formula}:")
            body.append(f"    raise ValueError({f'{name}: the size of axis {axis} does not fit'!r})")
    for left, right, number in code.guards:
        reason = step.guard(number).reason
        body.append(f"if f{left} != f{right}:")
        body.append(f"    raise ValueError({f'sizes that must be equal differ in {reason}'!r})")
    body += _overlap_lines([a[0] for a in arrays], len(feeds))
    body += _table_lines(step, arrays)
    error = 1 + len(code.buffers) + len(code.dims)
    body += [f"status = call(STEP, base, base + {8 * (1 + len(code.buffers))})", "if status != 0:"]
    for index, message in step.failures().items():
        body += [f"    if words[{error}] == {index}:", f"        raise RuntimeError({message!r})"]
    body.append("    raise RuntimeError('a kernel failed; no variable was changed')")
    # The step works in these arrays: Numba frees one after the last line that names it.
    body.append(f"words[{error}] = arena.size")
    lines = "\n".join("    " + line for line in body)
    return f"def compiled({', '.join(a[0] for a in arrays)}):\n{lines}\n"


def _overlap_lines(names: Sequence[str], inputs: int) -> list[str]:
    """Refuse results that share memory with another array: the step would read what it has written."""
    lines = [f"s_{n} = {n}.ctypes.data\ne_{n} = s_{n} + {n}.nbytes" for n in names]
    pairs = [(n, other) for i, n in enumerate(names[inputs:], inputs) for other in names[:i]]
    for n, other in pairs:
        lines.append(f"if s_{n} < e_{other} and s_{other} < e_{n}:")
        lines.append(f"    raise ValueError('the arrays {other} and {n} overlap')")
    return [line for text in lines for line in text.split("\n")]


def _table_lines(step: CompiledStep, arrays: Sequence[tuple[str, str, Any, int]]) -> list[str]:
    """One array with the table of pointers, the sizes that kernels read, and the error slots; and the arena."""
    code = step.built.code
    words = 1 + len(code.buffers)
    size = f"f{code.arena_bytes}" if code.arena_bytes >= 0 else "0"
    lines = [f"words = np.empty({words + len(code.dims) + ERROR_WORDS}, np.int64)", "base = words.ctypes.data"]
    lines += [f"arena = np.empty({size} + {ALIGNMENT}, np.uint8)"]
    lines += [f"start = (arena.ctypes.data + {ALIGNMENT - 1}) // {ALIGNMENT} * {ALIGNMENT}"]
    lines.append(f"words[0] = base + {8 * (words + len(code.dims))}")
    lines += [f"words[{word}] = s_{name}" for name, _, _, word in arrays]
    lines += [f"words[{word}] = {address}" for word, address in step.executable.fixed_addresses().items()]
    lines += [
        f"words[{word}] = start + f{spec.place}" for word, spec in enumerate(code.buffers, 1) if spec.kind == "arena"
    ]
    return lines + [f"words[{words + k}] = f{formula}" for k, formula in enumerate(code.dims)]


@lru_cache(maxsize=2)
def _call_intrinsic(flush: bool) -> Any:
    """``call(step, table, dims) -> int32``: a call by address, with denormal numbers flushed to zero if asked for."""
    from llvmlite import ir
    from numba import types
    from numba.core import cgutils
    from numba.extending import intrinsic

    from graphc.codegen.cpu.target import host_target

    flushing = flush and host_target().triple.startswith("x86_64")

    def typing(context: Any, step: Any, table: Any, dims: Any) -> Any:
        def lower(context: Any, builder: Any, signature: Any, values: Any) -> Any:
            word, status = ir.IntType(64), ir.IntType(32)
            function = builder.inttoptr(values[0], ir.FunctionType(status, [word, word]).as_pointer())
            if not flushing:
                return builder.call(function, values[1:])
            mode, held = (cgutils.alloca_once(builder, status) for _ in range(2))
            byte = ir.IntType(8).as_pointer()
            control = ir.FunctionType(ir.VoidType(), [byte])
            read, write = (
                cgutils.get_or_insert_function(builder.module, control, f"llvm.x86.sse.{name}")
                for name in ("stmxcsr", "ldmxcsr")
            )
            builder.call(read, [builder.bitcast(held, byte)])
            builder.store(builder.or_(builder.load(held), ir.Constant(status, FLUSH_DENORMALS)), mode)
            builder.call(write, [builder.bitcast(mode, byte)])
            result = builder.call(function, values[1:])
            builder.call(write, [builder.bitcast(held, byte)])
            return result

        return types.int32(types.int64, types.int64, types.int64), lower

    return intrinsic(typing)
