"""Outcomes: a fold for each section, a panel for each analysis, its trials, and what else was computed of it."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

from markupsafe import Markup

from metarepro.analysis.decimals import decimals_of_means, measure_of
from metarepro.analysis.result import FEW, AnalysisResult, Question, StudyEffect
from metarepro.effects import Measure
from metarepro.effects.absolute import number_needed
from metarepro.figures.forest_plots.scale import forest_axis, heaviest_of, side_of_square
from metarepro.figures.page import numbers as fmt
from metarepro.figures.wording import effect_test_line, heterogeneity_line, subgroup_test_line
from metarepro.report.anchors import anchor_of, slug
from metarepro.report.few_trials import bayes_view
from metarepro.report.regression import regression_view
from metarepro.report.row_plot import LARGEST, LEAST, RowPlot
from metarepro.report.sentences import lead, measures_note
from metarepro.report.words import (
    Reader,
    control,
    effect,
    label_of,
    level_of,
    sides,
    treatment,
    unit_of_evidence,
    values_of,
)

# Links to figures of one analysis; the others are in its folder.
MOST_LINKS = 3
MEASURE_NAMES = {"OR": "Odds ratio", "RR": "Risk ratio", "RD": "Risk difference", "PETO": "Peto odds ratio"}


@dataclass(frozen=True)
class Section:
    """Analyses under one heading: its questions, those with a control group first."""

    name: str
    anchor: str
    questions: tuple[tuple[AnalysisResult, ...], ...]
    measures_agree: tuple[bool | None, ...]

    @property
    def controlled(self) -> bool:
        """Whether any of it has a control group, or any other value of no difference."""
        return any(measure_of(r).null is not None for q in self.questions for r in q)


def sections_of(results: Sequence[AnalysisResult], questions: Sequence[Question]) -> list[Section]:
    """Results by section, in the order of the settings, rates without a control group last."""
    by_id = {r.id: r for r in results}
    groups: dict[str, list[Question]] = {}
    for q in questions or [Question((r.id,), None) for r in results]:
        groups.setdefault(by_id[q.analyses[0]].section, []).append(q)
    sections: list[Section] = []
    taken: set[str] = set()
    for name, members in groups.items():
        ordered = sorted(members, key=lambda q: measure_of(by_id[q.analyses[0]]).null is None)
        anchor = "o-" + slug(name, taken)
        sections.append(
            Section(
                name, anchor, tuple(tuple(by_id[a] for a in q.analyses) for q in ordered),
                tuple(q.measures_agree for q in ordered),
            )
        )  # fmt: skip
    return sorted(sections, key=lambda s: not s.controlled)


def outcomes_view(
    sections: Sequence[Section], reader: Reader, flags: Mapping[str, int], files: Mapping[str, str],
    further: Mapping[str, Sequence[str]],
) -> list[dict[str, Any]]:  # fmt: skip
    """What the template shows of the outcomes.

    Parameters
    ----------
    sections : sequence of Section
    reader : Reader
    flags : mapping of str to int
        Findings of each study.
    files : mapping of str to str
        Name of the file of each table.
    further : mapping of str to sequence of str
        Addresses of figures of an analysis, by its id.
    """
    view, grids = [], count(1)
    for section in sections:
        questions = []
        for members, agree in zip(section.questions, section.measures_agree, strict=True):
            panels = [
                _panel(r, next(grids), reader, flags, files, further, with_sources=number == 0)
                for number, r in enumerate(members)
            ]
            note = measures_note(list(members)) if agree is False else ""
            questions.append({"title": _title(members), "primary": members[0].primary, "panels": panels, "note": note})
        said = [_brief(q[0], reader) for q in section.questions[:3]]
        view.append({"name": section.name, "anchor": section.anchor, "brief": said, "questions": questions})
    return view


def _title(members: Sequence[AnalysisResult]) -> str:
    """Title of a question: that of its first analysis, without the measure where there are several."""
    title = members[0].title
    return re.sub(r" \([^()]*\)$", "", title) if len(members) > 1 else title


def _brief(result: AnalysisResult, reader: Reader) -> Markup:
    """The result beside the heading of a fold."""
    s, m = result.summary, measure_of(result)
    when = reader.times(result)
    if s is None or result.conclusion.verdict == "no_trial":
        return Markup("{}: no trial").format(when)
    if result.is_of_few:
        return Markup("{}: two trials").format(when)
    unit = "%" if m.percent and m.code != "RD" else ""
    return Markup("{}: {}{}").format(when, effect(m, values_of(s), result.id), unit)


def _panel(
    r: AnalysisResult, number: int, reader: Reader, flags: Mapping[str, int], files: Mapping[str, str],
    further: Mapping[str, Sequence[str]], with_sources: bool,
) -> dict[str, Any]:  # fmt: skip
    m, s, anchor = measure_of(r), r.summary, anchor_of(r.id)
    pooled = s is not None and (s.k > FEW or r.combine == "compound")
    plot = RowPlot(f"g-{number}", forest_axis(r, m), m.null, s.estimate if s is not None and pooled else math.nan)
    heaviest = heaviest_of(x.weight for x in r.studies)
    decimals = decimals_of_means(r.studies)
    rows = [
        _study_row(r, number, study, m, plot, heaviest, decimals, flags, files, with_sources)
        for number, study in enumerate(r.studies)
    ]
    columns = (treatment(r), "control" if " or " in control(r) else control(r)) if _is_two_arm(r) else ()
    return {
        "result": r, "anchor": anchor, "measure_name": MEASURE_NAMES.get(r.measure, label_of(r)),
        "lead": lead(r, reader), "grid": plot.grid(), "foot": plot.foot(*sides(r)), "columns": columns,
        "head": _effect_head(r, m), "groups": _groups(r, rows, m, plot),
        "pooled": _pooled_row(r, m, plot) if pooled and s is not None else None,
        "weighted": pooled and r.combine == "pool",
        "specifications": _specifications(r, m, plot) if pooled else None,
        "record": effect(m, values_of(s), r.id) if r.is_of_few and s is not None else "",
        "bayes": bayes_view(r),
        "fit": _fit_lines(r), "prediction": _prediction(r, m),
        "left_out": [x for x in r.left_out if not x.elsewhere], "elsewhere": [x for x in r.left_out if x.elsewhere],
        "notes": _notes(r), "regression": regression_view(r), "references": _references(r, m),
        "subgroup_test": subgroup_test_line(r) if r.subgroup_test is not None and r.subgroup_test.df > 0 else "",
        "bias": list(r.bias_by_weight.items()), "figures": further.get(r.id, ())[:MOST_LINKS],
        "evidence": unit_of_evidence(r),
        "secondary": any(x.level == "secondary" for x in r.studies),
        "flagged": any(flags.get(x.study_id) for x in r.studies),
    }  # fmt: skip


def _is_two_arm(r: AnalysisResult) -> bool:
    return any({"n1", "n2"} <= set(s.inputs) or "m1" in s.inputs for s in r.studies)


def _effect_head(r: AnalysisResult, m: Measure) -> str:
    unit = fmt.unit(m)
    return f"{label_of(r)}{f', {unit}' if unit else ''} ({level_of(r)})"


def _study_row(
    r: AnalysisResult, number: int, study: StudyEffect, m: Measure, plot: RowPlot, heaviest: float, decimals: int,
    flags: Mapping[str, int], files: Mapping[str, str], with_sources: bool,
) -> dict[str, Any]:  # fmt: skip
    half = max(side_of_square(study.weight, heaviest, 2 * LARGEST) / 2, LEAST)
    drawn: Markup | str = ""
    if study.estimable and math.isfinite(study.estimate):
        weighted = r.summary is not None and r.summary.k > FEW and r.combine == "pool"
        drawn = plot.study(values_of(study), half) if weighted else plot.single(values_of(study))
    shown = effect(m, values_of(study), f"./s/{number}") if study.estimable else "not estimable"
    return {
        "study": study, "cells": _cells(study, decimals), "data": "" if _is_two_arm(r) else _data(study),
        "plot": drawn, "effect": shown, "flags": flags.get(study.study_id, 0),
        "weight": f"{fmt.fixed(study.weight, 1)}%" if study.estimable and study.weight > 0 else "\u2013",
        "sources": [{"p": p, "file": files.get(p.table, f"{p.table}.csv")} for p in study.provenance]
        if with_sources else [],
    }  # fmt: skip


def _cells(study: StudyEffect, decimals: int) -> tuple[str, str] | None:
    """Data of the two arms; None where the effect was printed as such."""
    i = study.inputs
    if {"e1", "n1", "e2", "n2"} <= set(i):
        return tuple(f"{fmt.count(i['e' + a])}/{fmt.count(i['n' + a])}" for a in "12")  # type: ignore[return-value]
    if {"m1", "sd1", "n1", "m2", "sd2", "n2"} <= set(i):
        return tuple(
            f"{fmt.fixed(i['m' + a], decimals)} ({fmt.fixed(i['sd' + a], decimals)}), {fmt.count(i['n' + a])}"
            for a in "12"
        )  # type: ignore[return-value]
    return None


def _data(study: StudyEffect) -> str:
    i = study.inputs
    if {"e", "n"} <= set(i):
        return f"{fmt.count(i['e'])}/{fmt.count(i['n'])}"
    if study.kind == "contrast" or not i:
        return "as printed"
    return ", ".join(f"{name} = {value:g}" for name, value in i.items())


def _groups(r: AnalysisResult, rows: list[dict[str, Any]], m: Measure, plot: RowPlot) -> list[dict[str, Any]]:
    """Rows by subgroup, with the pooled effect of those that have three studies or more."""
    if len(r.subgroups) < 2:
        return [{"label": "", "rows": rows, "total": None}]
    groups = []
    for number, g in enumerate(r.subgroups):
        members = [row for row in rows if row["study"].group == g.group]
        total = None
        if g.summary.k > FEW:
            total = {"effect": effect(m, values_of(g.summary), f"./g/{number}"), "k": g.summary.k,
                     "plot": plot.pooled(values_of(g.summary))}  # fmt: skip
        groups.append({"label": g.label, "rows": members, "total": total})
    rest = [row for row in rows if row["study"].group not in {g.group for g in r.subgroups}]
    return [*groups, *([{"label": "Not estimable", "rows": rest, "total": None}] if rest else [])]


def _pooled_row(r: AnalysisResult, m: Measure, plot: RowPlot) -> dict[str, Any]:
    s = r.summary
    assert s is not None
    return {"k": s.k, "effect": effect(m, values_of(s), r.id), "plot": plot.pooled(values_of(s), (s.pi_low, s.pi_high))}


def _prediction(r: AnalysisResult, m: Measure) -> Markup | str:
    s = r.summary
    if s is None or s.k <= FEW or not math.isfinite(s.pi_low):
        return ""
    if fmt.is_unbounded(m, s.pi_low, s.pi_high):
        return "Nothing can be predicted of the true effect in a new trial."
    unit = "%" if m.percent and m.code != "RD" else ""
    ends = Markup('<span data-e="{}/p">{}</span>').format(r.id, fmt.interval(m, s.pi_low, s.pi_high))
    return Markup("Pale line: where the true effect in a new trial would lie ({}{}).").format(ends, unit)


def _specifications(r: AnalysisResult, m: Measure, plot: RowPlot) -> dict[str, Any] | None:
    """Every other way in which the analysis was computed, sorted by estimate, with the main one among them."""
    s = r.summary
    assert s is not None
    rows = [_specification(m, plot, "main", "Main analysis", (s.estimate, s.ci_low, s.ci_high), s.k, r.id, (), ())]
    same, undefined = [], []
    for x in r.sensitivity:
        if x.summary is None:
            undefined.append(x.label)
        elif (values_of(x.summary) == values_of(s)) and x.same_studies:
            same.append(x.label)
        else:
            rows.append(
                _specification(m, plot, f"v-{x.id}", x.label, values_of(x.summary), x.summary.k, f"./v/{x.id}",
                    [o.study_id for o in x.left_out], x.added,
                )
            )  # fmt: skip
    for w in r.leave_one_out:
        rows.append(
            _specification(m, plot, f"w-{w.study_id}", f"Without {w.label}", (w.estimate, w.ci_low, w.ci_high), w.k,
                f"./w/{w.study_id}", [w.study_id], (),
            )
        )  # fmt: skip
    shown = [row for row in rows if row["pooled"]]
    if len(shown) == 1 and not same:
        return None
    shown.sort(key=lambda row: row["estimate"])
    two_left = [row["label"] for row in rows if not row["pooled"]]
    return {"rows": shown, "same": same, "undefined": undefined, "two_left": two_left, "count": len(rows) + len(same)}


def _specification(
    m: Measure, plot: RowPlot, name: str, label: str, values: tuple[float, float, float], k: int,
    where: str, omits: Sequence[str], added: Sequence[str],
) -> dict[str, Any]:  # fmt: skip
    return {
        "name": name, "label": label, "k": k, "estimate": values[0], "omits": " ".join(omits), "added": list(added),
        "effect": effect(m, values, where), "plot": plot.single(values, "sc"), "pooled": k > FEW,
    }  # fmt: skip


def _fit_lines(r: AnalysisResult) -> list[str]:
    """Heterogeneity and test, in the words of figures."""
    s = r.summary
    if s is None or s.k <= FEW or r.combine != "pool":
        return []
    return [line for line in (heterogeneity_line(s), effect_test_line(s), _needed(r)) if line]


def _needed(r: AnalysisResult) -> str:
    """Number needed to treat, where there are risks."""
    a = r.absolute
    if a is None or not all(map(math.isfinite, (a.difference, a.difference_low, a.difference_high))):
        return ""
    needed = number_needed(a.difference, a.difference_low, a.difference_high)
    return f"At the control risk of {100 * a.control_risk:.0f} per 100, {needed}"


def _notes(r: AnalysisResult) -> list[str]:
    notes = [*(r.summary.notes if r.summary else ()), *r.notes]
    return [str(n) for n in dict.fromkeys(notes)]


def _references(r: AnalysisResult, m: Measure) -> list[dict[str, str]]:
    return [
        {"label": x.label, "value": fmt.effect(m, x.estimate) + ("%" if m.percent else ""),
         "source": x.provenance.source_id, "locator": x.provenance.locator}
        for x in r.references
    ]  # fmt: skip
