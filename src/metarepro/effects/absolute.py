"""Relative effects in people: risks, their difference, and how many are treated for one more event."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from metarepro.errors import ConfigError, DataError


def _by_odds(risk: float, effect: float) -> float:
    if not math.isfinite(effect):
        return 1.0 if risk > 0 else math.nan
    odds = effect * risk / (1 - risk) if risk < 1 else math.inf
    return odds / (1 + odds) if math.isfinite(odds) else 1.0


# How a pooled effect, on the display scale, moves a risk; one row adds a measure.
MOVED: dict[str, Callable[[float, float], float]] = {
    "OR": _by_odds,
    "PETO": _by_odds,
    "RR": lambda risk, effect: min(risk * effect, 1.0),
    "RD": lambda risk, effect: min(max(risk + effect, 0.0), 1.0),
}


@dataclass(frozen=True)
class NumberNeeded:
    """How many people are treated for one more event, or one fewer.

    Attributes
    ----------
    more, more_low, more_high : float
        People treated for one more event: estimate, and the interval of those who would be treated for one more;
        infinite where the interval reaches no difference, NaN where it is all of fewer events.
    fewer, fewer_low, fewer_high : float
        The same for one event fewer.
    through_infinity : bool
        Whether the interval holds no difference: it then runs from `more_low` through infinity to `fewer_low`.
    """

    more: float
    more_low: float
    more_high: float
    fewer: float
    fewer_low: float
    fewer_high: float

    @property
    def through_infinity(self) -> bool:
        """Whether the interval holds no difference."""
        return math.isfinite(self.more_low) and math.isfinite(self.fewer_low)

    def __str__(self) -> str:
        return text_of(self)


def number_needed(difference: float, low: float, high: float) -> NumberNeeded:
    """Number needed to treat from a risk difference with its interval.

    Parameters
    ----------
    difference, low, high : float
        Treated minus control risk, as shares of 1, and the ends of its interval.

    Returns
    -------
    NumberNeeded

    Raises
    ------
    DataError
        Numbers that are no differences of risks, or ends in the wrong order.

    Notes
    -----
    An interval of the difference that holds 0 is two intervals of the number needed, joined at infinity: no difference
    means that infinitely many would be treated (Altman 1998). When not to use: across settings of other baseline risk.

    References
    ----------
    Altman 1998, doi:10.1136/bmj.317.7168.1309.

    Examples
    --------
    >>> str(number_needed(0.25, 0.1, 0.4))
    '4.0 treated for one more (2.5 to 10)'
    >>> str(number_needed(0.1, -0.05, 0.25))
    '10 treated for one more (4.0 for one more, through no difference, to 20 for one fewer)'
    """
    if not (-1 <= low <= difference <= high <= 1):
        raise DataError(f"{low!r} <= {difference!r} <= {high!r} must be differences of risks, between -1 and 1.")

    def per(value: float) -> float:
        return math.inf if value == 0 else 1 / value

    nan = math.nan
    return NumberNeeded(
        per(difference) if difference > 0 else nan if difference < 0 else math.inf,
        per(high) if high > 0 else nan, per(low) if low > 0 else math.inf if high > 0 else nan,
        per(-difference) if difference < 0 else nan if difference > 0 else math.inf,
        per(-low) if low < 0 else nan, per(-high) if high < 0 else math.inf if low < 0 else nan,
    )  # fmt: skip


def _people(value: float) -> str:
    return "infinitely many" if math.isinf(value) else f"{value:.1f}" if value < 10 else f"{value:,.0f}"


def text_of(n: NumberNeeded) -> str:
    """The number needed in words."""
    side, of, low, high = ("more", n.more, n.more_low, n.more_high)
    if math.isfinite(n.fewer) or (math.isnan(n.more_low) and not math.isnan(n.fewer_low)):
        side, of, low, high = ("fewer", n.fewer, n.fewer_low, n.fewer_high)
    if n.through_infinity:
        ends = f"{_people(n.more_low)} for one more, through no difference, to {_people(n.fewer_low)} for one fewer"
    else:
        ends = f"{_people(low)} to {_people(high)}"
    return f"{_people(of)} treated for one {side} ({ends})"


@dataclass(frozen=True)
class AbsoluteRisks:
    """Risks at a stated control risk, as shares of 1, and the number needed."""

    control: float
    treated: float
    treated_low: float
    treated_high: float
    difference: float
    difference_low: float
    difference_high: float
    number_needed: NumberNeeded


def absolute_risks(measure: str, estimate: float, low: float, high: float, control_risk: float) -> AbsoluteRisks:
    """What a relative effect means at a control risk.

    Parameters
    ----------
    measure : {'OR', 'PETO', 'RR', 'RD'}
    estimate, low, high : float
        On the display scale: ratios, or a difference of shares.
    control_risk : float
        As a share of 1. It is taken as known, so that the interval is that of the effect (Cochrane Handbook 14.1.5).

    Raises
    ------
    ConfigError, DataError
        Another measure; a risk outside 0 to 1.

    Examples
    --------
    >>> found = absolute_risks("OR", 0.73, 0.5, 1.05, 0.24)
    >>> round(1000 * found.treated), str(found.number_needed)
    (187, '19 treated for one fewer (111 for one more, through no difference, to 9.6 for one fewer)')
    """
    if measure not in MOVED:
        raise ConfigError(f"measure = {measure!r} moves no risk. Allowed: {', '.join(MOVED)}.")
    if not 0 < control_risk < 1:
        raise DataError(f"control_risk = {control_risk!r} must lie between 0 and 1 (0.2 for 20 of 100).")
    treated, bottom, top = (MOVED[measure](control_risk, x) for x in (estimate, low, high))
    differences = (treated - control_risk, bottom - control_risk, top - control_risk)
    return AbsoluteRisks(control_risk, treated, bottom, top, *differences, number_needed(*differences))
