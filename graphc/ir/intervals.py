"""What can be said about dimensions without their values: signs, and how large they get while some symbols vary."""

from __future__ import annotations

from graphc.ir.dims import Atom, Dim, DimExpr, dim_max, dim_min, floordiv, symbol, symbols


class UnboundedError(ValueError):
    """No bound follows for a dimension.

    Attributes
    ----------
    names : frozenset of str
        The symbols that it varies with.
    """

    def __init__(self, value: Dim, names: frozenset[str]) -> None:
        super().__init__(f"how large {value} gets with {', '.join(sorted(names))} is not evident")
        self.names = names


def not_negative(value: Dim) -> bool:
    """Whether a dimension is at least 0 whatever the sizes, as far as coefficients tell."""
    if isinstance(value, int):
        return value >= 0
    return all(c >= 0 and all(_atom_not_negative(atom) for atom, _ in m) for m, c in value.terms)


def _atom_not_negative(atom: Atom) -> bool:
    if atom[0] == "symbol":
        return True
    args = _arguments(atom)
    if atom[0] == "floordiv":
        return isinstance(args[1], int) and args[1] > 0 and not_negative(args[0])
    return (any if atom[0] == "max" else all)(not_negative(arg) for arg in args)


def _arguments(atom: Atom) -> list[Dim]:
    return [arg for arg in atom[1:] if isinstance(arg, int | DimExpr)]


def at_most(value: Dim, names: frozenset[str]) -> Dim:
    """A dimension that is never below this one while the named symbols are anything from 0 to their values.

    Raises
    ------
    UnboundedError
        If none is evident.

    Examples
    --------
    >>> n, c = symbol("n"), symbol("c")
    >>> at_most(2 * c + n, frozenset({"c"})) == 2 * c + n
    True
    >>> at_most(n - c, frozenset({"c"})) == n
    True
    """
    if isinstance(value, int) or symbols(value).isdisjoint(names):
        return value
    result: Dim = 0
    for monomial, coefficient in value.terms:
        term: Dim = coefficient
        for atom, power in monomial:
            for _ in range(power):
                term = term * _of_atom(atom)
        if symbols(term).isdisjoint(names):
            result = result + term
            continue
        plain = len(monomial) == 1 and monomial[0][1] == 1
        if not (coefficient > 0 and plain) and not all(_atom_not_negative(atom) for atom, _ in monomial):
            raise UnboundedError(value, symbols(value) & names)
        if coefficient > 0:
            most: Dim = coefficient
            for atom, power in monomial:
                for _ in range(power):
                    most = most * _most_of_atom(atom, names)
            result = result + most
    return result


def _of_atom(atom: Atom) -> Dim:
    return DimExpr({((atom, 1),): 1})


def _most_of_atom(atom: Atom, names: frozenset[str]) -> Dim:
    if atom[0] == "symbol":
        return symbol(str(atom[1]))
    first, second = _arguments(atom)
    if atom[0] == "floordiv":
        most = at_most(first, names)
        if symbols(second).isdisjoint(names):
            if isinstance(second, int) and second < 0:
                raise UnboundedError(_of_atom(atom), symbols(first) & names)
            return floordiv(most, second)
        if not not_negative(first):
            raise UnboundedError(_of_atom(atom), symbols(second) & names)
        return most  # by at least 1
    choose = dim_max if atom[0] == "max" else dim_min
    return choose(at_most(first, names), at_most(second, names))
