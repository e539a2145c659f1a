"""What the forest plot and the rows of the page share: the axis of an analysis, and the size of its squares."""

from __future__ import annotations

import math
from collections.abc import Iterable

from metarepro.analysis.result import AnalysisResult
from metarepro.effects import Measure
from metarepro.figures.page.axes import Axis, make_axis
from metarepro.figures.page.panel import not_outlying

# How far beyond the axis, as a share of it, the end of a prediction interval is brought in.
HAIR = 0.15


def forest_axis(result: AnalysisResult, measure: Measure) -> Axis:
    """The axis: all estimates and most intervals; an estimate so far out that all others would merge has an arrow."""
    studies = [(s.estimate, s.ci_low, s.ci_high) for s in result.studies if s.estimable]
    s = result.summary
    pooled = [(s.estimate, s.ci_low, s.ci_high)] if s is not None and s.k > 1 else []
    # Printed values stand as marks of their own, so they need room as well.
    printed = [(r.estimate, math.nan, math.nan) for r in result.references]
    values = [*not_outlying(measure, [*studies, *pooled]), *printed]
    axis = make_axis(measure, values)
    if s is None or not math.isfinite(s.pi_low):
        return axis
    # A prediction interval that is cut by a hair reads as if it ended there.
    nearly = [v for v in (s.pi_low, s.pi_high) if axis.beyond(v) and -HAIR <= axis.share(v) <= 1 + HAIR]
    return make_axis(measure, [*values, *((v, v, v) for v in nearly)]) if nearly else axis


def heaviest_of(weights: Iterable[float]) -> float:
    """The largest weight, by which squares are scaled; 1 where none has any."""
    return max((w for w in weights if math.isfinite(w)), default=0.0) or 1.0


def side_of_square(weight: float, heaviest: float, largest: float) -> float:
    """Side of a square whose area is by weight; `largest` is that of the heaviest."""
    return largest * math.sqrt((weight if 0 < weight < math.inf else 0.0) / heaviest)
