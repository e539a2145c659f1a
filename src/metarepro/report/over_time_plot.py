"""How long: all times of all trials in one model, as a curve over time, for each analysis that asks for it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import groupby
from typing import Any

from markupsafe import Markup

from metarepro.analysis.decimals import measure_of
from metarepro.analysis.over_time_parts import CurvePoint, OverTime, TimedEffect, UnderRho
from metarepro.analysis.result import AnalysisResult
from metarepro.effects.registry import Measure
from metarepro.figures.page import numbers as fmt
from metarepro.figures.page.axes import Axis
from metarepro.figures.page.text import counted
from metarepro.figures.page.value_axes import display_axis, padded
from metarepro.report.anchors import anchor_of
from metarepro.report.time_plot import LEFT, RIGHT, TICKS, TOP
from metarepro.report.words import Reader, effect, label_of

# Height of the axis of times.
BOTTOM = 184.0


def over_time_views(results: Sequence[AnalysisResult], reader: Reader) -> list[dict[str, Any]]:
    """What the template shows of each model over time."""
    return [_view(r, r.over_time, reader) for r in results if r.over_time is not None]


def _view(r: AnalysisResult, found: OverTime, reader: Reader) -> dict[str, Any]:
    m = measure_of(r)
    unit = "%" if m.percent and m.code != "RD" else ""

    def shown(x: TimedEffect | UnderRho | CurvePoint, where: str) -> Markup:
        """An effect with its address in the results."""
        return effect(m, (x.estimate, x.ci_low, x.ci_high), f"{r.id}/t/{where}") + unit

    def plain(x: TimedEffect) -> str:
        return f"{fmt.effect(m, x.estimate)} ({fmt.interval(m, x.ci_low, x.ci_high)})"

    main = found.main
    against = f" v {r.control_label}" if r.control_label else ""
    ends = [
        {"when": reader.at(p.hours), "effect": shown(found.curve[i], f"curve/{i}")}
        for p, i in ((found.curve[0], 0), (found.curve[-1], len(found.curve) - 1))
    ] if found.curve else []  # fmt: skip
    return {
        "id": r.id, "anchor": anchor_of(r.id), "title": f"{r.outcome_label}, {r.experimental_label}{against}",
        "label": label_of(r), "effects": counted(len(found.effects), "effect"),
        "trials": counted(found.trials, "trial"), "mean": shown(main, "main"),
        "ends": ends, "p": fmt.p_value(found.change_p) if math.isfinite(found.change_p) else "",
        "plot": _plot(m, found), "methods": found.methods, "notes": [str(n) for n in found.notes],
        "grid": [
            {"rho": f"{x.rho:g}", "used": x is main, "effect": shown(x, where),
             "between": fmt.fixed(x.between, 2), "within": fmt.fixed(x.within, 2)}
            for x, where in sorted(
                ((main, "main"), *((g, f"grid/{i}") for i, g in enumerate(found.grid))), key=lambda pair: pair[0].rho
            )
        ],
        "rows": [
            {"study": study, "effects": "; ".join(f"{reader.at(e.hours)} {plain(e)}" for e in members)}
            for study, members in groupby(
                sorted(found.effects, key=lambda e: (e.label, e.arms, e.hours)), key=lambda e: e.label
            )
        ],
    }  # fmt: skip


def _axis(m: Measure, found: OverTime) -> Axis:
    def usable(values: list[float]) -> list[float]:
        kept = [x for x in values if math.isfinite(x) and (x > 0 or not m.ratio)]
        return [math.log(x) for x in kept] if m.ratio else kept

    core = usable([*(e.estimate for e in found.effects), *(p.estimate for p in found.curve)])
    band = usable([x for p in found.curve for x in (p.ci_low, p.ci_high)])
    span = max(core) - min(core) or 1.0
    low = max(min(core) - 0.5 * span, min([*band, *core]))
    high = min(max(core) + 0.5 * span, max([*band, *core]))
    if m.null is not None:
        null = math.log(m.null) if m.ratio else m.null
        low, high = min(low, null), max(high, null)
    low, high = padded(low, high, 0.05)
    return display_axis(m, *((math.exp(low), math.exp(high)) if m.ratio else (low, high)), BOTTOM - TOP, upright=True)


def _plot(m: Measure, found: OverTime) -> Markup:
    axis = _axis(m, found)
    hours = [e.hours for e in found.effects]
    first, last = math.log(min(hours)), math.log(max(hours))
    pad = 0.05 * (last - first or 1.0)

    def x(value: float) -> float:
        return LEFT + (RIGHT - LEFT) * (math.log(value) - first + pad) / (last - first + 2 * pad)

    def y(value: float) -> float:
        place = axis.position(value) if math.isfinite(value) and (value > 0 or not m.ratio) else 0.0
        return BOTTOM - (BOTTOM - TOP) * min(max(place, 0.0), 1.0)

    parts = []
    size = f'width="100%" height="{BOTTOM}" viewBox="0 0 100 {BOTTOM}" preserveAspectRatio="none"'
    if found.curve:
        # Stretched along with the page: a shape of its own, as polygons know no percent.
        upper = [f"{x(p.hours):.1f},{y(p.ci_high):.0f}" for p in found.curve]
        lower = [f"{x(p.hours):.1f},{y(p.ci_low):.0f}" for p in reversed(found.curve)]
        parts.append(f'<svg {size}><polygon class="cb" points="{" ".join([*upper, *lower])}"/></svg>')
    for tick, name in zip(axis.ticks, axis.labels, strict=True):
        parts.append(f'<line class="gr" x1="{LEFT}%" x2="{RIGHT}%" y1="{y(tick):.1f}" y2="{y(tick):.1f}"/>')
        parts.append(f'<text x="{LEFT - 1}%" y="{y(tick) + 4:.1f}" text-anchor="end">{name}</text>')
    if m.null is not None:
        parts.append(f'<line class="nl" x1="{LEFT}%" x2="{RIGHT}%" y1="{y(m.null):.1f}" y2="{y(m.null):.1f}"/>')
    seen = -10.0
    for value, name in TICKS:
        if first - pad <= math.log(value) <= last + pad and x(value) - seen > 9:
            seen = x(value)
            parts.append(f'<line class="al" x1="{seen:.2f}%" x2="{seen:.2f}%" y1="{BOTTOM}" y2="{BOTTOM + 5}"/>')
            parts.append(f'<text x="{seen:.2f}%" y="{BOTTOM + 19}" text-anchor="middle">{name}</text>')
    ordered = sorted(found.effects, key=lambda e: (e.study_id, e.arms, e.hours))
    courses = [list(g) for _, g in groupby(ordered, key=lambda e: (e.study_id, e.arms))]
    joined = [" ".join(f"{x(e.hours):.1f},{y(e.estimate):.0f}" for e in c) for c in courses if len(c) > 1]
    lines = "".join(f'<polyline class="tk2" points="{points}"/>' for points in joined)
    parts.append(f"<svg {size}>{lines}</svg>")
    heaviest = max(e.weight for e in found.effects)
    for e in found.effects:
        radius = max(7 * math.sqrt(max(e.weight, 0.0) / heaviest), 2.0)
        parts.append(f'<circle class="tdk" cx="{x(e.hours):.1f}%" cy="{y(e.estimate):.1f}" r="{radius:.1f}"/>')
    if found.curve:
        points = " ".join(f"{x(p.hours):.2f},{y(p.estimate):.1f}" for p in found.curve)
        parts.append(f'<svg {size}><polyline class="tp" points="{points}"/></svg>')
    return Markup("".join(parts))
