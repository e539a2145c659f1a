"""All ways of computing one printed result, sorted by what they give, over the choices that each is made of."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from metarepro.figures.page import numbers as fmt
from metarepro.figures.page.axes import Axis
from metarepro.figures.page.figure import figure_of
from metarepro.figures.page.layout import Canvas, Cell, page_width, put_notes, put_text, put_title
from metarepro.figures.page.look import BLUE, BROWN, GAP, GREY, INK, MARGIN, SIZE, SMALL, VERMILLION, WHITE
from metarepro.figures.page.panel import axis_of, cropped
from metarepro.figures.page.shapes import box, circle, diamond
from metarepro.figures.page.text import text_width, wrap
from metarepro.figures.reproductions.matrix import (
    AGREES,
    DARK,
    OWN,
    PANEL,
    Frame,
    draw_choices,
    draw_counts,
    draw_flags,
)
from metarepro.figures.reproductions.printed import (
    as_shown,
    measure_as_printed,
    printed_cell,
    printed_values,
    rounded_from,
    scale_of,
)
from metarepro.figures.reproductions.specifications import (
    KINDS,
    MOST,
    SpecificationColumn,
    choices_of,
    columns_of,
    thinned,
)
from metarepro.figures.reproductions.strip_wording import caption, describe, notes, title

if TYPE_CHECKING:
    from metarepro.reproduction.result import Reproduction

# Room of the words at the left at most, and as a share of the page.
LABELS, LABELS_SHARE = 150.0, 0.36
WIDEST = 16.0
# No more columns are drawn than have so many points each, unless they agree or are the report’s own.
NARROWEST_COLUMN = 1.5
# Narrower pages have shorter words beside the printed numbers.
SHORT_WORDS = 400.0
BAND, FAINT = "#f3d9b1", "#949494"


def specification_strip(reproduction: Reproduction, width_mm: float = 174.0) -> Any:
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
        Its twin (`metarepro.figures.write_figure`) has the printed numbers in the first row, then a row a column.

    Raises
    ------
    ConfigError
        When `width_mm` is no width of a page.

    Notes
    -----
    Not for finding the way that gives the wanted result: all ways that were tried are counted in the caption. After
    the specification curve of Simonsohn, Simmons and Nelson [1]_.

    References
    ----------
    .. [1] Simonsohn U, Simmons JP, Nelson LD. Specification curve analysis. Nat Hum Behav 2020;4:1208-14.
       doi:10.1038/s41562-020-0912-z
    """
    return figure_of(draw_strip(reproduction, width_mm), title(reproduction), describe(reproduction))


def draw_strip(reproduction: Reproduction, width_mm: float = 174.0) -> Canvas:
    """The picture as a canvas of measured texts and marks."""
    r = reproduction
    canvas = Canvas(page_width(width_mm))
    every = columns_of(r.specifications)
    room = canvas.width - _label_room(canvas.width) - _right_room(r, canvas.width) - GAP - 2 * MARGIN
    columns = thinned(every, min(MOST, int(room / NARROWEST_COLUMN)))
    y = put_text(canvas, caption(r), put_title(canvas, title(r)) + 2 - SIZE * 1.3, leading=SIZE * 1.3)
    y += SIZE * 1.3 - 2
    if columns:
        y = _draw(canvas, r, columns, y + 8)
    sentences = notes(r, every, columns)
    if columns and _goes_on(r, columns):
        sentences.append("Lines that reach the upper or lower end of the axis go on; a triangle there is an estimate.")
    canvas.height = put_notes(canvas, sentences, y + 4) + MARGIN
    return canvas


def _axis(r: Reproduction, columns: list[SpecificationColumn]) -> Axis:
    measure, printed = measure_as_printed(r, scale_of(r)), printed_values(r)
    values = [*(c.values for c in columns), printed]
    return cropped(axis_of(measure, values), values, measure.null if r.code else None)


def _goes_on(r: Reproduction, columns: list[SpecificationColumn]) -> bool:
    """Whether something that is drawn reaches beyond the axis."""
    axis = _axis(r, columns)
    return any(not axis.low <= v <= axis.high for c in columns for v in c.values if not math.isnan(v))


def _label_room(page: float) -> float:
    return min(LABELS, LABELS_SHARE * page)


def _right_room(r: Reproduction, page: float) -> float:
    return max((text_width(t, SMALL) for t, _ in _printed_labels(r, page)), default=0.0) + 6


def _draw(canvas: Canvas, r: Reproduction, columns: list[SpecificationColumn], top: float) -> float:
    axis = _axis(r, columns)
    choices = choices_of([s for c in columns for s in c.members])
    words = [*(c.words for c in choices), AGREES, OWN]
    kinds = [text_width(KINDS[c.kind], SIZE, "bold") for c in choices]
    label = min(max([*(text_width(w, SIZE) + 8 for w in words), *kinds]), _label_room(canvas.width))
    room = canvas.width - 2 * MARGIN - label - GAP - _right_room(r, canvas.width)
    width = min(room, WIDEST * len(columns))
    frame = Frame(axis, MARGIN + label + GAP, width, top, width / len(columns))
    _draw_axis(canvas, frame, r)
    with canvas.data_row(shows="printed", **_printed_cells(r)):
        _draw_printed(canvas, frame, r)
    rows = [canvas.add_data(shows="column", **column.cells) for column in columns]
    # Those that agree lie on the others.
    for agrees in (False, True):
        for number, column in enumerate(columns):
            if column.agrees == agrees:
                with canvas.in_row(rows[number]):
                    _draw_column(canvas, frame, number, column)
    y = draw_counts(canvas, frame, columns, rows, top + PANEL + 6)
    y = draw_flags(canvas, frame, columns, label, y)
    return draw_choices(canvas, frame, columns, choices, label, y)


# -- the panel ---------------------------------------------------------------------------------------------------


def _printed_cells(r: Reproduction) -> dict[str, Cell]:
    texts = (r.printed.estimate, r.printed.ci_low, r.printed.ci_high)
    names = ("estimate", "ci_low", "ci_high")
    return {n: printed_cell(t, v) for n, t, v in zip(names, texts, printed_values(r), strict=True)}


def _printed_labels(r: Reproduction, page: float) -> list[tuple[str, float]]:
    """What stands at the right of the panel: the printed numbers, and where."""
    words = ("printed estimate", "printed lower end", "printed upper end")
    if page < SHORT_WORDS:
        words = ("printed", "lower", "upper")
    texts = (r.printed.estimate, r.printed.ci_low, r.printed.ci_high)
    values = zip(words, texts, printed_values(r), strict=True)
    return [(f"{word} {as_shown(text)}", value) for word, text, value in values if math.isfinite(value)]


def _draw_axis(canvas: Canvas, frame: Frame, r: Reproduction) -> None:
    measure, left, end = measure_as_printed(r, scale_of(r)), frame.left, frame.left + frame.width
    if r.code and measure.null is not None and 0 <= frame.share(measure.null) <= 1:
        canvas.line(left, frame.y(measure.null), end, frame.y(measure.null), "line of no effect", 0.6, INK)
    canvas.line(left, frame.top, left, frame.top + PANEL, "axis", 0.8, INK)
    last = math.inf
    for tick, label in zip(frame.axis.ticks, frame.axis.labels, strict=True):
        y = frame.y(tick)
        canvas.line(left - 3, y, left, y, "tick", 0.8, INK)
        if y < last - SIZE - 1:
            canvas.text(left - 5, y + 2.6, label, SIZE, "right", color=INK, role="tick")
            last = y
    room = left - 9 - MARGIN - max(text_width(t, SIZE) for t in frame.axis.labels or ("",))
    name = measure.label if r.code else "Effect"
    unit = fmt.unit(measure)
    lines = [f"{name} ({unit})" if unit else name, "with interval" + (", log scale" if frame.axis.log else "")]
    for number, line in enumerate(wrap(", ".join(lines), room, SIZE, "bold")):
        canvas.text(MARGIN, frame.top + SIZE + number * 10, line, SIZE, weight="bold", color=INK)


def _draw_printed(canvas: Canvas, frame: Frame, r: Reproduction) -> None:
    """What is printed: a band for the estimate, lines for the ends of the interval, the numbers at the right."""
    labels = _printed_labels(r, canvas.width)
    left, end = frame.left, frame.left + frame.width
    factor = scale_of(r)
    low, high = (factor * v for v in rounded_from(r.printed.estimate))
    if math.isfinite(low):
        above, below = frame.y(high), frame.y(low)
        thin = max(1.2 - (below - above), 0.0) / 2
        canvas.polygon(box(left, above - thin, end, below + thin), BAND, "printed estimate", BROWN, 0.4)
    for _, value in labels[1:] if math.isfinite(low) else labels:
        if 0 <= frame.share(value) <= 1:
            canvas.line(left, frame.y(value), end, frame.y(value), "printed end", 0.6, VERMILLION, dashed=True)
    _draw_labels(canvas, frame, labels)


def _draw_labels(canvas: Canvas, frame: Frame, labels: list[tuple[str, float]]) -> None:
    """Names of the printed numbers at the right, from top to bottom, none on another."""
    ordered = sorted(labels, key=lambda t: frame.y(t[1]))
    places = [frame.y(value) + 2.2 for _, value in ordered]
    for i in range(1, len(places)):
        places[i] = max(places[i], places[i - 1] + SMALL + 1.5)
    over = max(places[-1] - (frame.top + PANEL + 4), 0.0) if places else 0.0
    for (text, _), y in zip(ordered, places, strict=True):
        canvas.text(frame.left + frame.width + 4, y - over, text, SMALL, color=GREY)


def _draw_column(canvas: Canvas, frame: Frame, number: int, column: SpecificationColumn) -> None:
    """An interval and its estimate: a dark diamond if it agrees, a hollow circle if the report's words allow it."""
    estimate, low, high = column.values
    x, thick = frame.x(number), min(max(0.35 * frame.pitch, 0.3), 1.2)
    color = INK if column.agrees else BLUE if column.own else FAINT
    name = f"specification: {number}"
    if not (math.isnan(low) or math.isnan(high)):
        canvas.line(x, frame.y(low), x, frame.y(high), f"interval: {number}", thick, color)
    beyond = frame.share(estimate)
    if not 0 <= beyond <= 1:
        tip, foot = (frame.y(estimate), 4.0) if beyond > 1 else (frame.y(estimate), -4.0)
        canvas.polygon([(x, tip), (x + 1.8, tip + foot), (x - 1.8, tip + foot)], color, name)
    elif column.agrees:
        size = min(max(0.9 * frame.pitch, 2.0), 3.4)
        canvas.polygon(diamond(size, x, frame.y(estimate)), INK, name, WHITE, 0.3)
    elif column.own:
        size = min(max(0.42 * frame.pitch, 0.9), 2.2)
        canvas.polygon(circle(size, x, frame.y(estimate), 12), WHITE, name, BLUE, min(0.8, 0.5 * size))
    else:
        size = min(max(0.42 * frame.pitch, 0.7), 2.2)
        canvas.polygon(circle(size, x, frame.y(estimate), 12), DARK, name)
