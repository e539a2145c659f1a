"""Results that rest on one study, together in one figure: a block a measure, a row a result, no diamonds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from metarepro.analysis.decimals import measure_of
from metarepro.analysis.result import AnalysisResult, StudyEffect
from metarepro.effects import get_measure
from metarepro.errors import DataError
from metarepro.figures import wording
from metarepro.figures.forest_plots.drawing import draw_study
from metarepro.figures.forest_plots.rows import study_label
from metarepro.figures.page import numbers as fmt
from metarepro.figures.page.axes import make_axis
from metarepro.figures.page.figure import Figure, figures_of
from metarepro.figures.page.layout import MM, Canvas, Cell, page_width, put_notes, put_page_numbers, put_title
from metarepro.figures.page.look import GAP, GREY, LEADING, MARGIN, PALE, SIZE, SMALL
from metarepro.figures.page.panel import Panel, not_outlying
from metarepro.figures.page.text import clean, hours, wrap
from metarepro.figures.styles import get_style

DEFAULT_TITLE = "Results of single studies"
# Least share of the width for the plot, half the side of a square, room of a block's axis and of its heading.
PLOT, HALF, AXIS, HEADING = 0.34, 2.8, 24.0, 15.0
NARROW = 300.0


@dataclass(frozen=True)
class _Row:
    """One result: its outcome, who was compared when, its numbers."""

    result: AnalysisResult
    study: StudyEffect
    outcome: list[str]
    about: list[str]
    numbers: str

    @property
    def height(self) -> float:
        return len(self.outcome) * LEADING + len(self.about) * SMALL * 1.25 + 5.0


def single_studies(results: Sequence[AnalysisResult], title: str = DEFAULT_TITLE, width_mm: float = 174.0) -> Figure:
    """Draw the results that rest on one study each, all in one figure.

    Parameters
    ----------
    results : sequence of AnalysisResult
        Those with one study that has an effect are drawn, the others are left out.
    title : str
    width_mm : float
        Width at print.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    DataError
        When no result rests on one study.

    Notes
    -----
    Ratios and standardised differences share an axis a measure; differences in points share one where outcome and scale
    are the same. When not to use: to compare rows. Outcomes, comparisons and patients differ from row to row, and two
    rows may be of the same patients.
    """
    return single_studies_pages(results, title, width_mm, math.inf)[0]


def single_studies_pages(
    results: Sequence[AnalysisResult], title: str = DEFAULT_TITLE, width_mm: float = 174.0, height_mm: float = 235.0
) -> list[Figure]:
    """As `single_studies`, on pages of at most `height_mm`; a block that is higher has a page of its own."""
    width = page_width(width_mm)
    blocks = _blocks([r for r in results if single_study(r) is not None], width)
    if not blocks:
        raise DataError("No result rests on one study. Fix: draw the forest plots of the results.")
    room = height_mm * MM - 60.0
    pages: list[list[list[_Row]]] = [[]]
    for block in blocks:
        used = sum(_height(b) for b in pages[-1])
        if pages[-1] and used + _height(block) > room:
            pages.append([])
        pages[-1].append(block)
    canvases = []
    for page in pages:
        canvas = Canvas(width)
        y = put_title(canvas, clean(title)) + 2
        for block in page:
            y = _draw_block(canvas, block, y)
        canvas.height = put_notes(canvas, _notes(canvas, page), y + 4) + MARGIN
        canvases.append(canvas)
    put_page_numbers(canvases)
    return figures_of(canvases, clean(title), _describe(blocks, title))


def single_study(result: AnalysisResult) -> StudyEffect | None:
    """The study of a result that rests on one."""
    used = [s for s in result.studies if s.estimable]
    return used[0] if len(used) == 1 else None


def _blocks(results: Sequence[AnalysisResult], width: float) -> list[list[_Row]]:
    """Rows that share an axis, in the order of the results."""
    found: dict[tuple[str, ...], list[_Row]] = {}
    for r in results:
        study = single_study(r)
        assert study is not None
        label = wording.effect_label(r)
        key = (label, r.outcome, study.scale) if _in_points(r) else (label,)
        found.setdefault(key, []).append(_row(r, study, width))
    return list(found.values())


def _in_points(r: AnalysisResult) -> bool:
    """Whether the effect is in points of a scale, which no other scale shares."""
    measure = get_measure(r.measure)
    return not (measure.ratio or measure.percent or measure.code.startswith("SMD"))


def _columns(width: float) -> tuple[float, float, float]:
    """Widths of words, plot and numbers."""
    inner = width - 2 * MARGIN
    plot = max(PLOT * inner, 80.0)
    numbers = 0.0 if width < NARROW else 92.0
    return inner - plot - numbers - (1 + (numbers > 0)) * GAP, plot, numbers


def _row(r: AnalysisResult, s: StudyEffect, width: float) -> _Row:
    words, _, numbers = _columns(width)
    text = fmt.with_interval(measure_of(r), s.estimate, s.ci_low, s.ci_high)
    versus = f"{r.experimental_label} v {r.control_label}" if r.control_label else r.experimental_label
    when = hours(s.timepoint_h)
    about = "; ".join(p for p in (clean(study_label(s)), clean(versus), when) if p)
    lines = wrap(about, words, SMALL)
    if not numbers:
        lines += wrap(text, words, SMALL)
    return _Row(r, s, wrap(clean(r.outcome_label or r.title), words, SIZE), lines, text)


def _height(block: Sequence[_Row]) -> float:
    return HEADING + sum(row.height for row in block) + AXIS


def _draw_block(canvas: Canvas, block: Sequence[_Row], y: float) -> float:
    words, plot, numbers = _columns(canvas.width)
    first = block[0]
    measure = get_measure(first.result.measure)
    values = [(row.study.estimate, row.study.ci_low, row.study.ci_high) for row in block]
    panel = Panel(make_axis(measure, not_outlying(measure, values)), MARGIN + words + GAP, plot)
    heading = f"{wording.effect_label(first.result)} ({wording.level_text(first.result)}% CI)"
    if _in_points(first.result) and clean(first.study.scale):
        heading = f"{heading}, {clean(first.study.scale)}"
    y += HEADING
    canvas.lines(MARGIN, y - 4, wrap(heading, canvas.width - 2 * MARGIN, SIZE, "bold")[:1], SIZE, weight="bold")
    canvas.line(MARGIN, y, canvas.width - MARGIN, y, f"header rule: {heading}", 0.6, GREY)
    top, bottom = y, y + sum(row.height for row in block)
    for tick, label in zip(panel.axis.ticks, panel.axis.labels, strict=True):
        canvas.line(panel.x(tick), top, panel.x(tick), bottom, f"grid: {label}", 0.4, PALE)
    if measure.null is not None and not panel.beyond(measure.null):
        canvas.line(panel.x(measure.null), top, panel.x(measure.null), bottom, "line of no effect", 0.7, GREY)
    for row in block:
        with canvas.data_row(**_cells(row)):
            at = canvas.lines(MARGIN, y + LEADING, row.outcome) - LEADING
            canvas.lines(MARGIN, at + SMALL * 1.25, row.about, SMALL, SMALL * 1.25, color=GREY)
            middle = y + row.height / 2
            study = row.study
            ends = (study.estimate, study.ci_low, study.ci_high)
            draw_study(canvas, panel, ends, middle, HALF, get_style("plain"), row.result.id)
            if numbers:
                canvas.text(canvas.width - MARGIN, middle + 0.36 * SIZE, row.numbers, SIZE, "right")
        y += row.height
    return panel.ticks(canvas, bottom) + 4


def _cells(row: _Row) -> dict[str, Cell]:
    s, r = row.study, row.result
    return {
        "analysis": clean(r.id), "outcome": clean(r.outcome_label), "measure": clean(r.measure),
        "label": clean(study_label(s)), "experimental": clean(r.experimental_label), "control": clean(r.control_label),
        "timepoint_h": s.timepoint_h, "time": hours(s.timepoint_h), "scale": clean(s.scale),
        "participants": s.participants, "estimate": s.estimate,
        "ci_low": s.ci_low, "ci_high": s.ci_high,
    }  # fmt: skip


def _notes(canvas: Canvas, page: Sequence[Sequence[_Row]]) -> list[str]:
    arrows = " Arrow: beyond the axis." if any(m.kind == "arrow" for m in canvas.marks) else ""
    often = [row.study.study_id for block in page for row in block]
    twice = " Rows of one study may be of the same patients." if len(set(often)) < len(often) else ""
    notes = [f"Square: the estimate of one study; nothing is pooled.{arrows}{twice}"]
    if any(row.study.level == "secondary" for block in page for row in block):
        notes.append("\u2020 A number was read in another report than the study\u2019s own.")
    return notes


def _describe(blocks: Sequence[Sequence[_Row]], title: str) -> str:
    """Text alternative: every row."""
    rows = [row for block in blocks for row in block]
    said = [
        f"{' '.join(row.outcome)}, {wording.effect_label(row.result)} {row.numbers}: {clean(study_label(row.study))}."
        for row in rows
    ]
    return f"{clean(title)}. {len(rows)} results that rest on one study each. {' '.join(said)}"
