"""Forest plot: a result in, a Figure out. Columns are measured, then the plot takes the room that is left."""

from __future__ import annotations

import math
from typing import Any

from metarepro.analysis.result import AnalysisResult
from metarepro.effects import Measure, get_measure
from metarepro.figures import numbers as fmt
from metarepro.figures.axes import Axis, make_axis
from metarepro.figures.colors import GREY, INK
from metarepro.figures.fonts import text_width, wrap
from metarepro.figures.forest_rows import (
    LABEL_MAX,
    LABEL_MIN,
    Column,
    Row,
    control_name,
    data_columns,
    label_width,
    level_text,
    make_rows,
)
from metarepro.figures.layout import MM, Canvas
from metarepro.figures.sizes import GAP, INDENT, LEADING, MARGIN, ROW, SIZE, SMALL, TITLE
from metarepro.figures.wording import (
    describe_figure,
    effect_label,
    footnotes,
)

PLOT_MIN = 150.0
SQUARE, DIAMOND, PREDICTION = "#0072B2", "#111111", "#8a5a00"


def forest(result: AnalysisResult, width_mm: float = 174.0) -> Any:
    """Draw the forest plot of an analysis.

    Parameters
    ----------
    result : AnalysisResult
        Everything in the picture comes from here.
    width_mm : float
        Width at print; 174 mm is a full journal page. The height follows from the rows. The figure grows wider
        only when its columns leave no room for the plot.

    Returns
    -------
    matplotlib.figure.Figure
        Write it with `metarepro.figures.save`.

    Raises
    ------
    LayoutError
        When two texts would overlap or one would leave the canvas (it should never happen; nothing is written).
    DataError
        When a label has a character that no shipped font can draw.
    """
    canvas = draw_forest(result, width_mm)
    return canvas.figure(result.title, describe_figure(result))


def draw_forest(result: AnalysisResult, width_mm: float = 174.0) -> Canvas:
    """The forest plot as a canvas of measured texts and marks."""
    measure = get_measure(result.measure)
    columns = data_columns(result, measure)
    right = [Column([effect_label(result), f"({level_text(result)}% CI)"], "left")]
    if result.combine == "pool":
        right.append(Column(["Weight", "(%)"], "right"))
    axis = _axis(result, measure)
    width = width_mm * MM
    # The labels get what the other columns and the plot leave, and are wrapped to it.
    rows = make_rows(result, columns, right, LABEL_MAX, width)
    for column in (*columns, *right):
        texts = [*column.header, *column.cells]
        column.width = max((text_width(t, SIZE, "bold") for t in texts if t), default=0.0)
    _widen_for_spans(columns)
    others = 2 * MARGIN + sum(c.width + c.before + GAP for c in (*columns, *right)) + 4 * GAP
    natural = label_width(result)
    labels = min(natural, max(width - others - PLOT_MIN, min(LABEL_MIN, natural)))
    room = labels + GAP + sum(c.width + c.before + GAP for c in columns)
    rows = make_rows(result, columns, right, labels, room)
    plot_width = max(width - others - labels, PLOT_MIN)
    width = others + labels + plot_width

    x = MARGIN + labels + GAP
    for column in columns:
        column.x = x + column.before / 2
        x += column.before + column.width + GAP
    plot_left = x + GAP
    x = plot_left + plot_width + 2 * GAP
    for column in right:
        column.x = x
        x += column.width + GAP

    canvas = Canvas(width)
    y = MARGIN + TITLE
    for line in wrap(result.title, width - 2 * MARGIN, TITLE, "bold"):
        canvas.text(MARGIN, y, line, TITLE, weight="bold")
        y += TITLE * 1.25
    y = _header(canvas, columns, right, plot_left, plot_width, width, y + 4)
    top = y
    placed = []
    for row in rows:
        placed.append((row, y))
        y += row.height
    bottom = y + 2
    _frame(canvas, measure, axis, result, plot_left, plot_width, top, bottom)
    heaviest = max((r.weight for r in rows), default=0.0) or 1.0
    for row, at in placed:
        _draw_row(canvas, row, at, columns, right, axis, plot_left, plot_width, heaviest)
    y = _axis_below(canvas, measure, axis, result, plot_left, plot_width, bottom)
    y += 6
    for note in footnotes(result):
        for line in wrap(note, width - 2 * MARGIN, SMALL):
            y += SMALL * 1.3
            canvas.text(MARGIN, y, line, SMALL, color=GREY)
        y += 1.5
    canvas.height = y + MARGIN
    return canvas


def _axis(result: AnalysisResult, measure: Measure) -> Axis:
    studies = [s for s in result.studies if s.estimable]
    estimates = [s.estimate for s in studies]
    more: tuple[float, ...] = ()
    if result.summary:
        estimates.append(result.summary.estimate)
        more = (result.summary.ci_low, result.summary.ci_high)
    return make_axis(measure, estimates, [s.ci_low for s in studies], [s.ci_high for s in studies], more)


# -- drawing -----------------------------------------------------------------------------------------------------


def _widen_for_spans(columns: list[Column]) -> None:
    """A spanning header needs its width from the columns below it."""
    for span in dict.fromkeys(c.span for c in columns if c.span):
        members = [c for c in columns if c.span == span]
        have = sum(c.width for c in members) + GAP * (len(members) - 1)
        need = text_width(span, SIZE, "bold")
        if need > have:
            members[0].before = need - have


def _put(canvas: Canvas, column: Column, y: float, text: str, weight: str = "normal") -> None:
    x = {"left": column.x, "right": column.x + column.width, "center": column.x + column.width / 2}[column.align]
    canvas.text(x, y, text, SIZE, column.align, weight, INK)


def _header(
    canvas: Canvas, columns: list[Column], right: list[Column], left: float, plot: float, width: float, y: float
) -> float:
    spans = dict.fromkeys(c.span for c in columns if c.span)
    depth = max(len(c.header) for c in (*columns, *right))
    tall = max((len(c.header) + (1 if c.span else 0) for c in columns), default=1)
    last = y + SIZE + (max(depth, tall) - 1) * LEADING + (3 if spans else 0)
    if spans:
        for span in spans:
            members = [c for c in columns if c.span == span]
            extra = members[0].before / 2
            start, end = members[0].x - extra, members[-1].x + members[-1].width + (extra if len(members) == 1 else 0)
            above = last - len(members[0].header) * LEADING - 3
            canvas.text((start + end) / 2, above, span, SIZE, "center", "bold", INK)
            canvas.line(start, above + 3, end, above + 3, "span rule", 0.5, GREY)
    for column in (*columns, *right):
        for number, line in enumerate(column.header):
            _put(canvas, column, last - (len(column.header) - 1 - number) * LEADING, line, "bold")
    canvas.text(MARGIN, last, "Study", SIZE, weight="bold")
    canvas.line(MARGIN, last + 4.5, width - MARGIN, last + 4.5, "header rule", 0.8, INK)
    return last + 7


def _frame(
    canvas: Canvas, measure: Measure, axis: Axis, result: AnalysisResult, left: float, plot: float, top: float,
    bottom: float,
) -> None:  # fmt: skip
    if measure.null is not None:
        x = left + plot * axis.position(measure.null)
        canvas.line(x, top, x, bottom, "line of no effect", 0.8, INK)
    if result.summary is not None and result.summary.k > 1:
        share = axis.position(result.summary.estimate)
        if 0 <= share <= 1:
            x = left + plot * share
            canvas.line(x, top, x, bottom, "pooled estimate", 0.6, GREY, dashed=True)


def _draw_row(
    canvas: Canvas, row: Row, top: float, columns: list[Column], right: list[Column], axis: Axis, left: float,
    plot: float, heaviest: float,
) -> None:  # fmt: skip
    baseline = top + ROW - 3.4
    bold = "bold" if row.kind in ("heading", "subtotal", "total") else "normal"
    indent = INDENT if row.kind.endswith("indented") else 0.0
    size, color = (SMALL, GREY) if row.kind.startswith("note") else (SIZE, INK)
    for number, line in enumerate(row.label):
        canvas.text(MARGIN + indent, baseline + number * LEADING, line, size, "left", bold, color)
    for column, cell in zip((*columns, *right), row.cells, strict=False):
        _put(canvas, column, baseline, cell, bold)
    middle = top + ROW / 2
    estimate, low, high = row.values

    def at(value: float) -> float:
        return left + plot * min(max(axis.position(value), 0.0), 1.0)

    if row.kind.startswith("study") and math.isfinite(estimate):
        _interval(canvas, axis, left, plot, middle, low, high, INK, row.label[0])
        side = max(9.0 * math.sqrt(row.weight / heaviest), 2.4) / 2
        x = at(estimate)
        name = f"square: {row.label[0]}"
        canvas.polygon([(x - side, middle - side), (x + side, middle - side), (x + side, middle + side),
                        (x - side, middle + side)], SQUARE, name)  # fmt: skip
        if math.isfinite(low) and at(high) - at(low) < 2 * side:
            canvas.line(x, middle - side, x, middle + side, f"tick: {row.label[0]}", 0.7, "#ffffff")
    elif row.kind in ("subtotal", "total") and math.isfinite(low):
        _diamond(canvas, axis, left, plot, middle, estimate, low, high, row.kind)
    elif row.kind == "prediction":
        _interval(canvas, axis, left, plot, middle, low, high, PREDICTION, "prediction interval", 2.4)
    elif row.kind == "reference":
        x = at(estimate)
        canvas.polygon([(x, middle - 3.5), (x + 3.5, middle), (x, middle + 3.5), (x - 3.5, middle)], "#ffffff",
                       f"printed: {row.label[0]}", INK)  # fmt: skip


def _interval(
    canvas: Canvas, axis: Axis, left: float, plot: float, y: float, low: float, high: float, color: str, name: str,
    width: float = 0.9,
) -> None:  # fmt: skip
    """A horizontal line; an end beyond the axis becomes an arrow head."""
    if not (math.isfinite(low) and math.isfinite(high)):
        return
    a, b = axis.position(low), axis.position(high)
    x0, x1 = left + plot * min(max(a, 0.0), 1.0), left + plot * min(max(b, 0.0), 1.0)
    canvas.line(x0, y, x1, y, f"interval: {name}", width, color)
    if a < 0:
        canvas.polygon([(left - 3.5, y), (left + 1.5, y - 2.4), (left + 1.5, y + 2.4)], color, f"arrow: {name}")
    if b > 1:
        end = left + plot
        canvas.polygon([(end + 3.5, y), (end - 1.5, y - 2.4), (end - 1.5, y + 2.4)], color, f"arrow: {name}")


def _diamond(
    canvas: Canvas, axis: Axis, left: float, plot: float, y: float, estimate: float, low: float, high: float, kind: str
) -> None:
    """Diamond from low to high, centred on the estimate, cut with arrows where it leaves the axis."""
    half = 4.4 if kind == "total" else 3.4
    fill = DIAMOND if kind == "total" else "#ffffff"
    a, m, b = (axis.position(v) for v in (low, estimate, high))

    def edge(share: float, end: float) -> float:
        """Half height of the diamond where the axis cuts it."""
        return half * (end - share) / (end - m) if end != m else 0.0

    m_in = min(max(m, 0.0), 1.0)
    upper: list[tuple[float, float]] = []
    lower: list[tuple[float, float]] = []
    for share, h in (
        (max(a, 0.0), edge(0.0, a) if a < 0 else 0.0),
        (m_in, half if m == m_in else edge(m_in, b if m < 0 else a)),
        (min(b, 1.0), edge(1.0, b) if b > 1 else 0.0),
    ):
        upper.append((left + plot * share, y - h))
        lower.append((left + plot * share, y + h))
    canvas.polygon([*upper, *reversed(lower)], fill, f"diamond: {kind}", INK)
    for beyond, x, sign in ((a < 0, left, -1), (b > 1, left + plot, 1)):
        if beyond:
            canvas.polygon([(x + sign * 5, y), (x, y - 2.8), (x, y + 2.8)], INK, f"arrow: {kind}")


def _axis_below(
    canvas: Canvas, measure: Measure, axis: Axis, result: AnalysisResult, left: float, plot: float, y: float
) -> float:
    canvas.line(left, y, left + plot, y, "axis", 0.8, INK)
    last_end = -math.inf
    for tick, label in zip(axis.ticks, axis.labels, strict=True):
        x = left + plot * axis.position(tick)
        canvas.line(x, y, x, y + 3, "tick", 0.8, INK)
        half = text_width(label, SIZE) / 2
        if x - half > last_end + 3:
            canvas.text(x, y + 3 + SIZE, label, SIZE, "center")
            last_end = x + half
    y += 3 + SIZE + 2
    unit = fmt.unit(measure)
    label = effect_label(result)
    name = f"{label} ({unit})" if unit else label
    if axis.log:
        name += ", log scale"
    if measure.null is not None and result.control_label:
        y = _favours(canvas, measure, axis, result, left, plot, y)
    canvas.text(left + plot / 2, y + SIZE + 1, name, SIZE, "center", color=GREY)
    return y + SIZE + 1


def _favours(
    canvas: Canvas, measure: Measure, axis: Axis, result: AnalysisResult, left: float, plot: float, y: float
) -> float:
    """'Favours ...' on each side of no effect, its direction from the outcome's polarity."""
    good, bad = f"Favours {result.experimental_label}", f"Favours {control_name(result)}"
    one, two = (bad, good) if result.better == "high" else (good, bad)
    zero = left + plot * axis.position(measure.null if measure.null is not None else 0.0)
    y += SIZE + 1
    one, two = f"\u2190 {one}", f"{two} \u2192"
    # Under the rows the whole width is free, so a label may reach beyond the plot.
    canvas.text(max(zero - 4, MARGIN + text_width(one, SIZE)), y, one, SIZE, "right")
    canvas.text(min(zero + 4, canvas.width - MARGIN - text_width(two, SIZE)), y, two, SIZE)
    return y + 2
