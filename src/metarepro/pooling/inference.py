"""Tests, confidence and prediction intervals of pooled effects."""

from __future__ import annotations

import math

import numpy as np

from metarepro.errors import ConfigError
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
from metarepro.pooling.kernel import Array

CI_METHODS = {
    "z": "normal (Wald)",
    "t": "t with k - p df (Wald standard error)",
    "HK": "Hartung-Knapp",
    "HK-adhoc": "Hartung-Knapp, not narrower than Wald (ad hoc)",
}
PI_METHODS = {
    "HTS": "Higgins-Thompson-Spiegelhalter, t with k - 2 df",
    "t": "t with k - 1 df",
    "z": "normal",
    "NNF": "Nagashima-Noma-Furukawa bootstrap",
}
# Below this a p-value is too near the end of floating-point numbers for its logarithm to be taken from it.
TINY = 1e-100


def check_level(level: float) -> None:
    """Refuse a level of intervals that is no number between 0 and 1."""
    if isinstance(level, bool) or not isinstance(level, int | float | np.floating) or not 0 < level < 1:
        raise ConfigError(f"level = {level!r} must lie between 0 and 1 (0.95, not 95).")


def check_whole(name: str, value: int, least: int) -> None:
    """Refuse an option that is no whole number of at least `least`."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise ConfigError(f"{name} = {value!r} must be a whole number, {least} or more.")


def quantile(probability: float, df: Array) -> Array:
    """Quantile of t with whole `df`, or of the normal where df is NaN; NaN where df < 1."""
    df = np.asarray(df, dtype=np.float64)
    flat = df.ravel()
    # Batches have few different df; each is looked up once.
    alike = (flat == flat[0]).all() or np.isnan(flat).all()
    different, where = (flat[:1], np.array(0)) if alike else np.unique(flat, return_inverse=True)
    found = np.array([_quantile(float(probability), d) for d in different.tolist()])
    return np.full(df.shape, found[0]) if alike else found[where].reshape(df.shape)


def _quantile(probability: float, df: float) -> float:
    normal = math.isnan(df)
    if df < 1:
        return math.nan
    if LEAST_PROBABILITY <= probability < 1:
        if normal:
            return normal_quantile(probability)
        if df <= MOST_DF and df.is_integer():
            return t_quantile(probability, int(df))
    from scipy.special import ndtri, stdtrit

    return float(ndtri(probability) if normal else stdtrit(df, probability))


def two_sided_p(statistic: Array, df: Array) -> Array:
    """Two-sided p-value from the upper tail, so that small values keep their digits."""
    df = np.asarray(df, dtype=np.float64)
    if np.ndim(statistic) == 0 and df.ndim == 0:
        single = _single_p(abs(float(statistic)), float(df))
        if single is not None:
            return np.array(single)
    from scipy.special import ndtr, stdtr

    normal = np.isnan(df)
    size = -np.abs(statistic)
    t = stdtr(np.where(normal | (df < 1), 1.0, df), size)
    return np.where(normal, 2 * ndtr(size), np.where(df < 1, np.nan, 2 * t))


def _single_p(size: float, df: float) -> float | None:
    """Two-sided p-value of one statistic without SciPy; None where that is not as exact."""
    if math.isnan(df):
        p = 2 * normal_tail(size)
    elif 1 <= df <= MOST_DF and df.is_integer():
        p = 2 * t_tail(size, int(df))
    else:
        return None
    return p if p >= SMALLEST else None


def log10_two_sided_p(statistic: Array, df: Array, p: Array | None = None) -> Array:
    """Decimal logarithm of the two-sided p-value, also where the p-value is too small for a floating-point number.

    `p` is `two_sided_p` of the same, if that is known.
    """
    p = two_sided_p(statistic, df) if p is None else p
    statistic, df = np.broadcast_arrays(statistic, np.asarray(df, dtype=np.float64))
    with np.errstate(divide="ignore"):
        found = np.asarray(np.log10(p))
    normal = np.isnan(df)
    if normal.any():
        from scipy.special import log_ndtr

        found[normal] = (np.log(2) + log_ndtr(-np.abs(statistic[normal]))) / np.log(10)
    tiny = ~normal & (p < TINY)
    if tiny.any():
        from scipy.special import betaln, hyp2f1

        # p = I_x(df/2, 1/2) with x = df/(df + t^2); for small x its series converges at once.
        a, t = df[tiny] / 2, statistic[tiny]
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            log_x = -np.log1p(t**2 / (2 * a))
            tail = a * log_x - np.log(a) - betaln(a, 0.5) + np.log(hyp2f1(a, 0.5, a + 1, np.exp(log_x)))
        found[tiny] = tail / np.log(10)
    return found


def log10_chi2_upper_tail(statistic: Array, df: Array, p: Array | None = None) -> Array:
    """Decimal logarithm of `chi2_upper_tail`, also where that underflows; `p` is that value, if it is known."""
    p = chi2_upper_tail(statistic, df) if p is None else p
    statistic, df = np.broadcast_arrays(statistic, np.asarray(df, dtype=np.float64))
    with np.errstate(divide="ignore"):
        found = np.asarray(np.log10(p))
    tiny = p < TINY
    if tiny.any():
        from scipy.special import gammaln

        a, x = df[tiny] / 2, statistic[tiny] / 2
        # Continued fraction of the incomplete gamma function (DLMF 8.9.2), from its far end; used where x is far
        # above a.
        fraction = np.zeros(a.shape)
        for n in range(200, 0, -1):
            fraction = n * (n - a) / (x + 2 * n + 1 - a - fraction)
        with np.errstate(divide="ignore", invalid="ignore"):
            found[tiny] = (a * np.log(x) - x - gammaln(a) - np.log(x + 1 - a - fraction)) / np.log(10)
    return found


def chi2_upper_tail(statistic: Array, df: Array) -> Array:
    """P(chi2 with df > statistic); NaN where df < 1."""
    df = np.asarray(df, dtype=np.float64)
    if np.ndim(statistic) == 0 and df.ndim == 0 and 1 <= df <= MOST_DF and float(df).is_integer():
        q = max(float(statistic), 0.0)
        p = chi2_tail(q, int(df)) if math.isfinite(q) else 0.0
        if p >= SMALLEST:
            return np.array(p)
    from scipy.special import chdtrc

    return np.where(df < 1, np.nan, chdtrc(np.where(df < 1, 1.0, df), np.maximum(statistic, 0)))


def f_upper_tail(statistic: Array, df1: Array, df2: Array) -> Array:
    """P(F with df1, df2 > statistic)."""
    from scipy.special import fdtrc

    return np.asarray(fdtrc(df1, df2, np.maximum(statistic, 0)), dtype=np.float64)


def chi2_quantile(probability: float, df: Array) -> Array:
    """Quantile of chi2."""
    from scipy.special import chdtri

    return np.asarray(chdtri(df, 1 - probability), dtype=np.float64)


def prediction_interval(
    beta: Array, se: Array, tau2: Array, k: Array, p: int, method: str, level: float
) -> tuple[Array, Array, Array]:
    """Interval for the true effect of a new study, and its df.

    beta +/- q sqrt(tau2 + se^2), where q is a t quantile with k - p - 1 df (HTS; k - 2 without moderators), with
    k - p df (t), or a normal quantile (z). NaN where the df are below 1. `se` is the one the confidence interval
    uses. Reading: it holds the effects of new studies from the same population, if true effects are normal.

    References
    ----------
    Higgins, Thompson & Spiegelhalter 2009, doi:10.1111/j.1467-985X.2008.00552.x; Riley, Higgins & Deeks 2011,
    doi:10.1136/bmj.d549.
    """
    df = {"HTS": k - p - 1.0, "t": k - p * 1.0, "z": np.full(k.shape, np.nan)}[method]
    half = quantile((1 + level) / 2, df) * np.sqrt(tau2 + se * se)
    return beta - half, beta + half, df
