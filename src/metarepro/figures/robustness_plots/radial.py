"""Radial (Galbraith) plot: precise studies to the right, effects as slopes, who lies outside the band."""

from __future__ import annotations

from typing import Any

from metarepro.analysis.plot_numbers import RadialNumbers, radial_numbers
from metarepro.figures.page import numbers as fmt
from metarepro.figures.page.axes import Axis
from metarepro.figures.page.clip import Segment
from metarepro.figures.page.figure import Figure, figure_of
from metarepro.figures.page.layout import Canvas, page_width, put_notes, put_title
from metarepro.figures.page.look import BLUE, GREY, INK, MARGIN, PALE, SIZE
from metarepro.figures.page.named_points import NamedPoint, put_points, unnamed_note
from metarepro.figures.page.panel import Plane, room_for_labels
from metarepro.figures.page.text import clean, counted
from metarepro.figures.page.value_axes import plain_axis, working_axis

# Air beside the most precise study, and above the farthest.
AIR = 1.06


def radial(fit: Any, *, width_mm: float = 120.0, **words: Any) -> Figure:
    """Draw each study's effect in units of its error against its precision.

    The slope of the line from 0 to a study is its effect, read on the scale to the right; the line in blue is the
    pooled effect, and about (1 - level) of the studies should lie outside the band along it.

    Parameters
    ----------
    fit : AnalysisResult or fit of `metarepro.pool`
    width_mm : float
        Width at print: 84, 120 or 174 mm are the columns of journals.
    **words
        For a fit of `metarepro.pool`: measure, labels, title ... as `metarepro.analysis.from_fit.result_of` takes them.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    DataError
        Fewer than two studies with an effect and a standard error, or no finite pooled estimate.

    Notes
    -----
    With random effects the variance between studies is in the errors, so that the pooled effect is the line of least
    squares through 0. When not to use: as a test; with proportions, whose error depends on the proportion.

    References
    ----------
    Galbraith 1988, doi:10.1002/sim.4780070807.
    """
    from metarepro.analysis.from_fit import result_with

    result = result_with(fit, words)
    found = radial_numbers(result)
    title = f"Radial plot: {clean(result.title)}"
    outside = [clean(p.label) for p in found.points if p.outside]
    shown = fmt.with_interval(found.measure, *found.pooled)
    alternative = (
        f"{title}. {counted(len(found.points))}; pooled {found.measure.label} {shown}. "
        f"Outside the {100 * found.level:g}% band: {', '.join(outside) if outside else 'none'}."
    )
    return figure_of(_draw(found, title, width_mm), title, alternative)


def _draw(found: RadialNumbers, title: str, width_mm: float) -> Canvas:
    canvas = Canvas(page_width(width_mm))
    height = min(max(0.62 * (canvas.width - 2 * MARGIN - 20), 170.0), 270.0)
    widest = AIR * max(p.precision for p in found.points)
    ends = [p.standardised for p in found.points]
    ends += [sign * found.half + at for sign in (-1, 1) for at in (0.0, found.beta * widest)]
    room = 0.04 * (max(ends) - min(ends))
    low, high = min(ends) - room, max(ends) + room
    y_axis = plain_axis(low, high, height, upright=True)
    scale = working_axis(found.measure, low / widest, high / widest, height, upright=True)
    left, right = MARGIN + room_for_labels(y_axis), MARGIN + room_for_labels(scale)
    top = put_title(canvas, title) + 14
    width = canvas.width - right - 4 - left
    plane = Plane(plain_axis(0.0, widest, width), y_axis, left, top, width, height)
    lines = _put_lines(canvas, plane, found, widest)
    _put_scale(canvas, plane, scale, widest)
    points = [
        NamedPoint(
            p.label, p.precision, p.standardised,
            {"estimate": p.estimate, "precision": p.precision, "standardised": p.standardised,
             "outside": "yes" if p.outside else "no"},
            hollow=not p.outside,
        )
        for p in found.points
    ]  # fmt: skip
    far = sorted(range(len(points)), key=lambda i: -abs(points[i].y - found.beta * points[i].x))
    unnamed = put_points(canvas, plane, points, far, lines)
    error = "1 / standard error" if found.tau2 == 0 else "1 / \u221a(variance + tau\u00b2)"
    y = plane.draw_axes(canvas, f"Precision: {error}", f"Effect / error; right: {found.measure.label}")
    with canvas.data_row(label="Pooled", estimate=found.pooled[0], ci_low=found.pooled[1], ci_high=found.pooled[2]):
        shown = fmt.with_interval(found.measure, *found.pooled)
        y = put_notes(canvas, [f"Line: pooled, {shown}."], y + 5)
    outside = any(p.outside for p in found.points)
    band = f"Band: {100 * found.level:g}% of studies."
    notes = [f"{band} Filled: outside it." if outside else f"{band} None lies outside it.", *unnamed_note(unnamed)]
    if found.lost:
        notes.append(f"{counted(found.lost).capitalize()} without an effect.")
    canvas.height = put_notes(canvas, notes, y) + MARGIN
    return canvas


def _put_lines(canvas: Canvas, plane: Plane, found: RadialNumbers, widest: float) -> list[Segment]:
    """The band, the line of no effect and the pooled one; returns lines that no name stands on."""

    def end(slope: float, start: float = 0.0) -> tuple[float, float, float, float]:
        return plane.x(0.0), plane.y(start), plane.x(widest), plane.y(start + slope * widest)

    upper, lower = end(found.beta, found.half), end(found.beta, -found.half)
    corners = [upper[:2], upper[2:], lower[2:], lower[:2]]
    canvas.polygon(corners, PALE, "band")
    level, pooled = end(0.0), end(found.beta)
    canvas.line(*level, "line of no effect" if found.measure.null is not None else "line of 0", 0.7, GREY)
    canvas.line(*pooled, "pooled estimate", 1.2, BLUE)
    return [level, pooled]


def _put_scale(canvas: Canvas, plane: Plane, scale: Axis, widest: float) -> None:
    """Effects as slopes: where the ray of each meets the right edge."""
    canvas.line(plane.right, plane.top, plane.right, plane.bottom, "axis: effects", 0.8, INK)
    before = None
    for tick, label in sorted(zip(scale.ticks, scale.labels, strict=True)):
        y = plane.y(tick * widest)
        canvas.line(plane.right, y, plane.right + 3, y, "tick: effect", 0.8, INK)
        if before is None or before - y > SIZE + 1:
            canvas.text(plane.right + 5, y + 2.6, label, SIZE, color=INK, role="tick")
            before = y
