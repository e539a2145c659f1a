"""L'Abbe plot: events under treatment against events under control, study by study."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

from metarepro.analysis.plot_numbers import LabbeNumbers, labbe_numbers
from metarepro.figures.page import numbers as fmt
from metarepro.figures.page.axes import Axis
from metarepro.figures.page.figure import Figure, figure_of
from metarepro.figures.page.layout import Canvas, page_width, put_notes, put_title
from metarepro.figures.page.look import BLUE, GREY, MARGIN
from metarepro.figures.page.named_points import NamedPoint, put_points, unnamed_note
from metarepro.figures.page.panel import Plane, room_for_labels
from metarepro.figures.page.text import clean, counted

# Radius of the largest study, and of the smallest that is drawn.
LARGEST, SMALLEST = 7.0, 1.6
# Where the axes may end.
ENDS = (0.05, *(i / 10 for i in range(1, 11)))


def labbe(fit: Any, *, width_mm: float = 120.0, **words: Any) -> Figure:
    """Draw the share with the event in the experimental arm against that in the control arm.

    Parameters
    ----------
    fit : AnalysisResult or fit of `metarepro.pool`
        Of odds ratios, risk ratios or risk differences with counts.
    width_mm : float
        Width at print: 84, 120 or 174 mm are the columns of journals.
    **words
        For a fit of `metarepro.pool`: labels, title ... as `metarepro.analysis.from_fit.result_of` takes them.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ConfigError
        Another measure.
    DataError
        Fewer than two studies with counts of both arms, or no finite pooled estimate.

    Notes
    -----
    On the dashed line both arms are alike; the curve is the pooled effect. Areas go with patients. When not to use: to
    test how effects depend on the control risk, since both axes share its error.

    References
    ----------
    L'Abbe, Detsky & O'Rourke 1987, doi:10.7326/0003-4819-107-2-224.
    """
    from metarepro.analysis.from_fit import result_with

    result = result_with(fit, words)
    found = labbe_numbers(result)
    title = f"L'Abb\u00e9 plot: {clean(result.title)}"
    said = "; ".join(
        f"{clean(r.label)}: {100 * r.control:.1f}% and {100 * r.experimental:.1f}% of {r.patients}" for r in found.rows
    )
    shown = fmt.with_interval(found.measure, *found.pooled)
    alternative = f"{title}. Pooled {found.measure.label} {shown}. Control and experimental arm: {said}."
    return figure_of(_draw(found, title, width_mm), title, alternative)


def _draw(found: LabbeNumbers, title: str, width_mm: float) -> Canvas:
    canvas = Canvas(page_width(width_mm))
    highest = max(max(r.control, r.experimental) for r in found.rows)
    # Both axes are the same, so that the diagonal is one.
    end = next((t for t in ENDS if highest <= 0.96 * t), 1.0)
    axis = _axis(end)
    left = MARGIN + room_for_labels(axis)
    side = min(canvas.width - MARGIN - 10 - left, 300.0)
    top = put_title(canvas, title) + 14
    plane = Plane(axis, axis, left, top, side, side)
    diagonal = (plane.x(0.0), plane.y(0.0), plane.x(end), plane.y(end))
    canvas.line(*diagonal, "line of no effect", 0.7, GREY, True)
    curve = [(plane.x(p), plane.y(q)) for p, q in found.curve if p <= end and q <= end]
    if len(curve) > 1:
        canvas.curve(curve, "pooled estimate", 1.2, BLUE)
    segments = [(*a, *b) for a, b in pairwise(curve)]
    most = max(r.patients for r in found.rows)
    points = [
        NamedPoint(
            r.label, r.control, r.experimental,
            {"control": r.control, "experimental": r.experimental, "patients": r.patients, "weight": r.weight},
            max(LARGEST * math.sqrt(r.patients / most), SMALLEST), hollow=True,
        )
        for r in sorted(found.rows, key=lambda r: -r.patients)
    ]  # fmt: skip
    unnamed = put_points(canvas, plane, points, range(len(points)), [diagonal, *segments])
    y = plane.draw_axes(canvas, "Events in the control arm (%)", "Events in the experimental arm (%)")
    shown = fmt.with_interval(found.measure, *found.pooled)
    with canvas.data_row(label="Pooled", estimate=found.pooled[0], ci_low=found.pooled[1], ci_high=found.pooled[2]):
        y = put_notes(canvas, [f"Curve: pooled {found.measure.label}, {shown}. Dashed: no difference."], y + 5)
    notes = ["Areas go with patients.", *unnamed_note(unnamed)]
    if found.lost:
        notes.append(f"{counted(found.lost).capitalize()} without counts.")
    canvas.height = put_notes(canvas, notes, y) + MARGIN
    return canvas


def _axis(end: float) -> Axis:
    step = 0.01 if end <= 0.05 else 0.02 if end <= 0.1 else 0.05 if end <= 0.3 else 0.1 if end <= 0.6 else 0.2
    ticks = [i * step for i in range(int(end / step + 1e-9) + 1)]
    return Axis(0.0, end, tuple(ticks), tuple(f"{100 * t:.0f}" for t in ticks), False)
