"""Orchard plot: all studies as circles around the pooled effect, for more of them than a forest plot can hold."""

from __future__ import annotations

import math
from typing import Any

from metarepro.analysis.orchard_numbers import OrchardGroup, OrchardNumbers, orchard_numbers
from metarepro.figures.page import numbers as fmt
from metarepro.figures.page.axes import make_axis
from metarepro.figures.page.figure import Figure, figure_of
from metarepro.figures.page.layout import Canvas, page_width, put_notes, put_text, put_title
from metarepro.figures.page.look import BLUE, GREY, INK, MARGIN, MIDDLE, PALE, SIZE, WHITE
from metarepro.figures.page.panel import Panel, not_outlying
from metarepro.figures.page.shapes import circle
from metarepro.figures.page.text import clean, counted, text_width

# Radius of the most precise study and of the least; half the diamond's height; air between circles and below a group.
LARGEST, SMALLEST, POOLED, AIR, BELOW = 4.2, 1.3, 4.6, 0.4, 7.0
# Circles reach at most so far from the middle; where more studies agree, they overlap.
HIGHEST = 70.0


def orchard(fit: Any, *, width_mm: float = 120.0, **words: Any) -> Figure:
    """Draw the effects of many studies, with the pooled effect, its confidence and its prediction interval.

    Parameters
    ----------
    fit : AnalysisResult or fit of `metarepro.pool`
        With subgroups a row each.
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
        Fewer than five studies with an effect and a standard error, or no finite pooled estimate.

    Notes
    -----
    The area of a circle grows with the study's precision, 1 / standard error. Circles are moved up and down only so
    that none hides another. When not to use: with some thirty studies or fewer, whose names a forest plot shows.

    References
    ----------
    Nakagawa et al. 2021, doi:10.1002/jrsm.1424.
    """
    from metarepro.analysis.from_fit import result_with

    result = result_with(fit, words)
    found = orchard_numbers(result)
    title = f"Orchard plot: {clean(result.title)}"
    said = "; ".join(f"{clean(g.label)}, {counted(len(g.points))}: {_text(found, g)}" for g in found.groups)
    alternative = f"{title}. {found.measure.label} with {100 * found.level:g}% confidence interval. {said}."
    return figure_of(_draw(found, title, width_mm), title, alternative)


def _text(found: OrchardNumbers, group: OrchardGroup) -> str:
    shown = fmt.with_interval(found.measure, *group.pooled)
    if any(math.isnan(x) for x in group.predicted):
        return shown
    return f"{shown}, predicted {fmt.interval(found.measure, *group.predicted)}"


def _draw(found: OrchardNumbers, title: str, width_mm: float) -> Canvas:
    canvas = Canvas(page_width(width_mm))
    inner = canvas.width - 2 * MARGIN
    y = put_title(canvas, title) + 4
    values = [(p.estimate, p.estimate, p.estimate) for g in found.groups for p in g.points]
    values += [g.pooled for g in found.groups]
    values += [(g.pooled[0], *g.predicted) for g in found.groups if not any(map(math.isnan, g.predicted))]
    # The pooled effects are on the axis however far they are from most studies.
    axis = make_axis(found.measure, [*not_outlying(found.measure, values), *(g.pooled for g in found.groups)])
    room = max(8.0, *(text_width(axis.labels[i], SIZE) / 2 + 2 for i in (0, -1)))
    panel = Panel(axis, MARGIN + room, inner - 2 * room)
    most = max(p.precision for g in found.groups for p in g.points)
    top, crowded = None, False
    for group in found.groups:
        low, high = group.predicted
        pooled = group.pooled
        with canvas.data_row(
            label=clean(group.label), studies=len(group.points), estimate=pooled[0], ci_low=pooled[1],
            ci_high=pooled[2], pi_low=low, pi_high=high,
        ) as row:  # fmt: skip
            words = f"{clean(group.label)} (k = {len(group.points)}): {_text(found, group)}"
            y = put_text(canvas, words, y, weight="bold") + 4
        places = _swarm(group, panel, most)
        half = max((abs(up) + r for _, up, r in places), default=0.0)
        if half > HIGHEST:
            crowded = True
            places = [(x, up * HIGHEST / half, r) for x, up, r in places]
            half = HIGHEST
        half = max(half, POOLED) + 2
        top = y if top is None else top
        _put_group(canvas, panel, group, places, y + half, row)
        y += 2 * half + (BELOW if group is not found.groups[-1] else 0.0)
    null = found.measure.null
    end = panel.ticks(canvas, y)
    if null is not None and not panel.beyond(null):
        for mark_top, mark_bottom in _free_of_text(canvas, panel.x(null), top or y, y):
            canvas.line(panel.x(null), mark_top, panel.x(null), mark_bottom, "line of no effect", 0.7, GREY)
    ci = f"{100 * found.level:g}%"
    notes = [
        f"{found.measure.label}. Diamond: {ci} confidence interval. Line: {ci} prediction interval. Circles: studies, "
        "larger with a smaller standard error."
    ]
    if crowded:
        notes.append("Circles overlap where many studies agree.")
    if any(m.kind == "arrow" for m in canvas.marks):
        notes.append("Arrow: beyond the axis.")
    if found.lost:
        notes.append(f"{counted(found.lost).capitalize()} without an effect.")
    canvas.height = put_notes(canvas, notes, end + 4) + MARGIN
    return canvas


def _swarm(group: OrchardGroup, panel: Panel, most: float) -> list[tuple[float, float, float]]:
    """Place across, offset from the middle and radius of each study: as near to the middle as the others let it."""
    many = math.sqrt(min(1.0, 60 / max(len(group.points), 1)))
    radii = [max(LARGEST * many * math.sqrt(p.precision / most), SMALLEST) for p in group.points]
    places: list[tuple[float, float, float]] = [(0.0, 0.0, 0.0)] * len(radii)
    put: list[tuple[float, float, float]] = []
    for i in sorted(range(len(radii)), key=lambda i: -radii[i]):
        x, r = panel.x(group.points[i].estimate), radii[i]
        near = [(cx, cy, cr + r + AIR) for cx, cy, cr in put if abs(cx - x) < cr + r + AIR]
        # Free offsets begin where the circle touches one of those beside it.
        tries = [0.0] + [cy + s * math.sqrt(d * d - (cx - x) ** 2) for cx, cy, d in near for s in (1, -1)]
        free = [u for u in tries if all((cx - x) ** 2 + (cy - u) ** 2 >= d * d - 1e-6 for cx, cy, d in near)]
        places[i] = (x, min(free, key=lambda u: (abs(u), u)), r)
        put.append(places[i])
    return places


def _put_group(
    canvas: Canvas, panel: Panel, group: OrchardGroup, places: list[tuple[float, float, float]], y: float, row: int
) -> None:
    name = clean(group.label)
    for point, (x, up, r) in zip(group.points, places, strict=True):
        with canvas.data_row(label=clean(point.label), group=name, estimate=point.estimate, precision=point.precision):
            if side := panel.beyond(point.estimate):
                canvas.polygon(panel.arrow(y + up, side, 1.6), MIDDLE, f"arrow: {clean(point.label)}")
            else:
                canvas.polygon(circle(r, x, y + up), MIDDLE, f"study: {clean(point.label)}", PALE, 0.5)
    with canvas.in_row(row):
        panel.interval(canvas, y, *group.predicted, INK, f"prediction: {name}", 0.9)
        panel.diamond(canvas, y, group.pooled, name, POOLED, BLUE, WHITE)


def _free_of_text(canvas: Canvas, x: float, top: float, bottom: float) -> list[tuple[float, float]]:
    """Parts of an upright line that no text stands on."""
    parts = [(top, bottom)]
    for text in canvas.texts:
        left, above, right, below = text.box
        if left - 1 < x < right + 1:
            parts = [p for a, b in parts for p in ((a, min(b, above - 1)), (max(a, below + 1), b)) if p[1] - p[0] > 1]
    return parts
