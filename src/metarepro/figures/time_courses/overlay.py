"""Time courses of all trials in one plot: a line an arm, its name beside its last visit."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from metarepro.analysis.time_course import ArmCourse, TimeCourses, TrialCourse
from metarepro.figures.page.axes import Axis
from metarepro.figures.page.clip import Segment
from metarepro.figures.page.figure import Figure, figures_of
from metarepro.figures.page.layout import MM, Canvas, page_width, put_notes, put_text, put_title
from metarepro.figures.page.look import GREY, INK, LEADING, MARGIN, PALE, SIZE, SMALL, WHITE
from metarepro.figures.page.panel import room_for_labels
from metarepro.figures.page.point_labels import place_labels
from metarepro.figures.page.shapes import circle
from metarepro.figures.page.text import clean, shorten, text_width
from metarepro.figures.time_courses import wording
from metarepro.figures.time_courses.checks import check_courses
from metarepro.figures.time_courses.panels import COLORS
from metarepro.figures.time_courses.time_axis import (
    TimeAxis,
    draw_time_labels,
    draw_time_ticks,
    time_axis,
    value_axis,
)

# Height of the plot, and room inside it at both ends of the time axis.
HEIGHT, INSET, NAMES = 105 * MM, 9.0, 70.0
# Radius of the smallest and of the largest symbol; the area between them follows the patients rated.
SMALLEST, LARGEST = 1.6, 4.6


@dataclass(frozen=True)
class _Plot:
    """Axes and their place."""

    time: TimeAxis
    axis: Axis
    left: float
    right: float
    top: float

    @property
    def bottom(self) -> float:
        return self.top + HEIGHT

    def x(self, hours: float) -> float:
        """Place of a time."""
        return self.left + INSET + (self.right - self.left - INSET - NAMES) * self.time.position(hours)

    def y(self, value: float) -> float:
        """Height of a value."""
        return self.top + HEIGHT * (1 - self.axis.position(value))


@dataclass(frozen=True)
class _Arm:
    """An arm with the places and radii of its visits."""

    trial: TrialCourse
    arm: ArmCourse
    places: tuple[tuple[float, float, float], ...]

    @property
    def name(self) -> str:
        """The trial, and the arm where it is not the trial's only one of its role."""
        alone = sum(a.role == self.arm.role for a in self.trial.arms) == 1
        ending = clean(self.arm.label) if not alone or self.arm.role == "control" else ""
        label = shorten(clean(self.trial.label) or "(no name)", 110.0, SMALL)
        return f"{label}, {shorten(ending, 70.0, SMALL)}" if ending else label


def time_course_overlay(
    courses: TimeCourses, *, outcome_label: str = "", title: str = "", width_mm: float = 174.0
) -> Figure:
    """Draw the course of an outcome in all trials in one plot, each arm named beside its last visit.

    Parameters
    ----------
    courses : TimeCourses
        Of `metarepro.analysis.time_course.time_courses`.
    outcome_label : str
        The outcome as readers know it; the word of the table by default.
    title : str
    width_mm : float
        Width at print. Names of arms that have no room beside their line stand in the note.

    Raises
    ------
    DataError
        When there is no trial to show.
    ConfigError
        Means on several scales, which have no common axis.

    Notes
    -----
    When not to use: to read off a pooled course, since patients, scales and sources differ and no model stands behind
    the lines; for intervals, which `time_course` draws trial by trial.
    """
    title = clean(title) or wording.default_title(courses, outcome_label, how="")
    check_courses(courses)
    canvas = Canvas(page_width(width_mm))
    y = put_text(canvas, wording.y_name(courses, outcome_label), put_title(canvas, title) + 1 - LEADING) + LEADING
    y = _put_legend(canvas, y + 2)
    axis = value_axis(courses, HEIGHT, intervals=False)
    hours = max(p.hours for t in courses.trials for a in t.arms for p in a.points)
    left = MARGIN + room_for_labels(axis)
    plot = _Plot(time_axis(hours), axis, left, canvas.width - MARGIN, y + 6)
    _draw_axes(canvas, plot)
    unnamed = _draw_arms(canvas, plot, _arms(courses, plot))
    notes = wording.overlay_notes(courses, unnamed)
    canvas.height = put_notes(canvas, notes, plot.bottom + LEADING + 6) + MARGIN
    described = wording.describe(courses, title, outcome_label, shape="One plot, a line an arm")
    return figures_of([canvas], title, described)[0]


def _put_legend(canvas: Canvas, y: float) -> float:
    x = MARGIN
    for role, words in (("experimental", "experimental arm"), ("control", "control arm")):
        middle = y + LEADING - 2.6
        canvas.line(x, middle, x + 18, middle, f"legend line: {role}", 0.9, COLORS[role], role == "control")
        _draw_symbol(canvas, role, x + 9, middle, 2.6, f"legend: {role}")
        canvas.text(x + 22, y + LEADING, words, SIZE)
        x += 22 + text_width(words, SIZE) + 14
    return y + LEADING


def _arms(courses: TimeCourses, plot: _Plot) -> list[_Arm]:
    most = max(p.total for t in courses.trials for a in t.arms for p in a.points)

    def radius(total: int) -> float:
        return max(SMALLEST, LARGEST * math.sqrt(total / most))

    return [
        _Arm(t, a, tuple((plot.x(p.hours), plot.y(p.estimate), radius(p.total)) for p in a.points))
        for t in courses.trials for a in t.arms
    ]  # fmt: skip


def _draw_axes(canvas: Canvas, plot: _Plot) -> None:
    for tick, label in zip(plot.axis.ticks, plot.axis.labels, strict=True):
        y = plot.y(tick)
        canvas.line(plot.left, y, plot.right, y, f"grid: {label}", 0.4, PALE if tick else "#cccccc")
        canvas.line(plot.left - 3, y, plot.left, y, "tick: y", 0.7, INK)
        canvas.text(plot.left - 5, y + 2.6, label, align="right", role="tick")
    canvas.line(plot.left, plot.bottom, plot.right, plot.bottom, "axis: x", 0.7, INK)
    canvas.line(plot.left, plot.top, plot.left, plot.bottom, "axis: y", 0.7, INK)
    draw_time_ticks(canvas, plot.time, plot.x, plot.bottom)
    draw_time_labels(canvas, plot.time, plot.x, plot.bottom, (plot.left - 5, plot.right))


def _draw_arms(canvas: Canvas, plot: _Plot, arms: Sequence[_Arm]) -> list[str]:
    """Lines first, then symbols, the large ones below; returns the names that found no room."""
    for a in arms:
        if len(a.places) > 1:
            name = f"{a.arm.role} course: {a.trial.study_id} {a.arm.arm_id}"
            points = [(x, y) for x, y, _ in a.places]
            canvas.curve(points, name, 0.8, COLORS[a.arm.role], a.arm.role == "control")
    rows: dict[int, int] = {}
    drawn = [(radius, number, n, x, y) for number, a in enumerate(arms) for n, (x, y, radius) in enumerate(a.places)]
    for radius, number, n, x, y in sorted(drawn, key=lambda d: (-d[0], d[1], d[2])):
        a = arms[number]
        with canvas.data_row(**wording.point_cells(a.trial, a.arm, a.arm.points[n])) as row:
            rows[number] = row
            name = f"{a.arm.role} arm: {a.trial.study_id} {a.arm.arm_id} {a.arm.points[n].hours:g}"
            _draw_symbol(canvas, a.arm.role, x, y, radius, name)
    lines: list[Segment] = [
        (*one[:2], *other[:2]) for a in arms for one, other in pairwise(a.places)
    ]  # fmt: skip
    frame = (plot.left + 2, plot.top, plot.right - 1, plot.bottom - 2)
    circles = [(x, y, radius + 0.4) for radius, _, _, x, y in drawn]
    # Arms with a course first: what has one visit is told by its neighbours.
    order = sorted(range(len(arms)), key=lambda n: -min(len(arms[n].places), 2))
    last = [(n, *arms[n].places[-1], arms[n].name) for n in order]
    placed = place_labels(last, frame, (), circles, SMALL, untouched=lines)
    for label in placed:
        with canvas.in_row(rows[label.index]):
            if label.leader is not None:
                canvas.line(*label.leader, f"leader: {label.text}", 0.4, GREY)
            canvas.text(label.x, label.y, label.text, SMALL)
    named = {label.index for label in placed}
    return [a.name for n, a in enumerate(arms) if n not in named]


def _draw_symbol(canvas: Canvas, role: str, x: float, y: float, radius: float, name: str) -> None:
    experimental = role == "experimental"
    fill, stroke = (COLORS[role], WHITE) if experimental else (WHITE, COLORS[role])
    canvas.polygon(circle(radius, x, y), fill, name, stroke, 0.5 if experimental else 0.9)
