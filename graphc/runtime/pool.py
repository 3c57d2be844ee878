"""The worker threads of this process: started on first use, stopped at exit, absent in forked children until needed."""

from __future__ import annotations

import atexit
import ctypes
import os
import threading

import numpy as np

from graphc.codegen.cpu.segment import POOL_CONTROL, POOL_RUN
from graphc.runtime.engine import Engine
from graphc.runtime.entry import native_entry_problem, support_object
from graphc.runtime.pool_ir import CONTROL_WORDS, SEQUENCE, STOP, WORKER, WORKERS, pool_ir

__all__ = ["available_threads", "pool_symbols"]

# More threads than this share one kernel badly.
_MOST_THREADS = 16


def available_threads() -> int:
    """Processors that this process may use, at most 16; 1 where there is no native pool.

    The variable ``GRAPHC_THREADS`` sets another number.
    """
    if native_entry_problem() is not None:
        return 1
    chosen = os.environ.get("GRAPHC_THREADS", "")
    if chosen.isdigit() and int(chosen) > 0:
        return min(int(chosen), _MOST_THREADS)
    return min(len(os.sched_getaffinity(0)), _MOST_THREADS)


class _Pool:
    """The control block and its threads."""

    def __init__(self) -> None:
        self.libc = ctypes.CDLL(None)
        syscall = ctypes.cast(self.libc.syscall, ctypes.c_void_p).value or 0
        self.engine = Engine(support_object("pool", pool_ir()), {"syscall": syscall})
        block = np.zeros(CONTROL_WORDS + 8, np.int64)
        start = (-block.ctypes.data % 64) // 8
        self.control = block[start : start + CONTROL_WORDS]
        self.threads: list[ctypes.c_ulong] = []
        atexit.register(self.stop)
        os.register_at_fork(after_in_child=self.forget)

    def start(self, threads: int) -> None:
        """Have at least `threads - 1` workers."""
        worker, control = ctypes.c_void_p(self.engine.address(WORKER)), ctypes.c_void_p(self.control.ctypes.data)
        while len(self.threads) < threads - 1:
            thread = ctypes.c_ulong()
            if self.libc.pthread_create(ctypes.byref(thread), None, worker, control):
                return
            self.threads.append(thread)

    def stop(self) -> None:
        """Tell the workers to end, and wait for them: their code is about to be unmapped."""
        self.control[WORKERS] = 0
        self.control[STOP] = 1
        self.control[SEQUENCE] += 1
        self.libc.syscall(202, ctypes.c_void_p(self.control[SEQUENCE:].ctypes.data), 129, 2**31 - 1)
        for thread in self.threads:
            self.libc.pthread_join(thread, None)
        self.forget()

    def forget(self) -> None:
        """Be as new: a forked child has none of its parent's threads."""
        self.threads = []
        self.control[:] = 0


_lock = threading.Lock()
_pool: _Pool | None = None


def pool_symbols(threads: int) -> dict[str, int]:
    """Addresses of the pool's function and control block, with at least `threads - 1` workers running."""
    global _pool
    with _lock:
        if _pool is None:
            _pool = _Pool()
        _pool.start(threads)
        return {POOL_RUN: _pool.engine.address(POOL_RUN), POOL_CONTROL: int(_pool.control.ctypes.data)}
