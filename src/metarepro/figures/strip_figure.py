"""All ways of computing one printed result, sorted by what they give, over the choices that each is made of."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from metarepro.figures import numbers as fmt
from metarepro.figures.axes import Axis
from metarepro.figures.colors import BLUE, GREY, INK, VERMILLION
from metarepro.figures.fonts import text_width, wrap
from metarepro.figures.layout import MM, Canvas, Mark
from metarepro.figures.panels import axis_of, cropped
from metarepro.figures.printed_texts import (
    as_shown,
    measure_of,
    printed_values,
    rounded_from,
    scale_of,
)
from metarepro.figures.shapes import circle, diamond
from metarepro.figures.sizes import GAP, MARGIN, SIZE, SMALL, TITLE
from metarepro.figures.specification_columns import (
    KINDS,
    Choice,
    SpecificationColumn,
    choices_of,
    columns_of,
    thinned,
)
from metarepro.figures.specification_words import caption, describe, notes, title

if TYPE_CHECKING:
    from metarepro.reproduction.result import Reproduction

PANEL, ROW, KIND_ROW, COUNTS = 150.0, 9.0, 13.0, 22.0
LABELS = 150.0
WIDEST = 16.0
# In less there is no room for the columns beside their names.
NARROWEST = 400.0
BAND, FAINT = "#f3d9b1", "#cfcfcf"
AGREES, OWN = "Gives the printed numbers", "The report\u2019s words allow it"


@dataclass(frozen=True)
class _Frame:
    """Where the panel and its columns are."""

    axis: Axis
    left: float
    width: float
    top: float
    pitch: float

    def x(self, number: int) -> float:
        """Middle of a column."""
        return self.left + (number + 0.5) * self.pitch

    def y(self, value: float) -> float:
        """Height of a value, at an end of the axis if it is beyond."""
        return self.top + PANEL * (1 - min(max(self.share(value), 0.0), 1.0))

    def share(self, value: float) -> float:
        """Share of the axis, 0 at its low end."""
        return math.copysign(math.inf, value) if math.isinf(value) else self.axis.position(value)


def specification_strip(reproduction: Reproduction, width_mm: float = 174.0) -> Any:
    """Draw all ways of computing a printed result: estimates with intervals, and the choices below them.

    Parameters
    ----------
    reproduction : Reproduction
        Its `specifications` are the columns; those that give equal numbers share one.
    width_mm : float
        Width at print, at least 141 mm. The height follows from the choices.

    Returns
    -------
    matplotlib.figure.Figure
    """
    return draw_strip(reproduction, width_mm).figure(title(reproduction), describe(reproduction))


def draw_strip(reproduction: Reproduction, width_mm: float = 174.0) -> Canvas:
    """The picture as a canvas of measured texts and marks."""
    r = reproduction
    canvas = Canvas(max(width_mm * MM, NARROWEST))
    every = columns_of(r.specifications)
    columns = thinned(every)
    y = MARGIN + TITLE
    for line in wrap(title(r), canvas.width - 2 * MARGIN, TITLE, "bold"):
        canvas.text(MARGIN, y, line, TITLE, weight="bold", color=INK)
        y += TITLE * 1.25
    for line in wrap(caption(r), canvas.width - 2 * MARGIN, SIZE):
        canvas.text(MARGIN, y + 2, line, SIZE, color=INK)
        y += SIZE * 1.3
    if columns:
        y = _draw(canvas, r, columns, y + 8)
    y += 4
    for note in notes(r, every, columns):
        for line in wrap(note, canvas.width - 2 * MARGIN, SMALL):
            y += SMALL * 1.3
            canvas.text(MARGIN, y, line, SMALL, color=GREY)
    canvas.height = y + MARGIN
    return canvas


def _draw(canvas: Canvas, r: Reproduction, columns: list[SpecificationColumn], top: float) -> float:
    measure, printed = measure_of(r), printed_values(r)
    values = [*(c.values for c in columns), printed]
    axis = cropped(axis_of(measure, values), values, measure.null if r.code else None)
    choices = choices_of([s for c in columns for s in c.members])
    words = [*(c.words for c in choices), AGREES, OWN]
    kinds = [text_width(KINDS[c.kind], SIZE, "bold") for c in choices]
    label = min(max([*(text_width(w, SIZE) + 8 for w in words), *kinds]), LABELS)
    printed_labels = _printed_labels(r)
    right = max((text_width(t, SMALL) for t, _ in printed_labels), default=0.0) + 6
    room = canvas.width - 2 * MARGIN - label - GAP - right
    width = min(room, WIDEST * len(columns))
    frame = _Frame(axis, MARGIN + label + GAP, width, top, width / len(columns))
    _draw_panel(canvas, frame, r, printed_labels)
    for number, column in enumerate(columns):
        if not column.agrees:
            _draw_column(canvas, frame, number, column)
    for number, column in enumerate(columns):
        if column.agrees:
            _draw_column(canvas, frame, number, column)
    y = _draw_counts(canvas, frame, columns, top + PANEL + 6)
    y = _draw_flags(canvas, frame, columns, y)
    return _draw_choices(canvas, frame, columns, choices, label, y)


# -- the panel ---------------------------------------------------------------------------------------------------


def _printed_labels(r: Reproduction) -> list[tuple[str, float]]:
    """What stands at the right of the panel: the printed numbers, and where."""
    words = ("printed estimate", "printed lower end", "printed upper end")
    texts = (r.printed.estimate, r.printed.ci_low, r.printed.ci_high)
    values = zip(words, texts, printed_values(r), strict=True)
    return [(f"{word} {as_shown(text)}", value) for word, text, value in values if math.isfinite(value)]


def _draw_panel(canvas: Canvas, frame: _Frame, r: Reproduction, labels: list[tuple[str, float]]) -> None:
    measure = measure_of(r)
    left, end = frame.left, frame.left + frame.width
    factor = scale_of(r)
    low, high = (factor * v for v in rounded_from(r.printed.estimate))
    if math.isfinite(low):
        above, below = frame.y(high), frame.y(low)
        thin = max(1.2 - (below - above), 0.0) / 2
        corners = [(left, above - thin), (end, above - thin), (end, below + thin), (left, below + thin)]
        canvas.polygon(corners, BAND, "printed estimate")
    for _, value in labels[1:] if math.isfinite(low) else labels:
        if 0 <= frame.share(value) <= 1:
            canvas.line(left, frame.y(value), end, frame.y(value), "printed end", 0.6, VERMILLION, dashed=True)
    if r.code and measure.null is not None and 0 <= frame.share(measure.null) <= 1:
        canvas.line(left, frame.y(measure.null), end, frame.y(measure.null), "line of no effect", 0.6, INK)
    canvas.line(left, frame.top, left, frame.top + PANEL, "axis", 0.8, INK)
    last = math.inf
    for tick, label in zip(frame.axis.ticks, frame.axis.labels, strict=True):
        y = frame.y(tick)
        canvas.line(left - 3, y, left, y, "tick", 0.8, INK)
        if y < last - SIZE - 1:
            canvas.text(left - 5, y + 2.6, label, SIZE, "right", color=INK)
            last = y
    room = left - 9 - MARGIN - max(text_width(t, SIZE) for t in frame.axis.labels or ("",))
    name = measure.label if r.code else "Effect"
    unit = fmt.unit(measure)
    lines = [f"{name} ({unit})" if unit else name, "with interval" + (", log scale" if frame.axis.log else "")]
    for number, line in enumerate(wrap(", ".join(lines), room, SIZE, "bold")):
        canvas.text(MARGIN, frame.top + SIZE + number * 10, line, SIZE, weight="bold", color=INK)
    _draw_labels(canvas, frame, labels)


def _draw_labels(canvas: Canvas, frame: _Frame, labels: list[tuple[str, float]]) -> None:
    """Names of the printed numbers at the right, from top to bottom, none on another."""
    ordered = sorted(labels, key=lambda t: frame.y(t[1]))
    places = [frame.y(value) + 2.2 for _, value in ordered]
    for i in range(1, len(places)):
        places[i] = max(places[i], places[i - 1] + SMALL + 1.5)
    over = max(places[-1] - (frame.top + PANEL + 4), 0.0) if places else 0.0
    for (text, _), y in zip(ordered, places, strict=True):
        canvas.text(frame.left + frame.width + 4, y - over, text, SMALL, color=GREY)


def _draw_column(canvas: Canvas, frame: _Frame, number: int, column: SpecificationColumn) -> None:
    """An interval and its estimate: dark with a diamond if it agrees, blue if the report's words allow it."""
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
        corners = tuple(diamond(size, x, frame.y(estimate)))
        canvas.marks.append(Mark(corners, INK, "#ffffff", 0.3, False, name))
    else:
        size = min(max(0.42 * frame.pitch, 0.7), 2.2)
        canvas.polygon(circle(size, x, frame.y(estimate), 12), BLUE if column.own else "#8c8c8c", name)


# -- what is below -----------------------------------------------------------------------------------------------


def _draw_counts(canvas: Canvas, frame: _Frame, columns: list[SpecificationColumn], y: float) -> float:
    """How many ways share a column: written if there is room, else a bar; nothing if each stands alone."""
    counts = [len(c.members) for c in columns]
    most = max(counts)
    if most == 1:
        return y
    written = max(text_width(f"\u00d7{n}", SMALL) for n in counts) < frame.pitch - 1
    canvas.text(MARGIN, y + 9, "Ways in a column", SIZE, color=INK)
    if written:
        for number, n in enumerate(counts):
            canvas.text(frame.x(number), y + 9, f"\u00d7{n}", SMALL, "center", color=GREY)
        return y + 14
    half = min(0.4 * frame.pitch, 3.0)
    foot = y + COUNTS - 6
    for number, n in enumerate(counts):
        x, height = frame.x(number), (COUNTS - 7) * n / most
        canvas.polygon([(x - half, foot - height), (x + half, foot - height), (x + half, foot), (x - half, foot)],
                       GREY, f"ways: {number}")  # fmt: skip
    canvas.text(frame.left + frame.width + 4, y + 7, f"at most {most}", SMALL, color=GREY)
    return y + COUNTS


def _draw_flags(canvas: Canvas, frame: _Frame, columns: list[SpecificationColumn], y: float) -> float:
    flags = [(AGREES, INK, [c.agrees for c in columns]), (OWN, BLUE, [c.own for c in columns])]
    for words, color, given in flags:
        if words == OWN and not any(given):
            continue
        _draw_dots(canvas, frame, [words], given, color, y, words)
        y += ROW
    return y


def _draw_choices(
    canvas: Canvas, frame: _Frame, columns: list[SpecificationColumn], choices: list[Choice], label: float, y: float
) -> float:
    kind = ""
    for number, choice in enumerate(choices):
        if choice.kind != kind:
            kind = choice.kind
            canvas.text(MARGIN, y + KIND_ROW - 3, KINDS[kind], SIZE, weight="bold", color=INK)
            y += KIND_ROW
        lines = wrap(choice.words, label - 6, SIZE)
        given = [any(getattr(s, kind) == choice.value for s in c.members) for c in columns]
        _draw_dots(canvas, frame, lines, given, "#3a3a3a", y, f"{kind} {number}")
        y += ROW * len(lines)
    return y


def _draw_dots(
    canvas: Canvas, frame: _Frame, lines: list[str], given: list[bool], color: str, y: float, name: str
) -> None:
    """A row of the matrix: its words, a line through all columns, a dot where it is chosen."""
    for number, line in enumerate(lines):
        canvas.text(MARGIN + 6, y + ROW - 2.2 + number * ROW, line, SIZE, color=INK)
    middle = y + ROW / 2
    canvas.line(frame.left, middle, frame.left + frame.width, middle, "row rule", 0.3, "#dddddd")
    wide, tall = min(0.42 * frame.pitch, 2.6), min(max(0.42 * frame.pitch, 1.8), 2.6)
    for number, chosen in enumerate(given):
        if chosen:
            x = frame.x(number)
            box = [
                (x - wide, middle - tall),
                (x + wide, middle - tall),
                (x + wide, middle + tall),
                (x - wide, middle + tall),
            ]
            corners = circle(wide, x, middle, 12) if wide > 1.4 else box
            canvas.polygon(corners, color, f"choice: {name}: {number}")
