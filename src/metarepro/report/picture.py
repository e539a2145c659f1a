"""One picture: all controlled effects that lead their question, by time, on one axis for each kind of measure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from metarepro.analysis.decimals import measure_of
from metarepro.analysis.result import FEW, AnalysisResult
from metarepro.effects import get_measure
from metarepro.figures.page.axes import make_axis
from metarepro.figures.page.panel import not_outlying
from metarepro.report.anchors import anchor_of
from metarepro.report.outcomes import Section
from metarepro.report.row_plot import RowPlot
from metarepro.report.words import Reader, effect, label_of, level_of, used_studies, values_of

# Upper ends of the spans of time, in hours, with their headings.
SPANS = ((12.0, "Within 12 hours"), (36.0, "12 to 36 hours"), (96.0, "36 to 96 hours"), (240.0, "4 to 10 days"),
         (math.inf, "Later than 10 days"))  # fmt: skip
_UNTIMED = "At no one time"
# Measures that share an axis; what is on none of them stands with its outcome only.
FAMILIES = (("OR", "PETO"), ("RR", "HR", "IRR"), ("SMD", "SMDH"))


def picture_view(sections: Sequence[Section], reader: Reader) -> list[dict[str, Any]]:
    """Tables of the picture, one for each kind of measure that three rows or more share, else none."""
    leading: dict[tuple[str, ...], AnalysisResult] = {}
    for r in (q[0] for section in sections for q in section.questions):
        if measure_of(r).null is None or not used_studies(r) or r.conclusion.verdict == "not_pooled":
            continue
        # Variants of one comparison at about one time stand with their outcome; here is the primary one, else the
        # first that pools three trials.
        key = (r.outcome, r.experimental_label, _span(r), r.measure)
        known = leading.get(key)
        if known is None or (not known.primary and (r.primary or _k(r) > FEW >= _k(known))):
            leading[key] = r
    tables = []
    for number, family in enumerate(FAMILIES):
        members = [r for r in leading.values() if r.measure in family]
        if len(members) > 1:
            tables.append(_table(members, number, reader))
    return sorted(tables, key=lambda t: -sum(len(rows) for _, rows in t["groups"]))


def _table(members: list[AnalysisResult], number: int, reader: Reader) -> dict[str, Any]:
    m = get_measure(members[0].measure)
    shown = [v for r in members for v in _values(r)]
    plot = RowPlot(f"g-picture{number}", make_axis(m, not_outlying(m, shown)), m.null)
    groups: dict[str, list[dict[str, Any]]] = {}
    names = [name for _, name in SPANS]
    for r in members:
        groups.setdefault(_span(r), []).append(_row(r, plot, reader))
    ordered = sorted(groups, key=[*names, _UNTIMED].index)
    treatments = {r.experimental_label for r in members}
    return {
        "label": label_of(members[0]), "level": level_of(members[0]), "grid": plot.grid(),
        "groups": [(name, groups[name]) for name in ordered],
        "foot": plot.foot(
            ("lower or fewer", "lower"), (f"higher or more{_with(treatments)}", "higher or more", "higher")
        ),
        "one_treatment": next(iter(treatments)) if len(treatments) == 1 else "",
    }  # fmt: skip


def _k(r: AnalysisResult) -> int:
    return r.summary.k if r.summary else 0


def _with(treatments: set[str]) -> str:
    return f" with {next(iter(treatments))}" if len(treatments) == 1 and next(iter(treatments)) else ""


def _values(r: AnalysisResult) -> list[tuple[float, float, float]]:
    s = r.summary
    if s is not None and s.k > FEW:
        return [values_of(s)]
    return [values_of(x) for x in used_studies(r)]


def _row(r: AnalysisResult, plot: RowPlot, reader: Reader) -> dict[str, Any]:
    m, s = measure_of(r), r.summary
    marks: list[dict[str, Any]] = []
    reason = "; ".join(str(x) for x in r.conclusion.do_not_quote)
    if s is not None and s.k > FEW:
        marks.append({"plot": plot.pooled(values_of(s)), "effect": effect(m, values_of(s), r.id)})
    else:
        for x in used_studies(r):
            kind = "no" if reason else "one"
            marks.append(
                {"plot": plot.single(values_of(x), kind),
                 "effect": effect(m, values_of(x), f"{r.id}/s/{r.studies.index(x)}")}
            )  # fmt: skip
    if reason:
        marks = [{**mark, "effect": Markup('<span class="na">do not quote</span>')} for mark in marks]
    other = [r.experimental_label] if r.experimental_label else []
    return {
        "result": r, "anchor": anchor_of(r.id), "k": s.k if s else 0, "marks": marks, "when": reader.times(r),
        "against": r.control_label, "other": other,
    }  # fmt: skip


def _span(r: AnalysisResult) -> str:
    hours = [s.timepoint_h for s in used_studies(r) if s.timepoint_h is not None]
    if not hours:
        return _UNTIMED
    middle = sorted(hours)[len(hours) // 2]
    return next(name for end, name in SPANS if middle <= end)
