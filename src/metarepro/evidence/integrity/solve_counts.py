"""Counts behind printed percentages and intervals of their differences."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from metarepro.errors import DataError
from metarepro.evidence.integrity.granularity import counts_of_percent
from metarepro.evidence.integrity.printed import rounded_from
from metarepro.pooling.distributions import normal_quantile


@dataclass(frozen=True)
class SolvedCounts:
    """Sizes of two arms, and events of each outcome in both."""

    n1: int
    n2: int
    events: tuple[tuple[int, int], ...]


def solve_counts(
    outcomes: Sequence[tuple[str, str, str, str]],
    most1: int,
    most2: int,
    *,
    together: int | None = None,
    least: int = 2,
    level: float = 0.95,
) -> tuple[SolvedCounts, ...]:
    """All counts of two arms that give printed percentages and printed intervals of the risk differences.

    Parameters
    ----------
    outcomes : sequence of (percent 1, percent 2, low, high)
        Of each outcome the percentages of both arms and the limits of the risk difference in percentage points, as they
        are printed: their decimals say how exact they are. The patients of all outcomes are the same.
    most1, most2 : int
        The largest sizes there may be: patients randomised or treated.
    together : int, optional
        Patients of both arms, where that is printed.
    least : int, default 2
        The smallest size.
    level : float, default 0.95
        Of the intervals, which are Wald's.

    Returns
    -------
    tuple of SolvedCounts
        Every solution. Take a count only if there is exactly one: with several, or none, the numbers do not tell it.

    Raises
    ------
    DataError
        No outcome, a percentage that is none, sizes below `least`.

    Notes
    -----
    When not to use: for adjusted differences or intervals by another method, which no counts of these arms give.

    References
    ----------
    Brown & Heathers 2017, doi:10.1177/1948550616673876 (counts behind rounded numbers).

    Examples
    --------
    >>> solve_counts([("63", "46", "2", "30")], 100, 100, together=186)
    (SolvedCounts(n1=91, n2=95, events=((57, 44),)),)
    """
    if not outcomes:
        raise DataError("There is no outcome to solve for. Fix: give percentages and an interval.")
    if min(most1, most2) < least or least < 1:
        raise DataError(f"Sizes up to {most1} and {most2}, and at least {least}: nothing to try.")
    z = normal_quantile((1 + level) / 2)
    return tuple(
        SolvedCounts(n1, n2, events)
        for n1 in range(least, most1 + 1)
        for n2 in range(least, most2 + 1)
        if together is None or n1 + n2 == together
        for events in _events(outcomes, n1, n2, z)
    )


def _events(
    outcomes: Sequence[tuple[str, str, str, str]], n1: int, n2: int, z: float
) -> Iterator[tuple[tuple[int, int], ...]]:
    """Events of all outcomes that fit two sizes."""
    found: list[tuple[tuple[int, int], ...]] = [()]
    for percent1, percent2, low, high in outcomes:
        fitting = [
            (e1, e2)
            for e1 in counts_of_percent(percent1, n1)
            for e2 in counts_of_percent(percent2, n2)
            if _fits(e1, n1, e2, n2, z, low, high)
        ]
        found = [(*before, pair) for before in found for pair in fitting]
        if not found:
            return
    yield from found


def _fits(e1: int, n1: int, e2: int, n2: int, z: float, low: str, high: str) -> bool:
    p1, p2 = e1 / n1, e2 / n2
    half = z * math.sqrt(p1 * (1 - p1) / n1 + p2 * (1 - p2) / n2)
    return all(_is_printed(100 * x, text) for x, text in ((p1 - p2 - half, low), (p1 - p2 + half, high)))


def _is_printed(value: float, text: str) -> bool:
    lowest, highest = (float(x) for x in rounded_from(text))
    return lowest - 1e-9 <= value <= highest + 1e-9
