"""Time courses by trial: small panels with the same axes, arms told by symbols and dashes."""

from __future__ import annotations

import math

from metarepro.analysis.time_course import TimeCourses
from metarepro.errors import ConfigError
from metarepro.figures.page.figure import Figure, figures_of
from metarepro.figures.page.layout import MM, Canvas, page_width, put_notes, put_text, put_title
from metarepro.figures.page.look import LEADING, MARGIN
from metarepro.figures.page.text import clean
from metarepro.figures.time_courses import panels, wording
from metarepro.figures.time_courses.checks import check_courses


def time_course(courses: TimeCourses, *, outcome_label: str = "", title: str = "", width_mm: float = 174.0) -> Figure:
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
) -> list[Figure]:  # fmt: skip
    """As `time_course`, on pages of at most `height_mm` with the same axes on all; a page is higher if one row is."""
    title = clean(title) or wording.default_title(courses, outcome_label)
    check_courses(courses)
    _check_symbols(courses)
    width = page_width(width_mm)
    grid = panels.grid_of(courses, width)
    several = len({t.scale for t in courses.trials}) > 1
    found = [panels.panel_of(t, grid.width, several) for t in courses.trials]
    rows = [found[i : i + grid.columns] for i in range(0, len(found), grid.columns)]
    notes = wording.notes(courses, any(len(t.arms) > 1 for t in courses.trials))
    last_notes = [*notes, *([note] if (note := wording.left_out_note(courses)) else [])]
    name = wording.y_name(courses, outcome_label)

    def begin(canvas: Canvas, named: str) -> float:
        """Title and the name of the upright axis; returns where panels start."""
        return put_text(canvas, name, put_title(canvas, named) + 1 - LEADING) + LEADING - 1

    # Labels of times stand under the last row, and under the one above it where that is not full.
    room = height_mm * MM - begin(Canvas(width), f"{title} (10 of 10)") - 2 * (LEADING + 2) - 4 - MARGIN
    pages: list[list[list[panels.Panel]]] = [[]]
    used = 0.0
    for row in rows:
        height = 6 + max(p.head for p in row) + panels.HEIGHT + 4
        wanted = put_notes(Canvas(width), last_notes if row is rows[-1] else notes, 0.0)
        if pages[-1] and used + height + wanted > room:
            pages.append([])
            used = 0.0
        pages[-1].append(row)
        used += height
    canvases = []
    for number, page in enumerate(pages, 1):
        canvas = Canvas(width)
        y = begin(canvas, title if len(pages) == 1 else f"{title} ({number} of {len(pages)})")
        for row, below in zip(page, [*page[1:], []], strict=True):
            y = panels.draw_row(canvas, courses, grid, row, len(below), y)
        canvas.height = put_notes(canvas, last_notes if number == len(pages) else notes, y + 4) + MARGIN
        canvases.append(canvas)
    return figures_of(canvases, title, wording.describe(courses, title, outcome_label))


def _check_symbols(courses: TimeCourses) -> None:
    for trial in courses.trials:
        for role, shapes in panels.SHAPES.items():
            count = sum(a.role == role for a in trial.arms)
            if count > len(shapes):
                raise ConfigError(
                    f"{trial.label} has {count} {role} arms; a panel tells at most {len(shapes)} apart. "
                    "Fix: narrow agents, dose_mg_per_kg or route of time_courses."
                )
