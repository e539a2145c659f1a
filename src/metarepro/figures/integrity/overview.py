"""What the trustworthiness checks found, by study and check; a finding is something to look at and no verdict."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from metarepro.evidence.integrity.findings import Finding
from metarepro.figures.integrity.tables import RADIUS, Matrix, Totals, draw_finding
from metarepro.figures.integrity.wording import (
    KINDS,
    MEANING,
    by_study,
    describe_integrity,
    kind_of,
    notes_of,
    sentence_of,
)
from metarepro.figures.page.figure import figure_of, figures_of
from metarepro.figures.page.layout import MM, Canvas, page_width, put_notes, put_page_numbers, put_text, put_title
from metarepro.figures.page.look import LEADING, MARGIN
from metarepro.figures.page.text import clean

DEFAULT_TITLE = "What the checks of the numbers found"


def integrity_overview(
    findings: Sequence[Finding], *, labels: Mapping[str, str] | None = None, title: str = DEFAULT_TITLE,
    width_mm: float = 174.0,
) -> Any:  # fmt: skip
    """Draw which checks found something in which study, all in one figure.

    Parameters
    ----------
    findings : sequence of Finding
        From `metarepro.evidence.integrity.check_integrity`, or with the reasons for those that were accepted.
    labels : mapping of study id to name, optional
        Names of all studies that were checked, so that the figure can say how many there were; ids are shown for
        those without one.
    title : str
    width_mm : float
        Width at print; checks that find no room beside each other stand in a further block below.

    Returns
    -------
    matplotlib.figure.Figure

    Notes
    -----
    Not a score of trustworthiness: studies that print more numbers can have more findings. Read each finding (in
    results/integrity.csv) before speaking of it.
    """
    (canvas,) = draw_integrity(findings, labels, title, width_mm)
    return figure_of(canvas, clean(title), describe_integrity(findings, labels, title))


def integrity_overview_pages(
    findings: Sequence[Finding], *, labels: Mapping[str, str] | None = None, title: str = DEFAULT_TITLE,
    width_mm: float = 174.0, height_mm: float = 250.0,
) -> list[Any]:  # fmt: skip
    """Draw the findings on pages of at most a height; totals by check stand on the last.

    Parameters
    ----------
    findings, labels, title, width_mm
        As for `integrity_overview`.
    height_mm : float

    Returns
    -------
    list of matplotlib.figure.Figure
    """
    canvases = draw_integrity(findings, labels, title, width_mm, height_mm)
    text = describe_integrity(findings, labels, title)
    return figures_of(canvases, clean(title), text)


def draw_integrity(
    findings: Sequence[Finding], labels: Mapping[str, str] | None = None, title: str = DEFAULT_TITLE,
    width_mm: float = 174.0, height_mm: float = math.inf,
) -> list[Canvas]:  # fmt: skip
    """The pages as canvases of measured texts and marks."""
    width, limit = page_width(width_mm), height_mm * MM - MARGIN - LEADING
    studies = by_study(findings, labels)
    table = Matrix(width, studies)
    pages: list[Canvas] = []

    def begin() -> tuple[Canvas, float]:
        pages.append(Canvas(width))
        y = put_title(pages[-1], clean(title)) - 4
        y = put_text(pages[-1], sentence_of(findings, labels), y, weight="bold")
        return pages[-1], _key(pages[-1], y + 4, findings)

    canvas, y = begin()
    for codes in table.blocks:
        own = [s for s in studies if any(code in s.counts for code in codes)]
        for number, study in enumerate(own):
            height = table.row_height(study)
            head = table.head_height() if number == 0 else 0.0
            if y + head + height > limit and (number or y > limit / 2):
                pages[-1].height = y + MARGIN
                canvas, y = begin()
                number = 0
            if number == 0:
                y = table.head(canvas, y, codes)
            y = table.row(canvas, y, study, codes)
        y += 6
    totals = Totals(width, findings)
    for number, code in enumerate(sorted({f.code for f in findings})):
        if y + totals.row_height(code) + (2.5 * LEADING if number == 0 else 0.0) > limit:
            pages[-1].height = y + MARGIN
            canvas, y = begin()
            number = 0
        if number == 0:
            y = totals.head(canvas, y)
        y = totals.row(canvas, y, code)
    notes = notes_of(findings, labels)
    if put_notes(Canvas(width), notes, y + 3) > limit:
        pages[-1].height = y + MARGIN
        canvas, y = begin()
    canvas.height = put_notes(canvas, notes, y + 3) + MARGIN
    put_page_numbers(pages)
    return pages


def _key(canvas: Canvas, y: float, findings: Sequence[Finding]) -> float:
    """What the marks mean; accepted ones only where there are any."""
    there = {kind_of(f) for f in findings}
    for kind in KINDS:
        if kind not in there:
            continue
        draw_finding(canvas, kind, MARGIN + RADIUS, y + LEADING - 1.2, f"key {kind[0]}")
        y = put_text(canvas, MEANING[kind], y + 1.5, MARGIN + 12)
    return y + 6
