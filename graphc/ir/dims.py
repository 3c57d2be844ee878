"""Symbolic dimensions: integers and canonical integer expressions over named symbols.

An expression is a polynomial with integer coefficients over *atoms*: symbols and the functions ``floordiv``, ``min``,
``max`` of other expressions. Polynomials are kept in one normal form, so two dimensions are known to be equal exactly
when they compare equal; whatever is left open is decided by a guard at call time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from math import gcd

Atom = tuple[object, ...]
Monomial = tuple[tuple[Atom, int], ...]


class DimExpr:
    """An integer expression over symbols; built by arithmetic on `symbol`, never changed.

    Examples
    --------
    >>> n, m = symbol("n"), symbol("m")
    >>> (n + 1) * 2 - n == n + 2
    True
    >>> str((n + m - 3) // 2 + 1)
    '(m + n - 3)//2 + 1'
    """

    __slots__ = ("_hash", "terms")

    def __init__(self, terms: Mapping[Monomial, int]) -> None:
        self.terms: tuple[tuple[Monomial, int], ...] = tuple(
            sorted(((m, c) for m, c in terms.items() if c), key=_order)
        )
        self._hash = hash(self.terms)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DimExpr) and self.terms == other.terms

    def __hash__(self) -> int:
        return self._hash

    def __add__(self, other: Dim) -> Dim:
        if isinstance(other, int) and other == 0:
            return self
        terms = dict(self.terms)
        for monomial, coefficient in _terms(other):
            terms[monomial] = terms.get(monomial, 0) + coefficient
        return _simplest(terms)

    def __mul__(self, other: Dim) -> Dim:
        if isinstance(other, int) and other == 1:
            return self
        terms: dict[Monomial, int] = {}
        for left, a in self.terms:
            for right, b in _terms(other):
                product = _times(left, right)
                terms[product] = terms.get(product, 0) + a * b
        return _simplest(terms)

    __radd__ = __add__
    __rmul__ = __mul__

    def __neg__(self) -> Dim:
        return self * -1

    def __sub__(self, other: Dim) -> Dim:
        return self + other * -1

    def __rsub__(self, other: Dim) -> Dim:
        return self * -1 + other

    def __floordiv__(self, other: Dim) -> Dim:
        return floordiv(self, other)

    def __rfloordiv__(self, other: Dim) -> Dim:
        return floordiv(other, self)

    def __mod__(self, other: Dim) -> Dim:
        return self - floordiv(self, other) * other

    def __repr__(self) -> str:
        return to_text(self)

    def __bool__(self) -> bool:
        raise TypeError(f"the dimension {self} is known only at run time")


Dim = int | DimExpr


def symbol(name: str) -> DimExpr:
    """A dimension known only at run time, by name."""
    return DimExpr({((("symbol", name), 1),): 1})


def _order(term: tuple[Monomial, int]) -> tuple[int, str]:
    return (-sum(power for _, power in term[0]), repr(term[0]))


def _terms(value: Dim) -> tuple[tuple[Monomial, int], ...]:
    return value.terms if isinstance(value, DimExpr) else (((), value),)


def _times(left: Monomial, right: Monomial) -> Monomial:
    powers = dict(left)
    for atom, power in right:
        powers[atom] = powers.get(atom, 0) + power
    return tuple(sorted(powers.items(), key=repr))


def _simplest(terms: Mapping[Monomial, int]) -> Dim:
    kept = {m: c for m, c in terms.items() if c}
    if not kept:
        return 0
    if len(kept) == 1 and () in kept:
        return kept[()]
    return DimExpr(kept)


def _function(name: str, *args: Dim) -> DimExpr:
    return DimExpr({(((name, *args), 1),): 1})


def floordiv(a: Dim, b: Dim) -> Dim:
    """Floor division; terms that divide exactly leave the division.

    Raises
    ------
    ZeroDivisionError
        If `b` is 0.
    """
    if b == 0:
        raise ZeroDivisionError(f"the dimension {a} is divided by 0")
    if isinstance(a, int) and isinstance(b, int):
        return a // b
    if b == 1 or a == 0:
        return a
    if a == b:
        return 1
    exact = _divide_exactly(a, b)
    if exact is not None:
        return exact
    if isinstance(b, int):
        whole = {m: c // b for m, c in _terms(a) if c % b == 0}
        rest = _simplest({m: c for m, c in _terms(a) if c % b})
        if whole:
            return _simplest(whole) + floordiv(rest, b)
        common = gcd(b, *(c for _, c in _terms(rest)))
        if common > 1:
            return floordiv(_simplest({m: c // common for m, c in _terms(rest)}), b // common)
    return _function("floordiv", a, b)


def _divide_exactly(a: Dim, b: Dim) -> Dim | None:
    """`a / b` where `b` is one term that divides every term of `a`, else None."""
    divisor = _terms(b)
    if len(divisor) != 1:
        return None
    ((monomial, coefficient),) = divisor
    quotient: dict[Monomial, int] = {}
    for other, c in _terms(a):
        powers = dict(other)
        for atom, power in monomial:
            powers[atom] = powers.get(atom, 0) - power
        if c % coefficient or any(p < 0 for p in powers.values()):
            return None
        quotient[tuple(sorted(((t, p) for t, p in powers.items() if p), key=repr))] = c // coefficient
    return _simplest(quotient)


def ceildiv(a: Dim, b: Dim) -> Dim:
    """Division rounded up."""
    return floordiv(a + b - 1, b)


def dim_min(a: Dim, b: Dim) -> Dim:
    """The smaller of two dimensions."""
    return _extreme("min", a, b)


def dim_max(a: Dim, b: Dim) -> Dim:
    """The larger of two dimensions."""
    return _extreme("max", a, b)


def _extreme(name: str, a: Dim, b: Dim) -> Dim:
    difference = a - b
    if isinstance(difference, int):
        return a if (difference <= 0) == (name == "min") else b
    first, second = sorted((a, b), key=repr)
    return _function(name, first, second)


def product(dims: Iterable[Dim]) -> Dim:
    """The product of dimensions, 1 for none."""
    result: Dim = 1
    for dim in dims:
        result = result * dim
    return result


def row_major_strides(shape: tuple[Dim, ...]) -> tuple[Dim, ...]:
    """Element strides of a dense row-major array of this shape."""
    strides: list[Dim] = []
    stride: Dim = 1
    for dim in reversed(shape):
        strides.append(stride)
        stride = stride * dim
    return tuple(reversed(strides))


def symbols(value: Dim) -> frozenset[str]:
    """Names of the symbols in an expression."""
    found: set[str] = set()
    for monomial, _ in _terms(value):
        for atom, _ in monomial:
            if atom[0] == "symbol":
                found.add(str(atom[1]))
            else:
                for arg in atom[1:]:
                    found |= symbols(arg)  # type: ignore[arg-type]
    return frozenset(found)


def substitute(value: Dim, bindings: Mapping[str, Dim]) -> Dim:
    """The expression with symbols replaced; an integer when all of them are bound to integers.

    Examples
    --------
    >>> substitute(symbol("n") // 2 + 1, {"n": 7})
    4
    """
    if isinstance(value, int):
        return value
    result: Dim = 0
    for monomial, coefficient in value.terms:
        term: Dim = coefficient
        for atom, power in monomial:
            factor = _substitute_atom(atom, bindings)
            for _ in range(power):
                term = term * factor
        result = result + term
    return result


def _substitute_atom(atom: Atom, bindings: Mapping[str, Dim]) -> Dim:
    if atom[0] == "symbol":
        name = str(atom[1])
        return bindings[name] if name in bindings else symbol(name)
    args = [substitute(arg, bindings) for arg in atom[1:]]  # type: ignore[arg-type]
    functions: dict[object, Callable[[Dim, Dim], Dim]] = {"floordiv": floordiv, "min": dim_min, "max": dim_max}
    return functions[atom[0]](*args)


def to_text(value: Dim, name_of: Callable[[str], str] = str) -> str:
    """The expression as Python source, symbols written by `name_of`."""
    if isinstance(value, int):
        return str(value)
    parts: list[str] = []
    for monomial, coefficient in value.terms:
        factors = [_atom_text(atom, name_of) for atom, power in monomial for _ in range(power)]
        if coefficient != 1 or len(factors) > 1:  # a * b//c and -b//c would divide last
            factors = [f"({f})" if "//" in f else f for f in factors]
        if abs(coefficient) != 1 or not factors:
            factors.insert(0, str(abs(coefficient)))
        sign = "-" if coefficient < 0 else "+"
        parts.append(f"{sign} {'*'.join(factors)}")
    text = " ".join(parts)
    return text[2:] if text.startswith("+") else "-" + text[2:]


def _atom_text(atom: Atom, name_of: Callable[[str], str]) -> str:
    if atom[0] == "symbol":
        return name_of(str(atom[1]))
    args = [to_text(arg, name_of) for arg in atom[1:]]  # type: ignore[arg-type]
    if atom[0] == "floordiv":
        wrapped = [f"({a})" if any(ch in a for ch in " */") else a for a in args]
        return f"{wrapped[0]}//{wrapped[1]}"
    return f"{atom[0]}({', '.join(args)})"


def known_not_negative(value: Dim) -> bool:
    """Whether the expression is at least 0 for all sizes; False when that is not evident."""
    if isinstance(value, int):
        return value >= 0
    return all(c >= 0 for _, c in value.terms) and all(atom[0] == "symbol" for m, _ in value.terms for atom, _ in m)


def known_positive(value: Dim) -> bool:
    """Whether the expression is at least 1 for all sizes of at least 1; False when that is not evident."""
    if isinstance(value, int):
        return value >= 1
    return known_not_negative(value)
