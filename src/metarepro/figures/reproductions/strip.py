"""All ways of computing one printed result, sorted by what they give, over the choices that each is made of."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from metarepro.figures.page import numbers as fmt
from metarepro.figures.page.axes import Axis
from metarepro.figures.page.figure import Figure, figure_of
from metarepro.figures.page.layout import Canvas, Cell, page_width, put_notes, put_text, put_title
from metarepro.figures.page.look import BLUE, BROWN, GAP, GREY, INK, MARGIN, SIZE, SMALL, VERMILLION, WHITE
from metarepro.figures.page.panel import Plane, axis_of, cropped
from metarepro.figures.page.shapes import box, circle, diamond
from metarepro.figures.page.text import text_width, wrap
from metarepro.figures.reproductions import printed, specifications
from metarepro.figures.reproductions.specifications import (
    KINDS,
    MOST,
    Choice,
    SpecificationColumn,
    choices_of,
    columns_of,
    thinned,
)
from metarepro.figures.table import Column, Table

if TYPE_CHECKING:
    from metarepro.reproduction.result import Reproduction

# Room of the words at the left at most, and as a share of the page.
LABELS, LABELS_SHARE = 150.0, 0.36
WIDEST = 16.0
# No more columns are drawn than have so many points each, unless they agree or are the report’s own.
NARROWEST_COLUMN = 1.5
# Narrower pages have shorter words beside the printed numbers.
SHORT_WORDS = 400.0
# Heights of the panel, of a row of the choices, of the name of a kind of choice, of the bars of counts.
PANEL, ROW, KIND_ROW, COUNTS = 150.0, 9.0, 13.0, 22.0
BAND, FAINT, RULE, DARK = "#f3d9b1", "#949494", "#dddddd", "#3a3a3a"
AGREES, OWN = "Gives the printed numbers", "The report\u2019s words allow it"
Columns = Sequence[SpecificationColumn]


def specification_strip(reproduction: Reproduction, width_mm: float = 174.0) -> Figure:
    """Draw all ways of computing a printed result: estimates with intervals, and the choices below them.

    Parameters
    ----------
    reproduction : Reproduction
        Its `specifications` are the columns; those that give equal numbers share one.
    width_mm : float
        Width at print, exactly. The height follows from the choices; a narrow page shows fewer of the ways that
        neither agree nor are the report's own, and says so.

    Returns
    -------
    matplotlib.figure.Figure
        Its data have the printed numbers in the first row, then a row a column.

    Notes
    -----
    Not for finding the way that gives the wanted result: all ways that were tried are counted in the caption. After
    the specification curve of Simonsohn, Simmons and Nelson [1]_.

    References
    ----------
    .. [1] Simonsohn U, Simmons JP, Nelson LD. Specification curve analysis. Nat Hum Behav 2020;4:1208-14.
       doi:10.1038/s41562-020-0912-z
    """
    r = reproduction
    canvas = Canvas(page_width(width_mm))
    every = columns_of(r.specifications)
    ends = _printed_labels(r, canvas.width)
    beside = max((text_width(t, SMALL) for t, _ in ends), default=0.0) + 6
    label = min(LABELS, LABELS_SHARE * canvas.width)
    room = canvas.width - label - beside - GAP - 2 * MARGIN
    columns = thinned(every, min(MOST, int(room / NARROWEST_COLUMN)))
    y = put_title(canvas, specifications.title(r)) + 2 - SIZE * 1.3
    y = put_text(canvas, specifications.caption(r), y, leading=SIZE * 1.3) + SIZE * 1.3 - 2
    notes = specifications.notes(r, every, columns)
    if columns:
        axis = _axis(r, columns)
        y = _draw(canvas, r, columns, axis, ends, label, beside, y + 8)
        if any(axis.beyond(v) for c in columns for v in c.values if not math.isnan(v)):
            notes.append("Lines that reach the upper or lower end of the axis go on; a triangle there is an estimate.")
    canvas.height = put_notes(canvas, notes, y + 4) + MARGIN
    return figure_of(canvas, specifications.title(r), specifications.describe(r))


def _axis(r: Reproduction, columns: Columns) -> Axis:
    measure = printed.measure_as_printed(r, printed.scale_of(r))
    values = [*(c.values for c in columns), printed.printed_values(r)]
    return cropped(axis_of(measure, values), values, measure.null if r.code else None)


def _draw(
    canvas: Canvas, r: Reproduction, columns: Columns, axis: Axis, ends: list[tuple[str, float]], label: float,
    beside: float, top: float,
) -> float:  # fmt: skip
    """The panel and the choices below it; returns where they end."""
    choices = choices_of([s for c in columns for s in c.members])
    words = [text_width(w, SIZE) + 8 for w in (*(c.words for c in choices), AGREES, OWN)]
    label = min(max(*words, *(text_width(KINDS[c.kind], SIZE, "bold") for c in choices)), label)
    width = min(canvas.width - 2 * MARGIN - label - GAP - beside, WIDEST * len(columns))
    plane = Plane(Axis(0.0, float(len(columns)), (), (), False), axis, MARGIN + label + GAP, top, width, PANEL)
    _draw_axis(canvas, plane, r)
    texts = (r.printed.estimate, r.printed.ci_low, r.printed.ci_high)
    names = zip(("estimate", "ci_low", "ci_high"), texts, printed.printed_values(r), strict=True)
    cells: dict[str, Cell] = {n: printed.printed_cell(t, v) for n, t, v in names}
    with canvas.data_row(shows="printed", **cells):
        _draw_printed(canvas, plane, r, ends)
    rows = [canvas.add_data(shows="column", **column.cells) for column in columns]
    # Those that agree lie on the others.
    for agrees in (False, True):
        for number, column in enumerate(columns):
            if column.agrees == agrees:
                with canvas.in_row(rows[number]):
                    _draw_column(canvas, plane, number, column)
    y = _draw_counts(canvas, plane, columns, rows, top + PANEL + 6)
    y = _draw_dots(canvas, plane, AGREES, [c.agrees for c in columns], INK, label, y, AGREES)
    if any(c.own for c in columns):
        y = _draw_dots(canvas, plane, OWN, [c.own for c in columns], BLUE, label, y, OWN)
    return _draw_choices(canvas, plane, columns, choices, label, y)


# -- the panel ---------------------------------------------------------------------------------------------------


def _printed_labels(r: Reproduction, page: float) -> list[tuple[str, float]]:
    """What stands at the right of the panel: the printed numbers, and where."""
    words = ("printed estimate", "printed lower end", "printed upper end")
    if page < SHORT_WORDS:
        words = ("printed", "lower", "upper")
    texts = (r.printed.estimate, r.printed.ci_low, r.printed.ci_high)
    values = zip(words, texts, printed.printed_values(r), strict=True)
    return [(f"{word} {printed.as_shown(text)}", value) for word, text, value in values if math.isfinite(value)]


def _draw_axis(canvas: Canvas, plane: Plane, r: Reproduction) -> None:
    measure, axis, left = printed.measure_as_printed(r, printed.scale_of(r)), plane.y_axis, plane.left
    if r.code and measure.null is not None and not axis.beyond(measure.null):
        null = plane.y(measure.null)
        canvas.line(left, null, plane.right, null, "line of no effect", 0.6, INK)
    canvas.line(left, plane.top, left, plane.bottom, "axis", 0.8, INK)
    last = math.inf
    for tick, label in zip(axis.ticks, axis.labels, strict=True):
        y = plane.y(tick)
        canvas.line(left - 3, y, left, y, "tick", 0.8, INK)
        if y < last - SIZE - 1:
            canvas.text(left - 5, y + 2.6, label, align="right", role="tick")
            last = y
    room = left - 9 - MARGIN - max(text_width(t, SIZE) for t in axis.labels or ("",))
    name, unit = measure.label if r.code else "Effect", fmt.unit(measure)
    words = f"{name} ({unit})" if unit else name
    words += ", with interval" + (", log scale" if axis.log else "")
    canvas.lines(MARGIN, plane.top + SIZE, wrap(words, room, SIZE, "bold"), leading=10, weight="bold")


def _draw_printed(canvas: Canvas, plane: Plane, r: Reproduction, labels: list[tuple[str, float]]) -> None:
    """What is printed: a band for the estimate, lines for the ends of the interval, the numbers at the right."""
    low, high = (printed.scale_of(r) * v for v in printed.rounded_from(r.printed.estimate))
    if math.isfinite(low):
        above, below = plane.y(high), plane.y(low)
        thin = max(1.2 - (below - above), 0.0) / 2
        band = box(plane.left, above - thin, plane.right, below + thin)
        canvas.polygon(band, BAND, "printed estimate", BROWN, 0.4)
    for _, value in labels[1:] if math.isfinite(low) else labels:
        if not plane.y_axis.beyond(value):
            y = plane.y(value)
            canvas.line(plane.left, y, plane.right, y, "printed end", 0.6, VERMILLION, dashed=True)
    _draw_labels(canvas, plane, labels)


def _draw_labels(canvas: Canvas, plane: Plane, labels: list[tuple[str, float]]) -> None:
    """Names of the printed numbers at the right, from top to bottom, none on another."""
    ordered = sorted(labels, key=lambda t: plane.y(t[1]))
    places = [plane.y(value) + 2.2 for _, value in ordered]
    for i in range(1, len(places)):
        places[i] = max(places[i], places[i - 1] + SMALL + 1.5)
    over = max(places[-1] - (plane.bottom + 4), 0.0) if places else 0.0
    for (text, _), y in zip(ordered, places, strict=True):
        canvas.text(plane.right + 4, y - over, text, SMALL, color=GREY)


def _draw_column(canvas: Canvas, plane: Plane, number: int, column: SpecificationColumn) -> None:
    """An interval and its estimate: a dark diamond if it agrees, a hollow circle if the report's words allow it."""
    estimate, low, high = column.values
    pitch, x, y = _pitch(plane), plane.x(number + 0.5), plane.y(estimate)
    color = INK if column.agrees else BLUE if column.own else FAINT
    name = f"specification: {number}"
    if not (math.isnan(low) or math.isnan(high)):
        thick = min(max(0.35 * pitch, 0.3), 1.2)
        canvas.line(x, plane.y(low), x, plane.y(high), f"interval: {number}", thick, color)
    size = 0.42 * pitch
    if side := plane.y_axis.beyond(estimate):
        canvas.polygon([(x, y), (x + 1.8, y + 4.0 * side), (x - 1.8, y + 4.0 * side)], color, name)
    elif column.agrees:
        canvas.polygon(diamond(min(max(0.9 * pitch, 2.0), 3.4), x, y), INK, name, WHITE, 0.3)
    elif column.own:
        size = min(max(size, 0.9), 2.2)
        canvas.polygon(circle(size, x, y, 12), WHITE, name, BLUE, min(0.8, 0.5 * size))
    else:
        canvas.polygon(circle(min(max(size, 0.7), 2.2), x, y, 12), DARK, name)


def _pitch(plane: Plane) -> float:
    """Width of a column."""
    return plane.width / plane.x_axis.high


# -- below the panel ---------------------------------------------------------------------------------------------


def _draw_counts(canvas: Canvas, plane: Plane, columns: Columns, rows: list[int], y: float) -> float:
    """How many ways share a column: written if there is room, else a bar; nothing if each stands alone."""
    counts = [len(c.members) for c in columns]
    most = max(counts)
    if most == 1:
        return y
    canvas.text(MARGIN, y + 9, "Ways in a column")
    written = max(text_width(f"\u00d7{n}", SMALL) for n in counts) < _pitch(plane) - 1
    half, foot = min(0.4 * _pitch(plane), 3.0), y + COUNTS - 6
    for number, n in enumerate(counts):
        x = plane.x(number + 0.5)
        with canvas.in_row(rows[number]):
            if written:
                canvas.text(x, y + 9, f"\u00d7{n}", SMALL, "center", color=GREY)
            else:
                canvas.polygon(box(x - half, foot - (COUNTS - 7) * n / most, x + half, foot), DARK, f"ways: {number}")
    if written:
        return y + 14
    with canvas.in_row(rows[counts.index(most)]):
        lines = wrap(f"at most {fmt.count(most)}", canvas.width - MARGIN - plane.right - 4, SMALL)
        canvas.lines(plane.right + 4, y + 7, lines, SMALL, SMALL * 1.2, color=GREY)
    return y + COUNTS


def _draw_choices(
    canvas: Canvas, plane: Plane, columns: Columns, choices: Iterable[Choice], label: float, y: float
) -> float:
    """The choices by kind, a row each, with a dot in every column that is made of it."""
    kind = ""
    for number, choice in enumerate(choices):
        if choice.kind != kind:
            kind = choice.kind
            canvas.text(MARGIN, y + KIND_ROW - 3, KINDS[kind], weight="bold")
            y += KIND_ROW
        given = [any(getattr(s, kind) == choice.value for s in c.members) for c in columns]
        y = _draw_dots(canvas, plane, choice.words, given, DARK, label, y, f"{kind} {number}")
    return y


def _draw_dots(
    canvas: Canvas, plane: Plane, words: str, given: list[bool], color: str, label: float, y: float, name: str
) -> float:
    """A row of the matrix: its words, a line through all columns, a dot where it is chosen."""
    table = Table((Column(MARGIN + 6, width=label - 6),), plane.right, plane.left, leading=ROW, rule=RULE)
    lines = table.columns[0].lines(words)
    table.draw_row(canvas, y - 2.2, [lines])
    middle = table.draw_rule(canvas, y + ROW / 2)
    wide = min(0.42 * _pitch(plane), 2.6)
    tall = max(wide, 1.8)
    for number in (n for n, chosen in enumerate(given) if chosen):
        x = plane.x(number + 0.5)
        small = box(x - wide, middle - tall, x + wide, middle + tall)
        canvas.polygon(circle(wide, x, middle, 12) if wide > 1.4 else small, color, f"choice: {name}: {number}")
    return y + ROW * len(lines)
