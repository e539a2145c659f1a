"""Time courses by trial: small panels with the same axes, arms told by symbols and dashes."""

from __future__ import annotations

import math
from typing import Any

from metarepro.analysis.time_course import TimeCourses
from metarepro.errors import ConfigError, DataError
from metarepro.figures.page.figure import figures_of
from metarepro.figures.page.layout import MM, Canvas, page_width, put_notes, put_text, put_title
from metarepro.figures.page.look import LEADING, MARGIN
from metarepro.figures.page.text import clean
from metarepro.figures.time_courses.panels import (
    HEIGHT,
    SHAPES,
    Grid,
    Panel,
    draw_frame,
    draw_head,
    draw_plot,
    draw_time_labels,
    grid_of,
    panel_of,
)
from metarepro.figures.time_courses.wording import default_title, describe, left_out_note, notes, y_name


def time_course(courses: TimeCourses, *, outcome_label: str = "", title: str = "", width_mm: float = 174.0) -> Any:
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
    return figures_of(canvases, title, text)


def draw_time_course(
    courses: TimeCourses, title: str, width_mm: float = 174.0, height_mm: float = math.inf, outcome_label: str = ""
) -> list[Canvas]:
    """The pages as canvases of measured texts and marks."""
    _check(courses)
    canvas_width = page_width(width_mm)
    grid = grid_of(courses, canvas_width)
    several = len({t.scale for t in courses.trials}) > 1
    panels = [panel_of(t, grid.width, several) for t in courses.trials]
    rows = [panels[i : i + grid.columns] for i in range(0, len(panels), grid.columns)]
    words = notes(courses, any(len(t.arms) > 1 for t in courses.trials))
    last_words = [*words, *([note] if (note := left_out_note(courses)) else [])]
    name = y_name(courses, outcome_label)

    def foot(texts: list[str]) -> float:
        return put_notes(Canvas(canvas_width), texts, 0.0) + MARGIN

    # Labels of times stand under the last row, and under the one above it where that is not full.
    room = height_mm * MM - _top(Canvas(canvas_width), f"{title} (10 of 10)", name) - 2 * (LEADING + 2) - 4
    pages: list[list[list[Panel]]] = [[]]
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


def _top(canvas: Canvas, title: str, name: str) -> float:
    """Title and the name of the upright axis; returns where panels start."""
    return put_text(canvas, name, put_title(canvas, title) + 1 - LEADING) + LEADING - 1


# -- drawing -----------------------------------------------------------------------------------------------------


def _draw_row(
    canvas: Canvas, courses: TimeCourses, grid: Grid, row: list[Panel], below: list[Panel], y: float
) -> float:
    """Panels side by side, their plots at one height; returns where the next row may start."""
    top = y + 6 + max(p.head for p in row)
    labelled = False
    for column, panel in enumerate(row):
        draw_head(canvas, grid, panel, column, top - panel.head)
        draw_frame(canvas, grid, column, top)
        draw_plot(canvas, courses, grid, panel.trial, column, top)
        if column >= len(below):
            draw_time_labels(canvas, grid, column, top + HEIGHT)
            labelled = True
    return top + HEIGHT + (LEADING + 6 if labelled else 4)
