"""Several forest plots side by side: outcomes or time points as panels that share their rows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from metarepro.analysis.result import AnalysisResult, StudyEffect
from metarepro.effects import get_measure
from metarepro.errors import ConfigError
from metarepro.figures.forest_plots.columns import favours
from metarepro.figures.forest_plots.drawing import LARGEST, LEAST, draw_study
from metarepro.figures.forest_plots.rows import study_label, summary_data
from metarepro.figures.page import numbers as fmt
from metarepro.figures.page.axes import Axis, make_axis
from metarepro.figures.page.figure import figure_of
from metarepro.figures.page.layout import Canvas, Cell, page_width, put_notes, put_title
from metarepro.figures.page.look import BROWN, GREY, INK, LEADING, MARGIN, ROW, SIZE, SMALL
from metarepro.figures.page.panel import Panel, not_outlying
from metarepro.figures.page.text import text_width, wrap
from metarepro.figures.styles import Style, get_style
from metarepro.figures.wording import describe_figure, effect_label, heterogeneity_line, level_text, summary_label

LABEL, PLOT, GUTTER = (70.0, 150.0), 40.0, 9.0
POOLED = "Pooled"
# A study is known by its id, its label, and how often both stood in the same analysis before.
Key = tuple[str, str, int]


@dataclass(frozen=True)
class _Part:
    """One panel: its result, its axis with its place, and where its numbers stand."""

    letter: str
    result: AnalysisResult
    panel: Panel
    numbers: float


def forest_panels(
    results: Sequence[AnalysisResult], *, titles: Sequence[str] | None = None, title: str = "",
    width_mm: float = 174.0, style: str = "plain",
) -> Any:  # fmt: skip
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

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ConfigError
        With no result, or as many titles as there are not results.

    Notes
    -----
    A study without a number for a panel leaves its row there empty. Panels of different outcomes are no independent
    tests: the same patients stand in all of them. Subgroups are not shown; each result's own forest plot shows them.
    """
    canvas = draw_forest_panels(results, titles, title, width_mm, style)
    return figure_of(canvas, title or results[0].title, " ".join(describe_figure(r) for r in results))


def draw_forest_panels(
    results: Sequence[AnalysisResult], titles: Sequence[str] | None = None, title: str = "", width_mm: float = 174.0,
    style: str = "plain",
) -> Canvas:  # fmt: skip
    """The panels as a canvas of measured texts and marks."""
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
    return _Panels(list(results), heads, title, page_width(width_mm), get_style(style)).draw()


class _Panels:
    """The figure: rows shared by all panels, and how many panels stand beside each other."""

    def __init__(self, results: list[AnalysisResult], heads: list[str], title: str, width: float, style: Style) -> None:
        self.results, self.heads, self.title, self.width, self.style = results, heads, title, width, style
        self.labels: dict[Key, str] = {}
        for result in results:
            for key, study in keyed(result).items():
                self.labels.setdefault(key, study_label(study))
        levels = {level_text(r) for r in results}
        # Panels of several levels say theirs in their heads.
        self.predicted = f"{levels.pop()}% prediction interval" if len(levels) == 1 else "Prediction interval"
        words = [*self.labels.values(), self.predicted]
        self.label = min(max(text_width(w, SIZE) for w in words), LABEL[1])
        self.numbers = max((text_width(t, SMALL) for r in results for t in self._stacked(r)), default=40.0)
        room = width - 2 * MARGIN
        needed = PLOT + 6 + self.numbers + GUTTER
        # Labels give way where that brings all panels side by side.
        self.label = max(min(self.label, room - needed * len(results)), min(self.label, LABEL[0]))
        self.across = max(min(int((room - self.label) // needed), len(results)), 1)
        self.plot = (room - self.label) / self.across - 6 - self.numbers - GUTTER
        self.axes = {m: self._axis(m) for m in {r.measure for r in results}}

    def _stacked(self, result: AnalysisResult) -> list[str]:
        """Everything that stands beside a plot, in its lines."""
        measure, texts = get_measure(result.measure), []
        for s in result.studies:
            texts += self._lines(measure, s.estimate, s.ci_low, s.ci_high) if s.estimable else ["not estimable"]
        if result.summary is not None:
            p = result.summary
            texts += self._lines(measure, p.estimate, p.ci_low, p.ci_high)
            texts += [self.style.interval(measure, p.pi_low, p.pi_high)] if math.isfinite(p.pi_low) else []
        return texts

    def _lines(self, measure: Any, estimate: float, low: float, high: float) -> list[str]:
        first = self.style.effect(measure, estimate)
        return [first, self.style.interval(measure, low, high)] if math.isfinite(low) else [first]

    def _axis(self, code: str) -> Axis:
        own = [r for r in self.results if r.measure == code]
        values = [(s.estimate, s.ci_low, s.ci_high) for r in own for s in r.studies if s.estimable]
        values += [(p.estimate, p.ci_low, p.ci_high) for r in own if (p := r.summary) is not None]
        axis = make_axis(get_measure(code), not_outlying(get_measure(code), values))
        return replace(axis, labels=tuple(self.style.number(label) for label in axis.labels))

    # -- drawing ---------------------------------------------------------------------------------------------------

    def draw(self) -> Canvas:
        """All bands of panels, then the notes."""
        canvas = Canvas(self.width)
        y = put_title(canvas, self.title) if self.title else MARGIN
        for start in range(0, len(self.results), self.across):
            y = self._draw_band(canvas, list(range(start, min(start + self.across, len(self.results)))), y + 4)
            y += 8
        for number, result in enumerate(self.results):
            summary, letter = result.summary, _letter(number)
            if summary is not None and summary.k > 1:
                line = f"{letter}: {summary_label(summary)}, {summary.k} studies. "
                line += f"{heterogeneity_line(summary, self.style)}."
            elif summary is not None:
                line = f"{letter}: one study, nothing to pool."
            else:
                line = f"{letter}: no study has usable numbers."
            row = summary_data(f"{letter} {result.title}", summary) if summary is not None else {"label": result.title}
            with canvas.in_row(canvas.add_data(**row)):
                y = put_notes(canvas, [line], y)
        arrows = " Arrow: beyond the axis." if any(m.kind == "arrow" for m in canvas.marks) else ""
        marks = f"Squares: area by weight within a panel. Diamond: pooled estimate.{arrows} An empty row: no numbers."
        dagger = ["\u2020 A number was read in another report than the study's own."]
        secondary = any(s.level == "secondary" for r in self.results for s in r.studies)
        y = put_notes(canvas, [marks, *(dagger if secondary else [])], y)
        canvas.height = y + MARGIN
        return canvas

    def _draw_band(self, canvas: Canvas, members: list[int], top: float) -> float:
        parts = []
        pitch = self.plot + 6 + self.numbers + GUTTER
        for place, number in enumerate(members):
            left = MARGIN + self.label + GUTTER + place * pitch
            panel = Panel(self.axes[self.results[number].measure], left, self.plot)
            parts.append(_Part(_letter(number), self.results[number], panel, left + self.plot + 6))
        room = pitch - GUTTER
        named = zip(parts, members, strict=True)
        heads = [wrap(f"{p.letter}  {self.heads[n]}", room, SIZE, "bold") for p, n in named]
        units = [wrap(f"{_name(p.result)} ({level_text(p.result)}% CI)", room, SMALL) for p in parts]
        depth, under = max(map(len, heads)), max(map(len, units))
        for part, lines, unit in zip(parts, heads, units, strict=True):
            canvas.lines(part.panel.left, top + LEADING, lines, weight="bold")
            canvas.lines(part.panel.left, top + (depth + 1) * LEADING, unit, SMALL, color=GREY)
        y = top + (depth + under) * LEADING
        canvas.text(MARGIN, y, self.style.study_head, SIZE, weight="bold", color=INK)
        y += 4.5
        canvas.line(MARGIN, y, self.width - MARGIN, y, "header rule", 0.8, INK)
        return self._draw_rows(canvas, parts, y + 3)

    def _draw_rows(self, canvas: Canvas, parts: list[_Part], top: float) -> float:
        here = {key for p in parts for key in keyed(p.result)}
        shown = [key for key in self.labels if key in here]
        # The frame lines lie behind the rows, so the heights come first.
        wrapped = {key: wrap(self.labels[key], self.label, SIZE) for key in shown}
        heights = {key: max(2 * LEADING + 2, ROW + (len(lines) - 1) * LEADING) for key, lines in wrapped.items()}
        predicted = any(p.result.summary is not None and math.isfinite(p.result.summary.pi_low) for p in parts)
        bottom = top + sum(heights.values()) + 2 * LEADING + 6 + (ROW if predicted else 0.0)
        for part in parts:
            self._draw_frame(canvas, part, top, bottom)
        y = top
        for key in shown:
            canvas.lines(MARGIN, y + 9, wrapped[key])
            for part in parts:
                self._draw_study(canvas, part, key, y)
            y += heights[key]
        canvas.text(MARGIN, y + 12, POOLED, SIZE, weight="bold", color=INK)
        for part in parts:
            self._draw_pooled(canvas, part, y + 3)
        y += 2 * LEADING + 6
        if predicted:
            canvas.lines(MARGIN, y + 9, wrap(self.predicted, self.label, SIZE))
            for part in parts:
                self._draw_prediction(canvas, part, y)
        return max(self._draw_axis(canvas, part, bottom) for part in parts)

    def _draw_frame(self, canvas: Canvas, part: _Part, top: float, bottom: float) -> None:
        null = get_measure(part.result.measure).null
        if null is not None and not part.panel.beyond(null):
            canvas.line(part.panel.x(null), top, part.panel.x(null), bottom, "line of no effect", 0.7, "#7a7a7a")

    def _draw_study(self, canvas: Canvas, part: _Part, key: Key, top: float) -> None:
        found = keyed(part.result).get(key)
        heaviest = max((s.weight for s in part.result.studies if 0 < s.weight < math.inf), default=1.0)
        for s in [found] if found is not None else []:
            row: dict[str, Cell] = {"panel": part.letter, "row_kind": "study", "label": s.label, "estimate": s.estimate,
                   "ci_low": s.ci_low, "ci_high": s.ci_high, "weight": s.weight}  # fmt: skip
            measure = get_measure(part.result.measure)
            with canvas.data_row(**row):
                lines = self._lines(measure, s.estimate, s.ci_low, s.ci_high) if s.estimable else ["not estimable"]
                canvas.lines(part.numbers, top + 8.5, lines, SMALL)
                if not s.estimable:
                    continue
                weight = s.weight if 0 < s.weight < math.inf else 0.0
                # Squares of a narrow panel are smaller, as in a narrow forest plot.
                largest = LARGEST * min(1.0, max(self.plot / 120.0, 0.7))
                half = max(largest * math.sqrt(weight / heaviest), LEAST) / 2
                values, name = (s.estimate, s.ci_low, s.ci_high), f"{part.letter} {s.label}"
                draw_study(canvas, part.panel, values, top + ROW / 2, half, self.style, name)

    def _draw_pooled(self, canvas: Canvas, part: _Part, top: float) -> None:
        p = part.result.summary
        if p is None or p.k < 2:
            return
        data = summary_data(f"{part.letter} {part.result.title}", p)
        with canvas.data_row(**{**data, "panel": part.letter}):
            lines = self._lines(get_measure(part.result.measure), p.estimate, p.ci_low, p.ci_high)
            canvas.lines(part.numbers, top + 8.5, lines, SMALL)
            values, color = (p.estimate, p.ci_low, p.ci_high), self.style.diamond
            part.panel.diamond(canvas, top + ROW / 2, values, part.letter, 4.4, color, color)

    def _draw_prediction(self, canvas: Canvas, part: _Part, top: float) -> None:
        p = part.result.summary
        if p is None or not math.isfinite(p.pi_low):
            return
        with canvas.data_row(panel=part.letter, row_kind="prediction", pi_low=p.pi_low, pi_high=p.pi_high):
            measure = get_measure(part.result.measure)
            canvas.lines(part.numbers, top + 8.5, [self.style.interval(measure, p.pi_low, p.pi_high)], SMALL)
            part.panel.interval(canvas, top + ROW / 2, p.pi_low, p.pi_high, BROWN, f"prediction {part.letter}", 2.4)

    def _draw_axis(self, canvas: Canvas, part: _Part, y: float) -> float:
        y = part.panel.ticks(canvas, y)
        result, measure = part.result, get_measure(part.result.measure)
        if measure.null is None or not result.control_label or not result.better:
            return y
        left, right = part.panel.left - GUTTER, part.panel.left + self.plot + 6 + self.numbers
        zero = part.panel.x(measure.null)
        for text, side in zip(favours(result, "favours"), (-1, 1), strict=True):
            for line in wrap(text, right - left, SMALL):
                y += SMALL * 1.3
                wide = text_width(line, SMALL)
                x = min(max(zero - 3 - wide if side < 0 else zero + 3, left), right - wide)
                canvas.text(x, y, line, SMALL, color=GREY)
        return y


def keyed(result: AnalysisResult) -> dict[Key, StudyEffect]:
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


def _name(result: AnalysisResult) -> str:
    unit = fmt.unit(get_measure(result.measure))
    return f"{effect_label(result)}, {unit}" if unit else effect_label(result)
