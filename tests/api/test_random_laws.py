"""Random laws: moments, distribution functions, both modes, seeds, parameters that are tensors.

Seeds are fixed, so nothing here depends on luck; bounds are those that a right law exceeds once in a thousand seeds.
"""

import math

import numpy as np
import pytest

import graphc as gc

SIZE = 20_000
#: Kolmogorov's limit law exceeds this with probability 0.001.
KOLMOGOROV = 1.95

erf = np.vectorize(math.erf, otypes=[float])


def draw(make, mode="compile", seed=7):
    with gc.Graph().as_default(), gc.Session(mode=mode) as session:
        gc.set_random_seed(seed)
        return session.run(make())


def distance(sample, distribution):
    """Kolmogorov and Smirnov's statistic, times the root of the size."""
    ordered = np.sort(np.asarray(sample, np.float64))
    size = len(ordered)
    values = distribution(ordered)
    above = np.arange(1, size + 1) / size - values
    return math.sqrt(size) * max(above.max(), (values - np.arange(size) / size).max())


def truncated(x):
    edge = 0.5 * math.erfc(math.sqrt(2.0))
    return (0.5 * (1 + erf(x / math.sqrt(2))) - edge) / (1 - 2 * edge)


LAWS = {
    "uniform": (lambda d: gc.random_uniform([SIZE], 2.0, 6.0, d), lambda x: (x - 2) / 4),
    "normal": (lambda d: gc.random_normal([SIZE], 1.0, 2.0, d), lambda x: 0.5 * (1 + erf((x - 1) / math.sqrt(8)))),
    "truncated": (lambda d: gc.truncated_normal([SIZE], dtype=d), truncated),
    "exponential": (lambda d: gc.random_gamma([SIZE], 1.0, 2.0, d), lambda x: 1 - np.exp(-2 * x)),
    "gamma 2": (lambda d: gc.random_gamma([SIZE], 2.0, dtype=d), lambda x: 1 - np.exp(-x) * (1 + x)),
    "gamma 1/2": (lambda d: gc.random_gamma([SIZE], 0.5, dtype=d), lambda x: erf(np.sqrt(x))),
    "gamma 4": (
        lambda d: gc.random_gamma([SIZE], 4.0, dtype=d),
        lambda x: 1 - np.exp(-x) * (1 + x + x**2 / 2 + x**3 / 6),
    ),
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("law", LAWS)
def test_distribution_functions(law, dtype):
    make, distribution = LAWS[law]
    sample = draw(lambda: make(dtype))
    assert sample.dtype == np.dtype(dtype)
    assert distance(sample, distribution) < KOLMOGOROV


def test_the_statistic_finds_a_wrong_law():
    sample = draw(lambda: gc.random_normal([SIZE], 1.05, 2.0))
    assert distance(sample, LAWS["normal"][1]) > KOLMOGOROV


@pytest.mark.parametrize("mean", [0.3, 4.0, 9.99, 10.0, 60.0])
def test_poisson_probabilities(mean):
    sample = draw(lambda: gc.random_poisson(mean, [SIZE], gc.int32))
    numbers = np.arange(200)
    chances = np.exp(numbers * math.log(mean) - mean - np.array([math.lgamma(k + 1) for k in numbers]))
    kept = chances * SIZE > 10
    counts = np.bincount(sample, minlength=200)[:200]
    statistic = (((counts - SIZE * chances) ** 2)[kept] / (SIZE * chances)[kept]).sum()
    degrees = kept.sum()
    # The normal approximation of chi squared, at one in a thousand.
    assert (statistic - degrees) / math.sqrt(2 * degrees) < 3.5
    assert abs(sample.mean() - mean) < 4 * math.sqrt(mean / SIZE)


def test_poisson_of_mean_zero_and_of_large_means():
    found = draw(lambda: gc.random_poisson(gc.constant([0.0, 1e5]), [1000]))
    assert found.shape == (1000, 2)
    assert not found[:, 0].any()
    assert abs(found[:, 1].mean() - 1e5) < 4 * math.sqrt(1e5 / 1000)
    assert 0.85 < found[:, 1].var() / 1e5 < 1.15


def test_integers_are_uniform():
    sample = draw(lambda: gc.random_uniform([SIZE], -3, 5, gc.int32))
    counts = np.bincount(sample + 3, minlength=8)
    assert len(counts) == 8
    assert ((counts - SIZE / 8) ** 2 / (SIZE / 8)).sum() < 24.3  # chi squared of 7 degrees at 0.001


def test_categories_follow_the_logits():
    chances = np.array([[0.1, 0.2, 0.7], [0.5, 0.5, 0.0]])
    with np.errstate(divide="ignore"):
        logits = np.log(chances).astype(np.float32)
    sample = draw(lambda: gc.multinomial(logits, SIZE))
    assert sample.dtype == np.int64
    assert sample.shape == (2, SIZE)
    for row, expected in zip(sample, chances, strict=True):
        found = np.bincount(row, minlength=3) / SIZE
        assert np.all(np.abs(found - expected) <= 4 * np.sqrt(expected * (1 - expected) / SIZE))


def test_bernoulli():
    sample = draw(lambda: gc.random_bernoulli(gc.constant([0.1, 0.9]), [SIZE], gc.float32))
    assert sample.shape == (SIZE, 2)
    np.testing.assert_allclose(sample.mean(0), [0.1, 0.9], atol=0.009)


def test_shuffles_are_permutations_and_all_orders_occur():
    orders = [tuple(draw(lambda: gc.random_shuffle([[0, 0], [1, 1], [2, 2]]), seed=s)[:, 0]) for s in range(60)]
    assert len(set(orders)) == 6
    assert all(sorted(order) == [0, 1, 2] for order in orders)


MAKERS = {
    "gamma": lambda: gc.random_gamma([300], [0.4, 3.0]),
    "poisson": lambda: gc.random_poisson([2.0, 30.0], [300]),
    "multinomial": lambda: gc.multinomial(np.zeros((3, 5), np.float32), 100),
    "bernoulli": lambda: gc.random_bernoulli(0.3, [300]),
    "shuffle": lambda: gc.random_shuffle(np.arange(100)),
}


@pytest.mark.parametrize("law", MAKERS)
def test_both_modes_and_equal_seeds_agree_and_other_seeds_do_not(law):
    compiled = draw(MAKERS[law])
    np.testing.assert_allclose(compiled, draw(MAKERS[law], "interpret"), rtol=2e-6)
    np.testing.assert_array_equal(compiled, draw(MAKERS[law]))
    assert (compiled != draw(MAKERS[law], seed=8)).any()


def test_runs_differ_within_a_session():
    with gc.Graph().as_default(), gc.Session() as session:
        sample = gc.random_gamma([10], 2.0)
        assert (session.run(sample) != session.run(sample)).all()


def test_gradients_reach_the_rate_and_not_the_shape():
    with gc.Graph().as_default(), gc.Session() as session:
        alpha, beta = gc.constant(3.0), gc.constant(2.0)
        sample = gc.random_gamma([50], alpha, beta, seed=1)
        slopes = gc.gradients(gc.reduce_sum(sample), [alpha, beta])
        assert slopes[0] is None
        total, slope = session.run([gc.reduce_sum(sample), slopes[1]])
        assert slope == pytest.approx(-total / 2, rel=1e-5)
