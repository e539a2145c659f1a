"""How many decimals the numbers of a result are printed with: one count for all, so that columns can be read down."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace

from metarepro.analysis.result import AnalysisResult, StudyEffect
from metarepro.effects import Measure, get_measure

# An interval narrower than this many units of the last decimal is mostly rounding.
LEAST_UNITS = 4.0
# Further decimals are given at most; and only while no interval gets wider than this many units.
MOST_FURTHER, MOST_UNITS = 6, 2000.0
Numbers = tuple[float, float, float]


def decimals_for(measure: Measure, rows: Iterable[Numbers], pooled: Numbers | None = None) -> int:
    """Decimals of a column of estimates with their intervals, on the display scale.

    Those of the measure, unless an interval is so narrow that its ends would hardly differ, or that of the pooled
    effect excludes no effect and would print as if it ended there. The data bear so many: a further decimal follows the
    width of an interval.
    """
    needed = [_needed(measure, row) for row in rows]
    return max(needed + ([_needed(measure, pooled, main=True)] if pooled else []), default=measure.decimals)


def _needed(measure: Measure, row: Numbers, main: bool = False) -> int:
    usual = measure.decimals
    if not all(map(math.isfinite, row)):
        return usual
    scale = 100.0 if measure.percent else 1.0
    estimate, low, high = (scale * x for x in row)
    width = high - low
    # The tails of ratios are named, not printed as 0.
    if not width > 0 or (measure.ratio and high < 0.5 * 10.0**-usual):
        return usual
    choices = range(usual, usual + MOST_FURTHER + 1)
    fine = next((d for d in choices if width * 10**d >= LEAST_UNITS), choices[-1])
    if not main or measure.null is None or low <= scale * measure.null <= high:
        return fine
    null = scale * measure.null
    for decimals in choices[fine - usual :]:
        if width * 10**decimals > MOST_UNITS:
            break
        if all(round(x, decimals) != round(null, decimals) for x in (estimate, low, high)):
            return decimals
    return fine


def measure_of(result: AnalysisResult) -> Measure:
    """The measure of a result, with the decimals that its numbers are printed with everywhere."""
    measure = get_measure(result.measure)
    s = result.summary
    main = None if s is None else (s.estimate, s.ci_low, s.ci_high)
    pooled = [*(g.summary for g in result.subgroups), *(x.summary for x in result.sensitivity)]
    rows = [(s.estimate, s.ci_low, s.ci_high) for s in result.studies if s.estimable]
    rows += [(s.estimate, s.ci_low, s.ci_high) for s in pooled if s is not None]
    return replace(measure, decimals=decimals_for(measure, rows, main))


def decimals_of_means(studies: Iterable[StudyEffect]) -> int:
    """Decimals of means and SDs: one, or as many as give the smallest SD two digits."""
    sds = [s.inputs[name] for s in studies for name in ("sd1", "sd2") if s.inputs.get(name, 0) > 0]
    least = min(sds, default=1.0)
    return min(max(1, 1 - math.floor(math.log10(least))), 6) if math.isfinite(least) else 1
