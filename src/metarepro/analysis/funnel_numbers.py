"""What a funnel plot shows of an analysis: its studies, the boundaries of significance, the pseudo limits."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from metarepro.analysis.decimals import measure_of
from metarepro.analysis.result import AnalysisResult, StudyEffect, Summary
from metarepro.analysis.scale_limits import working_limits
from metarepro.effects import Measure, from_display, to_display
from metarepro.errors import ConfigError, DataError
from metarepro.pooling.method_codes import ESTIMATORS
from metarepro.pooling.p_value_function import p_values_of
from metarepro.robustness.asymmetry import egger
from metarepro.robustness.trim_and_fill import trim_and_fill

MOST_CONTOURS = 4


@dataclass(frozen=True)
class FunnelPoint:
    """A study, the p-value of its own normal test of no effect, and whether it lies within the pseudo limits."""

    study: StudyEffect
    p_value: float
    within_limits: bool


@dataclass(frozen=True)
class Filled:
    """Studies that trim and fill puts in (effect and standard error), and the pooled effect with them, displayed."""

    studies: tuple[tuple[float, float], ...]
    side: str
    beta: float
    pooled: tuple[float, float, float]


@dataclass(frozen=True)
class RegressionLine:
    """Egger's regression: the effect at a standard error of 0, what each unit of it adds, and the p-value of that."""

    limit: float
    slope: float
    p_value: float


@dataclass(frozen=True)
class FunnelNumbers:
    """Numbers of a funnel plot, on the working scale.

    Attributes
    ----------
    summary : Summary
        The model of the forest plot: its estimate is in the middle of the pseudo limits.
    points, lost : tuple
        Studies with an effect and a standard error, and those without.
    null : float or None
        No effect, where the measure has such a value.
    contours : tuple of (float, float)
        P-value and normal quantile of each boundary of significance, the innermost first; none without `null`.
    quantile : float
        Of the pseudo limits.
    filled : Filled, optional
    line : RegressionLine, optional
    """

    measure: Measure
    summary: Summary
    points: tuple[FunnelPoint, ...]
    lost: tuple[StudyEffect, ...]
    null: float | None
    contours: tuple[tuple[float, float], ...]
    quantile: float
    filled: Filled | None = None
    line: RegressionLine | None = None


def funnel_numbers(
    result: AnalysisResult, contours: Sequence[float], minimum: int, filled: bool = False, regression: bool = False
) -> FunnelNumbers:
    """Numbers of a funnel plot; see `metarepro.figures.funnel` for what is refused."""
    _check_options(contours, minimum)
    if result.combine == "compound":
        raise ConfigError(f"{result.title!r} has no funnel plot: its steps are compounded and estimate no one effect.")
    used = [s for s in result.studies if s.estimable and math.isfinite(s.yi) and math.isfinite(s.se) and s.se > 0]
    lost = tuple(s for s in result.studies if s not in used)
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
    measure = measure_of(result)
    low, high = working_limits(measure)
    if not low <= summary.beta <= high:
        raise DataError(
            f"{result.title!r} has no funnel plot: its pooled estimate, {summary.beta:g} on the working scale, lies "
            "beyond what the scale can show. Fix: look at the effects and their measure."
        )
    null = None if measure.null is None else float(from_display(result.measure, measure.null))
    quantile = float(ndtri((1 + summary.level) / 2))
    levels = () if null is None else tuple((round(1 - c, 12), float(ndtri((1 + c) / 2))) for c in contours)
    points = tuple(
        FunnelPoint(
            s, math.nan if null is None else float(p_values_of(null, s.yi, s.se)),
            abs(s.yi - summary.beta) <= quantile * s.se,
        )
        for s in used
    )  # fmt: skip
    return FunnelNumbers(
        measure, summary, points, lost, null, levels, quantile,
        _filled(result, used) if filled else None, _line(used) if regression else None,
    )  # fmt: skip


def _filled(result: AnalysisResult, used: Sequence[StudyEffect]) -> Filled:
    assert result.summary is not None
    method = result.summary.tau2_method
    found = trim_and_fill([s.yi for s in used], [s.vi for s in used], tau2=method if method in ESTIMATORS else "REML")
    added = zip(found.yi[len(used) :].tolist(), np.sqrt(found.vi[len(used) :]).tolist(), strict=True)
    fit = found.fit
    shown = [float(to_display(result.measure, v)) for v in (fit.beta, fit.ci_low, fit.ci_high)]
    return Filled(tuple(added), found.side, float(fit.beta), (shown[0], shown[1], shown[2]))


def _line(used: Sequence[StudyEffect]) -> RegressionLine:
    if len(used) < 3:
        raise DataError(f"A regression line needs at least three studies; there are {len(used)}.")
    found = egger([s.yi for s in used], [s.vi for s in used])
    return RegressionLine(found.limit, found.intercept, found.p_value)


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
