"""What stands in the rows of a forest plot: texts, values and the row of data behind them, before any has a place."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from metarepro.analysis.result import StudyEffect, Summary
from metarepro.analysis.shown_result import ShownResult, ShownStudy
from metarepro.effects import Measure
from metarepro.errors import ConfigError
from metarepro.figures import wording
from metarepro.figures.forest_plots.columns import DataKind, folded_words, study_cells, sums_of
from metarepro.figures.page import numbers as fmt
from metarepro.figures.page.axes import NOTHING, Values
from metarepro.figures.page.layout import Cell
from metarepro.figures.page.look import INDENT
from metarepro.figures.styles import NO_BREAK, Style

# Columns that the CSV of a figure has by itself.
RESERVED = frozenset({"row", "page", "panel"})


@dataclass
class Row:
    """A row of the plot.

    `kind` is study, heading, subtotal, total, model, prediction, reference, note or gap; `cells` are by the key of the
    column, `folded` says how the cells of a folded group of columns read under the label, `data` has the exact numbers
    that the texts show, `judgements` the risk of bias by domain.
    """

    kind: str
    label: str
    indent: float = 0.0
    cells: dict[str, str] = field(default_factory=dict)
    values: Values = NOTHING
    weight: float = 0.0
    data: dict[str, Cell] = field(default_factory=dict)
    folded: dict[str, str] = field(default_factory=dict)
    judgements: dict[str, str] = field(default_factory=dict)
    # Set when the width is known.
    lines: list[str] = field(default_factory=list)
    small: list[str] = field(default_factory=list)
    height: float = 0.0

    @property
    def bold(self) -> bool:
        """Whether its texts are bold."""
        return self.kind in ("heading", "subtotal", "total")


def study_label(study: StudyEffect) -> str:
    """A label in one line, with a dagger when a number was read in a secondary source."""
    return " ".join(study.label.split()) + ("\u2020" if study.level == "secondary" else "")


def summary_data(label: str, s: Summary) -> dict[str, Cell]:
    """A pooled result as a row of data."""
    names = ("estimate", "ci_low", "ci_high", "pi_low", "pi_high", "tau2", "tau2_low", "tau2_high", "i2", "i2_low",
             "i2_high", "q", "q_df", "q_p", "statistic", "df", "p_value", "k", "participants")  # fmt: skip
    return {"row_kind": "pooled", "label": label, **{name: getattr(s, name) for name in names},
            "ci_level": s.level}  # fmt: skip


def make_rows(result: ShownResult, measure: Measure, kind: DataKind, style: Style) -> list[Row]:
    """All rows in their order."""
    maker = _Maker(result, measure, kind, style)
    rows: list[Row] = []
    if len(result.subgroups) > 1:
        rows += maker.subgroup_rows()
    else:
        rows += [maker.study_row(s) for s in result.studies]
    rows += maker.summary_rows()
    for reference in result.references:
        data: dict[str, Cell] = {"row_kind": "printed", "label": reference.label, "estimate": reference.estimate}
        cells = {"effect": style.effect(measure, reference.estimate)}
        values = (reference.estimate, math.nan, math.nan)
        rows.append(Row("reference", f"Printed: {reference.label}", 0.0, cells, values, data=data))
    return rows


class _Maker:
    """Makes the rows of one result."""

    def __init__(self, result: ShownResult, measure: Measure, kind: DataKind, style: Style) -> None:
        self.result, self.measure, self.kind, self.style = result, measure, kind, style
        # A study that could not be pooled has no weight, whatever stands in its place.
        shown = fmt.weights([s.weight if s.estimable and 0 < s.weight < math.inf else 0.0 for s in result.studies])
        self.weight_of = dict(zip((id(s) for s in result.studies), shown, strict=True))

    def study_row(self, study: ShownStudy, indent: float = 0.0) -> Row:
        """A study."""
        style, result = self.style, self.result
        values = (study.estimate, study.ci_low, study.ci_high)
        effect = style.with_interval(self.measure, *values) if study.estimable else "not estimable"
        if result.combine == "compound" and not math.isfinite(study.ci_low):
            effect = f"{style.effect(self.measure, study.estimate)} (N not read)"
        weight = self.weight_of[id(study)]
        cells = study_cells(study, self.kind, style)
        folded = {"data": folded_words(cells, self.kind), "effect": effect}
        if result.combine == "pool":
            folded["weight"] = f"weight{NO_BREAK}{style.number(weight)}%"
        own = {head: " ".join(str(text).split()) for head, text in study.columns.items()}
        folded["user"] = "; ".join(f"{head}:{NO_BREAK}{own[head]}" for head in result.figure.columns if own.get(head))
        cells |= {f"user {head}": text for head, text in own.items()}
        cells |= {"effect": effect, "weight": style.weight(weight)}
        data: dict[str, Cell] = {
            "row_kind": "study", "label": study.label, "study_id": study.study_id, "group": study.group,
            "level": study.level, "timepoint_h": study.timepoint_h, "participants": study.participants,
            **study.inputs, "estimate": study.estimate, "ci_low": study.ci_low, "ci_high": study.ci_high,
            "weight": study.weight, "weight_printed": float(weight), **study.risk_of_bias,
        }  # fmt: skip
        # A head of a user's column must not stand in for one of ours.
        data |= {f"column {head}" if head in data or head in RESERVED else head: text for head, text in own.items()}
        return Row("study", study_label(study), indent, cells, values, study.weight, data, folded, study.risk_of_bias)

    def pooled_row(self, kind: str, label: str, summary: Summary, members: Sequence[ShownStudy]) -> Row:
        """A pooled result of some studies, with their sums under the columns."""
        values = (summary.estimate, summary.ci_low, summary.ci_high)
        effect = self.style.with_interval(self.measure, *values)
        cells, sums = sums_of([s for s in members if s.estimable], self.kind)
        folded = {"data": folded_words(cells, self.kind), "effect": effect}
        data: dict[str, Cell] = {**summary_data(label, summary), **sums}
        if members and self.result.combine == "pool":
            tenths = sum(round(10 * float(self.weight_of[id(s)])) for s in members)
            weight = f"{tenths / 10:.1f}"
            cells["weight"] = self.style.weight(weight)
            folded["weight"] = f"weight{NO_BREAK}{self.style.number(weight)}%"
            data["weight_printed"] = tenths / 10
        cells["effect"] = effect
        return Row(kind, label, 0.0, cells, values, 0.0, data, folded)

    def subgroup_rows(self) -> list[Row]:
        """Headings, members, subtotals and their heterogeneity."""
        rows: list[Row] = []
        for group in self.result.subgroups:
            members = [s for s in self.result.studies if s.group == group.group]
            alone = " (1 study)" if group.summary.k == 1 else ""
            heading: dict[str, Cell] = {"row_kind": "heading", "label": group.label, "k": group.summary.k}
            rows.append(Row("heading", group.label + alone, data=heading))
            rows += [self.study_row(s, INDENT) for s in members]
            if group.summary.k > 1:
                k = group.summary.k
                rows.append(self.pooled_row("subtotal", f"Subtotal ({k} studies)", group.summary, members))
                rows[-1].data["group"] = group.group
                heterogeneity = wording.heterogeneity_line(group.summary, self.style)
                rows.append(self.note(heterogeneity, rows[-1].data, INDENT))
        # A subgroup in which nothing could be pooled has no summary; its studies are shown all the same.
        known = {g.group for g in self.result.subgroups}
        for name in dict.fromkeys(s.group for s in self.result.studies if s.group not in known):
            members = [s for s in self.result.studies if s.group == name]
            label = " ".join(name.split()) or "No subgroup"
            rows.append(Row("heading", label, data={"row_kind": "heading", "label": label, "k": 0}))
            rows += [self.study_row(s, INDENT) for s in members]
        return rows

    def note(self, text: str, data: dict[str, Cell], indent: float = 0.0) -> Row:
        """A line of small text, of the data of another row."""
        return Row("note", text, indent, data=data)

    def summary_rows(self) -> list[Row]:
        """The pooled result, its prediction interval, other models, heterogeneity and tests; or why there is none."""
        result, style, summary = self.result, self.style, self.result.summary
        if not result.studies or summary is None:
            return [self.note(wording.nothing_pooled(result), {})]
        if summary.k < 2:
            return [self.note("One study: nothing to pool; \u03c4\u00b2 and a prediction interval do not exist.", {})]
        label = style.total.format(level=wording.level_text(result)) if result.combine == "pool" else ""
        total = self.pooled_row("total", label or wording.summary_label(summary), summary, result.studies)
        if result.combine == "compound":
            total.cells = {"effect": total.cells["effect"]}
        rows = [Row("gap", ""), total]
        if math.isfinite(summary.pi_low):
            values = (math.nan, summary.pi_low, summary.pi_high)
            cell = style.interval(self.measure, summary.pi_low, summary.pi_high)
            label = f"{wording.level_text(result)}% prediction interval"
            cells = {"effect": cell}
            rows.append(Row("prediction", label, 0.0, cells, values, data=total.data, folded=cells))
        rows += self.model_rows()
        if result.combine == "pool":
            rows.append(self.note(wording.heterogeneity_line(summary, style), total.data))
            test_line = wording.effect_test_line(summary, style)
            if style.name == "cochrane" and self.measure.null is not None and test_line:
                rows.append(self.note(test_line, total.data))
        test = result.subgroup_test
        if test is not None and test.df > 0:
            data: dict[str, Cell] = {"row_kind": "subgroup test", **dataclasses.asdict(test)}
            del data["notes"]
            rows.append(self.note(wording.subgroup_test_line(result, style), data))
        return rows

    def model_rows(self) -> list[Row]:
        """Pooled results of other models, as the options want them."""
        known = {x.id: x for x in self.result.sensitivity}
        rows = []
        for name in self.result.figure.models:
            if name not in known:
                raise ConfigError(
                    f"figure: models names {name!r}, which is no sensitivity analysis of {self.result.id}. "
                    f"Known: {', '.join(known) or 'none'}."
                )
            found = known[name]
            if found.summary is None:
                rows.append(self.note(f"{found.label}: {found.note}", {"row_kind": "model", "label": found.label}))
                continue
            other = found.summary
            studies = "" if found.same_studies else f", {other.k} {'study' if other.k == 1 else 'studies'}"
            row = self.pooled_row("model", f"{found.label}{studies}", other, ())
            row.data["row_kind"] = "model"
            rows.append(row)
        return rows
