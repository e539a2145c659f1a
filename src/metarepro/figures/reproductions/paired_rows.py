"""Rows of two intervals, printed above and recomputed below, beside their words, numbers and verdict."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from metarepro.figures.page.layout import Canvas, put_text
from metarepro.figures.page.look import BLUE, GAP, GREY, INK, LEADING, MARGIN, MIDDLE, SIZE, SMALL, VERMILLION, WHITE
from metarepro.figures.page.panel import Panel, Values
from metarepro.figures.page.shapes import circle, diamond
from metarepro.figures.page.text import text_width
from metarepro.figures.reproductions.rows import AXIS, GROUP_HEAD, NOT_RECOMPUTED, Part, Row, Section, widest
from metarepro.figures.verdict_marks import REPRODUCTION_MARKS, draw_mark, mark_of

PRINTED, RECOMPUTED, OWN = INK, BLUE, VERMILLION
VERDICT, SYMBOL = 72.0, 12.0
# Room that labels and plot need beside each other; with less, numbers and plot stand below the words.
LEAST, LEAST_PLOT = 160.0, 110.0
# Numbers are broken between estimate and interval where they would be wider.
WIDEST_NUMBERS = 118.0
RULE = "#dddddd"
KEYS = ("Printed (interval)", "Recomputed")


@dataclass(frozen=True)
class Columns:
    """Left ends and widths of the columns on a page; k is aligned right; `stacked` for numbers below the words."""

    page: float
    label_width: float
    k: float
    numbers: float
    numbers_width: float
    plot: float
    plot_width: float
    verdict: float
    stacked: bool
    heads: tuple[str, str]

    @property
    def group_width(self) -> float:
        """Width of headings of groups, which no line of no effect may cross."""
        return self.page - 2 * MARGIN if self.stacked else self.plot - 2 * MARGIN


def arrange(sections: Sequence[Section], page: float, heads: tuple[str, str]) -> Columns:
    """Give the columns their room and break the words of all rows to it.

    Parameters
    ----------
    sections : sequence of Section
        Their rows are broken into lines.
    page : float
        Width in points.
    heads : tuple of str
        What stands over the labels and over the numbers of studies; nothing over the latter if no row has one.
    """
    rows = [row for section in sections for row in section.rows]
    texts = [t for r in rows for t in (r.printed, r.recomputed)]
    key = max(text_width(t, SIZE, "bold") for t in KEYS) + SYMBOL
    word = max(widest(texts, whole=False), key, text_width(NOT_RECOMPUTED, SIZE))
    counts = [r.k for r in rows if r.k]
    if not counts:
        heads = (heads[0], "")
    k = max(text_width(t, SIZE, "bold") for t in (heads[1], *counts))
    before_k = k + GAP if counts else 0.0
    labels = max([*(text_width(r.name, SIZE, "bold") for r in rows), *(text_width(r.about, SIZE) for r in rows), 30.0])
    free = page - (2 * MARGIN + before_k + SYMBOL + VERDICT + 3 * GAP + 6)
    # Where labels are short, numbers in one line come first, then the plot.
    numbers = max(min(widest(texts, whole=True), max(WIDEST_NUMBERS, free - labels - LEAST_PLOT)), word)
    room = free - numbers
    if room >= LEAST or room - labels >= LEAST_PLOT:
        plot = max(0.4 * room, room - labels)
        k_right = MARGIN + room - plot + before_k
        left = k_right + GAP + numbers + GAP
        columns = Columns(page, room - plot, k_right, k_right + GAP, numbers, left, plot, left + plot + GAP + 6, False,
                          heads)  # fmt: skip
    else:
        inner = page - 2 * MARGIN
        # The last label of an axis is centred under its tick.
        ends = max((text_width(s.axis.labels[-1], SIZE) / 2 for s in sections if s.axis.labels), default=0.0)
        numbers = max(min(numbers, 0.5 * inner), word)
        plot = inner - numbers - 2 * GAP - max(6.0, ends - MARGIN + 2)
        verdict = page - MARGIN - SYMBOL - VERDICT
        columns = Columns(page, verdict - GAP - MARGIN, 0.0, MARGIN, numbers, MARGIN + numbers + 2 * GAP, plot, verdict,
                          True, heads)  # fmt: skip
    for section in sections:
        section.width = page - 2 * MARGIN
        for row in section.rows:
            row.set_widths(columns.label_width, numbers, VERDICT, columns.group_width, columns.stacked)
    return columns


def draw_heads(canvas: Canvas, columns: Columns, y: float) -> float:
    """Heads of the columns and the key of the two marks; returns where the rows begin."""
    y += 4
    first = y if columns.stacked else y + LEADING
    canvas.text(MARGIN, first, columns.heads[0], SIZE, weight="bold", color=INK)
    canvas.text(columns.verdict, first, "Verdict", SIZE, weight="bold", color=INK)
    if not columns.stacked:
        canvas.text(columns.k, first, columns.heads[1], SIZE, "right", "bold", INK)
    if columns.stacked:
        y += LEADING
    for offset, word in zip((0.0, LEADING), KEYS, strict=True):
        canvas.text(columns.numbers + SYMBOL - 2, y + offset, word, SIZE, weight="bold", color=INK)
        _dot(canvas, columns.numbers + 3.5, y + offset - 2.7, offset > 0, "key")
    y += LEADING + 4.5
    canvas.line(MARGIN, y, canvas.width - MARGIN, y, "header rule", 0.8, INK)
    return y


def draw_part(canvas: Canvas, columns: Columns, part: Part, y: float) -> float:
    """Rows that share an axis, with their heading above and the axis below; returns where they end."""
    section = part.section
    panel = Panel(section.axis, columns.plot, columns.plot_width)
    for number, line in enumerate(section.heading_lines(part.continued)):
        canvas.text(MARGIN, y + 13 + number * (LEADING + 1), line, SIZE + 1, weight="bold", color=BLUE)
    top = y = y + section.head_height(part.continued) - 2
    null = section.measure.null
    shown = section.family != "others" and null is not None and not panel.beyond(null)
    x = panel.x(null) if shown and null is not None else math.nan
    group = ""
    behind = len(canvas.marks)
    for row in part.rows:
        if row.group and row.group != group:
            group = row.group
            for number, line in enumerate(row.group_lines):
                canvas.text(MARGIN, y + GROUP_HEAD - 4 + number * LEADING, line, SIZE, weight="bold", color=GREY)
            y += row.group_height
        else:
            canvas.line(MARGIN, y, canvas.width - MARGIN, y, "row rule", 0.3, RULE)
        if shown and columns.stacked:
            words = row.lines_of_words * LEADING + 4.5
            canvas.line(x, y + words, x, y + row.height, "line of no effect", 0.6, GREY)
        with canvas.data_row(**row.cells):
            _draw_row(canvas, columns, panel, row, y)
        y += row.height
    if shown and not columns.stacked:
        canvas.line(x, top, x, y, "line of no effect", 0.6, GREY)
        canvas.marks.insert(behind, canvas.marks.pop())
    end = panel.ticks(canvas, y)
    return end + AXIS - (5 + SIZE)


def _draw_row(canvas: Canvas, columns: Columns, panel: Panel, row: Row, top: float) -> None:
    y = top + LEADING + 1
    for number, line in enumerate(row.label):
        weight = "bold" if number < row.bold else "normal"
        canvas.text(MARGIN, y + number * LEADING, line, SIZE, weight=weight, color=INK)
    mark = mark_of(row.verdict, REPRODUCTION_MARKS)
    draw_mark(canvas, mark, columns.verdict + 4, y - 2.7, 3.6, row.id)
    lines = row.verdict_lines or [mark.word]
    for number, line in enumerate(lines):
        canvas.text(columns.verdict + SYMBOL, y + number * LEADING, line, SIZE, color=INK)
    for number, line in enumerate(row.own_lines, len(lines)):
        canvas.text(columns.verdict + SYMBOL, y + number * LEADING, line, SMALL, color=GREY)
    if columns.stacked:
        y += row.lines_of_words * LEADING + 1
    else:
        canvas.text(columns.k, y, row.k, SIZE, "right", color=INK)
    for number, line in enumerate(row.printed_lines):
        canvas.text(columns.numbers, y + number * LEADING, line, SIZE, color=INK)
    below = y + len(row.printed_lines) * LEADING
    for number, line in enumerate(row.recomputed_lines):
        canvas.text(columns.numbers, below + number * LEADING, line, SIZE, color=GREY if row.basis == "none" else INK)
    middle, other = y - 2.7, below - 2.7
    if not math.isnan(row.values[0]) and not math.isnan(row.others[0]):
        canvas.line(panel.x(row.values[0]), middle, panel.x(row.others[0]), other, f"join: {row.id}", 0.7, MIDDLE)
    _draw_values(canvas, panel, row.values, middle, "none", f"printed: {row.id}")
    _draw_values(canvas, panel, row.others, other, row.basis, f"recomputed: {row.id}")


def _draw_values(canvas: Canvas, panel: Panel, values: Values, y: float, kind: str, name: str) -> None:
    """An estimate with its interval: hollow as printed, filled as recomputed, an open diamond from our own rows."""
    estimate, low, high = values
    if math.isnan(estimate):
        return
    color = {"printed inputs": RECOMPUTED, "own rows": OWN}.get(kind, PRINTED)
    panel.interval(canvas, y, low, high, color, name, dashed=kind == "own rows")
    x = panel.x(estimate)
    if side := panel.beyond(estimate):
        canvas.polygon(panel.arrow(y, side, 3.4), color if kind == "printed inputs" else WHITE, name, color)
    elif kind == "own rows":
        canvas.polygon(diamond(3.2, x, y), WHITE, name, color, 0.9)
    else:
        _dot(canvas, x, y, kind == "printed inputs", name)


def _dot(canvas: Canvas, x: float, y: float, filled: bool, name: str) -> None:
    fill, stroke = (RECOMPUTED, RECOMPUTED) if filled else (WHITE, PRINTED)
    canvas.polygon(circle(2.3, x, y), fill, name, stroke, 0.9)


def draw_key(canvas: Canvas, rows: Sequence[Row], meanings: dict[str, str], of: str, y: float) -> float:
    """The verdicts in plain words, and how many rows have each; returns the last baseline."""
    y += SMALL * 1.3 + 3
    canvas.text(MARGIN, y, f"Verdicts, and how many of the {len(rows)} {of} have each:", SMALL, color=GREY)
    for word, meaning in meanings.items():
        count = sum(r.verdict == word for r in rows)
        if count:
            draw_mark(canvas, REPRODUCTION_MARKS[word], MARGIN + 4, y + SMALL * 1.45 - 2.3, 3.0, f"key: {word}")
            words = f"{word} ({count}): {meaning}"
            y += SMALL * 0.15
            y = put_text(canvas, words, y, MARGIN + SYMBOL, size=SMALL, leading=SMALL * 1.3, color=GREY)
    return y + 2
