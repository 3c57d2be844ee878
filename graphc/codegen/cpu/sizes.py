"""Kernels that make sizes known within a step: they read them and fill in all dimensions that depend on them.

What the later kernels read of the array of dimensions is written here, and what must hold of the sizes is checked:
each lies between 0 and what the step was planned for, sizes that were taken to be equal are, none is negative.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from graphc.codegen.cpu.kernel import KernelText
from graphc.ir.dims import Atom, Dim, symbols
from graphc.ir.dtypes import BY_NAME

STATUS = 1
PLANNED = "@most"
# What the error array says failed, besides the places of conditions: a size outside of its range.
OUT_OF_RANGE = -1


def planned(name: str) -> str:
    """The symbol whose value is what a size was planned for."""
    return name + PLANNED


@dataclass(frozen=True)
class Condition:
    """What must hold for sizes: that two are equal, or, without a second, that one is not negative.

    Attributes
    ----------
    left : Dim
    right : Dim or None
    place : int
        What the error array says when it does not hold.
    number : int
        What that means to whoever reports it.
    """

    left: Dim
    right: Dim | None
    place: int
    number: int

    @property
    def names(self) -> frozenset[str]:
        """Symbols in it."""
        return symbols(self.left) | (frozenset() if self.right is None else symbols(self.right))


def sizes_kernel(
    name: str,
    values: Sequence[tuple[str, str]],
    places: Mapping[Dim, int],
    written: Sequence[Dim],
    conditions: Sequence[Condition],
) -> KernelText:
    """The kernel that makes some sizes known.

    Parameters
    ----------
    name : str
    values : sequence of (str, str)
        Symbol and element type of each; the first operands of the kernel point to them. Two more words follow: the
        addresses of the error array and of the dimensions.
    places : Mapping of Dim to int
        Where a dimension stands: all symbols do, and what sizes were planned for.
    written : sequence of Dim
        The dimensions that are known after this, and not before.
    conditions : sequence of Condition
    """
    text = _Text(places, len(values))
    for place, (symbol_name, dtype) in enumerate(values):
        text.read(place, symbol_name, dtype)
    for condition in conditions:
        text.check(condition)
    for dim in written:
        text.store(dim)
    lines = [f"define i32 @{name}(ptr %args, i64 %begin, i64 %end) {{", "entry:", *text.lines, "  ret i32 0", "}"]
    return KernelText(name, "\n".join([*lines, ""]), (), 1)


class _Text:
    """The lines of one kernel."""

    def __init__(self, places: Mapping[Dim, int], count: int) -> None:
        self.places = {str(dim): place for dim, place in places.items()}
        self.lines: list[str] = []
        self.known: dict[str, str] = {}
        self.count = 0
        self._word(count, "%errors")
        self._word(count + 1, "%dims")

    def _new(self) -> str:
        self.count += 1
        return f"%x{self.count}"

    def _emit(self, code: str) -> str:
        name = self._new()
        self.lines.append(f"  {name} = {code}")
        return name

    def _word(self, place: int, name: str) -> None:
        at = self._emit(f"getelementptr i64, ptr %args, i64 {place}")
        word = self._emit(f"load i64, ptr {at}, align 8")
        self.lines.append(f"  {name} = inttoptr i64 {word} to ptr")

    def read(self, place: int, symbol_name: str, dtype: str) -> None:
        """Load a size, and fail if it is outside of its range."""
        element = BY_NAME[dtype]
        bits, pointer = 8 * element.itemsize, f"%value{place}"
        self._word(place, pointer)
        value = self._emit(f"load i{bits}, ptr {pointer}, align {element.itemsize}")
        if bits < 64:
            value = self._emit(f"{'zext' if element.np.kind in 'ub' else 'sext'} i{bits} {value} to i64")
        most = self._load(planned(symbol_name))
        # As an unsigned number a negative one is too large.
        self._require(self._emit(f"icmp ule i64 {value}, {most}"), OUT_OF_RANGE, value, most)
        self.known[symbol_name] = value

    def check(self, condition: Condition) -> None:
        """Fail if a condition does not hold."""
        left = self._dim(condition.left)
        right = "0" if condition.right is None else self._dim(condition.right)
        relation = "sge" if condition.right is None else "eq"
        self._require(self._emit(f"icmp {relation} i64 {left}, {right}"), condition.place, left, right)

    def store(self, dim: Dim) -> None:
        """Fill in a dimension."""
        value = self._dim(dim)
        at = self._emit(f"getelementptr i64, ptr %dims, i64 {self.places[str(dim)]}")
        self.lines.append(f"  store i64 {value}, ptr {at}, align 8")

    def _require(self, flag: str, place: int, left: str, right: str) -> None:
        self.count += 1
        good, bad = f"good{self.count}", f"bad{self.count}"
        self.lines += [f"  br i1 {flag}, label %{good}, label %{bad}", f"{bad}:"]
        for slot, value in enumerate((str(place), left, right), 1):
            at = self._emit(f"getelementptr i64, ptr %errors, i64 {slot}")
            self.lines.append(f"  store i64 {value}, ptr {at}, align 8")
        self.lines += [f"  ret i32 {STATUS}", f"{good}:"]

    def _load(self, name: str) -> str:
        found = self.known.get(name)
        if found is None:
            at = self._emit(f"getelementptr i64, ptr %dims, i64 {self.places[name]}")
            found = self.known[name] = self._emit(f"load i64, ptr {at}, align 8")
        return found

    def _dim(self, dim: Dim) -> str:
        if isinstance(dim, int):
            return str(dim)
        total = "0"
        for monomial, coefficient in dim.terms:
            term = str(coefficient)
            for atom, power in monomial:
                factor = self._atom(atom)
                for _ in range(power):
                    term = self._emit(f"mul i64 {term}, {factor}")
            total = self._emit(f"add i64 {total}, {term}")
        return total

    def _atom(self, atom: Atom) -> str:
        if atom[0] == "symbol":
            return self._load(str(atom[1]))
        left, right = (self._dim(arg) for arg in atom[1:])  # type: ignore[arg-type]
        if atom[0] == "floordiv":
            return self._floordiv(left, right)
        relation = "slt" if atom[0] == "min" else "sgt"
        flag = self._emit(f"icmp {relation} i64 {left}, {right}")
        return self._emit(f"select i1 {flag}, i64 {left}, i64 {right}")

    def _floordiv(self, left: str, right: str) -> str:
        """Division rounded down; by 0, which would trap, it gives 0."""
        empty = self._emit(f"icmp eq i64 {right}, 0")
        divisor = self._emit(f"select i1 {empty}, i64 -1, i64 {right}")
        # Dividing by -1 cannot overflow for sizes.
        quotient = self._emit(f"sdiv i64 {left}, {divisor}")
        back = self._emit(f"mul i64 {quotient}, {divisor}")
        rest = self._emit(f"sub i64 {left}, {back}")
        inexact = self._emit(f"icmp ne i64 {rest}, 0")
        signs = self._emit(f"xor i64 {rest}, {divisor}")
        differ = self._emit(f"icmp slt i64 {signs}, 0")
        lower = self._emit(f"and i1 {inexact}, {differ}")
        less = self._emit(f"sext i1 {lower} to i64")
        rounded = self._emit(f"add i64 {quotient}, {less}")
        return self._emit(f"select i1 {empty}, i64 0, i64 {rounded}")
