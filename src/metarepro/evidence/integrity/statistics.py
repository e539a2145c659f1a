"""Printed statistics that do not fit each other: intervals, p-values, standard deviations, differences.

Numbers are given as printed text where their decimals matter, so that rounding is never mistaken for an error.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from metarepro.errors import DataError
from metarepro.evidence.integrity.medians import median_without
from metarepro.evidence.integrity.printed import rounded_from

_P = re.compile(r"\s*p?\s*(<=|>=|≤|≥|<|>|=)?\s*(0?\.\d+|[01](?:\.\d*)?)\s*", re.IGNORECASE)
# An interval is made with a quantile of t or of the normal, on a model's scale: half-widths that differ by less are no
# finding.
SYMMETRY_SLACK = 0.05
# Degrees of freedom assumed when none are known: fewer make p larger, so that few findings are made.
FEW_DF = 10


@dataclass(frozen=True)
class Symmetry:
    """Where the estimate lies in its interval.

    Attributes
    ----------
    even : bool
        Whether it lies in the middle (of the logs, for a ratio) within rounding and `SYMMETRY_SLACK`.
    middle : float
        Middle of the interval on the printed scale: what the estimate would have to be.
    off : float
        Distance of the estimate from the middle in half-widths, after the most that rounding can explain.
    """

    even: bool
    middle: float
    off: float


def interval_symmetry(estimate: str, low: str, high: str, ratio: bool, decimals: int | None = None) -> Symmetry:
    """Whether an estimate lies in the middle of its interval, as Wald and t intervals make it.

    When not to use: with exact, profile-likelihood, bootstrap or Bayesian intervals, which may be skewed rightly.

    Parameters
    ----------
    estimate, low, high : str
        As printed.
    ratio : bool
        Whether they are ratios; the middle is then that of the logs.
    decimals : int, optional
        Decimals they were printed with, when the texts lost zeros at their ends.

    References
    ----------
    Altman & Bland 2011, doi:10.1136/bmj.d2090.
    """
    e, lo, hi = (_bounds(x, ratio, decimals) for x in (estimate, low, high))
    f = math.log if ratio else float
    point, bottom, top = (float(x) for x in (estimate, low, high))
    if ratio and min(point, bottom, top) <= 0:
        raise DataError(f"{estimate} ({low} to {high}): a ratio is positive.")
    middle = (f(bottom) + f(top)) / 2
    # Smallest and largest middle and estimate that round to the printed numbers.
    gap = max((lo[0] + hi[0]) / 2 - e[1], e[0] - (lo[1] + hi[1]) / 2, 0.0)
    half = (f(top) - f(bottom)) / 2
    off = gap / half if half > 0 else 0.0
    return Symmetry(off <= SYMMETRY_SLACK, math.exp(middle) if ratio else middle, off)


@dataclass(frozen=True)
class PMatch:
    """A printed p-value beside the one that estimate and interval give.

    Attributes
    ----------
    fits : bool
        Whether some unrounded values and a normal or t distribution give the printed p.
    one_sided : bool
        Not as a two-sided p, but as a one-sided one.
    low, high : float
        Two-sided p-values that estimate and standard error give, over all that rounding and degrees of freedom allow.
    """

    fits: bool
    one_sided: bool
    low: float
    high: float


def p_matches(
    estimate: str,
    p_text: str,
    ratio: bool,
    low: str = "",
    high: str = "",
    se: str = "",
    level: float = 95.0,
    df: float | None = None,
    slack: float = 1.5,
) -> PMatch | None:
    """Whether a printed p-value is that of the printed estimate and its interval or standard error.

    The standard error is the given one, else the half-width by the quantile. Both normal and t are tried. None when
    the text is no plain p-value (`ns`, or one with a remark, which may be of another hypothesis). When not to use:
    with exact, rank or score tests, or a p of another model than the interval's.

    Parameters
    ----------
    estimate, low, high, se : str
        As printed; the standard error is that of the log for a ratio. Either the interval or `se` is needed.
    p_text : str
        The p-value as printed: `0.02`, `.02`, `<0.001`, `p = 0.3`.
    ratio : bool
        Whether estimate and interval are ratios.
    level : float
        Level of the interval in percent.
    df : float, optional
        Degrees of freedom of the t distribution; few are assumed when unknown.
    slack : float
        Factor that p may be off without a finding.

    References
    ----------
    Altman & Bland 2011, doi:10.1136/bmj.d2304.
    """
    printed = parse_p(p_text)
    if printed is None:
        return None
    from scipy.special import ndtri, stdtr, stdtrit

    e = _bounds(estimate, ratio)
    few = df if df is not None else FEW_DF
    if se:
        errors = [tuple(float(x) for x in rounded_from(se))]
        spans = [errors[0], errors[0]]
    elif low and high:
        lo, hi = _bounds(low, ratio), _bounds(high, ratio)
        widths = (max(hi[0] - lo[1], 0.0) / 2, (hi[1] - lo[0]) / 2)
        tail = 0.5 + level / 200
        spans = [tuple(w / q for w in widths) for q in (float(ndtri(tail)), float(stdtrit(few, tail)))]
    else:
        raise DataError("A p-value is checked against an interval or a standard error. Give one.")
    smallest = 0.0 if e[0] <= 0 <= e[1] else min(abs(e[0]), abs(e[1]))
    largest = max(abs(e[0]), abs(e[1]))
    values = []
    for span, free in zip(spans, (math.inf, few), strict=True):
        for size, error in ((smallest, span[1]), (largest, span[0])):
            z = size / error if error > 0 else math.inf
            values.append(2 * float(stdtr(free, -z)) if math.isfinite(free) else _two_sided(z))
    bottom, top = min(values), min(max(values), 1.0)

    def fit(first: float, last: float) -> bool:
        return first <= printed[1] * slack and last * slack >= printed[0]

    two = fit(bottom, top)
    return PMatch(two, not two and fit(bottom / 2, top / 2), bottom, top)


def parse_p(text: str) -> tuple[float, float] | None:
    """Smallest and largest p-value that a printed text stands for; None when it is not a plain p-value."""
    match = _P.fullmatch(text)
    if match is None:
        return None
    sign, number = match.groups()
    value = float(number)
    if value > 1:
        return None
    if sign in ("<", "<=", "≤"):
        return 0.0, value
    if sign in (">", ">=", "≥"):
        return value, 1.0
    low, high = rounded_from(number)
    return max(float(low), 0.0), min(float(high), 1.0)


def sd_looks_like_se(sds: Sequence[float], ns: Sequence[int], factor: float = 2.5) -> tuple[int, ...]:
    """Positions of SDs that are far below the others of the same scale and, times sqrt(n), would be among them.

    The yardstick is the median of the others, so at least four rows are needed. When not to use: over rows of scales
    of different length, or of baseline scores cut by an entry criterion together with scores at the end.

    Parameters
    ----------
    sds : sequence of float
        Standard deviations of rows with one scale and one kind of score.
    ns : sequence of int
        Their sizes.
    factor : float
        How far below the median of the others an SD must be.

    References
    ----------
    Cochrane Handbook 6.5.2.2, doi:10.1002/9781119536604.ch6.
    """
    if len(sds) != len(ns):
        raise DataError("Give as many sizes as SDs.")
    if len(sds) < 4:
        return ()
    found = []
    ordered = sorted(sds)
    for at, (sd, n) in enumerate(zip(sds, ns, strict=True)):
        usual = median_without(ordered, [sd])
        if sd * factor < usual and 0.6 <= sd * math.sqrt(n) / usual <= 1.7:
            found.append(at)
    return tuple(found)


def sd_looks_like_variance(sd: float, usual: float, factor: float = 4.0) -> bool:
    """Whether an SD is far above those of its scale, and its square root would be among them.

    When not to use: where SDs of the scale are near 1, of which a variance differs little.

    Parameters
    ----------
    sd : float
    usual : float
        Usual SD of the same scale and kind of score.
    factor : float
        How far above the usual one an SD must be.

    References
    ----------
    Cochrane Handbook 6.5.2, doi:10.1002/9781119536604.ch6.
    """
    return sd >= factor * usual > 0 and 0.5 <= math.sqrt(sd) / usual <= 2


def sds_above_lowest(mean: str, sd: str, lowest: float) -> float:
    """How many SDs a mean lies above the lowest possible value, at the most that rounding allows.

    Below 2 suggests skew, below 1 is strong evidence of it. When not to use: for changes, which have no lowest value.

    Parameters
    ----------
    mean, sd : str
        As printed.
    lowest : float

    References
    ----------
    Altman & Bland 1996, doi:10.1136/bmj.313.7066.1200.
    """
    least = float(rounded_from(sd)[0])
    return (float(rounded_from(mean)[1]) - lowest) / least if least > 0 else math.inf


def sd_against_range(mean: str, sd: str, n: int, low: float, high: float) -> float | None:
    """The largest standard deviation that n scores from low to high with this mean can have, when the SD exceeds it.

    SD^2 <= n/(n - 1) (mean - low) (high - mean), reached with every score at an end of the scale. None when the
    printed SD is possible. A mean outside the scale is refused.

    Parameters
    ----------
    mean, sd : str
        As printed.
    n : int
        Size, 2 or more.
    low, high : float
        Ends of the scale.

    References
    ----------
    Bhatia & Davis 2000, doi:10.1080/00029890.2000.12005203.
    """
    means = tuple(float(x) for x in rounded_from(mean))
    if n < 2 or means[1] < low or means[0] > high:
        raise DataError(f"mean = {mean}, n = {n}: the mean must lie in {low:g} to {high:g}, and n be 2 or more.")
    # The bound is largest for the possible mean that is closest to the middle of the scale.
    best = min(max((low + high) / 2, means[0]), means[1])
    most = math.sqrt(max(n / (n - 1) * (best - low) * (high - best), 0.0))
    return most if float(rounded_from(sd)[0]) > most * (1 + 1e-12) else None


def implausible_smd(d: float, limit: float = 3.0) -> bool:
    """Whether a standardised difference is larger than treatments achieve.

    With d = 3 fewer than 1 in 700 of one group would reach the other group's mean. SEs read as SDs are the usual cause.
    The limit is a convention.

    References
    ----------
    Cochrane Handbook 6.5.2.2, doi:10.1002/9781119536604.ch6.
    """
    return abs(d) > limit


@dataclass(frozen=True)
class Imbalance:
    """Difference of two groups before treatment.

    Attributes
    ----------
    d : float
        Difference of means in units of the root of the mean of both variances.
    z : float
        Difference of means by its standard error.
    """

    d: float
    z: float


def baseline_imbalance(m1: float, sd1: float, n1: int, m2: float, sd2: float, n2: int) -> Imbalance:
    """Standardised difference of two groups before treatment, and its z.

    Randomisation leaves differences; of 20 comparisons one has a z beyond 2. The standardised difference says how much
    it may matter, whatever the size of the trial.

    Parameters
    ----------
    m1, sd1, n1, m2, sd2, n2 : float
        Mean, SD and size of both groups.

    References
    ----------
    Austin 2009, doi:10.1002/sim.3697.
    """
    if min(n1, n2) < 1 or min(sd1, sd2) < 0 or sd1 + sd2 == 0:
        raise DataError("Give sizes from 1 and SDs that are not both 0.")
    gap = m1 - m2
    return Imbalance(
        gap / math.sqrt((sd1**2 + sd2**2) / 2),
        gap / math.sqrt(sd1**2 / n1 + sd2**2 / n2),
    )


def _bounds(text: str, ratio: bool, decimals: int | None = None) -> tuple[float, float]:
    low, high = rounded_from(text, decimals)
    if not ratio:
        return float(low), float(high)
    if high <= 0:
        raise DataError(f"{text}: a ratio is positive.")
    return (math.log(low) if low > 0 else -math.inf), math.log(high)


def _two_sided(z: float) -> float:
    return math.erfc(z / math.sqrt(2))
