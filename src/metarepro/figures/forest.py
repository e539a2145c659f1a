"""Forest plot: a result in, a Figure out. Columns are measured, then the plot takes the room that is left."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from metarepro.analysis.result import AnalysisResult, StudyEffect, Summary
from metarepro.effects import Measure, get_measure
from metarepro.figures import numbers as fmt
from metarepro.figures.axes import Axis, make_axis
from metarepro.figures.fonts import text_width, wrap
from metarepro.figures.layout import MM, Align, Canvas
from metarepro.figures.wording import (
    describe_figure,
    effect_label,
    footnotes,
    heterogeneity_line,
    subgroup_test_line,
    summary_label,
)

SIZE, SMALL, TITLE = 7.5, 6.5, 9.5
ROW, LEADING = 12.0, 9.0
MARGIN, GAP, INDENT = 8.0, 9.0, 8.0
PLOT_MIN, LABEL_MIN, LABEL_MAX = 150.0, 90.0, 190.0
INK, GREY, LIGHT = "#111111", "#5f5f5f", "#b5b5b5"
SQUARE, DIAMOND, PREDICTION = "#0072B2", "#111111", "#8a5a00"


@dataclass
class _Column:
    """A column: its header lines, an optional spanning header shared with neighbours, and its alignment."""

    header: list[str]
    align: Align
    span: str = ""
    cells: list[str] = field(default_factory=list)
    x: float = 0.0
    width: float = 0.0
    before: float = 0.0  # room that a wide spanning header adds, half of it on each side


@dataclass
class _Row:
    """A row of the plot: its label lines, its cells, and what is drawn in it."""

    kind: str
    label: list[str]
    cells: list[str] = field(default_factory=list)
    values: tuple[float, float, float] = (math.nan, math.nan, math.nan)
    weight: float = 0.0
    text: list[str] = field(default_factory=list)

    @property
    def height(self) -> float:
        lines = max(len(self.label), len(self.text), 1)
        return ROW + (lines - 1) * LEADING


def forest(result: AnalysisResult, width_mm: float = 174.0) -> Any:
    """Draw the forest plot of an analysis.

    Parameters
    ----------
    result : AnalysisResult
        Everything in the picture comes from here.
    width_mm : float
        Width at print; 174 mm is a full journal page. The height follows from the rows. The figure grows wider
        only when its columns leave no room for the plot.

    Returns
    -------
    matplotlib.figure.Figure
        Write it with `metarepro.figures.save`.

    Raises
    ------
    LayoutError
        When two texts would overlap or one would leave the canvas (it should never happen; nothing is written).
    DataError
        When a label has a character that no shipped font can draw.
    """
    canvas = draw_forest(result, width_mm)
    return canvas.figure(result.title, describe_figure(result))


def draw_forest(result: AnalysisResult, width_mm: float = 174.0) -> Canvas:
    """The forest plot as a canvas of measured texts and marks."""
    measure = get_measure(result.measure)
    columns = _columns(result, measure)
    right = [_Column([effect_label(result), f"({_level(result)}% CI)"], "left")]
    if result.combine == "pool":
        right.append(_Column(["Weight", "(%)"], "right"))
    axis = _axis(result, measure)
    width = width_mm * MM
    # The labels get what the other columns and the plot leave, and are wrapped to it.
    rows = _rows(result, columns, right, LABEL_MAX, width)
    for column in (*columns, *right):
        texts = [*column.header, *column.cells]
        column.width = max((text_width(t, SIZE, "bold") for t in texts if t), default=0.0)
    _widen_for_spans(columns)
    others = 2 * MARGIN + sum(c.width + c.before + GAP for c in (*columns, *right)) + 4 * GAP
    natural = _label_width(result)
    labels = min(natural, max(width - others - PLOT_MIN, min(LABEL_MIN, natural)))
    room = labels + GAP + sum(c.width + c.before + GAP for c in columns)
    rows = _rows(result, columns, right, labels, room)
    plot_width = max(width - others - labels, PLOT_MIN)
    width = others + labels + plot_width

    x = MARGIN + labels + GAP
    for column in columns:
        column.x = x + column.before / 2
        x += column.before + column.width + GAP
    plot_left = x + GAP
    x = plot_left + plot_width + 2 * GAP
    for column in right:
        column.x = x
        x += column.width + GAP

    canvas = Canvas(width)
    y = MARGIN + TITLE
    for line in wrap(result.title, width - 2 * MARGIN, TITLE, "bold"):
        canvas.text(MARGIN, y, line, TITLE, weight="bold")
        y += TITLE * 1.25
    y = _header(canvas, columns, right, plot_left, plot_width, width, y + 4)
    top = y
    placed = []
    for row in rows:
        placed.append((row, y))
        y += row.height
    bottom = y + 2
    _frame(canvas, measure, axis, result, plot_left, plot_width, top, bottom)
    heaviest = max((r.weight for r in rows), default=0.0) or 1.0
    for row, at in placed:
        _draw_row(canvas, row, at, columns, right, axis, plot_left, plot_width, heaviest)
    y = _axis_below(canvas, measure, axis, result, plot_left, plot_width, bottom)
    y += 6
    for note in footnotes(result):
        for line in wrap(note, width - 2 * MARGIN, SMALL):
            y += SMALL * 1.3
            canvas.text(MARGIN, y, line, SMALL, color=GREY)
        y += 1.5
    canvas.height = y + MARGIN
    return canvas


# -- what stands in the rows -------------------------------------------------------------------------------------


def _level(result: AnalysisResult) -> str:
    level = result.summary.level if result.summary else 0.95
    return f"{100 * level:g}"


def _columns(result: AnalysisResult, measure: Measure) -> list[_Column]:
    """Data columns left of the plot, by what the studies' numbers are."""
    kinds = {s.kind for s in result.studies}
    one = _capital(result.experimental_label)
    two = _capital(_control_name(result))
    if result.combine == "compound":
        return [_Column(["N"], "right")]
    if kinds <= {"counts"} and measure.inputs == "one_arm_counts":
        return [_Column(["Events/", "total"], "right", one)]
    if kinds <= {"counts"}:
        return [_Column(["Events/", "total"], "right", one), _Column(["Events/", "total"], "right", two)]
    if kinds <= {"means"}:
        return [_Column(h, "right", span) for span in (one, two) for h in (["Mean (SD)"], ["N"])]
    return [_Column(["Effect", "given as"], "left"), _Column(["N"], "right")]


def _control_name(result: AnalysisResult) -> str:
    """The control's name when there is one, `control` when studies used several."""
    return "control" if " or " in result.control_label else result.control_label


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _cells(study: StudyEffect, columns: list[_Column]) -> list[str]:
    i = study.inputs
    if len(columns) == 1 and columns[0].header == ["N"]:
        return [fmt.count(study.participants)]
    if study.kind == "counts" and columns[0].header[0] == "Events/":
        pairs = [("e", "n")] if "e" in i else [("e1", "n1"), ("e2", "n2")]
        return [f"{fmt.count(i[e])}/{fmt.count(i[n])}" for e, n in pairs]
    if study.kind == "means" and columns[0].header == ["Mean (SD)"]:
        return [
            t
            for a in "12"
            for t in (f"{fmt.fixed(i['m' + a], 1)} ({fmt.fixed(i['sd' + a], 1)})", fmt.count(i["n" + a]))
        ]
    given = {"counts": "counts", "means": "means, SDs"}.get(study.kind)
    if given is None:
        given = "SE" if "se" in i else "interval" if "ci_low" in i else "P value"
    return [given, fmt.count(study.participants)]


def _label_width(result: AnalysisResult) -> float:
    indent = INDENT if len(result.subgroups) > 1 else 0.0
    widths = [text_width(_study_label(s), SIZE) + indent for s in result.studies]
    widths += [text_width(g.label, SIZE, "bold") for g in result.subgroups]
    if result.summary:
        widths.append(text_width(summary_label(result.summary), SIZE, "bold"))
    return min(max([*widths, LABEL_MIN]), LABEL_MAX)


def _study_label(study: StudyEffect) -> str:
    """A label in one line, with a dagger when a number was read in a secondary source."""
    return " ".join(study.label.split()) + ("\u2020" if study.level == "secondary" else "")


def _rows(
    result: AnalysisResult, columns: list[_Column], right: list[_Column], labels: float, room: float
) -> list[_Row]:
    """All rows; `labels` is the width of the label column, `room` that of everything left of the plot."""
    measure = get_measure(result.measure)
    grouped = len(result.subgroups) > 1
    rows: list[_Row] = []
    shown = fmt.weights([s.weight for s in result.studies])
    weight_of = dict(zip((id(s) for s in result.studies), shown, strict=True))

    def study_row(study: StudyEffect, indent: bool) -> _Row:
        width = labels - (INDENT if indent else 0.0)
        row = _Row("study", wrap(_study_label(study), width, SIZE))
        if indent:
            row.kind = "study indented"
        row.values = (study.estimate, study.ci_low, study.ci_high)
        row.weight = study.weight
        effect = fmt.with_interval(measure, *row.values) if study.estimable else "not estimable"
        if result.combine == "compound" and not math.isfinite(study.ci_low):
            effect = f"{fmt.effect(measure, study.estimate)} (N not read)"
        row.cells = [*_cells(study, columns), effect, weight_of[id(study)]][: len(columns) + len(right)]
        return row

    def pooled_row(kind: str, label: str, summary: Summary, weight: str, total: bool) -> _Row:
        row = _Row(kind, wrap(label, labels, SIZE, "bold"))
        row.values = (summary.estimate, summary.ci_low, summary.ci_high)
        effect = fmt.with_interval(measure, *row.values)
        row.cells = [*_totals(result, columns, total), effect, weight][: len(columns) + len(right)]
        return row

    def note(text: str, indent: float = 0.0) -> _Row:
        return _Row("note indented" if indent else "note", wrap(text, room - indent, SMALL))

    if grouped:
        for group in result.subgroups:
            members = [s for s in result.studies if s.group == group.group]
            alone = " (1 study)" if group.summary.k == 1 else ""
            rows.append(_Row("heading", wrap(group.label + alone, labels, SIZE, "bold")))
            rows += [study_row(s, True) for s in members]
            if group.summary.k > 1:
                weight = f"{sum(float(weight_of[id(s)]) for s in members):.1f}"
                subtotal = pooled_row("subtotal", "Subtotal", group.summary, weight, False)
                subtotal.cells = [*_sums(members, columns), *subtotal.cells[len(columns) :]]
                rows += [subtotal, note(heterogeneity_line(group.summary), INDENT)]
    else:
        rows += [study_row(s, False) for s in result.studies]
    summary = result.summary
    if not result.studies or summary is None:
        rows.append(note("No study has usable numbers for this analysis."))
    elif summary.k > 1:
        rows.append(_Row("gap", [""]))
        rows.append(pooled_row("total", summary_label(summary), summary, "100.0", True))
        if math.isfinite(summary.pi_low):
            row = _Row("prediction", ["Prediction interval"])
            row.values = (math.nan, summary.pi_low, summary.pi_high)
            row.cells = ["" for _ in columns] + [f"({fmt.interval(measure, summary.pi_low, summary.pi_high)})", ""]
            rows.append(row)
        if result.combine == "pool":
            rows.append(note(heterogeneity_line(summary)))
        if result.subgroup_test is not None and result.subgroup_test.df > 0:
            rows.append(note(subgroup_test_line(result)))
    else:
        rows.append(note("One study: nothing to pool; \u03c4\u00b2 and a prediction interval do not exist."))
    for reference in result.references:
        row = _Row("reference", wrap(f"Printed: {reference.label}", labels, SIZE))
        row.values = (reference.estimate, math.nan, math.nan)
        row.cells = ["" for _ in columns] + [fmt.effect(measure, reference.estimate), ""]
        rows.append(row)
    for number, column in enumerate((*columns, *right)):
        column.cells = [row.cells[number] for row in rows if number < len(row.cells)]
    return rows


def _totals(result: AnalysisResult, columns: list[_Column], total: bool) -> list[str]:
    if result.combine == "compound":
        return [""]
    return _sums([s for s in result.studies if s.estimable], columns) if total else ["" for _ in columns]


def _sums(studies: list[StudyEffect], columns: list[_Column]) -> list[str]:
    """Sums under the data columns; blank where a sum would mean nothing."""
    if not columns or not studies:
        return ["" for _ in columns]
    if columns[0].header[0] == "Events/":
        pairs = [("e", "n")] if "e" in studies[0].inputs else [("e1", "n1"), ("e2", "n2")]
        sums = [[sum(s.inputs[key] for s in studies) for key in pair] for pair in pairs]
        return [f"{fmt.count(e)}/{fmt.count(n)}" for e, n in sums]
    if columns[0].header == ["Mean (SD)"]:
        return [t for a in "12" for t in ("", fmt.count(sum(s.inputs["n" + a] for s in studies)))]
    sizes = [s.participants for s in studies]
    known = [s for s in sizes if s is not None]
    return ["", fmt.count(sum(known)) if len(known) == len(sizes) else ""]


def _axis(result: AnalysisResult, measure: Measure) -> Axis:
    studies = [s for s in result.studies if s.estimable]
    estimates = [s.estimate for s in studies]
    more: tuple[float, ...] = ()
    if result.summary:
        estimates.append(result.summary.estimate)
        more = (result.summary.ci_low, result.summary.ci_high)
    return make_axis(measure, estimates, [s.ci_low for s in studies], [s.ci_high for s in studies], more)


# -- drawing -----------------------------------------------------------------------------------------------------


def _widen_for_spans(columns: list[_Column]) -> None:
    """A spanning header needs its width from the columns below it."""
    for span in dict.fromkeys(c.span for c in columns if c.span):
        members = [c for c in columns if c.span == span]
        have = sum(c.width for c in members) + GAP * (len(members) - 1)
        need = text_width(span, SIZE, "bold")
        if need > have:
            members[0].before = need - have


def _put(canvas: Canvas, column: _Column, y: float, text: str, weight: str = "normal") -> None:
    x = {"left": column.x, "right": column.x + column.width, "center": column.x + column.width / 2}[column.align]
    canvas.text(x, y, text, SIZE, column.align, weight, INK)


def _header(
    canvas: Canvas, columns: list[_Column], right: list[_Column], left: float, plot: float, width: float, y: float
) -> float:
    spans = dict.fromkeys(c.span for c in columns if c.span)
    depth = max(len(c.header) for c in (*columns, *right))
    tall = max((len(c.header) + (1 if c.span else 0) for c in columns), default=1)
    last = y + SIZE + (max(depth, tall) - 1) * LEADING + (3 if spans else 0)
    if spans:
        for span in spans:
            members = [c for c in columns if c.span == span]
            extra = members[0].before / 2
            start, end = members[0].x - extra, members[-1].x + members[-1].width + (extra if len(members) == 1 else 0)
            above = last - len(members[0].header) * LEADING - 3
            canvas.text((start + end) / 2, above, span, SIZE, "center", "bold", INK)
            canvas.line(start, above + 3, end, above + 3, "span rule", 0.5, GREY)
    for column in (*columns, *right):
        for number, line in enumerate(column.header):
            _put(canvas, column, last - (len(column.header) - 1 - number) * LEADING, line, "bold")
    canvas.text(MARGIN, last, "Study", SIZE, weight="bold")
    canvas.line(MARGIN, last + 4.5, width - MARGIN, last + 4.5, "header rule", 0.8, INK)
    return last + 7


def _frame(
    canvas: Canvas, measure: Measure, axis: Axis, result: AnalysisResult, left: float, plot: float, top: float,
    bottom: float,
) -> None:  # fmt: skip
    if measure.null is not None:
        x = left + plot * axis.position(measure.null)
        canvas.line(x, top, x, bottom, "line of no effect", 0.8, INK)
    if result.summary is not None and result.summary.k > 1:
        share = axis.position(result.summary.estimate)
        if 0 <= share <= 1:
            x = left + plot * share
            canvas.line(x, top, x, bottom, "pooled estimate", 0.6, GREY, dashed=True)


def _draw_row(
    canvas: Canvas, row: _Row, top: float, columns: list[_Column], right: list[_Column], axis: Axis, left: float,
    plot: float, heaviest: float,
) -> None:  # fmt: skip
    baseline = top + ROW - 3.4
    bold = "bold" if row.kind in ("heading", "subtotal", "total") else "normal"
    indent = INDENT if row.kind.endswith("indented") else 0.0
    size, color = (SMALL, GREY) if row.kind.startswith("note") else (SIZE, INK)
    for number, line in enumerate(row.label):
        canvas.text(MARGIN + indent, baseline + number * LEADING, line, size, "left", bold, color)
    for column, cell in zip((*columns, *right), row.cells, strict=False):
        _put(canvas, column, baseline, cell, bold)
    middle = top + ROW / 2
    estimate, low, high = row.values

    def at(value: float) -> float:
        return left + plot * min(max(axis.position(value), 0.0), 1.0)

    if row.kind.startswith("study") and math.isfinite(estimate):
        _interval(canvas, axis, left, plot, middle, low, high, INK, row.label[0])
        side = max(9.0 * math.sqrt(row.weight / heaviest), 2.4) / 2
        x = at(estimate)
        name = f"square: {row.label[0]}"
        canvas.polygon([(x - side, middle - side), (x + side, middle - side), (x + side, middle + side),
                        (x - side, middle + side)], SQUARE, name)  # fmt: skip
        if math.isfinite(low) and at(high) - at(low) < 2 * side:
            canvas.line(x, middle - side, x, middle + side, f"tick: {row.label[0]}", 0.7, "#ffffff")
    elif row.kind in ("subtotal", "total") and math.isfinite(low):
        _diamond(canvas, axis, left, plot, middle, estimate, low, high, row.kind)
    elif row.kind == "prediction":
        _interval(canvas, axis, left, plot, middle, low, high, PREDICTION, "prediction interval", 2.4)
    elif row.kind == "reference":
        x = at(estimate)
        canvas.polygon([(x, middle - 3.5), (x + 3.5, middle), (x, middle + 3.5), (x - 3.5, middle)], "#ffffff",
                       f"printed: {row.label[0]}", INK)  # fmt: skip


def _interval(
    canvas: Canvas, axis: Axis, left: float, plot: float, y: float, low: float, high: float, color: str, name: str,
    width: float = 0.9,
) -> None:  # fmt: skip
    """A horizontal line; an end beyond the axis becomes an arrow head."""
    if not (math.isfinite(low) and math.isfinite(high)):
        return
    a, b = axis.position(low), axis.position(high)
    x0, x1 = left + plot * min(max(a, 0.0), 1.0), left + plot * min(max(b, 0.0), 1.0)
    canvas.line(x0, y, x1, y, f"interval: {name}", width, color)
    if a < 0:
        canvas.polygon([(left - 3.5, y), (left + 1.5, y - 2.4), (left + 1.5, y + 2.4)], color, f"arrow: {name}")
    if b > 1:
        end = left + plot
        canvas.polygon([(end + 3.5, y), (end - 1.5, y - 2.4), (end - 1.5, y + 2.4)], color, f"arrow: {name}")


def _diamond(
    canvas: Canvas, axis: Axis, left: float, plot: float, y: float, estimate: float, low: float, high: float, kind: str
) -> None:
    """Diamond from low to high, centred on the estimate, cut with arrows where it leaves the axis."""
    half = 4.4 if kind == "total" else 3.4
    fill = DIAMOND if kind == "total" else "#ffffff"
    a, m, b = (axis.position(v) for v in (low, estimate, high))

    def edge(share: float, end: float) -> float:
        """Half height of the diamond where the axis cuts it."""
        return half * (end - share) / (end - m) if end != m else 0.0

    m_in = min(max(m, 0.0), 1.0)
    upper: list[tuple[float, float]] = []
    lower: list[tuple[float, float]] = []
    for share, h in (
        (max(a, 0.0), edge(0.0, a) if a < 0 else 0.0),
        (m_in, half if m == m_in else edge(m_in, b if m < 0 else a)),
        (min(b, 1.0), edge(1.0, b) if b > 1 else 0.0),
    ):
        upper.append((left + plot * share, y - h))
        lower.append((left + plot * share, y + h))
    canvas.polygon([*upper, *reversed(lower)], fill, f"diamond: {kind}", INK)
    for beyond, x, sign in ((a < 0, left, -1), (b > 1, left + plot, 1)):
        if beyond:
            canvas.polygon([(x + sign * 5, y), (x, y - 2.8), (x, y + 2.8)], INK, f"arrow: {kind}")


def _axis_below(
    canvas: Canvas, measure: Measure, axis: Axis, result: AnalysisResult, left: float, plot: float, y: float
) -> float:
    canvas.line(left, y, left + plot, y, "axis", 0.8, INK)
    last_end = -math.inf
    for tick, label in zip(axis.ticks, axis.labels, strict=True):
        x = left + plot * axis.position(tick)
        canvas.line(x, y, x, y + 3, "tick", 0.8, INK)
        half = text_width(label, SIZE) / 2
        if x - half > last_end + 3:
            canvas.text(x, y + 3 + SIZE, label, SIZE, "center")
            last_end = x + half
    y += 3 + SIZE + 2
    unit = fmt.unit(measure)
    label = effect_label(result)
    name = f"{label} ({unit})" if unit else label
    if axis.log:
        name += ", log scale"
    if measure.null is not None and result.control_label:
        y = _favours(canvas, measure, axis, result, left, plot, y)
    canvas.text(left + plot / 2, y + SIZE + 1, name, SIZE, "center", color=GREY)
    return y + SIZE + 1


def _favours(
    canvas: Canvas, measure: Measure, axis: Axis, result: AnalysisResult, left: float, plot: float, y: float
) -> float:
    """'Favours ...' on each side of no effect, its direction from the outcome's polarity."""
    good, bad = f"Favours {result.experimental_label}", f"Favours {_control_name(result)}"
    one, two = (bad, good) if result.better == "high" else (good, bad)
    zero = left + plot * axis.position(measure.null if measure.null is not None else 0.0)
    y += SIZE + 1
    one, two = f"\u2190 {one}", f"{two} \u2192"
    # Under the rows the whole width is free, so a label may reach beyond the plot.
    canvas.text(max(zero - 4, MARGIN + text_width(one, SIZE)), y, one, SIZE, "right")
    canvas.text(min(zero + 4, canvas.width - MARGIN - text_width(two, SIZE)), y, two, SIZE)
    return y + 2
