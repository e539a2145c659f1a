"""What a drapery plot shows of an analysis: p-value functions of its studies, its pooled estimate, other models."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from metarepro.analysis.decimals import measure_of
from metarepro.analysis.p_value_curves import PValueCurve, p_grid, pooled_curve, prediction_curve, study_curve
from metarepro.analysis.result import AnalysisResult, StudyEffect, Summary
from metarepro.analysis.scale_limits import limits_of_scale
from metarepro.effects import Measure
from metarepro.errors import ConfigError, DataError

MOST_MODELS = 3
# The least p that is drawn: below it a curve is on the axis.
LEAST = 4e-3
FEW, POINTS_FEW, POINTS_MANY, POINTS_PROFILE = 60, 60, 30, 30


@dataclass(frozen=True)
class DraperyNumbers:
    """Curves of a drapery plot, on the display scale.

    Attributes
    ----------
    studies : tuple of (StudyEffect, PValueCurve)
        By their estimates, smallest first.
    lost : tuple of StudyEffect
        Studies without an estimate with an interval.
    pooled, prediction : PValueCurve or None
        No prediction where there is none, or only one interval (bootstrap).
    models : tuple of (Summary, PValueCurve)
        Of further fits.
    """

    measure: Measure
    summary: Summary
    studies: tuple[tuple[StudyEffect, PValueCurve], ...]
    lost: tuple[StudyEffect, ...]
    pooled: PValueCurve
    prediction: PValueCurve | None
    models: tuple[tuple[Summary, PValueCurve], ...]

    @property
    def level(self) -> float:
        """Level of the intervals."""
        return self.summary.level


def drapery_numbers(result: AnalysisResult, models: Sequence[AnalysisResult]) -> DraperyNumbers:
    """Compute the curves; see `metarepro.figures.drapery` for what is refused."""
    if len(models) > MOST_MODELS:
        raise ConfigError(
            f"models has {len(models)} fits; more than {MOST_MODELS} cannot be told apart. Fix: drop some."
        )
    s = result.summary
    if s is None or not result.studies:
        raise DataError(f"{result.title!r} has no drapery plot: no study has a usable number.")
    measure = measure_of(result)
    used = [x for x in result.studies if _usable(x, measure)]
    low, high = limits_of_scale(measure)
    if not used or not (math.isfinite(s.estimate) and low <= s.estimate <= high):
        raise DataError(
            f"{result.title!r} has no drapery plot: it needs studies with an estimate and a standard error, and a "
            f"pooled estimate that its scale can show; usable studies: {len(used)}, pooled: {s.estimate:g}."
        )
    p = p_grid(s.level, POINTS_FEW if len(used) <= FEW else POINTS_MANY, LEAST)
    pooled = pooled_curve(result, p_grid(s.level, POINTS_PROFILE, LEAST) if s.method.by_profile else p)
    further = []
    for model in models:
        if model.measure != result.measure or model.summary is None or model.summary.level != s.level:
            raise ConfigError(
                f"A further model is of {model.measure}, not {result.measure}, or has another level than "
                f"{100 * s.level:g}%. Fix: fit the same studies with the same measure and level."
            )
        further.append((model.summary, pooled_curve(model, p)))
    curves = sorted(((x, study_curve(x, result.measure, s.level, p)) for x in used), key=lambda pair: pair[0].estimate)
    lost = tuple(x for x in result.studies if x not in used)
    return DraperyNumbers(measure, s, tuple(curves), lost, pooled, prediction_curve(result, p), tuple(further))


def _usable(study: StudyEffect, measure: Measure) -> bool:
    low, high = limits_of_scale(measure)
    known = math.isfinite(study.estimate) and (study.se > 0 or math.isfinite(study.ci_low + study.ci_high))
    return study.estimable and known and low <= study.estimate <= high
