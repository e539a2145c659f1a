"""Tests, confidence and prediction intervals of pooled effects."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

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
}


@dataclass(frozen=True)
class Inference:
    """Standard error, test statistic, df (NaN: normal), two-sided p-value and interval, one entry a coefficient."""

    se: Array
    statistic: Array
    df: Array
    p_value: Array
    ci_low: Array
    ci_high: Array


def infer(beta: Array, se: Array, df: Array, level: float) -> Inference:
    """Test beta = 0 and its interval: t with `df`, or normal where df is NaN."""
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = beta / se
    half = quantile((1 + level) / 2, df) * se
    return Inference(se, statistic, df, two_sided_p(statistic, df), beta - half, beta + half)


def quantile(probability: float, df: Array) -> Array:
    """Quantile of t with `df`, or of the normal where df is NaN; NaN where df < 1."""
    from scipy.special import ndtri, stdtrit

    df = np.asarray(df, dtype=np.float64)
    normal = np.isnan(df)
    t = stdtrit(np.where(normal | (df < 1), 1.0, df), probability)
    return np.where(normal, ndtri(probability), np.where(df < 1, np.nan, t))


def two_sided_p(statistic: Array, df: Array) -> Array:
    """Two-sided p-value from the upper tail, so that small values keep their digits."""
    from scipy.special import ndtr, stdtr

    df = np.asarray(df, dtype=np.float64)
    normal = np.isnan(df)
    size = -np.abs(statistic)
    t = stdtr(np.where(normal | (df < 1), 1.0, df), size)
    return np.where(normal, 2 * ndtr(size), np.where(df < 1, np.nan, 2 * t))


def chi2_upper_tail(statistic: Array, df: Array) -> Array:
    """P(chi2 with df > statistic); NaN where df < 1."""
    from scipy.special import chdtrc

    df = np.asarray(df, dtype=np.float64)
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
