"""One kernel over a table of arrays: finds the rows that a range covers, and calls the kernel of one row."""

from __future__ import annotations

from graphc.codegen.cpu.kernel import KernelText


def row_words(inner: KernelText, operands: int) -> int:
    """Words of a row: the arguments of the kernel of one row, then how many elements end with the row."""
    return operands + len(inner.sizes) + 1


def compile_rows(name: str, inner: KernelText, operands: int) -> KernelText:
    """Write the kernel whose arguments are a number of rows and the rows, and whose range counts all their elements.

    Parameters
    ----------
    name : str
    inner : KernelText
        Kernel of one row, over its elements; it cannot fail and uses no external functions.
    operands : int
        Pointers of a row.
    """
    words = row_words(inner, operands)
    text = f"""declare i32 @"{inner.name}"(ptr, i64, i64)
define i32 @"{name}"(ptr %args, i64 %begin, i64 %end) {{
entry:
  %count = load i64, ptr %args, align 8
  br label %row
row:
  %k = phi i64 [ 0, %entry ], [ %k.next, %next ]
  %start = phi i64 [ 0, %entry ], [ %stop, %next ]
  %place = mul i64 %k, {words}
  %word = add i64 %place, 1
  %base = getelementptr i64, ptr %args, i64 %word
  %stop.p = getelementptr i64, ptr %base, i64 {words - 1}
  %stop = load i64, ptr %stop.p, align 8
  %later = icmp sgt i64 %begin, %start
  %low = select i1 %later, i64 %begin, i64 %start
  %earlier = icmp slt i64 %end, %stop
  %high = select i1 %earlier, i64 %end, i64 %stop
  %some = icmp slt i64 %low, %high
  br i1 %some, label %work, label %next
work:
  %from = sub i64 %low, %start
  %to = sub i64 %high, %start
  %status = call i32 @"{inner.name}"(ptr %base, i64 %from, i64 %to)
  br label %next
next:
  %k.next = add i64 %k, 1
  %left = icmp slt i64 %k.next, %count
  %reached = icmp sge i64 %stop, %end
  %unfinished = xor i1 %reached, true
  %more = and i1 %left, %unfinished
  br i1 %more, label %row, label %done
done:
  ret i32 0
}}
"""
    return KernelText(name, text, (), 0)
