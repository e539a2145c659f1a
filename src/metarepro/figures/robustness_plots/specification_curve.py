"""Specification curve: every way of computing a result by its effect, and which choices each takes."""

from __future__ import annotations

import math
from typing import Any

from metarepro.analysis.robustness_numbers import CurveNumbers, curve_numbers
from metarepro.figures.page import numbers as fmt
from metarepro.figures.page.axes import Axis
from metarepro.figures.page.figure import Figure, figure_of
from metarepro.figures.page.layout import Canvas, page_width, put_notes, put_title
from metarepro.figures.page.look import BLUE, GAP, GREY, INK, LEADING, MARGIN, PALE, SIZE, SMALL
from metarepro.figures.page.panel import Plane, room_for_labels
from metarepro.figures.page.shapes import box, circle
from metarepro.figures.page.specification_axes import runs_of, specification_axis
from metarepro.figures.page.text import clean, counted, shorten, text_width
from metarepro.figures.page.value_axes import plain_axis

# Height of the plot and of a level below it; least share of the width for the columns.
HEIGHT, LEVEL, COLUMNS = 150.0, 11.0, 0.6
# How far intervals may stretch the axis, in spans of the estimates.
REACH = 3.0
MOST = 1000


def specification_curve(
    multiverse: Any, *, measure: str = "", title: str = "", most: int = MOST, width_mm: float = 174.0
) -> Figure:
    """Draw all specifications of a multiverse, the smallest effect first.

    Parameters
    ----------
    multiverse : Multiverse or AnalysisResult
        What `metarepro.multiverse` gives, or an analysis of a project that has a multiverse.
    measure : str
        Code of the measure of a Multiverse, which decides scale and words; GEN, plain numbers, by default.
    title : str
    most : int, default 1000
        Specifications at most.
    width_mm : float
        Width at print: 84, 120 or 174 mm are the columns of journals.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    DataError
        Something else, or an analysis without a multiverse.
    ConfigError
        More specifications than `most`.

    Notes
    -----
    When not to use: as a vote. Specifications are not equally sensible, and share their studies.

    References
    ----------
    Simonsohn, Simmons & Nelson 2020, doi:10.1038/s41562-020-0912-z; Voracek, Kossmeier & Tran 2019,
    doi:10.1027/2151-2604/a000357.
    """
    found = curve_numbers(multiverse, measure, most)
    heading = clean(title) or clean(getattr(multiverse, "title", "")) or "Specification curve"
    return figure_of(_draw(found, heading, width_mm), heading, _describe(found, heading))


def _describe(found: CurveNumbers, title: str) -> str:
    first, last = found.rows[0], found.rows[-1]
    shown = [fmt.with_interval(found.measure, *r.values) for r in (first, last)]
    main = f" Main: {fmt.with_interval(found.measure, *found.rows[found.main].values)}." if found.main >= 0 else ""
    choices = "; ".join(f"{clean(n)}: {', '.join(map(clean, levels))}" for n, levels in found.factors)
    return (
        f"{title}. {counted(len(found.rows), 'specification')}, from {shown[0]} to {shown[1]}.{main} "
        f"Choices: {choices}."
    )


def _draw(found: CurveNumbers, title: str, width_mm: float) -> Canvas:
    canvas = Canvas(page_width(width_mm))
    inner = canvas.width - 2 * MARGIN
    names = [clean(level) for _, levels in found.factors for level in levels]
    y_axis = specification_axis(found.measure, [r.values for r in found.rows], HEIGHT, REACH)
    room = max(max(text_width(n, SMALL) for n in names) + GAP, room_for_labels(y_axis)) if names else 0.0
    left = MARGIN + max(min(room, (1 - COLUMNS) * inner), room_for_labels(y_axis))
    top = put_title(canvas, title) + 14
    n = len(found.rows)
    plane = Plane(plain_axis(0.0, float(n), 100.0), y_axis, left, top, canvas.width - MARGIN - left, HEIGHT)
    canvas.text(MARGIN, top - 7, f"{found.measure.label} ({100 * found.level:g}% CI)", SIZE, color=INK)
    for tick, label in zip(y_axis.ticks, y_axis.labels, strict=True):
        y = plane.y(tick)
        canvas.line(plane.left, y, plane.right, y, f"grid: {label}", 0.4, PALE)
        canvas.text(plane.left - 5, y + 2.6, label, SIZE, "right", color=INK, role="tick")
    null = found.measure.null
    if null is not None and not y_axis.beyond(null):
        canvas.line(plane.left, plane.y(null), plane.right, plane.y(null), "line of no effect", 0.7, GREY)
    step = plane.width / n
    for i in range(n):
        _put(canvas, plane, found, i, plane.left + (i + 0.5) * step, min(0.9, 0.5 * step), min(1.8, 0.45 * step))
    bottom = _levels(canvas, found, plane, step)
    ring = " Ring: the main one." if found.main >= 0 else ""
    note = f"{counted(n, 'specification')}, one a column, the smallest effect first.{ring} Bars: the choices it takes."
    far = " Intervals far beyond the effects are cut." if _is_cut(found, y_axis) else ""
    canvas.height = put_notes(canvas, [note + far], bottom + 6) + MARGIN
    return canvas


def _put(canvas: Canvas, plane: Plane, found: CurveNumbers, i: int, x: float, width: float, radius: float) -> None:
    row = found.rows[i]
    estimate, low, high = row.values
    cells = {clean(n): clean(levels[j]) for (n, levels), j in zip(found.factors, row.levels, strict=True)}
    main = i == found.main
    with canvas.data_row(
        **cells, studies=row.k, estimate=estimate, ci_low=low, ci_high=high, main="yes" if main else "no"
    ):
        if math.isfinite(low) and math.isfinite(high):
            canvas.line(x, plane.y(low), x, plane.y(high), f"interval: {i + 1}", width, GREY)
        canvas.polygon(circle(max(radius, 0.6), x, plane.y(estimate)), INK, f"estimate: {i + 1}")
        if main:
            corners = circle(3.2, x, plane.y(estimate))
            canvas.curve([*corners, *corners[:2]], "main specification", 1.2, BLUE)


def _levels(canvas: Canvas, found: CurveNumbers, plane: Plane, step: float) -> float:
    """Rows of bars, one a level; neighbouring columns that take a level are one bar."""
    y = plane.bottom + LEADING
    for j, (name, levels) in enumerate(found.factors):
        canvas.text(
            MARGIN, y, shorten(clean(name), 0.88 * (canvas.width - 2 * MARGIN), SMALL), SMALL, weight="bold", color=INK
        )
        for level, words in enumerate(levels):
            y += LEVEL
            canvas.text(MARGIN, y, shorten(clean(words), plane.left - MARGIN - 4, SMALL), SMALL, color=INK)
            taken = [i for i, row in enumerate(found.rows) if row.levels[j] == level]
            for start, end in runs_of(taken):
                x0, x1 = plane.left + start * step, plane.left + (end + 1) * step
                gap = min(0.15 * step, 0.6)
                canvas.polygon(box(x0 + gap, y - 5.5, x1 - gap, y - 0.5), BLUE, f"level: {clean(name)}: {clean(words)}")
        y += LEADING + 3
    return y - LEADING


def _is_cut(found: CurveNumbers, axis: Axis) -> bool:
    return any(math.isfinite(v) and axis.beyond(v) for r in found.rows for v in r.values[1:])
