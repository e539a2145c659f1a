"""What a funnel plot shows: which studies, on which axes, between which lines. No drawing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from scipy.special import ndtri

from metarepro.analysis.result import AnalysisResult, StudyEffect, Summary
from metarepro.effects import Measure, from_display, get_measure
from metarepro.errors import ConfigError, DataError
from metarepro.figures.page.axes import Axis
from metarepro.figures.page.value_axes import near, plain_axis, working_axis, working_limits
from metarepro.pooling.p_value_function import p_values_of

# Studies below which a funnel plot and tests of its asymmetry say little (Sterne et al. 2011).
ENOUGH = 10
MOST_CONTOURS = 4
# The value of no effect is shown when the axis does not get so many times longer by it.
LONGER = 8.0
PAD = 0.05


@dataclass(frozen=True)
class FunnelPoint:
    """A study: its effect and standard error on the working scale, p of no effect, and where it lies."""

    study: StudyEffect
    p_value: float
    within_limits: bool
    shown: bool


@dataclass(frozen=True)
class FunnelPlan:
    """Everything that a funnel plot draws, on the working scale.

    Attributes
    ----------
    measure : Measure
    summary : Summary
        The model of the forest plot: its estimate is in the middle of the pseudo limits.
    points : tuple of FunnelPoint
        Studies with an effect and a standard error.
    lost : tuple of StudyEffect
        Those without.
    x_axis, y_axis : Axis
        Effect on the working scale with display values as ticks; standard error.
    null : float or None
        No effect, where the measure has such a value.
    null_shown : bool
    contours : tuple of (float, float)
        P-value and normal quantile of each boundary of significance, the innermost first; none without `null`.
    quantile : float
        Of the pseudo limits.
    """

    measure: Measure
    summary: Summary
    points: tuple[FunnelPoint, ...]
    lost: tuple[StudyEffect, ...]
    x_axis: Axis
    y_axis: Axis
    null: float | None
    null_shown: bool
    contours: tuple[tuple[float, float], ...]
    quantile: float

    def limits(self, se: float) -> tuple[float, float]:
        """Pseudo limits at a standard error."""
        return self.summary.beta - self.quantile * se, self.summary.beta + self.quantile * se


def plan_funnel(
    result: AnalysisResult, contours: Sequence[float], minimum: int, width: float, height: float
) -> FunnelPlan:
    """Choose studies, axes and lines; see `funnel` for what is refused."""
    _check_options(contours, minimum)
    if result.combine == "compound":
        raise ConfigError(f"{result.title!r} has no funnel plot: its steps are compounded and estimate no one effect.")
    used = [s for s in result.studies if s.estimable and math.isfinite(s.yi) and math.isfinite(s.se) and s.se > 0]
    lost = [s for s in result.studies if s not in used]
    summary, k = result.summary, len(used)
    if not used or summary is None or not math.isfinite(summary.beta):
        raise DataError(
            f"{result.title!r} has no funnel plot: it needs studies with an effect and a standard error, and a finite "
            f"pooled estimate; usable studies: {k}."
        )
    if k < minimum:
        raise ConfigError(
            f"Funnel plot of {result.title!r} not drawn: k = {k} studies, fewer than {minimum}. With so few a funnel "
            "plot and tests of its asymmetry cannot tell bias from chance (doi:10.1136/bmj.d4002). Fix: leave it out, "
            f"or set minimum={k} to draw it with a note that says so."
        )
    measure = get_measure(result.measure)
    null = None if measure.null is None else float(from_display(result.measure, measure.null))
    quantile = float(ndtri((1 + summary.level) / 2))
    middle = sorted(s.se for s in used)[k // 2]
    shown = [a and b for a, b in zip(near([s.yi for s in used], middle), _not_too_wide(used), strict=True)]
    if not any(shown):
        shown = [True] * k
    widest = max(s.se for s, ok in zip(used, shown, strict=True) if ok) * (1 + PAD)
    effects = [s.yi for s, ok in zip(used, shown, strict=True) if ok]
    ends = [summary.beta - quantile * widest, summary.beta + quantile * widest, *effects]
    low, high = min(ends), max(ends)
    null_shown = null is not None and max(high, null) - min(low, null) <= LONGER * (high - low)
    if null is not None and null_shown:
        low, high = min(low, null), max(high, null)
    pad = PAD * (high - low)
    levels = (
        tuple((round(1 - level, 12), float(ndtri((1 + level) / 2))) for level in contours) if null is not None else ()
    )
    scale = working_limits(measure)
    if not scale[0] <= summary.beta <= scale[1]:
        raise DataError(
            f"{result.title!r} has no funnel plot: its pooled estimate, {summary.beta:g} on the working scale, lies "
            "beyond what the scale can show. Fix: look at the effects and their measure."
        )
    x_axis = working_axis(measure, low - pad, high + pad, width)
    points = tuple(
        _point(s, summary, null, quantile, ok and x_axis.low <= s.yi <= x_axis.high)
        for s, ok in zip(used, shown, strict=True)
    )
    return FunnelPlan(
        measure, summary, points, tuple(lost), x_axis,
        plain_axis(0.0, widest, height, upright=True), null, null_shown, levels, quantile,
    )  # fmt: skip


def _point(study: StudyEffect, summary: Summary, null: float | None, quantile: float, shown: bool) -> FunnelPoint:
    p = math.nan if null is None else float(p_values_of(null, study.yi, study.se))
    return FunnelPoint(study, p, abs(study.yi - summary.beta) <= quantile * study.se, shown)


def _not_too_wide(used: Sequence[StudyEffect]) -> list[bool]:
    """Standard errors far above the others are kept from flattening the plot."""
    typical = sorted(s.se for s in used)[len(used) // 2]
    return [s.se <= 12 * typical for s in used]


def _check_options(contours: Sequence[float], minimum: int) -> None:
    if isinstance(minimum, bool) or not isinstance(minimum, int) or minimum < 1:
        raise ConfigError(f"minimum = {minimum!r} must be a whole number, 1 or more (10 is usual).")
    levels = list(contours)
    numbers = all(isinstance(c, int | float) and not isinstance(c, bool) and 0 < c < 1 for c in levels)
    if not numbers or levels != sorted(set(levels)) or len(levels) > MOST_CONTOURS:
        raise ConfigError(
            f"contours = {tuple(levels)!r} must be up to {MOST_CONTOURS} rising levels between 0 and 1, such as "
            "(0.90, 0.95, 0.99), or () for none."
        )
