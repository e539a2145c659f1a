"""Panel of influence: deletion diagnostics of every study beside each other, with where rules of thumb begin."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from numpy.typing import ArrayLike

from metarepro.analysis.plot_numbers import Diagnostic, InfluenceNumbers, influence_numbers
from metarepro.figures.page import numbers as fmt
from metarepro.figures.page.axes import Axis
from metarepro.figures.page.figure import Figure, figure_of
from metarepro.figures.page.layout import Canvas, page_width, put_notes, put_title
from metarepro.figures.page.look import BLUE, GAP, GREY, INK, LEADING, MARGIN, PALE, ROW, SIZE
from metarepro.figures.page.panel import Panel
from metarepro.figures.page.shapes import circle, square
from metarepro.figures.page.text import clean, shorten, text_width
from metarepro.figures.page.value_axes import padded, plain_axis

# Width that a diagnostic takes at least, and the names at most, as a share of the page.
LEAST, NAMES = 62.0, 0.34
RADIUS = 2.2


def influence_panel(
    yi: Any, vi: ArrayLike | str | None = None, *, data: Any = None,
    labels: Sequence[str] | str | None = None, tau2: str | float = "REML", title: str = "", width_mm: float = 174.0,
) -> Figure:  # fmt: skip
    """Draw how far each study moves the result, by the diagnostics of `metarepro.influence`.

    Parameters
    ----------
    yi, vi, data, labels, tau2
        As in `metarepro.influence`; or an analysis of a project as `yi` alone.
    title : str
    width_mm : float
        Width at print: 84, 120 or 174 mm are the columns of journals; narrow ones show fewer diagnostics.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    DataError
        As `metarepro.influence`.

    Notes
    -----
    Dotted lines are what a diagnostic is when a study changes nothing; dashed lines are rules of thumb for looking
    closer. When not to use: to leave studies out.

    References
    ----------
    Viechtbauer & Cheung 2010, doi:10.1002/jrsm.11.
    """
    found = influence_numbers(yi, vi, data, labels, tau2)
    heading = clean(title) or ": ".join(["Influence of each study", *filter(None, [clean(getattr(yi, "title", ""))])])
    marked = [clean(n) for n, yes in zip(found.labels, found.influential, strict=True) if yes]
    said = "; ".join(
        f"{clean(n)}: " + ", ".join(f"{d.label} {d.values[i]:.3g}" for d in found.diagnostics)
        for i, n in enumerate(found.labels)
    )
    alternative = f"{heading}. Marked by a rule of thumb: {', '.join(marked) if marked else 'none'}. {said}."
    return figure_of(_draw(found, heading, width_mm), heading, alternative)


def _draw(found: InfluenceNumbers, title: str, width_mm: float) -> Canvas:
    canvas = Canvas(page_width(width_mm))
    inner = canvas.width - 2 * MARGIN
    names = [clean(n) for n in found.labels]
    room = min(max(text_width(n, SIZE) for n in names), NAMES * inner)
    many = max(1, min(len(found.diagnostics), int((inner - room) / (LEAST + GAP))))
    width = (inner - room) / many - GAP
    panels = [
        Panel(_axis(d, width), MARGIN + room + GAP + i * (width + GAP), width)
        for i, d in enumerate(found.diagnostics[:many])
    ]
    y = put_title(canvas, title) + LEADING + 4
    for d, panel in zip(found.diagnostics, panels, strict=False):
        canvas.text(panel.left, y, shorten(d.label, width, SIZE), SIZE, color=INK, weight="bold")
    top, bottom = y + 4, y + 4 + ROW * len(names)
    for d, panel in zip(found.diagnostics, panels, strict=False):
        for tick, label in zip(panel.axis.ticks, panel.axis.labels, strict=True):
            canvas.line(panel.x(tick), top, panel.x(tick), bottom, f"grid: {d.code} {label}", 0.4, PALE)
        if math.isfinite(d.usual) and not panel.beyond(d.usual):
            canvas.line(panel.x(d.usual), top, panel.x(d.usual), bottom, f"usual: {d.code}", 0.7, GREY, (1.0, 1.5))
        for limit in d.limits:
            if not panel.beyond(limit):
                canvas.line(panel.x(limit), top, panel.x(limit), bottom, f"limit: {d.code}", 0.7, GREY, (4.0, 2.0))
    for i, name in enumerate(names):
        middle, marked = top + (i + 0.5) * ROW, found.influential[i]
        cells = {d.code: d.values[i] for d in found.diagnostics}
        color = BLUE if marked else INK
        with canvas.data_row(label=name, **cells, influential="yes" if marked else "no"):
            canvas.text(MARGIN, middle + 0.36 * SIZE, shorten(name, room, SIZE), SIZE, color=color)
            for d, panel in zip(found.diagnostics, panels, strict=False):
                if math.isfinite(d.values[i]):
                    dot = (square if marked else circle)(RADIUS, panel.x(d.values[i]), middle)
                    canvas.polygon(dot, color, f"{d.code}: {name}")
    end = max(panel.ticks(canvas, bottom) for panel in panels)
    note = "Dotted: what it is where a study changes nothing. Dashed: rules of thumb for looking closer."
    if any(found.influential):
        note += " Blue squares: beyond one of them."
    canvas.height = put_notes(canvas, [note], end + 4) + MARGIN
    return canvas


def _axis(d: Diagnostic, width: float) -> Axis:
    """An axis that holds all values, and rules of thumb that are not far from them."""
    known = [v for v in (*d.values, d.usual) if math.isfinite(v)]
    low, high = min(known), max(known)
    for limit in d.limits:
        if low - (high - low) <= limit <= high + (high - low):
            low, high = min(low, limit), max(high, limit)
    axis = plain_axis(*padded(low, high, 0.06), width)
    if len(axis.ticks) > 1 or not d.limits:
        return axis
    # No round numbers have room: where the rules of thumb begin.
    labels = tuple(fmt.fixed(v, 2) for v in d.limits)
    return Axis(axis.low, axis.high, d.limits, labels, False)
