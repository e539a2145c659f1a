"""Drawing a forest plot: its rows, where its columns stand, its pages."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Sequence
from itertools import pairwise

from metarepro.analysis.decimals import measure_of
from metarepro.analysis.shown_result import ShownResult
from metarepro.evidence.bias_tools import OVERALL
from metarepro.figures import table
from metarepro.figures.forest_plots.columns import Column, data_kind, effect_column, favours, folded_note, weight_column
from metarepro.figures.forest_plots.layout import (
    LIGHT_PITCH,
    SMALL_LEADING,
    Placement,
    before_point,
    cell_lines,
    place,
    wrap_row,
)
from metarepro.figures.forest_plots.lights import lights_note, lights_of
from metarepro.figures.forest_plots.rows import Row, make_rows
from metarepro.figures.forest_plots.scale import forest_axis, heaviest_of, side_of_square
from metarepro.figures.judgements.marks import draw_judgement
from metarepro.figures.page import numbers as fmt
from metarepro.figures.page.axes import Values
from metarepro.figures.page.layout import MM, Align, Canvas, put_notes, put_title
from metarepro.figures.page.look import BROWN, GREY, INK, LEADING, LIGHT, MARGIN, ROW, SIZE, SMALL, WHITE
from metarepro.figures.page.panel import Panel
from metarepro.figures.page.shapes import diamond, square
from metarepro.figures.page.text import one_line, text_width, wrap
from metarepro.figures.styles import Style, get_style
from metarepro.figures.wording import effect_label, footnotes

LARGEST, LEAST = 9.0, 2.4
# Lines of notes in the picture; a journal sets the rest in the caption.
MOST_NOTE_LINES = 4


class ForestDrawing:
    """One forest plot: its rows, where its columns stand, and how its pages are drawn."""

    def __init__(self, result: ShownResult) -> None:
        self.result = result
        self.measure = measure_of(result)
        self.style: Style = get_style(result.figure.style)
        self.kind = kind = data_kind(result, self.measure, self.style)
        self.rows = make_rows(result, self.measure, kind, self.style)
        left = [*kind.columns]
        for head in result.figure.columns:
            left.append(Column(f"user {head}", [one_line(head)], self._align(f"user {head}"), "user"))
        right = [effect_column(result, self.style)]
        if result.combine == "pool":
            right.insert(0 if self.style.numbers_first else 1, weight_column(self.style))
        if self.style.numbers_first:
            left, right = [*left, *right], []
        lights = list(lights_of(result)) if result.figure.risk_of_bias else []
        width = result.figure.width_mm * MM
        self.place: Placement = place(self.rows, left, right, lights, width, self.style.study_head)
        axis = forest_axis(result, self.measure)
        axis = dataclasses.replace(axis, labels=tuple(self.style.number(label) for label in axis.labels))
        self.panel = Panel(axis, self.place.plot_left, self.place.plot_width)
        self.heaviest = heaviest_of(r.weight for r in self.rows)
        # Where the columns are too narrow for a sentence, the notes among the rows go below the axis.
        self.moved = [r for r in self.rows if r.kind == "note"] if self.place.note_width < 150 else []
        if self.moved:
            self.rows = [r for r in self.rows if r.kind != "note"]

    def _align(self, key: str) -> Align:
        """Numbers stand at the right, words at the left."""
        cells = [row.cells[key] for row in self.rows if row.cells.get(key, "\u2013") != "\u2013"]
        return "right" if cells and all(re.fullmatch(r"[-\u2212]?\d+([.,]\d+)?", c) for c in cells) else "left"

    # -- pages -----------------------------------------------------------------------------------------------------

    def paginate(self, height: float) -> list[list[Row]]:
        """Rows by page; a heading stays with its first member, the summary with the last study."""
        probe = Canvas(self.place.width)
        taken = self._head(probe, 88, 88) + 2
        taken += self._axis_below(probe, 0.0) + 4 + SMALL * 1.3 + MARGIN
        starts, used = [0], taken
        for number, row in enumerate(self.rows):
            needed = row.height
            if row.kind == "heading":
                needed += sum(r.height for r in self.rows[number + 1 : number + 2])
            if used + needed > height and any(r.kind != "gap" for r in self.rows[starts[-1] : number]):
                starts.append(number)
                again = self._heading_of(number)
                used = taken + (again.height if again else 0.0)
            used += row.height
        if len(starts) > 1 and not any(r.kind == "study" for r in self.rows[starts[-1] :]):
            # The summary stands with a study, and that one with its heading.
            last = max((n for n, r in enumerate(self.rows) if r.kind == "study"), default=0)
            while self.rows[last - 1].kind == "heading":
                last -= 1
            starts[-1] = last if last > starts[-2] else starts[-1]
        pages = []
        for start, end in pairwise([*starts, len(self.rows)]):
            again = self._heading_of(start) if start else None
            rows = [*([again] if again else []), *self.rows[start:end]]
            # Space before the summary is none at the top of a page.
            pages.append(rows[1:] if len(rows) > 1 and rows[0].kind == "gap" else rows)
        return pages

    def _heading_of(self, number: int) -> Row | None:
        """The heading of a row's subgroup, to be repeated where the row begins a page; none where it has none."""
        row = self.rows[number]
        if row.kind not in ("study", "subtotal", "note") or not (row.indent or row.kind == "subtotal"):
            return None
        found = next((r for r in reversed(self.rows[:number]) if r.kind == "heading"), None)
        if found is None:
            return None
        label = f"{found.data['label']} (continued)"
        again = dataclasses.replace(found, label=label, lines=[], small=[])
        wrap_row(again, self.place)
        return again

    def draw_page(self, rows: list[Row], number: int, pages: int) -> Canvas:
        """One page."""
        canvas = Canvas(self.place.width)
        y = self._head(canvas, number, pages)
        top = y
        placed = []
        for row in rows:
            placed.append((row, y))
            y += row.height
        bottom = y + 2
        self._frame(canvas, top, bottom)
        for row, at in placed:
            self._draw_row(canvas, row, at)
        y = self._axis_below(canvas, bottom) + 4
        if number < pages:
            y += SMALL * 1.3
            canvas.text(MARGIN, y, f"Continued on page {number + 1}.", SMALL, color=GREY)
        else:
            for row in self.moved:
                with canvas.in_row(canvas.add_data(**row.data)):
                    y = put_notes(canvas, [self._moved_text(row)], y)
            if self.result.figure.notes:
                y = put_notes(canvas, self.shown_notes(), y)
        canvas.height = y + MARGIN
        return canvas

    def notes(self) -> list[str]:
        """All notes: what stands under the labels, marks, methods, what was left out."""
        notes = []
        if words := folded_note(self.result, self.kind, self.place.attempt.folded):
            notes.append(words)
        if self.place.lights:
            notes.append(lights_note(self.result.bias_tool, self.place.lights))
        return [*notes, *footnotes(self.result, self._has_arrows(), self._floored())]

    def shown_notes(self) -> list[str]:
        """As many of the notes, the most needed first, as a few lines hold; the text alternative has them all."""
        shown = ""
        for note in self.notes():
            longer = f"{shown} {note}".strip()
            if len(wrap(longer, self.place.width - 2 * MARGIN, SMALL)) <= MOST_NOTE_LINES:
                shown = longer
        return [shown] if shown else []

    def _has_arrows(self) -> bool:
        """Whether anything on any page lies beyond the axis."""
        return any(self.panel.beyond(v) for row in self.rows for v in row.values if not math.isnan(v))

    def _floored(self) -> int:
        """How many squares are drawn larger than their weights ask for."""
        shown = [r for r in self.rows if r.kind == "study" and math.isfinite(r.values[0])]
        return sum(self._side(r) < LEAST for r in shown if not self.panel.beyond(r.values[0]))

    def _side(self, row: Row) -> float:
        """Side of a square whose area is by weight."""
        largest = LARGEST * min(1.0, max(self.place.plot_width / 120.0, 0.7))
        return side_of_square(row.weight, self.heaviest, largest)

    def _moved_text(self, row: Row) -> str:
        group = next((g.label for g in self.result.subgroups if g.group == row.data.get("group")), "")
        return f"{group}: {row.label}" if group and row.indent else row.label

    # -- head and frame --------------------------------------------------------------------------------------------

    def _head(self, canvas: Canvas, number: int, pages: int) -> float:
        page = f"(page {number} of {pages})" if pages > 1 else ""
        title = f"{self.result.title} {page}".rstrip() if self.result.figure.title else page
        y = put_title(canvas, title) + 4 if title else MARGIN
        columns = self.place.columns
        depth = max((len(c.header) + bool(c.span) for c in columns), default=1)
        spans = dict.fromkeys(c.span for c in self.place.left if c.span)
        last = y + max(depth, 2 if self.place.lights else 1) * LEADING
        for span in spans:
            members = [c for c in self.place.left if c.span == span]
            extra = members[0].before / 2
            start, end = members[0].x - extra, members[-1].x + members[-1].width + (extra if len(members) == 1 else 0)
            above = last - max(len(c.header) for c in members) * LEADING - 3
            canvas.text((start + end) / 2, above, span, SIZE, "center", "bold", INK)
            canvas.line(start, above + 3, end, above + 3, "header rule: span", 0.5, GREY)
        heads = [table.Column(self._anchor(c), c.header, c.align) for c in columns]
        heads.append(table.Column(MARGIN, self.style.study_head))
        end = table.Table(heads, self.place.width - MARGIN, below=4.5).draw_heads(canvas, last)
        for i, domain in enumerate(self.place.lights):
            name = "All" if domain == OVERALL else domain[1:]
            canvas.text(self._light_x(i), last, name, SMALL, "center", "bold", INK)
        if self.place.lights:
            middle = self._light_x((len(self.place.lights) - 1) / 2)
            half = text_width("RoB", SMALL, "bold") / 2
            canvas.text(
                min(middle, self.place.width - MARGIN - half), last - LEADING, "RoB", SMALL, "center", "bold", INK
            )
        return end + 2.5

    def _light_x(self, number: float) -> float:
        return self.place.lights_left + (number + 0.5) * LIGHT_PITCH

    def _anchor(self, column: Column) -> float:
        return column.x + (column.width if column.align == "right" else 0.0)

    def _frame(self, canvas: Canvas, top: float, bottom: float) -> None:
        """The lines of no effect and of the pooled estimate, behind the rows."""
        null, summary = self.measure.null, self.result.summary
        if null is not None and not self.panel.beyond(null):
            x = self.panel.x(null)
            canvas.line(x, top, x, bottom, "line of no effect", 0.7, "#7a7a7a")
        pooled = summary.estimate if summary is not None and summary.k > 1 else math.nan
        if math.isfinite(pooled) and not self.panel.beyond(pooled):
            x = self.panel.x(pooled)
            canvas.line(x, top, x, bottom, "pooled estimate", 0.6, "#7a7a7a", dashed=True)

    # -- rows ------------------------------------------------------------------------------------------------------

    def _draw_row(self, canvas: Canvas, row: Row, top: float) -> None:
        if row.kind == "gap":
            canvas.line(MARGIN, top + ROW / 2, canvas.width - MARGIN, top + ROW / 2, "row rule", 0.5, LIGHT)
            return
        with canvas.in_row(self._data_row(canvas, row)):
            self._draw_texts(canvas, row, top + ROW - 3.2)
            self._draw_marks(canvas, row, top + ROW / 2)
        if self.place.lights and row.kind == "study":
            for i, domain in enumerate(self.place.lights):
                name = f"{row.label} {domain}"
                draw_judgement(canvas, row.judgements.get(domain, ""), self._light_x(i), top + ROW / 2, 3.6, name)

    def _data_row(self, canvas: Canvas, row: Row) -> int | None:
        """The row of data behind a row; those that show the same pooled result share one."""
        if not row.data:
            return None
        for number, known in enumerate(canvas.data):
            if known is row.data:
                return number
        canvas.data.append(row.data)
        return len(canvas.data) - 1

    def _draw_texts(self, canvas: Canvas, row: Row, baseline: float) -> None:
        x, weight = MARGIN + row.indent, "bold" if row.bold else "normal"
        if row.kind == "note":
            canvas.lines(x, baseline, row.small, SMALL, color=GREY)
            return
        below = canvas.lines(x, baseline, row.lines, weight=weight) - LEADING + SMALL_LEADING
        canvas.lines(x, below, row.small, SMALL, SMALL_LEADING, color=GREY)
        cells = [cell_lines(c, row) for c in self.place.columns]
        columns = [
            table.Column(self._anchor(c) + _shift(c, lines, row.bold), align=c.align, weight=weight)
            for c, lines in zip(self.place.columns, cells, strict=True)
        ]
        table.Table(columns, self.place.width).draw_row(canvas, baseline - LEADING, cells)

    def _draw_marks(self, canvas: Canvas, row: Row, middle: float) -> None:
        estimate, low, high = row.values
        if row.kind == "study" and math.isfinite(estimate):
            self._draw_study(canvas, row, middle)
        elif row.kind in ("subtotal", "total", "model"):
            name = {"subtotal": "Subtotal", "total": "total"}.get(row.kind, f"model {row.label}")
            half, fill = (4.4, self.style.diamond) if row.kind == "total" else (3.4, WHITE)
            self.panel.diamond(canvas, middle, row.values, name, half, fill, self.style.diamond)
        elif row.kind == "prediction":
            self.panel.interval(canvas, middle, low, high, BROWN, "prediction interval", 2.4)
        elif row.kind == "reference" and math.isfinite(estimate):
            if side := self.panel.beyond(estimate):
                canvas.polygon(self.panel.arrow(middle, side, 3.0), INK, f"arrow: {row.label}")
            else:
                canvas.polygon(diamond(3.5, self.panel.x(estimate), middle), WHITE, f"printed: {row.label}", INK)

    def _draw_study(self, canvas: Canvas, row: Row, middle: float) -> None:
        draw_study(canvas, self.panel, row.values, middle, max(self._side(row), LEAST) / 2, self.style, row.label)

    # -- below the rows --------------------------------------------------------------------------------------------

    def _axis_below(self, canvas: Canvas, y: float) -> float:
        y = self.panel.ticks(canvas, y, self.style.number)
        name = fmt.axis_name(effect_label(self.result), self.measure, "log" if self.panel.axis.log else "")
        if self.measure.null is not None and self.result.control_label and self.result.better:
            y = self._favours(canvas, y)
        width = canvas.width - 2 * MARGIN
        for line in wrap(name, width, SIZE):
            y += SIZE + 1
            half = text_width(line, SIZE) / 2
            middle = self.panel.left + self.panel.width / 2
            canvas.text(
                min(max(middle, MARGIN + half), canvas.width - MARGIN - half), y, line, SIZE, "center", color=GREY
            )
        return y

    def _favours(self, canvas: Canvas, y: float) -> float:
        """'Favours ...' on each side of no effect."""
        null = self.measure.null
        zero = self.panel.x(null if null is not None else 0.0)
        one, two = favours(self.result, self.style.favours)
        # Under the rows the whole width is free, so a label may reach beyond the plot; two that do not fit are stacked.
        wide = [text_width(t, SIZE) for t in (one, two)]
        right, left = max(zero - 4, MARGIN + wide[0]), min(zero + 4, canvas.width - MARGIN - wide[1])
        y += SIZE + 1
        if right > left - 4 or max(wide) > canvas.width - 2 * MARGIN:
            for text, side in ((one, -1), (two, 1)):
                for line in wrap(text, canvas.width - 2 * MARGIN, SIZE):
                    start = zero - 4 - text_width(line, SIZE) if side < 0 else zero + 4
                    canvas.text(min(max(start, MARGIN), canvas.width - MARGIN - text_width(line, SIZE)), y, line)
                    y += SIZE + 1
            return y - SIZE + 1
        canvas.text(right, y, one, align="right")
        canvas.text(left, y, two)
        return y + 2


def _shift(column: Column, lines: Sequence[str], bold: bool) -> float:
    """How far a number stands to the right, so that decimal points stand below each other."""
    own = before_point(lines[0], bold) if lines else 0.0
    return column.point - own if column.point and own else 0.0


def draw_study(
    canvas: Canvas, panel: Panel, values: Values, middle: float, half: float, style: Style, name: str
) -> None:
    """An interval with the square of its estimate, `half` its side; an arrow where the estimate is beyond the axis."""
    estimate, low, high = values
    panel.interval(canvas, middle, low, high, INK, name)
    if side := panel.beyond(estimate):
        canvas.polygon(panel.arrow(middle, side, 3.0), style.square, f"arrow: {name}")
        return
    x, start, end = panel.x(estimate), panel.x(low), panel.x(high)
    canvas.polygon(square(half, x, middle), style.square, f"square: {name}")
    if math.isfinite(low) and end - start < 2 * half + 4:
        # An interval that its square hides is drawn on the square.
        ends = max(start, x - half), min(end, x + half)
        canvas.line(ends[0], middle, ends[1], middle, f"interval on square: {name}", 0.7, WHITE)
        tall = min(2.0, 0.8 * half)
        canvas.line(x, middle - tall, x, middle + tall, f"estimate: {name}", 0.7, WHITE)
