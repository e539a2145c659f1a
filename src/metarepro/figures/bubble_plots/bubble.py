"""Bubble plot: effects of studies against a moderator, with the line of a meta-regression and its bands."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from metarepro.analysis.bubble_numbers import BubbleNumbers, bubble_numbers
from metarepro.figures.bubble_plots.wording import default_title, describe, notes
from metarepro.figures.page import numbers as fmt
from metarepro.figures.page.axes import Axis
from metarepro.figures.page.clip import between_heights, segments_of
from metarepro.figures.page.figure import Figure, figure_of
from metarepro.figures.page.layout import Canvas, page_width, put_notes, put_title
from metarepro.figures.page.legend import SAMPLE, LegendEntry, area, put_legend, stroke
from metarepro.figures.page.look import BLUE, GREY, INK, LEADING, MARGIN, PALE, SIZE, SMALL
from metarepro.figures.page.panel import Plane, room_for_labels
from metarepro.figures.page.point_labels import place_labels, put_labels
from metarepro.figures.page.shapes import Point, circle, triangle
from metarepro.figures.page.text import clean, shorten
from metarepro.figures.page.value_axes import CLEAR, display_axis, padded, plain_axis

Circle = tuple[float, float, float]
FILL = "#cfe2f0"
# Radii in points: of the largest circle with few and with many studies, and of the smallest that is still seen.
LARGEST, LARGEST_OF_MANY, SMALLEST = 12.0, 6.0, 1.6
# Ratios beyond this share no axis with others.
FARTHEST = 1e9
# How far bands may stretch the axis beyond the studies, in spans of the studies.
REACH = 0.6


def bubble(
    regression: Any, moderator: str, *, x: ArrayLike | None = None, labels: Sequence[str] | None = None,
    measure: str = "", at: Mapping[str, Any] | None = None, x_label: str = "", title: str = "",
    width_mm: float = 174.0,
) -> Figure:  # fmt: skip
    """Draw the studies of a meta-regression against a moderator, with its line, confidence and prediction bands.

    Parameters
    ----------
    regression : MetaRegression
        Of `metarepro.meta_regression`.
    moderator : str
        A numeric column of its data; it runs along the axis.
    x : array_like, optional
        Its values, one a row of the data; only needed where the formula transforms it. Checked against the fit.
    labels : sequence of str, optional
        Names of the studies, one a row of the data; those of the regression by default, else "Study 1" ...
    measure : str
        Code of the measure that the effects are of: decides scale and words. That of the regression by default, which
        is GEN, plain numbers, if it was not told.
    at : mapping, optional
        Values at which other moderators are held; the mean of numeric ones by default. Categories must be named.
    x_label : str
        Words under the axis, with the unit; the column's name by default.
    title : str
    width_mm : float
        Width at print.

    Raises
    ------
    ConfigError
        No such moderator, one with categories, a value of `at` that is missing or outside the studies.
    DataError
        Labels or `x` that do not fit the regression.

    Notes
    -----
    When not to use: with fewer than ten studies a moderator (a note then says so), and never to infer what holds for
    patients from what holds between studies.

    References
    ----------
    Thompson & Higgins 2002, doi:10.1002/sim.1187; Cochrane Handbook for Systematic Reviews of Interventions, 10.11.
    """
    b = bubble_numbers(regression, moderator, x, labels, measure, at, x_label)
    b = replace(b, axis_label=clean(b.axis_label), labels=tuple(map(clean, b.labels)))
    title = clean(title) or default_title(b)
    return figure_of(_draw(b, title, width_mm), title, describe(b, title))


def _draw(b: BubbleNumbers, title: str, width_mm: float) -> Canvas:
    """The picture as a canvas of measured texts and marks."""
    canvas = Canvas(page_width(width_mm))
    y = put_legend(canvas, _legend(b), put_title(canvas, title) - 4, SIZE)
    height = min(max(0.62 * (canvas.width - 2 * MARGIN - 20), 180.0), 300.0)
    y_axis, cut = _y_axis(b, height)
    left = MARGIN + room_for_labels(y_axis)
    width = canvas.width - left - MARGIN
    x_axis = plain_axis(*padded(float(b.x.min()), float(b.x.max()), 0.06), width)
    plane = Plane(x_axis, y_axis, left, y + LEADING + 13, width, height)
    lines = _bands(canvas, b, plane)
    null = b.measure.null
    if null is not None and 0 < y_axis.position(null) < 1:
        canvas.line(plane.left, plane.y(null), plane.right, plane.y(null), "line of no effect", 0.5, GREY)
        lines.append([(plane.left, plane.y(null)), (plane.right, plane.y(null))])
    circles, floored, arrows = _studies(canvas, b, plane)
    lines += _line(canvas, b, plane)
    unlabelled, cut_labels = _labels(canvas, b, plane, circles, lines)
    y = plane.draw_axes(canvas, b.axis_label, fmt.axis_name(b.measure.label, b.measure, "log" if y_axis.log else ""))
    canvas.height = put_notes(canvas, notes(b, floored, unlabelled, cut_labels, arrows, cut), y + 5) + MARGIN
    return canvas


# -- axes --------------------------------------------------------------------------------------------------------


def _y_axis(b: BubbleNumbers, height: float) -> tuple[Axis, bool]:
    """An axis for all studies and as much of the bands as leaves them readable; whether anything is cut."""
    ratio = b.measure.ratio

    def usable(values: Any) -> Any:
        found = np.asarray(values, dtype=np.float64)
        found = found[np.isfinite(found)]
        if ratio:
            found = found[found > 0]
            return np.log(found[(found < FARTHEST) & (found > 1 / FARTHEST)])
        return found

    core = np.concatenate([usable(b.estimates), usable(b.line.estimate)])
    bands = np.concatenate([usable(getattr(b.line, n)) for n in ("ci_low", "ci_high", "pi_low", "pi_high")])
    core = core if core.size else np.zeros(1)
    span = float(np.ptp(core)) or 1.0
    low, high = float(core.min()) - REACH * span, float(core.max()) + REACH * span
    cut = bool(bands.size and (bands.min() < low or bands.max() > high))
    low = max(low, min([*bands, core.min()]))
    high = min(high, max([*bands, core.max()]))
    if b.measure.null is not None:
        null = math.log(b.measure.null) if ratio else b.measure.null
        if low - 0.25 * span <= null <= high + 0.25 * span:
            low, high = min(low, null), max(high, null)
    low, high = padded(low, high, 0.04)
    ends = (math.exp(low), math.exp(high)) if ratio else (low, high)
    return display_axis(b.measure, *ends, height, upright=True, clear=CLEAR), cut


# -- marks -------------------------------------------------------------------------------------------------------


def _runs(b: BubbleNumbers, plane: Plane, values: Any) -> list[list[Point]]:
    """The parts of a line along the moderator that lie within the axis; broken where there is no value."""

    def height(value: float) -> float:
        # Not cut at the ends of the axis, so that the line leaves it where it does.
        return plane.top + plane.height * (1 - plane.y_axis.position(value)) if math.isfinite(value) else math.nan

    points = [(plane.x(float(x)), height(float(v))) for x, v in zip(b.line.x, values, strict=True)]
    return between_heights(points, plane.top, plane.bottom)


def _bands(canvas: Canvas, b: BubbleNumbers, plane: Plane) -> list[list[Point]]:
    line = b.line
    drawn: list[list[Point]] = []
    if np.isfinite(line.ci_low).all() and np.isfinite(line.ci_high).all():
        lower, upper = (
            [(plane.x(float(x)), plane.y(float(v))) for x, v in zip(line.x, values, strict=True)]
            for values in (line.ci_low, line.ci_high)
        )
        canvas.polygon([*lower, *reversed(upper)], PALE, "band: confidence")
    limits = [("confidence", line.ci_low, line.ci_high, 0.4, False)]
    if line.has_prediction:
        limits.append(("prediction", line.pi_low, line.pi_high, 0.8, True))
    for name, low, high, width, dashed in limits:
        for end, values in (("low", low), ("high", high)):
            for run in _runs(b, plane, values):
                canvas.curve(run, f"{name} limit: {end}", width, GREY, dashed)
                drawn.append(run)
    return drawn


def _line(canvas: Canvas, b: BubbleNumbers, plane: Plane) -> list[list[Point]]:
    """The line, each place of it a row of the data with its intervals."""
    names = ("x", "estimate", "ci_low", "ci_high", "pi_low", "pi_high")
    held = {clean(n): clean(v) for n, v, _ in b.held}
    for i in range(b.line.x.size):
        numbers = {name: float(getattr(b.line, name)[i]) for name in names}
        canvas.add_data(what="mean effect", study="", **numbers, **held)
    runs = _runs(b, plane, b.line.estimate)
    for run in runs:
        canvas.curve(run, f"regression line: {b.moderator}", 1.4, INK)
    return runs


def _radii(b: BubbleNumbers, width: float) -> tuple[Any, int]:
    """Radii so that areas are as weights, and how many are at the floor."""
    k = b.weights.size
    largest = LARGEST if k <= 15 else max(LARGEST_OF_MANY, LARGEST * math.sqrt(15 / k))
    largest *= min(1.0, max(width / 480.0, 0.65))
    exact = largest * np.sqrt(b.weights / b.weights.max())
    return np.maximum(exact, SMALLEST), int((exact < SMALLEST).sum())


def _studies(canvas: Canvas, b: BubbleNumbers, plane: Plane) -> tuple[list[Circle], int, int]:
    """Circles, the largest first so that none hides a smaller one; x, y and radius of each."""
    radii, floored = _radii(b, canvas.width)
    circles = [(0.0, 0.0, 0.0)] * b.x.size
    arrows = 0
    for i in np.argsort(-b.weights, kind="stable"):
        value = float(b.estimates[i])
        x, y, radius = plane.x(float(b.x[i])), plane.y(value), float(radii[i])
        share = plane.y_axis.position(value) if math.isfinite(value) else math.inf
        with canvas.data_row(
            what="study", study=b.labels[i], x=float(b.x[i]), estimate=value, weight=float(b.weights[i])
        ):
            if 0 <= share <= 1:
                canvas.polygon(circle(radius, x, y, 36), FILL, f"study: {b.labels[i]}", BLUE, 0.7)
            else:
                arrows += 1
                flip = share < 0
                y, radius = (plane.bottom - 4, 4.0) if flip else (plane.top + 4, 4.0)
                points = [(px, 2 * y - py) if flip else (px, py) for px, py in triangle(3.5, x, y)]
                canvas.polygon(points, BLUE, f"study beyond the axis: {b.labels[i]}")
        circles[i] = (x, y, radius)
    return circles, floored, arrows


def _labels(
    canvas: Canvas, b: BubbleNumbers, plane: Plane, circles: list[Circle], lines: list[list[Point]]
) -> tuple[int, int]:
    """Labels, the heaviest studies first; how many have no room, how many are cut short."""
    frame = (plane.left + 3, plane.top, canvas.width - 2, plane.bottom - 2)
    order = [int(i) for i in np.argsort(-b.weights, kind="stable")]
    width = min(0.42 * plane.width, 120.0)
    texts = [shorten(label, width, SMALL) for label in b.labels]
    # Rows of the data are in the order of the weights.
    points = [(row, *circles[i], texts[i]) for row, i in enumerate(order) if texts[i]]
    placed = place_labels(points, frame, (), circles, SMALL, untouched=segments_of(lines))
    put_labels(canvas, placed, range(len(order)), 0.35)
    return len(order) - len(placed), sum(label.text != b.labels[order[label.index]] for label in placed)


def _legend(b: BubbleNumbers) -> list[LegendEntry]:
    """What the marks mean."""

    def study(canvas: Canvas, x: float, y: float) -> None:
        canvas.polygon(circle(3.4, x + SAMPLE / 2, y, 36), FILL, "study: key", BLUE, 0.7)

    def band(canvas: Canvas, x: float, y: float) -> None:
        area("band: key", PALE)(canvas, x, y)
        for side in (-3, 3):
            canvas.line(x, y + side, x + SAMPLE, y + side, "confidence limit: key", 0.4, GREY)

    level = f"{100 * b.regression.fit.level:g}%"
    entries = [LegendEntry("study", study), LegendEntry("mean effect", stroke("regression line", 1.4, INK))]
    entries.append(LegendEntry(f"{level} confidence", band))
    if b.line.has_prediction:
        entries.append(LegendEntry(f"{level} prediction", stroke("prediction limit", 0.8, GREY, True)))
    return entries
