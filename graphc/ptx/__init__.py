"""Run PTX on the CPU: every thread of a grid is one lane of NumPy arrays.

What `numba.cuda` or `nvcc` compile is executed instruction by instruction, with divergence, barriers, shuffles, atomics
and the address spaces, and with checks that no device makes: bounds, alignment, reads of what was never written, races
in shared and global memory, barriers and warp instructions that not all threads reach. Results of the approximate
instructions (``ex2.approx``, ``sin.approx``...) are those of double precision rounded, closer than hardware's.

    >>> import numpy as np
    >>> from graphc import ptx
    >>> memory = ptx.GlobalMemory()
    >>> x = memory.upload(np.arange(4, dtype=np.float32))
    >>> run = ptx.launch('''.version 8.0
    ... .target sm_80
    ... .address_size 64
    ... .visible .entry double_all(.param .u64 x) {
    ...     .reg .b64 %rd<4>; .reg .f32 %f<3>; .reg .b32 %r<2>;
    ...     ld.param.u64 %rd1, [x];
    ...     mov.u32 %r1, %tid.x;
    ...     mul.wide.u32 %rd2, %r1, 4;
    ...     add.s64 %rd3, %rd1, %rd2;
    ...     ld.global.f32 %f1, [%rd3];
    ...     add.f32 %f2, %f1, %f1;
    ...     st.global.f32 [%rd3], %f2;
    ...     ret;
    ... }''', grid=1, block=4, arguments=[x], memory=memory)
    >>> memory.download(x, 4, np.float32)
    array([0., 2., 4., 6.], dtype=float32)
    >>> run.counters.global_bytes_read, run.counters.flops
    (16, 4)

It imports nothing of graphc's compiler.
"""

from __future__ import annotations

from graphc.ptx.counters import Counters
from graphc.ptx.errors import (
    BarrierError,
    DivergenceError,
    LaunchError,
    MemoryFault,
    OutOfMemory,
    PtxError,
    PtxSyntaxError,
    RaceError,
    UnsupportedInstruction,
)
from graphc.ptx.launching import Kernel, Run, launch, load
from graphc.ptx.memory import GlobalMemory
from graphc.ptx.parser import parse

__all__ = [
    "BarrierError",
    "Counters",
    "DivergenceError",
    "GlobalMemory",
    "Kernel",
    "LaunchError",
    "MemoryFault",
    "OutOfMemory",
    "PtxError",
    "PtxSyntaxError",
    "RaceError",
    "Run",
    "UnsupportedInstruction",
    "launch",
    "load",
    "parse",
]
