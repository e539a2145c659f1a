"""The axis of a forest plot: which estimates decide it, and which lie so far out that they become arrows."""

from __future__ import annotations

import math
from statistics import median

from metarepro.analysis.result import AnalysisResult
from metarepro.effects import Measure
from metarepro.figures.page.axes import Axis, make_axis
from metarepro.figures.page.panel import FARTHEST, OUTLYING

Values = tuple[float, float, float]


def forest_axis(result: AnalysisResult, measure: Measure) -> Axis:
    """The axis: all estimates and most intervals; an estimate so far out that all others would merge has an arrow."""
    studies = [(s.estimate, s.ci_low, s.ci_high) for s in result.studies if s.estimable]
    s = result.summary
    pooled = [(s.estimate, s.ci_low, s.ci_high)] if s is not None and s.k > 1 else []
    # Printed values stand as marks of their own, so they need room as well.
    printed = [(r.estimate, math.nan, math.nan) for r in result.references]
    values = [*not_outlying(measure, [*studies, *pooled]), *printed]
    return make_axis(measure, [v[0] for v in values], [v[1] for v in values], [v[2] for v in values])


def not_outlying(measure: Measure, values: list[Values]) -> list[Values]:
    """Values whose estimate is not so far from the others that they could not be told apart on one axis."""
    known = [(v, w) for v in values if (w := _working(measure, v)) is not None]
    if len(known) < 3:
        return [v for v, _ in known]
    middle = median(w[0] for _, w in known)
    # What is typical: how far estimates are from the middle, or half an interval, whichever is more.
    typical = median(max(abs(w[0] - middle), w[1]) for _, w in known)
    typical = max(typical, math.log(1.5) if measure.ratio else 1e-12 * abs(middle))
    return [v for v, w in known if abs(w[0] - middle) <= OUTLYING * typical] if typical > 0 else [v for v, _ in known]


def _working(measure: Measure, value: Values) -> tuple[float, float] | None:
    """Estimate and half its interval on the scale of the axis; nothing for what no axis can hold."""
    ends = [v if not measure.ratio else math.log(v) if v > 0 else -math.inf for v in value]
    if not math.isfinite(ends[0]) or abs(value[0]) > FARTHEST:
        return None
    half = (ends[2] - ends[1]) / 2
    return ends[0], half if math.isfinite(half) else 0.0
