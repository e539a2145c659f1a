"""Rows of two intervals, printed above and recomputed below, beside their words, numbers and verdict, on pages."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from metarepro.effects import Measure
from metarepro.figures.page.axes import Axis, Values
from metarepro.figures.page.layout import MM, Canvas, Cell, put_notes, put_text, put_title
from metarepro.figures.page.look import BLUE, GAP, GREY, INK, LEADING, MARGIN, MIDDLE, SIZE, SMALL, VERMILLION, WHITE
from metarepro.figures.page.panel import Panel
from metarepro.figures.page.shapes import circle, diamond
from metarepro.figures.page.text import text_width, wrap
from metarepro.figures.reproductions.printed import measure_of, printed_cell
from metarepro.figures.table import Column, Line, Table
from metarepro.figures.verdict_marks import REPRODUCTION_MARKS, draw_mark, mark_of

if TYPE_CHECKING:
    from metarepro.reproduction.result import PrintedNumbers, Reproduction

Family = Literal["ratios", "standardised", "means", "risks", "proportions", "others"]
Basis = Literal["printed inputs", "own rows", "none"]
NOT_RECOMPUTED = "not recomputed"
SHARES = "Risk differences and proportions stand as printed, some as shares of 1; their axis is in percent."
PRINTED, RECOMPUTED, OWN = INK, BLUE, VERMILLION
SECTION_HEAD, GROUP_HEAD, AXIS = 20.0, 15.0, 19.0
VERDICT, SYMBOL = 72.0, 12.0
# Room that labels and plot need beside each other; with less, numbers and plot stand below the words.
LEAST, LEAST_PLOT = 160.0, 110.0
# Numbers are broken between estimate and interval where they would be wider.
WIDEST_NUMBERS = 118.0
RULE = "#dddddd"
LEGEND = ("Printed (interval)", "Recomputed")


@dataclass
class Row:
    """One printed result, or one study of it: words, numbers as texts, values on the display scale, verdict.

    `values` are printed and `others` recomputed, estimate with interval; nan where there is none. `k` is the number of
    studies as printed, `own` a note on the verdict, `cells` the row of the data. The lines are set with the widths.
    """

    id: str
    group: str
    name: str
    about: str
    k: str
    own: str
    printed: str
    recomputed: str
    values: Values
    others: Values
    basis: Basis
    verdict: str
    cells: dict[str, Cell]
    as_shares: bool = False
    label: list[Line] = field(default_factory=list)
    verdict_lines: list[Line] = field(default_factory=list)
    group_lines: list[str] = field(default_factory=list)
    printed_lines: list[str] = field(default_factory=list)
    recomputed_lines: list[Line] = field(default_factory=list)
    stacked: bool = False

    @property
    def lines_of_words(self) -> int:
        """Lines of the label or of the verdict, whichever are more."""
        return max(len(self.label), len(self.verdict_lines), 1)

    @property
    def height(self) -> float:
        """Height in points: two lines at least, the printed and the recomputed numbers."""
        numbers = len(self.printed_lines) + len(self.recomputed_lines)
        lines = self.lines_of_words + numbers if self.stacked else max(self.lines_of_words, numbers)
        return lines * LEADING + 6.0

    @property
    def group_height(self) -> float:
        """Height of the heading of its group; 0 without one."""
        return GROUP_HEAD + (len(self.group_lines) - 1) * LEADING if self.group else 0.0

    def break_lines(self, columns: _Columns) -> None:
        """Break all words and numbers into lines of the columns; no number is broken inside."""
        self.stacked, width = columns.stacked, columns.label_width
        studies = [f"{self.k} {'study' if self.k == '1' else 'studies'}"] if columns.stacked and self.k else []
        self.label = [*_lines(self.name, width, weight="bold"), *_lines(self.about, width), *map(Line, studies)]
        word = mark_of(self.verdict, REPRODUCTION_MARKS).word
        verdict = _lines(self.verdict, VERDICT) or [Line(word)]
        self.verdict_lines = [*verdict, *_lines(self.own, VERDICT, SMALL, color=GREY)]
        self.printed_lines = _broken(self.printed, columns.numbers_width)
        color = GREY if self.basis == "none" else INK
        self.recomputed_lines = [Line(t, color=color) for t in _broken(self.recomputed, columns.numbers_width)]
        # No line of no effect may cross headings of groups.
        room = (columns.page if columns.stacked else columns.plot) - 2 * MARGIN
        self.group_lines = wrap(self.group, room, SIZE, "bold")


@dataclass
class Section:
    """Rows that share an axis."""

    family: Family
    measure: Measure
    heading: str
    axis: Axis
    rows: list[Row]


@dataclass
class _Stretch:
    """Rows of one section on one page, under its heading in lines."""

    section: Section
    heading: list[str]
    rows: list[Row] = field(default_factory=list)

    @property
    def head_height(self) -> float:
        return SECTION_HEAD + (len(self.heading) - 1) * (LEADING + 1) if self.heading else 4.0


@dataclass(frozen=True)
class _Columns:
    """Left ends and widths of the columns; k is aligned right; `stacked` where numbers stand below the words."""

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


def family_of(reproduction: Reproduction) -> Family:
    """Scale on which a result is drawn."""
    measure = measure_of(reproduction)
    if not reproduction.code or measure.code == "GEN":
        return "others"
    if measure.ratio:
        return "ratios"
    if measure.code.startswith("SMD"):
        return "standardised"
    if measure.code == "MD":
        return "means"
    if measure.percent:
        return "proportions" if measure.null is None else "risks"
    return "others"


def pair_cells(printed: PrintedNumbers, values: Values, others: Values) -> dict[str, Cell]:
    """Printed and recomputed numbers in full, on the display scale."""
    texts = (printed.estimate, printed.ci_low, printed.ci_high)
    names = ("estimate", "ci_low", "ci_high")
    cells: dict[str, Cell] = {f"printed_{n}": printed_cell(t, v) for n, t, v in zip(names, texts, values, strict=True)}
    return cells | {f"recomputed_{n}": v for n, v in zip(names, others, strict=True)}


def draw_pairs(
    sections: Sequence[Section], page: float, height_mm: float, *, heads: tuple[str, str], title: str,
    notes: Sequence[str], meanings: dict[str, str], of: str, apart: float = 0.0,
    caption: Callable[[Canvas, float], float] | None = None,
) -> list[Canvas]:  # fmt: skip
    """Pages of rows.

    Parameters
    ----------
    sections : sequence of Section
    page, height_mm : float
        Width in points; a page is only higher if one row alone is.
    heads : tuple of str
        What stands over the labels and over the numbers of studies; nothing over the latter if no row has one.
    title, notes : str, sequence of str
        On every page.
    meanings : dict
        What the verdicts mean; `of` says of what they are. They stand farther from the notes by `apart`.
    caption : callable, optional
        Puts what stands below the title of the first page; returns where that ends.
    """
    rows = [row for section in sections for row in section.rows]
    columns = _arrange(sections, page, heads)
    for row in rows:
        row.break_lines(columns)

    def begin(named: str, first: bool) -> tuple[Canvas, float]:
        canvas = Canvas(page)
        y = put_title(canvas, named)
        if caption is not None and first:
            y = caption(canvas, y)
        return canvas, _draw_heads(canvas, columns, y) if rows else y

    def end(canvas: Canvas, y: float) -> float:
        if rows:
            y = _put_verdicts(canvas, rows, meanings, of, put_notes(canvas, notes, y + 4) + apart)
        return y + MARGIN

    # "99 of 99" is as long as any number of pages.
    head = begin(f"{title} (99 of 99)", True)[1]
    pages = _paginate(sections, page - 2 * MARGIN, height_mm * MM - head - end(Canvas(page), 0.0))
    canvases = []
    for number, stretches in enumerate(pages, 1):
        canvas, y = begin(title if len(pages) == 1 else f"{title} ({number} of {len(pages)})", number == 1)
        for stretch in stretches:
            y = _draw_stretch(canvas, columns, stretch, y)
        if not rows:
            y += LEADING
            canvas.text(MARGIN, y, "No printed result.")
        canvas.height = end(canvas, y)
        canvases.append(canvas)
    return canvases


def _arrange(sections: Sequence[Section], page: float, heads: tuple[str, str]) -> _Columns:
    """Give the columns their room."""
    rows = [row for section in sections for row in section.rows]
    texts = [t for r in rows for t in (r.printed, r.recomputed)]
    legend = max(text_width(t, SIZE, "bold") for t in LEGEND) + SYMBOL
    # A word of the numbers is never broken.
    word = max(legend, *(text_width(t, SIZE) for text in (NOT_RECOMPUTED, *texts) for t in text.split()),
               text_width(NOT_RECOMPUTED, SIZE))  # fmt: skip
    counts = [r.k for r in rows if r.k]
    if not counts:
        heads = (heads[0], "")
    k = max(text_width(t, SIZE, "bold") for t in (heads[1], *counts))
    before_k = k + GAP if counts else 0.0
    labels = max([*(text_width(r.name, SIZE, "bold") for r in rows), *(text_width(r.about, SIZE) for r in rows), 30.0])
    free = page - (2 * MARGIN + before_k + SYMBOL + VERDICT + 3 * GAP + 6)
    # Where labels are short, numbers in one line come first, then the plot.
    widest = max((text_width(text, SIZE) for text in texts), default=0.0)
    numbers = max(min(widest, max(WIDEST_NUMBERS, free - labels - LEAST_PLOT)), word)
    room = free - numbers
    if room >= LEAST or room - labels >= LEAST_PLOT:
        plot = max(0.4 * room, room - labels)
        k_right = MARGIN + room - plot + before_k
        left = k_right + GAP + numbers + GAP
        return _Columns(page, room - plot, k_right, k_right + GAP, numbers, left, plot, left + plot + GAP + 6, False,
                        heads)  # fmt: skip
    inner = page - 2 * MARGIN
    # The last label of an axis is centred under its tick.
    ends = max((text_width(s.axis.labels[-1], SIZE) / 2 for s in sections if s.axis.labels), default=0.0)
    numbers = max(min(numbers, 0.5 * inner), word)
    plot = inner - numbers - 2 * GAP - max(6.0, ends - MARGIN + 2)
    verdict = page - MARGIN - SYMBOL - VERDICT
    return _Columns(page, verdict - GAP - MARGIN, 0.0, MARGIN, numbers, MARGIN + numbers + 2 * GAP, plot, verdict, True,
                    heads)  # fmt: skip


def _lines(text: str, width: float, size: float = SIZE, weight: str = "normal", color: str = INK) -> list[Line]:
    return [Line(t, size, weight, color) for t in wrap(text, width, size, weight)] if text else []


def _broken(numbers: str, width: float) -> list[str]:
    """An estimate with its interval in one line, or the interval below the estimate."""
    if text_width(numbers, SIZE) <= width:
        return [numbers]
    estimate, bracket, interval = numbers.partition(" (")
    return [
        line for stretch in (estimate, bracket.lstrip() + interval) if stretch for line in wrap(stretch, width, SIZE)
    ]


def _paginate(sections: Sequence[Section], width: float, room: float) -> list[list[_Stretch]]:
    """Rows page by page; a heading is never parted from its first row."""

    def stretch_of(section: Section, continued: bool) -> _Stretch:
        words = section.heading + (" (continued)" if continued else "")
        return _Stretch(section, wrap(words, width, SIZE + 1, "bold") if words else [])

    pages: list[list[_Stretch]] = [[]]
    left = room
    for section in sections:
        stretch = stretch_of(section, False)
        group: str | None = None
        for row in section.rows:
            need = row.height + (row.group_height if row.group != group else 0.0)
            need += 0.0 if stretch.rows else stretch.head_height + AXIS
            if need > left and (stretch.rows or pages[-1]):
                if stretch.rows:
                    pages[-1].append(stretch)
                    stretch = stretch_of(section, True)
                pages.append([])
                left = room
                need = row.height + stretch.head_height + AXIS + row.group_height
            stretch.rows.append(row)
            left -= need
            group = row.group
        pages[-1].append(stretch)
    return pages


# -- drawing -----------------------------------------------------------------------------------------------------


def _draw_heads(canvas: Canvas, columns: _Columns, y: float) -> float:
    """Heads of the columns and the legend of the two marks; returns where the rows begin."""
    y += 4
    first = y if columns.stacked else y + LEADING
    canvas.text(MARGIN, first, columns.heads[0], weight="bold")
    canvas.text(columns.verdict, first, "Verdict", weight="bold")
    if columns.stacked:
        y += LEADING
    else:
        canvas.text(columns.k, first, columns.heads[1], align="right", weight="bold")
    for offset, word in zip((0.0, LEADING), LEGEND, strict=True):
        canvas.text(columns.numbers + SYMBOL - 2, y + offset, word, weight="bold")
        _dot(canvas, columns.numbers + 3.5, y + offset - 2.7, offset > 0, "key")
    return Table((), canvas.width - MARGIN).draw_rule(canvas, y + LEADING + 4.5, heads=True)


def _draw_stretch(canvas: Canvas, columns: _Columns, stretch: _Stretch, y: float) -> float:
    """Rows that share an axis, with their heading above and the axis below; returns where they end."""
    section = stretch.section
    panel = Panel(section.axis, columns.plot, columns.plot_width)
    canvas.lines(MARGIN, y + 13, stretch.heading, SIZE + 1, LEADING + 1, weight="bold", color=BLUE)
    top = y = y + stretch.head_height - 2
    null = section.measure.null
    shown = section.family != "others" and null is not None and not panel.beyond(null)
    x = panel.x(null) if shown and null is not None else math.nan
    group = ""
    behind = len(canvas.marks)
    for row in stretch.rows:
        if row.group and row.group != group:
            group = row.group
            canvas.lines(MARGIN, y + GROUP_HEAD - 4, row.group_lines, weight="bold", color=GREY)
            y += row.group_height
        else:
            Table((), canvas.width - MARGIN, rule=RULE).draw_rule(canvas, y)
        if shown and columns.stacked:
            words = row.lines_of_words * LEADING + 4.5
            canvas.line(x, y + words, x, y + row.height, "line of no effect", 0.6, GREY)
        with canvas.data_row(**row.cells):
            _draw_row(canvas, columns, panel, row, y)
        y += row.height
    if shown and not columns.stacked:
        canvas.line(x, top, x, y, "line of no effect", 0.6, GREY)
        canvas.marks.insert(behind, canvas.marks.pop())
    return panel.ticks(canvas, y) + AXIS - (5 + SIZE)


def _draw_row(canvas: Canvas, columns: _Columns, panel: Panel, row: Row, top: float) -> None:
    y = top + LEADING + 1
    mark = mark_of(row.verdict, REPRODUCTION_MARKS)
    draw_mark(canvas, mark, columns.verdict + 4, y - 2.7, 3.6, row.id)
    words = Table((Column(MARGIN), Column(columns.verdict + SYMBOL), Column(columns.k, align="right")), columns.page)
    words.draw_row(canvas, top + 1, [row.label, row.verdict_lines, "" if columns.stacked else row.k])
    if columns.stacked:
        y += row.lines_of_words * LEADING + 1
    Table((Column(columns.numbers),), columns.page).draw_row(
        canvas, y - LEADING, [[*row.printed_lines, *row.recomputed_lines]]
    )
    middle, other = y - 2.7, y + len(row.printed_lines) * LEADING - 2.7
    if not math.isnan(row.values[0]) and not math.isnan(row.others[0]):
        canvas.line(panel.x(row.values[0]), middle, panel.x(row.others[0]), other, f"join: {row.id}", 0.7, MIDDLE)
    _draw_values(canvas, panel, row.values, middle, "none", f"printed: {row.id}")
    _draw_values(canvas, panel, row.others, other, row.basis, f"recomputed: {row.id}")


def _draw_values(canvas: Canvas, panel: Panel, values: Values, y: float, basis: Basis, name: str) -> None:
    """An estimate with its interval: hollow as printed, filled as recomputed, an open diamond from our own rows."""
    estimate, low, high = values
    if math.isnan(estimate):
        return
    color = {"printed inputs": RECOMPUTED, "own rows": OWN, "none": PRINTED}[basis]
    panel.interval(canvas, y, low, high, color, name, dashed=basis == "own rows")
    if side := panel.beyond(estimate):
        canvas.polygon(panel.arrow(y, side, 3.4), color if basis == "printed inputs" else WHITE, name, color)
    elif basis == "own rows":
        canvas.polygon(diamond(3.2, panel.x(estimate), y), WHITE, name, color, 0.9)
    else:
        _dot(canvas, panel.x(estimate), y, basis == "printed inputs", name)


def _dot(canvas: Canvas, x: float, y: float, filled: bool, name: str) -> None:
    fill, stroke = (RECOMPUTED, RECOMPUTED) if filled else (WHITE, PRINTED)
    canvas.polygon(circle(2.3, x, y), fill, name, stroke, 0.9)


def _put_verdicts(canvas: Canvas, rows: Sequence[Row], meanings: dict[str, str], of: str, y: float) -> float:
    """The verdicts in plain words, and how many rows have each; returns the last baseline."""
    y += SMALL * 1.3 + 3
    canvas.text(MARGIN, y, f"Verdicts, and how many of the {len(rows)} {of} have each:", SMALL, color=GREY)
    for word, meaning in meanings.items():
        count = sum(r.verdict == word for r in rows)
        if count:
            draw_mark(canvas, REPRODUCTION_MARKS[word], MARGIN + 4, y + SMALL * 1.45 - 2.3, 3.0, f"key: {word}")
            y = put_text(
                canvas, f"{word} ({count}): {meaning}", y + SMALL * 0.15, MARGIN + SYMBOL, size=SMALL,
                leading=SMALL * 1.3, color=GREY,
            )  # fmt: skip
    return y + 2
