"""What stands in the rows and columns of a forest plot: texts and values, before anything has a place."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from metarepro.analysis.result import AnalysisResult, StudyEffect, Summary
from metarepro.effects import Measure, get_measure
from metarepro.figures import numbers as fmt
from metarepro.figures.fonts import text_width, wrap
from metarepro.figures.layout import Align
from metarepro.figures.sizes import INDENT, LEADING, ROW, SIZE, SMALL
from metarepro.figures.wording import heterogeneity_line, subgroup_test_line, summary_label

LABEL_MIN, LABEL_MAX = 90.0, 190.0


@dataclass
class Column:
    """A column: its header lines, an optional spanning header shared with neighbours, and its alignment."""

    header: list[str]
    align: Align
    span: str = ""
    cells: list[str] = field(default_factory=list)
    x: float = 0.0
    width: float = 0.0
    before: float = 0.0  # room that a wide spanning header adds, half of it on each side


@dataclass
class Row:
    """A row of the plot: its label lines, its cells, and what is drawn in it."""

    kind: str
    label: list[str]
    cells: list[str] = field(default_factory=list)
    values: tuple[float, float, float] = (math.nan, math.nan, math.nan)
    weight: float = 0.0

    @property
    def height(self) -> float:
        """Height in points."""
        return ROW + (max(len(self.label), 1) - 1) * LEADING


def level_text(result: AnalysisResult) -> str:
    """Level of the intervals in percent."""
    level = result.summary.level if result.summary else 0.95
    return f"{100 * level:g}"


def data_columns(result: AnalysisResult, measure: Measure) -> list[Column]:
    """Data columns left of the plot, by what the studies' numbers are."""
    kinds = {s.kind for s in result.studies}
    one = _capital(result.experimental_label)
    two = _capital(control_name(result))
    if result.combine == "compound":
        return [Column(["N"], "right")]
    if kinds <= {"counts"} and measure.inputs == "one_arm_counts":
        return [Column(["Events/", "total"], "right", one)]
    if kinds <= {"counts"}:
        return [Column(["Events/", "total"], "right", one), Column(["Events/", "total"], "right", two)]
    if kinds <= {"means"}:
        return [Column(h, "right", span) for span in (one, two) for h in (["Mean (SD)"], ["N"])]
    return [Column(["Effect", "given as"], "left"), Column(["N"], "right")]


def control_name(result: AnalysisResult) -> str:
    """The control's name when there is one, `control` when studies used several."""
    return "control" if " or " in result.control_label else result.control_label


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _cells(study: StudyEffect, columns: list[Column]) -> list[str]:
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


def label_width(result: AnalysisResult) -> float:
    """Width that the labels would like, at most `LABEL_MAX`."""
    indent = INDENT if len(result.subgroups) > 1 else 0.0
    widths = [text_width(_study_label(s), SIZE) + indent for s in result.studies]
    widths += [text_width(g.label, SIZE, "bold") for g in result.subgroups]
    if result.summary:
        widths.append(text_width(summary_label(result.summary), SIZE, "bold"))
    return min(max([*widths, LABEL_MIN]), LABEL_MAX)


def _study_label(study: StudyEffect) -> str:
    """A label in one line, with a dagger when a number was read in a secondary source."""
    return " ".join(study.label.split()) + ("\u2020" if study.level == "secondary" else "")


def make_rows(
    result: AnalysisResult, columns: list[Column], right: list[Column], labels: float, room: float
) -> list[Row]:
    """All rows; `labels` is the width of the label column, `room` that of everything left of the plot."""
    measure = get_measure(result.measure)
    grouped = len(result.subgroups) > 1
    rows: list[Row] = []
    shown = fmt.weights([s.weight for s in result.studies])
    weight_of = dict(zip((id(s) for s in result.studies), shown, strict=True))

    def study_row(study: StudyEffect, indent: bool) -> Row:
        width = labels - (INDENT if indent else 0.0)
        row = Row("study", wrap(_study_label(study), width, SIZE))
        if indent:
            row.kind = "study indented"
        row.values = (study.estimate, study.ci_low, study.ci_high)
        row.weight = study.weight
        effect = fmt.with_interval(measure, *row.values) if study.estimable else "not estimable"
        if result.combine == "compound" and not math.isfinite(study.ci_low):
            effect = f"{fmt.effect(measure, study.estimate)} (N not read)"
        row.cells = [*_cells(study, columns), effect, weight_of[id(study)]][: len(columns) + len(right)]
        return row

    def pooled_row(kind: str, label: str, summary: Summary, weight: str, total: bool) -> Row:
        row = Row(kind, wrap(label, labels, SIZE, "bold"))
        row.values = (summary.estimate, summary.ci_low, summary.ci_high)
        effect = fmt.with_interval(measure, *row.values)
        row.cells = [*_totals(result, columns, total), effect, weight][: len(columns) + len(right)]
        return row

    def note(text: str, indent: float = 0.0) -> Row:
        return Row("note indented" if indent else "note", wrap(text, room - indent, SMALL))

    if grouped:
        for group in result.subgroups:
            members = [s for s in result.studies if s.group == group.group]
            alone = " (1 study)" if group.summary.k == 1 else ""
            rows.append(Row("heading", wrap(group.label + alone, labels, SIZE, "bold")))
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
        rows.append(Row("gap", [""]))
        rows.append(pooled_row("total", summary_label(summary), summary, "100.0", True))
        if math.isfinite(summary.pi_low):
            row = Row("prediction", ["Prediction interval"])
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
        row = Row("reference", wrap(f"Printed: {reference.label}", labels, SIZE))
        row.values = (reference.estimate, math.nan, math.nan)
        row.cells = ["" for _ in columns] + [fmt.effect(measure, reference.estimate), ""]
        rows.append(row)
    for number, column in enumerate((*columns, *right)):
        column.cells = [row.cells[number] for row in rows if number < len(row.cells)]
    return rows


def _totals(result: AnalysisResult, columns: list[Column], total: bool) -> list[str]:
    if result.combine == "compound":
        return [""]
    return _sums([s for s in result.studies if s.estimable], columns) if total else ["" for _ in columns]


def _sums(studies: list[StudyEffect], columns: list[Column]) -> list[str]:
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
