"""A user's function as a kernel: Numba turns it into LLVM IR, an entry written here gives it arrays.

Numba passes an array to a function as its fields: owner (two pointers, null for a view), number of elements, bytes of
an element, data, then the sizes and the strides. The entry makes them from the words of a kernel call, so no array
object exists and nothing is allocated, unless the function itself allocates: then Numba's runtime is linked in, and the
object runs only in a process that has loaded Numba.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from graphc.codegen.cpu.kernel import KernelText
from graphc.codegen.cpu.numba_ir import SourceError, remembered, scipy_hidden
from graphc.ir.dims import Dim, product
from graphc.ir.dtypes import BY_NAME
from graphc.loops.spec import UserKernel
from graphc.ops.custom import UserFunction

__all__ = ["compile_user_function", "needs_numba"]

# Functions of Numba's runtime and of Python that an object may need.
_NUMBA_SYMBOLS = ("NRT_", "numba_", "Py", "_Py")
_NO_VALUE = -2  # Numba's status of a function that returns None through an optional


def needs_numba(symbols: Sequence[str]) -> bool:
    """Whether an object with these undefined symbols runs only where Numba is loaded."""
    return any(name.startswith(_NUMBA_SYMBOLS) for name in symbols)


def compile_user_function(spec: UserKernel, name: str) -> KernelText:
    """The kernel of a user's function.

    Raises
    ------
    SourceError
        If Numba cannot compile it for these arguments.
    """
    shapes = [(product(s),) for s in spec.shapes] if spec.function.elementwise else list(spec.shapes)
    dtypes = [o.dtype for o in spec.operands]
    read = [o.access == "in" for o in spec.operands]
    sizes = tuple(dict.fromkeys(d for shape in shapes for d in shape if not isinstance(d, int)))
    key = (
        f"user {name}",
        f"{spec.function!r}",
        tuple(f"{d} {s} {r}" for d, s, r in zip(dtypes, shapes, read, strict=True)),
    )

    def make() -> str:
        text, inner = _function_ir(spec.function, dtypes, [len(s) for s in shapes], read)
        return text + _entry(name, inner, dtypes, shapes, sizes)

    return KernelText(name, remembered(key, make), sizes, 1)


def _function_ir(
    function: UserFunction, dtypes: Sequence[str], ranks: Sequence[int], read: Sequence[bool]
) -> tuple[str, str]:
    """IR of the function over arrays with everything that it calls, and its symbol."""
    with scipy_hidden():
        from numba import types
        from numba.core.errors import NumbaError
        from numba.core.registry import cpu_target
        from numba.np.numpy_support import from_dtype

        cpu_target.typing_context.refresh()
        cpu_target.target_context.refresh()
    # From here on SciPy is in sight: what the user calls, such as np.dot, may need its BLAS.
    arguments = tuple(
        types.Array(from_dtype(np.dtype(d)), n, "C", readonly=r) for d, n, r in zip(dtypes, ranks, read, strict=True)
    )
    over_arrays = _loop(function, sum(read)) if function.elementwise else function.function
    try:
        return _compile(over_arrays, arguments, function.options, allocates=False)
    except (NumbaError, ImportError, NotImplementedError):
        pass
    try:
        return _compile(over_arrays, arguments, function.options, allocates=True)
    except (NumbaError, ImportError, NotImplementedError) as error:
        code = function.function.__code__
        raise SourceError(
            f"Numba cannot compile {function.name} ({code.co_filename}:{code.co_firstlineno}) for the arguments "
            f"({', '.join(map(str, arguments))}): {error}\n"
            "it gets read-only arrays and then the results, which it fills in, and returns nothing"
        ) from error


def _loop(function: UserFunction, inputs: int) -> Callable[..., Any]:
    """A function over flat arrays that applies a scalar function to every element."""
    from numba import njit

    names = [f"x{i}" for i in range(inputs)]
    lines = [f"def loop({', '.join([*names, 'out'])}):", "    for i in range(out.size):"]
    lines.append(f"        out[i] = function({', '.join(f'{n}[i]' for n in names)})")
    namespace: dict[str, Any] = {"function": njit(**function.options)(function.function)}
    exec("\n".join(lines), namespace)
    return namespace["loop"]  # type: ignore[no-any-return]


def _compile(function: Callable[..., Any], arguments: Any, options: dict[str, Any], allocates: bool) -> tuple[str, str]:
    from numba import types
    from numba.core import compiler
    from numba.core.compiler_lock import global_compiler_lock
    from numba.core.cpu_options import FastMathOptions
    from numba.core.registry import cpu_target

    flags = compiler.Flags()
    flags.no_compile = True
    flags.no_cpython_wrapper = True
    flags.no_cfunc_wrapper = True
    flags.nrt = allocates
    flags.error_model = options.get("error_model", "python")
    flags.boundscheck = bool(options.get("boundscheck"))
    if options.get("fastmath"):
        flags.fastmath = FastMathOptions(options["fastmath"])
    contexts = cpu_target.typing_context, cpu_target.target_context
    with global_compiler_lock:
        result = compiler.compile_extra(*contexts, function, arguments, types.none, flags, {})
        library = result.library
        module = library._final_module
        for called in dict.fromkeys(library._linking_libraries):
            module.link_in(called._get_module_for_linking(), preserve=True)
        library._optimize_final_module()
        return str(module), result.fndesc.llvm_func_name


def _entry(
    name: str, inner: str, dtypes: Sequence[str], shapes: Sequence[tuple[Dim, ...]], sizes: Sequence[Dim]
) -> str:
    """IR of the kernel: words to fields of arrays, one call, its exception as status -1."""
    lines: list[str] = []
    count = 0

    def new(text: str) -> str:
        nonlocal count
        count += 1
        lines.append(f"  %t{count} = {text}")
        return f"%t{count}"

    def word(place: int, type: str) -> str:
        pointer = new(f"getelementptr i64, ptr %args, i64 {place}")
        return new(f"load {type}, ptr {pointer}, align 8")

    values = {size: word(len(dtypes) + k, "i64") for k, size in enumerate(sizes)}
    fields = ["ptr %result", "ptr %exception"]
    for place, (dtype, shape) in enumerate(zip(dtypes, shapes, strict=True)):
        data = word(place, "ptr")
        step = str(BY_NAME[dtype].itemsize)
        extents = [str(d) if isinstance(d, int) else values[d] for d in shape]
        strides: list[str] = []
        elements = "1"
        for extent in reversed(extents):
            strides.insert(0, step)
            step = new(f"mul i64 {step}, {extent}")
            elements = new(f"mul i64 {elements}, {extent}")
        fields += ["ptr null", "ptr null", f"i64 {elements}", f"i64 {BY_NAME[dtype].itemsize}", f"ptr {data}"]
        fields += [f"i64 {v}" for v in (*extents, *strides)]
    body = "\n".join(lines)
    return f"""
define i32 @"{name}"(ptr %args, i64 %begin, i64 %end) {{
  %result = alloca ptr
  %exception = alloca ptr
  store ptr null, ptr %exception
{body}
  %code = call i32 @"{inner}"({", ".join(fields)})
  %failed = icmp ne i32 %code, 0
  %valued = icmp ne i32 %code, {_NO_VALUE}
  %raised = and i1 %failed, %valued
  %status = select i1 %raised, i32 -1, i32 0
  ret i32 %status
}}
"""
