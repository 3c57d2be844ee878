"""The references of the gamma functions against tabulated values."""

import json
from pathlib import Path

import numpy as np
import pytest

from graphc.ops.record import record_of

TABLE = json.loads((Path(__file__).parents[1] / "codegen" / "vmath_reference.json").read_text())
WIDE = np.finfo(np.longdouble).nmant >= 60


@pytest.mark.skipif(not WIDE, reason="long double is no wider than double here")
@pytest.mark.parametrize("name", ["lgamma", "lgamma_negative", "digamma", "digamma_negative"])
def test_within_one_unit_of_tabulated_values(name):
    points = np.array([p for p, _ in TABLE[name]])
    wanted = np.array([np.longdouble(text) for _, text in TABLE[name]])
    found = record_of(name.split("_")[0]).evaluate(points)
    unit = np.spacing(np.maximum(abs(wanted).astype(float), 1.0 if name != "lgamma" else 0.0))
    assert found.dtype == np.float64
    assert (abs(found - wanted) / unit).max() <= 1.0


def test_edges():
    points = np.array([1.0, 2.0, 0.0, -0.0, -3.0, np.inf, -np.inf, np.nan, 1e308, 5e-324])
    np.testing.assert_allclose(
        record_of("lgamma").evaluate(points),
        [0.0, 0.0, np.inf, np.inf, np.inf, np.inf, np.inf, np.nan, np.inf, 744.4400719213812],
    )
    np.testing.assert_allclose(
        record_of("digamma").evaluate(points[:8]),
        [-0.5772156649015329, 0.42278433509846713, -np.inf, np.inf, np.nan, np.inf, np.nan, np.nan],
    )
