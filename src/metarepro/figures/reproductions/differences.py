"""How far what was recomputed lies from what was printed, in units of the last printed digit: a line a result."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from metarepro.evidence.integrity.printed import decimals_of
from metarepro.figures.page.axes import Axis, Values
from metarepro.figures.page.figure import Figure, figures_of
from metarepro.figures.page.layout import MM, Canvas, Cell, page_width, put_notes, put_page_numbers, put_title
from metarepro.figures.page.look import BLUE, GAP, GREY, INK, MARGIN, PALE, SIZE, SMALL
from metarepro.figures.page.panel import Panel
from metarepro.figures.page.shapes import box, circle
from metarepro.figures.page.text import clean, shorten, text_width
from metarepro.figures.reproductions import printed
from metarepro.figures.reproductions.pairs import pair_cells
from metarepro.figures.verdict_marks import REPRODUCTION_MARKS, draw_mark, mark_of

if TYPE_CHECKING:
    from metarepro.reproduction.result import Reproduction

DEFAULT_TITLE = "Printed results against what their own numbers give"
# The axis, in units of the last printed digit; what lies farther has an arrow.
REACH = 5.0
AXIS = Axis(-REACH, REACH, (-5.0, -2.5, 0.0, 2.5, 5.0), ("\u22125", "\u22122.5", "0", "2.5", "5"), False)
LINE, VERDICT, SYMBOL, LEAST_PLOT = 12.0, 104.0, 11.0, 70.0


@dataclass(frozen=True)
class _Row:
    result: Reproduction
    label: str
    numbers: str
    units: Values
    cells: dict[str, Cell]


def differences(reproductions: Sequence[Reproduction], title: str = DEFAULT_TITLE, width_mm: float = 174.0) -> Figure:
    """Draw how far recomputed results lie from the printed ones, all in one figure.

    Parameters
    ----------
    reproductions : sequence of Reproduction
        Those that were recomputed from the numbers that their reports print have a line; others are left out.
    title : str
    width_mm : float
        Width at print.

    Returns
    -------
    matplotlib.figure.Figure
        Its data have both numbers in full, and their difference in units of the last printed digit.

    Notes
    -----
    A positive difference is a recomputed effect farther from no effect than the printed one, so that ratios below and
    above 1 read alike. Half a unit is what rounding alone may give (shaded). Not for the size of effects: see
    `dumbbell`.
    """
    return differences_pages(reproductions, title, width_mm, math.inf)[0]


def differences_pages(
    reproductions: Sequence[Reproduction], title: str = DEFAULT_TITLE, width_mm: float = 174.0,
    height_mm: float = 235.0,
) -> list[Figure]:  # fmt: skip
    """As `differences`, on pages of at most `height_mm`."""
    order = list(REPRODUCTION_MARKS)
    rows = [row for r in reproductions if (row := _row(r)) is not None]
    rows.sort(key=lambda row: -order.index(row.result.verdict) if row.result.verdict in order else 0)
    width = page_width(width_mm)
    head = _draw(Canvas(width), title, [])
    most = max(int((height_mm * MM - head) / LINE), 1) if math.isfinite(height_mm) else max(len(rows), 1)
    canvases = []
    for start in range(0, max(len(rows), 1), most):
        canvas = Canvas(width)
        canvas.height = _draw(canvas, title, rows[start : start + most])
        canvases.append(canvas)
    put_page_numbers(canvases)
    return figures_of(canvases, clean(title), describe(reproductions, title))


def units_of(r: Reproduction) -> Values:
    """Recomputed minus printed estimate, and ends of the interval nearer to and farther from no effect, in units of the
    last printed digit, positive where the recomputed number is farther from no effect; nan where one is missing.
    """
    found = r.recomputed
    if found is None or r.basis != "printed inputs":
        return math.nan, math.nan, math.nan
    scale, measure = printed.scale_of(r), printed.measure_of(r)
    null = measure.null if measure.null is not None else 0.0
    first = printed.as_number(r.printed.estimate) * scale
    side = -1.0 if first < null else 1.0
    texts = (r.printed.estimate, r.printed.ci_low, r.printed.ci_high)
    values = (found.estimate, found.ci_low, found.ci_high)
    estimate, low, high = (
        side * (value / scale - printed.as_number(text)) * 10 ** decimals_of(text) if text else math.nan
        for text, value in zip(texts, values, strict=True)
    )
    return (estimate, low, high) if side > 0 else (estimate, high, low)


def _row(r: Reproduction) -> _Row | None:
    units = units_of(r)
    if math.isnan(units[0]) or r.recomputed is None:
        return None
    label = ": ".join(p for p in (clean(r.label) or clean(r.id), printed.subject(r)) if p)
    numbers = f"{printed.printed_text(r.printed)}"
    found = r.recomputed
    cells: dict[str, Cell] = {
        "result": clean(r.id), "review": clean(r.label), "about": label, "measure": clean(r.code),
        **pair_cells(r.printed, printed.printed_values(r), (found.estimate, found.ci_low, found.ci_high)),
        "units_estimate": units[0], "units_near_end": units[1], "units_far_end": units[2], "verdict": clean(r.verdict),
    }  # fmt: skip
    return _Row(r, label, numbers, units, cells)


def _draw(canvas: Canvas, title: str, rows: Sequence[_Row]) -> float:
    """A page; returns its height."""
    inner = canvas.width - 2 * MARGIN
    widest = max((text_width(row.numbers, SMALL) for row in rows), default=90.0)
    narrow = inner < 400
    numbers = 0.0 if narrow else min(widest, 0.3 * inner)
    verdict = SYMBOL if narrow else VERDICT
    plot = max(LEAST_PLOT, 0.24 * inner)
    label = inner - numbers - plot - verdict - 3 * GAP
    x_numbers, x_plot = MARGIN + label + GAP, MARGIN + label + GAP + (numbers + GAP if numbers else 0.0)
    x_verdict = x_plot + plot + GAP
    panel = Panel(AXIS, x_plot, plot)
    y = put_title(canvas, clean(title)) + 6
    canvas.text(MARGIN, y + SIZE, "Result", SIZE, weight="bold")
    if numbers:
        canvas.text(x_numbers, y + SIZE, "Printed", SIZE, weight="bold")
        canvas.text(x_verdict + SYMBOL, y + SIZE, "Verdict", SIZE, weight="bold")
    y += SIZE + 4.5
    canvas.line(MARGIN, y, canvas.width - MARGIN, y, "header rule", 0.8, INK)
    top, bottom = y + 2, y + 2 + LINE * max(len(rows), 1)
    canvas.polygon(box(panel.x(-0.5), top, panel.x(0.5), bottom), PALE, "band: rounding")
    canvas.line(panel.x(0), top, panel.x(0), bottom, "line of no difference", 0.7, GREY)
    y = top
    for row in rows:
        base, middle = y + LINE / 2 + 0.36 * SMALL, y + LINE / 2
        canvas.text(MARGIN, base, shorten(row.label, label, SMALL), SMALL)
        with canvas.data_row(**row.cells):
            if numbers:
                canvas.text(x_numbers, base, shorten(row.numbers, numbers, SMALL), SMALL)
                word = mark_of(row.result.verdict, REPRODUCTION_MARKS).word
                canvas.text(x_verdict + SYMBOL, base, shorten(word, VERDICT - SYMBOL, SMALL), SMALL)
            _draw_units(canvas, panel, row, middle)
            draw_mark(
                canvas, mark_of(row.result.verdict, REPRODUCTION_MARKS), x_verdict + 4, middle, 3.2, row.result.id
            )
        y += LINE
    y = panel.ticks(canvas, bottom)
    notes = [
        "Recomputed minus printed, in units of the last printed digit; to the right: farther from no effect. Circle: "
        "estimate. Upright lines: ends of the interval. Arrow: farther than the axis. Shaded: what rounding alone may "
        "give."
    ]
    return put_notes(canvas, notes, y + 4) + MARGIN


def _draw_units(canvas: Canvas, panel: Panel, row: _Row, y: float) -> None:
    estimate, *ends = row.units
    name = row.result.id
    for end in ends:
        if math.isfinite(end) and not panel.beyond(end):
            canvas.line(panel.x(end), y - 3, panel.x(end), y + 3, f"end: {name}", 0.9, INK)
    for side in sorted({panel.beyond(v) for v in row.units if math.isfinite(v)} - {0}):
        canvas.polygon(panel.arrow(y, side), INK, f"arrow: {name}")
    if not panel.beyond(estimate):
        canvas.polygon(circle(2.1, panel.x(estimate), y), BLUE, f"estimate: {name}")


def describe(reproductions: Sequence[Reproduction], title: str) -> str:
    """Text alternative: how many of each verdict, then every line."""
    rows = [row for r in reproductions if (row := _row(r)) is not None]
    counts = ", ".join(
        f"{n} {word}" for word in REPRODUCTION_MARKS if (n := sum(r.result.verdict == word for r in rows))
    )
    said = [
        f"{row.label}: printed {row.numbers}; {_units(row.units[0])} of the last digit; {clean(row.result.verdict)}."
        for row in rows
    ]
    return f"{clean(title)}. {len(rows)} printed results{f': {counts}' if counts else ''}. " + " ".join(said)


def _units(value: float) -> str:
    return f"{value:+.1f} units".replace("-", "\u2212")
