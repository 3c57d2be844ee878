"""The text of a dimension is Python source with the same value."""

import pytest

from graphc.ir.dims import ceildiv, dim_max, dim_min, substitute, symbol, to_text

n, m = symbol("n"), symbol("m")


@pytest.mark.parametrize(
    "dim",
    [
        ceildiv(n * 20, 64) * 64,
        (n // 3) * m * 5,
        (n + m) // 4 * ((n * 7) // 5),
        dim_max(n // 2 * 6, m) - dim_min(n, m) * 2,
    ],
)
@pytest.mark.parametrize("sizes", [{"n": 1, "m": 9}, {"n": 17, "m": 4}])
def test_text_evaluates_to_the_value(dim, sizes):
    assert eval(to_text(dim), dict(sizes)) == substitute(dim, sizes)
