"""Effect sizes from two-arm means: mean difference and Hedges g."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np

from metarepro.effects.checks import Array, check_means, refuse
from metarepro.errors import ConfigError

SmdVariance = Literal["LS", "LS2", "UB", "AV"]


def hedges_j(df: Array) -> Array:
    """Exact small-sample correction J of Hedges g.

    Parameters
    ----------
    df : array_like
        Degrees of freedom, n1 + n2 - 2. J does not exist for df <= 1 (NaN).

    Notes
    -----
    J = Gamma(df/2) / (sqrt(df/2) Gamma((df-1)/2)), through log-gamma for small df and by the asymptotic series of
    the ratio from df = 101 on, where log-gamma would cancel digits. The approximation 1 - 3/(4 df - 1) is off by
    1e-2 at df = 2 and is not used.

    References
    ----------
    Hedges 1981, doi:10.3102/10769986006002107; Tricomi & Erdelyi 1951, doi:10.2140/pjm.1951.1.133 (the series).
    """
    from scipy.special import gammaln

    df = np.asarray(df, dtype=np.float64)
    a = (df - 1) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        exact = np.exp(gammaln(df / 2) - 0.5 * np.log(df / 2) - gammaln(a))
        u = 1 / a
        series = 1 + u * (-1 / 8 + u * (1 / 128 + u * (5 / 1024 + u * (-21 / 32768 + u * (-399 / 262144)))))
        j = np.where(df >= 101, np.sqrt(a / (df / 2)) * series, exact)
    return np.where(df > 1, j, np.nan)


def mean_difference(
    m1: Array, sd1: Array, n1: Array, m2: Array, sd2: Array, n2: Array
) -> tuple[Array, Array, dict[str, np.ndarray]]:
    """Mean difference, arm 1 minus arm 2, with separate variances."""
    _check(m1, sd1, n1, m2, sd2, n2)
    vi = sd1**2 / n1 + sd2**2 / n2
    return m1 - m2, vi, {}


def standardised_mean_difference(
    m1: Array, sd1: Array, n1: Array, m2: Array, sd2: Array, n2: Array, vtype: SmdVariance = "LS"
) -> tuple[Array, Array, dict[str, np.ndarray]]:
    """Hedges g, arm 1 minus arm 2 over the pooled SD, with the exact J.

    Parameters
    ----------
    vtype : {'LS', 'LS2', 'UB', 'AV'}
        Sampling variance: large-sample with the corrected g (metafor's default); the same with the uncorrected d
        times J^2 (Borenstein 2009); unbiased (Hedges 1983); LS with the N-weighted mean g of all studies.

    References
    ----------
    Hedges 1981, doi:10.3102/10769986006002107; Hedges 1983, doi:10.1037/0033-2909.93.2.388.
    """
    if vtype not in get_args(SmdVariance):
        raise ConfigError(f"vtype = {vtype!r} is not known for SMD. Allowed: {', '.join(get_args(SmdVariance))}.")
    _check(m1, sd1, n1, m2, sd2, n2)
    df = n1 + n2 - 2
    with np.errstate(divide="ignore", invalid="ignore"):
        d = (m1 - m2) / np.sqrt(((n1 - 1) * sd1**2 + (n2 - 1) * sd2**2) / df)
        j = hedges_j(df)
        g = j * d
        inverse_n, total = 1 / n1 + 1 / n2, n1 + n2
        if vtype == "LS":
            vi = inverse_n + g**2 / (2 * total)
        elif vtype == "LS2":
            vi = j**2 * (inverse_n + d**2 / (2 * total))
        elif vtype == "UB":
            vi = inverse_n + (1 - (df - 2) / (df * j**2)) * g**2
        else:
            known = np.isfinite(g)
            mean_g = np.sum(np.where(known, total * g, 0)) / np.sum(np.where(known, total, 0))
            vi = inverse_n + mean_g**2 / (2 * total) + 0 * g
    usable = np.isfinite(g) & np.isfinite(vi)
    return np.where(usable, g, np.nan), np.where(usable, vi, np.nan), {}


def _check(m1: Array, sd1: Array, n1: Array, m2: Array, sd2: Array, n2: Array) -> None:
    check_means(m1, sd1, n1, "1")
    check_means(m2, sd2, n2, "2")
    refuse(
        (sd1 == 0) & (sd2 == 0),
        "The SD is 0 in both arms, so the effect has no sampling variance,",
        "Check the SDs, or leave the study out with a reason.",
        sd1=sd1,
        sd2=sd2,
    )
