"""Effects of trials over time with the curve of the model that holds all of them: how long does it last."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np

from metarepro.analysis.over_time_parts import OverTime
from metarepro.analysis.result import AnalysisResult
from metarepro.effects import get_measure
from metarepro.effects.registry import Measure
from metarepro.errors import ConfigError
from metarepro.figures.page import numbers as fmt
from metarepro.figures.page.axes import Axis
from metarepro.figures.page.clip import between_heights, segments_of
from metarepro.figures.page.figure import Figure, figure_of
from metarepro.figures.page.layout import Canvas, page_width, put_notes, put_title
from metarepro.figures.page.legend import SAMPLE, LegendEntry, area, put_legend, stroke
from metarepro.figures.page.look import BLUE, GREY, INK, LEADING, MARGIN, PALE, SIZE, SMALL
from metarepro.figures.page.panel import Plane, room_for_labels
from metarepro.figures.page.point_labels import place_labels, put_labels
from metarepro.figures.page.shapes import circle
from metarepro.figures.page.text import clean, counted, shorten
from metarepro.figures.page.value_axes import CLEAR, display_axis, padded
from metarepro.figures.time_courses.time_axis import TimeAxis, draw_time_labels, draw_time_ticks, time_axis

FILL = "#cfe2f0"
LARGEST, SMALLEST = 7.0, 1.8
# Room right of the last time, for its label; hours from which the axis does not begin at 0.
INSET, LATE = 12.0, 12.0
# How far bands may stretch the axis beyond the effects, in spans of the effects.
REACH = 0.5


def effect_curve(result: AnalysisResult) -> Figure:
    """Draw all effects of all trials against the time, joined by trial, with the mean over time and its band.

    Parameters
    ----------
    result : AnalysisResult
        Of an analysis with `over_time`.

    Raises
    ------
    ConfigError
        The analysis has none, or too few trials for it.
    """
    found = result.over_time
    if found is None:
        raise ConfigError("The analysis has no model of all times. Fix: over_time: {from: 1 h, to: 4 wk}.")
    options = getattr(result, "figure", None)
    against = f" v {clean(result.control_label)}" if result.control_label else ""
    title = f"{clean(result.outcome_label)} over time, {clean(result.experimental_label)}{against}"
    canvas = _draw(result, found, title, getattr(options, "width_mm", 174.0))
    return figure_of(canvas, title, _describe(result, found))


def _draw(result: AnalysisResult, found: OverTime, title: str, width_mm: float) -> Canvas:
    measure = get_measure(result.measure)
    canvas = Canvas(page_width(width_mm))
    level = f"{100 * (result.summary.level if result.summary else 0.95):g}%"
    y = put_legend(canvas, _legend(found, level), put_title(canvas, title) - 4, SIZE)
    height = min(max(0.5 * (canvas.width - 2 * MARGIN - 20), 170.0), 260.0)
    y_axis, cut = _y_axis(measure, found, height)
    left = MARGIN + room_for_labels(y_axis)
    x_axis = _time_axis([e.hours for e in found.effects])
    plane = Plane(x_axis, y_axis, left, y + LEADING + 13, canvas.width - left - MARGIN - INSET, height)
    lines = _band(canvas, found, plane)
    if measure.null is not None and 0 < y_axis.position(measure.null) < 1:
        at = plane.y(measure.null)
        canvas.line(plane.left, at, plane.right, at, "line of no effect", 0.5, GREY)
        lines.append([(plane.left, at), (plane.right, at)])
    circles, beyond = _effects(canvas, found, plane, lines)
    lines += _mean(canvas, found, plane)
    _names(canvas, found, plane, circles, lines)
    y = _axes(canvas, plane, x_axis, fmt.axis_name(measure.label, measure, "log" if y_axis.log else ""))
    canvas.height = put_notes(canvas, _notes(found, level, cut, beyond), y + 5) + MARGIN
    return canvas


def _time_axis(hours: list[float]) -> TimeAxis:
    """From 0, or from shortly before the first effect where that is late."""
    whole, first = time_axis(max(hours)), min(hours)
    if first < LATE:
        return whole
    shown = [(t, label) for t, label in zip(whole.ticks, whole.labels, strict=True) if t >= 0.6 * first]
    ticks, labels = (tuple(x) for x in zip(*shown, strict=True))
    return TimeAxis(0.6 * first, whole.high, ticks, labels, False)


def _axes(canvas: Canvas, plane: Plane, axis: TimeAxis, y_name: str) -> float:
    """The frame, the upright axis, and times below; the height where it ends."""
    canvas.line(plane.left, plane.bottom, plane.right, plane.bottom, "axis: x", 0.7, INK)
    canvas.line(plane.left, plane.top, plane.left, plane.bottom, "axis: y", 0.7, INK)
    for tick, label in zip(plane.y_axis.ticks, plane.y_axis.labels, strict=True):
        at = plane.y(tick)
        canvas.line(plane.left - 2.5, at, plane.left, at, "tick: y", 0.7, INK)
        canvas.text(plane.left - 4, at + 0.35 * SMALL, label, SMALL, "right", role="tick")
    canvas.text(MARGIN, plane.top - 7, y_name, SMALL)
    draw_time_ticks(canvas, axis, plane.x, plane.bottom)
    draw_time_labels(canvas, axis, plane.x, plane.bottom, (plane.left - 8, canvas.width - 2))
    y = plane.bottom + 3.5 + SMALL + LEADING
    canvas.text(plane.left + plane.width / 2, y, "Time after the dose (log scale)", SMALL, "center")
    return y


def _y_axis(measure: Measure, found: OverTime, height: float) -> tuple[Axis, bool]:
    """An axis for all effects and as much of the band as leaves them readable; whether anything is cut."""

    def usable(values: list[float]) -> Any:
        kept = np.array([x for x in values if math.isfinite(x) and (x > 0 or not measure.ratio)])
        return np.log(kept) if measure.ratio else kept

    core = usable([*(e.estimate for e in found.effects), found.main.estimate, *(p.estimate for p in found.curve)])
    band = usable([x for p in found.curve for x in (p.ci_low, p.ci_high)])
    span = float(np.ptp(core)) or 1.0
    low, high = float(core.min()) - REACH * span, float(core.max()) + REACH * span
    cut = bool(band.size and (band.min() < low or band.max() > high))
    low, high = max(low, min([*band, core.min()])), min(high, max([*band, core.max()]))
    if measure.null is not None:
        null = math.log(measure.null) if measure.ratio else measure.null
        if low - 0.4 * span <= null <= high + 0.4 * span:
            low, high = min(low, null), max(high, null)
    low, high = padded(low, high, 0.05)
    ends = (math.exp(low), math.exp(high)) if measure.ratio else (low, high)
    return display_axis(measure, *ends, height, upright=True, clear=CLEAR), cut


def _height(plane: Plane, value: float) -> float:
    """Place of a value, beyond the axis too, so that a line leaves it where it does."""
    return plane.top + plane.height * (1 - plane.y_axis.position(value)) if math.isfinite(value) else math.nan


def _band(canvas: Canvas, found: OverTime, plane: Plane) -> list[list[tuple[float, float]]]:
    if not found.curve:
        return []
    lower, upper = (
        [(plane.x(p.hours), min(max(_height(plane, getattr(p, end)), plane.top), plane.bottom)) for p in found.curve]
        for end in ("ci_low", "ci_high")
    )
    canvas.polygon([*lower, *reversed(upper)], PALE, "band: confidence")
    drawn = []
    for name in ("ci_low", "ci_high"):
        points = [(plane.x(p.hours), _height(plane, getattr(p, name))) for p in found.curve]
        for run in between_heights(points, plane.top, plane.bottom):
            canvas.curve(run, f"confidence limit: {name}", 0.4, GREY)
            drawn.append(run)
    return drawn


def _mean(canvas: Canvas, found: OverTime, plane: Plane) -> list[list[tuple[float, float]]]:
    for p in found.curve:
        canvas.add_data(
            what="mean effect", study="", hours=p.hours, estimate=p.estimate, ci_low=p.ci_low, ci_high=p.ci_high
        )
    points = [(plane.x(p.hours), _height(plane, p.estimate)) for p in found.curve]
    runs = between_heights(points, plane.top, plane.bottom) if points else []
    for run in runs:
        canvas.curve(run, "mean over time", 1.4, INK)
    return runs


def _effects(
    canvas: Canvas, found: OverTime, plane: Plane, lines: list[list[tuple[float, float]]]
) -> tuple[list[tuple[float, float, float]], int]:
    """Circles, the area by weight, joined by trial; x, y and radius of each, and how many lie beyond the axis."""
    heaviest = max(e.weight for e in found.effects)
    by_trial: dict[tuple[str, str], list[int]] = {}
    places, beyond = [], 0
    for i, e in enumerate(found.effects):
        y = _height(plane, e.estimate)
        beyond += not plane.top <= y <= plane.bottom
        radius = max(LARGEST * math.sqrt(max(e.weight, 0.0) / heaviest), SMALLEST)
        places.append((plane.x(e.hours), min(max(y, plane.top), plane.bottom), radius))
        by_trial.setdefault((e.study_id, e.arms), []).append(i)
    for members in by_trial.values():
        for a, b in pairwise(sorted(members, key=lambda i: (found.effects[i].hours, found.effects[i].effect_id))):
            ends = (places[a][:2], places[b][:2])
            if ends[0][0] != ends[1][0]:
                label = found.effects[a].label
                canvas.line(*ends[0], *ends[1], f"course: {label}", 0.6, BLUE)
                lines.append(list(ends))
    for i in sorted(range(len(places)), key=lambda i: -places[i][2]):
        e, (x, y, radius) = found.effects[i], places[i]
        with canvas.data_row(
            what="effect", study=e.label, hours=e.hours, estimate=e.estimate, ci_low=e.ci_low, ci_high=e.ci_high,
            weight=e.weight,
        ):  # fmt: skip
            canvas.polygon(circle(radius, x, y, 36), FILL, f"study: {e.label}", BLUE, 0.7)
    return places, beyond


def _names(
    canvas: Canvas, found: OverTime, plane: Plane, circles: list[tuple[float, float, float]],
    lines: list[list[tuple[float, float]]],
) -> None:  # fmt: skip
    """The name of each trial beside one of its points, the last one first."""
    last: dict[str, int] = {}
    for i, e in enumerate(found.effects):
        if e.study_id not in last or e.hours > found.effects[last[e.study_id]].hours:
            last[e.study_id] = i
    order = sorted(range(len(circles)), key=lambda i: -circles[i][2])
    frame = (plane.left + 3, plane.top, canvas.width - 2, plane.bottom - 2)
    points = [
        (row, *circles[i], shorten(clean(found.effects[i].label), min(0.4 * plane.width, 120.0), SMALL))
        for row, i in enumerate(order) if i in last.values()
    ]  # fmt: skip
    placed = place_labels(points, frame, (), circles, SMALL, untouched=segments_of(lines))
    put_labels(canvas, placed, range(len(order)), 0.35)


def _legend(found: OverTime, level: str) -> list[LegendEntry]:
    def study(canvas: Canvas, x: float, y: float) -> None:
        canvas.polygon(circle(3.4, x + SAMPLE / 2, y, 36), FILL, "study: key", BLUE, 0.7)

    entries = [LegendEntry("effect of a trial", study), LegendEntry("same trial", stroke("course", 0.6, BLUE))]
    if found.curve:
        entries.append(LegendEntry("mean over time", stroke("mean over time", 1.4, INK)))
        entries.append(LegendEntry(f"{level} confidence", area("band: key", PALE)))
    return entries


def _notes(found: OverTime, level: str, cut: bool, beyond: int) -> list[str]:
    shape = {"spline": "restricted cubic spline", "line": "straight line"}.get(found.shape, "")
    notes = [
        f"{counted(len(found.effects), 'effect')} of {counted(found.trials, 'trial')}, random effects of trials and of "
        f"times within them, sampling errors correlated by {found.main.rho:g}. Areas by weight."
    ]
    if shape:
        test = f"F {fmt.fixed(found.change, 2)}, df {found.change_df1} and {found.change_df2:g}, "
        notes.append(f"Mean: {shape} in log time. Change with time: {test}{fmt.p_value(found.change_p)}.")
    notes += [str(n) for n in found.notes]
    if cut or beyond:
        notes.append("The band, or an effect, goes beyond the axis.")
    notes.append("Trials that last longer may differ in more than time: this is no course of single patients.")
    return notes


def _describe(result: AnalysisResult, found: OverTime) -> str:
    measure = get_measure(result.measure)
    mean = fmt.with_interval(measure, found.main.estimate, found.main.ci_low, found.main.ci_high)
    text = (
        f"{counted(len(found.effects), 'effect')} of {counted(found.trials, 'trial')} over time; mean over all {mean}."
    )
    for p in (found.curve[0], found.curve[-1]) if found.curve else ():
        shown = fmt.with_interval(measure, p.estimate, p.ci_low, p.ci_high)
        text += f" At {p.hours:g} hours: {shown}."
    return text
