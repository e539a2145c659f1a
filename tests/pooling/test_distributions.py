"""Tails and quantiles of single numbers against SciPy, and against sums in 120 digits."""

from __future__ import annotations

import math
from decimal import Decimal, localcontext

import numpy as np
import pytest
from scipy import special

from metarepro.pooling import inference
from metarepro.pooling.distributions import (
    LEAST_PROBABILITY,
    MOST_DF,
    SMALLEST,
    chi2_tail,
    normal_quantile,
    normal_tail,
    t_quantile,
    t_tail,
)

RNG = np.random.default_rng(1)
DFS = [*range(1, 31), 49, 50, 99, 100, 149, 150, 199, MOST_DF]
SIZES = [*np.linspace(0.01, 12, 80).tolist(), *(10 ** RNG.uniform(-2, 4, 80)).tolist()]
LEVELS = [0.5, 0.8, 0.9, 0.95, 0.99, 0.995, 0.999, 0.9999, *RNG.uniform(LEAST_PROBABILITY * 2 - 1, 1, 40).tolist()]


def exact_t_tail(t: float, df: int) -> float:
    """Abramowitz & Stegun 26.7.4, for even df."""
    with localcontext(prec=250):
        square, nu = Decimal(t) ** 2, Decimal(df)
        total = term = Decimal(1)
        for k in range(1, df // 2):
            term *= nu / (nu + square) * (2 * k - 1) / (2 * k)
            total += term
        return float((1 - Decimal(t) / (nu + square).sqrt() * total) / 2)


def exact_chi2_tail(q: float, df: int) -> float:
    with localcontext(prec=120):
        x = Decimal(q) / 2
        total = term = Decimal(1)
        for k in range(1, df // 2):
            term *= x / k
            total += term
        return float(total * (-x).exp())


def tolerance(p: float) -> float:
    """The logarithm of a tail has the digits of a floating-point number, so a tail loses those of its exponent."""
    return 2e-14 + 3e-16 * abs(math.log(p))


@pytest.mark.parametrize("df", [n for n in DFS if n % 2 == 0])
def test_tails_keep_their_digits(df):
    for size in SIZES:
        for ours, exact in ((t_tail, exact_t_tail), (chi2_tail, exact_chi2_tail)):
            expected = exact(size, df)
            if expected >= SMALLEST:
                assert ours(size, df) == pytest.approx(expected, rel=tolerance(expected), abs=0)


@pytest.mark.parametrize("df", DFS)
def test_tails_are_scipys(df):
    for size in SIZES:
        pairs = (t_tail(size, df), special.stdtr(df, -size)), (chi2_tail(size, df), special.chdtrc(df, size))
        for ours, theirs in pairs:
            if theirs >= SMALLEST:
                assert ours == pytest.approx(theirs, rel=1e-13, abs=0)
    # Beside 0, where SciPy's is off by 1e-9, the tail falls with the density at 0.
    density = math.exp(special.gammaln((df + 1) / 2) - special.gammaln(df / 2)) / math.sqrt(math.pi * df)
    assert 0.5 - t_tail(1e-6, df) == pytest.approx(1e-6 * density, rel=1e-9)
    assert t_tail(0, df) == 0.5 and chi2_tail(0, df) == 1 and t_tail(math.inf, df) == 0


def test_the_normal_tail_is_scipys():
    for z in np.linspace(0, 11, 200).tolist():
        assert normal_tail(z) == pytest.approx(special.ndtr(-z), rel=3e-14, abs=0)


@pytest.mark.parametrize("level", LEVELS)
def test_quantiles_are_scipys(level):
    p = (1 + level) / 2
    assert normal_quantile(p) == pytest.approx(special.ndtri(p), rel=4e-15)
    for df in DFS:
        assert t_quantile(p, df) == pytest.approx(special.stdtrit(df, p), rel=1e-13)
        assert t_tail(t_quantile(p, df), df) == pytest.approx(1 - p, rel=1e-13)


@pytest.mark.parametrize("df", [math.nan, 0.5, 1.0, 2.0, 7.0, 7.5, 200.0, 201.0, 5000.0])
def test_single_numbers_and_arrays_agree(df):
    for size in (0.0, 0.3, 1.7, 2.5, 9.0, 40.0, 300.0, -2.5):
        for name in ("two_sided_p", "chi2_upper_tail", "log10_two_sided_p", "log10_chi2_upper_tail"):
            function = getattr(inference, name)
            one = function(np.array(size), np.array(df))
            many = function(np.array([size, size]), np.array([df, df]))
            assert one.shape == ()
            np.testing.assert_allclose(one, many[0], rtol=1e-13, atol=1e-15)
    for p in (0.5, 0.6, 0.975, 0.99999, 1.0):
        found = inference.quantile(p, np.array([df, 3.0]))
        expected = special.ndtri(p) if math.isnan(df) else special.stdtrit(df, p)
        np.testing.assert_allclose(found, [expected, special.stdtrit(3, p)], rtol=1e-13, atol=1e-15)
    assert np.isnan(inference.two_sided_p(np.array(math.nan), np.array(3.0)))
    assert np.isnan(inference.chi2_upper_tail(np.array(math.nan), np.array(3.0)))
    assert inference.two_sided_p(np.array(math.inf), np.array(df)) == 0


@pytest.mark.parametrize("df", [0.0, -1.0])
def test_without_degrees_of_freedom_there_is_no_t(df):
    assert np.isnan(inference.quantile(0.975, np.array(df))) and np.isnan(
        inference.two_sided_p(np.array(2.0), np.array(df))
    )
    assert np.isnan(inference.quantile(0.975, np.array([df, 3.0]))[0])
    assert np.isnan(inference.two_sided_p(np.array([2.0, 2.0]), np.array([df, 3.0]))[0])


@pytest.mark.parametrize("df", [n for n in DFS if n > 1])
def test_tails_of_large_arrays_are_those_of_scipy(df):
    t = np.array([0.0, *SIZES, 1e8, np.inf, *-np.array(SIZES)] * 3)
    many = np.full(t.shape, float(df))
    np.testing.assert_allclose(inference.two_sided_p(t, many), 2 * special.stdtr(df, -abs(t)), rtol=1e-12)
    q = np.abs(t)
    np.testing.assert_allclose(inference.chi2_upper_tail(q, many), special.chdtrc(df, q), rtol=1e-12)
    assert np.isnan(inference.chi2_upper_tail(np.where(q > 5, np.nan, q), many)).sum() == (q > 5).sum()
