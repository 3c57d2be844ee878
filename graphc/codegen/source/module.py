"""A whole scheduled program as a standalone Python module: kernels, a driver, and a function that checks arguments.

The module needs NumPy and Numba. ``step(feeds..., variables...)`` checks shapes, allocates the results and calls the
driver, which is compiled like the kernels: one native call, or plain Python under ``NUMBA_DISABLE_JIT=1``.
"""

from __future__ import annotations

import base64
import builtins
import keyword
import re
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from graphc.codegen.source.expression import parameter_name, size_text
from graphc.codegen.source.printer import print_contraction, print_convolution, print_nest, size_symbols
from graphc.codegen.source.user import ExportError, UserSources, value_text
from graphc.ir.dims import Dim, product, symbols
from graphc.ir.program import Guard
from graphc.loops.flat import members
from graphc.loops.spec import (
    Buffer,
    Contraction,
    ControlKernel,
    Convolution,
    HostKernel,
    KernelCall,
    KernelSpec,
    LibraryKernel,
    MultiNest,
    Nest,
    SizesKernel,
    SourceKernel,
    UserKernel,
)
from graphc.memory.lifetimes import base_of
from graphc.ops.record import record_of
from graphc.schedule.calls import Task
from graphc.schedule.plan import Schedule

# Arrays of up to so many elements are written as lists.
_SHORT = 64
_RESERVED = frozenset(
    ("np", "math", "njit", "base64", "step", "failed", "FAILURES", "_run", "_feed", "_variable", "_fits", "_decoded")
)

_HEAD = '''
import base64
import math

import numpy as np
from numba import njit


def _feed(name, value, dtype, rank):
    """A value as a C-contiguous array of an element type and a rank."""
    array = np.asarray(value)
    if not np.can_cast(array.dtype, dtype, "same_kind") or array.ndim != rank:
        raise ValueError(f"{name}: {dtype.__name__} of rank {rank} is needed, not {array.dtype} of rank {array.ndim}")
    result = np.asarray(array, dtype, order="C")
    if array.dtype.kind in "iu" and not np.array_equal(result, array):
        raise ValueError(f"{name}: a value does not fit into {dtype.__name__}")
    return result


def _variable(name, array, dtype, rank):
    """An array that can be updated in place."""
    if not isinstance(array, np.ndarray) or array.dtype != dtype or array.ndim != rank:
        raise ValueError(f"{name}: an array of {dtype.__name__} and rank {rank} is needed")
    if not (array.flags.c_contiguous and array.flags.writeable):
        raise ValueError(f"{name}: a writeable C-contiguous array is needed, since it is updated in place")
    return array


def _fits(name, array, *shape):
    """Check the sizes of an array."""
    if array.shape != shape:
        raise ValueError(f"{name}: shape {shape} is needed, not {array.shape}")


def _decoded(text, dtype):
    """A flat array from its bytes in base 64."""
    return np.frombuffer(base64.b64decode(text), dtype)

'''


@dataclass(frozen=True)
class ModuleNames:
    """What a module calls things, and what it says.

    Attributes
    ----------
    title : str
        The module's docstring begins with it.
    feeds : sequence of str
    variables : sequence of str or ndarray
        By slot: a name, or the value of what never changes.
    outputs : sequence of str
        What each result is, for the docstring.
    failures : Mapping of int to str
        What went wrong when the call of that number fails.
    """

    title: str
    feeds: Sequence[str]
    variables: Sequence[str | np.ndarray]
    outputs: Sequence[str]
    failures: Mapping[int, str]


def print_module(schedule: Schedule, guards: Sequence[Guard], names: ModuleNames) -> str:
    """A program as the text of a module.

    Parameters
    ----------
    schedule : Schedule
    guards : sequence of Guard
        Sizes that must be equal.
    names : ModuleNames

    Returns
    -------
    str

    Raises
    ------
    ExportError
        If a part of the program has no source, or a size depends on data.
    """
    return _ModulePrinter(schedule, guards, names).text()


class _ModulePrinter:
    def __init__(self, schedule: Schedule, guards: Sequence[Guard], names: ModuleNames) -> None:
        self.schedule, self.guards, self.names = schedule, guards, names
        self.users = self._user_sources()
        self.taken = {*_RESERVED, *dir(builtins), *self.users.names}
        self.kernels: dict[KernelSpec, str] = {}
        self.definitions: list[str] = []
        self.buffers: dict[Buffer, str] = {}
        self.constants: dict[str, np.ndarray] = {}
        self.feeds = [self._buffer(b, n) for b, n in zip(schedule.feeds, names.feeds, strict=True)]
        self.state: list[tuple[str, Buffer]] = []
        for buffer, name in zip(schedule.variables, names.variables, strict=True):
            if isinstance(name, str):
                self.state.append((self._buffer(buffer, name), buffer))
            else:
                self.constants[self._buffer(buffer, "constant")] = name
        for buffer in schedule.constants:
            self.constants[self._buffer(buffer, "constant")] = getattr(buffer.payload, "array", buffer.payload)
        self.outputs = [self._buffer(b, "out") for b in schedule.fetches]
        self.sizes = self._size_sources()
        self.temporaries: dict[str, Buffer] = {}

    def _user_sources(self) -> UserSources:
        """All functions of the user, before anything else takes a name."""
        users = UserSources()
        for call in self.schedule.calls:
            if isinstance(call.spec, UserKernel):
                users.add(call.spec.function.function, call.spec.function.options)
        clash = sorted(users.names & _RESERVED)
        if clash:
            raise ExportError(f"a function or constant is called {clash[0]!r}, as a part of the module: rename it")
        return users

    def _unique(self, wanted: str) -> str:
        stem = re.sub(r"\W", "_", wanted) or "value"
        if not stem[0].isalpha() or keyword.iskeyword(stem) or stem.startswith(("size_", "kernel_")):
            stem = f"the_{stem}"
        name, k = stem, 1
        while name in self.taken:
            name, k = f"{stem}_{k}", k + 1
        self.taken.add(name)
        return name

    def _buffer(self, buffer: Buffer, wanted: str) -> str:
        name = self.buffers[buffer] = self._unique(wanted)
        return name

    def _name(self, buffer: Buffer) -> str:
        """The flat array of a buffer; temporaries are entered when they are first used."""
        base = base_of(buffer)
        if base not in self.buffers:
            self.temporaries[self._buffer(base, "t")] = base
        return self.buffers[base]

    def _size_sources(self) -> dict[str, str]:
        """Every size symbol with the expression that it is read from."""
        found: dict[str, str] = {}
        arguments = [*zip(self.feeds, self.schedule.feeds, strict=True), *self.state]
        for name, buffer in arguments:
            for axis, dim in enumerate(buffer.shape):
                if not isinstance(dim, int) and str(dim) in symbols(dim):
                    found.setdefault(str(dim), f"{name}.shape[{axis}]")
        return found

    def text(self) -> str:
        """The module."""
        calls = [line for i, call in enumerate(self.schedule.calls) for line in self._call(i, call)]
        run, step = self._driver(calls), self._step()
        constants = [f"{name} = {_array_text(value)}" for name, value in self.constants.items()]
        parts = [self._docstring(), _HEAD.strip("\n"), "", "", *constants]
        parts += [f"FAILURES = {{{self._failures()}}}", "", "", *self.users.lines, *self.definitions, run, "", step]
        return re.sub(r"\n{4,}", "\n\n\n", "\n".join(parts)).rstrip("\n") + "\n"

    def _failures(self) -> str:
        return "".join(f"\n    {i + 1}: {text!r}," for i, text in self.names.failures.items()) + "\n"

    def _docstring(self) -> str:
        arguments = [f"    {name} : {_type_text(b)}" for name, b in zip(self.feeds, self.schedule.feeds, strict=True)]
        arguments += [f"    {name} : {_type_text(b)}, variable, updated in place" for name, b in self.state]
        results = [
            f"    {what} : {_type_text(b)}" for what, b in zip(self.names.outputs, self.schedule.fetches, strict=True)
        ]
        call = f"step({', '.join([*self.feeds, *(n for n, _ in self.state)])})"
        text = [f'"""{self.names.title}', "", f"Call ``{call}`` with", "", *arguments, "", "It returns", ""]
        text += [*(results or ["    None"]), "", "Needs NumPy and Numba; NUMBA_DISABLE_JIT=1 runs it as plain Python."]
        return "\n".join([*text, '"""', ""])

    def _call(self, index: int, call: KernelCall) -> list[str]:
        spec = call.spec
        if isinstance(spec, MultiNest):
            return [line for part in members(call) for line in self._call(index, part)]
        if isinstance(spec, ControlKernel):
            raise ExportError(f"control flow cannot be exported as source: the program has a {spec.op}")
        flats = [self._name(b) for b in call.buffers]
        if isinstance(spec, SourceKernel):
            source = record_of(call.nodes[0].op).source(call.nodes[0])  # type: ignore[misc]
            flats = [
                f"{f}.view(np.uint8)" if o.dtype == "bool" else f for f, o in zip(flats, spec.operands, strict=True)
            ]
            arguments = [*flats, *map(self._size, source.sizes)]
        elif isinstance(spec, UserKernel):
            arguments = [
                f if spec.function.elementwise else self._shaped(f, s) for f, s in zip(flats, spec.shapes, strict=True)
            ]
        elif isinstance(spec, HostKernel | SizesKernel):
            raise ExportError(f"{call.label} cannot be exported: it runs on the host")
        elif isinstance(spec, LibraryKernel):
            raise ExportError(f"{call.label} cannot be exported: it is a call of LAPACK")
        else:
            arguments = [*flats, *(self._size_name(s) for s in size_symbols(spec))]
        text = f"{self._kernel(call)}({', '.join(arguments)})"
        if isinstance(spec, UserKernel) or not Task(call, 0).can_fail:
            return [text]
        return [f"if {text} != 0:", f"    return {index + 1}"]

    def _shaped(self, name: str, shape: Sequence[Dim]) -> str:
        sizes = ", ".join(map(self._size, shape))
        return f"{name}.reshape(({sizes}{',' if len(shape) == 1 else ''}))"

    def _kernel(self, call: KernelCall) -> str:
        """The function of a call, defined on first use; user functions are called by their own names."""
        spec = call.spec
        found = self.kernels.get(spec)
        if found is None:
            stem = re.sub(r"\W+", "_", call.label).strip("_")
            name = f"kernel_{len(self.kernels)}_{stem}".rstrip("_")
            found = self.kernels[spec] = name
            if isinstance(spec, UserKernel):
                inner = spec.function.function.__name__
                if not spec.function.elementwise:
                    self.kernels[spec] = inner
                    return inner
                body = _elementwise_text(name, inner, len(spec.operands) - 1)
            elif isinstance(spec, SourceKernel):
                body = record_of(call.nodes[0].op).source(call.nodes[0]).function(name)  # type: ignore[misc]
            else:
                body = _regular_text(spec, name)
            self.definitions += ['@njit(error_model="numpy")', body.rstrip("\n"), "", ""]
        return found

    def _size_name(self, name: str) -> str:
        if name not in self.sizes:
            raise ExportError(f"the size {name} depends on data: such programs cannot be exported")
        return parameter_name(name)

    def _size(self, dim: Dim) -> str:
        for name in symbols(dim):
            self._size_name(name)
        return size_text(dim)

    def _parameters(self) -> list[str]:
        return [*self.feeds, *(n for n, _ in self.state), *self.constants, *self.outputs]

    def _driver(self, calls: Sequence[str]) -> str:
        """The function over flat arrays that calls the kernels; it returns 0 or the number of the call that failed."""
        lines = ['@njit(error_model="numpy")']
        lines.append(f"def _run({', '.join([*self._parameters(), *map(parameter_name, self.sizes)])}):")
        for name, buffer in self.temporaries.items():
            lines.append(f"    {name} = np.empty({self._size(product(buffer.shape))}, np.{_numpy_name(buffer.dtype)})")
        return "\n".join([*lines, *(f"    {line}" for line in calls), "    return 0", ""])

    def _step(self) -> str:
        lines = [f"def step({', '.join([*self.feeds, *(n for n, _ in self.state)])}):"]
        lines.append('    """Run once; see the top of this file."""')
        arguments = [*zip(self.feeds, self.schedule.feeds, strict=True), *self.state]
        for i, (name, b) in enumerate(arguments):
            check = "_feed" if i < len(self.feeds) else "_variable"
            lines.append(f"    {name} = {check}({name!r}, {name}, np.{_numpy_name(b.dtype)}, {len(b.shape)})")
        lines += [f"    {parameter_name(s)} = {text}" for s, text in self.sizes.items()]
        lines += [f"    _fits({', '.join([repr(n), n, *map(self._size, b.shape)])})" for n, b in arguments]
        for guard in self.guards:
            lines.append(f"    if {self._size(guard.left)} != {self._size(guard.right)}:")
            reason = guard.reason.splitlines()[0]
            lines.append(f"        raise ValueError({f'sizes that must be equal differ in {reason}'!r})")
        for name, b in zip(self.outputs, self.schedule.fetches, strict=True):
            shape = "".join(f"{self._size(d)}, " for d in b.shape).rstrip() if b.shape else ""
            lines.append(f"    {name} = np.empty(({shape}), np.{_numpy_name(b.dtype)})")
        flat = [n if n in self.constants else f"{n}.reshape(-1)" for n in self._parameters()]
        lines.append('    with np.errstate(all="ignore"):')
        call = f"failed = _run({', '.join([*flat, *map(parameter_name, self.sizes)])})"
        lines += textwrap.wrap(call, 100, initial_indent=" " * 8, subsequent_indent=" " * 12, break_long_words=False)
        lines += ["    if failed:", '        raise IndexError(FAILURES.get(failed, "a kernel failed"))']
        lines.append(f"    return {', '.join(self.outputs) or 'None'}")
        return "\n".join(lines)


def _regular_text(spec: KernelSpec, name: str) -> str:
    if isinstance(spec, Nest):
        return print_nest(spec, name)
    if isinstance(spec, Contraction):
        return print_contraction(spec, name)
    assert isinstance(spec, Convolution)
    return print_convolution(spec, name)


def _elementwise_text(name: str, inner: str, inputs: int) -> str:
    values = [f"a{i}" for i in range(inputs)]
    elements = ", ".join(f"{v}[i]" for v in values)
    lines = [f"def {name}({', '.join([*values, 'out'])}):", "    for i in range(out.size):"]
    return "\n".join([*lines, f"        out[i] = {inner}({elements})"])


def _numpy_name(dtype: str) -> str:
    return "bool_" if dtype == "bool" else dtype


def _type_text(buffer: Buffer) -> str:
    return f"{buffer.dtype} of shape ({', '.join(map(size_text, buffer.shape))})"


def _array_text(value: np.ndarray) -> str:
    if value.size <= _SHORT:
        return value_text(value.reshape(-1))
    text = base64.b64encode(value.tobytes()).decode()
    rows = "\n".join(f'    "{text[k : k + 100]}"' for k in range(0, len(text), 100))
    return f"_decoded(\n{rows},\n    np.{_numpy_name(value.dtype.name)},\n)"
