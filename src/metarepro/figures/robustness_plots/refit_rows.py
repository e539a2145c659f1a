"""Leave-one-out, cumulative and sensitivity plots: a row a fit, the main result as a dotted line."""

from __future__ import annotations

import math
from typing import Any, Literal

from metarepro.analysis.robustness_numbers import RefitNumbers, RefitRow, refit_numbers
from metarepro.figures.page import numbers as fmt
from metarepro.figures.page.axes import make_axis
from metarepro.figures.page.figure import Figure, figure_of
from metarepro.figures.page.layout import Canvas, page_width, put_notes, put_title
from metarepro.figures.page.look import BLUE, GAP, GREY, INK, LEADING, MARGIN, PALE, SIZE, SMALL
from metarepro.figures.page.panel import Panel, not_outlying
from metarepro.figures.page.shapes import circle
from metarepro.figures.page.text import clean, shorten, text_width, wrap

Kind = Literal["leave_one_out", "cumulative", "sensitivity"]
WORDS = {
    "leave_one_out": ("Leave-one-out", "Without", "Each row: all studies but the one that is named."),
    "cumulative": ("Cumulative meta-analysis", "Up to", "Each row: the study that is named and all above it."),
    "sensitivity": (
        "Sensitivity analyses",
        "Changed",
        "Each row: the analysis with this one thing changed.",
    ),
}
# What the dotted line is.
LINES = {"sensitivity": "the analysis as it stands"}
# Height of a row, radius of a mark, least share of the width for the plot, least room for names.
ROW, RADIUS, PLOT, LEAST_NAMES = 13.0, 2.6, 0.36, 70.0


def refit_rows(
    refits: Any, kind: Kind | None = None, *, measure: str = "", title: str = "", width_mm: float = 174.0
) -> Figure:
    """Draw the fits without each study, or as studies are added.

    Parameters
    ----------
    refits : Refits or AnalysisResult
        What `metarepro.leave_one_out` or `metarepro.cumulative` gives; or an analysis of a project, for leave-one-out
        and for its sensitivity analyses, such as correlations of crossover trials.
    kind : {'leave_one_out', 'cumulative', 'sensitivity'}
        Which of them, for the words of the figure; that of the fits by default, and leave-one-out of an analysis.
    measure : str
        Code of the measure, which decides scale and words; that of the fits by default.
    title : str
    width_mm : float
        Width at print: 84, 120 or 174 mm are the columns of journals.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ConfigError
        An unknown kind, or another than that of the fits.
    DataError
        Fits of another shape, or without a single estimate.

    Notes
    -----
    When not to use: a row is no independent result; neighbours share nearly all studies.
    """
    own: Kind = getattr(refits, "kind", "leave_one_out")
    kind = kind or own
    found = refit_numbers(refits, kind, measure)
    name, first, note = WORDS[kind]
    heading = clean(title) or ": ".join([name, *filter(None, [clean(getattr(refits, "title", ""))])])
    canvas = _draw(found, kind, heading, note, width_mm)
    said = "; ".join(f"{clean(r.label)} (k = {r.k}): {_text(found, r)}" for r in found.rows)
    each = "" if kind == "sensitivity" else " each study"
    alternative = f"{heading}. {found.whole.label}: {_text(found, found.whole)}. {first}{each}: {said}."
    return figure_of(canvas, heading, alternative)


def _text(found: RefitNumbers, row: RefitRow) -> str:
    return fmt.with_interval(found.measure, *row.values)


def _draw(found: RefitNumbers, kind: Kind, title: str, note: str, width_mm: float) -> Canvas:
    canvas = Canvas(page_width(width_mm))
    inner = canvas.width - 2 * MARGIN
    measure, rows, whole = found.measure, found.rows, found.whole
    numbers = max(text_width(_text(found, r), SIZE) for r in (*rows, whole))
    studies = max(text_width(f"{r.k}", SIZE) for r in (*rows, whole)) + 8
    plot = max(PLOT * inner, 70.0)
    names = inner - plot - numbers - studies - 3 * GAP
    # In a narrow column the numbers stand below the names.
    below = names < min(max(text_width(clean(r.label), SIZE) for r in (*rows, whole)), LEAST_NAMES)
    if below:
        names, numbers = inner - plot - studies - 2 * GAP, 0.0
    # A long name goes on in a second line, so that names that differ at their ends can be told apart.
    two = any(text_width(clean(r.label), SIZE) > names for r in (*rows, whole))
    step = (1 + below + two) * LEADING + 3 if below or two else ROW
    shown = not_outlying(measure, [r.values for r in (*rows, whole)])
    panel = Panel(make_axis(measure, shown), MARGIN + names + studies + 2 * GAP, plot)
    y = put_title(canvas, title) + LEADING + 4
    head = f"{measure.label} ({100 * found.level:g}% CI)"
    canvas.text(MARGIN, y, WORDS[kind][1], SIZE, color=INK, weight="bold")
    canvas.text(panel.left - GAP, y, "k", SIZE, "right", color=INK, weight="bold")
    canvas.text(canvas.width - MARGIN, y, shorten(head, numbers + plot, SIZE), SIZE, "right", color=INK, weight="bold")
    y += 4
    canvas.line(MARGIN, y, canvas.width - MARGIN, y, "header rule", 0.6, GREY)
    top, bottom = y, y + step * (len(rows) + (kind != "cumulative")) + 2
    for tick, label in zip(panel.axis.ticks, panel.axis.labels, strict=True):
        canvas.line(panel.x(tick), top, panel.x(tick), bottom, f"grid: {label}", 0.4, PALE)
    if measure.null is not None and not panel.beyond(measure.null):
        canvas.line(panel.x(measure.null), top, panel.x(measure.null), bottom, "line of no effect", 0.7, GREY)
    if math.isfinite(whole.values[0]) and not panel.beyond(whole.values[0]):
        at = panel.x(whole.values[0])
        canvas.line(at, top, at, bottom, "line of all studies", 1.0, BLUE, (1.0, 1.5))
    for row in rows:
        _put(canvas, panel, found, row, y + step / 2, names, below, INK)
        y += step
    if kind != "cumulative":
        _put(canvas, panel, found, whole, y + step / 2, names, below, BLUE)
    end = panel.ticks(canvas, bottom)
    arrows = " Arrow: beyond the axis." if any(m.kind == "arrow" for m in canvas.marks) else ""
    canvas.height = (
        put_notes(canvas, [f"{note} Dotted: {LINES.get(kind, 'the result of all studies')}.{arrows}"], end + 4) + MARGIN
    )
    return canvas


def _put(
    canvas: Canvas, panel: Panel, found: RefitNumbers, row: RefitRow, y: float, names: float, below: bool, color: str
) -> None:
    estimate, low, high = row.values
    name = clean(row.label)
    with canvas.data_row(label=name, studies=row.k, estimate=estimate, ci_low=low, ci_high=high):
        base = y + 0.36 * SIZE
        first, *rest = wrap(name, names, SIZE)
        lines = [first, *([shorten(" ".join(rest), names, SIZE)] if rest else [])]
        top = base - 0.5 * LEADING * (len(lines) + below - 1)
        end = canvas.lines(MARGIN, top, lines, SIZE, LEADING, color=color)
        if below:
            canvas.text(MARGIN, end, _text(found, row), SMALL, color=GREY)
        else:
            canvas.text(canvas.width - MARGIN, base, _text(found, row), SIZE, "right", color=color)
        canvas.text(panel.left - GAP, base, f"{row.k}", SIZE, "right", color=color)
        panel.interval(canvas, y, low, high, color, name)
        if not math.isfinite(estimate):
            return
        if side := panel.beyond(estimate):
            canvas.polygon(panel.arrow(y, side), color, f"arrow: {name}")
        else:
            canvas.polygon(circle(RADIUS, panel.x(estimate), y), color, f"estimate: {name}")
