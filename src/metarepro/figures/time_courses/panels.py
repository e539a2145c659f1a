"""Panels of the time courses: their axes, their heads, lines, intervals and symbols."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial

from metarepro.analysis.time_course import ArmCourse, TimeCourses, TrialCourse
from metarepro.figures.page.axes import Axis
from metarepro.figures.page.layout import Canvas
from metarepro.figures.page.look import BLUE, GREY, INK, LEADING, MARGIN, PALE, SIZE, SMALL, VERMILLION, WHITE
from metarepro.figures.page.panel import room_for_labels
from metarepro.figures.page.shapes import circle, diamond, square, triangle
from metarepro.figures.page.text import clean, text_width, wrap
from metarepro.figures.time_courses.time_axis import (
    TimeAxis,
    draw_time_labels,
    draw_time_ticks,
    time_axis,
    value_axis,
)
from metarepro.figures.time_courses.wording import arm_cells, point_cells, secondary_words, size_words

# Narrowest panel in one column of a journal and on wider pages, the widest, its height, room between panels, room at
# both ends of its time axis at least.
NARROWEST, NARROWEST_OF_WIDE, WIDEST, HEIGHT, BETWEEN, LEAST_INSET = 92.0, 120.0, 230.0, 74.0, 13.0, 8.0
# Points between arms at one time.
SPREAD = 4.0
SYMBOL, RADIUS = 9.0, 2.5
SHAPES = {"experimental": ("circle", "diamond", "triangle", "square"), "control": ("square", "triangle", "diamond",
          "circle")}  # fmt: skip
COLORS = {"experimental": BLUE, "control": VERMILLION}
SMALL_LEADING = SMALL * 1.25


@dataclass(frozen=True)
class Panel:
    """One trial with its head wrapped to the panel's width."""

    trial: TrialCourse
    title: list[str]
    scale: str
    arms: list[list[str]]

    @property
    def head(self) -> float:
        """Height of what stands above the plot."""
        lines = sum(len(a) for a in self.arms) + bool(self.scale)
        return len(self.title) * LEADING + lines * SMALL_LEADING + 5


@dataclass(frozen=True)
class Grid:
    """Axes and places that all panels share."""

    time: TimeAxis
    axis: Axis
    left: float
    width: float
    columns: int
    inset: float

    def panel_left(self, column: int) -> float:
        """Left end of a column's plots."""
        return self.left + column * (self.width + BETWEEN)

    def x(self, column: int, hours: float) -> float:
        """Place of a time in a column."""
        return self.panel_left(column) + self.inset + (self.width - 2 * self.inset) * self.time.position(hours)

    def y(self, top: float, value: float) -> float:
        """Height of a value in a panel."""
        return top + HEIGHT * (1 - self.axis.position(value))


def grid_of(courses: TimeCourses, width: float) -> Grid:
    """Axes that hold every trial, and as many columns as fit the width."""
    points = [p for t in courses.trials for a in t.arms for p in a.points]
    axis = value_axis(courses, HEIGHT)
    left = MARGIN + room_for_labels(axis)
    available = width - left - MARGIN
    narrowest = NARROWEST if width < 300 else NARROWEST_OF_WIDE
    columns = max(1, min(int((available + BETWEEN) // (narrowest + BETWEEN)), len(courses.trials)))
    panel = min((available - (columns - 1) * BETWEEN) / columns, WIDEST)
    most = max(len(t.arms) for t in courses.trials)
    inset = max(LEAST_INSET, (most - 1) / 2 * SPREAD + 5)
    return Grid(time_axis(max(p.hours for p in points)), axis, left, panel, columns, inset)


def panel_of(trial: TrialCourse, width: float, scales_differ: bool) -> Panel:
    """A trial with its head wrapped to a width."""
    arms = []
    for arm in trial.arms:
        dagger, times = secondary_words(arm)
        arms.append(wrap(f"{clean(arm.label)}{dagger}, {size_words(arm)}{times}", width - SYMBOL, SMALL))
    scale = clean(trial.scale) if scales_differ else ""
    if scale and text_width(scale, SMALL) > width:
        scale = wrap(scale, width, SMALL)[0]
    return Panel(trial, wrap(clean(trial.label) or "(no name)", width, SIZE, "bold"), scale, arms)


def draw_row(canvas: Canvas, courses: TimeCourses, grid: Grid, row: list[Panel], below: int, y: float) -> float:
    """Panels side by side, their plots at one height, with as many `below`; returns where the next row may start."""
    top = y + 6 + max(p.head for p in row)
    for column, panel in enumerate(row):
        _draw_head(canvas, grid, panel, column, top - panel.head)
        _draw_frame(canvas, grid, column, top)
        _draw_plot(canvas, courses, grid, panel.trial, column, top)
        if column >= below:
            ends = (grid.panel_left(column) - 5, grid.panel_left(column) + grid.width + 5)
            draw_time_labels(canvas, grid.time, partial(grid.x, column), top + HEIGHT, ends)
    return top + HEIGHT + (LEADING + 6 if len(row) > below else 4)


def _draw_head(canvas: Canvas, grid: Grid, panel: Panel, column: int, y: float) -> None:
    """The trial's name, its scale, and a line for each arm with its symbol and size."""
    left, trial = grid.panel_left(column), clean(panel.trial.label)
    with canvas.data_row(what="trial", trial=trial, scale=clean(panel.trial.scale)):
        y = canvas.lines(left, y + LEADING - 2, panel.title, weight="bold") - LEADING + 2
        if panel.scale:
            y += SMALL_LEADING
            canvas.text(left, y - 2, panel.scale, SMALL, color=GREY)
    for number, (arm, lines) in enumerate(zip(panel.trial.arms, panel.arms, strict=True)):
        with canvas.data_row(**arm_cells(panel.trial, arm)):
            _symbol(canvas, panel.trial, number, left + RADIUS + 0.5, y + SMALL_LEADING - 4.2, "key")
            canvas.lines(left + SYMBOL, y + SMALL_LEADING - 2, lines, SMALL, SMALL_LEADING)
            y += len(lines) * SMALL_LEADING


def _draw_frame(canvas: Canvas, grid: Grid, column: int, top: float) -> None:
    """Axes, ticks and grid of a panel; labels of the upright axis in the first column only."""
    left, right, bottom = grid.panel_left(column), grid.panel_left(column) + grid.width, top + HEIGHT
    for tick, label in zip(grid.axis.ticks, grid.axis.labels, strict=True):
        y = grid.y(top, tick)
        canvas.line(left, y, right, y, f"grid: {label}", 0.4, PALE if tick else "#cccccc")
        if column == 0:
            canvas.line(left - 3, y, left, y, "tick: y", 0.7, INK)
            canvas.text(left - 5, y + 2.6, label, align="right", role="tick")
    canvas.line(left, bottom, right, bottom, "axis: x", 0.7, INK)
    canvas.line(left, top, left, bottom, "axis: y", 0.7, INK)
    draw_time_ticks(canvas, grid.time, partial(grid.x, column), bottom)


def _draw_plot(canvas: Canvas, courses: TimeCourses, grid: Grid, trial: TrialCourse, column: int, top: float) -> None:
    """Lines first, then intervals, then symbols, so that every symbol is seen."""
    middle = (len(trial.arms) - 1) / 2
    places = [
        [(grid.x(column, p.hours) + (n - middle) * SPREAD, grid.y(top, p.estimate)) for p in arm.points]
        for n, arm in enumerate(trial.arms)
    ]
    for arm, points in zip(trial.arms, places, strict=True):
        if len(points) > 1:
            control = arm.role == "control"
            canvas.curve(points, f"{arm.role} course: {trial.study_id} {arm.arm_id}", 0.9, COLORS[arm.role], control)
    # Filled symbols last: an open one that is partly behind is still told by its outline.
    for number, (arm, points) in reversed(list(enumerate(zip(trial.arms, places, strict=True)))):
        for point, (x, y) in zip(arm.points, points, strict=True):
            with canvas.data_row(**point_cells(trial, arm, point)):
                name = f"{trial.study_id} {arm.arm_id} {point.hours:g}"
                if math.isfinite(point.ci_low):
                    low, high = grid.y(top, point.ci_low), grid.y(top, point.ci_high)
                    canvas.line(x, low, x, high, f"interval: {name}", 0.8, COLORS[arm.role])
                _symbol(canvas, trial, number, x, y, name)


def _symbol(canvas: Canvas, trial: TrialCourse, number: int, x: float, y: float, name: str) -> None:
    """An arm's symbol: filled for experimental, open for control; the shape tells arms of a role apart."""
    arm: ArmCourse = trial.arms[number]
    place = sum(a.role == arm.role for a in trial.arms[:number])
    shape = SHAPES[arm.role][place]
    points = {
        "circle": circle(RADIUS, x, y), "diamond": diamond(RADIUS + 0.6, x, y),
        "triangle": triangle(RADIUS + 0.4, x, y), "square": square(RADIUS - 0.3, x, y),
    }[shape]  # fmt: skip
    color = COLORS[arm.role]
    fill = color if arm.role == "experimental" else WHITE
    canvas.polygon(points, fill, f"{arm.role} arm {place + 1}: {name}", color, 0.9)
