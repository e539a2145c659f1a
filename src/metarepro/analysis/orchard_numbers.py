"""Numbers of an orchard plot: effects of all studies by group, with the pooled effect of each group."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from metarepro.analysis.decimals import decimals_for, measure_of
from metarepro.analysis.result import AnalysisResult, StudyEffect, Summary
from metarepro.effects import Measure
from metarepro.errors import DataError

# Fewer studies than this are a forest plot.
LEAST = 5


@dataclass(frozen=True)
class OrchardPoint:
    """A study: its effect on the display scale, and one over its standard error on the working scale."""

    label: str
    estimate: float
    precision: float


@dataclass(frozen=True)
class OrchardGroup:
    """A group of studies: pooled effect, confidence and prediction interval (NaN where there is none), its studies."""

    label: str
    k: int
    pooled: tuple[float, float, float]
    predicted: tuple[float, float]
    points: tuple[OrchardPoint, ...]


@dataclass(frozen=True)
class OrchardNumbers:
    """Groups of an orchard plot; one of all studies where there are no subgroups."""

    measure: Measure
    level: float
    groups: tuple[OrchardGroup, ...]
    lost: int


def orchard_numbers(result: AnalysisResult) -> OrchardNumbers:
    """Numbers of an orchard plot; see `metarepro.figures.orchard` for what is refused."""
    s = result.summary
    used = [x for x in result.studies if x.estimable and math.isfinite(x.estimate) and x.se > 0]
    if s is None or not math.isfinite(s.beta) or len(used) < LEAST:
        raise DataError(
            f"{result.title!r} has no orchard plot: it needs a pooled effect and {LEAST} studies. Fix: a forest plot."
        )
    if result.subgroups:
        groups = [_group(g.label, g.summary, [x for x in used if x.group == g.group]) for g in result.subgroups]
    else:
        groups = [_group("All studies", s, used)]
    info = measure_of(result)
    decimals = decimals_for(info, [g.pooled for g in groups])
    return OrchardNumbers(replace(info, decimals=decimals), s.level, tuple(groups), len(result.studies) - len(used))


def _group(label: str, s: Summary, studies: list[StudyEffect]) -> OrchardGroup:
    points = tuple(OrchardPoint(x.label, x.estimate, 1 / x.se) for x in studies)
    return OrchardGroup(label, s.k, (s.estimate, s.ci_low, s.ci_high), (s.pi_low, s.pi_high), points)
