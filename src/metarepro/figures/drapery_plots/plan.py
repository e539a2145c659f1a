"""What a drapery plot shows: the p-value functions and the axis that holds them. No drawing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from metarepro.analysis.p_value_curves import PValueCurve, p_grid, pooled_curve, prediction_curve, study_curve
from metarepro.analysis.result import AnalysisResult, StudyEffect
from metarepro.effects import Measure, get_measure
from metarepro.errors import ConfigError, DataError
from metarepro.figures.page.axes import Axis
from metarepro.figures.page.value_axes import display_axis, limits_of_scale, near

MOST_MODELS = 3
# The least p that is drawn: below it a curve is on the axis.
LEAST = 4e-3
PAD = 0.07
# How far beyond the estimates the limits of studies stretch the axis, in widths of what the estimates span.
REACH = 0.75
FEW, POINTS_FEW, POINTS_MANY, POINTS_PROFILE = 60, 60, 30, 30


@dataclass(frozen=True)
class DraperyPlan:
    """Everything that a drapery plot draws, on the display scale.

    Attributes
    ----------
    studies : tuple of (StudyEffect, PValueCurve)
        By their estimates, smallest first.
    lost : tuple of StudyEffect
        Studies without an estimate with an interval.
    pooled, prediction : PValueCurve or None
        No prediction where there is none, or only one interval (bootstrap).
    models : tuple of (AnalysisResult, PValueCurve)
    axis : Axis
    beyond : tuple of StudyEffect
        Those whose estimate lies outside the axis.
    null : float or None
    level : float
    """

    measure: Measure
    studies: tuple[tuple[StudyEffect, PValueCurve], ...]
    lost: tuple[StudyEffect, ...]
    pooled: PValueCurve
    prediction: PValueCurve | None
    models: tuple[tuple[AnalysisResult, PValueCurve], ...]
    axis: Axis
    beyond: tuple[StudyEffect, ...]
    null: float | None
    level: float


def plan_drapery(result: AnalysisResult, models: Sequence[AnalysisResult], width: float) -> DraperyPlan:
    """Compute the curves and choose the axis; see `drapery` for what is refused."""
    if len(models) > MOST_MODELS:
        raise ConfigError(
            f"models has {len(models)} fits; more than {MOST_MODELS} cannot be told apart. Fix: drop some."
        )
    s = result.summary
    if s is None or not result.studies:
        raise DataError(f"{result.title!r} has no drapery plot: no study has a usable number.")
    measure = get_measure(result.measure)
    used = [x for x in result.studies if _usable(x, measure)]
    low, high = limits_of_scale(measure)
    if not used or not (math.isfinite(s.estimate) and low <= s.estimate <= high):
        raise DataError(
            f"{result.title!r} has no drapery plot: it needs studies with an estimate and a standard error, and a "
            f"pooled estimate that its scale can show; usable studies: {len(used)}, pooled: {s.estimate:g}."
        )
    p = p_grid(s.level, POINTS_FEW if len(used) <= FEW else POINTS_MANY, LEAST)
    pooled = pooled_curve(result, p_grid(s.level, POINTS_PROFILE, LEAST) if s.ci_method == "PL" else p)
    for model in models:
        if model.measure != result.measure or model.summary is None or model.summary.level != s.level:
            raise ConfigError(
                f"A further model is of {model.measure}, not {result.measure}, or has another level than "
                f"{100 * s.level:g}%. Fix: fit the same studies with the same measure and level."
            )
    curves = sorted(((x, study_curve(x, result.measure, s.level, p)) for x in used), key=lambda pair: pair[0].estimate)
    axis = _axis(result, measure, used, width)
    lost = tuple(x for x in result.studies if not _usable(x, measure))
    beyond = tuple(x for x in used if not 0 <= axis.position(x.estimate) <= 1)
    return DraperyPlan(
        measure, tuple(curves), lost, pooled, prediction_curve(result, p),
        tuple((m, pooled_curve(m, p)) for m in models), axis, beyond, measure.null, s.level,
    )  # fmt: skip


def _usable(study: StudyEffect, measure: Measure) -> bool:
    low, high = limits_of_scale(measure)
    known = math.isfinite(study.estimate) and (study.se > 0 or math.isfinite(study.ci_low + study.ci_high))
    return study.estimable and known and low <= study.estimate <= high


def _axis(result: AnalysisResult, measure: Measure, used: Sequence[StudyEffect], width: float) -> Axis:
    """All estimates that are near the others, the pooled interval, no effect, and most of the studies' intervals."""
    s = result.summary
    assert s is not None

    def place(x: float) -> float:
        if not measure.ratio or not math.isfinite(x):
            return x
        return math.log(x) if x > 0 else -math.inf

    def back(x: float) -> float:
        return math.exp(x) if measure.ratio else x

    halves = [0.5 * (place(x.ci_high) - place(x.ci_low)) for x in used]
    unit = median([h for h in halves if math.isfinite(h)] or [1.0])
    estimates = [place(x.estimate) for x in used]
    kept = [e for e, ok in zip(estimates, near(estimates, unit), strict=True) if ok]
    core = [*kept, place(s.estimate)]
    span = max(max(core) - min(core), 2 * unit)
    floor, ceiling = min(core) - REACH * span, max(core) + REACH * span
    wanted = [s.ci_low, s.ci_high, s.pi_low, s.pi_high, *(e for x in used for e in (x.ci_low, x.ci_high))]
    ends = [min(max(place(e), floor), ceiling) for e in wanted if not math.isnan(e)]
    low, high = min([*core, *ends]), max([*core, *ends])
    if measure.null is not None:
        # No effect belongs to the picture unless everything else would shrink to a line.
        null = place(measure.null)
        if max(high, null) - min(low, null) <= 8 * (high - low):
            low, high = min(low, null), max(high, null)
    pad = PAD * ((high - low) or 1.0)
    low, high = back(low - pad), back(high + pad)
    scale = limits_of_scale(measure)
    return display_axis(measure, max(low, scale[0]), min(high, scale[1]), width)
