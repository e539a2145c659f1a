"""Several forest plots side by side: outcomes or time points as panels that share their rows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from metarepro.analysis.decimals import measure_of
from metarepro.analysis.result import AnalysisResult, StudyEffect, Summary
from metarepro.effects import Measure, get_measure
from metarepro.errors import ConfigError
from metarepro.figures import wording
from metarepro.figures.forest_plots.columns import favours
from metarepro.figures.forest_plots.drawing import LARGEST, LEAST, draw_study
from metarepro.figures.forest_plots.rows import study_label, summary_data
from metarepro.figures.page import numbers as fmt
from metarepro.figures.page.axes import Axis, make_axis
from metarepro.figures.page.figure import Figure, figure_of
from metarepro.figures.page.layout import Canvas, page_width, put_notes, put_title
from metarepro.figures.page.look import BROWN, GREY, INK, LEADING, LIGHT, MARGIN, ROW, SIZE, SMALL
from metarepro.figures.page.panel import Panel, not_outlying
from metarepro.figures.page.text import text_width, wrap
from metarepro.figures.styles import Style, get_style

LABEL, PLOT, GUTTER = (70.0, 150.0), 40.0, 9.0
# Between a plot and its numbers.
BESIDE = 6.0
# A study is known by its id, its label, and how often both stood in the same analysis before.
Key = tuple[str, str, int]


def forest_panels(
    results: Sequence[AnalysisResult], *, titles: Sequence[str] | None = None, title: str = "",
    width_mm: float = 174.0, style: str = "plain",
) -> Figure:  # fmt: skip
    """Draw several analyses side by side, a panel each, with the same studies in the same rows.

    Parameters
    ----------
    results : sequence of AnalysisResult
        Outcomes, or time points of one outcome. Panels of one measure share one axis.
    titles : sequence of str
        Heads of the panels; their own titles by default.
    title : str
        Of the whole figure.
    width_mm : float
        Width at print. As many panels stand beside each other as have room, the others below.
    style : str
        As for `forest`.

    Raises
    ------
    ConfigError
        With no result, or as many titles as there are not results.

    Notes
    -----
    A study without a number for a panel leaves its row there empty; a result without any study has no panel. Panels of
    different outcomes are no independent tests: the same patients stand in all of them. Subgroups are not shown; each
    result's own forest plot shows them.
    """
    if not results:
        raise ConfigError("forest_panels needs at least one result. Fix: give the results of one or more analyses.")
    strange = next((r for r in results if not isinstance(r, AnalysisResult)), None)
    if strange is not None:
        raise ConfigError(
            f"forest_panels takes analysis results, not {type(strange).__name__}. "
            "Fix: metarepro.analysis.result_of(fit, measure=..., labels=...) makes one of a fit."
        )
    heads = list(titles) if titles is not None else [r.title for r in results]
    if len(heads) != len(results):
        raise ConfigError(f"{len(heads)} titles for {len(results)} results. Fix: one title a result, or none.")
    kept = [(r, h) for r, h in zip(results, heads, strict=True) if any(s.estimable for s in r.studies)]
    left_out = [h for r, h in zip(results, heads, strict=True) if (r, h) not in kept]
    if kept:
        results, heads = [r for r, _ in kept], [h for _, h in kept]
    page = _Page(list(results), heads, page_width(width_mm), get_style(style))
    canvas = Canvas(page.width)
    y = put_title(canvas, title) if title else MARGIN
    for start in range(0, len(results), page.across):
        y = _draw_band(canvas, page, page.columns(start), y + 4) + 8
    for number, result in enumerate(results):
        summary, letter = result.summary, _letter(number)
        line = f"{letter}: no study has usable numbers."
        if summary is not None and summary.k > 1:
            line = f"{letter}: {wording.summary_label(summary)}, {summary.k} studies. "
            line += f"{wording.heterogeneity_line(summary, page.style)}."
        elif summary is not None:
            line = f"{letter}: one study, nothing to pool."
        row = summary_data(f"{letter} {result.title}", summary) if summary is not None else {"label": result.title}
        with canvas.data_row(**row):
            y = put_notes(canvas, [line], y)
    arrows = " Arrow: beyond the axis." if any(m.kind == "arrow" for m in canvas.marks) else ""
    notes = [f"No study has usable numbers, and no panel: {', '.join(left_out)}."] if kept and left_out else []
    notes += [f"Squares: area by weight within a panel. Diamond: pooled estimate.{arrows} An empty row: no numbers."]
    if any(s.level == "secondary" for r in results for s in r.studies):
        notes.append("\u2020 A number was read in another report than the study's own.")
    canvas.height = put_notes(canvas, notes, y) + MARGIN
    return figure_of(canvas, title or results[0].title, " ".join(wording.describe_figure(r) for r in results))


@dataclass(frozen=True)
class _Column:
    """One panel: its result, its head, its axis with its place, and its studies."""

    letter: str
    head: str
    result: AnalysisResult
    measure: Measure
    panel: Panel
    studies: dict[Key, StudyEffect]

    @property
    def numbers(self) -> float:
        """Left end of the numbers."""
        return self.panel.left + self.panel.width + BESIDE

    @property
    def prediction(self) -> Summary | None:
        """The pooled result if it has a prediction interval."""
        s = self.result.summary
        return s if s is not None and math.isfinite(s.pi_low) else None


class _Page:
    """The rows that all panels share, and how many panels stand beside each other."""

    def __init__(self, results: list[AnalysisResult], heads: list[str], width: float, style: Style) -> None:
        self.results, self.heads, self.width, self.style = results, heads, width, style
        self.labels: dict[Key, str] = {}
        for result in results:
            for key, study in _keyed(result).items():
                self.labels.setdefault(key, study_label(study))
        levels = {wording.level_text(r) for r in results}
        # Panels of several levels say theirs in their heads.
        self.predicted = f"{levels.pop()}% prediction interval" if len(levels) == 1 else "Prediction interval"
        self.numbers = max((text_width(t, SMALL) for r in results for t in self._texts(r)), default=40.0)
        room = width - 2 * MARGIN
        needed = PLOT + BESIDE + self.numbers + GUTTER
        label = min(max(text_width(w, SIZE) for w in (*self.labels.values(), self.predicted)), LABEL[1])
        # Labels give way where that brings all panels side by side.
        self.label = max(min(label, room - needed * len(results)), min(label, LABEL[0]))
        self.across = max(min(int((room - self.label) // needed), len(results)), 1)
        self.plot = (room - self.label) / self.across - BESIDE - self.numbers - GUTTER
        self.axes = {m: self._axis(m) for m in {r.measure for r in results}}

    def columns(self, start: int) -> list[_Column]:
        """The panels beside each other that begin with one."""
        found = []
        pitch = self.plot + BESIDE + self.numbers + GUTTER
        for place, result in enumerate(self.results[start : start + self.across]):
            panel = Panel(self.axes[result.measure], MARGIN + self.label + GUTTER + place * pitch, self.plot)
            letter, head = _letter(start + place), self.heads[start + place]
            found.append(_Column(letter, head, result, measure_of(result), panel, _keyed(result)))
        return found

    def _texts(self, result: AnalysisResult) -> list[str]:
        """Everything that stands beside a plot, in its lines."""
        measure, p = measure_of(result), result.summary
        texts = [t for s in result.studies for t in self.lines(measure, s)]
        if p is not None:
            texts += self.lines(measure, p)
            texts += [self.style.interval(measure, p.pi_low, p.pi_high)] if math.isfinite(p.pi_low) else []
        return texts

    def lines(self, measure: Measure, numbers: StudyEffect | Summary) -> list[str]:
        """An estimate above its interval."""
        if isinstance(numbers, StudyEffect) and not numbers.estimable:
            return ["not estimable"]
        low, high = numbers.ci_low, numbers.ci_high
        interval = [self.style.interval(measure, low, high)] if math.isfinite(low) else []
        return [self.style.effect(measure, numbers.estimate), *interval]

    def _axis(self, code: str) -> Axis:
        own = [r for r in self.results if r.measure == code]
        values = [(s.estimate, s.ci_low, s.ci_high) for r in own for s in r.studies if s.estimable]
        values += [(p.estimate, p.ci_low, p.ci_high) for r in own if (p := r.summary) is not None]
        axis = make_axis(get_measure(code), not_outlying(get_measure(code), values))
        return replace(axis, labels=tuple(self.style.number(label) for label in axis.labels))


def _draw_band(canvas: Canvas, page: _Page, columns: list[_Column], top: float) -> float:
    """Panels beside each other: heads, rows, axes; returns where they end."""
    room = page.plot + BESIDE + page.numbers
    heads = [wrap(f"{c.letter}  {c.head}", room, SIZE, "bold") for c in columns]
    units = []
    for c in columns:
        unit = f", {fmt.unit(c.measure)}" if fmt.unit(c.measure) else ""
        name = f"{wording.effect_label(c.result)}{unit} ({wording.level_text(c.result)}% CI)"
        units.append(wrap(name, room, SMALL))
    depth = max(map(len, heads))
    for c, lines, unit_lines in zip(columns, heads, units, strict=True):
        canvas.lines(c.panel.left, top + LEADING, lines, weight="bold")
        canvas.lines(c.panel.left, top + (depth + 1) * LEADING, unit_lines, SMALL, color=GREY)
    y = top + (depth + max(map(len, units))) * LEADING
    canvas.text(MARGIN, y, page.style.study_head, weight="bold")
    canvas.line(MARGIN, y + 4.5, page.width - MARGIN, y + 4.5, "header rule", 0.8, INK)
    return _draw_rows(canvas, page, columns, y + 7.5)


def _draw_rows(canvas: Canvas, page: _Page, columns: list[_Column], top: float) -> float:
    # The lines of no effect lie behind the rows, so the heights come first.
    shown = {
        k: wrap(label, page.label, SIZE) for k, label in page.labels.items() if any(k in c.studies for c in columns)
    }
    heights = {key: max(2 * LEADING + 2, ROW + (len(lines) - 1) * LEADING) for key, lines in shown.items()}
    predicted = any(c.prediction is not None for c in columns)
    bottom = top + sum(heights.values()) + 2 * LEADING + 6 + (ROW if predicted else 0.0)
    for c in columns:
        if c.measure.null is not None and not c.panel.beyond(c.measure.null):
            x = c.panel.x(c.measure.null)
            canvas.line(x, top, x, bottom, "line of no effect", 0.7, "#7a7a7a")
    y = top
    for number, (key, lines) in enumerate(shown.items()):
        if number:
            canvas.line(MARGIN, y, page.width - MARGIN, y, "row rule", 0.3, LIGHT)
        canvas.lines(MARGIN, y + 9, lines)
        for c in columns:
            if key in c.studies:
                _draw_study(canvas, page, c, c.studies[key], y)
        y += heights[key]
    canvas.text(MARGIN, y + 12, "Pooled", weight="bold")
    color = page.style.diamond
    for c in columns:
        p = c.result.summary
        if p is not None and p.k > 1:
            with canvas.data_row(**{**summary_data(f"{c.letter} {c.result.title}", p), "panel": c.letter}):
                canvas.lines(c.numbers, y + 11.5, page.lines(c.measure, p), SMALL)
                values = (p.estimate, p.ci_low, p.ci_high)
                c.panel.diamond(canvas, y + 3 + ROW / 2, values, c.letter, 4.4, color, color)
    y += 2 * LEADING + 6
    if predicted:
        canvas.lines(MARGIN, y + 9, wrap(page.predicted, page.label, SIZE))
    for c in columns:
        if (p := c.prediction) is not None:
            with canvas.data_row(panel=c.letter, row_kind="prediction", pi_low=p.pi_low, pi_high=p.pi_high):
                canvas.text(c.numbers, y + 8.5, page.style.interval(c.measure, p.pi_low, p.pi_high), SMALL)
                c.panel.interval(canvas, y + ROW / 2, p.pi_low, p.pi_high, BROWN, f"prediction {c.letter}", 2.4)
    return max(_draw_axis(canvas, page, c, bottom) for c in columns)


def _draw_study(canvas: Canvas, page: _Page, c: _Column, s: StudyEffect, top: float) -> None:
    values = (s.estimate, s.ci_low, s.ci_high)
    with canvas.data_row(
        panel=c.letter, row_kind="study", label=s.label, estimate=s.estimate, ci_low=s.ci_low, ci_high=s.ci_high,
        weight=s.weight,
    ):  # fmt: skip
        canvas.lines(c.numbers, top + 8.5, page.lines(c.measure, s), SMALL)
        if not s.estimable:
            return
        heaviest = max((x.weight for x in c.result.studies if 0 < x.weight < math.inf), default=1.0)
        weight = s.weight if 0 < s.weight < math.inf else 0.0
        # Squares of a narrow panel are smaller, as in a narrow forest plot.
        largest = LARGEST * min(1.0, max(page.plot / 120.0, 0.7))
        half = max(largest * math.sqrt(weight / heaviest), LEAST) / 2
        draw_study(canvas, c.panel, values, top + ROW / 2, half, page.style, f"{c.letter} {s.label}")


def _draw_axis(canvas: Canvas, page: _Page, c: _Column, y: float) -> float:
    y, right = c.panel.ticks(canvas, y), c.numbers + page.numbers
    if c.measure.null is None or not c.result.control_label or not c.result.better:
        return y
    left, zero = c.panel.left - GUTTER, c.panel.x(c.measure.null)
    for text, side in zip(favours(c.result, page.style.favours.lower()), (-1, 1), strict=True):
        for line in wrap(text, right - left, SMALL):
            y += SMALL * 1.3
            wide = text_width(line, SMALL)
            x = min(max(zero - 3 - wide if side < 0 else zero + 3, left), right - wide)
            canvas.text(x, y, line, SMALL, color=GREY)
    return y


def _keyed(result: AnalysisResult) -> dict[Key, StudyEffect]:
    """The studies of a result by their keys; one that stands twice in it has two."""
    found: dict[Key, StudyEffect] = {}
    for study in result.studies:
        times = 0
        while (study.study_id, study.label, times) in found:
            times += 1
        found[study.study_id, study.label, times] = study
    return found


def _letter(number: int) -> str:
    """A, B ... Z, AA, AB ..."""
    before, last = divmod(number, 26)
    return (_letter(before - 1) if before else "") + chr(ord("A") + last)
