"""Crossover trials: does the first treatment still act in the second period?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from metarepro.effects.levels import check_level
from metarepro.errors import DataError

SPREADS = "standard deviations above 0"
# Squares of larger numbers overflow.
LARGEST = 1e150


class Difference(NamedTuple):
    """A difference of means with its t test (pooled variance) and interval."""

    estimate: float
    se: float
    df: int
    p_value: float
    ci_low: float
    ci_high: float


@dataclass(frozen=True)
class CarryOver:
    """Result of `carry_over`.

    Attributes
    ----------
    carry_over : Difference
        Mean of patients' totals over both periods, sequence A-B minus sequence B-A: what A leaves behind for the second
        period beyond what B does.
    treatment : Difference
        A minus B within patients, free of an effect of the period; right only without carry-over.
    first_period : Difference
        A minus B of the first period alone, between patients; right with carry-over too.
    period : Difference
        Second period minus first.
    """

    carry_over: Difference
    treatment: Difference
    first_period: Difference
    period: Difference


def carry_over(
    m_ab: Sequence[float], sd_ab: Sequence[float], n_ab: int, m_ba: Sequence[float], sd_ba: Sequence[float],
    n_ba: int, r: float, *, level: float = 0.95,
) -> CarryOver:  # fmt: skip
    """Test a crossover trial of two periods for carry-over, from the numbers of its two sequences.

    Parameters
    ----------
    m_ab, sd_ab : sequence of two floats
        Means and standard deviations of the patients who had treatment A first, in period 1 (A) and 2 (B).
    n_ab : int
        Number of these patients.
    m_ba, sd_ba, n_ba
        The same of those who had B first, in period 1 (B) and 2 (A).
    r : float
        Correlation of the two periods within patients.
    level : float, default 0.95

    Returns
    -------
    CarryOver

    Raises
    ------
    DataError
        Numbers that cannot be, with their names.

    Notes
    -----
    The totals of patients compare the sequences, so that the test is one between patients and has little power: that
    it finds nothing is no proof that nothing was carried over. To use both periods if p > 0.1 and else the first alone
    does not keep the level of the test (Freeman 1989). When not to use: to choose the analysis. Say what the first
    period alone gives, and judge the washout.

    References
    ----------
    Hills & Armitage 1979, doi:10.1111/j.1365-2125.1979.tb05903.x; Freeman 1989, doi:10.1002/sim.4780081202.

    Examples
    --------
    >>> found = carry_over((20.0, 24.0), (8.0, 8.0), 12, (26.0, 21.0), (8.0, 8.0), 12, r=0.5)
    >>> round(found.treatment.estimate, 1), round(found.first_period.estimate, 1), round(found.carry_over.p_value, 2)
    (-4.5, -6.0, 0.6)
    """
    check_level(level)
    n_ab, n_ba = _patients("n_ab", n_ab), _patients("n_ba", n_ba)
    m_ab, m_ba = _pair("m_ab", m_ab, "means"), _pair("m_ba", m_ba, "means")
    sd_ab, sd_ba = _pair("sd_ab", sd_ab, SPREADS), _pair("sd_ba", sd_ba, SPREADS)
    if isinstance(r, bool) or not isinstance(r, int | float | np.number) or not -1 < r < 1:
        raise DataError(f"r = {r!r} must lie between -1 and 1; it is a correlation.")

    def spread(sd: Sequence[float], sign: float) -> float:
        return sd[0] ** 2 + sd[1] ** 2 + 2 * sign * r * sd[0] * sd[1]

    def between(one: float, other: float, var_ab: float, var_ba: float, factor: float = 1.0) -> Difference:
        from scipy.special import stdtr, stdtrit

        df = n_ab + n_ba - 2
        pooled = ((n_ab - 1) * var_ab + (n_ba - 1) * var_ba) / df
        estimate, se = factor * (one - other), abs(factor) * math.sqrt(pooled * (1 / n_ab + 1 / n_ba))
        half = float(stdtrit(df, (1 + level) / 2)) * se
        p_value = 2 * float(stdtr(df, -abs(estimate) / se))
        return Difference(estimate, se, df, p_value, estimate - half, estimate + half)

    (ab1, ab2), (ba1, ba2) = m_ab, m_ba
    apart = spread(sd_ab, -1), spread(sd_ba, -1)
    return CarryOver(
        between(ab1 + ab2, ba1 + ba2, spread(sd_ab, 1), spread(sd_ba, 1)),
        between(ab1 - ab2, ba1 - ba2, *apart, factor=0.5),
        between(ab1, ba1, sd_ab[0] ** 2, sd_ba[0] ** 2),
        between(ab2 - ab1, ba1 - ba2, *apart, factor=0.5),
    )


def _patients(name: str, given: Any) -> int:
    number = isinstance(given, int | float | np.number) and not isinstance(given, bool) and math.isfinite(given)
    if not number or given != int(given) or given < 2:
        raise DataError(f"{name} = {given!r} must be a whole number, 2 or more.")
    return int(given)


def _pair(name: str, given: Any, what: str) -> tuple[float, float]:
    try:
        first, second = (float(x) for x in given if not isinstance(x, str))
    except (TypeError, ValueError):
        first = second = math.nan
    least = 0.0 if what == SPREADS else -math.inf
    if not all(math.isfinite(x) and least < x and abs(x) < LARGEST for x in (first, second)):
        raise DataError(f"{name} must be two {what}, of period 1 and 2.")
    return first, second
