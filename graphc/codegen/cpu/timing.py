"""A log of kernel calls, written by the step itself: for profiles.

A step that is compiled for a profile reads the clock before and after every call, and keeps both in an array of int64
whose address is word `LOG` of its pointer table:

========================  =======================================================
words                     content
========================  =======================================================
0, 1, 2                   events kept, events that fit, word of the first event
`HEAD` + 2 i, + 2 i + 1   nanoseconds of call ``i`` in all, and how often it ran
3 words for each event    number of the call, clock before it, clock after it
========================  =======================================================

The number after that of the last call is an empty interval: what reading the clock itself takes.
"""

from __future__ import annotations

__all__ = ["HEAD", "LOG", "TIMING_IR", "empty_interval", "timed"]

#: Name of the log among the addresses that a program asks for.
LOG = "graphc_profile_log"

#: Words before those of the calls.
HEAD = 4

# CLOCK_MONOTONIC, which is what Python's `time.perf_counter_ns` reads: 20 to 30 ns through the vDSO.
_CLOCK = 1

TIMING_IR = f"""declare i32 @clock_gettime(i32, ptr)
define internal i64 @"graphc.now"() noinline {{
  %time = alloca {{i64, i64}}, align 8
  %status = call i32 @clock_gettime(i32 {_CLOCK}, ptr %time)
  %seconds = load i64, ptr %time, align 8
  %rest.p = getelementptr i64, ptr %time, i64 1
  %rest = load i64, ptr %rest.p, align 8
  %whole = mul i64 %seconds, 1000000000
  %now = add i64 %whole, %rest
  ret i64 %now
}}
define internal void @"graphc.log"(i64 %log.word, i64 %index, i64 %begin, i64 %end) noinline {{
entry:
  %log = inttoptr i64 %log.word to ptr
  %twice = mul i64 %index, 2
  %place = add i64 %twice, {HEAD}
  %sum.p = getelementptr i64, ptr %log, i64 %place
  %runs.p = getelementptr i64, ptr %sum.p, i64 1
  %sum = load i64, ptr %sum.p, align 8
  %runs = load i64, ptr %runs.p, align 8
  %time = sub i64 %end, %begin
  %sum.new = add i64 %sum, %time
  %runs.new = add i64 %runs, 1
  store i64 %sum.new, ptr %sum.p, align 8
  store i64 %runs.new, ptr %runs.p, align 8
  %count = load i64, ptr %log, align 8
  %room.p = getelementptr i64, ptr %log, i64 1
  %room = load i64, ptr %room.p, align 8
  %fits = icmp slt i64 %count, %room
  br i1 %fits, label %keep, label %done
keep:
  %first.p = getelementptr i64, ptr %log, i64 2
  %first = load i64, ptr %first.p, align 8
  %before = mul i64 %count, 3
  %at = add i64 %first, %before
  %event = getelementptr i64, ptr %log, i64 %at
  %event.begin = getelementptr i64, ptr %event, i64 1
  %event.end = getelementptr i64, ptr %event, i64 2
  store i64 %index, ptr %event, align 8
  store i64 %begin, ptr %event.begin, align 8
  store i64 %end, ptr %event.end, align 8
  %count.new = add i64 %count, 1
  store i64 %count.new, ptr %log, align 8
  br label %done
done:
  ret void
}}"""


def timed(lines: list[str], name: str, log: str, index: int) -> list[str]:
    """The lines of a call with the clock read around them; `name` is one that nothing else has, `log` an operand."""
    return [
        f'  {name}.begin = call i64 @"graphc.now"()',
        *lines,
        f'  {name}.end = call i64 @"graphc.now"()',
        f'  call void @"graphc.log"(i64 {log}, i64 {index}, i64 {name}.begin, i64 {name}.end)',
    ]


def empty_interval(log: int, index: int) -> list[str]:
    """The lines at the start of a step that time nothing; `log` is the log's word of the pointer table."""
    return [
        f"  %clock.p = getelementptr i64, ptr %tab, i64 {log}",
        "  %clock.log = load i64, ptr %clock.p, align 8",
        *timed([], "%clock", "%clock.log", index),
    ]
