"""Drapery plot: the p-value functions of all studies, of the pooled estimate and of a new study's true effect."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from metarepro.analysis.drapery_numbers import DraperyNumbers, drapery_numbers
from metarepro.analysis.p_value_curves import PValueCurve
from metarepro.analysis.result import AnalysisResult
from metarepro.analysis.scale_limits import limits_of_scale
from metarepro.figures.drapery_plots import wording
from metarepro.figures.page.axes import Axis
from metarepro.figures.page.figure import Figure, figure_of
from metarepro.figures.page.layout import Canvas, Dashes, page_width, put_notes, put_title
from metarepro.figures.page.legend import LegendEntry, put_legend, stroke
from metarepro.figures.page.look import BLUE, BROWN, GREEN, GREY, INK, MARGIN, PALE, SIZE, SMALL, VERMILLION
from metarepro.figures.page.panel import Plane
from metarepro.figures.page.shapes import Point, circle
from metarepro.figures.page.text import clean, shorten, text_width
from metarepro.figures.page.value_axes import display_axis, near

P_TICKS = (0.0, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0)
LEVEL_TICKS = (0.01, 0.05, 0.1, 0.2, 0.5, 1.0)
STUDY = "#858585"
# Colour and dashes of further models: told apart without colour.
MODELS: tuple[tuple[str, Dashes], ...] = ((BLUE, (6.0, 2.0)), (VERMILLION, (1.5, 1.5)), (GREEN, (6.0, 2.0, 1.5, 2.0)))
PREDICTION_DASHES: Dashes = (3.0, 2.0)
# Height of a line of study names, and how far above the plot the lowest one stands.
TIER, ABOVE = 8.5, 21.0
# Lines of names above the plot, at most, how far apart leaders stand, and how high they bend towards their peaks.
MOST_TIERS, APART, BEND = 16, 4.2, 12.0
LIMIT = 2.0
# Beyond this a limit of a ratio is as good as infinite.
BIGGEST = 1e200
# How far beyond the estimates the limits of studies stretch the axis, in widths of what the estimates span.
REACH, PAD = 0.75, 0.07


def drapery(fit: Any, *, models: Sequence[Any] = (), width_mm: float = 174.0, **words: Any) -> Figure:
    """Draw a drapery plot: for every effect the p-value of the hypothesis that it is the true one.

    One thin curve a study, a thick one for the pooled estimate (by the method and degrees of freedom of its printed
    interval), a dashed one with a band for the true effect of a new study. Each curve is 1 at its estimate; at p = 0.05
    it passes through the 95 % limits that the forest plot prints, at p = 0.10 through the 90 % ones, and so on.

    Parameters
    ----------
    fit : AnalysisResult or fit of `metarepro.pool`
    models : sequence of such
        Up to three further fits of the same studies, such as the common-effect model, as lines with other dashes.
    width_mm : float
        Width at print: 84, 120 or 174 mm are the columns of journals.
    **words
        For a fit of `metarepro.pool`: measure, labels, title ... as `metarepro.analysis.from_fit.result_of` takes
        them.

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
    from metarepro.analysis.from_fit import result_with

    result = result_with(fit, words)
    numbers = drapery_numbers(result, [result_with(m, words) for m in models])
    canvas = _draw(result, numbers, width_mm)
    return figure_of(canvas, f"Drapery plot: {clean(result.title)}", wording.describe(result, numbers))


def _draw(result: AnalysisResult, numbers: DraperyNumbers, width_mm: float) -> Canvas:
    canvas = Canvas(page_width(width_mm))
    left, right = MARGIN + 24, MARGIN + text_width("99%", SIZE) + 8
    width = canvas.width - left - right
    axis = _axis(numbers, width)
    height = min(max(0.6 * width, 222.0), 280.0)
    title_end = put_title(canvas, f"Drapery plot: {clean(result.title)}")
    flags = _place_flags(numbers, axis, left, width, canvas.width)
    tiers = max((f.tier for f in flags), default=-1) + 1
    top = title_end + (tiers * TIER + ABOVE if tiers else 14)
    y_axis = Axis(0.0, 1.0, P_TICKS, tuple(f"{p:g}" for p in P_TICKS), False)
    plane = Plane(axis, y_axis, left, top, width, height)
    if numbers.prediction is not None and len(outline := _curve(plane, numbers.prediction)) > 1:
        corners = [(outline[0][0], plane.bottom), *outline, (outline[-1][0], plane.bottom)]
        canvas.polygon(corners, PALE, "band: prediction")
    rows = _draw_studies(canvas, plane, numbers)
    # The lines of the level and of no effect lie over the curves of studies.
    at = plane.y(1 - numbers.level)
    canvas.line(plane.left, at, plane.right, at, "level line", 0.6, GREY, (1.0, 2.0))
    null = numbers.measure.null
    null_shown = null is not None and plane.holds(null, 0.5)
    if null is not None and null_shown:
        canvas.line(plane.x(null), plane.top, plane.x(null), plane.bottom, "line of no effect", 0.8, INK)
    for flag in flags:
        with canvas.in_row(rows[flag.index]):
            baseline = top - ABOVE - flag.tier * TIER
            bent = [(flag.peak, top), (flag.anchor, top - BEND), (flag.anchor, baseline + 1)]
            canvas.curve(bent, f"leader: {flag.text}", 0.4, GREY)
            canvas.text(flag.left, baseline, flag.text, SMALL)
    entries = _draw_pooled(canvas, plane, numbers)
    if null_shown:
        entries.append(LegendEntry("No effect", stroke("line of no effect", 0.8, INK)))
    y = _draw_axes(canvas, plane, wording.axis_name(result))
    y = put_legend(canvas, entries, y + 8)
    beyond = [x.label for x, _ in numbers.studies if not 0 <= axis.position(x.estimate) <= 1]
    y = put_notes(canvas, wording.notes_of(result, numbers, beyond, len(numbers.studies) - len(flags)), y + 5)
    canvas.height = y + MARGIN
    return canvas


def _axis(numbers: DraperyNumbers, width: float) -> Axis:
    """All estimates that are near the others, the pooled interval, no effect, and most of the studies' intervals."""
    s, measure, studies = numbers.summary, numbers.measure, [x for x, _ in numbers.studies]

    def place(x: float) -> float:
        if not measure.ratio or not math.isfinite(x):
            return x
        return math.log(x) if x > 0 else -math.inf

    def back(x: float) -> float:
        return math.exp(x) if measure.ratio else x

    halves = [0.5 * (place(x.ci_high) - place(x.ci_low)) for x in studies]
    unit = median([h for h in halves if math.isfinite(h)] or [1.0])
    estimates = [place(x.estimate) for x in studies]
    core = [*(e for e, ok in zip(estimates, near(estimates, unit), strict=True) if ok), place(s.estimate)]
    span = max(max(core) - min(core), 2 * unit)
    floor, ceiling = min(core) - REACH * span, max(core) + REACH * span
    wanted = [s.ci_low, s.ci_high, s.pi_low, s.pi_high, *(e for x in studies for e in (x.ci_low, x.ci_high))]
    ends = [min(max(place(e), floor), ceiling) for e in wanted if not math.isnan(e)]
    low, high = min([*core, *ends]), max([*core, *ends])
    if measure.null is not None:
        # No effect belongs to the picture unless everything else would shrink to a line.
        null = place(measure.null)
        if max(high, null) - min(low, null) <= 8 * (high - low):
            low, high = min(low, null), max(high, null)
    pad = PAD * ((high - low) or 1.0)
    scale = limits_of_scale(measure)
    return display_axis(measure, max(back(low - pad), scale[0]), min(back(high + pad), scale[1]), width)


# -- curves ------------------------------------------------------------------------------------------------------


def _curve(plane: Plane, curve: PValueCurve) -> list[Point]:
    """The part of a curve that the axis holds, from left to right; cut at its ends."""
    effects = [*curve.low, *curve.high[::-1]]
    p = [*curve.p, *curve.p[::-1]]
    shares = [_share(plane.x_axis, x) for x in effects]
    points: list[Point] = []
    for i, (share, value) in enumerate(zip(shares, p, strict=True)):
        if i and (crossed := _crossings(shares[i - 1], share)):
            before = p[i - 1]
            for edge in crossed:
                part = (edge - shares[i - 1]) / (share - shares[i - 1])
                points.append((edge, before + part * (value - before)))
        if 0 <= share <= 1:
            points.append((share, value))
    return [(plane.left + s * plane.width, plane.y(v)) for s, v in points]


def _sides(plane: Plane, curve: PValueCurve) -> list[list[Point]]:
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


def _draw_studies(canvas: Canvas, plane: Plane, numbers: DraperyNumbers) -> list[int]:
    """Curves of the studies; returns their rows."""
    rows = []
    width = 0.6 if len(numbers.studies) <= 40 else 0.3
    for study, curve in numbers.studies:
        name = clean(study.label)
        with canvas.data_row(
            label=name, estimate=study.estimate, ci_low=study.ci_low, ci_high=study.ci_high, effect=study.yi,
            standard_error=study.se, p_value_function=curve.method,
        ) as row:  # fmt: skip
            for side in _sides(plane, curve):
                canvas.curve(side, f"study: {name}", width, STUDY)
        rows.append(row)
    return rows


def _draw_pooled(canvas: Canvas, plane: Plane, numbers: DraperyNumbers) -> list[LegendEntry]:
    """Curves of the pooled estimate, of further models and of the prediction; returns the legend."""
    entries = [LegendEntry("Study" if len(numbers.studies) == 1 else "Studies", stroke("study", 0.6, STUDY))]

    def put(
        words: str, name: str, curve: PValueCurve | None, width: float, color: str, dashes: Dashes,
        estimate: float, low: float, high: float,
    ) -> None:  # fmt: skip
        with canvas.data_row(
            label=words.partition(":")[0], p_value_function=curve.method if curve else "", estimate=estimate,
            ci_low=low, ci_high=high,
        ) as row:  # fmt: skip
            for side in _sides(plane, curve) if curve is not None else ():
                canvas.curve(side, name, width, color, dashes)
            for end in (low, high):
                if plane.holds(end, 0.5):
                    at = circle(LIMIT, plane.x(end), plane.y(1 - numbers.level))
                    canvas.polygon(at, color, f"limit: {name}")
        entries.append(LegendEntry(words, stroke(name, width, color, dashes), row))

    s = numbers.summary
    if s.k > 1 and math.isfinite(s.pi_low):
        words = wording.prediction_words(numbers)
        put(words, "prediction", numbers.prediction, 1.1, BROWN, PREDICTION_DASHES, s.estimate, s.pi_low, s.pi_high)
    for number, ((other, curve), (color, dashes)) in enumerate(zip(numbers.models, MODELS, strict=False), 1):
        words = wording.curve_words(numbers, other)
        put(words, f"model {number}", curve, 1.3, color, dashes, other.estimate, other.ci_low, other.ci_high)
    if s.k > 1:
        words = wording.curve_words(numbers, s)
        put(words, "pooled estimate", numbers.pooled, 2.2, INK, False, s.estimate, s.ci_low, s.ci_high)
    level = f"p = {1 - numbers.level:.3g}: {100 * numbers.level:g}% limits"
    return [*entries, LegendEntry(level, stroke("level line", 0.6, GREY, (1.0, 2.0)))]


def _draw_axes(canvas: Canvas, plane: Plane, x_name: str) -> float:
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
    canvas.text(MARGIN, plane.top - 7, "P-value")
    canvas.text(canvas.width - MARGIN, plane.top - 7, "Confidence level", align="right")
    return end


# -- names of studies --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Flag:
    """A study's name above its peak, on a line that is counted from the plot upwards."""

    index: int
    text: str
    left: float
    right: float
    peak: float
    anchor: float
    tier: int


def _place_flags(numbers: DraperyNumbers, axis: Axis, left: float, width: float, canvas_width: float) -> list[_Flag]:
    """Names above the peaks, in the order of the estimates, where neither they nor their leaders cross.

    From both sides inwards, so that names lean away from the middle; those that find no place are left out.
    """
    peaks = [(i, left + width * axis.position(s.estimate)) for i, (s, _) in enumerate(numbers.studies)]
    inside = sorted(((i, x) for i, x in peaks if left <= x <= left + width), key=lambda p: (p[1], p[0]))
    middle = len(inside) // 2
    lefts, rights = inside[:middle][:MOST_TIERS], inside[middle:][-MOST_TIERS:]
    anchors = _apart([x for _, x in (*lefts, *rights)], left, left + width)
    named = [(i, x, anchor) for (i, x), anchor in zip((*lefts, *rights), anchors, strict=True)]
    first, last = named[: len(lefts)], named[len(lefts) :][::-1]
    order = [side for pair in zip(first, last, strict=False) for side in pair] + last[len(first) :]
    flags: list[_Flag] = []
    for index, x, anchor in order:
        text = shorten(clean(numbers.studies[index][0].label), 0.4 * canvas_width, SMALL)
        flag = _fitting(index, text, x, anchor, (index, x) in lefts, canvas_width, flags)
        if flag is not None:
            flags.append(flag)
    return flags


def _apart(places: Sequence[float], low: float, high: float) -> list[float]:
    """Rising places moved as little as needed to stand `APART`, from `low` to `high`."""
    step = min(APART, (high - low) / max(len(places) - 1, 1))
    # What is left after taking the steps out must rise; its best rising fit pools neighbours to their mean.
    runs: list[tuple[float, int]] = []
    for number, place in enumerate(places):
        runs.append((place - number * step, 1))
        while len(runs) > 1 and runs[-2][0] >= runs[-1][0]:
            (b, m), (a, n) = runs.pop(), runs.pop()
            runs.append(((a * n + b * m) / (n + m), n + m))
    level = [value for value, count in runs for _ in range(count)]
    end = high - (len(places) - 1) * step
    return [min(max(v, low), end) + number * step for number, v in enumerate(level)]


def _fitting(
    index: int, text: str, peak: float, x: float, leans_left: bool, canvas_width: float, flags: list[_Flag]
) -> _Flag | None:
    width = text_width(text, SMALL)
    starts = [x - width + 2, x - width / 2, x - 2]
    for start in starts if leans_left else reversed(starts):
        kept = min(max(start, MARGIN), canvas_width - MARGIN - width)
        if not kept - 1 <= x <= kept + width + 1:
            continue
        for tier in range(MOST_TIERS):
            flag = _Flag(index, text, kept, kept + width, peak, x, tier)
            if not any(_clash(flag, other) for other in flags):
                return flag
    return None


def _clash(a: _Flag, b: _Flag) -> bool:
    """Whether names overlap, or one's leader runs through the other."""
    if a.tier == b.tier:
        return a.left < b.right + 3 and b.left < a.right + 3
    low, high = (a, b) if a.tier < b.tier else (b, a)
    return low.left - 1.5 < high.anchor < low.right + 1.5
