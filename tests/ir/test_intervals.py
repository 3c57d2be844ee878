"""Bounds of dimensions, against values at all sizes of a small grid."""

import itertools

import pytest

from graphc.ir.dims import dim_max, dim_min, floordiv, substitute, symbol
from graphc.ir.intervals import UnboundedError, at_most, not_negative

N, C, D = symbol("n"), symbol("c"), symbol("d")
LATE = frozenset({"c", "d"})

DIMS = {
    "plain": 3 * C + 2 * N + 1,
    "product": C * D * N + C * C,
    "difference": N - C + 4,
    "of products": 2 * N * C - C * D - D,
    "shifted": C - 3,
    "product of a difference": -(C - 3) * D,
    "division": floordiv(C + 7, 4),
    "negative division": N - floordiv(C, 2),
    "by a late size": floordiv(N + 3, C + 1),
    "extremes": dim_max(C, N - D) + dim_min(C, D),
    "difference in an extreme": dim_min(N - C, 5),
}


@pytest.mark.parametrize("name", DIMS)
def test_never_below_while_sizes_vary(name):
    dim = DIMS[name]
    bound = at_most(dim, LATE)
    for n, most_c, most_d in itertools.product((0, 1, 5), (0, 1, 2, 6), (0, 3)):
        planned = substitute(bound, {"n": n, "c": most_c, "d": most_d})
        for c, d in itertools.product(range(most_c + 1), range(most_d + 1)):
            assert substitute(dim, {"n": n, "c": c, "d": d}) <= planned


def test_other_dimensions_stay_as_they_are():
    dim = N * N - 4
    assert at_most(dim, LATE) is dim
    assert at_most(7, LATE) == 7


@pytest.mark.parametrize("dim", [C * floordiv(N - C, 2), floordiv(C, -2), floordiv(C - N, D + 1)])
def test_what_has_no_evident_bound_is_refused(dim):
    with pytest.raises(UnboundedError) as caught:
        at_most(dim, LATE)
    assert caught.value.names


def test_signs():
    assert not_negative(3 * C + dim_max(N - C, 0))
    assert not not_negative(N - C)
    assert not not_negative(dim_min(N - C, 4))
