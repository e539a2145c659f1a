"""Effect sizes from two-arm means."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np

from metarepro.effects.checks import Array, check_means, refuse
from metarepro.errors import ConfigError

MdVariance = Literal["LS", "HO"]
SmdVariance = Literal["LS", "LS2", "UB", "AV", "LSd", "LSdf", "RevMan"]
SmdCorrection = Literal["exact", "approximate", "none"]


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
    1e-2 at df = 2; `standardised_mean_difference` knows it for results that were published with it.

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
    m1: Array, sd1: Array, n1: Array, m2: Array, sd2: Array, n2: Array, vtype: MdVariance = "LS"
) -> tuple[Array, Array, dict[str, np.ndarray]]:
    """Mean difference, arm 1 minus arm 2.

    Parameters
    ----------
    vtype : {'LS', 'HO'}
        Sampling variance: of each arm by its own SD; or of both by the pooled SD, as if their variances were the same.

    References
    ----------
    Bond, Wiitala & Richard 2003, doi:10.1037/1082-989X.8.4.406.
    """
    if vtype not in get_args(MdVariance):
        raise ConfigError(f"vtype = {vtype!r} is not known for MD. Allowed: {', '.join(get_args(MdVariance))}.")
    _check(m1, sd1, n1, m2, sd2, n2)
    if vtype == "LS":
        return m1 - m2, sd1**2 / n1 + sd2**2 / n2, {}
    with np.errstate(divide="ignore", invalid="ignore"):
        return m1 - m2, _pooled_variance(sd1, n1, sd2, n2) * (1 / n1 + 1 / n2), {}


def _pooled_variance(sd1: Array, n1: Array, sd2: Array, n2: Array) -> Array:
    return np.asarray(((n1 - 1) * sd1**2 + (n2 - 1) * sd2**2) / (n1 + n2 - 2))


def standardised_mean_difference(
    m1: Array,
    sd1: Array,
    n1: Array,
    m2: Array,
    sd2: Array,
    n2: Array,
    vtype: SmdVariance = "LS",
    j: SmdCorrection = "exact",
) -> tuple[Array, Array, dict[str, np.ndarray]]:
    """Hedges g, arm 1 minus arm 2 over the pooled SD.

    Parameters
    ----------
    vtype : {'LS', 'LS2', 'UB', 'AV', 'LSd', 'LSdf', 'RevMan'}
        Sampling variance: large-sample with the corrected g (metafor's default); the same with the uncorrected d
        times J^2 (Borenstein 2009); unbiased (Hedges 1983); LS with the N-weighted mean g of all studies; LS with the
        uncorrected d and no J (as the Metapsy databases print; up to a tenth too large in small trials); LS with
        N - 2 (metan's for Cohen's d) or N - 3.94 (RevMan's and metan's for Hedges g) instead of N below g^2 / 2.
    j : {'exact', 'approximate', 'none'}
        Small-sample correction by gamma functions, or as 1 - 3/(4 N - 9), or none (Cohen's d): the latter two only to
        recompute what was published so.

    References
    ----------
    Hedges 1981, doi:10.3102/10769986006002107; Hedges 1983, doi:10.1037/0033-2909.93.2.388;
    Deeks, Altman & Bradburn 2001, doi:10.1002/9780470693926.ch15 (LSdf, RevMan).
    """
    if vtype not in get_args(SmdVariance):
        raise ConfigError(f"vtype = {vtype!r} is not known for SMD. Allowed: {', '.join(get_args(SmdVariance))}.")
    if j not in get_args(SmdCorrection):
        raise ConfigError(f"j = {j!r} is not known for SMD. Allowed: {', '.join(get_args(SmdCorrection))}.")
    _check(m1, sd1, n1, m2, sd2, n2)
    df = n1 + n2 - 2
    with np.errstate(divide="ignore", invalid="ignore"):
        d = (m1 - m2) / np.sqrt(_pooled_variance(sd1, n1, sd2, n2))
        factor = hedges_j(df) if j == "exact" else 1 - 3 / (4 * df - 1) if j == "approximate" else np.ones_like(d)
        g = factor * d
        inverse_n, total = 1 / n1 + 1 / n2, n1 + n2
        if vtype == "LS":
            vi = inverse_n + g**2 / (2 * total)
        elif vtype == "LS2":
            vi = factor**2 * (inverse_n + d**2 / (2 * total))
        elif vtype == "LSd":
            vi = inverse_n + d**2 / (2 * total)
        elif vtype == "LSdf":
            vi = inverse_n + g**2 / (2 * df)
        elif vtype == "RevMan":
            vi = inverse_n + g**2 / (2 * (total - 3.94))
        elif vtype == "UB":
            vi = inverse_n + (1 - (df - 2) / (df * factor**2)) * g**2
        else:
            known = np.isfinite(g)
            sums = (np.where(known, x, 0).sum(-1, keepdims=True) for x in (total * g, total))
            mean_g = next(sums) / next(sums)
            vi = inverse_n + mean_g**2 / (2 * total) + 0 * g
    usable = np.isfinite(g) & np.isfinite(vi)
    return np.where(usable, g, np.nan), np.where(usable, vi, np.nan), {}


def other_two_arm_means(
    measure: str,
    sd1: Array,
    n1: Array,
    sd2: Array,
    n2: Array,
    m1: Array | None = None,
    m2: Array | None = None,
    vtype: str = "LS",
) -> tuple[Array, Array, dict[str, np.ndarray]]:
    """SMDH, SMD1, or ROM, VR and CVR on the log scale; formulas and references are in the registry.

    `vtype` is for SMDH: ``LS`` multiplies the variance by J^2, as metafor did before 4.6; ``LS0`` does not, as Bonett
    2009 and metafor from 4.6 on.

    ROM and CVR are NaN where a mean is 0 or the means (for CVR: mean and 0) have no common sign.
    """
    one = np.zeros_like(sd1) if m1 is None else m1
    two = np.zeros_like(sd2) if m2 is None else m2
    _check(one, sd1, n1, two, sd2, n2)
    with np.errstate(divide="ignore", invalid="ignore"):
        if measure == "SMDH":
            s2 = (sd1**2 + sd2**2) / 2
            j = hedges_j(n1 + n2 - 2)
            d = j * (one - two) / np.sqrt(s2)
            df1, df2 = n1 - 1, n2 - 1
            vi = d**2 * (sd1**4 / df1 + sd2**4 / df2) / (8 * s2**2) + (sd1**2 / df1 + sd2**2 / df2) / s2
            if vtype not in ("LS", "LS0"):
                raise ConfigError(f"vtype = {vtype!r} is not known for SMDH. Allowed: LS, LS0.")
            return d, (j**2 if vtype == "LS" else 1) * vi, {}
        if measure == "SMD1":
            d = hedges_j(n2 - 1) * (one - two) / sd2
            return d, 1 / n1 + 1 / n2 + d**2 / (2 * n2), {}
        means = sd1**2 / (n1 * one**2) + sd2**2 / (n2 * two**2)
        if measure == "ROM":
            return np.log(one / two), means, {}
        small = 1 / (2 * (n1 - 1)) - 1 / (2 * (n2 - 1))
        vi = 1 / (2 * (n1 - 1)) + 1 / (2 * (n2 - 1))
        if measure == "VR":
            return np.log(sd1 / sd2) + small, vi, {}
        return np.log(sd1 / one) - np.log(sd2 / two) + small, vi + means, {}


def paired_means(
    measure: str, m1: Array, sd1: Array, m2: Array, n: Array, r: Array, sd2: Array | None = None
) -> tuple[Array, Array, dict[str, np.ndarray]]:
    """MC, SMCC, SMCR or ROMC (log) of patients measured twice, with the correlation r of the two scores.

    When not to use: with a guessed r; vary it and show the range.
    """
    check_means(m1, sd1, n, "1")
    other = sd1 if sd2 is None else sd2
    check_means(m2, other, n, "2")
    refuse(np.abs(r) > 1, "r is not a correlation", "Give a number from -1 to 1.", r=r)
    change = sd1**2 + other**2 - 2 * r * sd1 * other
    with np.errstate(divide="ignore", invalid="ignore"):
        if measure == "MC":
            return m1 - m2, change / n, {}
        if measure == "ROMC":
            vi = sd1**2 / (n * m1**2) + other**2 / (n * m2**2) - 2 * r * sd1 * other / (m1 * m2 * n)
            return np.log(m1 / m2), vi, {}
        sd = np.sqrt(change) if measure == "SMCC" else sd1
        d = hedges_j(n - 1) * (m1 - m2) / sd
        return d, (1 / n if measure == "SMCC" else 2 * (1 - r) / n) + d**2 / (2 * n), {}


def matched_smd_variance(g: Array, n: Array, r: Array | float) -> Array:
    """Variance of an SMD over the raw SD, on the scale of parallel trials, from n patients with both conditions.

    Borenstein et al. 2009, doi:10.1002/9780470743386; Elbourne et al. 2002, doi:10.1093/ije/31.1.140.
    """
    return np.asarray((1 / n + g**2 / (2 * n)) * 2 * (1 - r))


def one_arm_mean(measure: str, m: Array, sd: Array, n: Array) -> tuple[Array, Array, dict[str, np.ndarray]]:
    """MN, or MNLN on the log scale (NaN for means that are not positive)."""
    check_means(m, sd, n, "")
    with np.errstate(divide="ignore", invalid="ignore"):
        if measure == "MN":
            return m, sd**2 / n, {}
        return np.log(m), sd**2 / (n * m**2), {}


def correlation(measure: str, r: Array, n: Array) -> tuple[Array, Array, dict[str, np.ndarray]]:
    """COR, or ZCOR as Fisher's z."""
    refuse(np.abs(r) > 1, "r is not a correlation", "Give a number from -1 to 1.", r=r, n=n)
    least = 4 if measure == "ZCOR" else 2
    refuse(n < least, f"n is below {least}", f"{measure} needs at least {least} patients.", r=r, n=n)
    with np.errstate(divide="ignore", invalid="ignore"):
        if measure == "ZCOR":
            return np.arctanh(r), 1 / (n - 3) + 0 * r, {}
        return r, (1 - r**2) ** 2 / (n - 1), {}


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
