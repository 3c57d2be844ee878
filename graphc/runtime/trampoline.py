"""LLVM text of the one native function that every step is entered through.

It is called by CPython with a C array of objects (``METH_FASTCALL``): feeds and preallocated fetches. It checks each
against the *descriptor* of a plan, writes data pointers into the plan's table, sets the floating-point mode, calls the
step and returns its status as an int. An array that does not match returns `MISMATCH`, before anything is run.

A descriptor is an array of 64-bit words::

    0 address of the step         3 flags: 1 release the GIL, 2 keep denormals
    1 address of the table        4 number of arrays
    2 address of the dimensions   5 address of the ndarray type
    6... for each array: table word, NumPy type number, flags it must have, rank, its sizes

It is found through `self`, a ``bytes`` object that holds its address.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "DESCRIPTOR_WORDS", "FLAG_KEEP_DENORMALS", "FLAG_RELEASE_GIL", "FLUSH_DENORMALS", "MISMATCH",
    "SYMBOL", "Layout", "trampoline_ir",
]  # fmt: skip

#: Status of a call whose arrays do not match the plan. Steps return 0, positive codes, or -1.
MISMATCH = -2
SYMBOL = "graphc_call"
FLAG_RELEASE_GIL = 1
FLAG_KEEP_DENORMALS = 2
#: Words before those of the first array.
DESCRIPTOR_WORDS = 6

# Intel SDM volume 1, 10.2.3: bit 15 flushes results to zero, bit 6 reads denormals as zero.
FLUSH_DENORMALS = 0x8040


@dataclass(frozen=True)
class Layout:
    """Byte offsets in CPython's and NumPy's objects.

    The defaults are the 64-bit ABI of CPython and of NumPy 1.x and 2.x (``PyArrayObject_fields`` and ``PyArray_Descr``
    in ``ndarraytypes.h``); `graphc.runtime.entry` verifies them on real objects before it uses them.
    """

    bytes_data: int = 32
    type: int = 8
    data: int = 16
    rank: int = 24
    dimensions: int = 32
    descr: int = 56
    flags: int = 64
    descr_byteorder: int = 26
    descr_type_number: int = 28


def trampoline_ir(layout: Layout) -> str:
    """Return the module; it needs ``PyLong_FromLong``, ``PyEval_SaveThread`` and ``PyEval_RestoreThread``."""
    return _DECLARATIONS + _entry(layout) + _check_loop(layout) + _RUN


_DECLARATIONS = """
declare ptr @PyLong_FromLong(i64)
declare ptr @PyEval_SaveThread()
declare void @PyEval_RestoreThread(ptr)
declare void @llvm.x86.sse.stmxcsr(ptr)
declare void @llvm.x86.sse.ldmxcsr(ptr)
"""


def _entry(layout: Layout) -> str:
    return f"""
define ptr @{SYMBOL}(ptr %self, ptr %args, i64 %count) nounwind {{
entry:
  %saved = alloca i32, align 4
  %flushing = alloca i32, align 4
  %holder = getelementptr i8, ptr %self, i64 {layout.bytes_data}
  %plan = load ptr, ptr %holder
  %table.p = getelementptr i64, ptr %plan, i64 1
  %table = load ptr, ptr %table.p
  %expected.p = getelementptr i64, ptr %plan, i64 4
  %expected = load i64, ptr %expected.p
  %ndarray.p = getelementptr i64, ptr %plan, i64 5
  %ndarray = load ptr, ptr %ndarray.p
  %first = getelementptr i64, ptr %plan, i64 {DESCRIPTOR_WORDS}
  %count.ok = icmp eq i64 %count, %expected
  br i1 %count.ok, label %arrays, label %mismatch
"""


def _check_loop(layout: Layout) -> str:
    """Check every array and put its data pointer into the table."""
    return f"""
arrays:
  %k = phi i64 [ 0, %entry ], [ %k.next, %matches ]
  %spec = phi ptr [ %first, %entry ], [ %spec.next, %matches ]
  %done = icmp eq i64 %k, %expected
  br i1 %done, label %run, label %type
type:
  %object.p = getelementptr ptr, ptr %args, i64 %k
  %object = load ptr, ptr %object.p
  %type.p = getelementptr i8, ptr %object, i64 {layout.type}
  %type.v = load ptr, ptr %type.p
  %type.ok = icmp eq ptr %type.v, %ndarray
  br i1 %type.ok, label %fields, label %mismatch
fields:
  %want.number.p = getelementptr i64, ptr %spec, i64 1
  %want.number = load i64, ptr %want.number.p
  %want.flags.p = getelementptr i64, ptr %spec, i64 2
  %want.flags = load i64, ptr %want.flags.p
  %want.rank.p = getelementptr i64, ptr %spec, i64 3
  %want.rank = load i64, ptr %want.rank.p
  %descr.p = getelementptr i8, ptr %object, i64 {layout.descr}
  %descr = load ptr, ptr %descr.p
  %number.p = getelementptr i8, ptr %descr, i64 {layout.descr_type_number}
  %number.i = load i32, ptr %number.p
  %number = sext i32 %number.i to i64
  %order.p = getelementptr i8, ptr %descr, i64 {layout.descr_byteorder}
  %order = load i8, ptr %order.p
  %flags.p = getelementptr i8, ptr %object, i64 {layout.flags}
  %flags.i = load i32, ptr %flags.p
  %flags = sext i32 %flags.i to i64
  %rank.p = getelementptr i8, ptr %object, i64 {layout.rank}
  %rank.i = load i32, ptr %rank.p
  %rank = sext i32 %rank.i to i64
  %number.ok = icmp eq i64 %number, %want.number
  %native = icmp eq i8 %order, {ord("=")}
  %orderless = icmp eq i8 %order, {ord("|")}
  %order.ok = or i1 %native, %orderless
  %has = and i64 %flags, %want.flags
  %flags.ok = icmp eq i64 %has, %want.flags
  %rank.ok = icmp eq i64 %rank, %want.rank
  %ok1 = and i1 %number.ok, %order.ok
  %ok2 = and i1 %flags.ok, %rank.ok
  %ok = and i1 %ok1, %ok2
  br i1 %ok, label %sizes, label %mismatch
{_size_loop(layout)}"""


def _size_loop(layout: Layout) -> str:
    """One argument's sizes against the specification; its data pointer goes into the table."""
    return f"""sizes:
  %sizes.p = getelementptr i8, ptr %object, i64 {layout.dimensions}
  %sizes.v = load ptr, ptr %sizes.p
  %want.sizes = getelementptr i64, ptr %spec, i64 4
  br label %axis
axis:
  %a = phi i64 [ 0, %sizes ], [ %a.next, %axis.check ]
  %axes.done = icmp eq i64 %a, %rank
  br i1 %axes.done, label %matches, label %axis.check
axis.check:
  %size.p = getelementptr i64, ptr %sizes.v, i64 %a
  %size = load i64, ptr %size.p
  %want.size.p = getelementptr i64, ptr %want.sizes, i64 %a
  %want.size = load i64, ptr %want.size.p
  %size.ok = icmp eq i64 %size, %want.size
  %a.next = add i64 %a, 1
  br i1 %size.ok, label %axis, label %mismatch
matches:
  %data.p = getelementptr i8, ptr %object, i64 {layout.data}
  %data = load ptr, ptr %data.p
  %slot = load i64, ptr %spec
  %slot.p = getelementptr ptr, ptr %table, i64 %slot
  store ptr %data, ptr %slot.p
  %spec.next = getelementptr i64, ptr %want.sizes, i64 %rank
  %k.next = add i64 %k, 1
  br label %arrays
"""


_RUN = f"""
run:
  %step = load ptr, ptr %plan
  %dims.p = getelementptr i64, ptr %plan, i64 2
  %dims = load i64, ptr %dims.p
  %mode.p = getelementptr i64, ptr %plan, i64 3
  %mode = load i64, ptr %mode.p
  %table.word = ptrtoint ptr %table to i64
  %release.bit = and i64 %mode, {FLAG_RELEASE_GIL}
  %release = icmp ne i64 %release.bit, 0
  br i1 %release, label %unlock, label %floating
unlock:
  %state = call ptr @PyEval_SaveThread()
  br label %floating
floating:
  %thread = phi ptr [ null, %run ], [ %state, %unlock ]
  %keep.bit = and i64 %mode, {FLAG_KEEP_DENORMALS}
  %keep = icmp ne i64 %keep.bit, 0
  call void @llvm.x86.sse.stmxcsr(ptr %saved)
  %saved.v = load i32, ptr %saved
  %set = or i32 %saved.v, {FLUSH_DENORMALS}
  %already = icmp eq i32 %set, %saved.v
  %leave = or i1 %keep, %already
  br i1 %leave, label %plain, label %flush
plain:
  %status.plain = call i32 %step(i64 %table.word, i64 %dims)
  br label %finish
flush:
  store i32 %set, ptr %flushing
  call void @llvm.x86.sse.ldmxcsr(ptr %flushing)
  %status.flush = call i32 %step(i64 %table.word, i64 %dims)
  call void @llvm.x86.sse.ldmxcsr(ptr %saved)
  br label %finish
finish:
  %status = phi i32 [ %status.plain, %plain ], [ %status.flush, %flush ]
  br i1 %release, label %lock, label %out
lock:
  call void @PyEval_RestoreThread(ptr %thread)
  br label %out
out:
  %wide = sext i32 %status to i64
  %result = call ptr @PyLong_FromLong(i64 %wide)
  ret ptr %result
mismatch:
  %refused = call ptr @PyLong_FromLong(i64 {MISMATCH})
  ret ptr %refused
}}
"""
