"""One analysis from rows to result: select, compute effects, pool, repeat for subgroups and sensitivity."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from metarepro.analysis.config import Analysis, Config, Sensitivity, changed
from metarepro.analysis.methods import describe_methods
from metarepro.analysis.provenance import provenance
from metarepro.analysis.result import (
    AnalysisResult,
    LeftOut,
    Reference,
    SensitivityResult,
    StudyEffect,
)
from metarepro.analysis.selection import Comparison, Selection, select
from metarepro.analysis.summaries import printed_interval, subgroup_summaries, summarise
from metarepro.effects import effect_sizes, get_measure, to_display
from metarepro.effects.generic import se_from_interval, se_from_p
from metarepro.effects.proportions import proportion_interval
from metarepro.errors import ConfigError
from metarepro.evidence.dataset import Dataset
from metarepro.natural_order import natural_order
from metarepro.notes import Note
from metarepro.pooling.inference import quantile


def run_analysis(config: Config, analysis: Analysis, data: Dataset) -> AnalysisResult:
    """Run one analysis of a configuration on validated tables."""
    selection = select(analysis, data)
    yi, vi, corrected = _effects(analysis, selection.comparisons)
    usable = np.isfinite(yi)
    compound = analysis.combine == "compound"
    summary, weights = summarise(analysis, selection, yi, vi)
    studies = _study_effects(analysis, selection, yi, vi, weights, corrected)
    subgroups, test = subgroup_summaries(config, analysis, selection, yi, vi)
    changes = analysis.sensitivity if analysis.sensitivity is not None else config.sensitivity
    found = () if compound else (_sensitivity(analysis, c, data, selection) for c in changes)
    sensitivity = tuple(x for x in found if x is not None)
    control_agents = dict.fromkeys(arm.agent for c in selection.comparisons for arm in c.control)
    agents = config.agents
    outcome = config.outcomes[analysis.outcome[0]]
    notes = [Note("stated", text=text) for text in analysis.notes]
    if not selection.comparisons:
        notes.append(Note("no_usable_rows"))
    elif not usable.any():
        notes.append(Note("nothing_estimable"))
    return AnalysisResult(
        id=analysis.id,
        title=analysis.title,
        section=analysis.section,
        outcome=analysis.outcome[0],
        outcome_label=outcome.label,
        better=outcome.better,
        measure=analysis.measure,
        rows=analysis.rows,
        combine=analysis.combine,
        experimental_label=" or ".join(agents.get(a, a) for a in analysis.experimental.agent),
        control_label=" or ".join(agents.get(a, a) for a in control_agents) if analysis.control else "",
        time=(analysis.time.low, analysis.time.high) if analysis.time else None,
        subgroups_by=analysis.subgroups or "",
        studies=_sorted(analysis, studies),
        left_out=selection.left_out,
        summary=summary,
        subgroups=subgroups,
        subgroup_test=test,
        sensitivity=sensitivity,
        references=_references(analysis, data) if compound else (),
        methods=describe_methods(analysis, selection, corrected),
        notes=tuple(notes),
        sort="" if compound else analysis.sort,
    )


def _effects(analysis: Analysis, comparisons: tuple[Comparison, ...]) -> tuple[Any, Any, Any]:
    """Working-scale effects of the comparisons, and which were corrected for zero cells."""
    yi = np.full(len(comparisons), np.nan)
    vi = np.full(len(comparisons), np.nan)
    corrected = np.zeros(len(comparisons), dtype=bool)
    model, measure = analysis.model, get_measure(analysis.measure)
    for kind in dict.fromkeys(c.kind for c in comparisons):
        index = [i for i, c in enumerate(comparisons) if c.kind == kind]
        if kind == "contrast":
            for i in index:
                yi[i], vi[i] = _printed_effect(comparisons[i], measure.ratio)
            continue
        columns = {n: [comparisons[i].inputs[n] for i in index] for n in comparisons[index[0]].inputs}
        options: dict[str, Any] = {}
        if kind == "counts":
            options = {"correction": model.correction, "correction_to": model.correction_to}
            if measure.inputs == "two_arm_counts":
                options["drop_double_zero"] = model.drop_double_zero
                options["correction_cells"] = model.correction_cells
        elif analysis.measure == "SMD":
            options = {"vtype": model.smd_variance, "j": model.smd_correction}
        found = effect_sizes(analysis.measure, **columns, **options)
        yi[index], vi[index] = found.yi, found.vi
        if "corrected" in found.flags:
            corrected[index] = found.flags["corrected"]
        double_zero = found.flags.get("double_zero")
        if double_zero is not None and double_zero.all() and not analysis.uses_glmm:
            # With no event in any study an estimate would be made of the corrections alone.
            yi[index] = vi[index] = np.nan
            corrected[index] = False
    return yi, vi, corrected


def _printed_effect(comparison: Comparison, ratio: bool) -> tuple[float, float]:
    """Effect and variance of a published contrast on the working scale."""
    inputs = comparison.inputs
    scale = math.log if ratio else float
    estimate = scale(inputs["estimate"])
    if "se" in inputs:
        se = inputs["se"]
    elif "ci_low" in inputs:
        low, high = np.array(scale(inputs["ci_low"])), np.array(scale(inputs["ci_high"]))
        se = float(se_from_interval(low, high, inputs["ci_level"] / 100))
    elif "p_value" in inputs:
        se = float(se_from_p(np.array(estimate), np.array(inputs["p_value"])))
    else:
        # A step rate of a ladder: binomial, where the number of patients was read.
        n = comparison.participants
        return estimate, (estimate * (1 - estimate) / n if n else math.nan)
    found = effect_sizes("GEN", estimate=[estimate], se=[se])
    return float(found.yi[0]), float(found.vi[0])


def _study_effects(
    analysis: Analysis, selection: Selection, yi: Any, vi: Any, weights: Any, corrected: Any
) -> list[StudyEffect]:
    level = analysis.model.level
    z = float(quantile((1 + level) / 2, np.array(np.nan)))
    comparisons = selection.comparisons
    se = np.sqrt(vi)
    low, high, method = yi - z * se, yi + z * se, "normal"
    shown = [np.atleast_1d(to_display(analysis.measure, x)) for x in (yi, low, high)]
    one_arm = get_measure(analysis.measure).inputs == "one_arm_counts"
    if one_arm and comparisons and analysis.combine == "pool":
        # A study's own proportion is shown as counted, with an interval that its counts alone give.
        events = np.array([c.inputs["e"] for c in comparisons])
        total = np.array([c.inputs["n"] for c in comparisons])
        shown = [events / total, *proportion_interval(events, total, level)]
        method = "Wilson"
    effects = []
    for i, c in enumerate(comparisons):
        notes = list(c.notes)
        low_i, high_i, method_i = float(shown[1][i]), float(shown[2][i]), method
        printed = printed_interval(c, level)
        if printed is not None:
            low_i, high_i, method_i = *printed, "as printed"
        if corrected[i]:
            amount, cells = analysis.model.correction, analysis.model.correction_cells
            notes.append(Note("study_corrected", amount=amount, cells=cells, shown_only=analysis.uses_glmm))
        if not np.isfinite(yi[i]):
            notes.append(Note("not_estimable"))
        effects.append(
            StudyEffect(
                study_id=c.study_id,
                label=c.label,
                year=c.study.year,
                group=c.group,
                level=c.level,
                timepoint_h=c.rows[0].timepoint_h,
                scale=c.rows[0].scale,
                participants=c.participants,
                inputs=c.inputs,
                kind=c.kind,
                yi=float(yi[i]),
                vi=float(vi[i]),
                se=float(se[i]),
                estimate=float(shown[0][i]),
                ci_low=low_i,
                ci_high=high_i,
                ci_method=method_i,
                weight=float(weights[i]),
                estimable=bool(np.isfinite(yi[i])),
                notes=tuple(notes),
                provenance=tuple(provenance(r) for r in c.rows),
                cluster_id=c.cluster_id,
                effect_id=c.effect_id,
            )
        )
    return effects


def _sensitivity(analysis: Analysis, change: Sensitivity, data: Dataset, main: Selection) -> SensitivityResult | None:
    """The analysis with one thing changed; None where the change is to a model that the analysis has anyway."""
    if set(change.model) == {"method"} and not change.population and not analysis.uses_glmm:
        return None
    try:
        other = changed(analysis, change)
    except (ConfigError, ValueError):
        return SensitivityResult(change.id, change.label, None, True, (), (), "not defined for this measure")
    selection = select(other, data)
    yi, vi, _ = _effects(other, selection.comparisons)
    summary, _ = summarise(other, selection, yi, vi)
    before = {c.study_id: c for c in main.comparisons}
    after = {c.study_id: c for c in selection.comparisons}
    reasons = {x.study_id: x.reason for x in selection.left_out}
    lost = tuple(LeftOut(s, before[s].study.label, reasons.get(s, "no rows left")) for s in before if s not in after)
    same = list(before) == list(after) and all(before[s].rows == after[s].rows for s in before)
    return SensitivityResult(
        change.id,
        change.label,
        summary,
        same,
        tuple(after[s].study.label for s in after if s not in before or before[s].rows != after[s].rows),
        lost,
        "" if summary else "no study left",
    )


def _references(analysis: Analysis, data: Dataset) -> tuple[Reference, ...]:
    """Printed values of the compounded quantity."""
    found = []
    for row in data.contrasts:
        arm = data.arms[row.study_id, row.experimental_arm]
        fits = row.measure == "proportion" and row.chosen and row.outcome in analysis.outcome and arm.kind == "pooled"
        if fits and arm.agent in analysis.experimental.agent and row.estimate is not None:
            found.append(Reference(data.studies[row.study_id].label, row.estimate, provenance(row)))
    return tuple(found)


def _sorted(analysis: Analysis, studies: list[StudyEffect]) -> tuple[StudyEffect, ...]:
    keys: dict[str, Any] = {
        "year": lambda s: (s.year or 9999, natural_order(s.label)),
        "label": lambda s: natural_order(s.label),
        "effect": lambda s: (not s.estimable, s.yi),
        "weight": lambda s: -s.weight,
    }
    if analysis.combine == "compound":
        return tuple(studies)
    return tuple(sorted(studies, key=keys[analysis.sort]))
