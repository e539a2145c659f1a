"""Printed against recomputed results: a row each, two marks joined, the verdict beside them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from metarepro.figures.page.figure import figures_of
from metarepro.figures.page.layout import MM, Canvas, page_width, put_notes, put_title
from metarepro.figures.page.look import INK, LEADING, MARGIN, SIZE
from metarepro.figures.page.text import clean
from metarepro.figures.reproductions.paired_rows import arrange, draw_heads, draw_key, draw_part
from metarepro.figures.reproductions.rows import SHARES, Row, make_sections, paginate
from metarepro.figures.verdict_marks import REPRODUCTION_MARKS

if TYPE_CHECKING:
    from metarepro.reproduction.result import Reproduction

DEFAULT_TITLE = "Printed and recomputed results"
HEADS = ("Result", "Studies")
MEANINGS = {mark.word: mark.meaning for mark in REPRODUCTION_MARKS.values()}


def dumbbell(reproductions: Sequence[Reproduction], title: str = DEFAULT_TITLE, width_mm: float = 174.0) -> Any:
    """Draw printed results against recomputed ones, all in one figure.

    Parameters
    ----------
    reproductions : sequence of Reproduction
        A row each, by scale and within a scale by group, in their order.
    title : str
    width_mm : float
        Width at print, exactly; in a narrow column numbers and plot stand below the words. The height follows from
        the rows; more than about forty are read better in `dumbbell_pages`.

    Returns
    -------
    matplotlib.figure.Figure
        Its twin (`metarepro.figures.write_figure`) has a row a printed result, with both numbers in full.

    Raises
    ------
    ConfigError
        When `width_mm` is no width of a page.

    Notes
    -----
    Not for results of different reviews that are to be pooled or ranked: the rows share an axis for comparison with
    their own print, not with each other. Two marks on a row after Cleveland and McGill [1]_.

    References
    ----------
    .. [1] Cleveland WS, McGill R. Graphical perception. J Am Stat Assoc 1984;79:531-54.
       doi:10.1080/01621459.1984.10478080
    """
    return dumbbell_pages(reproductions, title, width_mm, math.inf)[0]


def dumbbell_pages(
    reproductions: Sequence[Reproduction], title: str = DEFAULT_TITLE, width_mm: float = 174.0, height_mm: float = 250.0
) -> list[Any]:
    """Draw printed results against recomputed ones on pages of at most a height.

    The axis of a scale is the same on all pages.

    Parameters
    ----------
    reproductions, title, width_mm
        As for `dumbbell`.
    height_mm : float
        A page is only higher if one row alone is.

    Returns
    -------
    list of matplotlib.figure.Figure
    """
    canvases = draw_dumbbell(reproductions, title, width_mm, height_mm)
    return figures_of(canvases, clean(title), describe(reproductions, clean(title)))


def draw_dumbbell(
    reproductions: Sequence[Reproduction], title: str = DEFAULT_TITLE, width_mm: float = 174.0,
    height_mm: float = math.inf,
) -> list[Canvas]:  # fmt: skip
    """The pages as canvases of measured texts and marks."""
    width = page_width(width_mm)
    sections = make_sections(reproductions)
    rows = [row for section in sections for row in section.rows]
    columns = arrange(sections, width, HEADS)

    def begin(title: str) -> tuple[Canvas, float]:
        canvas = Canvas(width)
        y = put_title(canvas, title)
        return canvas, draw_heads(canvas, columns, y) if rows else y

    head, foot = begin(_named(clean(title), 99, 99))[1], _foot(Canvas(width), rows, 0.0) + MARGIN
    parts = paginate(sections, height_mm * MM - head - foot)
    canvases = []
    for number, page in enumerate(parts, 1):
        canvas, y = begin(_named(clean(title), number, len(parts)))
        for part in page:
            y = draw_part(canvas, columns, part, y)
        if not rows:
            y += LEADING
            canvas.text(MARGIN, y, "No printed result.", SIZE, color=INK)
        canvas.height = _foot(canvas, rows, y) + MARGIN
        canvases.append(canvas)
    return canvases


def _named(title: str, number: int, pages: int) -> str:
    return title if pages == 1 else f"{title} ({number} of {pages})"


def _foot(canvas: Canvas, rows: list[Row], y: float) -> float:
    """Notes and the verdicts in plain words; returns the last baseline."""
    if not rows:
        return y
    return draw_key(canvas, rows, MEANINGS, "results", put_notes(canvas, [_note(rows)], y + 4) - 1.5)


def _note(rows: list[Row]) -> str:
    marks = (
        "Hollow circle: as printed. Filled circle: recomputed from the numbers of the studies that the report prints."
    )
    if any(r.basis == "own rows" for r in rows):
        marks += " Open diamond, dashed: our own rows, which are other studies in part."
    lines = " Lines: intervals. Vertical line: no effect. Arrow: it goes on."
    text = f"{marks}{lines} Those recomputed from printed numbers are rounded likewise."
    return f"{text} {SHARES}" if any(r.as_shares for r in rows) else text


def describe(reproductions: Sequence[Reproduction], title: str) -> str:
    """Text alternative: how many of each verdict, then every row."""
    rows = [row for section in make_sections(reproductions) for row in section.rows]
    counts = ", ".join(f"{n} {mark}" for mark in REPRODUCTION_MARKS if (n := sum(r.verdict == mark for r in rows)))
    lines = []
    for r in rows:
        again = r.recomputed if r.basis == "none" else f"recomputed {r.recomputed}"
        own = f" ({r.own})" if r.own else ""
        about = f", {r.about}" if r.about else ""
        lines.append(f"{r.name}{about}: printed {r.printed}; {again}{own}; {r.verdict}.")
    how = f"{len(rows)} printed results" + (f": {counts}" if counts else "")
    return f"Printed against recomputed results. {title}. {how}. " + " ".join(lines)
