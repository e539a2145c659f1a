"""One analysis from rows to result: select, compute effects, pool, repeat for subgroups and sensitivity."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, get_args

import numpy as np

from metarepro.analysis.absolute_effects import absolute_effect
from metarepro.analysis.columns import columns_known
from metarepro.analysis.conclusion_parts import NOT_ASSESSED
from metarepro.analysis.conclusions import conclude, judge_certainty
from metarepro.analysis.config import Analysis, Config, Sensitivity, Window, changed
from metarepro.analysis.effects import effects_of, is_as_counted, is_paired, turn_scales, why_not_estimable
from metarepro.analysis.few_studies import bayes_beside
from metarepro.analysis.leave_one_out import leave_one_out
from metarepro.analysis.methods import describe_methods
from metarepro.analysis.models import COMMON, NAMES, needs_tables
from metarepro.analysis.moderator_values import moderator_names, moderators_of
from metarepro.analysis.moderators import regress
from metarepro.analysis.multiverse import multiverse_of
from metarepro.analysis.over_time import over_time
from metarepro.analysis.over_time_parts import OverTime
from metarepro.analysis.provenance import provenance
from metarepro.analysis.result import (
    AnalysisResult,
    LeftOut,
    Reference,
    SensitivityResult,
    StudyEffect,
)
from metarepro.analysis.robustness import robustness
from metarepro.analysis.robustness_parts import MultiverseResult
from metarepro.analysis.selection import Comparison, Selection, select
from metarepro.analysis.selection.eligibility import kind_of, kinds_of
from metarepro.analysis.summaries import subgroup_summaries, summaries_under_rho, summarise
from metarepro.effects import get_measure, to_display
from metarepro.effects.proportions import proportion_interval
from metarepro.errors import ConfigError
from metarepro.evidence.bias_tools import ALL_COLUMNS, OVERALL, Judgement
from metarepro.evidence.dataset import Dataset
from metarepro.natural_order import natural_order
from metarepro.notes import Note
from metarepro.pooling.inference import quantile


def run_analysis(config: Config, analysis: Analysis, data: Dataset) -> AnalysisResult:
    """Run one analysis of a configuration on validated tables."""
    found = select(analysis, data)
    outcome = config.outcomes[analysis.outcome[0]]
    selection = _ready(analysis, found, outcome.better)
    yi, vi, corrected = effects_of(analysis, selection.comparisons)
    usable = np.isfinite(yi)
    compound = analysis.combine == "compound"
    summary, weights = summarise(analysis, selection, yi, vi)
    names = moderator_names(analysis.moderators, sorted(columns_known(data))) if analysis.moderators else ()
    studies = _sorted(analysis, _study_effects(analysis, selection, yi, vi, weights, corrected, names))
    used = [c for c, ok in zip(selection.comparisons, usable, strict=True) if ok]
    without = leave_one_out(analysis, used, yi[usable], vi[usable])
    bias = _bias_by_weight(analysis, studies, data)
    measure = get_measure(analysis.measure)
    subgroups, test = subgroup_summaries(config, analysis, selection, yi, vi, corrected)
    changes = analysis.sensitivity if analysis.sensitivity is not None else config.sensitivity
    varied = () if compound else (_sensitivity(analysis, c, data, selection, outcome.better) for c in changes)
    sensitivity = tuple(x for x in varied if x is not None)
    sensitivity += tuple(
        SensitivityResult(f"rho_{rho:g}", f"Correlation {rho:g} of the errors of a study", found, True, (), (), "")
        for rho, found in summaries_under_rho(analysis, used, yi[usable], vi[usable])
    )
    control_agents = dict.fromkeys(arm.agent for c in selection.comparisons for arm in c.control)
    experimental_agents = dict.fromkeys(arm.agent for c in selection.comparisons for arm in c.experimental)
    agents = config.agents
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
        rows=_kinds_used(analysis, selection),
        combine=analysis.combine,
        experimental_label=" or ".join(agents.get(a, a) for a in analysis.experimental.agent or experimental_agents),
        control_label=" or ".join(agents.get(a, a) for a in control_agents) if analysis.control else "",
        time=(analysis.time.low, analysis.time.high) if analysis.time else None,
        subgroups_by=analysis.subgroups or "",
        studies=studies,
        left_out=selection.left_out,
        summary=summary,
        subgroups=subgroups,
        subgroup_test=test,
        sensitivity=sensitivity,
        references=_references(analysis, data) if compound else (),
        methods=describe_methods(analysis, selection, corrected),
        notes=tuple(notes),
        sort="" if compound else analysis.sort,
        regression=regress(analysis, studies),
        primary=outcome.primary == analysis.id,
        harm=outcome.harm,
        bias_by_weight=bias,
        leave_one_out=without,
        absolute=absolute_effect(analysis.measure, summary, studies, analysis.control_risk),
        certainty=judge_certainty(analysis.certainty, measure, summary, bias),
        over_time=_over_time(analysis, data, outcome.better),
        robustness=robustness(analysis, used, yi[usable], vi[usable], summary, without, outcome),
        multiverse=_multiverse(config, analysis, changes, data, outcome.better),
        bayes=None
        if analysis.several == "model"
        else bayes_beside(analysis.measure, analysis.combine, analysis.model, yi[usable], vi[usable]),
        conclusion=conclude(measure, analysis.combine, summary, studies, sensitivity, without, analysis.do_not_quote),
    )


def _multiverse(
    config: Config, analysis: Analysis, changes: Sequence[Sensitivity], data: Dataset, better: str
) -> MultiverseResult | None:
    """All combinations of the sensitivity analyses, where the configuration wants them."""
    settings = config.multiverse
    leads = config.outcomes[analysis.outcome[0]].primary or next(
        a.id for a in config.analyses if a.outcome[0] == analysis.outcome[0]
    )
    wanted = settings.of == "all" or (settings.of == "primary" and leads == analysis.id)
    if not wanted or analysis.combine != "pool":
        return None

    def chosen(other: Analysis) -> tuple[Sequence[Comparison], Any, Any]:
        found = _ready(other, select(other, data), better)
        yi, vi, _ = effects_of(other, found.comparisons)
        return found.comparisons, yi, vi

    return multiverse_of(analysis, changes, chosen, settings.most, settings.seed)


def _bias_by_weight(analysis: Analysis, studies: Sequence[StudyEffect], data: Dataset) -> dict[str, float]:
    """Percent of the weight by overall judgement of the risk of bias, the worst of a study's; empty if none is."""
    judged = {
        study: [r.judgement(OVERALL) for r in rows if r.outcome in (analysis.outcome[0], "") and r.judgement(OVERALL)]
        for study, rows in data.judged_of.items()
    }
    anything = any(r.judgement(c) for rows in data.judged_of.values() for r in rows for c in ALL_COLUMNS)
    whole = sum(s.weight for s in studies if s.estimable)
    if not anything or analysis.control is None or not whole > 0:
        return {}
    shares: dict[str, float] = {}
    for s in studies:
        if s.estimable:
            worst = max(judged.get(s.study_id, ()), key=get_args(Judgement).index, default=NOT_ASSESSED)
            shares[worst] = shares.get(worst, 0.0) + 100 * s.weight / whole
    order = (*get_args(Judgement), NOT_ASSESSED)
    return {j: shares[j] for j in sorted(shares, key=order.index)}


def _kinds_used(analysis: Analysis, selection: Selection) -> str:
    """Kinds of rows behind an analysis, in the order of its setting; the first of them where it has no row."""
    used = {kind_of(row) for c in selection.comparisons for row in c.rows}
    return " and ".join(kind for kind in kinds_of(analysis) if kind in used) or kinds_of(analysis)[0]


def _study_effects(
    analysis: Analysis, selection: Selection, yi: Any, vi: Any, weights: Any, corrected: Any, moderators: Sequence[str]
) -> list[StudyEffect]:
    level = analysis.model.level
    z = float(quantile((1 + level) / 2, np.array(np.nan)))
    comparisons = selection.comparisons
    se = np.sqrt(vi)
    low, high, method = yi - z * se, yi + z * se, "normal"
    shown = [np.atleast_1d(to_display(analysis.measure, x)) for x in (yi, low, high)]
    one_arm = get_measure(analysis.measure).inputs == "one_arm_counts"
    counted = np.array([one_arm and analysis.combine == "pool" and c.kind == "counts" for c in comparisons], dtype=bool)
    if counted.any():
        # A study's own proportion is shown as counted, with an interval that its counts alone give.
        events, total = (np.array([c.inputs.get(n, np.nan) for c in comparisons]) for n in "en")
        own = (events / total, *proportion_interval(events, total, level))
        shown = [np.where(counted, x, y) for x, y in zip(own, shown, strict=True)]
    method_of = ["Wilson" if x else method for x in counted]
    effects = []
    for i, c in enumerate(comparisons):
        notes = list(c.notes)
        low_i, high_i, method_i = float(shown[1][i]), float(shown[2][i]), method_of[i]
        printed = c.printed_interval(level)
        if printed is not None:
            low_i, high_i, method_i = *printed, "as printed"
        if corrected[i]:
            amount = analysis.model.correction
            cells = "variance" if is_as_counted(analysis, c) else str(analysis.model.correction_cells)
            logits = analysis.counts_model == "" or analysis.measure == "PLO"
            more = {} if logits else {"what": "effect"}
            only = analysis.counts_model != ""
            notes.append(Note("study_corrected", amount=amount, cells=cells, shown_only=only, **more))
        if is_paired(analysis, c):
            as_pairs = Note("crossover_paired", r=analysis.paired_r)
            notes = [as_pairs if n.code == "crossover_as_parallel" else n for n in notes]
        if c.components:
            notes.append(Note("effects_averaged", count=len(c.components), rho=analysis.rho))
        if not np.isfinite(yi[i]):
            notes.append(why_not_estimable(analysis, c))
        effects.append(
            StudyEffect(
                study_id=c.study_id,
                label=c.label,
                year=c.study.year,
                group=c.group,
                level=c.level,
                timepoint_h=c.time,
                scale=c.scale,
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
                moderators=moderators_of(moderators, c),
            )
        )
    return effects


def _ready(analysis: Analysis, found: Selection, better: str) -> Selection:
    """A selection with scales that point the other way turned, without comparisons that the model cannot pool."""
    found = turn_scales(analysis, found, better)
    needs = needs_tables(analysis.model)
    columns = set(get_measure(analysis.measure).columns)
    lacking = [c for c in found.comparisons if needs and (c.components or not columns <= set(c.inputs))]
    if not lacking:
        return found
    gone = tuple(
        LeftOut(c.study_id, c.study.label, str(Note("no_table", averaged=bool(c.components), needs=needs)))
        for c in lacking
    )
    kept = tuple(c for c in found.comparisons if c not in lacking)
    return replace(found, comparisons=kept, left_out=(*found.left_out, *gone))


def _over_time(analysis: Analysis, data: Dataset, better: str) -> OverTime | None:
    """All times of the trials in one model, where the analysis asks for it."""
    settings = analysis.over_time
    if settings is None:
        return None
    window = Window.model_validate({"from": settings.low, "to": settings.high})
    wide = analysis.model_copy(update={"time": window})
    found = _ready(wide, select(wide, data, several="all"), better)
    yi, vi, _ = effects_of(wide, found.comparisons)
    return over_time(analysis.measure, analysis.model.level, settings.rho, found.comparisons, yi, vi)


def _sensitivity(
    analysis: Analysis, change: Sensitivity, data: Dataset, main: Selection, better: str
) -> SensitivityResult | None:
    """The analysis with one thing changed; None where the change is to a model that the analysis has anyway."""
    method_only = set(change.model) == {"method"} and not change.population
    try:
        other = changed(analysis, change)
        if method_only and other.counts_model == analysis.counts_model:
            return None
    except (ConfigError, ValueError):
        if method_only:
            return None
        return SensitivityResult(change.id, change.label, None, True, (), (), "not defined for this measure")
    same_data = not change.population and not (
        change.ascertainment
        or change.statistic
        or change.overlap
        or change.crossover
        or change.missing
        or change.paired_r is not None
    )
    if other.counts_model in COMMON and change.model and same_data and set(change.model) <= {"tau2", "ci", "pi"}:
        why = f"{NAMES[other.counts_model]} has no {', '.join(change.model)}"
        return SensitivityResult(change.id, change.label, None, True, (), (), why)
    selection = _ready(other, select(other, data), better)
    yi, vi, _ = effects_of(other, selection.comparisons)
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
