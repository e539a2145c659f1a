"""Printed against recomputed results: a row each, two marks joined, the verdict beside them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from metarepro.figures.colors import BLUE, GREY, INK, LIGHT, VERMILLION
from metarepro.figures.dumbbell_rows import (
    AXIS,
    GROUP_HEAD,
    NOT_RECOMPUTED,
    SECTION_HEAD,
    Part,
    Row,
    make_sections,
    paginate,
)
from metarepro.figures.fonts import text_width, wrap
from metarepro.figures.layout import MM, Canvas, Mark
from metarepro.figures.panels import Panel, Values
from metarepro.figures.printed_texts import clean
from metarepro.figures.shapes import circle, diamond
from metarepro.figures.sizes import GAP, LEADING, MARGIN, SIZE, SMALL, TITLE
from metarepro.figures.verdict_marks import REPRODUCTION_MARKS, draw_mark, mark_of

if TYPE_CHECKING:
    from metarepro.reproduction.result import Reproduction

DEFAULT_TITLE = "Printed and recomputed results"
PRINTED, OWN = INK, VERMILLION
VERDICT = 72.0
# Room that labels and plot need at least; the figure grows wider to give it.
LEAST = 160.0
SYMBOL = 12.0


@dataclass(frozen=True)
class _Columns:
    """Left ends and widths of the columns, and the width of all; k is aligned right."""

    width: float
    label: float
    k: float
    numbers: float
    plot: float
    plot_width: float
    verdict: float


def dumbbell(reproductions: Sequence[Reproduction], title: str = DEFAULT_TITLE, width_mm: float = 174.0) -> Any:
    """Draw printed results against recomputed ones, all in one figure.

    Parameters
    ----------
    reproductions : sequence of Reproduction
        A row each, by scale and within a scale by group, in their order.
    title : str
    width_mm : float
        Width at print; the figure grows wider only when labels and plot have no room. The height follows from the
        rows; more than about forty are read better in `dumbbell_pages`.

    Returns
    -------
    matplotlib.figure.Figure
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
    texts = describe(reproductions, clean(title))
    return [c.figure(clean(title), text) for c, text in zip(canvases, _page_texts(texts, len(canvases)), strict=True)]


def _page_texts(text: str, pages: int) -> list[str]:
    return [text] if pages == 1 else [f"Page {i + 1} of {pages}. {text}" for i in range(pages)]


def draw_dumbbell(
    reproductions: Sequence[Reproduction], title: str = DEFAULT_TITLE, width_mm: float = 174.0,
    height_mm: float = math.inf,
) -> list[Canvas]:  # fmt: skip
    """The pages as canvases of measured texts and marks."""
    sections = make_sections(reproductions)
    rows = [row for section in sections for row in section.rows]
    columns = _columns(rows, width_mm * MM)
    for row in rows:
        row.set_widths(columns.k - columns.label - GAP - _k_width(rows), VERDICT, columns.plot - MARGIN)
    notes = _notes(rows)
    probe = Canvas(columns.width)
    head = _head(probe, columns, clean(title), rows)
    foot = _foot(Canvas(columns.width), notes, rows, 0.0) + MARGIN
    parts = paginate(sections, height_mm * MM - head - foot)
    canvases = []
    for number, page in enumerate(parts):
        canvas = Canvas(columns.width)
        named = clean(title) if len(parts) == 1 else f"{clean(title)} ({number + 1} of {len(parts)})"
        y = _head(canvas, columns, named, rows)
        for part in page:
            y = _draw_part(canvas, columns, part, y)
        if not rows:
            y += 2 * LEADING
            canvas.text(MARGIN, y, "No printed result.", SIZE, color=INK)
        canvas.height = _foot(canvas, notes, rows, y) + MARGIN
        canvases.append(canvas)
    return canvases


def _k_width(rows: list[Row]) -> float:
    return max((text_width(t, SIZE, "bold") for t in ("Studies", *(r.k for r in rows))), default=0.0)


def _columns(rows: list[Row], width: float) -> _Columns:
    """The numbers and the verdict take what they need, labels and plot share the rest."""
    numbers = max(text_width(t, SIZE) for r in rows for t in (r.printed, r.recomputed)) if rows else 0.0
    numbers = max(
        numbers, text_width(NOT_RECOMPUTED, SIZE) + SYMBOL, text_width("Printed (interval)", SIZE, "bold") + SYMBOL
    )
    own = max((text_width(r.own, SMALL) for r in rows), default=0.0)
    verdict = SYMBOL + max(VERDICT, own)
    k = _k_width(rows)
    others = 2 * MARGIN + k + numbers + verdict + 4 * GAP + 6
    room = max(width - others, LEAST)
    plot = 0.4 * room
    label = MARGIN
    k_right = MARGIN + (room - plot) + GAP + k
    numbers_left = k_right + GAP
    plot_left = numbers_left + numbers + GAP
    return _Columns(others + room, label, k_right, numbers_left, plot_left, plot, plot_left + plot + GAP + 6)


# -- drawing -----------------------------------------------------------------------------------------------------


def _head(canvas: Canvas, columns: _Columns, title: str, rows: list[Row]) -> float:
    y = MARGIN + TITLE
    for line in wrap(title, canvas.width - 2 * MARGIN, TITLE, "bold"):
        canvas.text(MARGIN, y, line, TITLE, weight="bold", color=INK)
        y += TITLE * 1.25
    y += 4
    x = columns.numbers
    for offset, word in ((0.0, "Printed (interval)"), (LEADING, "Recomputed")):
        canvas.text(x + SYMBOL - 2, y + offset, word, SIZE, weight="bold", color=INK)
    _dot(canvas, x + 3.5, y - 2.7, False, "key")
    _dot(canvas, x + 3.5, y + LEADING - 2.7, True, "key")
    canvas.text(columns.label, y + LEADING, "Result", SIZE, weight="bold", color=INK)
    canvas.text(columns.k, y + LEADING, "Studies", SIZE, "right", "bold", INK)
    canvas.text(columns.verdict, y + LEADING, "Verdict", SIZE, weight="bold", color=INK)
    y += LEADING + 4.5
    canvas.line(MARGIN, y, canvas.width - MARGIN, y, "header rule", 0.8, INK)
    return y


def _draw_part(canvas: Canvas, columns: _Columns, part: Part, y: float) -> float:
    section = part.section
    panel = Panel(section.axis, columns.plot, columns.plot_width)
    heading = section.heading + (" (continued)" if part.continued else "")
    canvas.text(MARGIN, y + 13, heading, SIZE + 1, weight="bold", color=BLUE)
    top = y = y + SECTION_HEAD - 2
    group = ""
    behind = len(canvas.marks)
    for row in part.rows:
        if row.group and row.group != group:
            group = row.group
            for number, line in enumerate(row.group_lines):
                canvas.text(MARGIN, y + GROUP_HEAD - 4 + number * LEADING, line, SIZE, weight="bold", color=GREY)
            y += row.group_height
        else:
            canvas.line(MARGIN, y, canvas.width - MARGIN, y, "row rule", 0.3, "#dddddd")
        _draw_row(canvas, columns, panel, row, y)
        y += row.height
    if section.family != "others" and section.measure.null is not None and not panel.beyond(section.measure.null):
        x = panel.x(section.measure.null)
        canvas.line(x, top, x, y, "line of no effect", 0.6, LIGHT)
        canvas.marks.insert(behind, canvas.marks.pop())
    end = panel.ticks(canvas, y)
    return end + AXIS - (5 + SIZE)


def _draw_row(canvas: Canvas, columns: _Columns, panel: Panel, row: Row, top: float) -> None:
    y = top + LEADING + 1
    for number, line in enumerate(row.label):
        canvas.text(columns.label, y + number * LEADING, line, SIZE, weight="bold" if number < row.bold else "normal",
                    color=INK)  # fmt: skip
    canvas.text(columns.k, y, row.k, SIZE, "right", color=INK)
    canvas.text(columns.numbers, y, row.printed, SIZE, color=INK)
    missing = row.basis == "none"
    canvas.text(columns.numbers, y + LEADING, row.recomputed, SIZE, color=GREY if missing else INK)
    above, below = y - 2.7, y + LEADING - 2.7
    if not math.isnan(row.values[0]) and not math.isnan(row.others[0]):
        canvas.line(panel.x(row.values[0]), above, panel.x(row.others[0]), below, f"join: {row.id}", 0.7, LIGHT)
    _draw_values(canvas, panel, row.values, above, "none", f"printed: {row.id}")
    _draw_values(canvas, panel, row.others, below, row.basis, f"recomputed: {row.id}")
    mark = mark_of(row.verdict, REPRODUCTION_MARKS)
    draw_mark(canvas, mark, columns.verdict + 4, above, 3.6, row.id)
    for number, line in enumerate(row.verdict_lines or [mark.word]):
        canvas.text(columns.verdict + SYMBOL, y + number * LEADING, line, SIZE, color=INK)
    lines = max(len(row.verdict_lines), 1)
    canvas.text(columns.verdict + SYMBOL, y + lines * LEADING, row.own, SMALL, color=GREY)


def _draw_values(canvas: Canvas, panel: Panel, values: Values, y: float, kind: str, name: str) -> None:
    """An estimate with its interval: hollow as printed, filled as recomputed, an open diamond from our own rows."""
    estimate, low, high = values
    if math.isnan(estimate):
        return
    color = {"printed inputs": BLUE, "own rows": OWN}.get(kind, PRINTED)
    panel.interval(canvas, y, low, high, color, name, dashed=kind == "own rows")
    x = panel.x(estimate)
    if side := panel.beyond(estimate):
        canvas.polygon(panel.arrow(y, side, 3.4), color if kind == "printed inputs" else "#ffffff", name, color)
    elif kind == "own rows":
        canvas.marks.append(Mark(tuple(diamond(3.2, x, y)), "#ffffff", color, 0.9, False, name))
    else:
        _dot(canvas, x, y, kind == "printed inputs", name)


def _dot(canvas: Canvas, x: float, y: float, filled: bool, name: str) -> None:
    fill, stroke = (BLUE, BLUE) if filled else ("#ffffff", PRINTED)
    canvas.marks.append(Mark(tuple(circle(2.3, x, y)), fill, stroke, 0.9, False, name))


# -- words -------------------------------------------------------------------------------------------------------


def _notes(rows: list[Row]) -> list[str]:
    marks = (
        "Hollow circle: as printed. Filled circle: recomputed from the numbers of the studies that the report prints."
    )
    if any(r.basis == "own rows" for r in rows):
        marks += " Open diamond, dashed: our own rows, which are other studies in part."
    return [marks + " Lines: intervals. Arrow: it goes on. Those recomputed from printed numbers are rounded likewise."]


def _foot(canvas: Canvas, notes: list[str], rows: list[Row], y: float) -> float:
    """Notes and the verdicts in plain words; returns the last baseline."""
    y += 4
    for note in notes:
        for line in wrap(note, canvas.width - 2 * MARGIN, SMALL):
            y += SMALL * 1.3
            canvas.text(MARGIN, y, line, SMALL, color=GREY)
    y += SMALL * 1.3 + 3
    canvas.text(MARGIN, y, f"Verdicts, and how many of the {len(rows)} results have each:", SMALL, color=GREY)
    for mark in REPRODUCTION_MARKS.values():
        count = sum(r.verdict == mark.word for r in rows)
        if count:
            y += SMALL * 1.45
            draw_mark(canvas, mark, MARGIN + 4, y - 2.3, 3.0, f"key: {mark.word}")
            lines = wrap(f"{mark.word} ({count}): {mark.meaning}", canvas.width - 2 * MARGIN - SYMBOL, SMALL)
            for number, line in enumerate(lines):
                y += SMALL * 1.3 if number else 0.0
                canvas.text(MARGIN + SYMBOL, y, line, SMALL, color=GREY)
    return y + 2


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
