"""How long: shares of patients by time on a log axis, arms of trials and pooled shares."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from markupsafe import Markup

from metarepro.analysis.decimals import measure_of
from metarepro.analysis.result import FEW, AnalysisResult
from metarepro.report.anchors import anchor_of
from metarepro.report.words import Reader, effect, people, used_studies, values_of

TOP, BOTTOM, LEFT, RIGHT = 16.0, 240.0, 8.0, 98.0
TICKS = ((2 / 3, "40 min"), (4.0, "4 h"), (24.0, "1 day"), (72.0, "3 days"), (168.0, "7 days"), (336.0, "2 weeks"),
          (672.0, "4 weeks"), (2016.0, "12 weeks"), (8766.0, "1 year"))  # fmt: skip


@dataclass(frozen=True)
class _Point:
    study: str
    arm: str
    control: bool
    hours: float
    events: float
    total: float

    @property
    def share(self) -> float:
        return self.events / self.total


def time_view(results: Sequence[AnalysisResult], reader: Reader) -> dict[str, Any] | None:
    """What the template shows of the course over time; None where fewer than two pooled shares of one outcome exist."""
    rates = [r for r in results if _is_share(r) and _pooled(r) and _middle(r) is not None]
    groups = Counter((r.section, r.outcome, r.experimental_label) for r in rates)
    best = [key for key, n in groups.most_common(1) if n > 1]
    if not best:
        return None
    _, outcome, agent = best[0]
    pooled = sorted(
        (r for r in rates if (r.section, r.outcome, r.experimental_label) == best[0]), key=lambda r: _middle(r) or 0.0
    )
    points = _points(pooled, [r for r in results if r.outcome == outcome and r.control_label], agent)
    if len(pooled) < 2 or not points:
        return None
    hours = [*(p.hours for p in points), *(h for r in pooled if (h := _middle(r)))]
    low, high = math.log(min(hours)), math.log(max(hours))
    pad = 0.06 * (high - low or 1.0)
    span = (low - pad, high + pad)
    return {
        "outcome": pooled[0].outcome_label, "agent": agent, "plot": _plot(points, pooled, span),
        "pooled": [
            {"anchor": anchor_of(r.id), "when": reader.at(_middle(r) or 0.0),
             "effect": effect(measure_of(r), values_of(r.summary), r.id), "people": people(r)}
            for r in pooled if r.summary is not None
        ],
        "points": [
            {"study": p.study, "arm": p.arm, "when": reader.at(p.hours), "events": f"{p.events:g}",
             "total": f"{p.total:g}", "hours": p.hours}
            for p in points
        ],
        "controls": any(p.control for p in points),
    }  # fmt: skip


def _is_share(r: AnalysisResult) -> bool:
    m = measure_of(r)
    return m.null is None and m.percent and r.combine == "pool"


def _pooled(r: AnalysisResult) -> bool:
    return r.summary is not None and r.summary.k > FEW


def _middle(r: AnalysisResult) -> float | None:
    hours = sorted(s.timepoint_h for s in used_studies(r) if s.timepoint_h)
    return hours[len(hours) // 2] if hours else None


def _points(pooled: Sequence[AnalysisResult], compared: Sequence[AnalysisResult], agent: str) -> list[_Point]:
    """Arms that the pooled shares are of, and the control arms that they were compared with at the same times."""
    found: dict[tuple[str, bool, float], _Point] = {}
    for s in (s for r in pooled for s in used_studies(r)):
        if s.timepoint_h and {"e", "n"} <= set(s.inputs):
            point = _Point(s.label, agent, False, s.timepoint_h, s.inputs["e"], s.inputs["n"])
            found.setdefault((s.study_id, False, s.timepoint_h), point)
    for s in (s for r in compared for s in used_studies(r)):
        if not s.timepoint_h or not {"e1", "n1", "e2", "n2"} <= set(s.inputs):
            continue
        drawn = found.get((s.study_id, False, s.timepoint_h))
        # A crossover trial's share may be of all periods, its comparison of the first: these are not the same people.
        if drawn is not None and (drawn.events, drawn.total) == (s.inputs["e1"], s.inputs["n1"]):
            point = _Point(s.label, "control", True, s.timepoint_h, s.inputs["e2"], s.inputs["n2"])
            found.setdefault((s.study_id, True, s.timepoint_h), point)
    return sorted(found.values(), key=lambda p: (p.study, p.control, p.hours))


def _plot(points: Sequence[_Point], pooled: Sequence[AnalysisResult], span: tuple[float, float]) -> Markup:
    def x(hours: float) -> float:
        return LEFT + (RIGHT - LEFT) * (math.log(hours) - span[0]) / (span[1] - span[0])

    def y(share: float) -> float:
        return BOTTOM - (BOTTOM - TOP) * share

    parts = []
    for percent in (0, 25, 50, 75, 100):
        at = y(percent / 100)
        parts.append(f'<line class="gr" x1="{LEFT}%" x2="{RIGHT}%" y1="{at:.1f}" y2="{at:.1f}"/>')
        name = f"{percent}%" if percent == 100 else str(percent)
        parts.append(f'<text x="{LEFT - 1}%" y="{at + 4:.1f}" text-anchor="end">{name}</text>')
    last = -10.0
    for hours, name in TICKS:
        if span[0] <= math.log(hours) <= span[1] and x(hours) - last > 9:
            last = x(hours)
            parts.append(f'<line class="al" x1="{last:.2f}%" x2="{last:.2f}%" y1="{BOTTOM}" y2="{BOTTOM + 5}"/>')
            parts.append(f'<text x="{last:.2f}%" y="{BOTTOM + 19}" text-anchor="middle">{name}</text>')
    for a, b in pairwise(points):
        if (a.study, a.control) == (b.study, b.control):
            kind = "tc2" if a.control else "tk2"
            parts.append(f'<line class="{kind}" x1="{x(a.hours):.2f}%" x2="{x(b.hours):.2f}%" y1="{y(a.share):.1f}" '
                         f'y2="{y(b.share):.1f}"/>')  # fmt: skip
    for p in points:
        kind = "tdc" if p.control else "tdk"
        parts.append(f'<circle class="{kind}" cx="{x(p.hours):.2f}%" cy="{y(p.share):.1f}" r="3.4"/>')
    for r in pooled:
        s, when = r.summary, _middle(r)
        assert s is not None and when is not None
        at, middle = x(when), y(s.estimate)
        side = '" x="10' if at < 88 else ' e" x="-10'
        parts.append(f'<line class="tp" x1="{at:.2f}%" x2="{at:.2f}%" y1="{y(s.ci_low):.1f}" y2="{y(s.ci_high):.1f}"/>')
        parts.append(f'<svg class="o" x="{at:.2f}%" y="{middle:.1f}"><polygon class="dm" points="-6,0 0,-6 6,0 0,6"/>'
                     f'<text class="tb{side}" y="5">{100 * s.estimate:.0f}%</text></svg>')  # fmt: skip
    return Markup("".join(parts))
