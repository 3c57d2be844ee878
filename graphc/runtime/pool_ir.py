"""LLVM text of the worker pool: splits the range of one kernel over native threads without Python state.

A job is divided into parts that depend on sizes only; caller and workers claim parts with one atomic counter, so that
the caller never waits for a worker that has not started. A worker spins for a while after its last part and then sleeps
in a futex (Franke, Russell, Kirkwood, Fuss, futexes and furwocks: fast userlevel locking in Linux, 2002). Only one job
runs at a time: whoever finds the pool taken does its work alone.

The control block is an array of 64-bit words, those that different threads write on lines of their own::

     0 lock            32 done       48 kernel    51 parts      54 workers
    16 claims          40 sequence   49 args      52 mode       55 stop
                       41 sleepers   50 extent    53 status
"""

from __future__ import annotations

from graphc.codegen.cpu.segment import POOL_RUN

LOCK, CLAIMS, DONE, SEQUENCE, SLEEPERS = 0, 16, 32, 40, 41
KERNEL, ARGS, EXTENT, PARTS, MODE, STATUS, WORKERS, STOP = range(48, 56)
CONTROL_WORDS = 64
WORKER = "graphc_pool_worker"
# A claim is the number of parts above the next part's number.
COUNT_BITS = 32
# Time stamp ticks for which an idle worker spins: some 100 us.
SPIN_TICKS = 250_000
# Ticks after which a caller that waits for a worker's last part gives its time slice away.
YIELD_TICKS = 100_000
FUTEX_CALL, YIELD_CALL, FUTEX_WAIT, FUTEX_WAKE = 202, 24, 128, 129


def pool_ir() -> str:
    """The module; it needs ``syscall`` of the C library."""
    return "\n".join([_DECLARATIONS, _drain(), _run(), _worker()])


def _word(name: str, index: int) -> str:
    return f"  %{name} = getelementptr i64, ptr %pool, i64 {index}"


_DECLARATIONS = """
declare i64 @syscall(i64, ...)
declare void @llvm.x86.sse2.pause()
declare i64 @llvm.readcyclecounter()
declare void @llvm.x86.sse.stmxcsr(ptr)
declare void @llvm.x86.sse.ldmxcsr(ptr)
"""


def _drain() -> str:
    """Claim and run parts until none is left, each in the floating-point mode of the job that it belongs to."""
    return f"""
define internal void @drain(ptr %pool) noinline nounwind {{
entry:
  %mode = alloca i32, align 4
{_word("claims", CLAIMS)}
{_word("done", DONE)}
{_word("status.p", STATUS)}
  br label %claim
claim:
  %ticket = atomicrmw add ptr %claims, i64 1 seq_cst
  %part = and i64 %ticket, {(1 << COUNT_BITS) - 1}
  %parts = lshr i64 %ticket, {COUNT_BITS}
  %some = icmp ult i64 %part, %parts
  br i1 %some, label %work, label %out
work:
{_word("mode.p", MODE)}
  %mode.wide = load i64, ptr %mode.p
  %mode.v = trunc i64 %mode.wide to i32
  store i32 %mode.v, ptr %mode
  call void @llvm.x86.sse.ldmxcsr(ptr %mode)
{_word("kernel.p", KERNEL)}
  %kernel = load ptr, ptr %kernel.p
{_word("args.p", ARGS)}
  %args = load ptr, ptr %args.p
{_word("extent.p", EXTENT)}
  %extent = load i64, ptr %extent.p
  %begin.scaled = mul i64 %extent, %part
  %begin = udiv i64 %begin.scaled, %parts
  %next = add i64 %part, 1
  %end.scaled = mul i64 %extent, %next
  %end = udiv i64 %end.scaled, %parts
  %status = call i32 %kernel(ptr %args, i64 %begin, i64 %end)
  %failed = icmp ne i32 %status, 0
  br i1 %failed, label %report, label %finished
report:
  %wide = sext i32 %status to i64
  store atomic i64 %wide, ptr %status.p seq_cst, align 8
  br label %finished
finished:
  %before = atomicrmw add ptr %done, i64 1 seq_cst
  br label %claim
out:
  ret void
}}"""


def _run() -> str:
    """Run a kernel over its whole range, in parts where there is somebody to share them with."""
    return f"""
define i32 @{POOL_RUN}(ptr %pool, ptr %kernel, ptr %args, i64 %extent, i64 %parts) nounwind {{
entry:
  %mode = alloca i32, align 4
{_word("workers.p", WORKERS)}
  %workers = load atomic i64, ptr %workers.p seq_cst, align 8
  %several = icmp ugt i64 %parts, 1
  %shared = icmp ne i64 %workers, 0
  %split = and i1 %several, %shared
  br i1 %split, label %lock, label %alone
alone:
  %own = call i32 %kernel(ptr %args, i64 0, i64 %extent)
  ret i32 %own
lock:
{_word("lock.p", LOCK)}
  %taken = cmpxchg ptr %lock.p, i64 0, i64 1 seq_cst seq_cst
  %free = extractvalue {{ i64, i1 }} %taken, 1
  br i1 %free, label %publish, label %alone
publish:
{_word("kernel.p", KERNEL)}
  store ptr %kernel, ptr %kernel.p
{_word("args.p", ARGS)}
  store ptr %args, ptr %args.p
{_word("extent.p", EXTENT)}
  store i64 %extent, ptr %extent.p
  call void @llvm.x86.sse.stmxcsr(ptr %mode)
  %mode.v = load i32, ptr %mode
  %mode.wide = zext i32 %mode.v to i64
{_word("mode.p", MODE)}
  store i64 %mode.wide, ptr %mode.p
{_word("status.p", STATUS)}
  store i64 0, ptr %status.p
{_word("done", DONE)}
  store atomic i64 0, ptr %done seq_cst, align 8
  %claims.new = shl i64 %parts, {COUNT_BITS}
{_word("claims", CLAIMS)}
  store atomic i64 %claims.new, ptr %claims seq_cst, align 8
{_word("sequence", SEQUENCE)}
  %old = atomicrmw add ptr %sequence, i64 1 seq_cst
{_word("sleepers.p", SLEEPERS)}
  %sleepers = load atomic i64, ptr %sleepers.p seq_cst, align 8
  %asleep = icmp ne i64 %sleepers, 0
  br i1 %asleep, label %wake, label %share
wake:
  %woken = call i64 (i64, ...) @syscall(i64 {FUTEX_CALL}, ptr %sequence, i32 {FUTEX_WAKE}, i32 2147483647)
  br label %share
{_await()}
}}"""


def _await() -> str:
    """Do a share of the job, wait for the parts that workers have claimed, and give the pool free."""
    return f"""share:
  call void @drain(ptr %pool)
  %since = call i64 @llvm.readcyclecounter()
  br label %wait
wait:
  %from = phi i64 [ %since, %share ], [ %from, %spin ], [ %again, %yield ]
  %finished = load atomic i64, ptr %done seq_cst, align 8
  %all = icmp uge i64 %finished, %parts
  br i1 %all, label %unlock, label %spin
spin:
  call void @llvm.x86.sse2.pause()
  %now = call i64 @llvm.readcyclecounter()
  %waited = sub i64 %now, %from
  %long = icmp ugt i64 %waited, {YIELD_TICKS}
  br i1 %long, label %yield, label %wait
yield:
  %yielded = call i64 (i64, ...) @syscall(i64 {YIELD_CALL})
  %again = call i64 @llvm.readcyclecounter()
  br label %wait
unlock:
  %failure = load atomic i64, ptr %status.p seq_cst, align 8
  store atomic i64 0, ptr %lock.p seq_cst, align 8
  %result = trunc i64 %failure to i32
  ret i32 %result"""


def _worker() -> str:
    """Body of a worker thread: wait for jobs until told to stop."""
    return f"""
define ptr @{WORKER}(ptr %pool) nounwind {{
entry:
{_word("sequence", SEQUENCE)}
{_word("sleepers.p", SLEEPERS)}
{_word("stop.p", STOP)}
{_word("workers.p", WORKERS)}
  %first = load atomic i64, ptr %sequence seq_cst, align 8
  %joined = atomicrmw add ptr %workers.p, i64 1 seq_cst
  br label %idle
idle:
  %last = phi i64 [ %first, %entry ], [ %seen, %job ], [ %last, %sleep ]
  %since = call i64 @llvm.readcyclecounter()
  br label %look
look:
  %seen = load atomic i64, ptr %sequence seq_cst, align 8
  %stop = load atomic i64, ptr %stop.p seq_cst, align 8
  %stopped = icmp ne i64 %stop, 0
  br i1 %stopped, label %out, label %compare
compare:
  %new = icmp ne i64 %seen, %last
  br i1 %new, label %job, label %spin
spin:
  call void @llvm.x86.sse2.pause()
  %now = call i64 @llvm.readcyclecounter()
  %waited = sub i64 %now, %since
  %long = icmp ugt i64 %waited, {SPIN_TICKS}
  br i1 %long, label %sleep, label %look
sleep:
  %more = atomicrmw add ptr %sleepers.p, i64 1 seq_cst
  %last.low = trunc i64 %last to i32
  %slept = call i64 (i64, ...) @syscall(i64 {FUTEX_CALL}, ptr %sequence, i32 {FUTEX_WAIT}, i32 %last.low, ptr null)
  %fewer = atomicrmw sub ptr %sleepers.p, i64 1 seq_cst
  br label %idle
job:
  call void @drain(ptr %pool)
  br label %idle
out:
  ret ptr null
}}"""
