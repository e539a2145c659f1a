"""Time courses by trial: small panels with the same axes, arms told by symbols and dashes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from metarepro.analysis.time_course import ArmCourse, TimeCourses, TrialCourse
from metarepro.errors import ConfigError, DataError
from metarepro.figures.axes import Axis
from metarepro.figures.blocks import put_notes, put_title
from metarepro.figures.colors import BLUE, GREY, INK, PALE, VERMILLION, WHITE
from metarepro.figures.fonts import text_width, wrap
from metarepro.figures.layout import MM, Canvas
from metarepro.figures.plane import room_for_labels
from metarepro.figures.printed_texts import clean
from metarepro.figures.scales import TimeAxis, range_axis, tick_rank, time_axis
from metarepro.figures.shapes import circle, diamond, square, triangle
from metarepro.figures.sizes import LEADING, MARGIN, SIZE, SMALL
from metarepro.figures.time_course_words import (
    arm_cells,
    default_title,
    describe,
    left_out_note,
    notes,
    secondary_words,
    size_words,
    y_name,
)

# Narrowest panel in one column of a journal and on wider pages, the widest, its height, room between panels, room at
# both ends of its time axis.
NARROWEST, NARROWEST_OF_WIDE, WIDEST, HEIGHT, BETWEEN, INSET = 92.0, 120.0, 230.0, 74.0, 13.0, 8.0
# Points between arms at one time.
SPREAD = 4.0
SYMBOL, RADIUS = 9.0, 2.5
SHAPES = {"experimental": ("circle", "diamond", "triangle", "square"), "control": ("square", "triangle", "diamond",
          "circle")}  # fmt: skip
COLORS = {"experimental": BLUE, "control": VERMILLION}
SMALL_LEADING = SMALL * 1.25


@dataclass(frozen=True)
class _Panel:
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
class _Grid:
    """Axes and places that all panels share."""

    time: TimeAxis
    axis: Axis
    left: float
    width: float
    columns: int

    def panel_left(self, column: int) -> float:
        """Left end of a column's plots."""
        return self.left + column * (self.width + BETWEEN)

    def x(self, column: int, hours: float) -> float:
        """Place of a time in a column."""
        return self.panel_left(column) + INSET + (self.width - 2 * INSET) * self.time.position(hours)

    def y(self, top: float, value: float) -> float:
        """Height of a value in a panel."""
        return top + HEIGHT * (1 - self.axis.position(value))


def time_course(
    courses: TimeCourses, *, outcome_label: str = "", title: str = "", width_mm: float = 174.0
) -> Any:
    """Draw the course of an outcome in every trial: a small panel each, by arm over the hours after the dose.

    Parameters
    ----------
    courses : TimeCourses
        Of `metarepro.analysis.time_course.time_courses`.
    outcome_label : str
        The outcome as readers know it; the word of the table by default.
    title : str
    width_mm : float
        Width at print; as many columns of panels as fit. The height follows; many trials read better in
        `time_course_pages`.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    DataError
        When there is no trial to show.
    ConfigError
        Means on several scales, which have no common axis; a trial with more arms of a role than there are symbols.

    Notes
    -----
    When not to use: to compare trials or to read off a pooled course; patients, scales and sources differ.

    References
    ----------
    Wilson 1927, doi:10.1080/01621459.1927.10502953.
    """
    return time_course_pages(
        courses, outcome_label=outcome_label, title=title, width_mm=width_mm, height_mm=math.inf
    )[0]  # fmt: skip


def time_course_pages(
    courses: TimeCourses, *, outcome_label: str = "", title: str = "", width_mm: float = 174.0,
    height_mm: float = 240.0,
) -> list[Any]:  # fmt: skip
    """Draw the courses on pages of at most a height, with the same axes on all.

    Parameters
    ----------
    courses, outcome_label, title, width_mm
        As for `time_course`.
    height_mm : float
        A page is only higher if one row of panels, or the list of what is not shown, needs it.

    Returns
    -------
    list of matplotlib.figure.Figure
    """
    title = clean(title) or default_title(courses, outcome_label)
    canvases = draw_time_course(courses, title, width_mm, height_mm, outcome_label)
    text = describe(courses, title, outcome_label)
    pages = len(canvases)
    return [
        c.figure(title, text if pages == 1 else f"Page {i} of {pages}. {text}") for i, c in enumerate(canvases, 1)
    ]


def draw_time_course(
    courses: TimeCourses, title: str, width_mm: float = 174.0, height_mm: float = math.inf, outcome_label: str = ""
) -> list[Canvas]:
    """The pages as canvases of measured texts and marks."""
    _check(courses)
    canvas_width = width_mm * MM
    grid = _grid(courses, canvas_width)
    several = len({t.scale for t in courses.trials}) > 1
    panels = [_panel(t, grid.width, several) for t in courses.trials]
    rows = [panels[i : i + grid.columns] for i in range(0, len(panels), grid.columns)]
    words = notes(courses, any(len(t.arms) > 1 for t in courses.trials))
    last_words = [*words, *([note] if (note := left_out_note(courses)) else [])]
    name = y_name(courses, outcome_label)

    def foot(texts: list[str]) -> float:
        return put_notes(Canvas(canvas_width), texts, 0.0) + MARGIN

    # Labels of times stand under the last row, and under the one above it where that is not full.
    room = height_mm * MM - _top(Canvas(canvas_width), f"{title} (10 of 10)", name) - 2 * (LEADING + 2) - 4
    pages: list[list[list[_Panel]]] = [[]]
    used = 0.0
    for number, row in enumerate(rows):
        height = 6 + max(p.head for p in row) + HEIGHT + 4
        wanted = foot(last_words if number == len(rows) - 1 else words)
        if pages[-1] and used + height + wanted > room:
            pages.append([])
            used = 0.0
        pages[-1].append(row)
        used += height
    canvases = []
    for number, page in enumerate(pages, 1):
        canvas = Canvas(canvas_width)
        named = title if len(pages) == 1 else f"{title} ({number} of {len(pages)})"
        y = _top(canvas, named, name)
        for index, row in enumerate(page):
            y = _draw_row(canvas, courses, grid, row, page[index + 1] if index + 1 < len(page) else [], y)
        texts = last_words if number == len(pages) else words
        canvas.height = put_notes(canvas, texts, y + 4) + MARGIN
        canvases.append(canvas)
    return canvases


# -- layout ------------------------------------------------------------------------------------------------------


def _check(courses: TimeCourses) -> None:
    if not courses.trials:
        why = "; ".join(dict.fromkeys(f"{n.label}: {n.reason}" for n in courses.left_out[:5]))
        raise DataError(
            f"There is no trial with a course of {courses.outcome} to draw. Rows that there are: {why or 'none'}. "
            "Fix: widen agents, schedule, ascertainment or scale of time_courses."
        )
    scales = sorted({t.scale for t in courses.trials})
    if courses.kind == "continuous" and len(scales) > 1:
        raise ConfigError(
            f"Means on several scales have no common axis: {', '.join(s or '(none)' for s in scales)}. "
            "Fix: name one, time_courses(..., scale=[...])."
        )
    for trial in courses.trials:
        for role, shapes in SHAPES.items():
            count = sum(a.role == role for a in trial.arms)
            if count > len(shapes):
                raise ConfigError(
                    f"{trial.label} has {count} {role} arms; a panel tells at most {len(shapes)} apart. "
                    "Fix: narrow agents, dose_mg_per_kg or route of time_courses."
                )


def _grid(courses: TimeCourses, width: float) -> _Grid:
    points = [p for t in courses.trials for a in t.arms for p in a.points]
    if courses.kind == "dichotomous":
        axis = Axis(-0.03, 1.03, (0.0, 0.25, 0.5, 0.75, 1.0), ("0", "25", "50", "75", "100"), False)
    else:
        values = [v for p in points for v in (p.estimate, p.ci_low, p.ci_high) if math.isfinite(v)]
        if courses.statistic != "endpoint":
            values.append(0.0)
        axis = range_axis(min(values), max(values), 6)
    left = MARGIN + room_for_labels(axis)
    available = width - left - MARGIN
    narrowest = NARROWEST if width < 300 else NARROWEST_OF_WIDE
    columns = max(1, min(int((available + BETWEEN) // (narrowest + BETWEEN)), len(courses.trials)))
    panel = min((available - (columns - 1) * BETWEEN) / columns, WIDEST)
    return _Grid(time_axis(max(p.hours for p in points)), axis, left, panel, columns)


def _panel(trial: TrialCourse, width: float, scales_differ: bool) -> _Panel:
    arms = []
    for arm in trial.arms:
        dagger, times = secondary_words(arm)
        arms.append(wrap(f"{clean(arm.label)}{dagger}, {size_words(arm)}{times}", width - SYMBOL, SMALL))
    scale = clean(trial.scale) if scales_differ else ""
    if scale and text_width(scale, SMALL) > width:
        scale = wrap(scale, width, SMALL)[0]
    return _Panel(trial, wrap(clean(trial.label) or "(no name)", width, SIZE, "bold"), scale, arms)


def _top(canvas: Canvas, title: str, name: str) -> float:
    """Title and the name of the upright axis; returns where panels start."""
    y = put_title(canvas, title)
    for line in wrap(name, canvas.width - 2 * MARGIN, SIZE):
        canvas.text(MARGIN, y + 1, line, SIZE, color=INK)
        y += LEADING
    return y


# -- drawing -----------------------------------------------------------------------------------------------------


def _draw_row(
    canvas: Canvas, courses: TimeCourses, grid: _Grid, row: list[_Panel], below: list[_Panel], y: float
) -> float:
    """Panels side by side, their plots at one height; returns where the next row may start."""
    top = y + 6 + max(p.head for p in row)
    labelled = False
    for column, panel in enumerate(row):
        _head(canvas, grid, panel, column, top - panel.head)
        _frame(canvas, grid, column, top)
        _plot(canvas, courses, grid, panel.trial, column, top)
        if column >= len(below):
            _time_labels(canvas, grid, column, top + HEIGHT)
            labelled = True
    return top + HEIGHT + (LEADING + 6 if labelled else 4)


def _head(canvas: Canvas, grid: _Grid, panel: _Panel, column: int, y: float) -> None:
    left, trial = grid.panel_left(column), clean(panel.trial.label)
    with canvas.data_row(what="trial", trial=trial, scale=clean(panel.trial.scale)):
        for line in panel.title:
            y += LEADING
            canvas.text(left, y - 2, line, SIZE, weight="bold", color=INK)
        if panel.scale:
            y += SMALL_LEADING
            canvas.text(left, y - 2, panel.scale, SMALL, color=GREY)
    for number, (arm, lines) in enumerate(zip(panel.trial.arms, panel.arms, strict=True)):
        with canvas.data_row(**arm_cells(panel.trial, arm)):
            for index, line in enumerate(lines):
                y += SMALL_LEADING
                if index == 0:
                    _symbol(canvas, panel.trial, number, left + RADIUS + 0.5, y - 4.2, "key")
                canvas.text(left + SYMBOL, y - 2, line, SMALL, color=INK)


def _frame(canvas: Canvas, grid: _Grid, column: int, top: float) -> None:
    left, right, bottom = grid.panel_left(column), grid.panel_left(column) + grid.width, top + HEIGHT
    for tick, label in zip(grid.axis.ticks, grid.axis.labels, strict=True):
        y = grid.y(top, tick)
        canvas.line(left, y, right, y, f"grid: {label}", 0.4, PALE if tick else "#cccccc")
        if column == 0:
            canvas.line(left - 3, y, left, y, "tick: y", 0.7, INK)
            canvas.text(left - 5, y + 2.6, label, SIZE, "right", color=INK, role="tick")
    canvas.line(left, bottom, right, bottom, "axis: x", 0.7, INK)
    canvas.line(left, top, left, bottom, "axis: y", 0.7, INK)
    for tick in grid.time.ticks:
        if tick_rank(tick) < tick_rank(1.0):
            x = grid.x(column, tick)
            canvas.line(x, bottom, x, bottom + 2.5, "tick: x", 0.7, INK)


def _time_labels(canvas: Canvas, grid: _Grid, column: int, bottom: float) -> None:
    """Labels of the times, the most wanted first, as many as have room."""
    placed: list[tuple[float, float]] = []
    first, last = grid.panel_left(column) - 5, grid.panel_left(column) + grid.width + 5
    for tick, label in sorted(zip(grid.time.ticks, grid.time.labels, strict=True), key=lambda t: tick_rank(t[0])):
        x, half = grid.x(column, tick), text_width(label, SMALL) / 2
        if tick_rank(tick) >= tick_rank(1.0) and grid.time.high > 24:
            continue
        if x - half < first or x + half > last or any(x - half < b + 2.5 and a - 2.5 < x + half for a, b in placed):
            continue
        placed.append((x - half, x + half))
        canvas.text(x, bottom + 3.5 + SMALL, label, SMALL, "center", color=INK, role="tick")


def _plot(canvas: Canvas, courses: TimeCourses, grid: _Grid, trial: TrialCourse, column: int, top: float) -> None:
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
            with canvas.data_row(
                what="point", trial=clean(trial.label), arm=clean(arm.label), role=arm.role, scale=clean(trial.scale),
                hours=point.hours, events=point.events, total=point.total, sd=point.sd, estimate=point.estimate,
                ci_low=point.ci_low, ci_high=point.ci_high, level=point.level, row_key=clean(point.provenance.key),
                source=clean(point.provenance.source_id),
            ):  # fmt: skip
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
