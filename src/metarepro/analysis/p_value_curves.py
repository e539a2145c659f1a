"""P-value functions of an analysis: of each study, of the pooled estimate and of its prediction, as it reports them.

Each follows the method of the interval that the forest plot prints and goes through its ends; where a method is not
known, the function is drawn through the printed ends and says so.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from metarepro.analysis.result import AnalysisResult, StudyEffect
from metarepro.effects import from_display, to_display
from metarepro.errors import ConfigError, DataError
from metarepro.pooling.kernel import Array
from metarepro.pooling.p_value_function import limits_at, limits_through, profile_limits_at, score_limits_at
from metarepro.pooling.result_parts import BAYES, MULTILEVEL

# Curves and printed limits that differ by more than this share of the interval are not of one method.
SAME = 1e-6
NORMAL, SCORE, THROUGH = "normal", "Wilson score", "through the printed interval"


@dataclass(frozen=True)
class PValueCurve:
    """A p-value function by its nested limits on the display scale, and how they were made.

    Attributes
    ----------
    p : ndarray
        P-values, rising to 1.
    low, high : ndarray
        Confidence limits at the levels 1 - p.
    method : str
    """

    p: Array
    low: Array
    high: Array
    method: str

    def limits(self, level: float) -> tuple[float, float]:
        """The limits at a level that is one of the curve's."""
        at = int(np.abs(self.p - (1 - level)).argmin())
        return float(self.low[at]), float(self.high[at])


def p_grid(level: float, points: int = 60, least: float = 5e-4) -> Array:
    """P-values to draw a curve by: equally spaced in their normal quantiles, with 1 - level and 1 among them."""
    from scipy.special import ndtr, ndtri

    z = np.linspace(0, -float(ndtri(least / 2)), points)
    return np.unique(np.concatenate([2 * ndtr(-z), [1 - level, 1.0]]))


def study_curve(study: StudyEffect, measure: str, level: float, p: Array) -> PValueCurve:
    """P-value function of one study.

    A study's own normal interval gives a normal test on the working scale; Wilson's interval the score test of its
    counts. Any other printed interval is passed through (`limits_through`).

    Raises
    ------
    DataError
        When the study has no estimate with a finite interval.
    """
    shown = (study.estimate, study.ci_low, study.ci_high)
    if not (study.estimable and math.isfinite(study.estimate)):
        raise DataError(f"{study.label!r} has no estimate with an interval, so it has no p-value function.")
    if study.ci_method == "Wilson" and {"e", "n"} <= set(study.inputs):
        curve = PValueCurve(p, *score_limits_at(p, study.inputs["e"], study.inputs["n"]), SCORE)
    elif study.ci_method == "normal" and math.isfinite(study.se) and study.se > 0:
        curve = _displayed(measure, p, *limits_at(p, study.yi, study.se), NORMAL)
    else:
        curve = None
    if curve is not None and _agrees(curve, level, study.ci_low, study.ci_high):
        return curve
    if not all(math.isfinite(x) for x in shown):
        raise DataError(f"{study.label!r} has no finite interval, so it has no p-value function.")
    estimate, low, high = (from_display(measure, x) for x in shown)
    return _displayed(measure, p, *limits_through(p, estimate, low, high, level), THROUGH)


def pooled_curve(result: AnalysisResult, p: Array) -> PValueCurve:
    """P-value function of the pooled estimate, by the method and the degrees of freedom of its interval.

    Of a single study it is the study's own.

    Raises
    ------
    ConfigError
        When the interval is of a method that has no p-value function here (compounded rates).
    DataError
        When nothing is pooled, or the estimate or its standard error is not finite or is 0.
    """
    s = result.summary
    used = [x for x in result.studies if x.estimable]
    if s is None or not used:
        raise DataError(f"{result.title!r} has no study with a usable number, so there is no p-value function.")
    if result.combine == "compound":
        raise ConfigError("Compounded rates have no p-value function: their steps do not estimate one effect.")
    if s.model == BAYES:
        raise ConfigError("A Bayesian result has no p-value function.")
    if s.k == 1 and len(used) == 1:
        return study_curve(used[0], result.measure, s.level, p)
    if s.method.by_profile:
        counts = [[x.inputs[name] for x in used] for name in ("e", "n")]
        curve = _displayed(result.measure, p, *profile_limits_at(p, counts[0], counts[1], s.df), "profile likelihood")
    else:
        words = "normal" if math.isnan(s.df) else f"t, {s.df:g} df"
        curve = _displayed(result.measure, p, *limits_at(p, s.beta, s.se, s.df), words)
    if not _agrees(curve, s.level, s.ci_low, s.ci_high):
        raise DataError(
            f"The interval of {result.title!r}, {s.ci_low:g} to {s.ci_high:g}, is not the one that its estimate, "
            f"standard error and method ({s.ci_method}) give. Fix: compute the result anew."
        )
    return curve


def prediction_curve(result: AnalysisResult, p: Array) -> PValueCurve | None:
    """Nested prediction intervals of a new study's true effect; None where there are none or only one (bootstrap)."""
    s = result.summary
    if s is None or s.k < 2 or not (math.isfinite(s.pi_low) and math.isfinite(s.pi_high)):
        return None
    if s.pi_method in ("NNF", "posterior") or s.model == MULTILEVEL:
        return None
    words = "normal" if math.isnan(s.pi_df) else f"t, {s.pi_df:g} df"
    spread = math.sqrt(s.tau2 + s.se**2)
    curve = _displayed(result.measure, p, *limits_at(p, s.beta, spread, s.pi_df), words)
    if not _agrees(curve, s.level, s.pi_low, s.pi_high):
        raise DataError(
            f"The prediction interval of {result.title!r} is not the one that its method ({s.pi_method}) gives. "
            "Fix: compute the result anew."
        )
    return curve


def _displayed(measure: str, p: Array, low: Array, high: Array, method: str) -> PValueCurve:
    return PValueCurve(p, to_display(measure, low), to_display(measure, high), method)


def _agrees(curve: PValueCurve, level: float, low: float, high: float) -> bool:
    ends: Sequence[float] = curve.limits(level)
    size = max(abs(high - low), abs(high) * SAME, abs(low) * SAME)
    return all(a == b or abs(a - b) <= SAME * size for a, b in zip(ends, (low, high), strict=True))
