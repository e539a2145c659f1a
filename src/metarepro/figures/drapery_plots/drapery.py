"""Drapery plot: the p-value functions of all studies, of the pooled estimate and of a new study's true effect."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from metarepro.analysis.from_fit import result_with
from metarepro.analysis.p_value_curves import PValueCurve
from metarepro.analysis.result import AnalysisResult
from metarepro.figures.drapery_plots.names import place_flags
from metarepro.figures.drapery_plots.plan import DraperyPlan, plan_drapery
from metarepro.figures.drapery_plots.wording import axis_name, curve_words, describe, notes_of
from metarepro.figures.page.axes import Axis
from metarepro.figures.page.figure import figure_of
from metarepro.figures.page.layout import Canvas, Dashes, page_width, put_notes, put_title
from metarepro.figures.page.legend import LegendEntry, put_legend, stroke
from metarepro.figures.page.look import BLUE, BROWN, GREEN, GREY, INK, MARGIN, PALE, SIZE, SMALL, VERMILLION
from metarepro.figures.page.plane import Plane
from metarepro.figures.page.shapes import circle
from metarepro.figures.page.text import clean, text_width
from metarepro.pooling import PooledFit

P_TICKS = (0.0, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0)
LEVEL_TICKS = (0.01, 0.05, 0.1, 0.2, 0.5, 1.0)
STUDY = "#858585"
# Colour and dashes of further models: told apart without colour.
MODELS: tuple[tuple[str, Dashes], ...] = ((BLUE, (6.0, 2.0)), (VERMILLION, (1.5, 1.5)), (GREEN, (6.0, 2.0, 1.5, 2.0)))
PREDICTION_DASHES: Dashes = (3.0, 2.0)
# Height of a line of study names, and how far above the plot the lowest one stands.
TIER, ABOVE = 8.5, 21.0
# How high leaders bend towards their peaks.
BEND = 12.0
LIMIT = 2.0
# Beyond this a limit of a ratio is as good as infinite.
BIGGEST = 1e200


def drapery(
    fit: AnalysisResult | PooledFit, *, models: Sequence[AnalysisResult | PooledFit] = (), width_mm: float = 174.0,
    **words: Any,
) -> Any:  # fmt: skip
    """Draw a drapery plot: for every effect the p-value of the hypothesis that it is the true one.

    One thin curve a study, a thick one for the pooled estimate (by the method and degrees of freedom of its printed
    interval), a dashed one with a band for the true effect of a new study. Each curve is 1 at its estimate; at p = 0.05
    it passes through the 95 % limits that the forest plot prints, at p = 0.10 through the 90 % ones, and so on.

    Parameters
    ----------
    fit : AnalysisResult or PooledFit
        Of one analysis.
    models : sequence of AnalysisResult or PooledFit
        Up to three further fits of the same studies, such as the common-effect model, as lines with other dashes.
    width_mm : float
        Width at print: 84, 120 or 174 mm are the columns of journals.
    **words
        For a fit of `metarepro.pool`: measure, labels, title ... as `metarepro.analysis.from_fit.result_of` takes
        them.

    Returns
    -------
    matplotlib.figure.Figure
        Write it with `metarepro.figures.save` or `write_figure`.

    Raises
    ------
    ConfigError
        More than three further models, one of another measure, compounded rates.
    DataError
        No study, or an estimate or standard error that is not finite or is 0; an interval in the result that its own
        method does not give.

    Notes
    -----
    When not to use it: to pick the level at which a result turns significant; with so many studies that the curves hide
    each other (the pooled ones stay readable). Where a study's interval is known as printed only, its curve passes
    through the printed limits and is a normal interpolation elsewhere.

    References
    ----------
    Rücker & Schwarzer 2021, doi:10.1002/jrsm.1481; Infanger & Schmidt-Trucksäss 2019, doi:10.1002/sim.8293.
    """
    result = result_with(fit, words)
    canvas, plan = _drawn(result, [result_with(m, words) for m in models], width_mm)
    return figure_of(canvas, f"Drapery plot: {clean(result.title)}", describe(result, plan))


def draw_drapery(result: AnalysisResult, models: Sequence[AnalysisResult] = (), width_mm: float = 174.0) -> Canvas:
    """The drapery plot as a canvas of measured texts and marks."""
    return _drawn(result, models, width_mm)[0]


def _drawn(result: AnalysisResult, models: Sequence[AnalysisResult], width_mm: float) -> tuple[Canvas, DraperyPlan]:
    canvas = Canvas(page_width(width_mm))
    left, right = MARGIN + 24, MARGIN + text_width("99%", SIZE) + 8
    width = canvas.width - left - right
    plan = plan_drapery(result, models, width)
    height = min(max(0.6 * width, 222.0), 280.0)
    title_end = put_title(canvas, f"Drapery plot: {clean(result.title)}")
    flags, unnamed = place_flags(plan, left, width, canvas.width)
    tiers = max((f.tier for f in flags), default=-1) + 1
    top = title_end + (tiers * TIER + ABOVE if tiers else 14)
    y_axis = Axis(0.0, 1.0, P_TICKS, tuple(f"{p:g}" for p in P_TICKS), False)
    plane = Plane(plan.axis, y_axis, left, top, width, height)
    _behind(canvas, plane, plan)
    rows = _studies(canvas, plane, plan)
    _guides(canvas, plane, plan)
    for flag in flags:
        with canvas.in_row(rows[flag.index]):
            baseline = top - ABOVE - flag.tier * TIER
            bent = [(flag.peak, top), (flag.anchor, top - BEND), (flag.anchor, baseline + 1)]
            canvas.curve(bent, f"leader: {flag.text}", 0.4, GREY)
            canvas.text(flag.left, baseline, flag.text, SMALL, color=INK)
    entries = _pooled(canvas, plane, plan, result)
    y = _axes(canvas, plane, axis_name(result))
    y = put_legend(canvas, entries, y + 8)
    y = put_notes(canvas, notes_of(result, plan, unnamed), y + 5)
    canvas.height = y + MARGIN
    return canvas, plan


# -- curves ------------------------------------------------------------------------------------------------------


def _curve(plane: Plane, curve: PValueCurve) -> list[tuple[float, float]]:
    """The part of a curve that the axis holds, from left to right; cut at its ends."""
    effects = [*curve.low, *curve.high[::-1]]
    p = [*curve.p, *curve.p[::-1]]
    shares = [_share(plane.x_axis, x) for x in effects]
    points: list[tuple[float, float]] = []
    for i, (share, value) in enumerate(zip(shares, p, strict=True)):
        if i and (crossed := _crossings(shares[i - 1], share)):
            before = p[i - 1]
            for edge in crossed:
                part = (edge - shares[i - 1]) / (share - shares[i - 1])
                points.append((edge, before + part * (value - before)))
        if 0 <= share <= 1:
            points.append((share, value))
    return [(plane.left + s * plane.width, plane.y(v)) for s, v in points]


def _sides(plane: Plane, curve: PValueCurve) -> list[list[tuple[float, float]]]:
    """The rising and the falling side: drawn apart, so that no thick peak pokes above p = 1."""
    points = _curve(plane, curve)
    peak = min(range(len(points)), key=lambda i: points[i][1], default=0)
    return [side for side in (points[: peak + 1], points[peak:]) if len(side) > 1]


def _crossings(a: float, b: float) -> list[float]:
    """Ends of the axis that lie strictly between two shares, in the order in which they are passed."""
    return [edge for edge in ((0.0, 1.0) if a < b else (1.0, 0.0)) if min(a, b) < edge < max(a, b)]


def _share(axis: Axis, value: float) -> float:
    """Share of the axis, finite also for infinite limits."""
    if math.isinf(value):
        return math.copysign(1e3, value)
    return min(max(axis.position(min(value, BIGGEST) if axis.log else value), -1e3), 1e3)


def _behind(canvas: Canvas, plane: Plane, plan: DraperyPlan) -> None:
    """The band of the prediction."""
    if plan.prediction is not None and len(outline := _curve(plane, plan.prediction)) > 1:
        corners = [(outline[0][0], plane.bottom), *outline, (outline[-1][0], plane.bottom)]
        canvas.polygon(corners, PALE, "band: prediction")


def _guides(canvas: Canvas, plane: Plane, plan: DraperyPlan) -> None:
    """The line of the level and of no effect, over the curves of studies."""
    at = plane.y(1 - plan.level)
    canvas.line(plane.left, at, plane.right, at, "level line", 0.6, GREY, (1.0, 2.0))
    if plan.null is not None and plane.holds(plan.null, 0.5):
        x = plane.x(plan.null)
        canvas.line(x, plane.top, x, plane.bottom, "line of no effect", 0.8, INK)


def _studies(canvas: Canvas, plane: Plane, plan: DraperyPlan) -> list[int]:
    """Curves of the studies; returns their rows."""
    rows = []
    width = 0.6 if len(plan.studies) <= 40 else 0.3
    for study, curve in plan.studies:
        with canvas.data_row(
            label=clean(study.label), estimate=study.estimate, ci_low=study.ci_low, ci_high=study.ci_high,
            effect=study.yi, standard_error=study.se, p_value_function=curve.method,
        ) as row:  # fmt: skip
            for side in _sides(plane, curve):
                canvas.curve(side, f"study: {clean(study.label)}", width, STUDY)
        rows.append(row)
    return rows


def _pooled(canvas: Canvas, plane: Plane, plan: DraperyPlan, result: AnalysisResult) -> list[LegendEntry]:
    """Curves of the pooled estimate, of further models and of the prediction; returns the key."""
    entries = [LegendEntry("Study" if len(plan.studies) == 1 else "Studies", stroke("study", 0.6, STUDY, False))]

    def put(
        words: str, name: str, curve: PValueCurve | None, width: float, color: str, dashes: Dashes, **cells: Any
    ) -> None:
        row = canvas.add_data(label=words.partition(":")[0], p_value_function=curve.method if curve else "", **cells)
        with canvas.in_row(row):
            for side in _sides(plane, curve) if curve is not None else ():
                canvas.curve(side, name, width, color, dashes)
            for end in (cells["ci_low"], cells["ci_high"]):
                if plane.holds(end, 0.5):
                    at = circle(LIMIT, plane.x(end), plane.y(1 - plan.level))
                    canvas.polygon(at, color, f"limit: {name}")
        entries.append(LegendEntry(words, stroke(name, width, color, dashes), row))

    s = result.summary
    assert s is not None
    if s.k > 1 and math.isfinite(s.pi_low):
        words = curve_words(result, plan, "prediction")
        put(words, "prediction", plan.prediction, 1.1, BROWN, PREDICTION_DASHES,
            estimate=s.estimate, ci_low=s.pi_low, ci_high=s.pi_high)  # fmt: skip
    for number, ((other, curve), (color, dashes)) in enumerate(zip(plan.models, MODELS, strict=False), 1):
        assert other.summary is not None
        put(curve_words(other, plan, "pooled"), f"model {number}", curve, 1.3, color, dashes,
            estimate=other.summary.estimate, ci_low=other.summary.ci_low, ci_high=other.summary.ci_high)  # fmt: skip
    if s.k > 1:
        put(curve_words(result, plan, "pooled"), "pooled estimate", plan.pooled, 2.2, INK, False,
            estimate=s.estimate, ci_low=s.ci_low, ci_high=s.ci_high)  # fmt: skip
    level = f"p = {1 - plan.level:.3g}: {100 * plan.level:g}% limits"
    entries.append(LegendEntry(level, stroke("level line", 0.6, GREY, (1.0, 2.0))))
    if plan.null is not None and plane.holds(plan.null, 0.5):
        entries.append(LegendEntry("No effect", stroke("line of no effect", 0.8, INK, False)))
    return entries


# -- axes --------------------------------------------------------------------------------------------------------


def _axes(canvas: Canvas, plane: Plane, x_name: str) -> float:
    """Axes: p at left, confidence level at right. Returns the last baseline."""
    end = plane.draw_axes(canvas, x_name, "")
    canvas.line(plane.right, plane.top, plane.right, plane.bottom, "axis: level", 0.8, INK)
    before = math.inf
    for p in LEVEL_TICKS:
        y = plane.y(p)
        canvas.line(plane.right, y, plane.right + 3, y, "tick: level", 0.8, INK)
        if y < before - SIZE - 1:
            canvas.text(plane.right + 5, y + 2.6, f"{100 * (1 - p):g}%", SIZE, "left", color=INK, role="tick")
            before = y
    canvas.text(MARGIN, plane.top - 7, "P-value", SIZE, color=INK)
    canvas.text(canvas.width - MARGIN, plane.top - 7, "Confidence level", SIZE, "right", color=INK)
    return end
