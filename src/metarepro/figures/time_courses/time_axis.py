"""Axes of time courses: hours after the dose, and what is measured."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from metarepro.analysis.time_course import TimeCourses
from metarepro.figures.page.axes import Axis
from metarepro.figures.page.layout import Canvas
from metarepro.figures.page.look import INK, SMALL
from metarepro.figures.page.text import text_width
from metarepro.figures.page.value_axes import padded, plain_axis

# Hours of the time axis with their labels, the most wanted first.
_TIMES: tuple[tuple[float, str], ...] = (
    (24, "24 h"), (168, "7 d"), (4, "4 h"), (672, "28 d"), (72, "3 d"), (336, "14 d"), (2016, "12 wk"), (4368, "26 wk"),
    (8736, "52 wk"), (0, "0"), (1, "1 h"), (48, "2 d"), (12, "12 h"), (2, "2 h"), (17472, "2 yr"), (43680, "5 yr"),
)  # fmt: skip
# Hours over which the time axis is nearly straight; beyond, it is logarithmic.
BEND_H = 4.0


@dataclass(frozen=True)
class TimeAxis(Axis):
    """Hours after a dose, drawn at log(1 + hours / 4): straight at first, then ever denser; 0 has a place."""

    def position(self, value: float) -> float:
        """Share of the axis, 0 at its low end."""
        low, high = (math.log1p(v / BEND_H) for v in (self.low, self.high))
        return (math.log1p(max(value, 0.0) / BEND_H) - low) / (high - low)


def time_axis(last: float) -> TimeAxis:
    """From 0 to the first labelled time at or after the last one; ticks in order of their time."""
    high = min((t for t, _ in _TIMES if t >= max(last, 1.0)), default=last)
    ticks = sorted((t, label) for t, label in _TIMES if t <= high)
    return TimeAxis(0.0, float(high), tuple(float(t) for t, _ in ticks), tuple(label for _, label in ticks), False)


def _rank(tick: float) -> int:
    """How early a time gets its label where not all have room."""
    return next((i for i, (t, _) in enumerate(_TIMES) if t == tick), len(_TIMES))


def value_axis(courses: TimeCourses, height: float, intervals: bool = True) -> Axis:
    """The upright axis: shares from 0 to 100%, or means, with their intervals where these are drawn."""
    if courses.kind == "dichotomous":
        return Axis(-0.03, 1.03, (0.0, 0.25, 0.5, 0.75, 1.0), ("0", "25", "50", "75", "100"), False)
    points = [p for t in courses.trials for a in t.arms for p in a.points]
    ends = [v for p in points for v in (p.ci_low, p.ci_high)] if intervals else []
    values = [v for v in [*(p.estimate for p in points), *ends] if math.isfinite(v)]
    if courses.statistic != "endpoint":
        values.append(0.0)
    return plain_axis(*padded(min(values), max(values), 0.04), height, upright=True)


def draw_time_ticks(canvas: Canvas, axis: TimeAxis, place: Callable[[float], float], bottom: float) -> None:
    """A tick at each time that may have a label."""
    for tick in axis.ticks:
        if _rank(tick) < _rank(1.0):
            canvas.line(place(tick), bottom, place(tick), bottom + 2.5, "tick: x", 0.7, INK)


def draw_time_labels(
    canvas: Canvas, axis: TimeAxis, place: Callable[[float], float], bottom: float, ends: tuple[float, float]
) -> None:
    """Labels of the times, the most wanted first, as many as have room between the ends."""
    placed: list[tuple[float, float]] = []
    for tick, label in sorted(zip(axis.ticks, axis.labels, strict=True), key=lambda t: _rank(t[0])):
        x, half = place(tick), text_width(label, SMALL) / 2
        if _rank(tick) >= _rank(1.0) and axis.high > 24:
            continue
        if (
            x - half < ends[0]
            or x + half > ends[1]
            or any(x - half < b + 2.5 and a - 2.5 < x + half for a, b in placed)
        ):
            continue
        placed.append((x - half, x + half))
        canvas.text(x, bottom + 3.5 + SMALL, label, SMALL, "center", role="tick")
